//! Groups of contracts that are billed together.

use std::collections::BTreeMap;

pub use billing::group::is_group;
use billing::{Account, Group};
use ports::Ledger;
use quoin_canonical::Id;

use super::account;

/// A group; `None` while no contract has joined it.
pub async fn load(ledger: &dyn Ledger, key: &str) -> Option<Group> {
    let (value, _) = ledger.document("group", key).await?;
    match serde_json::from_value(value) {
        Ok(group) => Some(group),
        Err(error) => {
            tracing::error!(key, %error, "the stored group cannot be read");
            None
        }
    }
}

/// The contracts that a document of a group bills.
pub fn contracts(group: &Group, document: &Id) -> Vec<String> {
    let parts = group.documents.get(document).map(|whole| whole.parts.as_slice()).unwrap_or_default();
    let mut contracts: Vec<String> = parts.iter().map(|part| part.contract.clone()).collect();
    contracts.dedup();
    contracts
}

/// The accounts of some contracts; one that cannot be read is left out.
pub async fn accounts(ledger: &dyn Ledger, contracts: &[String]) -> BTreeMap<String, Account> {
    let mut accounts = BTreeMap::new();
    for contract in contracts {
        if let Some(account) = account::load(ledger, contract).await {
            accounts.insert(contract.clone(), account);
        }
    }
    accounts
}
