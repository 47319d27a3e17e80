//! Terms that can't be billed are refused with code, field and owner; the unusual ones that can be
//! are billed as they should.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use billing::policy::BillingPolicy;
use billing::rates::RateLevel;
use billing::{AccountEvent, Refusal};
use common::*;
use quoin_canonical::*;

fn refusal(change: impl Fn(&mut Quote)) -> Refusal {
    let mut quote = helix_quote();
    change(&mut quote);
    billing::derive(&quote, &entity(), &id("customer"), &BillingPolicy::default()).unwrap_err()
}

#[test]
fn a_quote_that_cannot_be_billed_says_why() {
    type Change = fn(&mut Quote);
    let cases: [(Change, &str, &str, &str); 7] = [
        (
            |quote| {
                quote.customer.country = None;
                quote.customer.vat_id = None;
            },
            "TAX_JURISDICTION_UNKNOWN",
            "/customer/country",
            "tax",
        ),
        (|quote| quote.customer.country = Some("FR".into()), "TAX_NOT_DETERMINED", "/lines/0/tax", "tax"),
        (|quote| quote.lines[1].id = "L1".into(), "LINE_DUPLICATE", "/lines/0/id", "finance operations"),
        (
            |quote| quote.lines[0].billing = hourly(vec![role("Senior", "0", None)], None, CapMode::Fit),
            "RATE_NOT_FOUND",
            "/lines/0/billing/roles",
            "finance operations",
        ),
        (
            |quote| quote.lines[1].billing = fixed("120000.00", &["30", "50"]),
            "MILESTONES_NOT_100",
            "/lines/1/billing/milestones",
            "finance operations",
        ),
        (
            |quote| quote.currency = Currency::from_code("USD").unwrap(),
            "CURRENCY_MISMATCH",
            "/lines/0/billing/cap/limit",
            "finance operations",
        ),
        (
            |quote| quote.lines[2].billing = retainer("0", "160", "185", "2026-04-01"),
            "RATE_NOT_FOUND",
            "/lines/2/billing",
            "finance operations",
        ),
    ];
    for (change, code, field, owner) in cases {
        let found = refusal(change);
        assert_eq!((found.code.as_str(), found.field.as_str(), found.owner.as_str()), (code, field, owner), "{found}");
    }
}

#[test]
fn the_country_follows_from_what_is_known() {
    let mut customer = customer();
    assert_eq!(billing::terms::buyer_country(&customer).as_deref(), Some("DE"));
    customer.country = None;
    customer.vat_id = Some("EL123456789".into());
    assert_eq!(billing::terms::buyer_country(&customer).as_deref(), Some("GR"));
    customer.vat_id = None;
    customer.addresses = vec![Address { country: "FR".into(), ..Address::default() }];
    assert_eq!(billing::terms::buyer_country(&customer).as_deref(), Some("FR"));
}

#[test]
fn a_role_sold_for_several_people_has_a_rate_for_each() {
    let roles = vec![
        role("Senior", "195.00", Some("ana@x")),
        role("Senior", "210.00", Some("eve@x")),
        role("Lead", "250", None),
    ];
    let mut book = Book::open(&quote(vec![line("L1", "Work", hourly(roles, None, CapMode::Fit))]));
    let levels: Vec<RateLevel> = book.derived.rates.iter().map(|row| row.level).collect();
    assert_eq!(levels, [RateLevel::ContractLinePerson, RateLevel::ContractLinePerson, RateLevel::ContractLineRole]);
    let entry = book.entry("e", "L1", "eve@x", "2026-03-02", 60);
    let AccountEvent::TimeRecorded(recorded) = &book.time(&entry)[0] else { panic!() };
    assert_eq!(recorded.rate.as_ref().unwrap().hourly_rate, dec("210.00"));
}

