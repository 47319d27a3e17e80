//! From the accepted quote to the posted invoice in a real Tryton, through the built component.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "it reports to a terminal")]

use ports::{ItemOutcome, ItemStatus};
use quoin_canonical::ObjectKind;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tryton_chain::{Books, Host, Tryton, deal};

/// An outcome's vendor id, when it ended as it should.
#[track_caller]
fn ended(outcome: &ItemOutcome, status: ItemStatus) -> String {
    assert_eq!(outcome.status, status, "{:?}", outcome.fault);
    outcome.external.clone().unwrap_or_else(|| panic!("no vendor id: {outcome:?}"))
}

/// A decimal as Tryton or we wrote it.
#[track_caller]
fn amount(value: &Value) -> Decimal {
    let text = value["decimal"].as_str().or(value["amount"].as_str());
    text.unwrap_or_else(|| panic!("{value} is no amount")).parse().unwrap()
}

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_quote_becomes_one_posted_invoice_in_tryton() {
    let tryton = Tryton::start().await.unwrap_or_else(|error| panic!("{error:#}"));
    let books = Books::open(&tryton).await.unwrap_or_else(|error| panic!("{error:#}\n{}", tryton.log()));
    eprintln!("the books are open");
    let host = Host::connect(&tryton.url).await.unwrap_or_else(|error| panic!("{error:#}"));

    eprintln!("the component is connected");
    let report = host.check().await.unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.account.as_deref(), Some("Administrator"));

    let customer = customers(&host, &books).await;
    let project = billing_setup(&host, &books, &customer).await;
    let number = invoice(&host, &books, &customer, &project).await;
    corrections(&host, &books, &customer, &project, &number).await;
}

