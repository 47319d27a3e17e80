//! SuiteQL, the subset that connectors use: one SELECT with joins, WHERE, GROUP BY, HAVING and
//! ORDER BY over the account's tables. Everything else is refused in the vendor's words.
//!
//! Lives here: reading a query (`lexer`, `parser`), running it (`eval`, `functions`), values and
//! how they print (`value`). Never enters: HTTP, the account's records (they come as [`Table`]s).

mod eval;
mod functions;
mod lexer;
mod parser;
mod value;

use std::collections::BTreeMap;

pub use value::{Cell, DateStyle};

/// A row: column name (lower case) to value. `df:status` holds what `BUILTIN.DF(status)` shows.
pub type Row = BTreeMap<String, Cell>;

/// A table as a query sees it.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Columns that exist, whether or not a row fills them.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// A table of these columns and rows.
    pub fn new(columns: &[&str], rows: Vec<Row>) -> Self {
        Self { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows }
    }
}

/// Where a query finds its tables.
pub trait Tables {
    /// The table of that name (lower case); `None` when the account has none.
    fn table(&self, name: &str) -> Option<Table>;
}

/// One result row: column name to text, in the order selected. Null columns are left out, as the
/// service does; every value travels as text.
pub type ResultRow = Vec<(String, String)>;

/// Why a query is refused, in the vendor's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError(pub String);

impl QueryError {
    pub(crate) fn new(reason: impl AsRef<str>) -> Self {
        Self(format!("Invalid search query. Detailed unprocessed description follows. {}", reason.as_ref()))
    }
}

/// Runs a query and gives all its rows; the caller pages.
///
/// # Errors
/// [`QueryError`] for anything outside the subset, unknown tables, columns and functions included.
pub fn run(query: &str, tables: &dyn Tables, style: DateStyle) -> Result<Vec<ResultRow>, QueryError> {
    let select = parser::parse(query)?;
    eval::run(&select, tables, style)
}

#[cfg(test)]
mod tests;
