//! Reading values out of an event's body, which may be of a kind this room has never heard of.

use quoin_canonical::{Currency, Decimal, Money};
use serde_json::Value;

/// The first of these JSON pointers that holds non-empty text or a number, as text.
pub fn text(body: &Value, pointers: &[&str]) -> Option<String> {
    pointers.iter().find_map(|pointer| match body.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// The first of these JSON pointers that holds an amount with its currency.
pub fn money(body: &Value, pointers: &[&str]) -> Option<Money> {
    pointers.iter().find_map(|pointer| as_money(body.pointer(pointer)?))
}

/// An object with exactly an amount and a currency.
pub fn as_money(value: &Value) -> Option<Money> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    let amount: Decimal = fields.get("amount")?.as_str()?.parse().ok()?;
    Some(Money::new(amount, Currency::from_code(fields.get("currency")?.as_str()?)?))
}

/// The first of these JSON pointers that holds a decimal, as text or as a whole number.
pub fn decimal(body: &Value, pointers: &[&str]) -> Option<Decimal> {
    text(body, pointers)?.parse().ok()
}

/// `over_cap_held` as `Over cap held`.
pub fn words(name: &str) -> String {
    let spaced = name.replace(['_', '.', '-'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn money_is_an_amount_with_its_currency_and_nothing_else() {
        assert!(as_money(&json!({"amount": "1.50", "currency": "EUR"})).is_some());
        for other in [
            json!({"amount": 1.5, "currency": "EUR"}),
            json!({"amount": "1.50", "currency": "XYZW"}),
            json!({"amount": "1.50"}),
            json!({"amount": "1", "currency": "EUR", "rate": "2"}),
            json!("1.50"),
        ] {
            assert_eq!(as_money(&other), None, "{other}");
        }
    }
}
