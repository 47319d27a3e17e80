//! The same ledger a second way: read off billing's account, and compared with the book.

use std::collections::BTreeMap;

use billing::Account;
use billing::account::{Advance, AdvanceState, ExpenseStage, MilestoneStage, MilestoneState};
use billing::event::Source;
use quoin_canonical::{Decimal, Id};
use serde::{Deserialize, Serialize};

use super::book::bucket_of;
use super::{
    Bucket, ContractBook, Holding, Measure, UnitKind, advance_key, expense_key, milestone_key, retainer_key, time_key,
};

/// Where the account says every unit is. Money of milestones and expenses that was credited for
/// good is what their documents and their stage leave over.
pub fn holdings_of_account(account: &Account) -> BTreeMap<String, Holding> {
    let mut holdings = BTreeMap::new();
    for (id, entry) in &account.entries {
        let mut holding = empty(UnitKind::Time, &entry.terms.line, Decimal::from(entry.terms.billed_minutes));
        for portion in &entry.portions {
            add(&mut holding, bucket_of(portion.bucket), Measure::new(portion.minutes, portion.amount));
        }
        holdings.insert(time_key(id), holding);
    }
    for (id, state) in &account.milestones {
        holdings.insert(milestone_key(id), milestone(account, id, state));
    }
    for (id, state) in &account.expenses {
        let reversed = state.stage == ExpenseStage::Reversed;
        let approved = if reversed { Decimal::ZERO } else { state.amount };
        let mut holding = empty(UnitKind::Expense, &state.expense.line, approved);
        let (posted, open) =
            charged(account, |source| matches!(source, Source::Expense { expense, .. } if expense == id));
        let rest = approved - posted - open;
        let bucket = match state.stage {
            ExpenseStage::Unbilled => Bucket::Unbilled,
            ExpenseStage::OverCap => Bucket::OverCap,
            ExpenseStage::NonBillable => Bucket::NonBillable,
            ExpenseStage::OnInvoice | ExpenseStage::Billed | ExpenseStage::Reversed => Bucket::Credited,
        };
        if !reversed {
            add(&mut holding, Bucket::Billed, Measure::money(posted));
            add(&mut holding, Bucket::OnDocument, Measure::money(open));
            add(&mut holding, bucket, Measure::money(rest));
        }
        holdings.insert(expense_key(id), holding);
    }
    for (code, state) in &account.advances {
        holdings.insert(advance_key(code), advance(state));
    }
    for (line, retainer) in &account.retainers {
        for (from, advance) in &retainer.advances {
            holdings.insert(retainer_key(line, *from), bought(line, advance));
        }
    }
    holdings
}

fn empty(kind: UnitKind, line: &str, approved: Decimal) -> Holding {
    Holding { kind, line: line.to_owned(), approved, buckets: BTreeMap::new() }
}

fn add(holding: &mut Holding, bucket: Bucket, measure: Measure) {
    holding.buckets.entry(bucket).or_default().add(measure);
    holding.buckets.retain(|_, measure| !measure.is_zero());
}

fn bought(line: &str, advance: &Advance) -> Holding {
    let mut holding = empty(UnitKind::Retainer, line, advance.bought.hours);
    let left = if advance.available { Bucket::Available } else { Bucket::OnDocument };
    let parts = [
        (left, advance.left()),
        (Bucket::Drawn, advance.drawn),
        (Bucket::Expired, advance.expired),
        (Bucket::Refunded, advance.refunded),
    ];
    for (bucket, hours) in parts {
        let amount = advance.bought.amount * hours / advance.bought.hours;
        add(&mut holding, bucket, Measure::new(hours, amount));
    }
    holding
}

