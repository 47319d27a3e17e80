//! Table cases without an account: faults, the manifest, configuration.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use plugin_netsuite::NetSuite;
use quoin_package::Manifest;
use quoin_sdk::{Check, Customer, FaultKind, Header, ObjectKind, Response, Sink, Status, code};
use quoin_testkit::{FakeHost, item, json as answer};
use serde_json::{Value, json};

const CONFIG: &str = r#"{"base_url": "https://1.suitetalk.api.netsuite.com", "account": "1", "subsidiaries": {"DE01": "2"},
    "currencies": {"EUR": "1"}, "items": {}, "tax_codes": {}}"#;

const RECORDS: &str = "https://1.suitetalk.api.netsuite.com/services/rest/record/v1/";
const QUERY: &str = "https://1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql";

fn customer() -> Customer {
    Customer {
        details: None,
        header: Header::default(),
        name: "O'Brien & Söhne".into(),
        parent_name: None,
        vat_id: None,
        country: None,
        addresses: Vec::new(),
        payment_terms_days: None,
        currency: None,
        credit: None,
        status: quoin_sdk::CustomerStatus::Active,
    }
}

fn refusal(status: u16, code: &str, detail: &str, path: &str) -> Response {
    let body = json!({"title": "No", "status": status, "o:errorDetails": [{"detail": detail, "o:errorCode": code, "o:errorPath": path}]});
    answer(status, &body)
}

/// Nobody is there, and the creating write is answered like this.
fn write_answered(response: Response) -> quoin_sdk::Outcome {
    let host = FakeHost::new(CONFIG)
        .respond("POST", QUERY, answer(200, &json!({"items": [], "hasMore": false})))
        .respond("GET", RECORDS, refusal(404, "NONEXISTENT_ID", "The record instance does not exist.", ""))
        .respond("PUT", RECORDS, response);
    NetSuite::apply(&host, ObjectKind::Customer, &[item("k", &customer())]).unwrap().remove(0)
}

#[test]
fn every_refusal_of_a_write_is_a_decision() {
    use FaultKind as K;
    let user = "Error while accessing a resource. Please enter value(s) for: Company Name";
    let cases: [(Response, Status, K, &str, Option<&str>); 12] = [
        (
            refusal(400, "USER_ERROR", user, "companyName"),
            Status::Rejected,
            K::InvalidData,
            "USER_ERROR",
            Some("/name"),
        ),
        (
            refusal(400, "INVALID_CONTENT", "x", "vatRegNumber"),
            Status::Rejected,
            K::InvalidData,
            "INVALID_CONTENT",
            Some("/vat_id"),
        ),
        (refusal(400, "SOMETHING_NEW", "x", ""), Status::Rejected, K::InvalidData, "SOMETHING_NEW", None),
        (refusal(401, "INVALID_LOGIN", "x", ""), Status::Rejected, K::AuthExpired, "INVALID_LOGIN", None),
        (
            refusal(403, "INSUFFICIENT_PERMISSION", "x", ""),
            Status::Rejected,
            K::Permission,
            "INSUFFICIENT_PERMISSION",
            None,
        ),
        (refusal(409, "RCRD_HAS_BEEN_CHANGED", "x", ""), Status::Conflict, K::Conflict, "RCRD_HAS_BEEN_CHANGED", None),
        (
            refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "x", ""),
            Status::Retry,
            K::RateLimited,
            "CONCURRENCY_LIMIT_EXCEEDED",
            None,
        ),
        (Response::new(429, "").with_header("retry-after", "7"), Status::Retry, K::RateLimited, "429", None),
        (Response::new(404, "<html>"), Status::Rejected, K::NotFound, "404", None),
        (refusal(500, "UNEXPECTED_ERROR", "x", ""), Status::Unknown, K::Transient, code::UNKNOWN_OUTCOME, None),
        (Response::new(502, "<html>"), Status::Unknown, K::Transient, code::UNKNOWN_OUTCOME, None),
        (Response::new(302, ""), Status::Unknown, K::Transient, code::UNKNOWN_OUTCOME, None),
    ];
    for (response, status, kind, code, field) in cases {
        let shown = format!("{} {}", response.status, response.text());
        let outcome = write_answered(response);
        let fault = outcome.fault.unwrap();
        assert_eq!(
            (outcome.status, fault.kind, fault.code.as_str(), fault.field.as_deref()),
            (status, kind, code, field),
            "{shown}"
        );
    }
    let told = write_answered(refusal(400, "USER_ERROR", user, "companyName")).fault.unwrap();
    assert_eq!(told.message, "Please enter value(s) for: Company Name");
    let waits = write_answered(Response::new(429, "").with_header("retry-after", "7")).fault.unwrap();
    assert_eq!(waits.retry_after_ms, Some(7_000));
}

