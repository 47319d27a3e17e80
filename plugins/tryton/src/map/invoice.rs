//! Invoices, prepayment invoices and credit notes. Tryton has one type for all three: a credit
//! note is a customer invoice of negative quantities.

use quoin_sdk::{Decimal, Fault, FaultKind, Invoice, InvoiceLine, InvoiceStatus, InvoiceType};

use super::Figures;
use crate::config::unit_code;
use crate::wire::{Document, Id, NewLine, Numeric, adding};

/// -1 on a credit note, whose canonical amounts are positive; else 1.
pub fn sign(kind: InvoiceType) -> Decimal {
    match kind {
        InvoiceType::CreditNote => Decimal::NEGATIVE_ONE,
        InvoiceType::Invoice | InvoiceType::Prepayment => Decimal::ONE,
    }
}

/// Ids that a line needs.
#[derive(Debug, Clone)]
pub struct Targets {
    pub product: Id,
    pub unit: Id,
    pub account: Id,
    pub tax: Id,
    /// The sale line it bills, when that sells the same product.
    pub sale_line: Option<Id>,
    /// The line is written as one piece worth its net, because its unit holds fewer digits than its
    /// quantity has: rounding either would change the net.
    pub whole: bool,
}

/// A line of the document.
pub fn line(line: &InvoiceLine, kind: InvoiceType, targets: Targets) -> NewLine {
    let (quantity, price, description) = if targets.whole {
        let unit = unit_code(line.quantity.unit);
        let measured = format!("{} ({} {unit} at {})", line.description, line.quantity.value, line.unit_price);
        (Decimal::ONE, line.net.amount, measured)
    } else {
        (line.quantity.value, line.unit_price, line.description.clone())
    };
    NewLine {
        kind: "line",
        product: targets.product,
        quantity: sign(kind) * quantity,
        unit: targets.unit,
        unit_price: Numeric::of(price),
        description,
        note: line.service_period.map(|period| format!("{} to {}", period.from, period.to)),
        taxes: adding(vec![targets.tax]),
        account: Some(targets.account),
        origin: targets.sale_line.map(|id| format!("sale.line,{id}")),
    }
}

/// What the document says beside its lines.
pub fn description(invoice: &Invoice) -> String {
    match &invoice.preceding_invoice {
        Some(number) => format!("{}, corrects {number}", invoice.contract_number),
        None => invoice.contract_number.clone(),
    }
}

/// Compares Tryton's totals with ours, before anything is posted.
///
/// # Errors
/// With both figures.
pub fn agree(invoice: &Invoice, have: Option<Figures>) -> Result<(), Fault> {
    let sign = sign(invoice.kind);
    let totals = &invoice.totals;
    for (path, name, ours, theirs) in [
        ("/totals/net", "net", totals.net, have.map(|have| have.net)),
        ("/totals/tax", "tax", totals.tax, have.map(|have| have.tax)),
        ("/totals/gross", "gross", totals.gross, have.map(|have| have.gross)),
    ] {
        if theirs.map(|theirs| sign * theirs) != Some(ours.amount) {
            let theirs = theirs.map_or("nothing".to_owned(), |amount| format!("{} {}", ours.currency, sign * amount));
            let message = format!(
                "Tryton computes a {name} total of {theirs}, ours is {ours}; nothing was posted. Compare tax, rounding and price decimals"
            );
            return Err(Fault::new(FaultKind::InvalidData, "TOTALS_DIFFER", message).at(path));
        }
    }
    Ok(())
}

/// Whether the document has been posted.
pub fn is_posted(document: &Document) -> bool {
    matches!(document.state.as_str(), "posted" | "paid")
}

/// The invoice as Tryton now holds it.
pub fn posted(invoice: &Invoice, have: &Document) -> Invoice {
    let mut posted = invoice.clone();
    posted.number.clone_from(&have.number);
    posted.status = if have.state == "paid" { InvoiceStatus::Paid } else { InvoiceStatus::Posted };
    posted.header.external = Some(have.id.to_string());
    posted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_quantity_too_fine_for_its_unit_is_one_piece_worth_the_net() {
        let given: InvoiceLine = serde_json::from_value(json!({
            "id": "1", "description": "Discovery", "contract_line": "L1", "quantity": {"value": "20.466667", "unit": "HUR"},
            "unit_price": "150.00", "net": {"amount": "3070.00", "currency": "EUR"}, "tax": {"category": "S", "rate_percent": "19"},
        }))
        .unwrap();
        let targets = |whole| Targets { product: 1, unit: 2, account: 3, tax: 4, sale_line: None, whole };
        let written = |kind, whole| {
            let line = line(&given, kind, targets(whole));
            (line.quantity.to_string(), line.unit_price.value().unwrap().to_string(), line.description)
        };
        let own = |quantity: &str, price: &str, description: &str| {
            (quantity.to_owned(), price.to_owned(), description.to_owned())
        };
        let shown = "Discovery (20.466667 HUR at 150.00)";
        assert_eq!(written(InvoiceType::Invoice, false), own("20.466667", "150.00", "Discovery"));
        assert_eq!(written(InvoiceType::Invoice, true), own("1", "3070.00", shown));
        assert_eq!(written(InvoiceType::CreditNote, true), own("-1", "3070.00", shown));
    }
}
