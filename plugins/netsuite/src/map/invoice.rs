//! Invoices, prepayment invoices and credit memos.

use quoin_sdk::{Decimal, Fault, FaultKind, Invoice, InvoiceLine, InvoiceStatus, InvoiceType};

use super::{cut, put};
use crate::config::{Config, Custom};
use crate::wire::{Apply, CustomFields, Document, Line, Ref, Sublist};

/// Characters that a line's description holds.
const DESCRIPTION_CHARS: usize = 4_000;

/// The record type of a document.
pub fn record(kind: InvoiceType) -> &'static str {
    match kind {
        InvoiceType::Invoice | InvoiceType::Prepayment => "invoice",
        InvoiceType::CreditNote => "creditMemo",
    }
}

/// The document type code (UNTDID 1001) that tells a prepayment from an ordinary invoice.
fn type_code(kind: InvoiceType) -> &'static str {
    match kind {
        InvoiceType::Invoice => "380",
        InvoiceType::CreditNote => "381",
        InvoiceType::Prepayment => "386",
    }
}

/// The invoice that a credit memo corrects.
#[derive(Debug, Clone, PartialEq)]
pub struct Original {
    /// Its internal id.
    pub id: String,
    /// What is still to be paid on it.
    pub open: Decimal,
}

/// The vendor ids a document needs.
#[derive(Debug)]
pub struct Targets<'a> {
    /// Customer.
    pub customer: &'a str,
    /// Project.
    pub job: Option<&'a str>,
    /// Item of each line.
    pub items: Vec<Ref>,
    /// What a credit memo corrects.
    pub original: Option<&'a Original>,
}

/// A document as it is posted.
pub fn document(invoice: &Invoice, config: &Config, targets: Targets<'_>) -> Result<Document, Fault> {
    let mut lines = Vec::with_capacity(invoice.lines.len());
    for (at, (line, item)) in invoice.lines.iter().zip(targets.items).enumerate() {
        lines.push(document_line(line, at, item, config)?);
    }
    let mut custom = CustomFields::new();
    put(&mut custom, config.field(Custom::Contract), &invoice.contract_number);
    put(&mut custom, config.field(Custom::DocumentType), type_code(invoice.kind));
    let credit = invoice.kind == InvoiceType::CreditNote;
    let period = invoice.period.filter(|_| !credit);
    Ok(Document {
        entity: Some(Ref::to(targets.customer)),
        job: targets.job.map(Ref::to),
        subsidiary: Some(config.subsidiary(&invoice.selling_entity)?),
        currency: Some(config.currency(invoice.currency)?),
        created_from: targets.original.map(|original| Ref::to(&original.id)),
        tran_date: Some(invoice.issued_on),
        due_date: (!credit).then_some(invoice.due_on),
        start_date: period.map(|period| period.from),
        end_date: period.map(|period| period.to),
        other_ref_num: Some(invoice.contract_number.clone()),
        memo: invoice.preceding_invoice.as_ref().map(|number| format!("Corrects {number}")),
        item: Sublist::of(lines),
        apply: targets.original.and_then(|original| application(original, invoice.totals.gross.amount)),
        custom,
        ..Document::default()
    })
}

/// A credit memo settles what is still open on its invoice; the rest stays with the customer.
fn application(original: &Original, gross: Decimal) -> Option<Sublist<Apply>> {
    let amount = original.open.min(gross);
    let apply = Apply { doc: Ref::to(&original.id), apply: true, amount };
    (amount > Decimal::ZERO).then(|| Sublist::of(vec![apply]))
}

fn document_line(line: &InvoiceLine, at: usize, item: Ref, config: &Config) -> Result<Line, Fault> {
    let mut custom = CustomFields::new();
    put(&mut custom, config.field(Custom::ContractLine), &line.contract_line);
    put(&mut custom, config.field(Custom::LineId), &line.id);
    if let Ok(serde_json::Value::String(unit)) = serde_json::to_value(line.quantity.unit) {
        put(&mut custom, config.field(Custom::Unit), unit);
    }
    if let Some(period) = &line.service_period {
        put(&mut custom, config.field(Custom::ServiceFrom), period.from.to_string());
        put(&mut custom, config.field(Custom::ServiceTo), period.to.to_string());
    }
    Ok(Line {
        item: Some(item),
        description: Some(cut(&line.description, DESCRIPTION_CHARS)),
        quantity: Some(line.quantity.value),
        rate: Some(line.unit_price),
        amount: Some(line.net.amount),
        tax_code: Some(config.tax_code(&line.tax, &format!("/lines/{at}/tax"))?),
        custom,
        ..Line::default()
    })
}

/// The invoice as NetSuite now holds it: numbered and posted.
///
/// # Errors
/// With both figures, when NetSuite's totals are not the invoice's: somebody must reconcile.
pub fn posted(invoice: &Invoice, id: &str, have: &Document) -> Result<Invoice, Fault> {
    let totals = &invoice.totals;
    for (path, name, ours, theirs) in [
        ("/totals/net", "net", totals.net, have.subtotal),
        ("/totals/tax", "tax", totals.tax, have.tax_total),
        ("/totals/gross", "gross", totals.gross, have.total),
    ] {
        if theirs != Some(ours.amount) {
            let number = have.tran_id.as_deref().unwrap_or(id);
            let theirs = theirs.map_or("nothing".to_owned(), |amount| format!("{} {amount}", ours.currency));
            let message = format!(
                "{number} in NetSuite has a {name} total of {theirs}, ours is {ours}; correct it there or credit it"
            );
            return Err(Fault::new(FaultKind::InvalidData, "TOTALS_DIFFER", message).at(path));
        }
    }
    let mut posted = invoice.clone();
    posted.number.clone_from(&have.tran_id);
    posted.status = InvoiceStatus::Posted;
    posted.header.external = Some(id.to_owned());
    Ok(posted)
}
