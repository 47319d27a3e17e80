//! What a contract's billing account says: amounts not yet billed, amounts held, hours by bucket,
//! revenue, and the billing events behind an invoice line.

use billing::account::{Account, Bucket, ExpenseStage, MilestoneStage};
use billing::event::{BillingEvent, Source};
use ports::Ledger;
use quoin_canonical::{Date, Decimal, Id, InvoiceLine, Money, RevenueIndicator};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{pick, schema};
use crate::format;

/// Approved hours in one bucket. Every approved hour is in exactly one (the conservation ledger).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HoursRow {
    /// The bucket.
    #[schema(examples("over_cap"))]
    pub bucket: String,
    /// What it is called.
    pub label: String,
    /// Hours in it.
    #[schema(value_type = String, examples("7.5"))]
    pub hours: Decimal,
    /// Their value at the frozen rates, net.
    #[schema(value_type = schema::MoneySchema)]
    pub value: Money,
}

/// The hours of a contract, bucket by bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hours {
    /// Approved hours in all.
    #[schema(value_type = String, examples("140"))]
    pub approved: Decimal,
    /// The buckets that hold any.
    pub rows: Vec<HoursRow>,
    /// Whether the buckets sum to what was approved: nothing lost, nothing twice.
    pub conserved: bool,
}

/// Where a line's amount comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LineExplanation {
    /// Line id.
    pub line: String,
    /// The amounts it sums.
    pub parts: Vec<LinePart>,
    /// Ids that the line names and the account does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// One amount on a line, with the way back to its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LinePart {
    /// Billing event id.
    pub id: String,
    /// What is charged, in words.
    pub what: String,
    /// When the service was given.
    pub date: Date,
    /// Hours charged; absent for fixed amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub hours: Option<Decimal>,
    /// Price per hour or per piece.
    #[schema(value_type = String)]
    pub unit_price: Decimal,
    /// Share of the rounded line.
    #[schema(value_type = String)]
    pub net: Decimal,
    /// Where the rate was found: level, row and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// How the amount came about, step by step.
    pub steps: Vec<String>,
    /// The billing event in full.
    pub event: Value,
}

/// The account of a contract; `None` while there is none.
pub async fn load(ledger: &dyn Ledger, key: &str) -> Option<Account> {
    let (value, _) = ledger.document("account", key).await?;
    match serde_json::from_value(value) {
        Ok(account) => Some(account),
        Err(error) => {
            tracing::error!(key, %error, "the stored billing account cannot be read");
            None
        }
    }
}

/// Amounts that only the account knows: code, label, amount, source.
pub fn figures(account: &Account) -> [(&'static str, &'static str, Money, &'static str); 3] {
    let currency = account.contract.currency;
    let buckets = account.buckets(None).buckets;
    let value = |bucket: Bucket| buckets.get(&bucket).map_or(Decimal::ZERO, |(_, value)| *value);
    let ready = account.milestones.values().filter(|milestone| milestone.stage == MilestoneStage::Ready);
    let ready: Decimal = ready.filter_map(|milestone| milestone.milestone.amount).map(|amount| amount.amount).sum();
    let spent = |stage: ExpenseStage| -> Decimal {
        account.expenses.values().filter(|state| state.stage == stage).map(|state| state.amount).sum()
    };
    let rounded = |amount: Decimal| Money::new(amount.round_dp(currency.minor_units()), currency);
    [
        (
            "unbilled",
            "Unbilled",
            rounded(value(Bucket::Unbilled) + ready + spent(ExpenseStage::Unbilled)),
            "approved time, expenses and accepted milestones that wait for the next run, net",
        ),
        (
            "drafted",
            "On drafts",
            rounded(value(Bucket::OnInvoice) + spent(ExpenseStage::OnInvoice)),
            "time and expenses on documents that are not posted yet, net",
        ),
        (
            "over_cap",
            "Over cap, held",
            rounded(value(Bucket::OverCap) + spent(ExpenseStage::OverCap)),
            "approved time beyond a cap, held with an owner, net",
        ),
    ]
}

/// The hours by bucket.
pub fn hours(account: &Account) -> Hours {
    let currency = account.contract.currency;
    let sums = account.buckets(None);
    let in_hours = |minutes: Decimal| (minutes / Decimal::from(60)).round_dp(2).normalize();
    let row = |(bucket, (minutes, value)): (&Bucket, &(Decimal, Decimal))| {
        let name =
            serde_json::to_value(bucket).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        HoursRow {
            label: label(*bucket).into(),
            bucket: name,
            hours: in_hours(*minutes),
            value: Money::new(value.round_dp(currency.minor_units()), currency),
        }
    };
    let held = sums.buckets.iter().filter(|(_, (minutes, _))| !minutes.is_zero());
    Hours { approved: in_hours(sums.approved_minutes), rows: held.map(row).collect(), conserved: sums.conserved() }
}

fn label(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Unbilled => "Unbilled",
        Bucket::OverCap => "Over cap, held",
        Bucket::NonBillable => "Not chargeable",
        Bucket::FixedFee => "On fixed fee",
        Bucket::Covered => "Covered by retainer",
        Bucket::OnInvoice => "On a draft",
        Bucket::Billed => "Billed",
        Bucket::WrittenOff => "Written off",
        Bucket::Refused => "Refused, with an owner",
    }
}

