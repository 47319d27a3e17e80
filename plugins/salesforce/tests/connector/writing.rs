//! Writing delivery status to the running simulator: once, whatever goes wrong on the way.

use crate::support::Vendor;
use plugin_salesforce::Salesforce;
use quoin_sdk::{
    Currency, DealStage, DealStatus, FaultKind, Header, Id, InvoiceStatus, InvoiceSummary, Item, Link, Money,
    ObjectKind, Outcome, RevenueIndicator, Sink, Status,
};
use quoin_testkit::{FakeHost, item, json as json_answer};
use serde_json::{Value, json};
use simulator_salesforce::{SCENARIO_OPPORTUNITY, SCENARIO_QUOTE};

fn eur(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::from_code("EUR").unwrap())
}

fn status(stage: DealStage) -> DealStatus {
    DealStatus {
        header: Header::default(),
        opportunity: Link::External(SCENARIO_OPPORTUNITY.into()),
        quote_number: SCENARIO_QUOTE.into(),
        stage,
        reason: None,
        project_code: Some("P-2026-0042".into()),
        invoice: None,
        revenue: Vec::new(),
    }
}

fn apply(host: &FakeHost, items: &[Item]) -> Vec<Outcome> {
    Salesforce::apply(host, ObjectKind::DealStatus, items).unwrap()
}

fn record(vendor: &Vendor) -> Value {
    vendor.act("show", json!({"quote": SCENARIO_QUOTE}))
}

