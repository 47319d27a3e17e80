//! The acceptance scenario, figure by figure: one contract with time under a cap, milestones and a
//! retainer, from the accepted quote to the April run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use billing::AccountEvent;
use billing::account::Bucket;
use common::*;
use quoin_canonical::*;

const ANA: &str = "ana@advisory.example";
const BEN: &str = "ben@advisory.example";

/// Eight hours a day on working days from a first day, until the hours are used up.
fn days(first: &str, hours: u32) -> Vec<(String, u32)> {
    let mut date = day(first);
    let mut left = hours * 60;
    let mut entries = Vec::new();
    while left > 0 {
        if !matches!(date.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday) {
            let minutes = left.min(480);
            entries.push((date.to_string(), minutes));
            left -= minutes;
        }
        date = date.tomorrow().unwrap();
    }
    entries
}

fn book_days(book: &mut Book, who: &str, first: &str, hours: u32) {
    for (date, minutes) in days(first, hours) {
        let entry = book.entry(&format!("{who}/{date}"), "L1", who, &date, minutes);
        book.time(&entry);
    }
}

/// March up to and including the billing run: the book and the drafted invoice.
fn march() -> (Book, Invoice) {
    let mut book = Book::open(&helix_quote());
    book_days(&mut book, ANA, "2026-03-03", 60);
    book_days(&mut book, BEN, "2026-03-03", 74);
    let mut free = book.entry("ben/free", "L1", BEN, "2026-03-20", 360);
    free.billing_type = BillingType::NonChargeable;
    book.time(&free);
    book.accept("L2", "M1", "2026-03-27");
    book.at("2026-03-31T18:00:00Z");
    let events = book.run("2026-03-31");
    assert_eq!(kinds(&events), ["billing.invoice_drafted"]);
    let invoice = drafted(&events).unwrap();
    (book, invoice)
}

/// The same with the invoice posted, the retainer out and 40,000.00 paid.
fn paid() -> (Book, Invoice, Invoice) {
    let (mut book, first) = march();
    book.post(&first);
    book.at("2026-04-01T06:00:00Z");
    let events = book.decide(|account, ctx| billing::retainer_due(account, "L3", day("2026-04-01"), ctx));
    let retainer = drafted(&events).unwrap();
    let posted = book.post(&retainer);
    assert_eq!(kinds(&posted), ["billing.invoice_posted", "billing.advance_available"]);
    book.at("2026-04-20T09:00:00Z");
    book.ctx.entity.closed_through = Some(day("2026-03-31"));
    let paid = book.pay("payment", &first, "40000.00", "2026-04-20");
    let AccountEvent::PaymentApplied(applied) = &paid[0] else { panic!("{paid:?}") };
    assert_eq!(applied.open, euros("29972.00"));
    assert_eq!(applied.status, InvoiceStatus::PartiallyPaid);
    (book, first, retainer)
}

#[test]
fn terms_follow_from_the_quote() {
    let book = Book::open(&helix_quote());
    let derived = &book.derived;
    assert_eq!(derived.project.code, "P-Q-2026-0042");
    let tasks: Vec<_> =
        derived.project.tasks.iter().map(|task| (task.code.as_str(), task.contract_line.as_str())).collect();
    assert_eq!(tasks, [("1", "L1"), ("2", "L2"), ("3", "L3")]);
    let amounts: Vec<_> = derived.billing_setup.milestones.iter().map(|m| m.amount.unwrap()).collect();
    assert_eq!(amounts, [euros("36000.00"), euros("60000.00"), euros("24000.00")]);
    assert_eq!(derived.project.budget, Some(euros("160000.00")));
    let sources: Vec<_> = derived.assignments.iter().map(|a| a.rate_source.as_deref().unwrap()).collect();
    assert_eq!(sources, ["contract_line:L1:role:Senior", "contract_line:L1:role:Consultant"]);
    let again = billing::derive(&helix_quote(), &book.ctx.entity, &id("customer"), &book.ctx.policy).unwrap();
    assert_eq!(&again, derived, "deriving twice names the same objects");
}