fn milestone(account: &Account, id: &Id, state: &MilestoneState) -> Holding {
    let sold = state.milestone.amount.map_or(Decimal::ZERO, |amount| amount.amount);
    let mut holding = empty(UnitKind::Milestone, &state.milestone.contract_line, sold);
    let of = |source: &Source| matches!(source, Source::Milestone { milestone, .. } if milestone == id);
    let (posted, open) = charged(account, of);
    let given_back: Decimal = account
        .billing_events
        .values()
        .filter(|event| of(&event.source) && event.reversal_of.is_some())
        .map(|event| Decimal::ZERO - event.amount)
        .sum();
    add(&mut holding, Bucket::Billed, Measure::money(posted));
    add(&mut holding, Bucket::OnDocument, Measure::money(open));
    let rest = sold - posted - open;
    let bucket = match state.stage {
        MilestoneStage::NotReady => Bucket::NotDue,
        MilestoneStage::Ready if state.hold.is_some() => Bucket::Held,
        MilestoneStage::Ready => Bucket::Unbilled,
        MilestoneStage::Crediting => Bucket::OnDocument,
        MilestoneStage::OnInvoice | MilestoneStage::Posted | MilestoneStage::Disputed if given_back >= rest => {
            Bucket::Credited
        }
        MilestoneStage::OnInvoice | MilestoneStage::Posted | MilestoneStage::Disputed => Bucket::NotDue,
    };
    add(&mut holding, bucket, Measure::money(rest));
    holding
}

/// What posted and unposted documents charge for a source, credits deducted. A credit counts at the
/// document it takes back from, posted as that is.
fn charged(account: &Account, of: impl Fn(&Source) -> bool) -> (Decimal, Decimal) {
    let (mut posted, mut open) = (Decimal::ZERO, Decimal::ZERO);
    for event in account.billing_events.values().filter(|event| of(&event.source)) {
        let charge = event.reversal_of.as_ref().and_then(|id| account.billing_events.get(id)).unwrap_or(event);
        let out = account.invoices.get(&charge.invoice).is_some_and(|state| state.posted_on.is_some());
        *(if out { &mut posted } else { &mut open }) += event.amount;
    }
    (posted, open)
}

/// Money paid before the work.
fn advance(state: &AdvanceState) -> Holding {
    let ledger = &state.ledger;
    let mut holding = empty(UnitKind::Advance, "", ledger.agreed);
    let waits = if state.invoice.is_some() { Bucket::OnDocument } else { Bucket::NotDue };
    let parts = [
        (waits, ledger.agreed - ledger.invoiced),
        (Bucket::Available, ledger.available()),
        (Bucket::Drawn, ledger.applied),
        (Bucket::Refunded, ledger.refunded),
        (Bucket::Expired, ledger.expired),
    ];
    for (bucket, amount) in parts {
        add(&mut holding, bucket, Measure::money(amount));
    }
    holding
}

/// One unit that two books see differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The unit.
    pub unit: String,
    /// What the first book says; absent when it has no such unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one: Option<Holding>,
    /// What the second says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Holding>,
}

/// Where two readings of the same contract part, in the measure each unit conserves. A unit of
/// nothing that one of them leaves out is no difference.
pub fn compare(one: &BTreeMap<String, Holding>, other: &BTreeMap<String, Holding>) -> Vec<Difference> {
    let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differs = |key: &&&String| {
        let (a, b) = (one.get(**key).map(conserved), other.get(**key).map(conserved));
        a.unwrap_or_default() != b.unwrap_or_default()
    };
    keys.iter()
        .filter(differs)
        .map(|key| Difference { unit: (*key).clone(), one: one.get(*key).cloned(), other: other.get(*key).cloned() })
        .collect()
}

/// Approved, and what is in which bucket, in one measure.
fn conserved(holding: &Holding) -> (Decimal, BTreeMap<Bucket, Decimal>) {
    let of = |measure: &Measure| if holding.kind.in_money() { measure.amount } else { measure.quantity };
    let buckets = holding.buckets.iter().map(|(bucket, measure)| (*bucket, of(measure).normalize()));
    (holding.approved.normalize(), buckets.filter(|(_, amount)| !amount.is_zero()).collect())
}

impl ContractBook {
    /// Where this book and an account part.
    pub fn against(&self, account: &Account) -> Vec<Difference> {
        compare(&self.holdings(), &holdings_of_account(account))
    }
}
