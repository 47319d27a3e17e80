//! What the events carry.

use quoin_canonical::{
    Acceptance, Assignment, Contract, Customer, Date, Decimal, Id, Invoice, InvoiceStatus, Money, Period, Project,
    RevenueIndicator, TaxTreatment, TimeEntry,
};
use serde::{Deserialize, Serialize};

use crate::account::{AppliedAdvance, EntryTerms, Portion, RetainerPeriod};
use crate::expense::Expense;
use crate::fx::Booked;
use crate::policy::Refusal;
use crate::rates::{RateRow, Resolved};

/// Terms of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // the fields are those of the account
pub struct Opened {
    pub contract: Contract,
    pub project: Project,
    pub buyer: Customer,
    pub rates: Vec<RateRow>,
    pub assignments: Vec<Assignment>,
}

/// Approved time, valued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeRecorded {
    /// The facts.
    pub terms: EntryTerms,
    /// The frozen rate; absent where time has no value of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Resolved>,
    /// All minutes of the entry that are not on a document.
    pub portions: Vec<Portion>,
    /// The service was given in a period that is closed (rule CO4).
    #[serde(default)]
    pub late: bool,
    /// Version of the billing policy that decided.
    #[serde(default)]
    pub policy_version: u32,
}

/// Time withdrawn before it was billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeReversed {
    /// The entry.
    pub entry: Id,
    /// Its revision that withdrew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Minutes that count no more.
    pub minutes: Decimal,
    /// Why: `rejected`, `deleted`, `recalled`.
    pub reason: String,
}

/// Time that can't be valued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryRefused {
    /// The facts.
    pub terms: EntryTerms,
    /// Why, and who can mend it.
    pub refusal: Refusal,
    /// The entry, to try again.
    pub time: TimeEntry,
}

/// An approved expense, valued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseRecorded {
    /// The expense.
    pub expense: Expense,
    /// What is charged for it, net; zero when it is not charged.
    pub amount: Decimal,
}

/// An expense withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseReversed {
    /// The expense.
    pub expense: Id,
    /// Its revision that withdrew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// Other rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatesChanged {
    /// All rows that apply now.
    pub rates: Vec<RateRow>,
    /// Billed entries that would have another rate today, offered for credit and rebill.
    pub affected: Vec<AffectedEntry>,
}

/// A billed entry whose rate is another one today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedEntry {
    /// The entry.
    pub entry: Id,
    /// Rate it was billed at.
    pub billed_rate: Decimal,
    /// Rate today.
    pub rate_now: Decimal,
    /// Net difference.
    pub difference: Money,
}

/// A credit that a person must decide on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditProposed {
    /// The entry as the source holds it now.
    pub time: TimeEntry,
    /// Documents it is on.
    pub invoices: Vec<Id>,
    /// Net at stake.
    pub net: Money,
    /// Who decides.
    pub owner: String,
    /// Why.
    pub reason: String,
}

/// A milestone that may be billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneReady {
    /// The milestone.
    pub milestone: Id,
    /// Its code.
    pub code: String,
    /// Contract line.
    pub line: String,
    /// Net amount, from the contract.
    pub amount: Money,
    /// Proof (rule FM2).
    pub acceptance: Acceptance,
}

/// A milestone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneRef {
    /// The milestone.
    pub milestone: Id,
    /// Its code.
    pub code: String,
    /// Contract line.
    pub line: String,
}

/// A milestone held, or let go when `reason` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneHeld {
    /// The milestone.
    pub milestone: Id,
    /// Why it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A drafted document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceDrafted {
    /// The document, ready for the ERP; `header.id` is its canonical id.
    pub invoice: Invoice,
    /// What its lines sum.
    pub billing_events: Vec<BillingEvent>,
    /// Day up to which work was looked at.
    pub as_of: Date,
    /// It counts as released at once.
    pub released: bool,
    /// Retainer periods it bills in advance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advances: Vec<RetainerPeriod>,
    /// The first of the documents that share the same work among several payers: they are released
    /// and discarded together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Id>,
    /// Money paid in advance that is set off against it (rule RE1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<AppliedAdvance>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRef {
    /// The document.
    pub invoice: Id,
}

