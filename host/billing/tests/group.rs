//! Contracts of one customer on one invoice: the parts total the whole to the cent, in any order of
//! arrival; payments, credits and rejections reach the contract they belong to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use billing::group::{self, GroupTerms, Report, Run};
use billing::policy::{ApprovalLimit, Deed};
use billing::{Account, Approver, BillingPolicy, Group, GroupEvent, Posting, Standing};
use common::*;
use proptest::prelude::*;
use quoin_canonical::*;

const DAY: &str = "2026-03-31";

/// A contract of one fixed price, accepted; billed with the others under the same key.
fn contract(number: &str, price: &str) -> Book {
    contract_of(quote(vec![line("L1", "Build", fixed(price, &["100"]))]), number)
}

fn contract_of(mut quote: Quote, number: &str) -> Book {
    quote.number = number.into();
    quote.agreement.billed_with = Some("FRAME-7".into());
    let mut book = Book::open(&quote);
    book.accept("L1", "M1", "2026-03-20");
    book
}

fn run(as_of: &str, name: &str) -> Run {
    Run { as_of: day(as_of), name: name.into() }
}

/// Runs a contract, and what it reports.
fn report(book: &mut Book, as_of: &str) -> Report {
    let events = book.run(as_of);
    survives_the_log(&events);
    let contract = book.account().contract.clone();
    Report {
        group: GroupTerms::of(&contract).unwrap(),
        contract: contract.number,
        run: run(as_of, "scheduled"),
        parts: drafted(&events).into_iter().collect(),
    }
}

fn apply(group: &mut Option<Group>, events: Vec<GroupEvent>) -> Vec<GroupEvent> {
    for event in &events {
        let body = event.to_body().unwrap();
        let back: GroupEvent = serde_json::from_value(serde_json::json!({"kind": event.kind(), "body": body})).unwrap();
        assert_eq!(&back, event, "what is stored is what is read back");
        group::evolve(group, event);
    }
    events
}

fn collected(reports: &[Report]) -> Option<Group> {
    let mut group = None;
    for report in reports {
        let joined = group::join(group.as_ref(), &report.group, &report.contract);
        apply(&mut group, joined);
    }
    for report in reports {
        let events = group::collect(group.as_ref(), report);
        apply(&mut group, events);
    }
    group
}

fn drafted_whole(group: &mut Option<Group>, book: &Book) -> (Invoice, Vec<group::Part>) {
    let events = group::draft(group.as_ref().unwrap(), &book.ctx).unwrap();
    let events = apply(group, events);
    assert!(group::draft(group.as_ref().unwrap(), &book.ctx).unwrap().is_empty(), "a second time there is nothing");
    match events.as_slice() {
        [GroupEvent::Drafted(drafted)] => (drafted.invoice.clone(), drafted.parts.clone()),
        other => panic!("one document, not {other:?}"),
    }
}

fn posted(group: &mut Option<Group>, books: &mut [Book], number: &str) -> Invoice {
    let (invoice, parts) = drafted_whole(group, &books[0]);
    let id = invoice.header.id.clone().unwrap();
    let events = group::posted(group.as_ref().unwrap(), &id, number, &books[0].ctx).unwrap();
    apply(group, events);
    let again = group::posted(group.as_ref().unwrap(), &id, number, &books[0].ctx).unwrap();
    assert!(again.is_empty());
    for part in parts {
        let book = books.iter_mut().find(|book| book.account().contract.number == part.contract).unwrap();
        let posting = Posting {
            invoice: part.invoice.clone(),
            number: number.into(),
            on: part.share.issued_on,
            share: Some(part.share.clone()),
        };
        let events = book.decide(|account, ctx| billing::invoice_posted(account, &posting, ctx));
        survives_the_log(&events);
    }
    invoice
}

fn accounts(books: &[Book]) -> BTreeMap<String, Account> {
    books.iter().map(|book| (book.account().contract.number.clone(), book.account().clone())).collect()
}

fn pay(group: &mut Option<Group>, book: &Book, invoice: &Invoice, amount: &str, status: PaymentStatus) -> Vec<Payment> {
    let payment = Payment {
        details: None,
        header: Header { id: Some(id("payment")), ..Header::default() },
        invoice: Link::Id(invoice.header.id.clone().unwrap()),
        amount: euros(amount),
        value_date: day("2026-04-20"),
        fx: None,
        status,
    };
    let events = group::payment(group.as_ref().unwrap(), &payment, &book.ctx).unwrap();
    let events = apply(group, events);
    assert!(group::payment(group.as_ref().unwrap(), &payment, &book.ctx).unwrap().is_empty());
    let parts = |event: &GroupEvent| match event {
        GroupEvent::Paid(paid) => paid.parts.iter().map(|part| part.payment.clone()).collect(),
        _ => Vec::new(),
    };
    events.iter().flat_map(parts).collect()
}

