//! Applies events. Dumb on purpose: every decision was made before the event was recorded.

use std::collections::BTreeMap;

use quoin_canonical::{Decimal, Id, InvoiceLine, InvoiceType, Unit};

use crate::account::{
    Account, Advance, Bucket, DocumentStage, Entry, ExpenseStage, ExpenseState, InvoiceState, MilestoneStage, MilestoneState, PaymentState, Portion,
    RetainerPeriod, TaskTerms,
};
use crate::event::{
    AccountEvent, BillingEvent, CreditDrafted, EntryRefused, ExpenseRecorded, InvoiceDrafted, InvoicePosted, Opened, OverCapHeld,
    PaymentApplied, RetainerClosed, RetainerSettled, Returned, Source, TimeRecorded, TimeReversed,
};

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
            retainers: BTreeMap::new(),
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
                    entry.pending = Some((**time).clone());
                }
            }
            AccountEvent::CreditProposed(proposed) => {
                let id = proposed.time.header.id.as_ref();
                if let Some(entry) = id.and_then(|id| self.entries.get_mut(id)) {
                    entry.pending = None;
                    entry.proposed = Some(proposed.time.clone());
                }
            }
            AccountEvent::InvoiceDrafted(drafted) => self.invoice_drafted(drafted),
            AccountEvent::InvoiceReleased(invoice) => {
                if let Some(state) = self.invoices.get_mut(&invoice.invoice) {
                    state.stage = DocumentStage::Released;
                }
            }
            AccountEvent::InvoiceDiscarded(invoice) => self.invoice_discarded(&invoice.invoice),
            AccountEvent::InvoicePosted(posted) => self.invoice_posted(posted),
            AccountEvent::CreditDrafted(drafted) => self.credit_drafted(drafted),
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
            AccountEvent::RetainerClosed(closed) => self.retainer_closed(closed),
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
    }

    fn time_recorded(&mut self, recorded: &TimeRecorded) {
        let terms = &recorded.terms;
        let entry = self.entries.entry(terms.entry.clone()).or_insert_with(|| blank(recorded));
        entry.terms = terms.clone();
        entry.rate = recorded.rate.clone();
        entry.portions.retain(|portion| portion.bucket.invoiced());
        entry.portions.extend(recorded.portions.iter().cloned());
        noted(entry);
    }

    fn time_reversed(&mut self, reversed: &TimeReversed) {
        let Some(entry) = self.entries.get_mut(&reversed.entry) else { return };
        entry.portions.retain(|portion| portion.bucket.invoiced());
        entry.terms.worked_minutes = 0;
        entry.terms.billed_minutes = 0;
        entry.terms.revision = reversed.revision.clone();
        noted(entry);
    }

    fn entry_refused(&mut self, refused: &EntryRefused) {
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
        entry.portions.push(Portion { bucket: Bucket::Refused, minutes, amount: Decimal::ZERO, net: Decimal::ZERO, event: None });
        noted(entry);
        entry.refusal = Some(refused.refusal.code.clone());
    }

    fn invoice_drafted(&mut self, drafted: &InvoiceDrafted) {
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

    fn put_on_invoice(&mut self, event: &BillingEvent, invoice: &Id) {
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

    fn invoice_discarded(&mut self, id: &Id) {
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
                        for portion in entry.portions.iter_mut().filter(|portion| portion.event.as_ref() == Some(&event.id)) {
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

    fn invoice_posted(&mut self, posted: &InvoicePosted) {
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

    fn credit_drafted(&mut self, drafted: &CreditDrafted) {
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

    fn take_back(&mut self, event: &BillingEvent, corrects: &Id) {
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
    fn give_back(&mut self, returned: &Returned) {
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
            state.stage = MilestoneStage::Ready;
            state.invoice = None;
        }
    }

    fn expense_recorded(&mut self, recorded: &ExpenseRecorded) {
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

    fn payment_applied(&mut self, applied: &PaymentApplied) {
        if let Some(state) = self.invoices.get_mut(&applied.invoice) {
            state.paid += applied.amount.amount;
        }
        let payment = self.payments.entry(applied.payment.clone()).or_insert_with(|| PaymentState {
            invoice: applied.invoice.clone(),
            amount: Decimal::ZERO,
        });
        payment.invoice = applied.invoice.clone();
        payment.amount += applied.amount.amount;
    }

    fn over_cap_held(&mut self, held: &OverCapHeld) {
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

    fn over_cap_released(&mut self, line: &str) {
        for entry in self.entries.values_mut().filter(|entry| entry.terms.line == line) {
            rebucket(entry, Bucket::OverCap, Bucket::Unbilled);
        }
    }

    fn retainer_settled(&mut self, settled: &RetainerSettled) {
        for (start, hours) in &settled.drawn {
            if let Some(advance) = self.advance_mut(&settled.line, *start) {
                advance.drawn += hours;
            }
        }
        for (start, hours) in &settled.expired {
            if let Some(advance) = self.advance_mut(&settled.line, *start) {
                advance.expired += hours;
            }
        }
        self.retainers.entry(settled.line.clone()).or_default().settled_through = Some(settled.period.to);
        for part in &settled.entries {
            let Some(entry) = self.entries.get_mut(&part.entry) else { continue };
            take(entry, Bucket::Unbilled, part.covered_minutes, Decimal::ZERO);
            entry.portions.push(Portion {
                bucket: Bucket::Covered,
                minutes: part.covered_minutes,
                amount: Decimal::ZERO,
                net: Decimal::ZERO,
                event: None,
            });
            for portion in entry.portions.iter_mut().filter(|portion| portion.bucket == Bucket::Unbilled) {
                portion.amount = part.over_amount;
            }
            settle_entry(entry);
        }
    }

    fn retainer_closed(&mut self, closed: &RetainerClosed) {
        for (start, hours) in &closed.refunded {
            if let Some(advance) = self.advance_mut(&closed.line, *start) {
                advance.refunded += hours;
            }
        }
        for (start, hours) in &closed.expired {
            if let Some(advance) = self.advance_mut(&closed.line, *start) {
                advance.expired += hours;
            }
        }
        self.retainers.entry(closed.line.clone()).or_default().closed_on = Some(closed.on);
    }

    fn advance_mut(&mut self, line: &str, start: quoin_canonical::Date) -> Option<&mut Advance> {
        self.retainers.get_mut(line)?.advances.get_mut(&start)
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

/// Takes minutes and value out of one bucket of an entry.
fn take(entry: &mut Entry, bucket: Bucket, minutes: Decimal, amount: Decimal) {
    if let Some(portion) = entry.portions.iter_mut().find(|portion| portion.bucket == bucket) {
        portion.minutes -= minutes;
        portion.amount -= amount;
    }
    entry.portions.retain(|portion| !portion.minutes.is_zero());
}

fn rebucket(entry: &mut Entry, from: Bucket, to: Bucket) {
    for portion in entry.portions.iter_mut().filter(|portion| portion.bucket == from) {
        portion.bucket = to;
    }
    settle_entry(entry);
}

/// Keeps an entry in its one form: free minutes of a bucket in one portion, buckets in order,
/// nothing empty.
fn settle_entry(entry: &mut Entry) {
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
