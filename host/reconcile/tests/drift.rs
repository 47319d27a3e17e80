//! Comparing as a table: what each side says, and what is found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use quoin_canonical::Id;
use reconcile::drift::{Drift, Ownership, Pair, Proposal, compare};
use serde_json::{Value, json};

fn found(object: &str, role: &str, ours: Value, theirs: Value) -> Vec<Drift> {
    let pair = Pair {
        object: object.into(),
        id: Id::derived(&["record"]),
        key: "Q-1".into(),
        connection: format!("the {role}"),
        role: role.into(),
        external: "1001".into(),
        writable: true,
        readable: true,
        ours,
        theirs,
    };
    compare(&Ownership::shipped().unwrap(), &pair)
}

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// Object, role, our side, their side; field, owner and proposal of each difference.
#[test]
fn differences_have_an_owner_and_a_proposal() {
    type Row = (&'static str, &'static str, Value, Value, Vec<(&'static str, &'static str, Proposal)>);
    let setup = |price: &str| json!({"lines": [{"id": "L1"}, {"id": "L2", "billing": {"price": euros(price)}}]});
    let rows: Vec<Row> = vec![
        ("billing_setup", "erp", setup("120000.00"), setup("120000"), vec![]),
        (
            "billing_setup",
            "erp",
            setup("120000.00"),
            setup("100000.00"),
            vec![("/lines/L2/billing/price", "canonical", Proposal::Write)],
        ),
        // Lines in another order are the same lines.
        (
            "billing_setup",
            "erp",
            setup("5.00"),
            json!({"lines": [{"id": "L2", "billing": {"price": euros("5.00")}}, {"id": "L1"}]}),
            vec![],
        ),
        (
            "time_entry",
            "time",
            json!({"minutes": 480, "date": "2026-03-10"}),
            json!({"minutes": 360, "date": "2026-03-10", "note": "shorter"}),
            vec![("/minutes", "time", Proposal::Take)],
        ),
        (
            "customer",
            "erp",
            json!({"name": "Helix GmbH", "vat_id": null}),
            json!({"name": "Helix", "vat_id": ""}),
            vec![("/name", "crm", Proposal::Write)],
        ),
        ("quote", "crm", json!({"version": 3}), json!({"version": 4}), vec![("/version", "crm", Proposal::Ask)]),
        ("payment", "erp", json!({"amount": euros("40000")}), Value::Null, vec![("", "erp", Proposal::Ask)]),
        // A field that no row names is not compared.
        ("customer", "erp", json!({"phone": "1"}), json!({"phone": "2"}), vec![]),
    ];
    for (object, role, ours, theirs, expected) in rows {
        let found = found(object, role, ours, theirs);
        let told: Vec<(&str, &str, Proposal)> =
            found.iter().map(|drift| (drift.field.as_str(), drift.owner.as_str(), drift.proposal)).collect();
        assert_eq!(told, expected, "{object}");
    }
}

#[test]
fn a_currency_is_part_of_an_amount() {
    let dollars = json!({"amount": euros("5.00")});
    let mut other = dollars.clone();
    other["amount"]["currency"] = json!("USD");
    let found = found("payment", "erp", dollars, other);
    assert_eq!((found[0].ours.as_str(), found[0].theirs.as_str()), ("EUR 5.00", "USD 5.00"));
}

#[test]
fn the_same_difference_has_the_same_id_and_another_one_another() {
    let minutes = |theirs: u32| found("time_entry", "time", json!({"minutes": 480}), json!({"minutes": theirs}));
    assert_eq!(minutes(360)[0].id, minutes(360)[0].id);
    assert_ne!(minutes(360)[0].id, minutes(420)[0].id);
}

#[test]
fn a_wrong_policy_is_refused_with_what_to_do() {
    let row = |object: &str, path: &str, owner: &str| {
        format!("[[field]]\nobject = \"{object}\"\npath = \"{path}\"\nowner = \"{owner}\"\nteam = \"t\"\n")
    };
    let one = row("invoice", "/totals/net", "canonical");
    for (text, told) in [
        (row("spaceship", "/a", "crm"), "no such canonical object"),
        (row("invoice", "net", "crm"), "begins with a slash"),
        (row("invoice", "/net", "everybody"), "'everybody' is no owner"),
        (format!("{one}{one}"), "two owners"),
        ("[[field]]\nobjekt = \"invoice\"\n".to_owned(), "objekt"),
    ] {
        let error = Ownership::parse(&format!("version = 1\n{text}")).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}
