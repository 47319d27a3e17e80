//! One record on both sides, compared.

use std::collections::{BTreeMap, BTreeSet};

use quoin_canonical::{Decimal, Id, Money};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ownership::{CANONICAL, Ownership};

/// One record as we hold it and as a system holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Canonical object kind.
    pub object: String,
    /// Canonical id.
    pub id: Id,
    /// Business key of its deal.
    pub key: String,
    /// The system's connection.
    pub connection: String,
    /// What that system is for: `crm`, `psa`, `erp`, `time`.
    pub role: String,
    /// The system's id of it.
    pub external: String,
    /// Whether we can write it there.
    pub writable: bool,
    /// Whether we can read it from there.
    pub readable: bool,
    /// Our side. Fields that it lacks are not compared.
    pub ours: Value,
    /// The system's side; `Null` when it has no such record any more.
    pub theirs: Value,
}

/// A difference, with its owner and what could be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Id: the same difference found again has the same one.
    pub id: Id,
    /// Canonical object kind.
    pub object: String,
    /// Canonical id of the record.
    pub record: Id,
    /// Business key of its deal.
    pub key: String,
    /// The system's connection.
    pub connection: String,
    /// What that system is for.
    pub role: String,
    /// The system's id of the record.
    pub external: String,
    /// The field, as a JSON pointer; empty when the whole record is missing there.
    pub field: String,
    /// What we say, printed.
    pub ours: String,
    /// What the system says, printed.
    pub theirs: String,
    /// Whose word counts.
    pub owner: String,
    /// Who looks at it.
    pub team: String,
    /// What could be done.
    pub proposal: Proposal,
    /// Version of the ownership policy that judged it.
    pub policy: u32,
}

/// What could be done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposal {
    /// Write our record to the system: its word does not count here.
    Write,
    /// Take the system's record in again: its word counts.
    Take,
    /// A person decides: neither side can be made to follow by itself.
    Ask,
}

impl Proposal {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Proposal::Write => "write ours to the system",
            Proposal::Take => "take the system's record in again",
            Proposal::Ask => "a person decides",
        }
    }
}

/// A record that a system holds and that is none of ours: a person decides.
pub fn unknown(ownership: &Ownership, pair: &Pair, theirs: &str) -> Option<Drift> {
    let field = ownership.fields.iter().find(|field| field.object == pair.object)?;
    Some(drift(ownership, pair, "", "nothing", theirs, &field.owner, &field.team, Proposal::Ask))
}

/// Every compared field that differs.
pub fn compare(ownership: &Ownership, pair: &Pair) -> Vec<Drift> {
    if pair.theirs.is_null() {
        let whole = ownership.fields.iter().find(|field| field.object == pair.object);
        let Some(field) = whole else { return Vec::new() };
        return vec![drift(ownership, pair, "", "present", "missing", &field.owner, &field.team, Proposal::Ask)];
    }
    let (ours, theirs) = (fields(&pair.ours), fields(&pair.theirs));
    let paths: BTreeSet<&String> = ours.keys().collect();
    let mut found = Vec::new();
    for path in paths {
        let Some(field) = ownership.of(&pair.object, path) else { continue };
        let (one, other) = (ours.get(path), theirs.get(path));
        if same(one, other) {
            continue;
        }
        let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), printed);
        let proposal = proposal(&field.owner, pair);
        found.push(drift(ownership, pair, path, &shown(one), &shown(other), &field.owner, &field.team, proposal));
    }
    found
}

/// The owner's word counts: where the system owns the field we follow it, else it follows us. An
/// accepted quote is followed by a change order alone, which is a person's.
fn proposal(owner: &str, pair: &Pair) -> Proposal {
    if owner != CANONICAL && owner == pair.role {
        let follows = pair.readable && pair.object != "quote";
        return if follows { Proposal::Take } else { Proposal::Ask };
    }
    if pair.writable { Proposal::Write } else { Proposal::Ask }
}

#[allow(clippy::too_many_arguments)] // the parts of one row of a table
fn drift(
    ownership: &Ownership,
    pair: &Pair,
    field: &str,
    ours: &str,
    theirs: &str,
    owner: &str,
    team: &str,
    proposal: Proposal,
) -> Drift {
    Drift {
        id: Id::derived(&["drift", &pair.connection, &pair.object, &pair.external, field, ours, theirs]),
        object: pair.object.clone(),
        record: pair.id.clone(),
        key: pair.key.clone(),
        connection: pair.connection.clone(),
        role: pair.role.clone(),
        external: pair.external.clone(),
        field: field.to_owned(),
        ours: ours.to_owned(),
        theirs: theirs.to_owned(),
        owner: owner.to_owned(),
        team: team.to_owned(),
        proposal,
        policy: ownership.version,
    }
}

/// A record as a flat map. Money is one value; an element of a list goes by its `id` or `code`,
/// wherever it stands, and by its position where it has neither.
fn fields(value: &Value) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    walk(value, String::new(), &mut flat);
    flat
}

fn walk(value: &Value, path: String, flat: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) if is_money(value) => {
            flat.insert(path, Value::Object(map.clone()));
        }
        Value::Object(map) => map.iter().for_each(|(name, child)| walk(child, format!("{path}/{name}"), flat)),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let name = ["id", "code"].iter().find_map(|name| item.get(name)?.as_str());
                let name = name.map_or_else(|| at.to_string(), |name| name.replace('/', "~1"));
                walk(item, format!("{path}/{name}"), flat);
            }
        }
        other => {
            flat.insert(path, other.clone());
        }
    }
}

fn is_money(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 2 && map.contains_key("amount") && map.contains_key("currency"))
}

/// Equal as values: 12.5 is 12.50, in money too. A field that is absent equals one that is empty.
fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    let empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    };
    match (one, other) {
        (Some(one), Some(other)) if is_money(one) && is_money(other) => {
            one["currency"] == other["currency"] && equal(&one["amount"], &other["amount"])
        }
        (Some(one), Some(other)) => equal(one, other) || (empty(Some(one)) && empty(Some(other))),
        (one, other) => empty(one) && empty(other),
    }
}

fn equal(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| -> Option<Decimal> {
        match value {
            Value::String(text) => quoin_canonical::exact::parse(text),
            Value::Number(number) => quoin_canonical::exact::parse(&number.to_string()),
            _ => None,
        }
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value if is_money(value) => match serde_json::from_value::<Money>(value.clone()) {
            Ok(mut money) => {
                money.amount = money.amount.normalize();
                money.amount.rescale(money.amount.scale().max(money.currency.minor_units()));
                format!("{} {}", money.currency, money.amount)
            }
            Err(_) => value.to_string(),
        },
        other => other.to_string(),
    }
}
