//! Where an object's fields come from, when it holds, how sensitive it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Id, ObjectKind, Timestamp};

/// Where a group of fields comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Provenance {
    /// JSON pointers to the fields; none: all that no other group names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The connection they were read through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The event that brought them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Id>,
    /// Digest of the plugin that read them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// Version of the field mapping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
}

/// That an object is no more, and who said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tombstone {
    /// When.
    pub deleted_at: Timestamp,
    /// Who, or which connection.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// How sensitive a field is; each class includes what the ones before it allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// Anybody may know it.
    Public,
    /// Those who work with us.
    Internal,
    /// About money: prices, costs, margins, amounts.
    Financial,
    /// About a person.
    Personal,
}

/// Kind, path prefix and class, one row each; the longest prefix that fits counts. `*` stands for
/// any kind, and for any place in a list.
const CLASSES: &str = include_str!("../data/data-class.txt");

/// The class of a field, by its JSON pointer. What no row names is internal.
pub fn data_class(kind: ObjectKind, pointer: &str) -> DataClass {
    let found = rows().filter(|(of, path, _)| (*of == "*" || *of == kind.as_str()) && covers(path, pointer));
    found
        .max_by_key(|(of, path, _)| (path.split('/').count(), *of != "*"))
        .map_or(DataClass::Internal, |(.., class)| class)
}

/// The rows of the table.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, DataClass)> {
    CLASSES.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split_whitespace();
        let (kind, path) = (words.next()?, words.next()?);
        let class = match words.next()? {
            "public" => DataClass::Public,
            "financial" => DataClass::Financial,
            "personal" => DataClass::Personal,
            _ => DataClass::Internal,
        };
        Some((kind, path, class))
    })
}

fn covers(prefix: &str, pointer: &str) -> bool {
    let (mut wanted, mut given) = (prefix.split('/'), pointer.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, _) => return true,
            (Some(wanted), Some(given)) if wanted == "*" || wanted == given => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_names_a_field_of_its_kind() {
        let lines = CLASSES.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).count();
        assert_eq!(rows().count(), lines, "a row is not kind, path, class");
        for (kind, path, _) in rows() {
            let kinds: Vec<ObjectKind> =
                ObjectKind::ALL.into_iter().filter(|k| kind == "*" || kind == k.as_str()).collect();
            assert!(!kinds.is_empty(), "{kind} is no kind");
            let first = path.split('/').nth(1).unwrap_or_default();
            for kind in kinds {
                let schema = crate::schema::of(kind);
                assert!(schema["properties"].get(first).is_some(), "{kind} has no {first}");
            }
        }
    }

    #[test]
    fn the_longest_row_counts() {
        use DataClass::{Financial, Internal, Personal, Public};
        let cases = [
            (ObjectKind::TimeEntry, "/resource", Personal),
            (ObjectKind::TimeEntry, "/minutes", Internal),
            (ObjectKind::Invoice, "/totals/net/amount", Financial),
            (ObjectKind::Invoice, "/buyer/name", Internal),
            (ObjectKind::Invoice, "/seller_vat_id", Public),
            (ObjectKind::Quote, "/lines/3/cost_estimate/amount", Financial),
            (ObjectKind::Quote, "/lines/3/description", Internal),
            (ObjectKind::Quote, "/lines/0/billing/roles/1/resource", Personal),
            (ObjectKind::Customer, "/addresses/0/lines", Personal),
            (ObjectKind::Payment, "/header/ext/x", Internal),
        ];
        for (kind, pointer, class) in cases {
            assert_eq!(data_class(kind, pointer), class, "{kind} {pointer}");
        }
    }
}
