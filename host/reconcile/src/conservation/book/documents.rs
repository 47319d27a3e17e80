//! Documents: what they bill of each unit and line, and what becomes of that when they are posted,
//! thrown away or credited.

use std::collections::BTreeMap;

use billing::event::{BillingEvent, InvoiceDrafted, Returned, Source};
use quoin_canonical::{Decimal, Id, Invoice};

use super::{ContractBook, DocumentBook, Placed, UnitBook};
use crate::conservation::{Bucket, Measure, UnitKind, advance_key, expense_key, milestone_key, retainer_key, time_key};

impl ContractBook {
    pub(super) fn invoice_drafted(&mut self, drafted: &InvoiceDrafted) {
        let Some(id) = drafted.invoice.header.id.clone() else { return };
        self.document(&drafted.invoice, &drafted.billing_events, false);
        for event in &drafted.billing_events {
            let Some((key, measure)) = source_of(event) else { continue };
            let back = Measure::new(measure.quantity, event.frozen_amount());
            let placed = Placed { document: id.clone(), measure, back, posted: false };
            self.unit(&key, |unit| {
                unit.take(unit.waits_in(), back);
                unit.placed.insert(event.id.clone(), placed);
            });
        }
        for part in &drafted.applied {
            let measure = Measure::money(part.net);
            self.unit(&advance_key(&part.code), |unit| {
                unit.take(Bucket::Available, measure);
                unit.put(Bucket::Drawn, measure);
            });
            if let Some(document) = self.documents.get_mut(&id) {
                document.applied.push((part.code.clone(), part.net));
            }
        }
        for bought in &drafted.advances {
            let label = format!("{} to {}", bought.period.from, bought.period.to);
            let mut unit = UnitBook::new(UnitKind::Retainer, &bought.line, label, bought.hours);
            unit.worth = bought.amount;
            // Placed under the document itself, so that a discarded one takes it along.
            let measure = Measure::new(bought.hours, Decimal::ZERO);
            unit.placed.insert(id.clone(), Placed { document: id.clone(), measure, back: measure, posted: false });
            unit.last = self.through.clone();
            self.units.insert(retainer_key(&bought.line, bought.period.from), unit);
        }
    }

    /// Notes what a document bills of each contract line, as caps and prices count it: time that is
    /// not beyond its cap (rule NX6), milestones and progress of a fixed price.
    pub(super) fn document(&mut self, invoice: &Invoice, events: &[BillingEvent], credit: bool) {
        let Some(id) = invoice.header.id.clone() else { return };
        let counts = |event: &&BillingEvent| match self.lines.get(&event.contract_line).map(|line| line.method.as_str())
        {
            Some("time_and_materials") => event.capped(),
            Some("fixed_fee") => matches!(event.source, Source::Milestone { .. } | Source::Progress { .. }),
            _ => matches!(event.source, Source::Retainer { .. }),
        };
        let signed = |net: Decimal| if credit { Decimal::ZERO - net } else { net };
        let lines: Vec<(String, Decimal)> =
            events.iter().filter(counts).map(|event| (event.contract_line.clone(), signed(event.net))).collect();
        if !credit {
            for (line, net) in &lines {
                if let Some(book) = self.lines.get_mut(line) {
                    book.on_document += net;
                }
            }
        }
        self.documents.insert(id, DocumentBook { credit, lines, applied: Vec::new() });
    }

    pub(super) fn invoice_discarded(&mut self, document: &Id) {
        let Some(known) = self.documents.remove(document) else { return };
        for (line, net) in known.lines.iter().filter(|_| !known.credit) {
            if let Some(book) = self.lines.get_mut(line) {
                book.on_document -= net;
            }
        }
        for (code, net) in known.applied {
            self.unit(&advance_key(&code), |unit| {
                unit.take(Bucket::Drawn, Measure::money(net));
                unit.put(Bucket::Available, Measure::money(net));
            });
        }
        let at = self.through.clone();
        // A retainer's period was bought by this document alone: it is bought again by the next one.
        self.units.retain(|_, unit| unit.kind != UnitKind::Retainer || !unit.is_on(document));
        for unit in self.units.values_mut().filter(|unit| unit.is_on(document)) {
            let (gone, kept) =
                std::mem::take(&mut unit.placed).into_iter().partition(|(_, placed)| placed.document == *document);
            unit.placed = kept;
            let gone: BTreeMap<Id, Placed> = gone;
            for placed in gone.into_values() {
                unit.put(unit.waits_in(), placed.back);
            }
            unit.last = at.clone();
        }
    }

