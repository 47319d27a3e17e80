//! Documents: drafted, discarded, posted, credited, paid.

use std::collections::BTreeMap;

use quoin_canonical::{Decimal, Id, Invoice, InvoiceType};

use super::sources::{settle_entry, take};
use crate::account::{
    Account, Advance, AppliedAdvance, Bucket, DocumentStage, ExpenseStage, InvoiceState, MilestoneStage, PaymentState,
    Portion, RetainerPeriod,
};
use crate::event::{BillingEvent, CreditDrafted, InvoiceDrafted, InvoicePosted, PaymentApplied, Returned, Source};

impl Account {
    pub(super) fn invoice_drafted(&mut self, drafted: &InvoiceDrafted) {
        let Some(id) = drafted.invoice.header.id.clone() else { return };
        self.documents += 1;
        for event in &drafted.billing_events {
            self.count_invoiced(event, event.net);
            self.put_on_invoice(event, &id, drafted.invoice.totals.gross.amount);
            self.billing_events.insert(event.id.clone(), event.clone());
        }
        for bought in &drafted.advances {
            let retainer = self.retainers.entry(bought.line.clone()).or_default();
            retainer.advances.insert(bought.period.from, advance(bought, &id));
        }
        for part in &drafted.applied {
            self.apply_advance(part, Decimal::ONE);
        }
        self.invoices.insert(id, document(drafted));
    }

    /// Adds what a billing event puts on (or takes off) its contract line.
    fn count_invoiced(&mut self, event: &BillingEvent, net: Decimal) {
        let state = self.lines.entry(event.contract_line.clone()).or_default();
        state.invoiced += net;
        if event.capped() {
            state.time_invoiced += net;
        }
        if matches!(event.source, Source::Expense { .. }) {
            state.expenses_invoiced += net;
        }
    }

    fn count_credited(&mut self, event: &BillingEvent) {
        let state = self.lines.entry(event.contract_line.clone()).or_default();
        state.credited -= event.net;
        if event.capped() {
            state.time_credited -= event.net;
        }
        if matches!(event.source, Source::Expense { .. }) {
            state.expenses_credited -= event.net;
        }
    }

    /// Sets an advance off against a document, or gives it back with a sign of -1.
    fn apply_advance(&mut self, part: &AppliedAdvance, sign: Decimal) {
        if let Some(state) = self.advances.get_mut(&part.code) {
            state.ledger.applied += part.net * sign;
            state.gross_applied += part.gross * sign;
        }
    }

    fn put_on_invoice(&mut self, event: &BillingEvent, invoice: &Id, gross: Decimal) {
        match &event.source {
            Source::Time { entry, .. } => {
                if let Some(entry) = self.entries.get_mut(entry) {
                    take(entry, Bucket::Unbilled, event.minutes, event.frozen_amount());
                    entry.portions.push(Portion {
                        bucket: Bucket::OnInvoice,
                        minutes: event.minutes,
                        amount: event.amount,
                        net: event.net,
                        event: Some(event.id.clone()),
                    });
                }
            }
            Source::Milestone { milestone, .. } => {
                if let Some(state) = self.milestones.get_mut(milestone) {
                    state.stage = MilestoneStage::OnInvoice;
                    state.invoice = Some(invoice.clone());
                }
            }
            Source::Expense { expense, .. } => {
                if let Some(state) = self.expenses.get_mut(expense) {
                    state.stage = ExpenseStage::OnInvoice;
                    state.event = Some(event.id.clone());
                }
            }
            Source::Advance { code } => {
                if let Some(state) = self.advances.get_mut(code) {
                    state.invoice = Some(invoice.clone());
                    state.gross = gross;
                }
            }
            Source::Retainer { .. } | Source::Progress { .. } => {}
        }
    }

    pub(super) fn invoice_discarded(&mut self, id: &Id) {
        let Some(state) = self.invoices.get_mut(id) else { return };
        state.stage = DocumentStage::Discarded;
        let events = events_on(&state.invoice);
        let advances = std::mem::take(&mut state.advances);
        let applied = std::mem::take(&mut state.applied);
        for id in &events {
            let Some(event) = self.billing_events.remove(id) else { continue };
            self.count_invoiced(&event, Decimal::ZERO - event.net);
            self.take_off(&event);
        }
        for part in &applied {
            self.apply_advance(part, Decimal::NEGATIVE_ONE);
        }
        for bought in &advances {
            if let Some(retainer) = self.retainers.get_mut(&bought.line) {
                retainer.advances.remove(&bought.period.from);
            }
        }
    }

