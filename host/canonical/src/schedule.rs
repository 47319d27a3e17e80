//! Billing schedules: when a contract line is billed, and how far it is; and the charges that come of it.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money, Quantity};
use crate::object::canonical;
use crate::party::TaxTreatment;
use crate::{Date, Header, Id, Link, Period, terms};

/// When and how a contract line is billed. Canonical object `billing_schedule`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BillingSchedule {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Contract.
    pub contract_number: String,
    /// Its line.
    pub contract_line: String,
    /// How it is billed.
    pub method: ScheduleMethod,
    /// How often; absent for milestones, progress and usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Day of the month, 1 to 31; the last day where a month has fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_day: Option<u8>,
    /// First billing date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_on: Option<Date>,
    /// Next billing date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_on: Option<Date>,
    /// Service up to this day is billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_through: Option<Date>,
    /// From this day on nothing is billed any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_on: Option<Date>,
    /// Currency of its amounts.
    pub currency: Currency,
    /// Amount of one period, net.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_amount: Option<Money>,
    /// The whole, net, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// Posted, net of credits.
    pub billed: Money,
    /// Drafted and not posted, net.
    pub pending: Money,
    /// Tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<TaxTreatment>,
    /// Lines of one customer with the same key share an invoice, across contracts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_key: Option<String>,
    /// How a part of a period is billed.
    #[serde(default)]
    pub proration: Proration,
    /// Why nothing is billed for now, and who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Where it stands.
    pub status: ScheduleStatus,
    /// What it bills, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<ScheduleEntry>,
}

canonical!(BillingSchedule, BillingSchedule, |this, problems| {
    problems.text("/contract_number", &this.contract_number, "NUMBER_MISSING", "the contract's number");
    problems.text("/contract_line", &this.contract_line, "LINE_MISSING", "the contract line");
    let periodic =
        matches!(this.method, ScheduleMethod::InAdvance | ScheduleMethod::InArrears | ScheduleMethod::Evergreen);
    problems.require(
        periodic == this.frequency.is_some(),
        "/frequency",
        "FREQUENCY",
        "billing in advance, in arrears or evergreen has a frequency; milestones, progress and usage have none",
    );
    let day_fits = this.bill_day.is_none_or(|day| (1..=31).contains(&day));
    problems.require(day_fits, "/bill_day", "BILL_DAY", "a day of the month is 1 to 31");
    if let (Some(first), Some(next)) = (this.first_on, this.next_on) {
        problems.ordered("/next_on", first, next);
    }
    for (path, amount) in [("/period_amount", this.period_amount), ("/total", this.total)] {
        if let Some(amount) = amount {
            problems.price(path, amount, this.currency);
        }
    }
    problems.amount("/billed", this.billed, this.currency);
    problems.price("/pending", this.pending, this.currency);
    if let Some(total) = this.total {
        let fits = this.billed.amount + this.pending.amount <= total.amount;
        problems.require(fits, "/billed", "OVER_TOTAL", format_args!("billed and pending are above {total}"));
    }
    if let Some(tax) = &this.tax {
        terms::tax(&mut problems, "/tax", tax);
    }
    if let Some(hold) = &this.hold {
        problems.text("/hold/reason", &hold.reason, "REASON_MISSING", "the reason of the hold");
    }
    problems.require(
        (this.status == ScheduleStatus::OnHold) == this.hold.is_some(),
        "/hold",
        "HOLD",
        "a schedule on hold says why, and no other does",
    );
    problems.unique("/entries", "id", this.entries.iter().map(|entry| entry.id.as_str()));
    for (at, entry) in this.entries.iter().enumerate() {
        problems.amount(format_args!("/entries/{at}/amount"), entry.amount, this.currency);
    }
});

/// How a schedule bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ScheduleMethod {
    InAdvance,
    InArrears,
    Milestone,
    Progress,
    Usage,
    Evergreen,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Frequency {
    Weekly,
    Monthly,
    Quarterly,
    HalfYearly,
    Yearly,
}

/// How a part of a period is billed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proration {
    /// A period that has begun is billed whole.
    #[default]
    None,
    /// By days.
    Daily,
}

/// Why something waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: String,
}

