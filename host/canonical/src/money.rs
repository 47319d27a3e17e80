//! Money and quantities: exact decimals with a currency or a unit, never a float.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The currency of a three-letter ISO 4217 code; `None` when there is none.
    pub fn from_code(code: &str) -> Option<Self> {
        iso_currency::Currency::from_code(code).map(Self)
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimal places of its minor unit (ISO 4217: JPY 0, EUR 2, KWD 3). Currencies for which the
    /// standard names none (precious metals, fund codes) count as 0.
    pub fn minor_units(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_code(&code).ok_or_else(|| de::Error::custom(format!("'{code}' is no ISO 4217 currency code")))
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code"})
    }
}

/// How an amount becomes one that can be paid (rule RD1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Half away from zero: 2.345 becomes 2.35, -2.345 becomes -2.35.
    #[default]
    HalfUp,
    /// Half to the even neighbour: 2.345 becomes 2.34.
    HalfEven,
}

impl Rounding {
    /// Rounds to `places` decimals.
    pub fn round(self, value: Decimal, places: u32) -> Decimal {
        let strategy = match self {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        };
        value.round_dp_with_strategy(places, strategy)
    }
}

/// An amount in one currency. In JSON the amount is a decimal string, never a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// The amount in major units (euros, not cents).
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of a currency.
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in that currency.
    pub fn zero(currency: Currency) -> Self {
        Self::new(Decimal::ZERO, currency)
    }

    /// Rounded to the currency's minor unit.
    pub fn rounded(self, rounding: Rounding) -> Self {
        Self::new(rounding.round(self.amount, self.currency.minor_units()), self.currency)
    }
}

impl fmt::Display for Money {
    /// `EUR 1234.50`, always with the currency's own number of decimals or more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut amount = self.amount.normalize();
        if amount.scale() < self.currency.minor_units() {
            amount.rescale(self.currency.minor_units());
        }
        write!(f, "{} {amount}", self.currency)
    }
}

/// A unit of measure, by its UN/ECE Recommendation 20 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Unit {
    /// Hour.
    #[serde(rename = "HUR")]
    Hour,
    /// Minute.
    #[serde(rename = "MIN")]
    Minute,
    /// Day (24 h as a count of days).
    #[serde(rename = "DAY")]
    Day,
    /// Working day.
    #[serde(rename = "E49")]
    WorkingDay,
    /// Week.
    #[serde(rename = "WEE")]
    Week,
    /// Month.
    #[serde(rename = "MON")]
    Month,
    /// Year.
    #[serde(rename = "ANN")]
    Year,
    /// One piece.
    #[serde(rename = "C62")]
    One,
    /// Lump sum.
    #[serde(rename = "LS")]
    LumpSum,
    /// Kilometre.
    #[serde(rename = "KMT")]
    Kilometre,
    /// Percent.
    #[serde(rename = "P1")]
    Percent,
}

impl Unit {
    /// Every unit we know, in order.
    pub const ALL: [Unit; 11] = [
        Unit::Hour,
        Unit::Minute,
        Unit::Day,
        Unit::WorkingDay,
        Unit::Week,
        Unit::Month,
        Unit::Year,
        Unit::One,
        Unit::LumpSum,
        Unit::Kilometre,
        Unit::Percent,
    ];

    /// Its code in UN/ECE Recommendation 20.
    pub fn code(self) -> &'static str {
        match self {
            Unit::Hour => "HUR",
            Unit::Minute => "MIN",
            Unit::Day => "DAY",
            Unit::WorkingDay => "E49",
            Unit::Week => "WEE",
            Unit::Month => "MON",
            Unit::Year => "ANN",
            Unit::One => "C62",
            Unit::LumpSum => "LS",
            Unit::Kilometre => "KMT",
            Unit::Percent => "P1",
        }
    }

    /// The unit of a code; `None` when we bill nothing in it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.code() == code)
    }
}

/// A decimal count of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Quantity {
    /// How many.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub value: Decimal,
    /// Of what.
    pub unit: Unit,
}
