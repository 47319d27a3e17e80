//! Decimals that vendors send as JSON numbers, read from their digits and never through a float.
//!
//! `#[serde(with = "quoin_sdk::exact")]` on a `Decimal` or (with `#[serde(default)]`) an
//! `Option<Decimal>`. Reads a number or a string that holds one; writes a number, digit for digit.
//! The digits are only there while the JSON text itself is read: the field must not lie below
//! `#[serde(flatten)]` or an untagged or internally tagged enum, where serde has already made a
//! float of them and this module answers with an error.

use quoin_canonical::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// `Decimal` and `Option<Decimal>`.
pub trait Exact: Sized {
    /// From a decimal that is there.
    fn some(value: Decimal) -> Self;
    /// From `null`, where that is allowed.
    fn null() -> Option<Self>;
    /// The decimal, when there is one.
    fn get(&self) -> Option<Decimal>;
}

impl Exact for Decimal {
    fn some(value: Decimal) -> Self {
        value
    }
    fn null() -> Option<Self> {
        None
    }
    fn get(&self) -> Option<Decimal> {
        Some(*self)
    }
}

impl Exact for Option<Decimal> {
    fn some(value: Decimal) -> Self {
        Some(value)
    }
    fn null() -> Option<Self> {
        Some(None)
    }
    fn get(&self) -> Option<Decimal> {
        *self
    }
}

/// Reads a JSON number, or a string that holds one, digit for digit.
///
/// # Errors
/// When it is neither, or has more digits than a `Decimal` holds: it is never rounded.
pub fn deserialize<'de, T: Exact, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get();
    if text == "null" {
        return T::null().ok_or_else(|| D::Error::custom("a number is required here, not null"));
    }
    let unquoted: String;
    let digits = if text.starts_with('"') {
        unquoted = serde_json::from_str(text).map_err(D::Error::custom)?;
        unquoted.trim()
    } else {
        text
    };
    parse(digits).map(T::some).ok_or_else(|| D::Error::custom(format!("{text} is no decimal of at most 28 digits")))
}

/// Writes a JSON number, digit for digit; `null` for none.
///
/// # Errors
/// The serializer's own.
pub fn serialize<T: Exact, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(decimal) = value.get() else { return serializer.serialize_none() };
    RawValue::from_string(decimal.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}

/// The decimal that these digits say exactly; `None` when there is none, or rounding would be needed.
pub fn parse(digits: &str) -> Option<Decimal> {
    let Some((mantissa, exponent)) = digits.split_once(['e', 'E']) else {
        return Decimal::from_str_exact(digits).ok();
    };
    let mantissa = Decimal::from_str_exact(mantissa).ok()?.normalize();
    if mantissa.is_zero() {
        return Some(mantissa);
    }
    let exponent: i32 = exponent.parse().ok()?;
    let scale = i32::try_from(mantissa.scale()).ok()?.checked_sub(exponent)?;
    let power = |tens: i32| 10_i128.checked_pow(u32::try_from(tens).ok()?);
    if scale >= 0 {
        Decimal::try_from_i128_with_scale(mantissa.mantissa(), u32::try_from(scale).ok()?).ok()
    } else {
        let whole = mantissa.mantissa().checked_mul(power(-scale)?)?;
        Decimal::try_from_i128_with_scale(whole, 0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Row {
        #[serde(with = "crate::exact")]
        amount: Decimal,
        #[serde(default, with = "crate::exact")]
        rate: Option<Decimal>,
    }

    #[test]
    fn digits_are_kept() {
        let cases = [
            ("0.1", "0.1"),
            ("100.10", "100.10"),
            ("-38562.5", "-38562.5"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("0.1234567890123456789012345678", "0.1234567890123456789012345678"),
            ("1e3", "1000"),
            ("1.25E-2", "0.0125"),
            ("0e99", "0"),
            ("\" 12.30 \"", "12.30"),
        ];
        for (json, decimal) in cases {
            let row: Row = serde_json::from_str(&format!("{{\"amount\":{json}}}")).unwrap();
            assert_eq!(row.amount.to_string(), decimal, "{json}");
            assert_eq!(row.rate, None);
        }
    }

    #[test]
    fn what_would_need_rounding_or_is_no_number_is_refused() {
        for json in ["0.12345678901234567890123456789", "1e29", "1e-40", "\"abc\"", "null", "true", "{}"] {
            assert!(serde_json::from_str::<Row>(&format!("{{\"amount\":{json}}}")).is_err(), "{json}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        let row: Row = serde_json::from_str(r#"{"amount":0.30000000000000004,"rate":null}"#).unwrap();
        assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"amount":0.30000000000000004,"rate":null}"#);
    }

    #[test]
    fn a_float_that_serde_made_is_refused_not_taken() {
        #[derive(Debug, Deserialize)]
        struct Outer {
            #[serde(flatten)]
            _row: Row,
        }
        assert!(serde_json::from_str::<Outer>(r#"{"amount":0.1}"#).is_err());
    }
}