/// draft -> ready -> in_progress -> on_hold -> completed | cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ScheduleStatus {
    Draft,
    Ready,
    InProgress,
    OnHold,
    Completed,
    Cancelled,
}

/// One thing that a schedule bills.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleEntry {
    /// Id, unique in the schedule.
    pub id: String,
    /// When it is due.
    pub due_on: Date,
    /// Service period it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Net.
    pub amount: Money,
    /// The milestone it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestone: Option<String>,
    /// The invoice it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<Id>,
    /// Where it stands.
    pub status: EntryStatus,
}

/// planned -> ready -> invoiced -> posted -> reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum EntryStatus {
    Planned,
    Ready,
    Invoiced,
    Posted,
    Reversed,
}

/// One amount to be billed, with where it comes from. Canonical object `billing_event`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// Identity; the id is derived from what is charged, so that it exists once.
    #[serde(default)]
    pub header: Header,
    /// Contract.
    pub contract_number: String,
    /// Its line.
    pub contract_line: String,
    /// Project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Link>,
    /// What is charged.
    pub source: ChargeSource,
    /// Canonical id of the time, expense, milestone or schedule entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<Id>,
    /// Revision of the source that was charged: a newer one makes it stale (rule TM5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_revision: Option<String>,
    /// Rule or rate row that priced it, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How much.
    pub quantity: Quantity,
    /// Price per unit.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub rate: Decimal,
    /// Currency.
    pub currency: Currency,
    /// Before the discount, six decimals.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub gross: Decimal,
    /// Discount, six decimals.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub discount: Decimal,
    /// After the discount, six decimals; negative when it takes something back.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub net: Decimal,
    /// Tax.
    pub tax: TaxTreatment,
    /// When the service was given.
    pub service: Period,
    /// Whether it may be billed.
    pub stage: ChargeStage,
    /// What its cap says.
    #[serde(default)]
    pub cap: CapStanding,
    /// Charges of one customer with the same key share an invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_key: Option<String>,
    /// Code of the payer, where several pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Revenue account in the books.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue_account: Option<String>,
    /// The invoice it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<Id>,
    /// The charge it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversal_of: Option<Id>,
    /// Where it stands.
    pub status: ChargeStatus,
}

canonical!(Charge, BillingEvent, |this, problems| {
    problems.text("/contract_number", &this.contract_number, "NUMBER_MISSING", "the contract's number");
    problems.text("/contract_line", &this.contract_line, "LINE_MISSING", "the contract line");
    problems.not_negative("/rate", this.rate);
    problems.not_negative("/discount", this.discount.abs());
    for (path, value) in [("/gross", this.gross), ("/discount", this.discount), ("/net", this.net)] {
        problems.size(path, value);
    }
    let sums = this.gross - this.discount == this.net;
    problems.require(sums, "/net", "NET", format_args!("{} less {} is not {}", this.gross, this.discount, this.net));
    problems.require(
        this.net >= Decimal::ZERO || this.reversal_of.is_some(),
        "/reversal_of",
        "REVERSAL_MISSING",
        "a charge below zero takes another one back; name it",
    );
    problems.ordered("/service/to", this.service.from, this.service.to);
    terms::tax(&mut problems, "/tax", &this.tax);
    problems.require(
        this.source == ChargeSource::Adjustment || this.source_id.is_some(),
        "/source_id",
        "SOURCE_MISSING",
        "what is charged is missing; only an adjustment has none",
    );
});

/// What is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ChargeSource {
    Time,
    Expense,
    Milestone,
    Schedule,
    Adjustment,
}

/// Whether it may be billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ChargeStage {
    Ready,
    Hold,
    NonBillable,
}

/// What the cap of its line says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapStanding {
    /// Not looked at yet.
    #[default]
    NotEvaluated,
    /// It has its room.
    Committed,
    /// There is none.
    Failed,
    /// No cap counts for it.
    NotApplicable,
}

/// generated -> approved -> released -> invoiced -> posted; recalculated while generated; reverted from any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ChargeStatus {
    Generated,
    Recalculated,
    Approved,
    Released,
    Invoiced,
    Posted,
    Reverted,
}
