//! The book of one contract: each event's moves, posted between the buckets of its units.

use std::collections::{BTreeMap, BTreeSet};

use billing::AccountEvent as Event;
use billing::account::Portion;
use billing::event::{EntryRefused, Opened, RetainerClosed, RetainerSettled, TimeRecorded};
use quoin_canonical::{BillingMethod, CapMode, Currency, Date, Decimal, Id};
use serde::{Deserialize, Serialize};

mod documents;

use super::{Bucket, Holding, Measure, UnitKind, advance_key, expense_key, milestone_key, retainer_key, time_key};

/// The recorded event that a move comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRef {
    /// Its number in the log.
    pub seq: u64,
    /// Its kind.
    pub kind: String,
}

/// Everything one contract sold, and where each part of it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractBook {
    /// Contract number.
    pub contract: String,
    /// Customer, as printed.
    pub customer: String,
    /// Currency.
    pub currency: Currency,
    /// The last event that was posted.
    pub through: EventRef,
    /// Units by key.
    pub units: BTreeMap<String, UnitBook>,
    /// Contracted money by line.
    pub lines: BTreeMap<String, LineBook>,
    /// Net per line of the documents that are out, by canonical id.
    documents: BTreeMap<Id, DocumentBook>,
}

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitBook {
    /// Kind.
    pub kind: UnitKind,
    /// Contract line.
    pub line: String,
    /// What it is, for people.
    pub label: String,
    /// What was approved: minutes, hours or money.
    #[serde(with = "quoin_canonical::exact")]
    pub approved: Decimal,
    /// Net worth of a retainer's period; zero for other units, whose parts carry their amounts.
    #[serde(with = "quoin_canonical::exact")]
    pub worth: Decimal,
    /// What is on no document.
    pub free: BTreeMap<Bucket, Measure>,
    /// What is on documents, by billing event.
    pub placed: BTreeMap<Id, Placed>,
    /// Why a person keeps it from the next run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// Why it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Credit notes that are out and take from it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub credits_out: BTreeSet<Id>,
    /// The last event that moved it: where to look when it does not balance.
    pub last: EventRef,
}

/// A part of a unit on a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The document.
    pub document: Id,
    /// How much.
    pub measure: Measure,
    /// What waits again when the document is discarded: time that was priced by another rule goes
    /// back at its frozen rate.
    pub back: Measure,
    /// The document is posted.
    pub posted: bool,
}

/// Contracted money of one line, from the lines of documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineBook {
    /// `time_and_materials`, `fixed_fee` or `retainer`.
    pub method: String,
    /// What it is.
    pub label: String,
    /// Contracted net: the fixed price, or the limit of a cap; absent where the contract names none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "quoin_canonical::exact::option")]
    pub contracted: Option<Decimal>,
    /// Whether `contracted` may never be passed.
    pub hard: bool,
    /// Net on posted documents that counts against it.
    #[serde(with = "quoin_canonical::exact")]
    pub billed: Decimal,
    /// Net on documents that are not posted yet.
    #[serde(with = "quoin_canonical::exact")]
    pub on_document: Decimal,
    /// Net on posted credit notes.
    #[serde(with = "quoin_canonical::exact")]
    pub credited: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DocumentBook {
    credit: bool,
    lines: Vec<(String, Decimal)>,
    /// Advances set off against it, net.
    #[serde(default)]
    applied: Vec<(String, Decimal)>,
}

impl UnitBook {
    fn new(kind: UnitKind, line: &str, label: String, approved: Decimal) -> Self {
        Self {
            kind,
            line: line.to_owned(),
            label,
            approved,
            worth: Decimal::ZERO,
            free: BTreeMap::new(),
            placed: BTreeMap::new(),
            hold: None,
            refusal: None,
            credits_out: BTreeSet::new(),
            last: EventRef::default(),
        }
    }

    /// Adds to a free bucket; an empty bucket goes.
    fn put(&mut self, bucket: Bucket, measure: Measure) {
        let held = self.free.entry(bucket).or_default();
        held.add(measure);
        self.free.retain(|_, held| !held.is_zero());
    }

    fn take(&mut self, bucket: Bucket, measure: Measure) {
        self.put(bucket, measure.negated());
    }

    /// Moves all of one free bucket into another.
    fn shift(&mut self, from: Bucket, to: Bucket) {
        if let Some(measure) = self.free.remove(&from) {
            self.put(to, measure);
        }
    }

    /// Whether all of it lies free in one bucket.
    fn only(&self, bucket: Bucket) -> bool {
        self.free.keys().all(|held| *held == bucket)
    }

    /// Where it waits for a document: an advance is due by its terms, all else by approval.
    fn waits_in(&self) -> Bucket {
        if self.kind == UnitKind::Advance { Bucket::NotDue } else { Bucket::Unbilled }
    }