/// One amount on a document, with the way back to its source: what explains an invoice line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BillingEvent {
    /// Its id, derived from document and source.
    pub id: Id,
    /// Contract line.
    pub contract_line: String,
    /// What is charged.
    pub source: Source,
    /// Version of the billing policy that decided.
    pub policy_version: u32,
    /// Rate, level and row; absent for fixed amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Resolved>,
    /// Minutes charged; zero for fixed amounts.
    pub minutes: Decimal,
    /// Price per hour or per piece, as on the line.
    pub unit_price: Decimal,
    /// Exact amount, six decimals (rule RD3). Negative on a credit.
    pub amount: Decimal,
    /// Share of the rounded line (rule RD-05). Negative on a credit.
    pub net: Decimal,
    /// Tax.
    pub tax: TaxTreatment,
    /// When the service was given.
    pub service: Period,
    /// What a cap did to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<CapSplit>,
    /// The document.
    pub invoice: Id,
    /// Its line.
    pub line: String,
    /// The billing event it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversal_of: Option<Id>,
    /// Why it is not at the entry's own rate, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repriced: Option<Repriced>,
    /// Code of the payer whose share it is, where several pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Money given back without a change of the work: it is not billed again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goodwill: bool,
    /// How the amount came about, step by step, in words.
    pub steps: Vec<String>,
}

impl BillingEvent {
    /// What distinguishes it on its document: its id is derived from this.
    pub fn source_key(&self) -> String {
        if let Some(original) = &self.reversal_of {
            return original.to_string();
        }
        match (&self.source, &self.repriced) {
            (Source::Time { entry, .. }, None) => entry.to_string(),
            (Source::Time { entry, .. }, Some(repriced)) => format!("{entry}/{}", repriced.key()),
            (Source::Milestone { milestone, .. }, _) => milestone.to_string(),
            (Source::Expense { expense, .. }, _) => expense.to_string(),
            (Source::Retainer { period_start }, _) => format!("{}/{period_start}", self.contract_line),
            (Source::Progress { percent, .. }, _) => format!("{}/progress/{percent}", self.contract_line),
            (Source::Advance { code }, _) => format!("advance/{code}"),
        }
    }

    /// Whether it counts against the cap of its line: time does, but not what went beyond the cap
    /// (rules NX2 and NX6).
    pub fn capped(&self) -> bool {
        let beyond = self.repriced.as_ref().is_some_and(|repriced| repriced.by == PricedBy::BeyondCap);
        matches!(self.source, Source::Time { .. }) && !beyond
    }

    /// Its value at the entry's frozen rate: what it takes out of the bucket it came from.
    pub fn frozen_amount(&self) -> Decimal {
        self.repriced.as_ref().map_or(self.amount, |repriced| repriced.replaces)
    }
}

/// Why time is billed at another price than its frozen rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repriced {
    /// The rule.
    pub by: PricedBy,
    /// Value of the same minutes at the frozen rate, six decimals.
    pub replaces: Decimal,
}

impl Repriced {
    fn key(&self) -> String {
        match self.by {
            PricedBy::HoursStep { step } => format!("hours {step}"),
            PricedBy::BeyondCap => "beyond the cap".into(),
            PricedBy::OtherLine => "other line".into(),
        }
    }
}

/// Rules that price time beside its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum PricedBy {
    /// A step of hours within the month.
    HoursStep {
        /// Its position, from 0.
        step: u32,
    },
    /// Work beyond the line's cap, at the rate agreed for it.
    BeyondCap,
    /// Work beyond another line's cap, billed here.
    OtherLine,
}

/// What is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Source {
    /// Time.
    Time {
        /// The entry.
        entry: Id,
        /// Its revision.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<String>,
        /// Role worked in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// Date of work.
        date: Date,
    },
    /// A milestone.
    Milestone {
        /// The milestone.
        milestone: Id,
        /// Hash of the acceptance's evidence.
        evidence_sha256: String,
    },
    /// An expense.
    Expense {
        /// The expense.
        expense: Id,
        /// The day it was incurred.
        date: Date,
    },
    /// A retainer's fee for a period.
    Retainer {
        /// First day of the period.
        period_start: Date,
    },
    /// Percent complete of a fixed price.
    Progress {
        /// Percent complete, from the start.
        percent: Decimal,
        /// The day it was reported for.
        on: Date,
    },
    /// Money paid before the work.
    Advance {
        /// Its code.
        code: String,
    },
}

