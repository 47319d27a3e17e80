//! Documents: drafted, discarded, posted, credited, paid.

use std::collections::BTreeMap;

use quoin_canonical::{Decimal, Id, InvoiceLine, InvoiceType, Unit};

use super::sources::{settle_entry, take};
use crate::account::{
    Account, Advance, Bucket, DocumentStage, ExpenseStage, InvoiceState, MilestoneStage, PaymentState, Portion,
    RetainerPeriod,
};
use crate::event::{BillingEvent, CreditDrafted, InvoiceDrafted, InvoicePosted, PaymentApplied, Returned, Source};

impl Account {
    pub(super) fn invoice_drafted(&mut self, drafted: &InvoiceDrafted) {
        let Some(id) = drafted.invoice.header.id.clone() else { return };
        self.documents += 1;
        for line in &drafted.invoice.lines {
            let state = self.lines.entry(line.contract_line.clone()).or_default();
            state.invoiced += line.net.amount;
            state.time_invoiced += time_net(line);
        }
        for event in &drafted.billing_events {
            self.put_on_invoice(event, &id);
            self.billing_events.insert(event.id.clone(), event.clone());
        }
        for bought in &drafted.advances {
            let retainer = self.retainers.entry(bought.line.clone()).or_default();
            retainer.advances.insert(bought.period.from, advance(bought, &id));
        }
        self.invoices.insert(id, document(drafted));
    }

    pub(super) fn put_on_invoice(&mut self, event: &BillingEvent, invoice: &Id) {
        match &event.source {
            Source::Time { entry, .. } => {
                if let Some(entry) = self.entries.get_mut(entry) {
                    take(entry, Bucket::Unbilled, event.minutes, event.amount);
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
            Source::Retainer { .. } => {}
        }
    }

    pub(super) fn invoice_discarded(&mut self, id: &Id) {
        let Some(state) = self.invoices.get_mut(id) else { return };
        state.stage = DocumentStage::Discarded;
        let lines = state.invoice.lines.clone();
        let advances = std::mem::take(&mut state.advances);
        for line in &lines {
            let state = self.lines.entry(line.contract_line.clone()).or_default();
            state.invoiced -= line.net.amount;
            state.time_invoiced -= time_net(line);
        }
        let events: Vec<Id> =
            self.billing_events.values().filter(|event| event.invoice == *id).map(|event| event.id.clone()).collect();
        for event in events.iter().filter_map(|event| self.billing_events.remove(event)) {
            match &event.source {
                Source::Time { entry, .. } => {
                    if let Some(entry) = self.entries.get_mut(entry) {
                        for portion in
                            entry.portions.iter_mut().filter(|portion| portion.event.as_ref() == Some(&event.id))
                        {
                            portion.bucket = Bucket::Unbilled;
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
                Source::Retainer { .. } => {}
            }
        }
        for bought in &advances {
            if let Some(retainer) = self.retainers.get_mut(&bought.line) {
                retainer.advances.remove(&bought.period.from);
            }
        }
    }

    pub(super) fn invoice_posted(&mut self, posted: &InvoicePosted) {
        let Some(state) = self.invoices.get_mut(&posted.invoice) else { return };
        state.stage = DocumentStage::Posted;
        state.posted_on = Some(posted.on);
        state.invoice.number = Some(posted.number.clone());
        state.invoice.status = quoin_canonical::InvoiceStatus::Posted;
        let credit = state.invoice.kind == InvoiceType::CreditNote;
        let (lines, gross) = (state.invoice.lines.clone(), state.invoice.totals.gross.amount);
        let corrects = state.corrects.clone();
        if credit {
            for line in &lines {
                let state = self.lines.entry(line.contract_line.clone()).or_default();
                state.credited += line.net.amount;
                state.time_credited += time_net(line);
            }
            if let Some(original) = corrects.and_then(|id| self.invoices.get_mut(&id)) {
                original.credited += gross;
            }
            self.milestones_credited(&posted.invoice);
            return;
        }
        for entry in self.entries.values_mut() {
            for portion in entry.portions.iter_mut().filter(|portion| portion.bucket == Bucket::OnInvoice) {
                let on = portion.event.as_ref().and_then(|event| self.billing_events.get(event));
                if on.is_some_and(|event| event.invoice == posted.invoice) {
                    portion.bucket = Bucket::Billed;
                }
            }
        }
        for expense in self.expenses.values_mut().filter(|state| state.stage == ExpenseStage::OnInvoice) {
            let on = expense.event.as_ref().and_then(|event| self.billing_events.get(event));
            if on.is_some_and(|event| event.invoice == posted.invoice) {
                expense.stage = ExpenseStage::Billed;
            }
        }
        for milestone in self.milestones.values_mut().filter(|state| state.invoice.as_ref() == Some(&posted.invoice)) {
            if milestone.stage == MilestoneStage::OnInvoice {
                milestone.stage = MilestoneStage::Posted;
            }
        }
    }

    /// The credit note of some milestones is posted: they may be billed again.
    pub(super) fn milestones_credited(&mut self, credit: &Id) {
        for event in self.billing_events.values().filter(|event| event.invoice == *credit) {
            if let Source::Milestone { milestone, .. } = &event.source
                && let Some(state) =
                    self.milestones.get_mut(milestone).filter(|state| state.stage == MilestoneStage::Crediting)
            {
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
                stage: DocumentStage::Released,
                as_of: drafted.credit.issued_on,
                corrects: Some(drafted.corrects.clone()),
                advances: Vec::new(),
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
        as_of: drafted.as_of,
        corrects: None,
        advances: drafted.advances.clone(),
        posted_on: None,
        paid: Decimal::ZERO,
        credited: Decimal::ZERO,
        credited_lines: BTreeMap::new(),
    }
}

/// Net of a line of time; zero for anything else. Credit lines keep the unit of what they credit.
fn time_net(line: &InvoiceLine) -> Decimal {
    if line.quantity.unit == Unit::Hour { line.net.amount } else { Decimal::ZERO }
}