    fn is_on(&self, document: &Id) -> bool {
        self.placed.values().any(|placed| placed.document == *document)
    }

    fn placed_quantity(&self) -> Decimal {
        self.placed.values().map(|placed| placed.measure.quantity).sum()
    }

    /// What is where. A hold shows as held, whatever the unit waits for.
    pub fn holding(&self) -> Holding {
        let mut buckets: BTreeMap<Bucket, Measure> = BTreeMap::new();
        for (bucket, measure) in &self.free {
            let held = self.hold.is_some() && *bucket == Bucket::Unbilled;
            buckets.entry(if held { Bucket::Held } else { *bucket }).or_default().add(*measure);
        }
        for placed in self.placed.values() {
            // What is bought in advance stays on its document until it may be drawn (rule RE1).
            let billed = placed.posted && !matches!(self.kind, UnitKind::Retainer | UnitKind::Advance);
            let bucket = if billed { Bucket::Billed } else { Bucket::OnDocument };
            buckets.entry(bucket).or_default().add(placed.measure);
        }
        if self.kind == UnitKind::Retainer && !self.approved.is_zero() {
            for measure in buckets.values_mut() {
                measure.amount = self.worth * measure.quantity / self.approved;
            }
        }
        buckets.retain(|_, measure| !measure.is_zero());
        Holding { kind: self.kind, line: self.line.clone(), approved: self.approved, buckets }
    }
}

impl ContractBook {
    /// The book of a contract as it is opened.
    pub fn open(at: EventRef, opened: &Opened) -> Self {
        let mut book = Self {
            contract: opened.contract.number.clone(),
            customer: opened.buyer.name.clone(),
            currency: opened.contract.currency,
            through: at,
            units: BTreeMap::new(),
            lines: BTreeMap::new(),
            documents: BTreeMap::new(),
        };
        book.take_terms(opened);
        book
    }

    /// Posts one event of a contract to its book. The first one opens it; before that, and for an
    /// event that was posted already, nothing happens.
    pub fn post(book: &mut Option<Self>, at: EventRef, event: &Event) {
        match (book.as_mut(), event) {
            (None, Event::Opened(opened)) => *book = Some(Self::open(at, opened)),
            (Some(book), event) if at.seq > book.through.seq => {
                book.through = at;
                book.moves(event);
            }
            _ => {}
        }
    }

    /// What is where, unit by unit.
    pub fn holdings(&self) -> BTreeMap<String, Holding> {
        self.units.iter().map(|(key, unit)| (key.clone(), unit.holding())).collect()
    }

    fn moves(&mut self, event: &Event) {
        match event {
            Event::Amended(opened) => self.take_terms(opened),
            Event::TimeRecorded(recorded) => self.time_recorded(recorded),
            Event::TimeReversed(reversed) => self.unit(&time_key(&reversed.entry), |unit| {
                unit.free.clear();
                unit.approved = Decimal::ZERO;
                unit.refusal = None;
            }),
            Event::EntryRefused(refused) => self.entry_refused(refused),
            Event::OverCapHeld(held) => {
                for part in &held.entries {
                    let measure = Measure::new(part.minutes, part.amount);
                    self.unit(&time_key(&part.entry), |unit| {
                        unit.take(Bucket::Unbilled, measure);
                        unit.put(Bucket::OverCap, measure);
                    });
                }
            }
            Event::BeyondCapFreed(freed) => {
                for part in &freed.entries {
                    self.unit(&time_key(&part.entry), |unit| {
                        unit.take(Bucket::Unbilled, Measure::new(part.minutes, part.amount));
                        unit.put(Bucket::NonBillable, Measure::new(part.minutes, Decimal::ZERO));
                    });
                }
            }
            Event::OverCapReleased(released) => {
                let at = self.through.clone();
                for unit in self.units.values_mut().filter(|unit| unit.line == released.line) {
                    if unit.free.contains_key(&Bucket::OverCap) {
                        unit.shift(Bucket::OverCap, Bucket::Unbilled);
                        unit.last = at.clone();
                    }
                }
            }
            Event::WrittenOff(written) => {
                self.unit(&time_key(&written.entry), |unit| unit.shift(Bucket::OverCap, Bucket::WrittenOff));
            }
            Event::RetainerSettled(settled) => self.retainer_settled(settled),
            Event::RetainerReturned(returned) => {
                for (from, hours) in &returned.hours {
                    self.draw(&returned.line, *from, Bucket::Drawn, Bucket::Available, *hours);
                }
            }
            Event::RetainerClosed(closed) => self.retainer_closed(closed),
            Event::AdvanceAvailable(available) => {
                let bought = &available.bought;
                self.unit(&retainer_key(&bought.line, bought.period.from), |unit| {
                    for placed in std::mem::take(&mut unit.placed).into_values() {
                        unit.put(Bucket::Available, placed.measure);
                    }
                });
            }
            Event::AdvanceUsable(usable) => self.unit(&advance_key(&usable.code), |unit| {
                unit.placed.clear();
                unit.put(Bucket::Available, Measure::money(usable.amount));
            }),
            Event::AdvanceClosed(closed) => self.unit(&advance_key(&closed.code), |unit| {
                for (bucket, amount) in
                    [(Bucket::Refunded, closed.refunded.amount), (Bucket::Expired, closed.breakage.amount)]
                {
                    unit.take(Bucket::Available, Measure::money(amount));
                    unit.put(bucket, Measure::money(amount));
                }
            }),
            other => self.sources_and_documents(other),
        }
    }

