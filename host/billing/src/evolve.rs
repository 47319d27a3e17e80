//! Applies events. Dumb on purpose: every decision was made before the event was recorded.

use std::collections::BTreeMap;

mod documents;
mod retainer;
mod sources;

use quoin_canonical::{AdvanceTerm, Decimal};

use crate::account::{
    Account, AdvanceState, Bucket, DiscountState, DocumentStage, ExpenseStage, MilestoneStage, MilestoneState,
    Reported, RetainerPeriod, TaskTerms,
};
use crate::advance::AdvanceLedger;
use crate::event::{AccountEvent, Opened};
use sources::rebucket;

/// Applies one event. `Opened` makes the account; every other event changes an existing one and is
/// without effect where there is none.
pub fn evolve(account: &mut Option<Account>, event: &AccountEvent) {
    match (account.as_mut(), event) {
        (None, AccountEvent::Opened(opened)) => *account = Some(Account::new(opened)),
        (Some(account), event) => account.evolve(event),
        (None, _) => {}
    }
}

/// The account that a list of events leads to.
pub fn replay<'a>(events: impl IntoIterator<Item = &'a AccountEvent>) -> Option<Account> {
    let mut account = None;
    for event in events {
        evolve(&mut account, event);
    }
    account
}

impl Account {
    fn new(opened: &Opened) -> Self {
        let mut account = Self {
            contract: opened.contract.clone(),
            project: opened.project.clone(),
            buyer: opened.buyer.clone(),
            rates: Vec::new(),
            tasks: BTreeMap::new(),
            assignments: BTreeMap::new(),
            lines: BTreeMap::new(),
            milestones: BTreeMap::new(),
            entries: BTreeMap::new(),
            expenses: BTreeMap::new(),
            billing_events: BTreeMap::new(),
            invoices: BTreeMap::new(),
            documents: 0,
            payments: BTreeMap::new(),
            foreign: BTreeMap::new(),
            discount: None,
            retainers: BTreeMap::new(),
            advances: BTreeMap::new(),
            revenue: BTreeMap::new(),
            revenue_differences: BTreeMap::new(),
        };
        account.take_terms(opened);
        account
    }

