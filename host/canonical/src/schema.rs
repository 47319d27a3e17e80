//! The JSON Schemas of the canonical objects, from which other languages' types are made.

use schemars::generate::SchemaSettings;

use crate::ObjectKind;

/// Version of the canonical schemas; a change that old readers would misread makes a new one.
pub const SCHEMA_VERSION: u32 = 1;

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
    };
    schema.insert("$id".into(), format!("https://quoin.dev/schema/{SCHEMA_VERSION}/{kind}.json").into());
    schema.to_value()
}
