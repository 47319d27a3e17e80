//! The functions of the subset.

use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;

use super::QueryError;
use super::value::Cell;

/// Functions over the rows of a group.
pub(super) const AGGREGATES: [&str; 4] = ["sum", "max", "min", "count"];

/// The two formats that connectors have a reason to use.
const DATE: &str = "YYYY-MM-DD";
const STAMP: &str = "YYYY-MM-DD HH24:MI:SS";

/// Calls a function on the values of one row.
pub(super) fn call(name: &str, arguments: &[Cell]) -> Result<Cell, QueryError> {
    match (name, arguments) {
        ("to_char", [value, Cell::Text(format)]) => to_char(value, format),
        ("to_date" | "to_timestamp", [Cell::Text(text), Cell::Text(format)]) => to_moment(text, format),
        ("upper", [value]) => Ok(on_text(value, str::to_uppercase)),
        ("lower", [value]) => Ok(on_text(value, str::to_lowercase)),
        ("trim", [value]) => Ok(on_text(value, |text| text.trim().to_owned())),
        ("replace", [value, Cell::Text(from), Cell::Text(to)]) => Ok(on_text(value, |text| text.replace(from, to))),
        ("abs", [Cell::Number(number)]) => Ok(Cell::Number(number.abs())),
        ("nvl" | "coalesce", [first, second]) => Ok(if first.is_null() { second.clone() } else { first.clone() }),
        _ => Err(QueryError::new(format!(
            "Invalid or unsupported search: unknown function or wrong arguments for '{}'.",
            name.to_uppercase()
        ))),
    }
}

fn on_text(value: &Cell, change: impl Fn(&str) -> String) -> Cell {
    match value {
        Cell::Text(text) => Cell::Text(change(text)),
        other => other.clone(),
    }
}

fn to_char(value: &Cell, format: &str) -> Result<Cell, QueryError> {
    let Some(stamp) = value.as_stamp() else { return Ok(value.clone()) };
    match format {
        DATE => Ok(Cell::Text(stamp.date().to_string())),
        STAMP => Ok(Cell::Text(stamp.strftime("%Y-%m-%d %H:%M:%S").to_string())),
        _ => Err(bad_format(format)),
    }
}

fn to_moment(text: &str, format: &str) -> Result<Cell, QueryError> {
    let no_match = || QueryError::new(format!("Invalid date '{text}' for the format '{format}'."));
    match format {
        DATE => text.parse::<Date>().map(Cell::Date).map_err(|_| no_match()),
        STAMP => DateTime::strptime("%Y-%m-%d %H:%M:%S", text).map(Cell::Stamp).map_err(|_| no_match()),
        _ => Err(bad_format(format)),
    }
}

fn bad_format(format: &str) -> QueryError {
    QueryError::new(format!("Date format not recognized: '{format}'."))
}

/// Folds the values of a group. Nulls do not count, as in SQL.
pub(super) fn aggregate(name: &str, values: Vec<Cell>) -> Result<Cell, QueryError> {
    let present = values.into_iter().filter(|value| !value.is_null());
    match name {
        "count" => Ok(Cell::Number(Decimal::from(present.count()))),
        "sum" => present.map(number).try_fold(Cell::Null, |total, value| {
            let value = value?;
            Ok(match total {
                Cell::Number(total) => Cell::Number(total + value),
                _ => Cell::Number(value),
            })
        }),
        "max" | "min" => {
            let wanted = if name == "max" { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
            Ok(present.fold(Cell::Null, |best, value| match value.compare(&best) {
                Some(order) if order != wanted => best,
                _ => value,
            }))
        }
        _ => Err(QueryError::new(format!("Invalid or unsupported search: '{name}' is no aggregate."))),
    }
}

fn number(value: Cell) -> Result<Decimal, QueryError> {
    let as_text = match &value {
        Cell::Number(number) => return Ok(*number),
        Cell::Text(text) => text.parse().ok(),
        _ => None,
    };
    as_text.ok_or_else(|| QueryError::new("Invalid number in an arithmetic function."))
}