    pub(super) fn invoice_posted(&mut self, document: &Id) {
        let Some(known) = self.documents.get(document).cloned() else { return };
        for (line, net) in &known.lines {
            let Some(book) = self.lines.get_mut(line) else { continue };
            if known.credit {
                book.credited += net;
            } else {
                book.on_document -= net;
                book.billed += net;
            }
        }
        let at = self.through.clone();
        for unit in self.units.values_mut() {
            for placed in unit.placed.values_mut().filter(|placed| placed.document == *document) {
                placed.posted = true;
                unit.last = at.clone();
            }
            // A milestone that a credit note gave back waits for a run again once none is out.
            let was_out = known.credit && unit.credits_out.remove(document);
            if was_out && unit.kind == UnitKind::Milestone && unit.credits_out.is_empty() {
                unit.shift(Bucket::OnDocument, Bucket::Unbilled);
                unit.last = at.clone();
            }
        }
    }

    /// What a credit takes back: it waits again where it was returned, is gone with the corrected
    /// minutes of time, and else was given back to the customer for good.
    pub(super) fn take_back(&mut self, credit: Option<&Id>, events: &[BillingEvent], returned: &[Returned]) {
        for event in events {
            let (Some((key, measure)), Some(original)) = (source_of(event), &event.reversal_of) else { continue };
            let comes_back = returned.iter().any(|back| key.ends_with(back.source.as_str()));
            self.unit(&key, |unit| {
                if let Some(placed) = unit.placed.get_mut(original) {
                    placed.measure.add(measure);
                }
                let in_money = unit.kind.in_money();
                unit.credits_out.extend(credit.cloned());
                unit.placed.retain(|_, placed| {
                    let measure = &placed.measure;
                    if in_money { !measure.amount.is_zero() } else { !measure.quantity.is_zero() }
                });
                // What an advance gives back is told when it ends.
                if in_money && !comes_back && unit.kind != UnitKind::Advance {
                    unit.put(Bucket::Credited, measure.negated());
                }
            });
        }
        for back in returned {
            let measure = Measure::new(back.minutes, back.amount);
            self.unit(&time_key(&back.source), |unit| unit.put(Bucket::Unbilled, measure));
            let money = Measure::money(back.amount);
            // Taken back as a whole it is billed anew in full: what was credited of it before as well.
            self.unit(&expense_key(&back.source), |unit| {
                unit.put(Bucket::Unbilled, money);
                unit.shift(Bucket::Credited, Bucket::Unbilled);
            });
            self.unit(&milestone_key(&back.source), |unit| {
                unit.put(Bucket::OnDocument, money);
                unit.shift(Bucket::Credited, Bucket::OnDocument);
            });
        }
    }
}

/// The unit that a billing event charges, and how much of it. A retainer's fee has none: its hours
/// are bought by the document itself.
fn source_of(event: &BillingEvent) -> Option<(String, Measure)> {
    match &event.source {
        Source::Time { entry, .. } => Some((time_key(entry), Measure::new(event.minutes, event.amount))),
        Source::Milestone { milestone, .. } => Some((milestone_key(milestone), Measure::money(event.amount))),
        Source::Expense { expense, .. } => Some((expense_key(expense), Measure::money(event.amount))),
        Source::Advance { code } => Some((advance_key(code), Measure::money(event.amount))),
        Source::Retainer { .. } | Source::Progress { .. } => None,
    }
}
