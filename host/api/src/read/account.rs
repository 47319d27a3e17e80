//! What a contract's billing account says: amounts not yet billed, amounts held, hours by bucket,
//! revenue.

use billing::account::{Account, Bucket, ExpenseStage, MilestoneStage};
use ports::Ledger;
use quoin_canonical::{Decimal, Money, RevenueIndicator};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema;
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

/// `5.5 h`: minutes as hours, for summaries.
pub fn in_words(minutes: Decimal) -> String {
    format!("{} h", format::number((minutes / Decimal::from(60)).round_dp(2)))
}
