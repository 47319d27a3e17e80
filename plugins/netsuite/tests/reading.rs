//! Reading from the simulated account: payments, the books, the check.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use plugin_netsuite::NetSuite;
use quoin_sdk::{
    Check, Discover, FaultKind, Invoice, InvoiceStatus, InvoiceType, ObjectKind, Page, Payment, PaymentStatus,
    ProjectFinancials, ReadRequest, Source,
};
use serde_json::json;
use support::*;

fn read(erp: &Erp, object: ObjectKind, cursor: Option<Vec<u8>>, limit: u32) -> Page {
    NetSuite::read(erp, &ReadRequest { cursor, ..ReadRequest::first(object, limit) }).unwrap()
}

/// Reads to the end in pages of `limit`; what came, and the last cursor.
fn sweep(erp: &Erp, object: ObjectKind, cursor: Option<Vec<u8>>, limit: u32) -> (Vec<String>, Option<Vec<u8>>) {
    let (mut seen, mut cursor) = (Vec::new(), cursor);
    loop {
        let page = read(erp, object, cursor.take(), limit);
        seen.extend(page.changes.iter().map(|change| change.external.clone()));
        cursor = page.next;
        if !page.more {
            return (seen, cursor);
        }
    }
}

#[test]
fn payments_come_per_invoice_with_exact_amounts() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    let invoice = erp.apply(ObjectKind::Invoice, &document_item(&march(), &customer, &job)).external.unwrap();
    assert_eq!(sweep(&erp, ObjectKind::Payment, None, 100).0, Vec::<String>::new());
    let paid =
        erp.sim("act/record_payment", json!({"invoice": "INV-0001", "amount": "40000.10", "date": "2026-04-20"}));
    let page = read(&erp, ObjectKind::Payment, None, 100);
    let change = page.changes.first().unwrap();
    let payment: Payment = change.object().unwrap();
    assert_eq!(change.external, format!("{}:{invoice}", paid["id"].as_str().unwrap()));
    assert_eq!(
        (payment.amount, payment.value_date, payment.status),
        (euros("40000.10"), day("2026-04-20"), PaymentStatus::Settled)
    );
    assert_eq!(payment.invoice.external(), Some(invoice.as_str()));

    erp.sim("clock", json!({"advance_seconds": 86_400}));
    erp.sim("act/void_payment", json!({"payment": paid["tranId"]}));
    let (seen, _) = sweep(&erp, ObjectKind::Payment, page.next, 100);
    assert_eq!(seen, std::slice::from_ref(&change.external));
    for wanted in [change.external.clone(), paid["id"].as_str().unwrap().to_owned()] {
        let request = ReadRequest { ids: vec![wanted], ..ReadRequest::first(ObjectKind::Payment, 10) };
        let page = NetSuite::read(&erp, &request).unwrap();
        assert_eq!(page.changes.first().unwrap().object::<Payment>().unwrap().status, PaymentStatus::Reversed);
    }
}

#[test]
fn ties_and_late_commits_lose_nothing() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    for name in ["a", "b", "c"] {
        let invoice = document(name, InvoiceType::Invoice, "2026-03-31", &[("L1", "1", "100.00", "100.00")], "19.00");
        erp.apply(ObjectKind::Invoice, &document_item(&invoice, &customer, &job));
    }
    let pay = |invoice: &str, amount: &str| {
        erp.sim("act/record_payment", json!({"invoice": invoice, "amount": amount, "date": "2026-04-20"}))
    };
    // Five payments within the same second or two: their stamps tie.
    for (invoice, amount) in
        [("INV-0001", "10"), ("INV-0002", "20"), ("INV-0001", "30"), ("INV-0003", "40"), ("INV-0002", "50")]
    {
        pay(invoice, amount);
    }
    let whole = sweep(&erp, ObjectKind::Payment, None, 100);
    assert_eq!(whole.0.len(), 5);
    for limit in 1..=4 {
        assert_eq!(sweep(&erp, ObjectKind::Payment, None, limit), whole, "in pages of {limit}");
    }
    // A payment that commits now, with a stamp two minutes ago, is still seen by the next sweep.
    erp.sim("clock", json!({"advance_seconds": -120}));
    let late = pay("INV-0003", "5");
    let (next, cursor) = sweep(&erp, ObjectKind::Payment, whole.1, 100);
    assert!(next.iter().any(|seen| seen.starts_with(late["id"].as_str().unwrap())), "{next:?}");
    // What lies further back than the overlap is not read again.
    erp.sim("clock", json!({"advance_seconds": 3_600}));
    pay("INV-0003", "6");
    let (_, cursor) = sweep(&erp, ObjectKind::Payment, cursor, 100);
    assert_eq!(sweep(&erp, ObjectKind::Payment, cursor, 100).0.len(), 1);
}