/// What a cap did to one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapSplit {
    /// The limit, net.
    pub limit: Decimal,
    /// What was left of it before this entry.
    pub available: Decimal,
    /// Amount beyond it.
    pub over: Decimal,
}

/// Work beyond a cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverCapHeld {
    /// Contract line.
    pub line: String,
    /// Day up to which work was looked at.
    pub as_of: Date,
    /// The limit.
    pub limit: Money,
    /// Net held, all entries together.
    pub amount: Money,
    /// Per entry.
    pub entries: Vec<HeldEntry>,
    /// Who decides what becomes of it.
    pub owner: String,
    /// Share of the cap in use, in percent.
    pub used_percent: Decimal,
    /// Thresholds at which alerts are raised, in percent.
    pub alert_percents: Vec<Decimal>,
    /// Version of the billing policy that decided.
    #[serde(default)]
    pub policy_version: u32,
}

/// Minutes of one entry beyond a cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldEntry {
    /// The entry.
    pub entry: Id,
    /// Minutes held.
    pub minutes: Decimal,
    /// Value held, six decimals.
    pub amount: Decimal,
}

/// Held work that waits for a run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverCapReleased {
    /// Contract line.
    pub line: String,
    /// Why: `credit_posted`, `cap_raised`, `command`.
    pub reason: String,
}

/// Held work given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenOff {
    /// The entry.
    pub entry: Id,
    /// Why.
    pub reason: String,
}

/// A cap's use reached a threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapAlert {
    /// Contract line.
    pub line: String,
    /// The threshold, in percent.
    pub percent: Decimal,
    /// The limit.
    pub limit: Money,
    /// In use.
    pub used: Money,
    /// Who is told.
    pub owner: String,
}

/// A document in the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoicePosted {
    /// The document.
    pub invoice: Id,
    /// Its number.
    pub number: String,
    /// The day it was posted.
    pub on: Date,
    /// What is open on the document itself, or, for a credit note, on the one it corrects.
    pub open: Money,
    /// The document a credit note corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Id>,
    /// Its totals in the seller's own currency, where that is another one and a rate is agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
}

/// A drafted credit note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditDrafted {
    /// The credit note (type 381, positive amounts), ready for the ERP.
    pub credit: Invoice,
    /// The document it corrects.
    pub corrects: Id,
    /// What it takes back; amounts are negative.
    pub billing_events: Vec<BillingEvent>,
    /// Why: `time_corrected`, `time_withdrawn`, `expense_withdrawn`, `rate_corrected`,
    /// `retainer_ended`, or a person's words.
    pub reason: String,
    /// What is billed again, at its frozen rate: time and expenses by the next run, milestones once
    /// the credit note is posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<Returned>,
}

/// Minutes billed at nothing, taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditedAtZero {
    /// The document they were on.
    pub corrects: Id,
    /// What is taken back; minutes are negative.
    pub billing_events: Vec<BillingEvent>,
    /// What is billed again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<Returned>,
}

/// Something credited that will be billed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The entry, expense or milestone.
    pub source: Id,
    /// Minutes, for time.
    pub minutes: Decimal,
    /// Value at the frozen rate, six decimals.
    pub amount: Decimal,
}

/// Money on a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentApplied {
    /// The payment.
    pub payment: Id,
    /// The document.
    pub invoice: Id,
    /// What was applied; negative when a payment was reversed.
    pub amount: Money,
    /// Still open on the document; negative when overpaid.
    pub open: Money,
    /// The document's status now.
    pub status: InvoiceStatus,
    /// The day it counts.
    pub on: Date,
    /// Gain (or loss, when negative) on the exchange since booking, in the seller's own currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain: Option<Money>,
}

