//! Further facts about objects: checked with the path to the wrong field, and kept on the way to the first
//! version of the schemas and back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use quoin_canonical::{Canonical, Contract, Customer, Invoice, Milestone, Payment, Project, Quote, TimeEntry, schema};
use serde::Serialize;
use serde_json::{Value, json};

fn customer() -> Value {
    json!({"name": "Helix GmbH", "status": "active", "currency": "EUR", "details": {
        "trading_name": "Helix", "hierarchy_roles": ["bill_to"], "parent": {"external": "1"},
        "registration": {"id": "HRB 1", "scheme": "0002"}, "tax_ids": [{"country": "GR", "id": "EL1", "regime": "vat"}],
        "certificates": [{"id": "c", "country": "DE", "from": "2026-01-01", "to": "2026-12-31"}],
        "contacts": [{"name": "Dr. Renner", "email": "cfo@helix.example"}], "dunning_level": 1,
        "credit_exposure": {"amount": "1000.00", "currency": "EUR"}, "segments": {"practice": "ERP"}}})
}

fn quote() -> Value {
    let line = json!({"id": "L1", "description": "Build", "billing": {"method": "fixed_fee",
        "price": {"amount": "100.00", "currency": "EUR"}, "milestones": []},
        "details": {"item": "BUILD", "starts_on": "2026-03-01", "ends_on": "2026-04-01", "margin_percent": "35"}});
    json!({"number": "Q-1", "version": 1, "opportunity": {"external": "1"}, "status": "draft", "name": "Build",
        "customer": customer(), "selling_entity": "DE01", "contract_type": "sow", "currency": "EUR", "lines": [line],
        "details": {"owner": "sales@advisory.example", "valid_until": "2026-04-01", "probability_percent": "60",
            "net": {"amount": "100.00", "currency": "EUR"}, "tax": {"amount": "19.00", "currency": "EUR"},
            "gross": {"amount": "119.00", "currency": "EUR"},
            "documents": [{"name": "SOW", "sha256": "a".repeat(64)}],
            "signature": {"provider": "pen", "envelope": "7"}}})
}

fn contract() -> Value {
    let line = json!({"id": "L1", "description": "Build", "tax": {"category": "S", "rate_percent": "19"},
        "billing": {"method": "time_and_materials", "roles": []}});
    json!({"number": "Q-1", "quote_version": 1, "contract_type": "sow", "customer": {"external": "1"},
        "selling_entity": "DE01", "currency": "EUR", "payment_terms_days": 30, "lines": [line],
        "details": {"status": "active", "starts_on": "2026-03-01", "ends_on": "2026-12-31", "governing_law": "DE",
            "purchase_orders": ["PO-7"], "renewal": {"automatic": true, "months": 12, "notice_days": 90},
            "obligations": [{"code": "O1", "description": "Build", "lines": ["L1"],
                "standalone_price": {"amount": "60000.00", "currency": "EUR"}}],
            "escalation": {"index": "HICP", "percent": "3", "from": "2027-01-01"}}})
}

fn project() -> Value {
    json!({"code": "P-1", "name": "Build", "customer": {"external": "1"}, "contract_number": "Q-1", "currency": "EUR",
        "status": "active", "time_entry_allowed": true,
        "tasks": [{"code": "1", "name": "Work", "contract_line": "L1", "billing_type": "chargeable",
            "details": {"kind": "task", "status": "ready", "percent_complete": "10",
                "predecessors": [{"task": "0", "precedence": "finish_to_start", "lag_days": 2}], "issue_key": "ADV-1"}}],
        "details": {"manager": "pm@advisory.example", "health": "amber", "percent_complete": "40",
            "percent_method": "cost", "budget_hours": "120", "tags": ["erp"]}})
}

fn milestone() -> Value {
    json!({"code": "M1", "name": "Concept", "contract_line": "L1", "status": "planned", "details": {"percent": "30",
        "retention_percent": "10", "payers": [{"payer": "A", "percent": "60"}, {"payer": "B", "percent": "40"}]}})
}

fn entry() -> Value {
    json!({"task": {"external": "1"}, "resource": "ana@advisory.example", "date": "2026-03-02", "minutes": 60,
        "billing_type": "chargeable", "status": "approved", "details": {"started_at": "2026-03-02T08:00:00Z",
            "stopped_at": "2026-03-02T09:00:00Z", "work_type": "overtime", "source_key": "10001",
            "bill_rate": {"hourly": {"amount": "195.00", "currency": "EUR"}, "row": "r"}}})
}

fn payment() -> Value {
    json!({"invoice": {"external": "1"}, "amount": {"amount": "10.00", "currency": "EUR"}, "value_date": "2026-04-20",
        "status": "settled", "details": {"method": "credit_transfer", "bank_reference": "x",
            "applications": [{"invoice": {"external": "1"}, "amount": {"amount": "10.00", "currency": "EUR"}}]}})
}

