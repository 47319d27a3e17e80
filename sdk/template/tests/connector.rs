//! The connector on a fake host: what it asks, and what it makes of the answers.

use connector_template::Template;
use quoin_sdk::{
    Check, Customer, Fault, FaultKind, ObjectKind, Op, ReadRequest, Request, Response, Sink, Source, Status, code,
};
use quoin_testkit::{FakeHost, item, json};
use serde_json::{Value, json as value};

const BASE: &str = "https://book.example";

fn host() -> FakeHost {
    FakeHost::new(r#"{"base_url":"https://book.example"}"#)
}

fn contact() -> Value {
    value!({"id": "c-1", "name": "Aster GmbH", "creditLimit": 1_000.5, "currencyCode": "EUR",
            "changed": "2026-03-02T10:15:00Z", "gone": false})
}

fn list(contacts: Value, more: bool) -> Response {
    json(200, &value!({"contacts": contacts, "more": more}))
}

fn customer() -> Customer {
    let host = host().respond("GET", BASE, list(value!([contact()]), false));
    let page = Template::read(&host, &ReadRequest::first(ObjectKind::Customer, 10)).unwrap();
    page.changes[0].object().unwrap()
}

#[test]
fn a_reading_goes_on_behind_the_last_record_and_ends_a_little_before_it() {
    let gone = value!({"id": "c-2", "name": "", "changed": "2026-03-02T10:15:00Z", "gone": true});
    let host = host().respond("GET", "https://book.example/contacts", list(value!([contact(), gone]), true)).respond(
        "GET",
        "https://book.example/contacts",
        list(value!([contact()]), false),
    );
    let first = Template::read(&host, &ReadRequest::first(ObjectKind::Customer, 2)).unwrap();
    assert_eq!(first.changes.iter().map(|change| change.op).collect::<Vec<_>>(), [Op::Upsert, Op::Delete]);
    let last =
        Template::read(&host, &ReadRequest { cursor: first.next, ..ReadRequest::first(ObjectKind::Customer, 2) })
            .unwrap();
    Template::read(&host, &ReadRequest { cursor: last.next, ..ReadRequest::first(ObjectKind::Customer, 2) }).unwrap();
    let asked: Vec<String> = host.requests().iter().map(|request| request.url.replace("%3A", ":")).collect();
    assert_eq!(
        asked,
        [
            "https://book.example/contacts?limit=2",
            "https://book.example/contacts?limit=2&changed_from=2026-03-02T10:15:00Z&after_id=c-2",
            "https://book.example/contacts?limit=2&changed_from=2026-03-02T10:14:55Z&after_id=",
        ]
    );
    assert!(host.requests().iter().all(|request: &Request| request.credential.as_deref() == Some("api")));
}

#[test]
fn amounts_keep_their_digits() {
    let limit = customer().credit.and_then(|credit| credit.limit).unwrap();
    assert_eq!(limit.amount.to_string(), "1000.5");
}

#[test]
fn a_repeated_write_finds_the_first_one() {
    let host = host().respond("POST", BASE, json(409, &value!({"error": "marker exists"}))).respond(
        "GET",
        BASE,
        list(value!([contact()]), false),
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
        (host().respond("PUT", BASE, json(422, &value!({"error": "too long", "field": "name"}))), Status::Rejected),
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
    let expired = host().respond("GET", BASE, json(401, &value!({"error": "expired"})));
    assert_eq!(Template::check(&expired).unwrap_err().kind, FaultKind::AuthExpired);
}