    /// Expenses, milestones and documents.
    fn sources_and_documents(&mut self, event: &Event) {
        match event {
            Event::ExpenseRecorded(recorded) => {
                let expense = &recorded.expense;
                let mut unit =
                    UnitBook::new(UnitKind::Expense, &expense.line, expense.description.clone(), recorded.amount);
                let bucket = if expense.billable { Bucket::Unbilled } else { Bucket::NonBillable };
                unit.put(bucket, Measure::money(recorded.amount));
                unit.last = self.through.clone();
                self.units.insert(expense_key(&expense.id), unit);
            }
            Event::ExpenseReversed(reversed) => self.unit(&expense_key(&reversed.expense), |unit| {
                unit.free.clear();
                unit.placed.clear();
                unit.approved = Decimal::ZERO;
            }),
            Event::ExpenseHeld(held) => {
                self.unit(&expense_key(&held.expense), |unit| unit.shift(Bucket::Unbilled, Bucket::OverCap));
            }
            Event::MilestoneReady(ready) => {
                self.unit(&milestone_key(&ready.milestone), |unit| unit.shift(Bucket::NotDue, Bucket::Unbilled));
            }
            Event::MilestoneWithdrawn(milestone) => {
                self.unit(&milestone_key(&milestone.milestone), |unit| unit.shift(Bucket::Unbilled, Bucket::NotDue));
            }
            Event::MilestoneHeld(held) => {
                self.unit(&milestone_key(&held.milestone), |unit| unit.hold.clone_from(&held.reason));
            }
            Event::InvoiceDrafted(drafted) => self.invoice_drafted(drafted),
            Event::InvoiceDiscarded(invoice) => self.invoice_discarded(&invoice.invoice),
            Event::InvoicePosted(posted) => self.invoice_posted(&posted.invoice),
            Event::CreditDrafted(drafted) => {
                self.document(&drafted.credit, &drafted.billing_events, true);
                self.take_back(drafted.credit.header.id.as_ref(), &drafted.billing_events, &drafted.returned);
            }
            Event::CreditedAtZero(taken) => self.take_back(None, &taken.billing_events, &taken.returned),
            // The others move neither work nor money between buckets.
            _ => {}
        }
    }

    fn unit(&mut self, key: &str, change: impl FnOnce(&mut UnitBook)) {
        if let Some(unit) = self.units.get_mut(key) {
            change(unit);
            unit.last = self.through.clone();
        }
    }

    fn take_terms(&mut self, opened: &Opened) {
        for line in &opened.contract.lines {
            let (method, contracted, hard) = match &line.billing {
                BillingMethod::TimeAndMaterials { cap, .. } => (
                    "time_and_materials",
                    cap.as_ref().map(|cap| cap.limit.amount),
                    cap.as_ref().is_some_and(|cap| cap.mode != CapMode::Warn),
                ),
                BillingMethod::FixedFee { price, .. } => ("fixed_fee", Some(price.amount), true),
                BillingMethod::Retainer(_) => ("retainer", None, false),
            };
            let book = self.lines.entry(line.id.clone()).or_insert_with(|| LineBook {
                method: method.to_owned(),
                label: String::new(),
                contracted: None,
                hard,
                billed: Decimal::ZERO,
                on_document: Decimal::ZERO,
                credited: Decimal::ZERO,
            });
            (book.label, book.contracted, book.hard) = (line.description.clone(), contracted, hard);
        }
        for milestone in &opened.project.milestones {
            let (Some(id), Some(amount)) = (&milestone.header.id, &milestone.amount) else { continue };
            let label = format!("{} {}", milestone.code, milestone.name);
            let line = milestone.contract_line.clone();
            let unit = self
                .units
                .entry(milestone_key(id))
                .or_insert_with(|| UnitBook::new(UnitKind::Milestone, &line, label, Decimal::ZERO));
            let change = amount.amount - unit.approved;
            unit.approved = amount.amount;
            // What a change order adds or takes goes where the milestone waits.
            let waits = if unit.free.contains_key(&Bucket::Unbilled) { Bucket::Unbilled } else { Bucket::NotDue };
            unit.put(waits, Measure::money(change));
            unit.last = self.through.clone();
        }
        self.take_advances(opened);
    }