#[test]
fn the_first_invoice_has_the_agreed_totals() {
    let (mut book, invoice) = march();
    assert_eq!(totals(&invoice), ("58800.00".into(), "11172.00".into(), "69972.00".into()));
    let lines: Vec<_> = invoice.lines.iter().map(|line| (line.contract_line.as_str(), line.net.amount)).collect();
    assert_eq!(lines, [("L1", dec("11100.00")), ("L1", dec("11700.00")), ("L2", dec("36000.00"))]);
    assert_eq!(invoice.due_on, day("2026-04-30"));
    assert_eq!(
        book.account().buckets(Some("L1")).buckets[&Bucket::NonBillable].0,
        dec("360"),
        "six hours for the margin only"
    );
    billing::en16931::check(&invoice).unwrap();
    let posted = book.post(&invoice);
    assert_eq!(kinds(&posted), ["billing.invoice_posted"]);
    assert!(book.run("2026-03-31").is_empty(), "nothing is billed twice");
}

#[test]
fn an_invoice_line_explains_itself() {
    let (book, invoice) = march();
    let id = invoice.header.id.as_ref().unwrap();
    let consultant = book.account().explain(id, &invoice.lines[0].id);
    assert_eq!(consultant.iter().map(|event| event.net).sum::<Decimal>(), invoice.lines[0].net.amount);
    let rate = consultant[0].rate.as_ref().unwrap();
    assert_eq!((rate.row.as_str(), rate.row_version), ("contract_line:L1:role:Consultant", 3));
    assert_eq!(rate.level, billing::rates::RateLevel::ContractLineRole);
    assert!(
        consultant[0].steps.iter().any(|step| step.contains("480 min at 150.00/h = 1200")),
        "{:?}",
        consultant[0].steps
    );
    let milestone = book.account().explain(id, &invoice.lines[2].id);
    assert_eq!(milestone.len(), 1);
}

#[test]
fn the_retainer_is_a_prepayment() {
    let (_, _, retainer) = paid();
    assert_eq!(retainer.kind, InvoiceType::Prepayment);
    assert_eq!(totals(&retainer), ("6400.00".into(), "1216.00".into(), "7616.00".into()));
    assert_eq!(retainer.lines[0].service_period, Some(Period { from: day("2026-04-01"), to: day("2026-04-30") }));
}

#[test]
fn revenue_follows_work_and_cost() {
    let (mut book, first) = march();
    book.post(&first);
    let cost = |revenue: &str| ProjectFinancials {
        header: Header::default(),
        project: Link::Id(id("project")),
        contract_line: "L2".into(),
        as_of: day("2026-03-31"),
        cost_to_date: euros("20000.00"),
        revenue_to_date: Some(euros(revenue)),
    };
    let events =
        book.decide(|account, ctx| billing::compute_revenue(account, day("2026-03-31"), &[cost("30000.00")], ctx));
    let AccountEvent::RevenueComputed(computed) = &events[0] else { panic!("{events:?}") };
    assert_eq!(events.len(), 1, "the books agree");
    let of = |line: &str| computed.positions.iter().map(|p| &p.indicator).find(|i| i.contract_line == line).unwrap();
    assert_eq!((of("L1").revenue, of("L1").contract_asset), (euros("22800.00"), euros("0.00")));
    assert_eq!(of("L2").percent, Some(dec("25")));
    assert_eq!(
        (of("L2").revenue, of("L2").billed, of("L2").contract_liability),
        (euros("30000"), euros("36000"), euros("6000"))
    );
    assert_eq!(computed.positions.len(), 2, "the retainer has not begun");
    let events =
        book.decide(|account, ctx| billing::compute_revenue(account, day("2026-03-31"), &[cost("31000.00")], ctx));
    assert_eq!(kinds(&events), ["billing.revenue_differs"]);
    let events =
        book.decide(|account, ctx| billing::compute_revenue(account, day("2026-03-31"), &[cost("30000.00")], ctx));
    assert_eq!(kinds(&events), ["billing.revenue_agrees"]);
}

/// Failure branch FB6: Ben's eight hours of 12 March become six, after posting.
fn corrected(book: &mut Book) -> Invoice {
    book.at("2026-04-22T08:00:00Z");
    let mut entry = book.entry(&format!("{BEN}/2026-03-12"), "L1", BEN, "2026-03-12", 360);
    entry.header.version = Some("2".into());
    let events = book.time(&entry);
    assert_eq!(kinds(&events), ["billing.credit_drafted", "billing.time_recorded"]);
    credited(&events).unwrap()
}