/// The latest revenue indicators, by contract line.
pub fn revenue(account: &Account) -> Vec<RevenueIndicator> {
    account.revenue.values().map(|position| position.indicator.clone()).collect()
}

/// The billing events that a line sums.
pub fn explain(account: Option<&Account>, line: &InvoiceLine) -> LineExplanation {
    let find = |id: &String| account?.billing_events.get(&Id::parse(id)?);
    LineExplanation {
        line: line.id.clone(),
        parts: line.billing_events.iter().filter_map(find).map(|event| part(account, event)).collect(),
        missing: line.billing_events.iter().filter(|id| find(id).is_none()).cloned().collect(),
    }
}

fn part(account: Option<&Account>, event: &BillingEvent) -> LinePart {
    let hours = (!event.minutes.is_zero()).then(|| (event.minutes / Decimal::from(60)).round_dp(4).normalize());
    let rate = event.rate.as_ref().map(|rate| {
        let level = serde_json::to_value(rate.level).ok().and_then(|level| level.as_str().map(pick::words));
        format!("{}, row {} v{}", level.unwrap_or_default(), rate.row, rate.row_version)
    });
    LinePart {
        id: event.id.to_string(),
        what: what(account, event),
        date: date(event),
        hours,
        unit_price: event.unit_price,
        net: event.net,
        rate,
        steps: event.steps.clone(),
        event: serde_json::to_value(event).unwrap_or(Value::Null),
    }
}

fn date(event: &BillingEvent) -> Date {
    match event.source {
        Source::Time { date, .. } | Source::Expense { date, .. } => date,
        Source::Retainer { period_start } => period_start,
        Source::Milestone { .. } | Source::Progress { .. } | Source::Advance { .. } => event.service.to,
    }
}

fn what(account: Option<&Account>, event: &BillingEvent) -> String {
    let back = if event.reversal_of.is_some() { "Taken back: " } else { "" };
    match &event.source {
        Source::Time { entry, role, .. } => {
            let person =
                account.and_then(|account| account.entries.get(entry)).map(|entry| entry.terms.resource.clone());
            let role = role.as_deref().map_or(String::new(), |role| format!(", {role}"));
            format!("{back}{}{role}", person.unwrap_or_else(|| "Time".into()))
        }
        Source::Milestone { milestone, evidence_sha256 } => {
            let sold = account.and_then(|account| account.milestones.get(milestone)).map(|state| &state.milestone);
            let name = sold.map_or("Milestone".into(), |sold| format!("{} {}", sold.code, sold.name));
            let evidence: String = evidence_sha256.chars().take(12).collect();
            format!("{back}{name}, accepted (evidence {evidence})")
        }
        Source::Expense { expense, .. } => {
            let spent = account.and_then(|account| account.expenses.get(expense));
            format!("{back}{}", spent.map_or("Expense".into(), |state| state.expense.description.clone()))
        }
        Source::Retainer { period_start } => format!("{back}Retainer fee, period from {period_start}"),
        Source::Progress { percent, on } => format!("{back}{} % complete on {on}", format::number(*percent)),
        Source::Advance { code } => format!("{back}Advance {code}"),
    }
}

/// `5.5 h`: minutes as hours, for summaries.
pub fn in_words(minutes: Decimal) -> String {
    format!("{} h", format::number((minutes / Decimal::from(60)).round_dp(2)))
}