    /// Lets what was on a discarded document wait for a run again.
    fn take_off(&mut self, event: &BillingEvent) {
        match &event.source {
            Source::Time { entry, .. } => {
                if let Some(entry) = self.entries.get_mut(entry) {
                    let on_it = |portion: &&mut Portion| portion.event.as_ref() == Some(&event.id);
                    for portion in entry.portions.iter_mut().filter(on_it) {
                        portion.bucket = Bucket::Unbilled;
                        portion.amount = event.frozen_amount();
                        portion.net = Decimal::ZERO;
                        portion.event = None;
                    }
                    settle_entry(entry);
                }
            }
            Source::Milestone { milestone, .. } => {
                if let Some(state) = self.milestones.get_mut(milestone) {
                    state.stage = MilestoneStage::Ready;
                    state.invoice = None;
                }
            }
            Source::Expense { expense, .. } => {
                if let Some(state) = self.expenses.get_mut(expense) {
                    state.stage = ExpenseStage::Unbilled;
                    state.event = None;
                }
            }
            Source::Advance { code } => {
                if let Some(state) = self.advances.get_mut(code) {
                    state.invoice = None;
                    state.gross = Decimal::ZERO;
                }
            }
            Source::Retainer { .. } | Source::Progress { .. } => {}
        }
    }

    pub(super) fn invoice_posted(&mut self, posted: &InvoicePosted) {
        let Some(state) = self.invoices.get_mut(&posted.invoice) else { return };
        state.stage = DocumentStage::Posted;
        state.posted_on = Some(posted.on);
        state.booked = posted.booked.clone();
        state.invoice.number = Some(posted.number.clone());
        if let Some(share) = &posted.share {
            state.take_share(share);
        }
        state.invoice.status = quoin_canonical::InvoiceStatus::Posted;
        let credit = state.invoice.kind == InvoiceType::CreditNote;
        let gross = state.invoice.totals.gross.amount;
        let corrects = state.corrects.clone();
        let ids = events_on(&state.invoice);
        let events: Vec<BillingEvent> = ids.iter().filter_map(|id| self.billing_events.get(id)).cloned().collect();
        if credit {
            for event in &events {
                self.count_credited(event);
            }
            if let Some(original) = corrects.and_then(|id| self.invoices.get_mut(&id)) {
                original.credited += gross;
            }
            self.milestones_credited(&events);
            return;
        }
        // What several payers share is billed once the last of their documents is posted.
        let whole = self.stage_of_set(&posted.invoice) == Some(DocumentStage::Posted);
        for event in &events {
            self.billed(event, whole);
        }
    }

    fn billed(&mut self, event: &BillingEvent, whole: bool) {
        match &event.source {
            Source::Time { entry, .. } => {
                let portions = self.entries.get_mut(entry).map(|entry| &mut entry.portions);
                for portion in
                    portions.into_iter().flatten().filter(|portion| portion.event.as_ref() == Some(&event.id))
                {
                    portion.bucket = Bucket::Billed;
                }
            }
            Source::Expense { expense, .. } if whole => {
                if let Some(state) =
                    self.expenses.get_mut(expense).filter(|state| state.stage == ExpenseStage::OnInvoice)
                {
                    state.stage = ExpenseStage::Billed;
                }
            }
            Source::Milestone { milestone, .. } if whole => {
                if let Some(state) =
                    self.milestones.get_mut(milestone).filter(|state| state.stage == MilestoneStage::OnInvoice)
                {
                    state.stage = MilestoneStage::Posted;
                }
            }
            _ => {}
        }
    }

    /// The credit note of some milestones is posted: they may be billed again, once no other credit
    /// note of theirs is out.
    fn milestones_credited(&mut self, events: &[BillingEvent]) {
        for event in events {
            let Source::Milestone { milestone, .. } = &event.source else { continue };
            let out = self.billing_events.values().any(|other| {
                let same = matches!(&other.source, Source::Milestone { milestone: of, .. } if of == milestone);
                same && other.reversal_of.is_some()
                    && self.invoices.get(&other.invoice).is_some_and(|state| state.stage != DocumentStage::Posted)
            });
            let waits = self.milestones.get_mut(milestone).filter(|state| state.stage == MilestoneStage::Crediting);
            if let Some(state) = waits.filter(|_| !out) {
                state.stage = MilestoneStage::Ready;
            }
        }
    }

