//! Why an amount is on an invoice: billing's own explanation, and its trail in words. Command line,
//! console and evidence pack print the same one.

use axum::http::StatusCode;
use billing::event::PricedBy;
use billing::explain::explain;
pub use billing::explain::{ExplainedLine, Explanation, Figure, Part};
use ports::Ledger;
use quoin_canonical::{Decimal, Period};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{account, group, invoices, pick};
use crate::{Problem, format};

/// An invoice, or one line of it, explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceExplanation {
    /// Invoice number.
    #[schema(examples("INV-1001"))]
    pub number: String,
    /// Business key of its deal.
    pub key: String,
    /// Totals and lines; each line with its parts: entry, approval, rate row and level, rule, cap, policy version, rounding.
    #[schema(value_type = Object)]
    pub explanation: Explanation,
}

/// One reason for an amount: what kind of reason, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Such as `Approved`.
    pub label: &'static str,
    /// In words.
    pub text: String,
}

/// Explains an invoice by its number, or one line of it.
///
/// # Errors
/// 404 for an unknown invoice or line; 500 when what is stored cannot be read.
pub async fn of(ledger: &dyn Ledger, number: &str, line: Option<&str>) -> Result<InvoiceExplanation, Problem> {
    let detail = invoices::one(ledger, number).await?;
    let gone = || unreadable(number, &detail.key);
    let id = detail.invoice.header.id.clone().ok_or_else(gone)?;
    let explanation = if group::is_group(&detail.key) {
        let group = group::load(ledger, &detail.key).await.ok_or_else(gone)?;
        billing::group::explain(&group, &id, line, &group::accounts(ledger, &detail.contracts).await)
    } else {
        explain(&account::load(ledger, &detail.key).await.ok_or_else(gone)?, &id, line)
    };
    let explanation = explanation.ok_or_else(|| {
        let lines: Vec<&str> = detail.invoice.lines.iter().map(|line| line.id.as_str()).collect();
        let hint = format!("its lines are {}", lines.join(", "));
        Problem::not_found("line", line.unwrap_or_default(), &hint)
    })?;
    Ok(InvoiceExplanation { number: detail.number, key: detail.key, explanation })
}

fn unreadable(number: &str, key: &str) -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "account-unreadable",
        format!("the account of {key} does not hold invoice {number}"),
        "this is a fault of the host: report it with the number",
    )
}

/// Everything that led to one amount, from its source to its share of the line.
pub fn trail(part: &Part) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut add = |label, text| reasons.push(Reason { label, text });
    add("Service", served(part.service));
    if let Some(minutes) = &part.minutes {
        let mut text = format!("{} worked", account::in_words(minutes.worked.into()));
        if minutes.billed != minutes.worked {
            text.push_str(&format!(", {} after the increment", account::in_words(minutes.billed.into())));
        }
        if minutes.here.abs() != Decimal::from(minutes.billed) {
            text.push_str(&format!(", {} of it here", account::in_words(minutes.here)));
        }
        add("Time", text);
    }
    if let Some(approved) = &part.approved {
        let at = approved.at.map_or(String::new(), |at| format!(", {}", format::absolute(at)));
        add("Approved", format!("by {}{at}", approved.by));
    }
    if let Some(origin) = &part.origin {
        let mut text = format!("from {}", origin.connection.as_deref().unwrap_or("an unnamed system"));
        if let Some(digest) = &origin.plugin {
            text.push_str(&format!(", read by plugin {}\u{2026}", digest.chars().take(12).collect::<String>()));
        }
        if let Some(event) = &origin.event {
            text.push_str(&format!(", event {event}"));
        }
        add("Origin", text);
    }
    if let Some(accepted) = &part.accepted {
        let evidence: String = accepted.evidence_sha256.chars().take(16).collect();
        add("Accepted", format!("by {} on {}, evidence SHA-256 {evidence}\u{2026}", accepted.by, accepted.on));
    }
    if let Some(rate) = &part.rate {
        let level = serde_json::to_value(rate.level).ok().and_then(|level| level.as_str().map(pick::words));
        let price = format::price(rate.hourly_rate);
        add("Rate", format!("{price} an hour, from {}", level.unwrap_or_default().to_lowercase()));
        add("Rate row", format!("{}, version {}", rate.row, rate.row_version));
        rate.steps.iter().for_each(|step| add("Rate step", step.clone()));
    }
    if let Some(rule) = part.priced_by {
        add("Rule", priced_by(rule));
    }
    if let Some(cap) = &part.cap {
        let [limit, available, over] = [cap.limit, cap.available, cap.over].map(format::price);
        add("Cap", format!("{available} of {limit} was left before this; {over} is beyond it"));
    }
    if let Some(payer) = &part.payer {
        add("Payer", format!("the share of {payer}"));
    }
    part.steps.iter().for_each(|step| add("Step", step.clone()));
    if let Some(original) = &part.reversal_of {
        add("Takes back", original.to_string());
    }
    add("Policy", format!("billing policy version {}", part.policy_version));
    reasons
}

/// Days of service, as one day or as a span.
pub fn served(span: Period) -> String {
    if span.from == span.to { span.from.to_string() } else { format!("{} to {}", span.from, span.to) }
}

fn priced_by(rule: PricedBy) -> String {
    match rule {
        PricedBy::HoursStep { step } => format!("the month's hours have steps; this is step {}", step + 1),
        PricedBy::BeyondCap => "beyond the line's cap, at the rate agreed for it (NX2)".to_owned(),
        PricedBy::OtherLine => "beyond another line's cap, billed on this line (NX2)".to_owned(),
    }
}
