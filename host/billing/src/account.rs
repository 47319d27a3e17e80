//! The state of one contract's money, built from its events alone.

use std::collections::{BTreeMap, BTreeSet};

use quoin_canonical::{
    Acceptance, AdvanceTerm, Assignment, BillingType, Contract, ContractLine, Customer, Date, Decimal, Id, Invoice,
    InvoiceStatus, InvoiceSummary, InvoiceType, Milestone, Money, Period, Project, Provenance, TimeEntry, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::advance::AdvanceLedger;
use crate::approval::{Approval, ApprovalNeed};
use crate::event::{BillingEvent, DiscountDecided, DiscountJudged, LinePosition, PartShare};
use crate::expense::Expense;
use crate::fixed::{SharedMilestone, shared};
use crate::foreign::ForeignInvoice;
use crate::fx::Booked;
use crate::rates::{RateRow, Resolved};

/// One contract's money. Every figure in it follows from its events (law 7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The contract with its lines and terms.
    pub contract: Contract,
    /// The project that delivers it.
    pub project: Project,
    /// The buyer, as printed on documents.
    pub buyer: Customer,
    /// Rate rows that apply to it.
    pub rates: Vec<RateRow>,
    /// Tasks by canonical id, with the line they deliver.
    pub tasks: BTreeMap<Id, TaskTerms>,
    /// Assignments by canonical id: who works in which role.
    pub assignments: BTreeMap<Id, Assignment>,
    /// Money per contract line.
    pub lines: BTreeMap<String, LineState>,
    /// Milestones by canonical id.
    pub milestones: BTreeMap<Id, MilestoneState>,
    /// Time by canonical id.
    pub entries: BTreeMap<Id, Entry>,
    /// Expenses by canonical id.
    #[serde(default)]
    pub expenses: BTreeMap<Id, ExpenseState>,
    /// Everything that was ever put on a document, by id.
    pub billing_events: BTreeMap<Id, BillingEvent>,
    /// Documents by canonical id.
    pub invoices: BTreeMap<Id, InvoiceState>,
    /// Documents drafted so far, discarded ones included: the next one's ordinal.
    pub documents: u32,
    /// Payments by canonical id.
    pub payments: BTreeMap<Id, PaymentState>,
    /// Invoices that somebody wrote in the ERP by hand, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub foreign: BTreeMap<Id, ForeignInvoice>,
    /// What was decided about the discounts of the quote, where somebody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<DiscountState>,
    /// Retainers by contract line.
    pub retainers: BTreeMap<String, RetainerState>,
    /// Money paid before the work, by code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub advances: BTreeMap<String, AdvanceState>,
    /// Revenue positions by contract line, as last computed.
    pub revenue: BTreeMap<String, LinePosition>,
    /// Differences to the books by contract line, as last reported.
    pub revenue_differences: BTreeMap<String, Money>,
}

/// Discounts above the policy's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountState {
    /// Who is asked.
    pub judged: DiscountJudged,
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<DiscountDecided>,
}

/// What a task means for billing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskTerms {
    /// Contract line it delivers.
    pub line: String,
    /// Whether its time is charged.
    pub billing_type: BillingType,
}

/// Money of one contract line, net.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineState {
    /// On documents that were not discarded, credits not deducted.
    pub invoiced: Decimal,
    /// On posted credit notes.
    pub credited: Decimal,
    /// The part of `invoiced` that is time: what caps count (rule NX6).
    #[serde(default)]
    pub time_invoiced: Decimal,
    /// The part of `credited` that is time.
    #[serde(default)]
    pub time_credited: Decimal,
    /// The part of `invoiced` that is expenses.
    #[serde(default)]
    pub expenses_invoiced: Decimal,
    /// The part of `credited` that is expenses.
    #[serde(default)]
    pub expenses_credited: Decimal,
    /// How far it is, where it is billed by percent complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Reported>,
}

/// Percent complete as last reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Percent, from the start.
    pub percent: Decimal,
    /// The day it holds for.
    pub on: Date,
}

impl LineState {
    /// What counts against a cap: time invoiced less posted credits (rules NX1 and NX6). A credit
    /// note frees its amount when it is posted, not before: one that the ERP refuses must not have
    /// let more work through.
    pub fn used(&self) -> Decimal {
        self.time_invoiced - self.time_credited
    }

    /// The same with expenses, where the contract says that they count (rule NX6).
    pub fn used_with_expenses(&self) -> Decimal {
        self.used() + self.expenses_invoiced - self.expenses_credited
    }
}

