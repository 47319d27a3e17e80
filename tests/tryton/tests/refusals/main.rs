//! What the connector refuses, and what it says then, against a real Tryton: two parties that could
//! be meant, a wrong VAT id, other terms for a confirmed sale, totals that differ. The way from
//! quote to paid invoice is the scenario's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "it reports to a terminal")]

mod deal;
mod host;

use host::Host;
use ports::{ItemOutcome, ItemStatus};
use quoin_canonical::ObjectKind;
use serde_json::json;
use tryton_chain::Books;

/// An outcome's vendor id, when it ended as it should.
#[track_caller]
fn ended(outcome: &ItemOutcome, status: ItemStatus) -> String {
    assert_eq!(outcome.status, status, "{:?}", outcome.fault);
    outcome.external.clone().unwrap_or_else(|| panic!("no vendor id: {outcome:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tryton_refusals_are_told_in_words_and_leave_nothing_behind() {
    let books = Books::open().await.unwrap_or_else(|error| panic!("{error:#}"));
    let host = Host::connect(&books).await.unwrap_or_else(|error| panic!("{error:#}"));
    let report = host.check().await.unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.account.as_deref(), Some("Administrator"));

    let customer = customers(&host, &books).await;
    let project = other_terms(&host, &customer).await;
    other_totals(&host, &books, &customer, &project).await;
}

/// A customer is recognised by its VAT id; wrong digits are refused; two of one name are a conflict.
async fn customers(host: &Host, books: &Books) -> String {
    let helix = deal::helix();
    assert_eq!(host.lookup("customer", &helix).await.unwrap().status, ItemStatus::Retry);
    let id = ended(&host.apply("customer", &helix).await.unwrap(), ItemStatus::Created);
    let same = deal::customer("other-record", "HELIX Gesellschaft mbH", "DE 811.907.980");
    assert_eq!(ended(&host.apply("customer", &same).await.unwrap(), ItemStatus::Unchanged), id, "recognised by VAT id");

    let wrong = deal::customer("wrong", "Wrong Digits AG", "DE123456789");
    let refused = host.apply("customer", &wrong).await.unwrap();
    assert_eq!(refused.status, ItemStatus::Rejected);
    assert_eq!(refused.fault.unwrap().field.as_deref(), Some("/vat_id"));

    for code in ["T1", "T2"] {
        books.create("party.party", json!({"name": "Twin GmbH", "code": code})).await.unwrap();
    }
    let twin = host.apply("customer", &deal::customer("twin", "twin gmbh", "DE136695976")).await.unwrap();
    assert_eq!(twin.status, ItemStatus::Conflict, "{:?}", twin.fault);
    assert_eq!(books.count("party.party", json!([["name", "ilike", "twin gmbh"]])).await.unwrap(), 2);
    id
}

/// A confirmed sale is not rewritten; the project's id.
async fn other_terms(host: &Host, customer: &str) -> String {
    let outcome = host.apply("billing_setup", &deal::setup(customer)).await.unwrap();
    ended(&outcome, ItemStatus::Created);
    let project = outcome.references.iter().find(|reference| reference.object == ObjectKind::Project.as_str()).unwrap();
    let mut other = deal::setup(customer);
    other.data["lines"][2]["billing"]["hourly_rate"] = json!("170.00");
    assert_eq!(host.apply("billing_setup", &other).await.unwrap().status, ItemStatus::Conflict);
    project.external.clone()
}

/// A document whose totals are not Tryton's is refused with both figures, and leaves nothing behind.
async fn other_totals(host: &Host, books: &Books, customer: &str, project: &str) {
    let lines = [("L1", "2", "HUR", "150.00", "300.00")];
    let wrong = deal::document("wrong-tax", &lines, ["300.00", "48.00", "348.00"], customer, project);
    let refused = host.apply("invoice", &wrong).await.unwrap();
    assert_eq!(refused.status, ItemStatus::Rejected);
    let fault = refused.fault.unwrap();
    assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("TOTALS_DIFFER", Some("/totals/tax")), "{fault:?}");
    assert!(fault.message.contains("57") && fault.message.contains("48.00"), "{}", fault.message);
    assert_eq!(books.count("account.invoice", json!([])).await.unwrap(), 0);
}