#[test]
fn duplicated_pages_and_lost_answers_leave_the_cursor_usable() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    erp.apply(ObjectKind::Invoice, &document_item(&march(), &customer, &job));
    for amount in ["10", "20"] {
        erp.sim("act/record_payment", json!({"invoice": "INV-0001", "amount": amount, "date": "2026-04-20"}));
    }
    let whole = sweep(&erp, ObjectKind::Payment, None, 100);
    erp.fault(json!({"route": "POST /services/rest/query", "fault": "duplicate_page"}));
    let (seen, cursor) = sweep(&erp, ObjectKind::Payment, None, 100);
    assert_eq!((seen.len(), cursor), (4, whole.1), "the host drops what it has seen; the place is the same");
    for kind in ["truncate", "drop_request", "throttle", "html"] {
        erp.fault(json!({"route": "POST /services/rest/query", "fault": kind}));
        let fault = NetSuite::read(&erp, &ReadRequest::first(ObjectKind::Payment, 10)).unwrap_err();
        assert!(matches!(fault.kind, FaultKind::Transient | FaultKind::RateLimited), "{kind}: {fault}");
        erp.mend();
    }
}

#[test]
fn the_books_come_per_contract_line_and_again_when_they_move() {
    let erp = Erp::open();
    let (_, job) = provisioned(&erp);
    let book = |line: &str, cost: &str, revenue: &str| {
        erp.sim("act/post_project_costs", json!({"project": "P-2026-0042", "line": line, "cost_to_date": cost, "revenue_to_date": revenue, "as_of": "2026-03-31"}));
    };
    book("L1", "9000.00", "22800.00");
    book("L2", "20000.00", "30000.00");
    let page = read(&erp, ObjectKind::ProjectFinancials, None, 100);
    let books: Vec<ProjectFinancials> = page.changes.iter().map(|change| change.object().unwrap()).collect();
    assert_eq!(books.len(), 2);
    let line = books.iter().find(|books| books.contract_line == "L2").unwrap();
    assert_eq!(
        (line.cost_to_date, line.revenue_to_date, line.as_of),
        (euros("20000"), Some(euros("30000")), day("2026-03-31"))
    );
    assert_eq!(line.project.external(), Some(job.as_str()));
    for limit in 1..=2 {
        assert_eq!(sweep(&erp, ObjectKind::ProjectFinancials, None, limit).0.len(), 2);
    }
    erp.sim("clock", json!({"advance_seconds": 3_600}));
    book("L2", "25000.50", "37500.75");
    let (seen, cursor) = sweep(&erp, ObjectKind::ProjectFinancials, page.next, 100);
    assert_eq!(seen, [format!("{job}:L1"), format!("{job}:L2")], "the overlap, then the line that moved");
    assert_eq!(sweep(&erp, ObjectKind::ProjectFinancials, cursor, 100).0, [format!("{job}:L2")]);
    let request =
        ReadRequest { ids: vec![format!("{job}:L2")], ..ReadRequest::first(ObjectKind::ProjectFinancials, 10) };
    let books: ProjectFinancials = NetSuite::read(&erp, &request).unwrap().changes.first().unwrap().object().unwrap();
    assert_eq!((books.cost_to_date, books.revenue_to_date), (euros("25000.50"), Some(euros("37500.75"))));
}