fn invoice() -> Value {
    let money = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    json!({"kind": "380", "issued_on": "2026-03-31", "due_on": "2026-04-30", "currency": "EUR", "selling_entity": "DE01",
        "seller_name": "A", "seller_vat_id": "DE1", "buyer": customer(), "customer": {"external": "1"},
        "contract_number": "Q-1", "status": "draft", "tax": [],
        "lines": [{"id": "1", "description": "x", "contract_line": "L1", "quantity": {"value": "1", "unit": "HUR"},
            "unit_price": "10", "net": money("10.00"), "tax": {"category": "S", "rate_percent": "19"}}],
        "totals": {"net": money("10.00"), "tax": money("1.90"), "gross": money("11.90"), "prepaid": money("0.00"),
            "due": money("11.90")},
        "details": {"buyer_reference": "04011000-12345-34", "purchase_order": "PO-7", "payment_means": "58",
            "tax_point": "2026-03-31", "e_invoice": "sent", "posted": {"id": "77", "period": "2026-03"}}})
}

/// Read whole, valid, and the same after a way through version 1.
fn whole<T: Canonical + Serialize>(value: &Value) {
    let object: T = quoin_canonical::read(value).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    object.validate().unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let present = serde_json::to_value(&object).unwrap();
    let old = schema::downgrade(1, present.clone()).unwrap();
    let said = |value: &Value| {
        let mut bare = value.clone();
        bare["header"] = Value::Null;
        bare.to_string().contains("\"details\"")
    };
    assert!(said(&present) && !said(&old), "version 1 has no field for them: {old}");
    assert_eq!(schema::upgrade(1, old).unwrap(), present);
}

#[test]
fn details_are_read_and_survive_the_first_version() {
    whole::<Customer>(&customer());
    whole::<Quote>(&quote());
    whole::<Contract>(&contract());
    whole::<Project>(&project());
    whole::<Milestone>(&milestone());
    whole::<TimeEntry>(&entry());
    whole::<Payment>(&payment());
    whole::<Invoice>(&invoice());
}

/// One field made wrong, and the path and code that say so.
fn wrong<T: Canonical>(mut value: Value, pointer: &str, to: Value, path: &str, code: &str) {
    *value.pointer_mut(pointer).unwrap() = to;
    let object: T = serde_json::from_value(value).unwrap();
    let found = object.validate().expect_err(path);
    let told: Vec<(&str, &str)> = found.iter().map(|one| (one.path.as_str(), one.code.as_str())).collect();
    assert!(told.contains(&(path, code)), "{path} {code}: {told:?}");
}

#[test]
fn what_is_wrong_in_them_is_named() {
    wrong::<Customer>(
        customer(),
        "/details/tax_ids/0/country",
        json!("XX"),
        "/details/tax_ids/0/country",
        "COUNTRY_UNKNOWN",
    );
    wrong::<Customer>(
        customer(),
        "/details/certificates/0/to",
        json!("2025-01-01"),
        "/details/certificates/0/to",
        "DATES_REVERSED",
    );
    wrong::<Quote>(quote(), "/details/gross/amount", json!("120.00"), "/details/gross", "TOTALS");
    wrong::<Quote>(quote(), "/details/documents/0/sha256", json!("ab"), "/details/documents/0/sha256", "SHA256");
    wrong::<Quote>(
        quote(),
        "/lines/0/details/ends_on",
        json!("2026-02-01"),
        "/lines/0/details/ends_on",
        "DATES_REVERSED",
    );
    wrong::<Quote>(
        quote(),
        "/customer/details/contacts/0/name",
        json!(""),
        "/customer/details/contacts/0/name",
        "NAME_MISSING",
    );
    wrong::<Contract>(
        contract(),
        "/details/obligations/0/lines/0",
        json!("L9"),
        "/details/obligations/0/lines",
        "UNKNOWN",
    );
    wrong::<Contract>(contract(), "/details/governing_law", json!("XX"), "/details/governing_law", "COUNTRY_UNKNOWN");
    wrong::<Project>(
        project(),
        "/details/percent_complete",
        json!("140"),
        "/details/percent_complete",
        "PERCENT_RANGE",
    );
    wrong::<Project>(
        project(),
        "/tasks/0/details/percent_complete",
        json!("-1"),
        "/tasks/0/details/percent_complete",
        "PERCENT_RANGE",
    );
    wrong::<Milestone>(milestone(), "/details/payers/1/percent", json!("39"), "/details/payers", "SPLIT_NOT_100");
    wrong::<TimeEntry>(
        entry(),
        "/details/stopped_at",
        json!("2026-03-02T07:00:00Z"),
        "/details/stopped_at",
        "DATES_REVERSED",
    );
    wrong::<Invoice>(invoice(), "/details/payment_means", json!("bank"), "/details/payment_means", "PAYMENT_MEANS");
    wrong::<Payment>(
        payment(),
        "/details/applications/0/amount/currency",
        json!("USD"),
        "/details/applications/0/amount/currency",
        "CURRENCY_MISMATCH",
    );
}
