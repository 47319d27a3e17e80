//! How things are shown: tables and colours for people, JSON for programs.

use std::fmt;
use std::io::{IsTerminal, Write};

use api::format;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table, presets};
use quoin_canonical::Money;
use serde::Serialize;

/// Columns below which tables are not wrapped to the terminal: a word per line helps nobody.
const WRAP_COLUMNS_MIN: u16 = 60;

/// Prints a line of data. A reader that has gone away (`| head`) ends the command quietly: nobody is
/// left to print for.
macro_rules! say {
    ($($part:tt)*) => { $crate::output::line(format_args!($($part)*)) };
}

/// What [`say!`] does.
pub fn line(text: fmt::Arguments<'_>) {
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// How to show things.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// JSON instead of tables.
    pub json: bool,
    /// Whether colours help.
    pub colour: bool,
    terminal: bool,
}

/// A colour with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Done.
    Good,
    /// A person must act.
    Bad,
    /// Something to keep an eye on.
    Warn,
    /// Money moved.
    Money,
    /// Less important.
    Soft,
    /// A heading.
    Strong,
}

impl Output {
    /// Colours on a terminal, unless `NO_COLOR` is set.
    pub fn new(json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { json, colour: terminal && wanted && able, terminal }
    }

    /// Text in a colour, where colours help.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Good => "32",
            Paint::Bad => "31",
            Paint::Warn => "33",
            Paint::Money => "36",
            Paint::Soft => "2",
            Paint::Strong => "1",
        };
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Prints a value as JSON: indented for people, on one line for programs.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn print_json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = if self.terminal { serde_json::to_string_pretty(value)? } else { serde_json::to_string(value)? };
        say!("{text}");
        Ok(())
    }

    /// An empty table with these headings. A heading that begins with `>` stands over a column of
    /// figures, which are aligned to the right.
    pub fn table(&self, headings: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let wraps = self.terminal && table.width().is_some_and(|columns| columns >= WRAP_COLUMNS_MIN);
        let arrangement = if wraps { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
        table.set_content_arrangement(arrangement);
        table.set_header(headings.iter().map(|heading| self.cell(Paint::Soft, heading.trim_start_matches('>'))));
        for (index, heading) in headings.iter().enumerate() {
            if let Some(column) = table.column_mut(index).filter(|_| heading.starts_with('>')) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// A cell in a colour, where colours help.
    pub fn cell(&self, paint: Paint, text: &str) -> Cell {
        let cell = Cell::new(text);
        if !self.colour {
            return cell;
        }
        match paint {
            Paint::Good => cell.fg(Color::Green),
            Paint::Bad => cell.fg(Color::Red),
            Paint::Warn => cell.fg(Color::Yellow),
            Paint::Money => cell.fg(Color::Cyan),
            Paint::Soft => cell.add_attribute(Attribute::Dim),
            Paint::Strong => cell.add_attribute(Attribute::Bold),
        }
    }
}

/// An amount as it stands in a table.
pub fn amount(money: &Money) -> String {
    format!("{} {}", format::amount(money), money.currency)
}

/// A table without spaces at the ends of its lines.
pub fn trimmed(table: &Table) -> String {
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