#[test]
fn the_check_finds_what_is_missing_and_the_schema_shows_drift() {
    let mut erp = Erp::open();
    let report = NetSuite::check(&erp).unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.scopes, ["rest_webservices", "suite_analytics"]);
    erp.configure("items", json!({"time_and_materials": "777"}));
    erp.sim("act/set_missing_tax_code", json!({"tax_code": "5"}));
    erp.sim("act/set_concurrency", json!({"limit": 3}));
    let warnings = NetSuite::check(&erp).unwrap().warnings;
    for part in ["items.time_and_materials = 777", "tax_codes.S:19 = 5", "takes 3 requests"] {
        assert!(warnings.iter().any(|warning| warning.contains(part)), "{part} not in {warnings:?}");
    }
    erp.fault(json!({"route": "GET /services/rest/system", "fault": "expire_token"}));
    assert_eq!(NetSuite::check(&erp).unwrap_err().kind, FaultKind::AuthExpired);

    let before = NetSuite::discover(&erp).unwrap();
    assert_eq!(before["billing_setup"]["salesOrder"]["fields"]["custcol_quoin_contract_line"]["type"], json!("string"));
    assert_eq!(before["invoice"]["invoice"]["required"], json!(["entity", "item"]));
    erp.fault(json!({"route": "GET /services/rest/record/v1/metadata-catalog/salesOrder", "fault": "field_removed", "field": "custcol_quoin_terms"}));
    let after = NetSuite::discover(&erp).unwrap();
    assert_eq!(after["billing_setup"]["salesOrder"]["fields"]["custcol_quoin_terms"], json!(null));
    assert_ne!(before, after);
}

/// Only what somebody wrote by hand on a project of ours is read; by id, any document is, as it stands.
#[test]
fn invoices_made_by_hand_are_found_and_documents_of_ours_are_not_news() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    let ours = erp.apply(ObjectKind::Invoice, &document_item(&march(), &customer, &job)).external.unwrap();
    assert_eq!(sweep(&erp, ObjectKind::Invoice, None, 100).0, Vec::<String>::new(), "ours is no news");
    let by_hand = json!({"project": job, "description": "Concept M1", "amount": "36000.00", "date": "2026-03-28"});
    let made = erp.sim("act/write_invoice", by_hand);
    let page = read(&erp, ObjectKind::Invoice, None, 100);
    let [change] = page.changes.as_slice() else { panic!("{:?}", page.changes) };
    let found: Invoice = change.object().unwrap();
    assert_eq!(
        (change.external.as_str(), found.number.as_deref()),
        (made["id"].as_str().unwrap(), made["tranId"].as_str())
    );
    assert_eq!((found.kind, found.status), (InvoiceType::Invoice, InvoiceStatus::Posted));
    assert_eq!((found.totals.net, found.totals.tax), (euros("36000.00"), euros("6840.00")));
    assert_eq!(
        (found.customer.external(), found.project.unwrap().external()),
        (Some(customer.as_str()), Some(job.as_str()))
    );
    assert_eq!((found.lines[0].net, found.lines[0].description.as_str()), (euros("36000.00"), "Concept M1"));
    assert_eq!(found.lines[0].tax, vat19());

    erp.sim("clock", json!({"advance_seconds": 600}));
    erp.sim("act/void_invoice", json!({"invoice": made["tranId"]}));
    let page = read(&erp, ObjectKind::Invoice, page.next, 100);
    assert_eq!(page.changes[0].object::<Invoice>().unwrap().status, InvoiceStatus::Void);

    let request = ReadRequest { ids: vec![ours, "999999".into()], ..ReadRequest::first(ObjectKind::Invoice, 10) };
    let page = NetSuite::read(&erp, &request).unwrap();
    assert_eq!(page.changes[0].object::<Invoice>().unwrap().totals.gross, march().totals.gross);
    assert_eq!(page.changes[1].op, quoin_sdk::Op::Delete, "what is not there is told");
}