#[test]
fn texts_are_quoted_in_queries_and_writes_are_strict_upserts() {
    let host = FakeHost::new(CONFIG)
        .respond("POST", QUERY, answer(200, &json!({"items": [], "hasMore": false})))
        .respond("GET", RECORDS, refusal(404, "NONEXISTENT_ID", "x", ""))
        .respond(
            "GET",
            &format!("{RECORDS}customer/17"),
            answer(200, &json!({"id": "17", "lastModifiedDate": "2026-03-02T10:15:00Z"})),
        )
        .respond("PUT", RECORDS, Response::new(204, "").with_header("Location", format!("{RECORDS}customer/17")));
    let item = item("k", &customer());
    let outcome = NetSuite::apply(&host, ObjectKind::Customer, std::slice::from_ref(&item)).unwrap().remove(0);
    assert_eq!(
        (outcome.status, outcome.external.as_deref(), outcome.version.as_deref()),
        (Status::Created, Some("17"), Some("2026-03-02T10:15:00Z"))
    );
    let requests = host.requests();
    let query: Value = serde_json::from_slice(requests[1].body.as_ref().unwrap()).unwrap();
    assert!(query["q"].as_str().unwrap().contains("= 'O''BRIEN & SÖHNE'"), "{query}");
    assert!(
        requests.iter().filter(|request| request.method == "POST").all(|request| request.url.starts_with(QUERY)),
        "nothing is created by POST"
    );
    let put = requests.iter().find(|request| request.method == "PUT").unwrap();
    assert!(put.url.starts_with(&format!("{RECORDS}customer/eid:{}?replace=addressBook", item.id)), "{}", put.url);
    assert!(put.headers.contains(&("X-NetSuite-PropertyNameValidation".into(), "Error".into())));
}

#[test]
fn without_time_nothing_is_begun() {
    let host = FakeHost::new(CONFIG)
        .respond("POST", QUERY, answer(200, &json!({"items": [], "hasMore": false})))
        .respond("GET", RECORDS, refusal(404, "NONEXISTENT_ID", "x", ""))
        .remaining(1_000);
    let outcome = NetSuite::apply(&host, ObjectKind::Customer, &[item("k", &customer())]).unwrap().remove(0);
    assert_eq!((outcome.status, outcome.fault.unwrap().code.as_str()), (Status::Retry, code::NOT_SENT));
}

#[test]
fn custom_fields_are_named_by_configuration_and_checked() {
    let with = |fields: Value| {
        let mut config: Value = serde_json::from_str(CONFIG).unwrap();
        config["fields"] = fields;
        NetSuite::check(&FakeHost::new(config.to_string())).unwrap_err()
    };
    for fields in
        [json!({"contract_line": "x FROM y"}), json!({"colour": "custcol_colour"}), json!({"contract": "contract"})]
    {
        assert_eq!(with(fields.clone()).code, "CONFIG", "{fields}");
    }
    assert_ne!(with(json!({"contract_line": "custcol_psa_line"})).code, "CONFIG");
}

#[test]
fn the_manifest_says_what_the_code_does() {
    let manifest = Manifest::parse(include_str!("../connector.toml")).unwrap();
    assert_eq!(manifest.id, "netsuite");
    let fields: BTreeSet<&str> = manifest.config.iter().map(|field| field.field.as_str()).collect();
    let known = [
        "account",
        "base_url",
        "currencies",
        "customer_subsidiary",
        "fields",
        "items",
        "subsidiaries",
        "tax_codes",
        "terms",
    ];
    assert_eq!(fields, BTreeSet::from(known));
    for (object, read, write) in [
        ("customer", false, true),
        ("billing_setup", false, true),
        ("invoice", true, true),
        ("payment", true, false),
        ("project_financials", true, false),
    ] {
        let contract = manifest.object(object).unwrap();
        assert_eq!((contract.read, contract.write), (read, write), "{object}");
        if let Some(cursor) = &contract.cursor {
            assert_eq!(cursor.overlap_seconds, 300);
        }
    }
    let host = FakeHost::new(CONFIG);
    assert_eq!(
        NetSuite::apply(&host, ObjectKind::Task, &[item("k", &customer())]).unwrap_err().kind,
        FaultKind::Unsupported
    );
}
