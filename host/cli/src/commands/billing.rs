//! `quoin billing`

use serde_json::{Value, json};

use crate::arguments::BillingCommand;
use crate::client::Client;
use crate::output::Output;

/// Starts a billing run.
pub async fn billing(client: &Client, command: BillingCommand, output: &Output) -> anyhow::Result<()> {
    let BillingCommand::Run { as_of, contract } = command;
    let mut body = json!({ "as_of": as_of });
    if let Some(contract) = contract {
        body["contract"] = json!(contract);
    }
    let answer = client.post("/api/v1/billing-runs", &body).await?;
    if output.json {
        return output.print_json(&answer);
    }
    let contracts = answer["contracts"].as_array().map_or(0, Vec::len);
    for earlier in answer["before"].as_array().into_iter().flatten() {
        let word = |field: &str| earlier[field].as_str().unwrap_or("?").to_owned();
        say!(
            "{}: a run up to {as_of} was asked for before, by {} at {}; this one bills what came since",
            word("contract"),
            word("by"),
            word("at")
        );
    }
    say!("asked for a billing run up to {as_of} for {contracts} contract{}", if contracts == 1 { "" } else { "s" });
    let others: Vec<&str> = answer["waits_for"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !others.is_empty() {
        say!(
            "it is billed together with {}: the invoice comes once they were run as well (leave out --contract to run \
             all), or in a day without them",
            others.join(", ")
        );
    }
    Ok(())
}
