//! How Kantata's refusals are understood, the connection's check, and that no secret is needed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::Vendor;
use plugin_kantata::Kantata;
use quoin_package::Manifest;
use quoin_sdk::{
    Check, Customer, CustomerStatus, FaultKind, Header, Host as _, ObjectKind, ReadRequest, Response, Sink, Source,
    Status, code,
};
use quoin_testkit::{FakeHost, item};
use serde_json::json;

const CONFIG: &str = r#"{"base_url":"https://v"}"#;

fn customer() -> Customer {
    Customer {
        details: None,
        header: Header::default(),
        name: "Helix GmbH".into(),
        parent_name: None,
        vat_id: None,
        country: None,
        addresses: Vec::new(),
        payment_terms_days: None,
        currency: None,
        credit: None,
        status: CustomerStatus::Active,
    }
}

#[test]
fn a_refused_read_is_a_fault_of_the_right_kind() {
    let cases = [
        (
            401,
            r#"{"errors":[{"type":"oauth","message":"Invalid OAuth 2 Request"}]}"#,
            FaultKind::AuthExpired,
            "oauth",
            None,
        ),
        (403, r#"{"errors":[{"type":"system","message":"No"}]}"#, FaultKind::Permission, "system", None),
        (404, "", FaultKind::NotFound, "HTTP", None),
        (400, r#"{"errors":[{"type":"system","message":"Bad"}]}"#, FaultKind::InvalidData, "system", None),
        (429, "", FaultKind::RateLimited, "429", Some(1_000)),
        (503, "<html>", FaultKind::Unavailable, "503", Some(5_000)),
        (504, "", FaultKind::Unavailable, "504", Some(5_000)),
        (418, "", FaultKind::Other, "418", None),
        (200, "<html>", FaultKind::Transient, "READ_INTERRUPTED", None),
        (200, r#"{"count":1,"resul"#, FaultKind::Transient, "READ_INTERRUPTED", None),
    ];
    for (status, body, kind, code, wait) in cases {
        let host = FakeHost::new(CONFIG).respond("GET", "https://v/", Response::new(status, body));
        let fault = Kantata::read(&host, &ReadRequest::first(ObjectKind::Milestone, 10)).unwrap_err();
        assert_eq!((fault.kind, fault.code.as_str(), fault.retry_after_ms), (kind, code, wait), "{status} {body}");
    }
}

#[test]
fn a_failed_write_is_unknown_when_it_may_have_been_carried_out() {
    let taken = r#"{"errors":[{"type":"validation","message":"Name has already been taken","field":"name"}]}"#;
    let cases = [
        (422, taken, Status::Conflict, Some("/name")),
        (
            422,
            r#"{"errors":[{"type":"validation","message":"is bad","field":"address"}]}"#,
            Status::Rejected,
            Some("/addresses"),
        ),
        (401, "", Status::Rejected, None),
        (429, "", Status::Retry, None),
        (500, "", Status::Unknown, None),
        (502, "<html>", Status::Unknown, None),
        (504, "", Status::Unknown, None),
        (200, "<html>", Status::Unknown, None),
        (200, "{}", Status::Unknown, None),
    ];
    for (status, body, expected, field) in cases {
        let host = FakeHost::new(CONFIG)
            .respond("GET", "https://v/", Response::new(200, r#"{"count":0,"results":[]}"#))
            .respond("POST", "https://v/", Response::new(status, body));
        let outcome = Kantata::apply(&host, ObjectKind::Customer, &[item("k", &customer())]).unwrap().remove(0);
        assert_eq!(outcome.status, expected, "{status} {body} {outcome:?}");
        assert_eq!(outcome.fault.unwrap().field.as_deref(), field, "{status} {body}");
    }
}

#[test]
fn a_look_up_that_cannot_ask_says_nothing() {
    let cases = [(403, Status::Unknown), (429, Status::Unknown), (503, Status::Unknown), (400, Status::Absent)];
    for (status, expected) in cases {
        let host = FakeHost::new(CONFIG).respond("GET", "https://v/", Response::new(status, ""));
        let outcome = Kantata::lookup(&host, ObjectKind::Customer, &[item("k", &customer())]).unwrap().remove(0);
        assert_eq!(outcome.status, expected, "{status} {outcome:?}");
    }
    let host = FakeHost::new(CONFIG).respond("GET", "https://v/", Response::new(401, ""));
    let refused = Kantata::lookup(&host, ObjectKind::Customer, &[item("k", &customer())]).unwrap_err();
    assert_eq!(refused.kind, quoin_sdk::FaultKind::AuthExpired, "a refused credential concerns the whole call");
}

#[test]
fn every_request_names_the_credential_slot_and_carries_no_credential() {
    let vendor = Vendor::scenario(json!({}));
    Kantata::apply(&vendor.host, ObjectKind::Customer, &[item("k", &customer())]).unwrap();
    let requests = vendor.host.requests();
    assert!(requests.len() > 2);
    for request in requests {
        assert_eq!(request.credential.as_deref(), Some("api"), "{}", request.url);
        assert!(request.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("authorization")));
    }
}

#[test]
fn with_no_time_left_nothing_is_begun() {
    let host = FakeHost::new(CONFIG)
        .respond("GET", "https://v/", Response::new(200, r#"{"count":0,"results":[]}"#))
        .remaining(500);
    let outcome = Kantata::apply(&host, ObjectKind::Customer, &[item("k", &customer())]).unwrap().remove(0);
    assert_eq!((outcome.status, outcome.fault.unwrap().code.as_str()), (Status::Retry, code::NOT_SENT));
    assert!(host.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn the_check_says_who_we_are_and_what_is_missing() {
    let vendor = Vendor::scenario(json!({}));
    let report = Kantata::check(&vendor.host).unwrap();
    assert_eq!(report.account.as_deref(), Some("Integration User <integration@advisory.example>"));
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.scopes.len(), 5, "{:?}", report.scopes);
    let vendor = Vendor::scenario(json!({"evidence_field": "Proof"}));
    let warnings = Kantata::check(&vendor.host).unwrap().warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("'Proof'"), "{warnings:?}");
    vendor.plug(json!({"route": "GET /api/v1/users/me", "fault": "expire_token"}));
    assert_eq!(Kantata::check(&vendor.host).unwrap_err().kind, FaultKind::AuthExpired);
    assert_eq!(Kantata::check(&vendor.host).unwrap_err().kind, FaultKind::AuthExpired, "a revoked token stays revoked");
    vendor.act("grant_token", json!({}));
    assert!(Kantata::check(&vendor.host).is_ok());
}

#[test]
fn an_object_that_is_not_ours_is_refused_in_words() {
    let host = FakeHost::new(CONFIG);
    let fault = Kantata::read(&host, &ReadRequest::first(ObjectKind::Invoice, 10)).unwrap_err();
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Unsupported, "UNSUPPORTED_OBJECT"));
    let fault = Kantata::apply(&host, ObjectKind::Invoice, &[item("k", &customer())]).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unsupported);
    assert_eq!(host.remaining_ms(), 30_000);
}

#[test]
fn the_manifest_says_what_the_connector_does() {
    let manifest = Manifest::parse(include_str!("../connector.toml")).unwrap();
    assert_eq!(
        (manifest.id.as_str(), manifest.network.origins.as_slice()),
        ("kantata", ["{base_url}".to_owned()].as_slice())
    );
    let objects: Vec<(&str, bool, bool)> =
        manifest.objects.iter().map(|o| (o.name.as_str(), o.read, o.write)).collect();
    let expected =
        [("customer", false, true), ("project", false, true), ("assignment", false, true), ("milestone", true, false)];
    assert_eq!(objects, expected);
    let known: Vec<&str> = manifest.config.iter().map(|field| field.field.as_str()).collect();
    for field in
        ["base_url", "service_name", "vat_field_id", "status_keys", "templates", "allocation_days", "evidence_field"]
    {
        assert!(known.contains(&field), "{field}");
    }
}