/// One party for the customer, however often it is written; a second of the same VAT id is a
/// conflict.
async fn customers(host: &Host, books: &Books<'_>) -> String {
    let helix = deal::helix();
    assert_eq!(host.lookup("customer", &helix).await.unwrap().status, ItemStatus::Retry);
    let id = ended(&host.apply("customer", &helix).await.unwrap(), ItemStatus::Created);
    assert_eq!(ended(&host.apply("customer", &helix).await.unwrap(), ItemStatus::Unchanged), id);
    assert_eq!(ended(&host.lookup("customer", &helix).await.unwrap(), ItemStatus::Created), id);
    let same = deal::customer("other-record", "HELIX Gesellschaft mbH", "DE 811.907.980");
    assert_eq!(ended(&host.apply("customer", &same).await.unwrap(), ItemStatus::Unchanged), id, "recognised by VAT id");

    let fields = ["name", "code", "customer_payment_term.name", "identifiers.code_compact", "addresses.city"];
    let party = &books.read("party.party", json!([["id", "=", id.parse::<i64>().unwrap()]]), &fields).await.unwrap()[0];
    assert_eq!(party["name"], "Helix GmbH");
    assert_eq!(party["code"], deal::id("customer").as_str());
    assert_eq!(party["customer_payment_term."]["name"], "Net 30");
    assert_eq!(party["identifiers."][0]["code_compact"], deal::VAT_ID);
    assert_eq!(party["addresses."][0]["city"], "Hamburg");

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

/// A confirmed sale of the accepted lines and a project with its tasks; the project's id.
async fn billing_setup(host: &Host, books: &Books<'_>, customer: &str) -> String {
    let setup = deal::setup(customer);
    assert_eq!(host.lookup("billing_setup", &setup).await.unwrap().status, ItemStatus::Retry);
    let outcome = host.apply("billing_setup", &setup).await.unwrap();
    let sale = ended(&outcome, ItemStatus::Created);
    let project = outcome.references.iter().find(|reference| reference.object == ObjectKind::Project.as_str()).unwrap();
    assert_eq!(project.id, deal::id("project").as_str());
    assert_eq!(ended(&host.apply("billing_setup", &setup).await.unwrap(), ItemStatus::Unchanged), sale);
    assert_eq!(ended(&host.lookup("billing_setup", &setup).await.unwrap(), ItemStatus::Created), sale);

    let sales = books
        .read("sale.sale", json!([]), &["state", "untaxed_amount", "total_amount", "reference", "description"])
        .await
        .unwrap();
    assert_eq!(sales.len(), 1, "{sales:?}");
    assert_eq!(sales[0]["description"], deal::CONTRACT);
    assert_eq!(sales[0]["reference"], deal::id("setup").as_str());
    assert!(["confirmed", "processing"].contains(&sales[0]["state"].as_str().unwrap()), "{sales:?}");
    assert_eq!(amount(&sales[0]["untaxed_amount"]), dec("166400.00"), "cap, fixed price and one month of the retainer");
    let works = books.read("project.work", json!([]), &["name", "number", "type"]).await.unwrap();
    assert_eq!(works.len(), 4, "a project and a task per contract line: {works:?}");
    assert_eq!(works[0]["number"], deal::PROJECT);

    let mut other = deal::setup(customer);
    other.data["lines"][2]["billing"]["hourly_rate"] = json!("170.00");
    assert_eq!(
        host.apply("billing_setup", &other).await.unwrap().status,
        ItemStatus::Conflict,
        "a confirmed sale is not rewritten"
    );
    project.external.clone()
}

/// The scenario's first invoice: posted once, with Tryton's number; its number.
async fn invoice(host: &Host, books: &Books<'_>, customer: &str, project: &str) -> String {
    let march = deal::march(customer, project);
    assert_eq!(host.lookup("invoice", &march).await.unwrap().status, ItemStatus::Retry);
    let outcome = host.apply("invoice", &march).await.unwrap();
    let id = ended(&outcome, ItemStatus::Created);
    let posted = outcome.data.unwrap();
    let number = posted["number"].as_str().unwrap().to_owned();
    assert_eq!((number.as_str(), &posted["status"]), ("INV-00001", &json!("posted")));

    for again in [host.apply("invoice", &march).await.unwrap(), host.lookup("invoice", &march).await.unwrap()] {
        assert!([ItemStatus::Unchanged, ItemStatus::Created].contains(&again.status), "{again:?}");
        assert_eq!(again.external.as_deref(), Some(id.as_str()));
        assert_eq!(again.data.unwrap()["number"], number.as_str());
    }

    let fields = [
        "number",
        "state",
        "reference",
        "untaxed_amount",
        "tax_amount",
        "total_amount",
        "invoice_date",
        "lines_to_pay",
    ];
    let found = books.read("account.invoice", json!([]), &fields).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let invoice = &found[0];
    assert_eq!(invoice["state"], "posted");
    assert_eq!(invoice["reference"], deal::id("march").as_str());
    assert_eq!(amount(&invoice["untaxed_amount"]), dec("58800.00"));
    assert_eq!(amount(&invoice["tax_amount"]), dec("11172.00"));
    assert_eq!(amount(&invoice["total_amount"]), dec("69972.00"));
    let due = books
        .read("account.move.line", json!([["id", "in", invoice["lines_to_pay"]]]), &["maturity_date", "debit"])
        .await
        .unwrap();
    assert_eq!(due.len(), 1, "{due:?}");
    assert_eq!(due[0]["maturity_date"], json!({"__class__": "date", "year": 2026, "month": 4, "day": 30}));
    assert_eq!(amount(&due[0]["debit"]), dec("69972.00"), "it stands in the books");
    number
}

/// A credit note of the scenario, and a document whose totals are not Tryton's: it is refused with
/// both figures, and leaves nothing behind.
async fn corrections(host: &Host, books: &Books<'_>, customer: &str, project: &str, number: &str) {
    let lines = [("L1", "2", "HUR", "150.00", "300.00")];
    let credit =
        deal::document("credit", "381", Some(number), &lines, ["300.00", "57.00", "357.00"], customer, project);
    let outcome = host.apply("invoice", &credit).await.unwrap();
    ended(&outcome, ItemStatus::Created);
    assert_eq!(amount(&outcome.data.unwrap()["totals"]["gross"]), dec("357.00"));
    let found = books
        .read("account.invoice", json!([["reference", "=", deal::id("credit").as_str()]]), &["total_amount", "state"])
        .await
        .unwrap();
    assert_eq!(amount(&found[0]["total_amount"]), dec("-357.00"));
    assert_eq!(found[0]["state"], "posted");

    let wrong = deal::document("wrong-tax", "380", None, &lines, ["300.00", "48.00", "348.00"], customer, project);
    let refused = host.apply("invoice", &wrong).await.unwrap();
    assert_eq!(refused.status, ItemStatus::Rejected);
    let fault = refused.fault.unwrap();
    assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("TOTALS_DIFFER", Some("/totals/tax")), "{fault:?}");
    assert!(fault.message.contains("57") && fault.message.contains("48.00"), "{}", fault.message);
    assert_eq!(books.count("account.invoice", json!([])).await.unwrap(), 2, "the invoice and its credit note");
}
