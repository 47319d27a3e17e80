//! The JSON Schemas of the canonical objects, from which other languages' types are made.

use schemars::generate::SchemaSettings;

use serde_json::{Map, Value};

use crate::{Invalid, ObjectKind};

/// Custom field in which an object written for the first version carries what that one has no
/// field for, so that nothing is lost on the way there and back.
const CARRIED: &str = "quoin:version 2";

/// Among what is carried: the details, by the pointer to whose they are.
const DETAILS: &str = "details_of";

/// Fields of version 2 without which an object means the same.
const HARMLESS: [&str; 11] = [
    "xrefs",
    "revision",
    "schema_version",
    "valid_from",
    "valid_to",
    "recorded_at",
    "status_reason",
    "source_of_record",
    "residency",
    "provenance",
    "tombstone",
];

/// Version of the canonical schemas; a change that old readers would misread makes a new one.
///
/// 1: the first. 2: agreements, line terms, exchange rates of payments, and in the header revision,
/// cross-references, effective dates, provenance and tombstone; details of the objects of the first version.
pub const SCHEMA_VERSION: u32 = 2;

/// The schema of one kind of object, as it is written by us and accepted at the border (JSON Schema
/// 2020-12). Custom fields travel in `header.ext`.
pub fn of(kind: ObjectKind) -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = match kind {
        ObjectKind::Customer => generator.into_root_schema_for::<crate::Customer>(),
        ObjectKind::Quote => generator.into_root_schema_for::<crate::Quote>(),
        ObjectKind::Contract => generator.into_root_schema_for::<crate::Contract>(),
        ObjectKind::Project => generator.into_root_schema_for::<crate::Project>(),
        ObjectKind::Task => generator.into_root_schema_for::<crate::Task>(),
        ObjectKind::Milestone => generator.into_root_schema_for::<crate::Milestone>(),
        ObjectKind::Assignment => generator.into_root_schema_for::<crate::Assignment>(),
        ObjectKind::TimeEntry => generator.into_root_schema_for::<crate::TimeEntry>(),
        ObjectKind::BillingSetup => generator.into_root_schema_for::<crate::BillingSetup>(),
        ObjectKind::Invoice => generator.into_root_schema_for::<crate::Invoice>(),
        ObjectKind::Payment => generator.into_root_schema_for::<crate::Payment>(),
        ObjectKind::ProjectFinancials => generator.into_root_schema_for::<crate::ProjectFinancials>(),
        ObjectKind::DealStatus => generator.into_root_schema_for::<crate::DealStatus>(),
        ObjectKind::LegalEntity => generator.into_root_schema_for::<crate::Company>(),
        ObjectKind::RateCard => generator.into_root_schema_for::<crate::RateCard>(),
        ObjectKind::BillingSchedule => generator.into_root_schema_for::<crate::BillingSchedule>(),
        ObjectKind::ProjectTemplate => generator.into_root_schema_for::<crate::ProjectTemplate>(),
        ObjectKind::Resource => generator.into_root_schema_for::<crate::Resource>(),
        ObjectKind::Timesheet => generator.into_root_schema_for::<crate::Timesheet>(),
        ObjectKind::Expense => generator.into_root_schema_for::<crate::ExpenseItem>(),
        ObjectKind::BillingEvent => generator.into_root_schema_for::<crate::Charge>(),
        ObjectKind::RevenueRecognition => generator.into_root_schema_for::<crate::RevenueRecognition>(),
    };
    schema.insert("$id".into(), format!("https://quoin.dev/schema/{SCHEMA_VERSION}/{kind}.json").into());
    schema.to_value()
}

/// An object of any version as the present one has it.
///
/// # Errors
/// `SCHEMA_VERSION` for a version that does not exist; `CARRIED` when what the object carried
/// along is damaged.
pub fn upgrade(from: u32, mut object: Value) -> Result<Value, Invalid> {
    match from {
        SCHEMA_VERSION => Ok(object),
        1 => {
            let carried =
                object.pointer_mut("/header/ext").and_then(Value::as_object_mut).and_then(|ext| ext.remove(CARRIED));
            if let Some(text) = carried {
                let wrong = || invalid("/header/ext", "CARRIED", "what was carried from version 2 cannot be read");
                let parts: Map<String, Value> =
                    text.as_str().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(wrong)?;
                restore(&mut object, parts);
            }
            Ok(object)
        }
        other => Err(unknown(other)),
    }
}