    /// Advances follow the newer terms until they are on a document.
    fn take_advances(&mut self, opened: &Opened) {
        let terms = &opened.contract.agreement.advances;
        let waits =
            |unit: &UnitBook| unit.kind == UnitKind::Advance && unit.placed.is_empty() && unit.only(Bucket::NotDue);
        self.units.retain(|key, unit| !waits(unit) || terms.iter().any(|term| advance_key(&term.code) == *key));
        for term in terms {
            let key = advance_key(&term.code);
            if self.units.get(&key).is_some_and(|unit| !waits(unit)) {
                continue;
            }
            let mut unit = UnitBook::new(UnitKind::Advance, "", format!("advance {}", term.code), term.amount.amount);
            unit.put(Bucket::NotDue, Measure::money(term.amount.amount));
            unit.last = self.through.clone();
            self.units.insert(key, unit);
        }
    }

    fn time_recorded(&mut self, recorded: &TimeRecorded) {
        let terms = &recorded.terms;
        let label = format!("{}, {}", terms.resource, terms.date);
        let unit = self
            .units
            .entry(time_key(&terms.entry))
            .or_insert_with(|| UnitBook::new(UnitKind::Time, &terms.line, label.clone(), Decimal::ZERO));
        (unit.line, unit.label) = (terms.line.clone(), label);
        unit.approved = Decimal::from(terms.billed_minutes);
        unit.refusal = None;
        unit.free.clear();
        for Portion { bucket, minutes, amount, .. } in &recorded.portions {
            unit.put(bucket_of(*bucket), Measure::new(*minutes, *amount));
        }
        unit.last = self.through.clone();
    }

    fn entry_refused(&mut self, refused: &EntryRefused) {
        let terms = &refused.terms;
        let label = format!("{}, {}", terms.resource, terms.date);
        let unit = self
            .units
            .entry(time_key(&terms.entry))
            .or_insert_with(|| UnitBook::new(UnitKind::Time, &terms.line, label, Decimal::ZERO));
        unit.line.clone_from(&terms.line);
        unit.approved = Decimal::from(terms.billed_minutes);
        unit.refusal = Some(refused.refusal.code.clone());
        unit.free.clear();
        let held = unit.approved - unit.placed_quantity();
        unit.put(Bucket::Held, Measure::new(held, Decimal::ZERO));
        unit.last = self.through.clone();
    }

    fn retainer_settled(&mut self, settled: &RetainerSettled) {
        for part in &settled.entries {
            self.unit(&time_key(&part.entry), |unit| {
                let waiting = unit.free.remove(&Bucket::Unbilled).unwrap_or_default();
                unit.put(Bucket::Covered, Measure::new(part.covered_minutes, Decimal::ZERO));
                let over = waiting.quantity - part.covered_minutes;
                unit.put(Bucket::Unbilled, Measure::new(over, part.over_amount));
            });
        }
        for (from, hours) in &settled.drawn {
            self.draw(&settled.line, *from, Bucket::Available, Bucket::Drawn, *hours);
        }
        for (from, hours) in &settled.expired {
            self.draw(&settled.line, *from, Bucket::Available, Bucket::Expired, *hours);
        }
    }

    fn retainer_closed(&mut self, closed: &RetainerClosed) {
        for (from, hours) in &closed.refunded {
            self.draw(&closed.line, *from, Bucket::Available, Bucket::Refunded, *hours);
        }
        for (from, hours) in &closed.expired {
            self.draw(&closed.line, *from, Bucket::Available, Bucket::Expired, *hours);
        }
    }

    /// Moves hours of one period of a retainer.
    fn draw(&mut self, line: &str, from: Date, out_of: Bucket, into: Bucket, hours: Decimal) {
        self.unit(&retainer_key(line, from), |unit| {
            let measure = Measure::new(hours, Decimal::ZERO);
            unit.take(out_of, measure);
            unit.put(into, measure);
        });
    }
}

/// Billing's word for where free minutes are, in the ledger's words.
pub(super) fn bucket_of(bucket: billing::account::Bucket) -> Bucket {
    use billing::account::Bucket as Time;
    match bucket {
        Time::Unbilled => Bucket::Unbilled,
        Time::OverCap => Bucket::OverCap,
        Time::NonBillable => Bucket::NonBillable,
        Time::FixedFee => Bucket::FixedFee,
        Time::Covered => Bucket::Covered,
        Time::OnInvoice => Bucket::OnDocument,
        Time::Billed => Bucket::Billed,
        Time::WrittenOff => Bucket::WrittenOff,
        Time::Refused => Bucket::Held,
    }
}