/// Test RD-08 over three contracts: tax is rounded once, over all of them.
#[test]
fn tax_is_rounded_once_and_shared_to_the_cent() {
    let mut books = [contract("C-1", "33.33"), contract("C-2", "33.33"), contract("C-3", "33.34")];
    let reports: Vec<Report> = books.iter_mut().map(|book| report(book, DAY)).collect();
    let mut group = collected(&reports);
    assert!(group.as_ref().unwrap().is_complete(&run(DAY, "scheduled")));
    let invoice = posted(&mut group, &mut books, "INV-0001");
    assert_eq!(totals(&invoice), ("100.00".into(), "19.00".into(), "119.00".into()));
    assert_eq!(invoice.contract_number, "FRAME-7");
    let contracts: Vec<&str> = invoice.lines.iter().filter_map(|line| line.contract_number.as_deref()).collect();
    assert_eq!(contracts, ["C-1", "C-2", "C-3"], "each line says its contract");
    assert!(invoice.lines[0].description.starts_with("C-1: Build"), "{}", invoice.lines[0].description);
    let shares: Vec<String> = books
        .iter()
        .map(|book| {
            let state = book.account().invoice_by_number("INV-0001").unwrap();
            assert_eq!(state.whole, invoice.header.id);
            format!("{:.2}", state.invoice.totals.tax.amount)
        })
        .collect();
    assert_eq!(shares, ["6.33", "6.33", "6.34"], "and each contract has its share of the tax");
}

/// A run to a day that was run before waits for everybody again: else what one of them brings could go
/// out below a limit that the whole exceeds.
#[test]
fn each_run_waits_for_every_member() {
    let mut books = [contract("C-1", "10.00"), contract("C-2", "20.00")];
    let reports: Vec<Report> = books.iter_mut().map(|book| report(book, DAY)).collect();
    let mut group = collected(&reports);
    drafted_whole(&mut group, &books[0]);
    let again = run(DAY, "asked for");
    for (index, complete) in [(0, false), (1, true)] {
        let told = Report { run: again.clone(), parts: Vec::new(), ..reports[index].clone() };
        let events = group::collect(group.as_ref(), &told);
        apply(&mut group, events);
        assert_eq!(group.as_ref().unwrap().is_complete(&again), complete);
    }
    let further = Report { run: run("2026-04-30", "scheduled"), parts: Vec::new(), ..reports[0].clone() };
    let events = group::collect(group.as_ref(), &further);
    apply(&mut group, events);
    assert!(group.unwrap().is_complete(&again), "who is further already is not waited for");
}

/// Each line explains itself from its own contract's account.
#[test]
fn every_line_is_explained_by_its_contract() {
    let mut books = [contract("C-1", "1000.00"), contract("C-2", "250.50")];
    let reports: Vec<Report> = books.iter_mut().map(|book| report(book, DAY)).collect();
    let mut group = collected(&reports);
    let invoice = posted(&mut group, &mut books, "INV-0001");
    let id = invoice.header.id.unwrap();
    let told = group::explain(group.as_ref().unwrap(), &id, None, &accounts(&books)).unwrap();
    assert_eq!(told.lines.len(), 2);
    for (line, contract) in told.lines.iter().zip(["C-1", "C-2"]) {
        assert_eq!(line.contract.as_deref(), Some(contract));
        assert!(line.missing.is_empty());
        assert_eq!(line.parts.iter().map(|part| part.net).sum::<Decimal>(), line.net.amount);
        assert_eq!(line.parts[0].accepted.as_ref().unwrap().by, "Helix");
    }
    assert!(group::explain(group.as_ref().unwrap(), &id, Some("9"), &accounts(&books)).is_none());
}

