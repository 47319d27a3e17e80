//! Values of a query and how they print.

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;

/// A value in a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// Text; booleans are the texts `T` and `F`, ids are numbers.
    Text(String),
    /// A number.
    Number(Decimal),
    /// A date.
    Date(Date),
    /// A date with time, in the account's zone, whole seconds.
    Stamp(DateTime),
}

impl Cell {
    /// Text, or null when there is none.
    pub fn text(value: Option<&str>) -> Self {
        value.map_or(Cell::Null, |text| Cell::Text(text.to_owned()))
    }

    /// A record id.
    pub fn id(value: u64) -> Self {
        Cell::Number(Decimal::from(value))
    }

    /// A boolean, as the vendor keeps it.
    pub fn flag(value: bool) -> Self {
        Cell::Text(if value { "T" } else { "F" }.to_owned())
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Cell::Null)
    }

    /// How two values compare; `None` when either is null or they cannot be compared. Text that
    /// reads as a number compares with numbers, as the database behind the service does.
    pub fn compare(&self, other: &Cell) -> Option<Ordering> {
        match (self, other) {
            (Cell::Null, _) | (_, Cell::Null) => None,
            (Cell::Text(a), Cell::Text(b)) => Some(a.cmp(b)),
            (Cell::Number(a), Cell::Number(b)) => Some(a.cmp(b)),
            (Cell::Number(a), Cell::Text(b)) => b.parse::<Decimal>().ok().map(|b| a.cmp(&b)),
            (Cell::Text(a), Cell::Number(b)) => a.parse::<Decimal>().ok().map(|a| a.cmp(b)),
            (Cell::Text(_), _) | (_, Cell::Text(_)) | (Cell::Number(_), _) | (_, Cell::Number(_)) => None,
            _ => Some(self.as_stamp()?.cmp(&other.as_stamp()?)),
        }
    }

    /// A key under which equal values meet, for joins and groups.
    pub fn key(&self) -> Option<String> {
        match self {
            Cell::Null => None,
            Cell::Text(text) => Some(
                text.parse::<Decimal>()
                    .map_or_else(|_| format!("t{text}"), |number| format!("n{}", number.normalize())),
            ),
            Cell::Number(number) => Some(format!("n{}", number.normalize())),
            Cell::Date(_) | Cell::Stamp(_) => self.as_stamp().map(|stamp| format!("d{stamp}")),
        }
    }

    /// As a moment: a date counts from midnight.
    pub fn as_stamp(&self) -> Option<DateTime> {
        match self {
            Cell::Date(date) => Some(date.to_datetime(jiff::civil::Time::midnight())),
            Cell::Stamp(stamp) => Some(*stamp),
            _ => None,
        }
    }

    /// As the service prints it; `None` for null. Dates and times take the account's own date
    /// style, and lose their time, unless the query used `TO_CHAR`.
    pub fn print(&self, style: DateStyle) -> Option<String> {
        match self {
            Cell::Null => None,
            Cell::Text(text) => Some(text.clone()),
            Cell::Number(number) => Some(number.normalize().to_string()),
            Cell::Date(date) => Some(style.print(*date)),
            Cell::Stamp(stamp) => Some(style.print(stamp.date())),
        }
    }
}

/// How an account writes dates: a preference each company sets for itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DateStyle {
    /// `3/31/2026`.
    #[default]
    MonthDayYear,
    /// `31/3/2026`.
    DayMonthYear,
    /// `31.3.2026`.
    DayDotMonthDotYear,
    /// `2026-03-31`.
    YearMonthDay,
}

impl DateStyle {
    /// The style of a preference text such as `DD/MM/YYYY`; `None` when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "MM/DD/YYYY" => Some(DateStyle::MonthDayYear),
            "DD/MM/YYYY" => Some(DateStyle::DayMonthYear),
            "DD.MM.YYYY" => Some(DateStyle::DayDotMonthDotYear),
            "YYYY-MM-DD" => Some(DateStyle::YearMonthDay),
            _ => None,
        }
    }

    fn print(self, date: Date) -> String {
        let (year, month, day) = (date.year(), date.month(), date.day());
        match self {
            DateStyle::MonthDayYear => format!("{month}/{day}/{year}"),
            DateStyle::DayMonthYear => format!("{day}/{month}/{year}"),
            DateStyle::DayDotMonthDotYear => format!("{day}.{month}.{year}"),
            DateStyle::YearMonthDay => date.to_string(),
        }
    }
}
