//! A command's objects as the items a connector takes: with keys, and with the vendor's ids of
//! what they link to.

use std::collections::BTreeSet;

use ports::{Item, Ledger, Reference};
use process::Command;
use quoin_canonical::Id;
use serde_json::Value;

/// The items of a command, in the order of its objects.
pub(crate) async fn items(ledger: &dyn Ledger, command: &Command, object: &str, objects: &[Value]) -> Vec<Item> {
    let mut items = Vec::with_capacity(objects.len());
    for (index, data) in objects.iter().enumerate() {
        let id = data.pointer("/header/id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut mentioned = BTreeSet::new();
        ids_in(data, &mut mentioned);
        let mut references = Vec::new();
        for id in &mentioned {
            for row in ledger.xrefs_of(id).await {
                if row.connection == command.connection {
                    references.push(Reference { object: row.object, id: row.id.to_string(), external: row.external });
                }
            }
        }
        let own = references.iter().find(|reference| reference.id == id && reference.object == object);
        items.push(Item {
            // The same on every attempt: what the vendor may use to recognise a repeat.
            key: format!("{}-{index}", command.id),
            external: own.map(|reference| reference.external.clone()),
            id,
            data: data.clone(),
            delete: false,
            references,
        });
    }
    items
}

/// Every canonical id an object carries under the name `id`.
fn ids_in(value: &Value, found: &mut BTreeSet<Id>) {
    match value {
        Value::Object(map) => {
            if let Some(id) = map.get("id").and_then(Value::as_str).and_then(Id::parse) {
                found.insert(id);
            }
            map.values().for_each(|child| ids_in(child, found));
        }
        Value::Array(items) => items.iter().for_each(|child| ids_in(child, found)),
        _ => {}
    }
}