/// A payment settles each part by what is open on it; a credit note of one contract first leaves less
/// open there, and on the document.
#[test]
fn money_reaches_the_contract_it_belongs_to() {
    let mut books = [contract("C-1", "1000.00"), contract("C-2", "500.00")];
    let reports: Vec<Report> = books.iter_mut().map(|book| report(book, DAY)).collect();
    let mut group = collected(&reports);
    let invoice = posted(&mut group, &mut books, "INV-0001");
    let whole = invoice.header.id.clone().unwrap();

    let part = books[0].account().invoice_by_number("INV-0001").unwrap().invoice.clone();
    let wanted = billing::CreditLine {
        key: "k".into(),
        invoice: part.header.id.clone().unwrap(),
        line: "1".into(),
        net: dec("400.00"),
        reason: "agreed".into(),
    };
    let credit = credited(&books[0].decide(|account, ctx| billing::credit_line(account, &wanted, ctx))).unwrap();
    assert_eq!(credit.preceding_invoice.as_deref(), Some("INV-0001"), "it names the document that the customer has");
    let told = group::PartCredited {
        invoice: whole.clone(),
        part: part.header.id.clone().unwrap(),
        credit: credit.header.id.clone().unwrap(),
        gross: credit.totals.gross,
    };
    let events = group::credited(group.as_ref().unwrap(), &told).unwrap();
    apply(&mut group, events);
    assert!(group::credited(group.as_ref().unwrap(), &told).unwrap().is_empty(), "told twice, counted once");
    let open = |group: &Option<Group>| format!("{:.2}", group.as_ref().unwrap().open(&whole).unwrap().amount);
    assert_eq!(open(&group), "1309.00");

    let shares = pay(&mut group, &books[0], &invoice, "1309.00", PaymentStatus::Settled);
    let amounts: Vec<String> = shares.iter().map(|share| format!("{:.2}", share.amount.amount)).collect();
    assert_eq!(amounts, ["714.00", "595.00"]);
    assert_eq!(open(&group), "0.00");
    assert_eq!(group.as_ref().unwrap().status(&whole), Some(InvoiceStatus::Paid));
    for (book, share) in books.iter_mut().zip(&shares) {
        book.decide(|account, ctx| billing::payment(account, share, ctx));
    }
    assert_eq!(books[1].account().invoice_by_number("INV-0001").unwrap().open().amount, dec("0.00"));

    let back = pay(&mut group, &books[0], &invoice, "1309.00", PaymentStatus::Reversed);
    for (book, share) in books.iter_mut().zip(&back) {
        book.decide(|account, ctx| billing::payment(account, share, ctx));
    }
    assert_eq!(open(&group), "1309.00");
    assert_eq!(books[1].account().invoice_by_number("INV-0001").unwrap().open().amount, dec("595.00"));
}

/// The sum over all contracts is what needs approval; sent back, every part waits for a run again.
#[test]
fn a_limit_cannot_be_passed_by_spreading_work_over_contracts() {
    let limit = |up_to: Option<&str>, role: &str| ApprovalLimit {
        deed: Deed::Release,
        up_to: up_to.map(dec),
        role: role.into(),
    };
    let approvals = vec![limit(Some("1000.00"), "automatic"), limit(None, "director")];
    let mut books = [contract("C-1", "800.00"), contract("C-2", "700.00")];
    for book in &mut books {
        book.ctx.policy = BillingPolicy { approvals: approvals.clone(), ..BillingPolicy::default() };
    }
    let reports: Vec<Report> = books.iter_mut().map(|book| report(book, DAY)).collect();
    let mut group = collected(&reports);
    let (invoice, parts) = drafted_whole(&mut group, &books[0]);
    let id = invoice.header.id.clone().unwrap();
    let Standing::Waits(need) = group::standing(group.as_ref().unwrap(), &id).unwrap() else { panic!("it waits") };
    assert_eq!((need.amount, need.role.as_str()), (euros("1500.00"), "director"));
    let approver = |role: &str| Approver { by: "dora".into(), roles: vec![role.into()] };
    let refused = group::approve(group.as_ref().unwrap(), &id, &approver("clerk"), &books[0].ctx).unwrap_err();
    assert_eq!(refused.code, "APPROVAL_ROLE");

    let events = group::reject(group.as_ref().unwrap(), &id, &approver("director"), "not yet").unwrap();
    apply(&mut group, events);
    assert_eq!(group::standing(group.as_ref().unwrap(), &id).unwrap(), Standing::Discarded);
    for part in &parts {
        let book = books.iter_mut().find(|book| book.account().contract.number == part.contract).unwrap();
        book.decide(|account, ctx| billing::part_returned(account, &part.invoice, "not yet", ctx));
    }
    let reports: Vec<Report> = books.iter_mut().map(|book| report(book, DAY)).collect();
    assert!(reports.iter().all(|report| report.parts.len() == 1), "what was sent back is billed again");
    for report in &reports {
        let events = group::collect(group.as_ref(), report);
        apply(&mut group, events);
    }
    let (again, _) = drafted_whole(&mut group, &books[0]);
    let id = again.header.id.unwrap();
    let events = group::approve(group.as_ref().unwrap(), &id, &approver("director"), &books[0].ctx).unwrap();
    apply(&mut group, events);
    assert_eq!(group::standing(group.as_ref().unwrap(), &id).unwrap(), Standing::Free);
}

