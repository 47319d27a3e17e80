//! Time and expenses: where their minutes and amounts are.

use std::collections::BTreeMap;

use quoin_canonical::Decimal;

use crate::account::{Account, Bucket, Entry, ExpenseStage, ExpenseState, Portion};
use crate::event::{BeyondCapFreed, EntryRefused, ExpenseRecorded, OverCapHeld, TimeRecorded, TimeReversed};

impl Account {
    pub(super) fn time_recorded(&mut self, recorded: &TimeRecorded) {
        let terms = &recorded.terms;
        let entry = self.entries.entry(terms.entry.clone()).or_insert_with(|| blank(recorded));
        entry.terms = terms.clone();
        entry.rate = recorded.rate.clone();
        entry.portions.retain(|portion| portion.bucket.invoiced());
        entry.portions.extend(recorded.portions.iter().cloned());
        noted(entry);
    }

    pub(super) fn time_reversed(&mut self, reversed: &TimeReversed) {
        let Some(entry) = self.entries.get_mut(&reversed.entry) else { return };
        entry.portions.retain(|portion| portion.bucket.invoiced());
        entry.terms.worked_minutes = 0;
        entry.terms.billed_minutes = 0;
        entry.terms.revision = reversed.revision.clone();
        noted(entry);
    }

    pub(super) fn entry_refused(&mut self, refused: &EntryRefused) {
        let terms = &refused.terms;
        let entry = self.entries.entry(terms.entry.clone()).or_insert_with(|| Entry {
            terms: terms.clone(),
            rate: None,
            portions: Vec::new(),
            refusal: None,
            revisions: Default::default(),
            pending: None,
            proposed: None,
        });
        entry.terms = terms.clone();
        entry.rate = None;
        entry.portions.retain(|portion| portion.bucket.invoiced());
        let minutes = Decimal::from(terms.billed_minutes) - entry.invoiced_minutes();
        entry.portions.push(Portion {
            bucket: Bucket::Refused,
            minutes,
            amount: Decimal::ZERO,
            net: Decimal::ZERO,
            event: None,
        });
        noted(entry);
        entry.refusal = Some(refused.refusal.code.clone());
    }

    pub(super) fn expense_recorded(&mut self, recorded: &ExpenseRecorded) {
        let stage = if recorded.expense.billable { ExpenseStage::Unbilled } else { ExpenseStage::NonBillable };
        let state = ExpenseState {
            expense: recorded.expense.clone(),
            amount: recorded.amount,
            stage,
            event: None,
            pending: None,
        };
        self.expenses.insert(recorded.expense.id.clone(), state);
    }

    pub(super) fn over_cap_held(&mut self, held: &OverCapHeld) {
        for part in &held.entries {
            let Some(entry) = self.entries.get_mut(&part.entry) else { continue };
            take(entry, Bucket::Unbilled, part.minutes, part.amount);
            entry.portions.push(Portion {
                bucket: Bucket::OverCap,
                minutes: part.minutes,
                amount: part.amount,
                net: Decimal::ZERO,
                event: None,
            });
            settle_entry(entry);
        }
    }

    /// Work beyond a cap that is not charged: it counts for the margin only.
    pub(super) fn beyond_cap_freed(&mut self, freed: &BeyondCapFreed) {
        for part in &freed.entries {
            let Some(entry) = self.entries.get_mut(&part.entry) else { continue };
            take(entry, Bucket::Unbilled, part.minutes, part.amount);
            entry.portions.push(Portion {
                bucket: Bucket::NonBillable,
                minutes: part.minutes,
                amount: Decimal::ZERO,
                net: Decimal::ZERO,
                event: None,
            });
            settle_entry(entry);
        }
    }

    pub(super) fn over_cap_released(&mut self, line: &str) {
        let held = |state: &&mut ExpenseState| state.expense.line == line && state.stage == ExpenseStage::OverCap;
        for state in self.expenses.values_mut().filter(held) {
            state.stage = ExpenseStage::Unbilled;
        }
        for entry in self.entries.values_mut().filter(|entry| entry.terms.line == line) {
            rebucket(entry, Bucket::OverCap, Bucket::Unbilled);
        }
    }
}

fn blank(recorded: &TimeRecorded) -> Entry {
    Entry {
        terms: recorded.terms.clone(),
        rate: None,
        portions: Vec::new(),
        refusal: None,
        revisions: Default::default(),
        pending: None,
        proposed: None,
    }
}

/// Takes minutes and value out of one bucket of an entry.
pub(super) fn take(entry: &mut Entry, bucket: Bucket, minutes: Decimal, amount: Decimal) {
    if let Some(portion) = entry.portions.iter_mut().find(|portion| portion.bucket == bucket) {
        portion.minutes -= minutes;
        portion.amount -= amount;
    }
    entry.portions.retain(|portion| !portion.minutes.is_zero());
}

pub(super) fn rebucket(entry: &mut Entry, from: Bucket, to: Bucket) {
    for portion in entry.portions.iter_mut().filter(|portion| portion.bucket == from) {
        portion.bucket = to;
    }
    settle_entry(entry);
}

/// Keeps an entry in its one form: free minutes of a bucket in one portion, buckets in order,
/// nothing empty.
pub(super) fn settle_entry(entry: &mut Entry) {
    let mut free: BTreeMap<Bucket, Portion> = BTreeMap::new();
    let mut invoiced = Vec::new();
    for portion in std::mem::take(&mut entry.portions) {
        if portion.minutes.is_zero() {
            continue;
        }
        if portion.event.is_some() {
            invoiced.push(portion);
            continue;
        }
        match free.get_mut(&portion.bucket) {
            Some(sum) => {
                sum.minutes += portion.minutes;
                sum.amount += portion.amount;
            }
            None => {
                free.insert(portion.bucket, portion);
            }
        }
    }
    entry.portions = free.into_values().chain(invoiced).collect();
}

/// Notes the revision the entry now stands at; nothing waits any more.
fn noted(entry: &mut Entry) {
    settle_entry(entry);
    entry.pending = None;
    entry.proposed = None;
    entry.refusal = None;
    if let Some(revision) = &entry.terms.revision {
        entry.revisions.insert(revision.clone());
    }
}
