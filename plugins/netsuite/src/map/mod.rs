//! Between NetSuite's shapes and the canonical ones: pure, the heart of the connector.

pub mod customer;
pub mod held;
pub mod invoice;
pub mod rows;
pub mod setup;

use quoin_sdk::{BillingMethod, Decimal, Rounding};
use serde_json::Value;

use crate::wire::{CustomFields, Line};

/// Whether a field is as wanted: what is not wanted is not compared.
pub fn fits<T: PartialEq>(wanted: Option<&T>, have: Option<&T>) -> bool {
    wanted.is_none() || wanted == have
}

/// Whether every wanted custom field is there with that value.
pub fn custom_fits(wanted: &CustomFields, have: &CustomFields) -> bool {
    wanted.iter().all(|(name, value)| have.get(name).is_some_and(|have| same_text(value, have)))
}

/// Whether two texts say the same. Billing terms are compared as what they mean: 195.0 is 195.00.
fn same_text(wanted: &Value, have: &Value) -> bool {
    let terms = |value: &Value| serde_json::from_str::<BillingMethod>(value.as_str()?).ok();
    wanted == have || terms(wanted).is_some_and(|wanted| terms(have) == Some(wanted))
}

/// Whether lines are as wanted, one by one.
pub fn lines_fit(wanted: &[Line], have: &[Line]) -> bool {
    wanted.len() == have.len() && wanted.iter().zip(have).all(|(wanted, have)| line_fits(wanted, have))
}

fn line_fits(wanted: &Line, have: &Line) -> bool {
    fits(wanted.item.as_ref(), have.item.as_ref())
        && fits(wanted.description.as_ref(), have.description.as_ref())
        && fits(wanted.quantity.as_ref(), have.quantity.as_ref())
        && fits(wanted.rate.as_ref(), have.rate.as_ref())
        && fits(wanted.amount.as_ref(), have.amount.as_ref())
        && fits(wanted.tax_code.as_ref(), have.tax_code.as_ref())
        && fits(wanted.billing_schedule.as_ref(), have.billing_schedule.as_ref())
        && custom_fits(&wanted.custom, &have.custom)
}

/// Puts a text into custom fields, unless it is empty.
pub fn put(custom: &mut CustomFields, name: &str, text: impl Into<String>) {
    let text = text.into();
    if !text.is_empty() {
        custom.insert(name.to_owned(), Value::String(text));
    }
}

/// Text cut to what a field of the vendor holds.
pub fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// A product in money, rounded to the currency's minor unit (rule RD1).
pub fn product(quantity: Decimal, rate: Decimal, minor_units: u32) -> Decimal {
    Rounding::HalfUp.round(quantity * rate, minor_units)
}
