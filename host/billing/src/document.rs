//! Puts lines together into a document: sums of rounded lines, tax per category and rate.

use std::collections::BTreeMap;

use quoin_canonical::{
    Address, Customer, Date, Decimal, Header, Id, Invoice, InvoiceLine, InvoiceStatus, InvoiceType, Link, Money,
    Period, Quantity, TaxCategory, TaxSubtotal, TaxTreatment, Totals, Unit,
};

use crate::account::Account;
use crate::event::BillingEvent;
use crate::policy::{Context, Refusal};
use crate::rounding::allocate;

/// A line before it has a place on a document.
#[derive(Debug, Clone)]
pub struct DraftLine {
    /// Contract line it bills.
    pub contract_line: String,
    /// What it is for.
    pub description: String,
    /// Quantity.
    pub quantity: Decimal,
    /// Its unit.
    pub unit: Unit,
    /// Price per unit.
    pub unit_price: Decimal,
    /// Rounded net.
    pub net: Decimal,
    /// Tax.
    pub tax: TaxTreatment,
    /// When the service was given.
    pub service: Period,
    /// What it sums; document, line and share are filled in here.
    pub events: Vec<BillingEvent>,
}

/// What a document is about, beside its lines.
#[derive(Debug, Clone)]
pub struct Cover {
    /// Type.
    pub kind: InvoiceType,
    /// Issue date.
    pub issued_on: Date,
    /// Number of the document it corrects.
    pub preceding: Option<String>,
    /// Who is billed, where it is not the contract's customer.
    pub buyer: Option<(Customer, Link)>,
}

/// Canonical id of the account's document with this ordinal (from 0).
pub fn document_id(account: &Account, ordinal: u32) -> Id {
    Id::derived(&["invoice", &account.contract.number, &ordinal.to_string()])
}

/// Id of the billing event of one source on one document.
pub fn billing_event_id(document: &Id, source: &str) -> Id {
    Id::derived(&["billing_event", document.as_str(), source])
}

/// Builds a document from lines, in their order, and checks it against EN 16931.
///
/// # Errors
/// `EN16931` when a rule of the standard does not hold; nothing is drafted then.
pub fn build(
    account: &Account,
    ctx: &Context,
    id: &Id,
    cover: Cover,
    drafts: Vec<DraftLine>,
) -> Result<(Invoice, Vec<BillingEvent>), Refusal> {
    let (invoice, billing_events) = assemble(account, ctx, id, cover, drafts)?;
    checked(&invoice, ctx)?;
    Ok((invoice, billing_events))
}

/// Takes what was paid in advance off what is due, and checks the document against EN 16931.
///
/// # Errors
/// `EN16931`.
pub fn prepaid(invoice: &mut Invoice, gross: Decimal, ctx: &Context) -> Result<(), Refusal> {
    invoice.totals.prepaid.amount = gross;
    invoice.totals.due.amount = invoice.totals.gross.amount - gross;
    checked(invoice, ctx)
}

/// Builds a document from lines, in their order, without checking it.
///
/// # Errors
/// `PAYMENT_TERMS` when there is no due date.
pub fn assemble(
    account: &Account,
    ctx: &Context,
    id: &Id,
    cover: Cover,
    drafts: Vec<DraftLine>,
) -> Result<(Invoice, Vec<BillingEvent>), Refusal> {
    let currency = account.contract.currency;
    let mut lines = Vec::with_capacity(drafts.len());
    let mut billing_events = Vec::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        let line_id = (at + 1).to_string();
        let events = placed(draft.events, id, &line_id, draft.net, currency, cover.kind);
        lines.push(InvoiceLine {
            id: line_id,
            description: draft.description,
            contract_number: None,
            contract_line: draft.contract_line,
            quantity: Quantity { value: draft.quantity, unit: draft.unit },
            unit_price: draft.unit_price,
            net: Money::new(draft.net, currency),
            tax: draft.tax,
            service_period: Some(draft.service),
            billing_events: events.iter().map(|event| event.id.to_string()).collect(),
        });
        billing_events.extend(events);
    }
    let tax = breakdown(&lines, ctx, currency);
    let totals = totals(&lines, &tax, currency);
    let due_on = due_on(account, &cover)?;
    let outside_vat = lines.iter().any(|line| line.tax.category == TaxCategory::O);
    let (mut buyer, customer) =
        cover.buyer.unwrap_or_else(|| (account.buyer.clone(), account.contract.customer.clone()));
    if outside_vat {
        buyer.vat_id = None; // rule BR-O-02: such a document names no VAT id
    }
    let invoice = Invoice {
        details: None,
        header: Header { id: Some(id.clone()), ..Header::default() },
        number: None,
        kind: cover.kind,
        issued_on: cover.issued_on,
        due_on,
        currency,
        selling_entity: ctx.entity.code.clone(),
        seller_name: ctx.entity.name.clone(),
        seller_vat_id: if outside_vat { String::new() } else { ctx.entity.vat_id.clone() },
        seller_address: Some(seller_address(ctx)),
        buyer,
        customer,
        project: account.project.header.id.clone().map(Link::Id),
        project_code: Some(account.project.code.clone()),
        contract_number: account.contract.number.clone(),
        preceding_invoice: cover.preceding,
        period: billing_period(&lines),
        lines,
        tax,
        totals,
        status: InvoiceStatus::Draft,
    };
    Ok((invoice, billing_events))
}

