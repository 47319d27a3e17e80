//! What is wrong with an object, and where.

use std::collections::BTreeSet;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};
use crate::{Date, Header, Link};

/// Longest name, description or reason, in characters: more than any vendor's field holds, and
/// little enough that a runaway text is noticed at the border.
pub const TEXT_LIMIT_CHARS: usize = 4_000;

/// Largest amount, in major units: above any contract in any currency, and far below the 28 digits
/// at which a product of two amounts would no longer be exact.
pub const AMOUNT_LIMIT: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0); // 10^15

/// Longest payment terms, in days; longer ones are a slip of the pen.
pub const PAYMENT_TERMS_LIMIT_DAYS: u16 = 999;

/// One thing wrong, with the path to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// JSON pointer to the field (RFC 6901), such as `/lines/0/rate`.
    pub path: String,
    /// Short stable code, such as `NEGATIVE_QUANTITY`.
    pub code: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.code, self.path, self.message)
    }
}

impl std::error::Error for Invalid {}

/// Where in an object one looks, as a JSON pointer: written out only if something is wrong there, since objects that
/// are in order pass here by the million.
pub trait Path: fmt::Display + Copy {}

impl<T: fmt::Display + Copy> Path for T {}

/// Collects what is wrong while walking an object. Paths and messages are written out only when they are needed:
/// pass `format_args!`.
#[derive(Debug, Default)]
pub struct Problems(Vec<Invalid>);

impl Problems {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a problem unless `ok` holds.
    pub fn require(&mut self, ok: bool, path: impl fmt::Display, code: &str, message: impl fmt::Display) {
        if !ok {
            self.note(&path, code, &message);
        }
    }

    #[cold]
    fn note(&mut self, path: &dyn fmt::Display, code: &str, message: &dyn fmt::Display) {
        self.0.push(Invalid { path: path.to_string(), code: code.to_owned(), message: message.to_string() });
    }

    /// All that was noted; `Ok` when nothing was.
    ///
    /// # Errors
    /// Everything that was noted, in the order it was found.
    pub fn into_result(self) -> Result<(), Vec<Invalid>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    /// A text that must be there, and not be endless.
    pub fn text(&mut self, path: impl Path, text: &str, code: &str, what: &str) {
        self.require(!text.trim().is_empty(), path, code, format_args!("{what} is missing"));
        self.require(
            text.chars().count() <= TEXT_LIMIT_CHARS,
            path,
            "TEXT_TOO_LONG",
            format_args!("{what} has more than {TEXT_LIMIT_CHARS} characters"),
        );
    }

    /// An optional text: absent rather than blank.
    pub fn optional_text(&mut self, path: impl Path, text: Option<&str>, what: &str) {
        if let Some(text) = text {
            self.text(path, text, "BLANK_TEXT", what);
        }
    }

    /// Vendor ids and versions are absent rather than blank.
    pub fn header(&mut self, header: &Header) {
        self.optional_text("/header/external", header.external.as_deref(), "the vendor's id");
        self.optional_text("/header/version", header.version.as_deref(), "the vendor's version");
        if let (Some(from), Some(to)) = (header.valid_from, header.valid_to) {
            self.ordered("/header/valid_to", from, to);
        }
        let known = header.schema_version.is_none_or(|version| (1..=crate::schema::SCHEMA_VERSION).contains(&version));
        self.require(
            known,
            "/header/schema_version",
            "SCHEMA_VERSION",
            format_args!("schema versions are 1 to {}; convert the object first", crate::schema::SCHEMA_VERSION),
        );
        for (at, field) in header.provenance.iter().flat_map(|group| &group.fields).enumerate() {
            let path = format_args!("/header/provenance/fields/{at}");
            self.require(
                field.starts_with('/'),
                path,
                "POINTER",
                format_args!("'{field}' is no JSON pointer; begin it with /"),
            );
        }
        self.require(!header.ext.contains_key(""), "/header/ext", "BLANK_TEXT", "a custom field has no name");
    }

    /// A link that leads somewhere.
    pub fn link(&mut self, path: impl Path, link: &Link) {
        let blank = link.external().is_some_and(|external| external.trim().is_empty());
        self.require(!blank, path, "LINK_BLANK", "the link names no record");
    }

    /// Every amount of an object is in the object's currency.
    pub fn currency(&mut self, path: impl Path, found: Currency, wanted: Currency) {
        self.require(
            found == wanted,
            path,
            "CURRENCY_MISMATCH",
            format_args!("{found} here, {wanted} in the rest of the object"),
        );
    }

    /// An amount in the object's currency, of a size that can be.
    pub fn amount(&mut self, path: impl Path, money: Money, wanted: Currency) {
        self.currency(format_args!("{path}/currency"), money.currency, wanted);
        self.size(format_args!("{path}/amount"), money.amount);
    }

    /// The same, and not below zero.
    pub fn price(&mut self, path: impl Path, money: Money, wanted: Currency) {
        self.amount(path, money, wanted);
        self.not_negative(format_args!("{path}/amount"), money.amount);
    }

    /// A value of a size that can be.
    pub fn size(&mut self, path: impl Path, value: Decimal) {
        self.require(value.abs() <= AMOUNT_LIMIT, path, "TOO_LARGE", format_args!("{value} is beyond {AMOUNT_LIMIT}"));
    }

    /// A value that is not below zero.
    pub fn not_negative(&mut self, path: impl Path, value: Decimal) {
        self.require(value >= Decimal::ZERO, path, "NEGATIVE", format_args!("{value} is below zero"));
    }

    /// A percentage from 0 to 100.
    pub fn percent(&mut self, path: impl Path, value: Decimal) {
        let fits = value >= Decimal::ZERO && value <= Decimal::ONE_HUNDRED;
        self.require(fits, path, "PERCENT_RANGE", format_args!("{value} is no percentage from 0 to 100"));
    }

    /// An ISO 3166-1 alpha-2 code.
    pub fn country(&mut self, path: impl Path, code: &str) {
        let known = crate::country::is_country(code);
        self.require(known, path, "COUNTRY_UNKNOWN", format_args!("'{code}' is no ISO 3166-1 alpha-2 code"));
    }

    /// Two days in order.
    pub fn ordered(&mut self, path: impl Path, from: Date, to: Date) {
        self.require(from <= to, path, "DATES_REVERSED", format_args!("{to} lies before {from}"));
    }

    /// Keys that are not repeated.
    pub fn unique<'a>(&mut self, path: impl Path, field: &str, keys: impl IntoIterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (at, key) in keys.into_iter().enumerate() {
            let fresh = seen.insert(key);
            self.require(
                fresh,
                format_args!("{path}/{at}/{field}"),
                "DUPLICATE",
                format_args!("'{key}' is there twice"),
            );
        }
    }
}