/// One milestone and its money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MilestoneState {
    /// The milestone as sold, with its amount.
    pub milestone: Milestone,
    /// The acceptance that made it ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Acceptance>,
    /// How far it is billed.
    pub stage: MilestoneStage,
    /// The document it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<Id>,
    /// Why it waits, when somebody holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
}

/// not ready -> ready -> on a document -> posted; disputed when acceptance is withdrawn after that.
/// Credited as a whole, a milestone waits until the credit note is posted, then is ready again: the
/// price is never on posted documents twice (rule FM1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum MilestoneStage {
    NotReady,
    Ready,
    OnInvoice,
    Posted,
    Disputed,
    Crediting,
}

/// One entry of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The facts as last recorded.
    pub terms: EntryTerms,
    /// Its rate, frozen at approval (rule RT5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Resolved>,
    /// Where its minutes are. They always total `terms.billed_minutes` (rule TM4).
    pub portions: Vec<Portion>,
    /// Why it is refused, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Revisions seen, so that a stale repeat has no effect.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub revisions: BTreeSet<String>,
    /// A change that waits until the document it is on is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<TimeEntry>>,
    /// A credit proposed to a person and not yet decided: the minutes to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Box<TimeEntry>>,
}

/// The facts of an entry of time that billing looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryTerms {
    /// Canonical id.
    pub entry: Id,
    /// The source's revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Task.
    pub task: Id,
    /// Contract line.
    pub line: String,
    /// Who worked.
    pub resource: String,
    /// In which role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Date of work.
    pub date: Date,
    /// Minutes as worked.
    pub worked_minutes: u32,
    /// Minutes as billed, after the increment (rule RD2).
    pub billed_minutes: u32,
    /// Whether they are charged.
    pub billing_type: BillingType,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// Where it came from: system, event, plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Provenance>,
}

/// Some minutes of an entry, all in the same bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portion {
    /// Where they are.
    pub bucket: Bucket,
    /// Minutes. Whole, except where a cap cut an entry.
    pub minutes: Decimal,
    /// Value at the frozen rate, six decimals (rule RD3).
    pub amount: Decimal,
    /// Share of the rounded invoice line, once on one, less credits (rule RD-05).
    #[serde(default)]
    pub net: Decimal,
    /// The billing event that put it on a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Id>,
}

/// Where approved time can be. Exactly one holds for every minute (rule TM4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Waits for the next run.
    Unbilled,
    /// Beyond a cap, held for a person.
    OverCap,
    /// Not charged; counts for the margin only.
    NonBillable,
    /// On a fixed-fee line: quantity without a value of its own (rule FM6).
    FixedFee,
    /// Covered by a retainer's hours.
    Covered,
    /// On a document that is not posted yet.
    OnInvoice,
    /// On a posted document.
    Billed,
    /// Given up by decision.
    WrittenOff,
    /// Refused with a reason and an owner, such as a missing rate.
    Refused,
}

impl Bucket {
    /// Whether minutes in it are on a document.
    pub fn invoiced(self) -> bool {
        matches!(self, Bucket::OnInvoice | Bucket::Billed)
    }
}

/// One expense and its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseState {
    /// The expense as last recorded.
    pub expense: Expense,
    /// What is charged for it, net.
    pub amount: Decimal,
    /// How far it is billed.
    pub stage: ExpenseStage,
    /// The billing event that put it on a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Id>,
    /// A change that waits until the document it is on is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Expense>,
}

/// unbilled -> on a document -> billed; held beyond a cap; not charged; reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ExpenseStage {
    Unbilled,
    OverCap,
    OnInvoice,
    Billed,
    NonBillable,
    Reversed,
}

impl Entry {
    /// Minutes on documents.
    pub fn invoiced_minutes(&self) -> Decimal {
        self.portions.iter().filter(|portion| portion.bucket.invoiced()).map(|portion| portion.minutes).sum()
    }

    /// Minutes and value in one bucket.
    pub fn in_bucket(&self, bucket: Bucket) -> (Decimal, Decimal) {
        let of = || self.portions.iter().filter(|portion| portion.bucket == bucket);
        (of().map(|portion| portion.minutes).sum(), of().map(|portion| portion.amount).sum())
    }
}