#[test]
fn a_correction_after_posting_is_a_credit_note() {
    let (mut book, first, _) = paid();
    let credit = corrected(&mut book);
    assert_eq!(credit.kind, InvoiceType::CreditNote);
    assert_eq!(credit.preceding_invoice.as_deref(), Some("INV-0001"));
    assert_eq!(totals(&credit), ("300.00".into(), "57.00".into(), "357.00".into()));
    assert_eq!((credit.lines[0].quantity.value, credit.lines[0].unit_price), (dec("2"), dec("150.00")));
    let posted = book.post(&credit);
    let AccountEvent::InvoicePosted(posted) = &posted[0] else { panic!() };
    assert_eq!(posted.open, euros("29615.00"));
    let first = book.account().invoice(first.header.id.as_ref().unwrap()).unwrap();
    assert_eq!(first.open(), euros("29615.00"));
    assert_eq!(book.account().lines["L1"].used(), dec("22500.00"), "300.00 of the cap are free again");
}

fn april(book: &mut Book) -> Vec<AccountEvent> {
    book.at("2026-04-30T18:00:00Z");
    let mut late = book.entry("ana/late", "L1", ANA, "2026-03-30", 240);
    late.approved_at = Some("2026-04-07T08:00:00Z".parse().unwrap());
    let recorded = book.time(&late);
    let AccountEvent::TimeRecorded(recorded) = &recorded[0] else { panic!("{recorded:?}") };
    assert!(recorded.late, "March is closed");
    book_days(book, ANA, "2026-04-01", 70);
    book_days(book, BEN, "2026-04-20", 40);
    book.run("2026-04-30")
}

#[test]
fn the_april_run_stops_at_the_cap() {
    let (mut book, _, _) = paid();
    let credit = corrected(&mut book);
    book.post(&credit);
    let events = april(&mut book);
    assert_eq!(
        kinds(&events),
        ["billing.invoice_drafted", "billing.over_cap_held", "billing.cap_alert", "billing.cap_alert"]
    );
    let invoice = drafted(&events).unwrap();
    assert_eq!(totals(&invoice), ("17500.00".into(), "3325.00".into(), "20825.00".into()));
    assert_eq!(invoice.issued_on, day("2026-04-30"), "posted in the first open period");
    let lines: Vec<_> = invoice.lines.iter().map(|line| (line.service_period.unwrap().from, line.net.amount)).collect();
    let april =
        [(day("2026-03-30"), dec("780.00")), (day("2026-04-20"), dec("3070.00")), (day("2026-04-01"), dec("13650.00"))];
    let mut sorted = lines.clone();
    sorted.sort();
    let mut wanted = april.to_vec();
    wanted.sort();
    assert_eq!(sorted, wanted, "the late line stands apart and shows its true date");
    let AccountEvent::OverCapHeld(held) = &events[1] else { panic!() };
    assert_eq!(held.amount, euros("2930.00"));
    assert_eq!(held.owner, "engagement manager");
    let split = &book.account().entries[&id(&format!("{BEN}/2026-04-22"))];
    assert_eq!(split.in_bucket(Bucket::OnInvoice).1, dec("670.00"), "the third entry is split");
    assert_eq!(split.in_bucket(Bucket::OverCap).1, dec("530.00"));
    let alerts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AccountEvent::CapAlert(alert) => Some(alert.percent),
            _ => None,
        })
        .collect();
    assert_eq!(alerts, [dec("80"), dec("100")]);
    book.post(&invoice);
    assert!(book.run("2026-04-30").is_empty());
}

#[test]
fn without_the_credit_the_cap_leaves_less() {
    let (mut book, _, _) = paid();
    let events = april(&mut book);
    let invoice = drafted(&events).unwrap();
    assert_eq!(totals(&invoice).0, "17200.00");
    let AccountEvent::OverCapHeld(held) = &events[1] else { panic!("{events:?}") };
    assert_eq!(held.amount, euros("3230.00"));
}

#[test]
fn the_log_alone_makes_the_same_account() {
    let (mut book, _, _) = paid();
    let credit = corrected(&mut book);
    book.post(&credit);
    april(&mut book);
    survives_the_log(&book.events);
    let again = billing::replay(&book.events).unwrap();
    let bytes = |account: &billing::Account| serde_json::to_vec(account).unwrap();
    assert_eq!(bytes(&again), bytes(book.account()));
    let back: billing::Account = serde_json::from_slice(&bytes(book.account())).unwrap();
    assert_eq!(&back, book.account());
}
