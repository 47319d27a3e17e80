//! Which records of the connected systems stand behind a deal's objects.

use std::collections::BTreeSet;

use ports::Ledger;
use quoin_canonical::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::entry::Entry;

/// Objects whose records are looked up for one deal at most: a large deal has a few hundred.
const OBJECTS_MAX: usize = 2_000;

/// One record of a connected system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct RecordLink {
    /// Canonical object kind.
    #[schema(examples("customer"))]
    pub object: String,
    /// Canonical id.
    pub id: String,
    /// Connection.
    pub connection: String,
    /// The record's id there.
    pub external: String,
}

/// The records behind the objects that a deal's events name, by kind.
pub async fn of(ledger: &dyn Ledger, entries: &[Entry]) -> Vec<RecordLink> {
    let mut ids = BTreeSet::new();
    for entry in entries {
        match entry.kind.as_str() {
            "quote.accepted" => {
                named(entry.body.pointer("/quote/header/id"), &mut ids);
                named(entry.body.pointer("/quote/customer/header/id"), &mut ids);
            }
            "command.done" => {
                let objects = entry.body.get("objects").and_then(Value::as_array).into_iter().flatten();
                objects.for_each(|object| named(object.get("id"), &mut ids));
            }
            _ => {}
        }
    }
    let mut links = BTreeSet::new();
    for id in ids.into_iter().take(OBJECTS_MAX) {
        let rows = ledger.xrefs_of(&id).await.into_iter();
        links.extend(rows.map(|row| RecordLink {
            object: row.object,
            id: row.id.to_string(),
            connection: row.connection,
            external: row.external,
        }));
    }
    links.into_iter().collect()
}

fn named(id: Option<&Value>, ids: &mut BTreeSet<Id>) {
    ids.extend(id.and_then(Value::as_str).and_then(Id::parse));
}