/// One document and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceState {
    /// The document.
    pub invoice: Invoice,
    /// How far it is.
    pub stage: DocumentStage,
    /// Day up to which work was looked at.
    pub as_of: Date,
    /// The document it credits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Id>,
    /// The retainer periods it bills in advance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advances: Vec<RetainerPeriod>,
    /// The first of the documents that share the same work among payers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Id>,
    /// Money paid in advance that is set off against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<AppliedAdvance>,
    /// Key of the group whose invoice it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The document it is a part of, once that is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Id>,
    /// Its totals in the seller's own currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
    /// Day it was posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted_on: Option<Date>,
    /// Who must approve it before it goes out, where the policy asks somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalNeed>,
    /// Who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
    /// Paid, gross.
    pub paid: Decimal,
    /// On posted credit notes against it, gross.
    pub credited: Decimal,
    /// Net on credit notes against each of its lines, drafted ones included (rule CO3).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credited_lines: BTreeMap<String, Decimal>,
}

/// draft -> released -> posted; a draft may be discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum DocumentStage {
    Draft,
    Released,
    Posted,
    Discarded,
}

impl InvoiceState {
    /// Takes over what it is on the document that bills several contracts.
    pub(crate) fn take_share(&mut self, share: &PartShare) {
        self.whole = Some(share.document.clone());
        self.invoice.issued_on = share.issued_on;
        self.invoice.due_on = share.due_on;
        self.invoice.tax.clone_from(&share.tax);
        self.invoice.totals = share.totals.clone();
    }

    /// Still to pay, gross: the document less payments and posted credits. Negative when overpaid.
    /// Nothing on a credit note: what it gives back is off the document it corrects.
    pub fn open(&self) -> Money {
        let totals = &self.invoice.totals;
        if self.invoice.kind == InvoiceType::CreditNote {
            return Money::zero(totals.due.currency);
        }
        Money::new(totals.due.amount - self.paid - self.credited, totals.due.currency)
    }

    /// Payment status as canonical invoice status.
    pub fn status(&self) -> InvoiceStatus {
        match self.stage {
            DocumentStage::Draft => InvoiceStatus::Draft,
            DocumentStage::Released => InvoiceStatus::Approved,
            DocumentStage::Discarded => InvoiceStatus::Void,
            DocumentStage::Posted if self.invoice.kind == InvoiceType::CreditNote => InvoiceStatus::Posted,
            DocumentStage::Posted
                if self.credited >= self.invoice.totals.gross.amount && self.credited > Decimal::ZERO =>
            {
                InvoiceStatus::Credited
            }
            DocumentStage::Posted if self.open().amount <= Decimal::ZERO => InvoiceStatus::Paid,
            DocumentStage::Posted if self.paid > Decimal::ZERO => InvoiceStatus::PartiallyPaid,
            DocumentStage::Posted => InvoiceStatus::Posted,
        }
    }

    /// The document in one line, as sales sees it; `None` while it has no number.
    pub fn summary(&self) -> Option<InvoiceSummary> {
        let number = self.invoice.number.clone()?;
        Some(InvoiceSummary {
            number,
            net: self.invoice.totals.net,
            gross: self.invoice.totals.gross,
            open: self.open(),
            due_on: self.invoice.due_on,
            status: self.status(),
        })
    }
}

/// A payment as applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentState {
    /// The document it settles.
    pub invoice: Id,
    /// How much of it counts now; zero once reversed.
    pub amount: Decimal,
}

/// Part of an advance that is set off against a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedAdvance {
    /// The advance's code.
    pub code: String,
    /// Net.
    pub net: Decimal,
    /// With the tax that the advance's own document charged: what is due less.
    pub gross: Decimal,
}

/// Money paid before the work, and what became of it (rules RE1 and RE5; law 5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdvanceState {
    /// What was agreed.
    pub term: AdvanceTerm,
    /// The document that bills it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<Id>,
    /// Gross of that document.
    pub gross: Decimal,
    /// Gross set off so far.
    pub gross_applied: Decimal,
    /// Net, bucket by bucket.
    pub ledger: AdvanceLedger,
    /// Its last day, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_on: Option<Date>,
}

/// One period of a retainer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainerPeriod {
    /// Contract line.
    pub line: String,
    /// The period.
    pub period: Period,
    /// Hours bought.
    pub hours: Decimal,
    /// Net paid for them in advance.
    pub amount: Decimal,
}

/// A retainer's periods and balances (rules RE1 to RE5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainerState {
    /// Advances by first day of their period.
    pub advances: BTreeMap<Date, Advance>,
    /// Its last day, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_on: Option<Date>,
    /// Last day up to which work was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_through: Option<Date>,
}