#[test]
fn sales_sees_stage_invoice_and_revenue() {
    let vendor = Vendor::start(&[]);
    let mut full = status(DealStage::PartiallyPaid);
    full.invoice = Some(InvoiceSummary {
        number: "INV-1001".into(),
        net: eur("58800.00"),
        gross: eur("69972.00"),
        open: eur("29972.00"),
        due_on: "2026-04-30".parse().unwrap(),
        status: InvoiceStatus::PartiallyPaid,
    });
    full.revenue = vec![RevenueIndicator {
        contract_line: "L2".into(),
        as_of: "2026-03-31".parse().unwrap(),
        method: "percent_of_cost".into(),
        percent: Some("25".parse().unwrap()),
        revenue: eur("30000.00"),
        billed: eur("36000.00"),
        contract_asset: eur("0.00"),
        contract_liability: eur("6000.00"),
    }];
    let outcome = &apply(&vendor.host(), &[item("k1", &full)])[0];
    assert_eq!((outcome.status, outcome.external.as_deref()), (Status::Updated, Some(SCENARIO_OPPORTUNITY)));
    let held = record(&vendor);
    let expected = [
        ("Quoin_Key__c", json!("k1")),
        ("Quoin_Stage__c", json!("Partially paid")),
        ("Quoin_Reason__c", Value::Null),
        ("Quoin_Project_Code__c", json!("P-2026-0042")),
        ("Quoin_Invoice_Number__c", json!("INV-1001")),
        ("Quoin_Invoice_Status__c", json!("partially_paid")),
        ("Quoin_Invoice_Net__c", json!(58_800.0)),
        ("Quoin_Invoice_Gross__c", json!(69_972.0)),
        ("Quoin_Invoice_Open__c", json!(29_972.0)),
        ("Quoin_Invoice_Due__c", json!("2026-04-30")),
    ];
    for (field, value) in expected {
        assert_eq!(held[field], value, "{field}");
    }
    let revenue: Value = serde_json::from_str(held["Quoin_Revenue__c"].as_str().unwrap()).unwrap();
    assert_eq!(revenue[0]["contract_liability"], json!({"amount": "6000.00", "currency": "EUR"}));
    // Amounts go out as the digits they are.
    let log = vendor.control("GET", "/requests?path=/services/data/v66.0/composite", Value::Null);
    let body = log["requests"][0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains(r#""Quoin_Invoice_Gross__c":69972.00"#), "{body}");

    // A later status without an invoice leaves the invoice alone, and takes the reason away.
    let mut later = status(DealStage::OnHold);
    later.reason = Some("Credit hold".into());
    apply(&vendor.host(), &[item("k2", &later)]);
    apply(&vendor.host(), &[item("k3", &status(DealStage::ImplementationStarted))]);
    let held = record(&vendor);
    assert_eq!(held["Quoin_Stage__c"], "Implementation started");
    assert_eq!((&held["Quoin_Reason__c"], &held["Quoin_Invoice_Number__c"]), (&Value::Null, &json!("INV-1001")));
}

#[test]
fn the_same_key_changes_once() {
    let vendor = Vendor::start(&[]);
    let items = [item("k1", &status(DealStage::ImplementationStarted))];
    let host = vendor.host();
    let outcomes: Vec<Status> = (0..3).map(|_| apply(&host, &items)[0].status).collect();
    assert_eq!(outcomes, [Status::Updated, Status::Unchanged, Status::Unchanged]);
    assert_eq!(vendor.count("deal_status_update"), 1);
}

#[test]
fn an_unknown_outcome_is_found_or_surely_not_there() {
    let cases = [
        ("drop_answer_after_commit", Status::Created, Status::Unchanged),
        ("server_error_after_commit", Status::Created, Status::Unchanged),
        ("truncate", Status::Created, Status::Unchanged),
        ("drop_request", Status::Absent, Status::Updated),
        ("server_error", Status::Absent, Status::Updated),
        ("html", Status::Absent, Status::Updated),
    ];
    for (fault, found, again) in cases {
        let vendor = Vendor::start(&[]);
        let host = vendor.host();
        let items = [item("k1", &status(DealStage::ImplementationStarted))];
        vendor.plug(json!({"route": "PATCH /services/data", "fault": fault}));
        assert_eq!(apply(&host, &items)[0].status, Status::Unknown, "{fault}");
        let outcome = Salesforce::lookup(&host, ObjectKind::DealStatus, &items).unwrap().remove(0);
        assert_eq!(outcome.status, found, "{fault}");
        assert_eq!(apply(&host, &items)[0].status, again, "{fault}");
        assert_eq!(vendor.count("deal_status_update"), 1, "{fault}");
    }
}

#[test]
fn a_call_that_surely_did_nothing_fails_as_a_whole() {
    let cases = [
        ("throttle", FaultKind::RateLimited),
        ("forbidden", FaultKind::Permission),
        ("version_retired", FaultKind::Config),
        ("expire_token", FaultKind::AuthExpired),
    ];
    for (fault, kind) in cases {
        let vendor = Vendor::start(&[]);
        vendor.plug(json!({"route": "PATCH /services/data", "fault": fault}));
        let items = [item("k1", &status(DealStage::Paid))];
        let seen = Salesforce::apply(&vendor.host(), ObjectKind::DealStatus, &items).unwrap_err();
        assert_eq!(seen.kind, kind, "{fault}");
        assert_eq!(seen.retry_after_ms.is_some(), kind == FaultKind::RateLimited, "{fault}");
        assert_eq!(vendor.count("deal_status_update"), 0, "{fault}");
    }
}

#[test]
fn a_refused_row_has_its_status() {
    let row = |code: &str| json!([{"success": false, "errors": [{"statusCode": code, "message": "m", "fields": ["Quoin_Stage__c"]}]}]);
    let cases = [
        (row("UNABLE_TO_LOCK_ROW"), Status::Retry),
        (row("DUPLICATE_VALUE"), Status::Conflict),
        (row("FIELD_CUSTOM_VALIDATION_EXCEPTION"), Status::Rejected),
        (row("A_CODE_OF_TOMORROW"), Status::Rejected),
        (json!([{"success": false}]), Status::Rejected),
        (json!([]), Status::Unknown),
        (json!([{"success": true}]), Status::Updated),
    ];
    let held = json!({"done": true, "records": [{"Id": SCENARIO_OPPORTUNITY, "IsDeleted": false,
        "SystemModstamp": "2026-03-02T10:15:00.000+0000", "Quoin_Key__c": null}]});
    for (answer, expected) in cases {
        let host = FakeHost::new(r#"{"base_url": "https://org.example/"}"#)
            .respond("GET", "https://org.example/services/data/v66.0/queryAll", json_answer(200, &held))
            .respond("PATCH", "https://org.example/services/data/v66.0/composite/sobjects", json_answer(200, &answer));
        let outcome = apply(&host, &[item("k1", &status(DealStage::Paid))]).remove(0);
        assert_eq!(outcome.status, expected, "{answer}");
        let named = outcome.fault.and_then(|fault| fault.field);
        let names = answer[0]["errors"][0]["fields"].is_array();
        assert_eq!(named.as_deref(), names.then_some("/stage"), "{answer}");
    }
}

#[test]
fn each_item_of_a_batch_stands_alone() {
    let vendor = Vendor::start(&[]);
    let made = vendor.act("seed_deals", json!({"count": 250, "prefix": "Q-T", "customers": 1}));
    let ids: Vec<&str> = made["deals"].as_array().unwrap().iter().map(|deal| deal["id"].as_str().unwrap()).collect();
    vendor.act("delete", json!({"id": ids[3]}));
    let to = |id: &str, stage| DealStatus { opportunity: Link::External(id.into()), ..status(stage) };

    let mut items: Vec<Item> =
        ids.iter().map(|id| item(&format!("key-{id}"), &to(id, DealStage::SetUpStarted))).collect();
    // The same opportunity twice in one batch: in order, in two calls.
    items.push(item("second", &to(ids[0], DealStage::ImplementationStarted)));
    items.push(item("nowhere", &to("006999999999999AAA", DealStage::Paid)));
    items.push(item("no-id", &to("Q-2026-0042", DealStage::Paid)));
    let long = DealStatus { project_code: Some("P".repeat(81)), ..to(SCENARIO_OPPORTUNITY, DealStage::Paid) };
    items.push(item("too-long", &long));

    let outcomes = apply(&vendor.host(), &items);
    let keys: Vec<&str> = outcomes.iter().map(|outcome| outcome.key.as_str()).collect();
    assert_eq!(keys, items.iter().map(|item| item.key.as_str()).collect::<Vec<_>>());
    let not_updated: Vec<(&str, Status, &str, Option<&str>)> = outcomes
        .iter()
        .filter(|outcome| outcome.status != Status::Updated)
        .map(|o| {
            (
                o.key.as_str(),
                o.status,
                o.fault.as_ref().unwrap().code.as_str(),
                o.fault.as_ref().unwrap().field.as_deref(),
            )
        })
        .collect();
    let deleted = format!("key-{}", ids[3]);
    assert_eq!(
        not_updated,
        [
            (deleted.as_str(), Status::Rejected, "ENTITY_IS_DELETED", Some("/opportunity")),
            ("nowhere", Status::Rejected, "ENTITY_IS_DELETED", Some("/opportunity")),
            ("no-id", Status::Rejected, "INVALID_DATA", Some("/opportunity")),
            ("too-long", Status::Rejected, "STRING_TOO_LONG", Some("/project_code")),
        ]
    );
    assert_eq!(vendor.count("deal_status_update"), 250);
    let held = vendor.act("show", json!({"id": ids[0]}));
    assert_eq!(held["Quoin_Stage__c"], "Implementation started");
}

#[test]
fn a_link_by_canonical_id_is_followed_through_the_quote() {
    let vendor = Vendor::start(&[]);
    let quote = Id::derived(&["quote"]);
    let linked = DealStatus { opportunity: Link::Id(quote.clone()), ..status(DealStage::Paid) };
    let with_reference = item("k1", &linked).reference(ObjectKind::Quote, &quote, SCENARIO_OPPORTUNITY);
    assert_eq!(apply(&vendor.host(), &[with_reference])[0].status, Status::Updated);
    let outcome = apply(&vendor.host(), &[item("k2", &linked)]).remove(0);
    assert_eq!((outcome.status, outcome.fault.unwrap().kind), (Status::Rejected, FaultKind::NotFound));
}

#[test]
fn an_edit_in_between_is_a_conflict() {
    let vendor = Vendor::start(&[]);
    let host = vendor.host();
    let mut stale = item("k1", &status(DealStage::Paid));
    stale.if_version = Some("2026-01-01T00:00:00.000+0000".into());
    assert_eq!(apply(&host, &[stale])[0].status, Status::Conflict);
    let stamp = record(&vendor)["SystemModstamp"].as_str().unwrap().to_owned();
    let mut fresh = item("k1", &status(DealStage::Paid));
    fresh.if_version = Some(stamp);
    assert_eq!(apply(&host, &[fresh])[0].status, Status::Updated);
}

#[test]
fn sales_reads_the_firms_own_words() {
    let vendor = Vendor::start(&[]);
    let host = vendor.host_with(json!({"stage_labels": {"paid": "Bezahlt"}}));
    apply(&host, &[item("k1", &status(DealStage::Paid))]);
    assert_eq!(record(&vendor)["Quoin_Stage__c"], "Bezahlt");
}