#[test]
fn an_assignment_says_in_which_role_somebody_works() {
    let mut book =
        Book::open(&quote(vec![line("L1", "Work", hourly(vec![role("Senior", "195.00", None)], None, CapMode::Fit))]));
    let assignment = Assignment {
        details: None,
        header: Header { id: Some(id("assignment")), ..Header::default() },
        project: Link::Id(book.derived.project.header.id.clone().unwrap()),
        task: Some(Link::Id(book.task("L1"))),
        resource: "Dora@x".into(),
        role: "Senior".into(),
        status: AssignmentStatus::Hard,
        bill_rate: None,
        rate_source: None,
        hours: None,
    };
    let entry = book.entry("e", "L1", "dora@x", "2026-03-02", 60);
    assert_eq!(kinds(&book.time(&entry)), ["billing.entry_refused"]);
    book.decide(|account, ctx| billing::assign(account, &assignment, ctx));
    assert_eq!(kinds(&book.time(&entry)), ["billing.time_recorded"], "tried again once the role is known");
}

#[test]
fn another_entity_may_not_decide() {
    let mut book = Book::open(&helix_quote());
    book.ctx.entity.code = "FR01".into();
    let refused = billing::run(book.account(), day("2026-03-31"), &book.ctx).unwrap_err();
    assert_eq!(refused.code, "ENTITY_MISMATCH");
}

#[test]
fn unresolved_links_are_the_callers_to_mend() {
    let book = Book::open(&helix_quote());
    let mut entry = book.entry("e", "L1", "ana@advisory.example", "2026-03-02", 60);
    entry.task = Link::External("4711".into());
    let refused = billing::record_time(book.account(), &entry, &book.ctx).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.field.as_str()), ("LINK_UNRESOLVED", "/task"));
    entry.header.id = None;
    assert_eq!(billing::record_time(book.account(), &entry, &book.ctx).unwrap_err().code, "ID_MISSING");
}

#[test]
fn time_on_an_unknown_task_is_held_not_lost() {
    let mut book = Book::open(&helix_quote());
    let mut entry = book.entry("e", "L1", "ana@advisory.example", "2026-03-02", 60);
    entry.task = Link::Id(id("somebody else's task"));
    let AccountEvent::EntryRefused(refused) = &book.time(&entry)[0] else { panic!() };
    assert_eq!(refused.refusal.code, "TASK_UNKNOWN");
}

#[test]
fn work_outside_the_scope_of_vat_names_no_vat_id() {
    let mut sold = line("L1", "Work", fixed("1000.00", &["100"]));
    sold.tax = Some(TaxTreatment {
        category: TaxCategory::O,
        rate_percent: None,
        exemption_reason: Some("VATEX-EU-O".into()),
    });
    let mut book = Book::open(&quote(vec![sold]));
    book.accept("L1", "M1", "2026-03-10");
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    assert!(invoice.seller_vat_id.is_empty() && invoice.buyer.vat_id.is_none());
    assert_eq!(invoice.totals.gross, euros("1000.00"));
}

#[test]
fn reverse_charge_is_billed_without_tax() {
    let mut sold = line("L1", "Work", fixed("1000.00", &["100"]));
    sold.tax = Some(TaxTreatment {
        category: TaxCategory::AE,
        rate_percent: Some(Decimal::ZERO),
        exemption_reason: Some("VATEX-EU-AE".into()),
    });
    let mut quote = quote(vec![sold]);
    quote.customer.country = Some("FR".into());
    quote.customer.vat_id = Some("FR12345678901".into());
    let mut book = Book::open(&quote);
    book.accept("L1", "M1", "2026-03-10");
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    assert_eq!((invoice.totals.tax, invoice.totals.gross), (euros("0.00"), euros("1000.00")));
}

#[test]
fn a_document_that_breaks_the_standard_is_not_drafted() {
    let mut sold = line("L1", "Work", fixed("1000.00", &["100"]));
    sold.tax =
        Some(TaxTreatment { category: TaxCategory::E, rate_percent: Some(Decimal::ZERO), exemption_reason: None });
    let mut book = Book::open(&quote(vec![sold]));
    book.accept("L1", "M1", "2026-03-10");
    let refused = billing::run(book.account(), day("2026-03-31"), &book.ctx).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.owner.as_str()), ("EN16931", "finance operations"));
    assert!(refused.message.contains("BR-E-10"), "{refused}");
    assert_eq!(refused.field, "/lines/0/tax/exemption_reason");
}

