//! Arithmetic of document lines: amounts, tax, totals.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::account::{Account, TaxRounding};
use crate::doc::{self, Doc, number};
use crate::refusal::Refusal;

/// How far a line's amount may lie from quantity times rate: the last cent, for rounding.
const LINE_TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// Half away from zero, to the cent. Every currency of this account has two decimals.
pub fn cents(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Completes the lines of a document and puts subtotal, tax and total on it.
///
/// # Errors
/// When a line's amount is not quantity times rate, or negative quantities and amounts meet.
pub fn total(account: &Account, document: &mut Doc) -> Result<(), Refusal> {
    let mut net = Decimal::ZERO;
    let mut per_code: BTreeMap<u64, Decimal> = BTreeMap::new();
    let mut per_line = Decimal::ZERO;
    for (at, line) in doc::lines_mut(document, "item").enumerate() {
        let amount = amount(line, at)?;
        let code = doc::reference(line, "taxCode").unwrap_or_default();
        let rate = account.lists.tax_rate(code).unwrap_or_default();
        let tax = cents(amount * rate / Decimal::ONE_HUNDRED);
        line.insert("amount".into(), number(amount));
        line.insert("taxRate1".into(), number(rate));
        line.insert("tax1Amt".into(), number(tax));
        net += amount;
        per_line += tax;
        *per_code.entry(code).or_default() += amount;
    }
    let tax = match account.tax_rounding {
        TaxRounding::PerLine => per_line,
        TaxRounding::PerCode => per_code
            .iter()
            .map(|(code, base)| cents(base * account.lists.tax_rate(*code).unwrap_or_default() / Decimal::ONE_HUNDRED))
            .sum(),
    };
    document.insert("subtotal".into(), number(net));
    document.insert("taxTotal".into(), number(tax));
    document.insert("total".into(), number(net + tax));
    Ok(())
}

/// The line's amount: as sent, or quantity times rate.
fn amount(line: &mut Doc, at: usize) -> Result<Decimal, Refusal> {
    let sent = |name: &str| line.get(name).and_then(doc::decimal);
    let quantity = sent("quantity").unwrap_or(Decimal::ONE);
    let product = sent("rate").map(|rate| cents(quantity * rate));
    let amount = match (sent("amount"), product) {
        (Some(amount), Some(product)) if (amount - product).abs() > LINE_TOLERANCE => {
            let detail = format!("Invalid amount {amount}: quantity times rate is {product}.");
            return Err(Refusal::user_error(detail).at_path(format!("item.items[{at}].amount")));
        }
        (Some(amount), _) => amount,
        (None, Some(product)) => product,
        (None, None) => {
            return Err(
                Refusal::user_error("Please enter value(s) for: Amount").at_path(format!("item.items[{at}].amount"))
            );
        }
    };
    if amount != cents(amount) {
        let detail = format!("Invalid amount {amount}: the currency has two decimals.");
        return Err(Refusal::user_error(detail).at_path(format!("item.items[{at}].amount")));
    }
    line.insert("quantity".into(), number(quantity));
    Ok(amount)
}