/// An object of the present version as an older one has it. What only the present one has a field
/// for is carried in `header.ext`, and [`upgrade`] puts it back.
///
/// # Errors
/// `SCHEMA_VERSION` for a version that does not exist; `NOT_EXPRESSIBLE` when an older reader would
/// take the object for something else: a contract with several payers, say, for one without.
pub fn downgrade(to: u32, mut object: Value) -> Result<Value, Invalid> {
    if to == SCHEMA_VERSION {
        return Ok(object);
    }
    if to != 1 {
        return Err(unknown(to));
    }
    if let Some(path) = meaningful(&object).into_iter().next() {
        let message = format!("version 1 has no field for {path}, and would mean something else without it");
        return Err(invalid(&path, "NOT_EXPRESSIBLE", &message));
    }
    let mut carried = Map::new();
    if let Some(header) = object.get_mut("header").and_then(Value::as_object_mut) {
        for field in HARMLESS {
            if let Some(value) = header.remove(field) {
                carried.insert(field.to_owned(), value);
            }
        }
    }
    if let Some(fx) =
        object.as_object_mut().filter(|fields| fields.contains_key("value_date")).and_then(|fields| fields.remove("fx"))
    {
        carried.insert("fx".to_owned(), fx);
    }
    let mut details = Map::new();
    take_details(&mut object, "", &mut details);
    if !details.is_empty() {
        carried.insert(DETAILS.to_owned(), Value::Object(details));
    }
    if !carried.is_empty()
        && let Some(fields) = object.as_object_mut()
    {
        let header = fields.entry("header").or_insert_with(|| Value::Object(Map::new()));
        if let Some(ext) =
            header.as_object_mut().map(|header| header.entry("ext").or_insert_with(|| Value::Object(Map::new())))
        {
            ext[CARRIED] = Value::String(Value::Object(carried).to_string());
        }
    }
    Ok(object)
}

/// Takes the details out of an object and of all inside it, by the pointer to whose they are.
fn take_details(value: &mut Value, pointer: &str, taken: &mut Map<String, Value>) {
    match value {
        Value::Object(fields) => {
            if let Some(details) = fields.remove("details") {
                taken.insert(pointer.to_owned(), details);
            }
            for (name, child) in fields.iter_mut().filter(|(name, _)| *name != "header") {
                take_details(child, &format!("{pointer}/{name}"), taken);
            }
        }
        Value::Array(items) => {
            for (at, child) in items.iter_mut().enumerate() {
                take_details(child, &format!("{pointer}/{at}"), taken);
            }
        }
        _ => {}
    }
}

/// Puts details back where they were; what is no longer there has none.
fn put_details(object: &mut Value, taken: Value) {
    let Value::Object(taken) = taken else { return };
    for (pointer, details) in taken {
        if let Some(Value::Object(fields)) = object.pointer_mut(&pointer) {
            fields.insert("details".to_owned(), details);
        }
    }
}

/// Paths of fields that change what an object means, and that the first version does not have.
fn meaningful(object: &Value) -> Vec<String> {
    let there = |path: &String| object.pointer(path).is_some_and(|value| !value.as_object().is_some_and(Map::is_empty));
    let lines = object.get("lines").and_then(Value::as_array).map_or(0, Vec::len);
    let terms = (0..lines).map(|at| format!("/lines/{at}/terms"));
    std::iter::once("/agreement".to_owned()).chain(terms).filter(there).collect()
}

fn restore(object: &mut Value, parts: Map<String, Value>) {
    for (field, value) in parts {
        if field == DETAILS {
            put_details(object, value);
        } else if HARMLESS.contains(&field.as_str()) {
            object["header"][&field] = value;
        } else {
            object[&field] = value;
        }
    }
    let empty = object.pointer("/header/ext").and_then(Value::as_object).is_some_and(Map::is_empty);
    if empty && let Some(header) = object.get_mut("header").and_then(Value::as_object_mut) {
        header.remove("ext");
    }
}

fn unknown(version: u32) -> Invalid {
    let message = format!("there is no schema version {version}; they are 1 to {SCHEMA_VERSION}");
    invalid("/header/schema_version", "SCHEMA_VERSION", &message)
}

fn invalid(path: &str, code: &str, message: &str) -> Invalid {
    Invalid { path: path.into(), code: code.into(), message: message.into() }
}
