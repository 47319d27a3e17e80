//! The template, compiled as it is and tried on the fake host: what an author starts from works.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../template/src/lib.rs"]
mod template;

use quoin_sdk::{
    Check, Customer, Fault, FaultKind, Link, ObjectKind, Op, ReadRequest, Request, Response, Sink, Source, Status, code,
};
use quoin_testkit::{FakeHost, item, json};
use serde_json::json as value;
use template::Template;

const BASE: &str = "https://book.example";

fn host() -> FakeHost {
    FakeHost::new(r#"{"base_url":"https://book.example"}"#)
}

fn contact() -> serde_json::Value {
    value!({"id": "c-1", "name": "Aster GmbH", "creditLimit": 1_000.5, "currencyCode": "EUR", "changed": 41})
}

fn customer() -> Customer {
    let page = host().respond("GET", BASE, json(200, &value!({"contacts": [contact()]})));
    let request = ReadRequest::first(ObjectKind::Customer, 10);
    Template::read(&page, &request).unwrap().changes[0].object().unwrap()
}

#[test]
fn reads_from_where_the_last_page_ended() {
    let gone = value!({"id": "c-2", "name": "", "changed": 42, "gone": true});
    let host = host().respond(
        "GET",
        "https://book.example/contacts",
        json(200, &value!({"contacts": [contact(), gone], "more": true})),
    );
    let first = Template::read(&host, &ReadRequest::first(ObjectKind::Customer, 2)).unwrap();
    assert_eq!(first.changes.iter().map(|change| change.op).collect::<Vec<_>>(), [Op::Upsert, Op::Delete]);
    assert!(first.more);
    let next = ReadRequest { cursor: first.next, ..ReadRequest::first(ObjectKind::Customer, 2) };
    Template::read(&host, &next).unwrap();
    assert_eq!(host.requests()[1].url, "https://book.example/contacts?after=42&limit=2");
    assert!(host.requests().iter().all(|request: &Request| request.credential.as_deref() == Some("api")));
}

#[test]
fn a_repeated_write_finds_the_first_one() {
    let host = host().respond("POST", BASE, Response::new(409, "marker exists")).respond(
        "GET",
        BASE,
        json(200, &value!({"contacts": [contact()]})),
    );
    let outcomes = Template::apply(&host, ObjectKind::Customer, &[item("k", &customer())]).unwrap();
    assert_eq!(outcomes[0].external.as_deref(), Some("c-1"));
}

#[test]
fn failures_become_decisions() {
    let lost = Fault::new(FaultKind::Transient, code::UNKNOWN_OUTCOME, "connection reset");
    let cases = [
        (host().fail("PUT", BASE, lost), Status::Unknown),
        (host().respond("PUT", BASE, Response::new(502, "<html>")), Status::Unknown),
        (host().respond("PUT", BASE, Response::new(200, "{\"id\":")), Status::Unknown),
        (host().respond("PUT", BASE, Response::new(429, "").with_header("Retry-After", "7")), Status::Retry),
        (host().respond("PUT", BASE, Response::new(422, "name too long")), Status::Rejected),
    ];
    for (host, status) in cases {
        let known = item("k", &customer()).known_as("c-1");
        let outcomes = Template::apply(&host, ObjectKind::Customer, &[known]).unwrap();
        assert_eq!(outcomes[0].status, status, "{:?}", outcomes[0]);
    }
}

#[test]
fn says_what_it_cannot_do() {
    let refused = Template::read(&host(), &ReadRequest::first(ObjectKind::Invoice, 1)).unwrap_err();
    assert_eq!(refused.kind, FaultKind::Unsupported);
    let expired = host().respond("GET", BASE, Response::new(401, "expired"));
    assert_eq!(Template::check(&expired).unwrap_err().kind, FaultKind::AuthExpired);
}

#[test]
fn items_know_their_references() {
    let item = item("k", &customer()).reference(ObjectKind::Project, "0198c0de-0000-7000-8000-000000000001", "P-9");
    let link = Link::Id(quoin_sdk::Id::parse("0198c0de-0000-7000-8000-000000000001").unwrap());
    assert_eq!(item.external_of(ObjectKind::Project, &link), Some("P-9"));
    assert_eq!(item.external_of(ObjectKind::Customer, &link), None);
}
