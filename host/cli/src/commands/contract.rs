//! `quoin contract`: ask for a change of a contract's account.

use api::act::contract_request::ContractRequest;
use serde_json::json;

use crate::arguments::ContractCommand;
use crate::client::{Client, encode};
use crate::output::Output;

/// Sends the request; the wheel decides by the policy in force.
pub async fn contract(client: &Client, command: ContractCommand, output: &Output) -> anyhow::Result<()> {
    let (contract, request) = match command {
        ContractCommand::WriteOff { contract, entry, reason } => {
            (contract, ContractRequest::WriteOff { entry, reason })
        }
        ContractCommand::Progress { contract, line, percent, on } => {
            (contract, ContractRequest::Progress { line, percent, on })
        }
        ContractCommand::CloseAdvance { contract, code, on } => (contract, ContractRequest::CloseAdvance { code, on }),
    };
    let answer = client.post(&format!("/api/v1/contracts/{}/requests", encode(&contract)), &json!(request)).await?;
    if output.json {
        return output.print_json(&answer);
    }
    say!("asked for; `quoin timeline {contract}` shows what becomes of it");
    Ok(())
}
