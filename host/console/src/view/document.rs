//! An invoice as it stands on paper.

use api::format;
use api::read::InvoiceDetail;
use quoin_canonical::{Customer, Invoice, InvoiceLine, InvoiceType, Money, Period, Quantity, TaxCategory, Unit};

use super::{Amount, date, tone_of, words};

/// An invoice or credit note.
pub struct Document {
    /// Number.
    pub number: String,
    /// Business key of the deal.
    pub key: String,
    /// The contracts that it bills, where it bills several.
    pub contracts: Vec<String>,
    /// `Invoice`, `Credit note`, `Retainer invoice`.
    pub title: &'static str,
    /// Type code (UNTDID 1001).
    pub kind: &'static str,
    /// Status in words.
    pub status: String,
    /// Colour class of the status.
    pub tone: &'static str,
    /// Seller's name.
    pub seller: String,
    /// Seller's VAT id.
    pub seller_vat: String,
    /// Buyer's name and address, line by line.
    pub buyer: Vec<String>,
    /// What stands beside them: label and value.
    pub particulars: Vec<(&'static str, String)>,
    /// Lines.
    pub lines: Vec<LineView>,
    /// Tax breakdown: label, taxable, tax.
    pub tax: Vec<(String, Amount, Amount)>,
    /// Why no tax is charged, where none is.
    pub exemptions: Vec<String>,
    /// Net.
    pub net: Amount,
    /// Gross.
    pub gross: Amount,
    /// What it adds to what the customer owes, among others: below zero for a credit note.
    pub owed: Amount,
    /// Paid in advance, when anything.
    pub prepaid: Option<Amount>,
    /// Taken off by credit notes, if anything.
    pub credited: Option<Amount>,
    /// Paid, when anything.
    pub paid: Option<Amount>,
    /// Still to pay.
    pub open: Amount,
}

/// One line.
pub struct LineView {
    /// Line id.
    pub id: String,
    /// What it is for.
    pub description: String,
    /// Service period and contract line.
    pub under: String,
    /// Quantity with its unit.
    pub quantity: String,
    /// Price per unit.
    pub price: String,
    /// Net.
    pub net: Amount,
}

impl From<&InvoiceDetail> for Document {
    fn from(detail: &InvoiceDetail) -> Self {
        let invoice = &detail.invoice;
        let status = serde_json::to_value(detail.status)
            .ok()
            .and_then(|status| status.as_str().map(str::to_owned))
            .unwrap_or_default();
        let credit = invoice.kind == InvoiceType::CreditNote;
        let settled = invoice.totals.due.amount - detail.open.amount;
        let paid = Money::new(settled - detail.credited.amount, invoice.currency);
        let (title, kind) = title(invoice.kind);
        let gross = invoice.totals.gross;
        Self {
            number: detail.number.clone(),
            key: detail.key.clone(),
            contracts: detail.contracts.clone(),
            title,
            kind,
            tone: tone_of(&status),
            status: words(&status),
            seller: invoice.seller_name.clone(),
            seller_vat: invoice.seller_vat_id.clone(),
            buyer: buyer(&invoice.buyer),
            particulars: particulars(invoice),
            lines: invoice.lines.iter().map(|line| line_view(detail, line)).collect(),
            tax: invoice
                .tax
                .iter()
                .map(|row| {
                    (tax_label(row.category, row.rate_percent), Amount::from(&row.taxable), Amount::from(&row.tax))
                })
                .collect(),
            exemptions: exemptions(invoice),
            net: Amount::from(&invoice.totals.net),
            gross: Amount::from(&gross),
            owed: Amount::from(&if credit { Money::new(-gross.amount, gross.currency) } else { gross }),
            prepaid: (!invoice.totals.prepaid.amount.is_zero()).then(|| Amount::from(&invoice.totals.prepaid)),
            credited: (!detail.credited.amount.is_zero()).then(|| Amount::from(&detail.credited)),
            paid: (!credit && !paid.amount.is_zero()).then(|| Amount::from(&paid)),
            open: Amount::from(&detail.open),
        }
    }
}

fn title(kind: InvoiceType) -> (&'static str, &'static str) {
    match kind {
        InvoiceType::Invoice => ("Invoice", "380"),
        InvoiceType::CreditNote => ("Credit note", "381"),
        InvoiceType::Prepayment => ("Prepayment invoice", "386"),
    }
}

fn buyer(customer: &Customer) -> Vec<String> {
    let mut lines = vec![customer.name.clone()];
    let address = customer.addresses.iter().find(|address| address.purpose == "billing").or(customer.addresses.first());
    if let Some(address) = address {
        lines.extend(address.lines.iter().cloned());
        lines.push(format!("{} {}", address.postal_code, address.city).trim().to_owned());
        lines.push(address.country.clone());
    }
    lines.extend(customer.vat_id.as_ref().map(|id| format!("VAT {id}")));
    lines.retain(|line| !line.is_empty());
    lines
}

fn particulars(invoice: &Invoice) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("Issued", date(invoice.issued_on)),
        ("Due", date(invoice.due_on)),
        ("Contract", invoice.contract_number.clone()),
    ];
    rows.extend(invoice.project_code.clone().map(|code| ("Project", code)));
    rows.extend(invoice.period.map(|span| ("Period", period(span))));
    rows.extend(invoice.preceding_invoice.clone().map(|number| ("Corrects", number)));
    rows
}

fn period(span: Period) -> String {
    if span.from == span.to { date(span.from) } else { format!("{} to {}", date(span.from), date(span.to)) }
}

fn exemptions(invoice: &Invoice) -> Vec<String> {
    let mut reasons: Vec<String> = invoice.lines.iter().filter_map(|line| line.tax.exemption_reason.clone()).collect();
    reasons.dedup();
    reasons
}

fn tax_label(category: TaxCategory, rate: Option<quoin_canonical::Decimal>) -> String {
    match rate {
        Some(rate) => format!("VAT {} % ({category:?})", format::number(rate)),
        None => format!("No VAT ({category:?})"),
    }
}

fn line_view(detail: &InvoiceDetail, line: &InvoiceLine) -> LineView {
    let served = line.service_period.map_or(String::new(), |span| format!(" \u{b7} {}", period(span)));
    LineView {
        id: line.id.clone(),
        description: line.description.clone(),
        under: format!("contract line {}{served}", line.contract_line),
        quantity: quantity(&line.quantity),
        price: format::amount(&Money::new(line.unit_price, detail.invoice.currency)),
        net: Amount::from(&line.net),
    }
}

/// `125.5 h`.
pub fn quantity(quantity: &Quantity) -> String {
    format!("{} {}", format::number(quantity.value), unit(quantity.unit))
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Hour => "h",
        Unit::Minute => "min",
        Unit::Day | Unit::WorkingDay => "d",
        Unit::Week => "wk",
        Unit::Month => "mo",
        Unit::Year => "yr",
        Unit::One => "pc",
        Unit::LumpSum => "lump sum",
        Unit::Kilometre => "km",
        Unit::Percent => "%",
    }
}