#[test]
fn two_rates_of_tax_make_two_rows() {
    let mut reduced = line("L2", "Books", fixed("100.00", &["100"]));
    reduced.tax = Some(TaxTreatment { rate_percent: Some(dec("7.0")), ..standard_tax() });
    let mut book = Book::open(&quote(vec![line("L1", "Work", fixed("1000.00", &["100"])), reduced]));
    book.accept("L1", "M1", "2026-03-10");
    book.accept("L2", "M1", "2026-03-10");
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    let rows: Vec<_> = invoice.tax.iter().map(|row| (row.rate_percent.unwrap(), row.tax.amount)).collect();
    assert_eq!(rows, [(dec("7"), dec("7.00")), (dec("19"), dec("190.00"))]);
}

/// A contract in another currency, from entry to credit note, with the entity's rounding.
fn abroad(currency: &str, rate: &str, minutes: u32, rounding: Rounding) -> (Invoice, Invoice) {
    let currency = Currency::from_code(currency).unwrap();
    let mut sold = quote(vec![line("L1", "Work", hourly(vec![role("Dev", rate, Some("dev@x"))], None, CapMode::Fit))]);
    sold.currency = currency;
    let entity = LegalEntity { rounding, closed_through: None, ..entity() };
    let mut book = Book::open_with(&sold, entity, BillingPolicy::default());
    let entry = book.entry("e", "L1", "dev@x", "2026-03-02", minutes);
    book.time(&entry);
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    book.post(&invoice);
    let mut gone = entry.clone();
    gone.header.version = Some("2".into());
    gone.status = TimeStatus::Rejected;
    let credit = credited(&book.time(&gone)).unwrap();
    (invoice, credit)
}

#[test]
fn other_currencies_have_other_decimals() {
    let (yen, credit) = abroad("JPY", "9833", 750, Rounding::HalfUp);
    assert_eq!(yen.totals.net.to_string(), "JPY 122913");
    assert_eq!(credit.totals.gross, yen.totals.gross);
    let (yen, _) = abroad("JPY", "9833", 750, Rounding::HalfEven);
    assert_eq!(yen.totals.net.to_string(), "JPY 122912");
    let (dinar, credit) = abroad("KWD", "41.3335", 435, Rounding::HalfUp);
    assert_eq!(dinar.totals.net.to_string(), "KWD 299.668");
    assert_eq!(credit.totals.gross, dinar.totals.gross);
}

#[test]
fn a_number_is_posted_once() {
    let mut book = Book::open(&helix_quote());
    book.accept("L2", "M1", "2026-03-10");
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    book.post(&invoice);
    let again = billing::Posting {
        invoice: invoice.header.id.unwrap(),
        number: "INV-9999".into(),
        on: day("2026-03-31"),
        share: None,
    };
    assert_eq!(billing::invoice_posted(book.account(), &again, &book.ctx).unwrap_err().code, "NUMBER_CHANGED");
}

#[test]
fn money_for_a_document_that_is_not_posted_is_refused() {
    let mut book = Book::open(&helix_quote());
    book.accept("L2", "M1", "2026-03-10");
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    let payment = |status: PaymentStatus, amount: &str| Payment {
        details: None,
        header: Header { id: Some(id("p")), ..Header::default() },
        invoice: Link::Id(invoice.header.id.clone().unwrap()),
        amount: euros(amount),
        value_date: day("2026-04-20"),
        fx: None,
        status,
    };
    let refused = billing::payment(book.account(), &payment(PaymentStatus::Settled, "1.00"), &book.ctx).unwrap_err();
    assert_eq!(refused.code, "INVOICE_NOT_POSTED");
    book.post(&invoice);
    assert!(
        book.decide(|account, ctx| billing::payment(account, &payment(PaymentStatus::Pending, "42840.00"), ctx))
            .is_empty()
    );
    let paid = book.decide(|account, ctx| billing::payment(account, &payment(PaymentStatus::Settled, "42840.00"), ctx));
    let AccountEvent::PaymentApplied(applied) = &paid[0] else { panic!() };
    assert_eq!((applied.open, applied.status), (euros("0.00"), InvoiceStatus::Paid));
    let back =
        book.decide(|account, ctx| billing::payment(account, &payment(PaymentStatus::Reversed, "42840.00"), ctx));
    let AccountEvent::PaymentApplied(applied) = &back[0] else { panic!() };
    assert_eq!(
        (applied.amount, applied.open, applied.status),
        (euros("-42840.00"), euros("42840.00"), InvoiceStatus::Posted)
    );
}