/// Hours bought in advance. bought = drawn + expired + refunded + left, always (law 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advance {
    /// The document that bills it.
    pub invoice: Id,
    /// What was bought.
    pub bought: RetainerPeriod,
    /// Whether it may be drawn from (rule RE1).
    pub available: bool,
    /// Hours drawn by work.
    pub drawn: Decimal,
    /// Hours expired.
    pub expired: Decimal,
    /// Hours given back.
    pub refunded: Decimal,
}

impl Advance {
    /// Hours left. Never negative (rule RE5).
    pub fn left(&self) -> Decimal {
        self.bought.hours - self.drawn - self.expired - self.refunded
    }
}

/// Minutes and value per bucket: the conservation ledger of one contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// Approved minutes, as billed.
    pub approved_minutes: Decimal,
    /// Minutes and value per bucket.
    pub buckets: BTreeMap<Bucket, (Decimal, Decimal)>,
}

impl Buckets {
    /// Whether every approved minute is in exactly one bucket (rule TM4).
    pub fn conserved(&self) -> bool {
        self.approved_minutes == self.buckets.values().map(|(minutes, _)| *minutes).sum::<Decimal>()
    }
}

impl Account {
    /// The contract line of that id.
    pub fn line(&self, id: &str) -> Option<&ContractLine> {
        self.contract.lines.iter().find(|line| line.id == id)
    }

    /// The document of that id.
    pub fn invoice(&self, id: &Id) -> Option<&InvoiceState> {
        self.invoices.get(id)
    }

    /// The document that the ERP gave this number.
    pub fn invoice_by_number(&self, number: &str) -> Option<&InvoiceState> {
        self.invoices.values().find(|state| state.invoice.number.as_deref() == Some(number))
    }

    /// The documents that share their work with this one among payers, itself included.
    pub fn set_of<'a>(&'a self, invoice: &'a Id) -> Vec<&'a Id> {
        match self.invoices.get(invoice).and_then(|state| state.set.as_ref()) {
            None => vec![invoice],
            Some(set) => {
                let same = |state: &InvoiceState| state.set.as_ref() == Some(set) && state.corrects.is_none();
                self.invoices.iter().filter(|(_, state)| same(state)).map(|(id, _)| id).collect()
            }
        }
    }

    /// The least advanced stage of the documents that share their work with this one.
    pub fn stage_of_set(&self, invoice: &Id) -> Option<DocumentStage> {
        let stages = self.set_of(invoice).into_iter().filter_map(|id| Some(self.invoices.get(id)?.stage));
        stages.min_by_key(|stage| match stage {
            DocumentStage::Draft => 0,
            DocumentStage::Released => 1,
            DocumentStage::Posted => 2,
            DocumentStage::Discarded => 3,
        })
    }

    /// Where a milestone stands whose payers' shares are posted or not (test FM-10).
    pub fn shared_milestone(&self, milestone: &Id) -> SharedMilestone {
        let Some(invoice) = self.milestones.get(milestone).and_then(|state| state.invoice.as_ref()) else {
            return SharedMilestone::NotStarted;
        };
        let posted = |id: &&Id| self.invoices.get(*id).is_some_and(|state| state.stage == DocumentStage::Posted);
        shared(&self.set_of(invoice).iter().map(posted).collect::<Vec<_>>())
    }

    /// Minutes and value per bucket, of one line or of all.
    pub fn buckets(&self, line: Option<&str>) -> Buckets {
        let mut sums = Buckets::default();
        for entry in self.entries.values().filter(|entry| line.is_none_or(|line| entry.terms.line == line)) {
            sums.approved_minutes += Decimal::from(entry.terms.billed_minutes);
            for portion in &entry.portions {
                let sum = sums.buckets.entry(portion.bucket).or_default();
                sum.0 += portion.minutes;
                sum.1 += portion.amount;
            }
        }
        sums
    }

    /// What stands behind one invoice line: its billing events, each with source, rate row and
    /// level, cap split and rounding steps. Empty when there is no such line.
    pub fn explain(&self, invoice: &Id, line: &str) -> Vec<&BillingEvent> {
        let Some(state) = self.invoices.get(invoice) else { return Vec::new() };
        let Some(line) = state.invoice.lines.iter().find(|candidate| candidate.id == line) else { return Vec::new() };
        line.billing_events.iter().filter_map(|id| self.billing_events.get(&Id::parse(id)?)).collect()
    }
}