/// A change while the part is out waits; sent back, it is made before the next run bills.
#[test]
fn a_change_of_time_on_a_part_waits_for_the_document_or_its_return() {
    let roles = vec![role("Senior", "100.00", Some("ana@x"))];
    let mut terms = quote(vec![line("L1", "Work", hourly(roles, None, CapMode::Fit))]);
    terms.agreement.billed_with = Some("FRAME-7".into());
    let mut book = Book::open(&terms);
    let mut entry = book.entry("a", "L1", "ana@x", "2026-03-02", 480);
    book.time(&entry);
    let first = report(&mut book, DAY).parts.remove(0);
    entry.minutes = 360;
    entry.header.version = Some("2".into());
    assert_eq!(kinds(&book.time(&entry)), ["billing.correction_pending"]);
    let part = first.header.id.unwrap();
    let events = book.decide(|account, ctx| billing::part_returned(account, &part, "wrong month", ctx));
    assert_eq!(kinds(&events), ["billing.invoice_discarded", "billing.time_recorded"]);
    assert_eq!(report(&mut book, DAY).parts[0].totals.net, euros("600.00"));
}

/// A part never goes out on its own, and only a part takes a share.
#[test]
fn a_part_is_posted_with_its_document_only() {
    let mut book = contract("C-1", "10.00");
    let part = report(&mut book, DAY).parts.remove(0);
    let posting = Posting { invoice: part.header.id.unwrap(), number: "INV-1".into(), on: part.issued_on, share: None };
    assert_eq!(billing::invoice_posted(book.account(), &posting, &book.ctx).unwrap_err().code, "PART");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever the prices, the order of reports and the payments: parts total the whole, row by row.
    #[test]
    fn parts_total_the_whole(
        cents in prop::collection::vec(1_u32..5_000_000, 1..6),
        order in any::<prop::sample::Index>(),
        paid in 1_u32..20_000_000,
    ) {
        let prices: Vec<String> = cents.iter().map(|cents| Decimal::new(i64::from(*cents), 2).to_string()).collect();
        let mut books: Vec<Book> =
            prices.iter().enumerate().map(|(at, price)| contract(&format!("C-{at}"), price)).collect();
        let mut reports: Vec<Report> = books.iter_mut().map(|book| report(book, DAY)).collect();
        let mut group = collected(&reports);
        let first = group.clone();
        let turned = order.index(reports.len());
        reports.rotate_left(turned);
        let mut other = collected(&reports);
        let (whole, parts) = drafted_whole(&mut group, &books[0]);
        let (same, _) = drafted_whole(&mut other, &books[0]);
        prop_assert_eq!(&whole, &same, "the order of reports changes nothing");
        group = first;
        let sum = |of: fn(&Totals) -> Money| parts.iter().map(|part| of(&part.share.totals).amount).sum::<Decimal>();
        prop_assert_eq!(sum(|totals| totals.net), whole.totals.net.amount);
        prop_assert_eq!(sum(|totals| totals.tax), whole.totals.tax.amount);
        prop_assert_eq!(sum(|totals| totals.gross), whole.totals.gross.amount);
        let whole = posted(&mut group, &mut books, "INV-0001");
        let amount = Decimal::new(i64::from(paid), 2);
        let shares = pay(&mut group, &books[0], &whole, &amount.to_string(), PaymentStatus::Settled);
        prop_assert_eq!(shares.iter().map(|share| share.amount.amount).sum::<Decimal>(), amount);
        let billed: Decimal = books.iter().map(|book| book.account().invoice_by_number("INV-0001").unwrap().invoice.totals.gross.amount).sum();
        prop_assert_eq!(billed, whole.totals.gross.amount);
    }
}
