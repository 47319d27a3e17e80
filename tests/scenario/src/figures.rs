//! What must be true, figure by figure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// One figure that was checked.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Step of the script.
    pub step: String,
    /// What was looked at, and where.
    pub what: String,
    /// What it must be.
    pub expected: String,
    /// What it is.
    pub actual: String,
    /// Whether they agree.
    pub ok: bool,
}

/// All that was checked.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Whether everything agrees.
    pub ok: bool,
    /// Milliseconds of wall time the script took, from the webhook to the last check.
    pub wall_ms: u128,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// Effects each simulator really committed, by vendor and kind.
    pub ledgers: BTreeMap<String, Value>,
}

impl Report {
    /// Notes a figure.
    pub fn check(&mut self, step: &str, what: &str, expected: impl ToString, actual: impl ToString) {
        let (expected, actual) = (expected.to_string(), actual.to_string());
        let ok = expected == actual;
        println!(
            "  {} {step:<4} {what}: {actual}{}",
            if ok { "✓" } else { "✗" },
            if ok { String::new() } else { format!("   expected {expected}") }
        );
        self.checks.push(Check { step: step.to_owned(), what: what.to_owned(), expected, actual, ok });
    }

    /// Notes an amount, compared as a number: `58800` is `58800.00`.
    pub fn amount(&mut self, step: &str, what: &str, expected: &str, actual: &Value) {
        self.check(
            step,
            what,
            two_decimals(expected),
            text(actual).map_or_else(|| "missing".to_owned(), |text| two_decimals(&text)),
        );
    }

    /// Ends the report.
    pub fn finish(mut self) -> Self {
        self.ok = !self.checks.is_empty() && self.checks.iter().all(|check| check.ok);
        self
    }

    /// The checks that failed, for a message.
    pub fn failures(&self) -> Vec<String> {
        let failed = self.checks.iter().filter(|check| !check.ok);
        failed
            .map(|check| format!("{} {}: expected {}, is {}", check.step, check.what, check.expected, check.actual))
            .collect()
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn two_decimals(text: &str) -> String {
    match text.parse::<rust_decimal::Decimal>() {
        Ok(mut amount) => {
            amount = amount.normalize();
            if amount.scale() < 2 {
                amount.rescale(2);
            }
            amount.to_string()
        }
        Err(_) => text.to_owned(),
    }
}