/// Percent complete of a fixed price, as delivery reports it (rule FM4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressReported {
    /// Contract line.
    pub line: String,
    /// Percent complete, from the start.
    pub percent: Decimal,
    /// The day it holds for.
    pub on: Date,
    /// Who reported it.
    pub by: String,
}

/// An advance may be set off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvanceUsable {
    /// Its code.
    pub code: String,
    /// The document that bills it.
    pub invoice: Id,
    /// Net.
    pub amount: Decimal,
}

/// An advance that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvanceClosed {
    /// Its code.
    pub code: String,
    /// Its last day.
    pub on: Date,
    /// Net given back by credit note.
    pub refunded: Money,
    /// Net that lapsed: revenue (rule RE4).
    pub breakage: Money,
}

/// Work beyond a cap that is not charged, as agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeyondCapFreed {
    /// Contract line.
    pub line: String,
    /// Per entry.
    pub entries: Vec<HeldEntry>,
}

/// An expense that a cap leaves no room for; it is never split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseHeld {
    /// The expense.
    pub expense: Id,
    /// Contract line.
    pub line: String,
    /// Net held.
    pub amount: Money,
    /// Who decides what becomes of it.
    pub owner: String,
}

/// A retainer's hours may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvanceAvailable {
    /// The document that bills them.
    pub invoice: Id,
    /// What was bought.
    pub bought: RetainerPeriod,
}

/// A retainer's period settled (rule RE2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainerSettled {
    /// Contract line.
    pub line: String,
    /// The period.
    pub period: Period,
    /// Hours drawn, per advance (first day of its period), oldest first.
    pub drawn: Vec<(Date, Decimal)>,
    /// Hours that expired, per advance.
    pub expired: Vec<(Date, Decimal)>,
    /// Hours that roll on.
    pub rolled_hours: Decimal,
    /// Value of the expired hours: revenue at expiry (rule RE4).
    pub breakage: Money,
    /// Entries and how their minutes fell: covered by hours, or over.
    pub entries: Vec<SettledEntry>,
    /// The balance is at or below the policy's threshold (rule RE5).
    pub low_balance: bool,
}

/// Hours given back to a retainer's advances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainerReturned {
    /// Contract line.
    pub line: String,
    /// The entry that drew them.
    pub entry: Id,
    /// Hours, per advance (first day of its period), the newest first.
    pub hours: Vec<(Date, Decimal)>,
}

/// A retainer that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainerClosed {
    /// Contract line.
    pub line: String,
    /// Its last day.
    pub on: Date,
    /// Hours given back, per advance.
    pub refunded: Vec<(Date, Decimal)>,
    /// Hours that expired, per advance.
    pub expired: Vec<(Date, Decimal)>,
    /// Value of the expired hours: revenue (rule RE4).
    pub breakage: Money,
}

/// One entry in a retainer's settlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledEntry {
    /// The entry.
    pub entry: Id,
    /// Minutes covered by hours bought.
    pub covered_minutes: Decimal,
    /// Minutes beyond them, billed at the overage rate.
    pub over_minutes: Decimal,
    /// Value of the minutes beyond, six decimals.
    pub over_amount: Decimal,
}

/// Revenue of one contract line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinePosition {
    /// The indicator.
    pub indicator: RevenueIndicator,
    /// Revenue of the period since the indicator before (rule RR2).
    pub period_revenue: Money,
    /// Cost to date, where the method needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_to_date: Option<Money>,
    /// Further loss to provide for, when cost at completion is above the price (rule RR5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_provision: Option<Money>,
}

/// Revenue indicators of one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevenueComputed {
    /// State at the end of this day.
    pub as_of: Date,
    /// Per contract line.
    pub positions: Vec<LinePosition>,
}

/// The books differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevenueDiffers {
    /// Contract line.
    pub line: String,
    /// State at the end of this day.
    pub as_of: Date,
    /// Our revenue to date.
    pub ours: Money,
    /// The books' revenue to date: it wins.
    pub books: Money,
    /// Books less ours.
    pub difference: Money,
    /// Who looks at it.
    pub owner: String,
}

/// The books agree again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevenueAgrees {
    /// Contract line.
    pub line: String,
    /// State at the end of this day.
    pub as_of: Date,
}