    pub(super) fn credit_drafted(&mut self, drafted: &CreditDrafted) {
        let Some(id) = drafted.credit.header.id.clone() else { return };
        self.documents += 1;
        for event in &drafted.billing_events {
            self.billing_events.insert(event.id.clone(), event.clone());
            self.take_back(event, &drafted.corrects);
        }
        for returned in &drafted.returned {
            self.give_back(returned);
        }
        self.invoices.insert(
            id,
            InvoiceState {
                invoice: drafted.credit.clone(),
                stage: if drafted.approval.is_none() { DocumentStage::Released } else { DocumentStage::Draft },
                approval: drafted.approval.clone(),
                approved: None,
                as_of: drafted.credit.issued_on,
                corrects: Some(drafted.corrects.clone()),
                advances: Vec::new(),
                set: None,
                applied: Vec::new(),
                group: None,
                whole: None,
                booked: None,
                posted_on: None,
                paid: Decimal::ZERO,
                credited: Decimal::ZERO,
                credited_lines: BTreeMap::new(),
            },
        );
    }

    pub(super) fn take_back(&mut self, event: &BillingEvent, corrects: &Id) {
        let Some(original) = event.reversal_of.as_ref().and_then(|id| self.billing_events.get(id)) else { return };
        if let Some(state) = self.invoices.get_mut(corrects) {
            *state.credited_lines.entry(original.line.clone()).or_default() -= event.net;
        }
        if let Source::Time { entry, .. } = &event.source
            && let Some(entry) = self.entries.get_mut(entry)
        {
            for portion in entry.portions.iter_mut().filter(|portion| portion.event == event.reversal_of) {
                portion.minutes += event.minutes;
                portion.amount += event.amount;
                portion.net += event.net;
            }
            entry.portions.retain(|portion| !portion.minutes.is_zero());
        }
    }

    /// Lets something credited wait for a run again.
    pub(super) fn give_back(&mut self, returned: &Returned) {
        if let Some(entry) = self.entries.get_mut(&returned.source) {
            entry.portions.push(Portion {
                bucket: Bucket::Unbilled,
                minutes: returned.minutes,
                amount: returned.amount,
                net: Decimal::ZERO,
                event: None,
            });
            settle_entry(entry);
        }
        if let Some(state) = self.expenses.get_mut(&returned.source) {
            state.stage = ExpenseStage::Unbilled;
            state.event = None;
        }
        if let Some(state) = self.milestones.get_mut(&returned.source) {
            state.stage = MilestoneStage::Crediting;
            state.invoice = None;
        }
    }

    pub(super) fn payment_applied(&mut self, applied: &PaymentApplied) {
        if let Some(state) = self.invoices.get_mut(&applied.invoice) {
            state.paid += applied.amount.amount;
        }
        let payment = self
            .payments
            .entry(applied.payment.clone())
            .or_insert_with(|| PaymentState { invoice: applied.invoice.clone(), amount: Decimal::ZERO });
        payment.invoice = applied.invoice.clone();
        payment.amount += applied.amount.amount;
    }
}

fn advance(bought: &RetainerPeriod, invoice: &Id) -> Advance {
    Advance {
        invoice: invoice.clone(),
        bought: bought.clone(),
        available: false,
        drawn: Decimal::ZERO,
        expired: Decimal::ZERO,
        refunded: Decimal::ZERO,
    }
}

fn document(drafted: &InvoiceDrafted) -> InvoiceState {
    InvoiceState {
        invoice: drafted.invoice.clone(),
        stage: if drafted.released { DocumentStage::Released } else { DocumentStage::Draft },
        approval: drafted.approval.clone(),
        approved: None,
        as_of: drafted.as_of,
        corrects: None,
        advances: drafted.advances.clone(),
        set: drafted.set.clone(),
        applied: drafted.applied.clone(),
        group: drafted.group.clone(),
        whole: None,
        booked: None,
        posted_on: None,
        paid: Decimal::ZERO,
        credited: Decimal::ZERO,
        credited_lines: BTreeMap::new(),
    }
}

/// The billing events of a document, line by line.
fn events_on(invoice: &Invoice) -> Vec<Id> {
    invoice.lines.iter().flat_map(|line| &line.billing_events).filter_map(|id| Id::parse(id)).collect()
}
