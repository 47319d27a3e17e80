//! Payments: lines of the books that settle an invoice.

use quoin_sdk::{Change, Currency, Date, Decimal, Fault, FaultKind, Header, Link, Money, Payment, PaymentStatus};

use crate::wire::PaymentRow;

/// A payment. What stands in the books is settled.
pub fn payment(row: &PaymentRow) -> Result<Change, Fault> {
    let code = &row.paid.currency.code;
    let currency = Currency::from_code(code).ok_or_else(|| unreadable("an ISO 4217 currency", code, "/amount"))?;
    let payment = Payment {
        details: None,
        header: Header::default(),
        invoice: Link::External(row.invoice_payment.to_string()),
        amount: Money::new(amount(row)?, currency),
        value_date: date(row)?,
        status: PaymentStatus::Settled,
        fx: None,
    };
    Change::upsert(row.id.to_string(), Some(row.create_date.text()), &payment)
}

/// What the line takes off the invoice, in the invoice's currency.
fn amount(row: &PaymentRow) -> Result<Decimal, Fault> {
    let (numeric, sign) = match &row.amount_second_currency {
        Some(foreign) => (foreign, Decimal::NEGATIVE_ONE),
        None => (&row.credit, Decimal::ONE),
    };
    let value = numeric.value().ok_or_else(|| unreadable("an amount", &format!("{numeric:?}"), "/amount"))?;
    Ok(sign * value)
}

fn date(row: &PaymentRow) -> Result<Date, Fault> {
    row.date.value().ok_or_else(|| unreadable("a date", &format!("{:?}", row.date), "/value_date"))
}

fn unreadable(what: &str, text: &str, path: &str) -> Fault {
    Fault::new(FaultKind::Other, "UNREADABLE_VALUE", format!("Tryton sent {text} where {what} belongs")).at(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(credit: &str, foreign: Option<&str>) -> PaymentRow {
        let decimal = |digits: &str| json!({"__class__": "Decimal", "decimal": digits});
        serde_json::from_value(json!({
            "id": 4, "invoice_payment": 9, "invoice_payment.": {"id": 9, "write_date": null, "currency.": {"id": 1, "code": "EUR"}},
            "credit": decimal(credit), "amount_second_currency": foreign.map(decimal),
            "date": {"__class__": "date", "year": 2026, "month": 4, "day": 20},
            "create_date": {"__class__": "datetime", "year": 2026, "month": 4, "day": 20, "hour": 9, "minute": 1, "second": 2, "microsecond": 30},
        }))
        .unwrap()
    }

    #[test]
    fn the_amount_is_in_the_invoices_currency() {
        for (credit, foreign, amount) in [("40000.00", None, "40000.00"), ("100.00", Some("-108.50"), "108.50")] {
            let change = payment(&row(credit, foreign)).unwrap();
            let payment: Payment = change.object().unwrap();
            assert_eq!(payment.amount.amount, amount.parse().unwrap());
            assert_eq!(payment.value_date, "2026-04-20".parse().unwrap());
            assert_eq!((change.external.as_str(), payment.status), ("4", PaymentStatus::Settled));
            assert_eq!(change.version.as_deref(), Some("2026-04-20T09:01:02.000030Z"));
        }
    }
}
