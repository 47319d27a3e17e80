//! Older schema versions: everything goes there and back unchanged, or is refused because an older
//! reader would misread it. Custom fields and header survive every round trip.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use quoin_canonical::schema::{SCHEMA_VERSION, downgrade, upgrade};
use quoin_canonical::{Payment, Quote, read};
use serde_json::{Value, json};

fn payment() -> Value {
    json!({"header": {"external": "P-1", "revision": 7, "schema_version": 2, "valid_from": "2026-01-01",
            "valid_to": "2026-12-31", "recorded_at": "2026-04-20T10:00:00Z", "status_reason": "bank file",
            "source_of_record": "erp-de", "residency": "EU",
            "provenance": [{"connection": "erp-de", "plugin": "sha256:ab"}, {"fields": ["/amount"], "mapping": "3"}],
            "tombstone": {"deleted_at": "2026-04-21T10:00:00Z", "by": "erp-de", "reason": "entered twice"},
            "ext": {"Custom_Field__c": "kept as it is", "custbody_x": "{\"a\": [1, 2.50]}"}},
        "invoice": {"external": "INV-1"}, "amount": {"amount": "100.00", "currency": "USD"},
        "value_date": "2026-04-20",
        "fx": {"from": "USD", "to": "EUR", "rate": "0.9137", "on": "2026-04-20", "source": "bank"}, "status": "settled"})
}

fn quote(agreement: Value, terms: Value) -> Value {
    json!({"number": "Q", "version": 1, "opportunity": {"external": "1"}, "status": "draft", "name": "N",
        "customer": {"name": "C"}, "selling_entity": "DE01", "contract_type": "sow", "currency": "EUR",
        "agreement": agreement, "lines": [{"id": "L1", "description": "d", "terms": terms,
            "billing": {"method": "fixed_fee", "price": {"amount": "1.00", "currency": "EUR"}, "milestones": []}}]})
}

#[test]
fn an_object_goes_to_the_first_version_and_back() {
    let old = downgrade(1, payment()).unwrap();
    assert!(old.get("fx").is_none() && old["header"].get("revision").is_none(), "{old}");
    assert_eq!(old["header"]["ext"]["Custom_Field__c"], "kept as it is");
    assert_eq!(upgrade(1, old).unwrap(), payment());
    assert_eq!(upgrade(SCHEMA_VERSION, payment()).unwrap(), payment());
    let plain = json!({"header": {"external": "1"}, "number": "Q"});
    assert_eq!(upgrade(1, downgrade(1, plain.clone()).unwrap()).unwrap(), plain);
}

#[test]
fn what_an_older_reader_would_misread_is_refused() {
    let payers =
        json!({"payers": [{"code": "A", "customer": {"name": "A"}, "percent": "100", "takes_remainder": true}]});
    let refused = downgrade(1, quote(payers, json!({}))).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.path.as_str()), ("NOT_EXPRESSIBLE", "/agreement"));
    let refused = downgrade(1, quote(json!({}), json!({"retention_percent": "10"}))).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.path.as_str()), ("NOT_EXPRESSIBLE", "/lines/0/terms"));
    assert!(downgrade(1, quote(json!({}), json!({}))).is_ok());
    assert_eq!(downgrade(9, json!({})).unwrap_err().code, "SCHEMA_VERSION");
    assert_eq!(upgrade(0, json!({})).unwrap_err().code, "SCHEMA_VERSION");
    let damaged = json!({"header": {"ext": {"quoin:version 2": "{"}}});
    assert_eq!(upgrade(1, damaged).unwrap_err().code, "CARRIED");
}

#[test]
fn header_and_custom_fields_survive_reading_and_writing() {
    let object: Payment = read(&payment()).unwrap();
    assert_eq!(serde_json::to_value(&object).unwrap(), payment());
    let header = &object.header;
    assert_eq!(header.origin("/amount/currency").unwrap().mapping.as_deref(), Some("3"));
    assert_eq!(header.origin("/amounts").unwrap().connection.as_deref(), Some("erp-de"));
    let holds = |day: &str| header.holds_on(day.parse().unwrap());
    assert_eq!(
        [holds("2025-12-31"), holds("2026-01-01"), holds("2026-12-31"), holds("2027-01-01")],
        [false, true, true, false]
    );
}

#[test]
fn a_header_that_cannot_be_is_refused() {
    let with = |field: &str, value: Value| {
        let mut object = quote(json!({}), json!({}));
        object["header"] = json!({"valid_from": "2026-02-01"});
        object["header"][field] = value;
        let problems = read::<Quote>(&object).unwrap_err();
        format!("{} {}", problems[0].code, problems[0].path)
    };
    assert_eq!(with("valid_to", json!("2026-01-01")), "DATES_REVERSED /header/valid_to");
    assert_eq!(with("schema_version", json!(3)), "SCHEMA_VERSION /header/schema_version");
    assert_eq!(with("provenance", json!([{"fields": ["amount"]}])), "POINTER /header/provenance/fields/0");
}