    /// Applies one event.
    pub fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened(_) => {}
            AccountEvent::Amended(opened) => self.take_terms(opened),
            AccountEvent::Assigned(assignment) => {
                if let Some(id) = &assignment.header.id {
                    self.assignments.insert(id.clone(), (**assignment).clone());
                }
            }
            AccountEvent::TimeRecorded(recorded) => self.time_recorded(recorded),
            AccountEvent::TimeReversed(reversed) => self.time_reversed(reversed),
            AccountEvent::EntryRefused(refused) => self.entry_refused(refused),
            AccountEvent::CorrectionPending(time) => {
                if let Some(entry) = time.header.id.as_ref().and_then(|id| self.entries.get_mut(id)) {
                    entry.pending = Some(time.clone());
                }
            }
            AccountEvent::CreditProposed(proposed) => {
                let id = proposed.time.header.id.as_ref();
                if let Some(entry) = id.and_then(|id| self.entries.get_mut(id)) {
                    entry.pending = None;
                    entry.proposed = Some(Box::new(proposed.time.clone()));
                }
            }
            AccountEvent::InvoiceDrafted(drafted) => self.invoice_drafted(drafted),
            AccountEvent::InvoiceReleased(invoice) => {
                if let Some(state) = self.invoices.get_mut(&invoice.invoice) {
                    state.stage = DocumentStage::Released;
                    state.approved.clone_from(&invoice.approved);
                }
            }
            AccountEvent::InvoiceDiscarded(invoice) => self.invoice_discarded(&invoice.invoice),
            AccountEvent::InvoicePosted(posted) => self.invoice_posted(posted),
            AccountEvent::CreditDrafted(drafted) => self.credit_drafted(drafted),
            AccountEvent::CreditedAtZero(taken) => {
                for event in &taken.billing_events {
                    self.billing_events.insert(event.id.clone(), event.clone());
                    self.take_back(event, &taken.corrects);
                }
                for returned in &taken.returned {
                    self.give_back(returned);
                }
            }
            AccountEvent::PaymentApplied(applied) => self.payment_applied(applied),
            other => self.evolve_sources(other),
        }
    }

    /// Milestones, expenses and rates.
    fn evolve_sources(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::ExpenseRecorded(recorded) => self.expense_recorded(recorded),
            AccountEvent::ExpenseReversed(reversed) => {
                if let Some(state) = self.expenses.get_mut(&reversed.expense) {
                    state.stage = ExpenseStage::Reversed;
                    state.event = None;
                    state.pending = None;
                }
            }
            AccountEvent::ExpensePending(expense) => {
                if let Some(state) = self.expenses.get_mut(&expense.id) {
                    state.pending = Some((**expense).clone());
                }
            }
            AccountEvent::RatesChanged(changed) => self.rates.clone_from(&changed.rates),
            AccountEvent::MilestoneReady(ready) => {
                if let Some(state) = self.milestones.get_mut(&ready.milestone) {
                    state.stage = MilestoneStage::Ready;
                    state.acceptance = Some(ready.acceptance.clone());
                }
            }
            AccountEvent::MilestoneWithdrawn(milestone) => {
                if let Some(state) = self.milestones.get_mut(&milestone.milestone) {
                    state.stage = MilestoneStage::NotReady;
                    state.acceptance = None;
                }
            }
            AccountEvent::MilestoneDisputed(milestone) => {
                if let Some(state) = self.milestones.get_mut(&milestone.milestone) {
                    state.stage = MilestoneStage::Disputed;
                }
            }
            AccountEvent::ProgressReported(report) => {
                let state = self.lines.entry(report.line.clone()).or_default();
                state.progress = Some(Reported { percent: report.percent, on: report.on });
            }
            AccountEvent::DiscountJudged(judged) => {
                self.discount = Some(DiscountState { judged: judged.clone(), decided: None });
            }
            AccountEvent::DiscountDecided(decided) => {
                if let Some(state) = &mut self.discount {
                    state.decided = Some(decided.clone());
                }
            }
            AccountEvent::ForeignInvoiceFound(found) => {
                self.foreign.insert(found.invoice.clone(), found.clone());
            }
            AccountEvent::ForeignInvoiceCleared(cleared) => {
                self.foreign.remove(&cleared.invoice);
            }
            AccountEvent::MilestoneHeld(held) => {
                if let Some(state) = self.milestones.get_mut(&held.milestone) {
                    state.hold = held.reason.clone();
                }
            }
            other => self.evolve_positions(other),
        }
    }

    /// Caps, retainers and revenue.
    fn evolve_positions(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::OverCapHeld(held) => self.over_cap_held(held),
            AccountEvent::OverCapReleased(released) => self.over_cap_released(&released.line),
            AccountEvent::BeyondCapFreed(freed) => self.beyond_cap_freed(freed),
            AccountEvent::ExpenseHeld(held) => {
                if let Some(state) = self.expenses.get_mut(&held.expense) {
                    state.stage = ExpenseStage::OverCap;
                }
            }
            AccountEvent::WrittenOff(written) => {
                if let Some(entry) = self.entries.get_mut(&written.entry) {
                    rebucket(entry, Bucket::OverCap, Bucket::WrittenOff);
                }
            }
            AccountEvent::AdvanceAvailable(available) => {
                let RetainerPeriod { line, period, .. } = &available.bought;
                if let Some(advance) = self.advance_mut(line, period.from) {
                    advance.available = true;
                }
            }
            AccountEvent::RetainerSettled(settled) => self.retainer_settled(settled),
            AccountEvent::RetainerReturned(returned) => {
                for (start, hours) in &returned.hours {
                    if let Some(advance) = self.advance_mut(&returned.line, *start) {
                        advance.drawn -= hours;
                    }
                }
            }
            AccountEvent::RetainerClosed(closed) => self.retainer_closed(closed),
            AccountEvent::AdvanceUsable(usable) => {
                if let Some(state) = self.advances.get_mut(&usable.code) {
                    state.ledger.post(usable.amount);
                }
            }
            AccountEvent::AdvanceClosed(closed) => {
                if let Some(state) = self.advances.get_mut(&closed.code) {
                    state.ledger.refunded += closed.refunded.amount;
                    state.ledger.expired += closed.breakage.amount;
                    state.closed_on = Some(closed.on);
                }
            }
            AccountEvent::RevenueComputed(computed) => {
                for position in &computed.positions {
                    self.revenue.insert(position.indicator.contract_line.clone(), position.clone());
                }
            }
            AccountEvent::RevenueDiffers(differs) => {
                self.revenue_differences.insert(differs.line.clone(), differs.difference);
            }
            AccountEvent::RevenueAgrees(agrees) => {
                self.revenue_differences.remove(&agrees.line);
            }
            _ => {}
        }
    }

    fn take_terms(&mut self, opened: &Opened) {
        self.contract = opened.contract.clone();
        self.project = opened.project.clone();
        self.buyer = opened.buyer.clone();
        self.rates = opened.rates.clone();
        for assignment in &opened.assignments {
            if let Some(id) = &assignment.header.id {
                self.assignments.entry(id.clone()).or_insert_with(|| assignment.clone());
            }
        }
        for task in &opened.project.tasks {
            if let Some(id) = &task.header.id {
                let terms = TaskTerms { line: task.contract_line.clone(), billing_type: task.billing_type };
                self.tasks.insert(id.clone(), terms);
            }
        }
        for milestone in &opened.project.milestones {
            let Some(id) = &milestone.header.id else { continue };
            let state = self.milestones.entry(id.clone()).or_insert_with(|| MilestoneState {
                milestone: milestone.clone(),
                acceptance: None,
                stage: MilestoneStage::NotReady,
                invoice: None,
                hold: None,
            });
            state.milestone = milestone.clone();
        }
        for line in &opened.contract.lines {
            self.lines.entry(line.id.clone()).or_default();
        }
        self.take_advances(&opened.contract.agreement.advances);
    }

    /// Advances follow the newer terms until they are on a document.
    fn take_advances(&mut self, terms: &[AdvanceTerm]) {
        self.advances.retain(|code, state| state.invoice.is_some() || terms.iter().any(|term| term.code == *code));
        for term in terms {
            let fresh = || AdvanceState {
                term: term.clone(),
                invoice: None,
                gross: Decimal::ZERO,
                gross_applied: Decimal::ZERO,
                ledger: AdvanceLedger::default(),
                closed_on: None,
            };
            let state = self.advances.entry(term.code.clone()).or_insert_with(fresh);
            if state.invoice.is_none() {
                state.term = term.clone();
                state.ledger.agreed = term.amount.amount;
            }
        }
    }
}
