//! Decimals in JSON: strings of plain digits, never numbers.
//!
//! `#[serde(with = "crate::exact")]` on a `Decimal`, `crate::exact::option` on an optional one. A
//! JSON number has been a float in somebody's memory by the time it is read, so it is refused; so
//! are exponents, signs other than minus, and grouping, which other readers take differently.

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de};

/// Reads `-?digits[.digits]`; `None` for anything else, or for more than 28 digits.
pub fn parse(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

/// Writes the digits as a string.
///
/// # Errors
/// What the serializer reports.
pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Reads a string of digits.
///
/// # Errors
/// When it is no string, or not of plain digits, or longer than a decimal holds exactly.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    parse(&text)
        .ok_or_else(|| de::Error::custom(format!("'{text}' is no decimal; write plain digits, such as \"-12.50\"")))
}

/// The same for `Option<Decimal>`; use it with `#[serde(default)]`.
pub mod option {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the digits as a string, or null.
    ///
    /// # Errors
    /// What the serializer reports.
    pub fn serialize<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a string of digits, or null.
    ///
    /// # Errors
    /// As [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        #[derive(Deserialize)]
        struct Digits(#[serde(with = "super")] Decimal);
        Ok(Option::<Digits>::deserialize(deserializer)?.map(|digits| digits.0))
    }
}

/// How such a decimal looks in a JSON Schema.
#[derive(Debug)]
pub struct Digits;

impl JsonSchema for Digits {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$", "description": "Exact decimal, as digits"})
    }
}

#[cfg(test)]
mod tests {
    use crate::{Money, RoleRate};

    #[test]
    fn only_strings_of_digits_are_decimals() {
        let money =
            |amount: &str| serde_json::from_str::<Money>(&format!("{{\"amount\":{amount},\"currency\":\"EUR\"}}"));
        for good in ["\"0\"", "\"-12.50\"", "\"0.000001\"", "\"79228162514264337593543950335\""] {
            assert!(money(good).is_ok(), "{good}");
        }
        for bad in [
            "1",
            "1.5",
            "\"1e3\"",
            "\"+1\"",
            "\"1_000\"",
            "\"1,000\"",
            "\".5\"",
            "\"5.\"",
            "\"\"",
            "\" 1\"",
            "null",
            "\"NaN\"",
        ] {
            assert!(money(bad).is_err(), "{bad}");
        }
        assert!(money("\"0.00000000000000000000000000001\"").is_err(), "29 decimals would be rounded");
    }

    #[test]
    fn trailing_zeros_survive() {
        let text = r#"{"amount":"195.00","currency":"EUR"}"#;
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Money>(text).unwrap()).unwrap(), text);
    }

    #[test]
    fn optional_decimals_are_the_same() {
        let role =
            |hours: &str| serde_json::from_str::<RoleRate>(&format!(r#"{{"role":"R","hourly_rate":"1"{hours}}}"#));
        assert_eq!(role("").unwrap().hours, None);
        assert_eq!(role(r#","hours":null"#).unwrap().hours, None);
        assert!(role(r#","hours":"8.5""#).unwrap().hours.is_some());
        assert!(role(r#","hours":8.5"#).is_err());
    }
}