/// The registered address as printed (rules BR-08 and BR-09): its country is the entity's where the
/// configuration names none of its own.
fn seller_address(ctx: &Context) -> Address {
    let mut address = ctx.entity.address.clone();
    if address.country.is_empty() {
        address.country.clone_from(&ctx.entity.country);
    }
    address
}

pub(crate) fn checked(invoice: &Invoice, ctx: &Context) -> Result<(), Refusal> {
    crate::en16931::check(invoice).map_err(|broken| {
        let all: Vec<String> = broken.iter().map(ToString::to_string).collect();
        let path = broken.first().map(|first| first.path.clone()).unwrap_or_default();
        Refusal::new("EN16931", all.join("; ")).field(path).owner(&ctx.policy.owners.finance)
    })
}

/// Gives the events of a line their place and their share of its rounded net (rule RD-05). On a
/// credit note events are negative while the line is positive.
fn placed(
    mut events: Vec<BillingEvent>,
    document: &Id,
    line: &str,
    net: Decimal,
    currency: quoin_canonical::Currency,
    kind: InvoiceType,
) -> Vec<BillingEvent> {
    let signed = if kind == InvoiceType::CreditNote { Decimal::ZERO - net } else { net };
    let exact: Vec<Decimal> = events.iter().map(|event| event.amount).collect();
    let shares = allocate(signed, &exact, currency);
    let sum: Decimal = exact.iter().sum();
    let count = events.len();
    for (event, share) in events.iter_mut().zip(shares) {
        event.id = billing_event_id(document, &event.source_key());
        event.invoice = document.clone();
        event.line = line.to_owned();
        event.net = share;
        event
            .steps
            .push(format!("line {line} sums {count} to {}, rounded to {net}; its share {share}", sum.normalize()));
    }
    events
}

fn due_on(account: &Account, cover: &Cover) -> Result<Date, Refusal> {
    if cover.kind == InvoiceType::CreditNote {
        return Ok(cover.issued_on);
    }
    let days = account.contract.payment_terms_days;
    cover.issued_on.checked_add(jiff::Span::new().days(i64::from(days))).map_err(|_| {
        Refusal::new(
            "PAYMENT_TERMS",
            format!("{days} days after {} is no date; correct the payment terms", cover.issued_on),
        )
        .field("/payment_terms_days")
    })
}

/// From the first to the last day of service on any line: a line's period lies within it.
fn billing_period(lines: &[InvoiceLine]) -> Option<Period> {
    let periods = || lines.iter().filter_map(|line| line.service_period);
    Some(Period { from: periods().map(|period| period.from).min()?, to: periods().map(|period| period.to).max()? })
}

/// Tax per category and rate: the rounded lines are summed, then taxed, then rounded (rule RD4).
pub fn breakdown(lines: &[InvoiceLine], ctx: &Context, currency: quoin_canonical::Currency) -> Vec<TaxSubtotal> {
    let mut groups: BTreeMap<(TaxCategory, Option<Decimal>), Decimal> = BTreeMap::new();
    for line in lines {
        let rate = line.tax.rate_percent.map(|rate| rate.normalize());
        *groups.entry((line.tax.category, rate)).or_default() += line.net.amount;
    }
    groups
        .into_iter()
        .map(|((category, rate_percent), taxable)| {
            let tax = taxable * rate_percent.unwrap_or_default() / Decimal::ONE_HUNDRED;
            TaxSubtotal {
                category,
                rate_percent,
                taxable: Money::new(taxable, currency),
                tax: Money::new(tax, currency).rounded(ctx.entity.rounding),
            }
        })
        .collect()
}

fn totals(lines: &[InvoiceLine], tax: &[TaxSubtotal], currency: quoin_canonical::Currency) -> Totals {
    let net: Decimal = lines.iter().map(|line| line.net.amount).sum();
    let tax: Decimal = tax.iter().map(|row| row.tax.amount).sum();
    let money = |amount| Money::new(amount, currency);
    Totals {
        net: money(net),
        tax: money(tax),
        gross: money(net + tax),
        prepaid: money(Decimal::ZERO),
        due: money(net + tax),
    }
}
