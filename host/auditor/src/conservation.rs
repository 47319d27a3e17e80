//! Keeps the conservation ledger: a consumer of the log with its own position, one document per
//! contract, and an exception for whatever is not in exactly one bucket.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::reconcile::conservation::{ContractBook, EventRef, Imbalance, Kept, Told, statement};
use billing::AccountEvent;
use jiff::SignedDuration;
use ports::{Commit, CommitError, Expect, Op, PARTITIONS};
use process::{Cause, Event, EventDraft, Exception, ExceptionStatus, Fault, FaultKind};
use quoin_canonical::{Decimal, Id, Money, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{Auditor, IDLE};

/// Collection of the kept books, by contract number.
pub(crate) const BOOKS: &str = "conservation";

/// Name of this reader's position in the log.
const CONSUMER: &str = "conservation";

/// Events posted in one commit: enough to share a flush, few enough to keep a commit small.
const BATCH_EVENTS: usize = 256;

/// Who looks at what does not balance.
const OWNER: &str = "finance-operations";

/// Time until somebody must have looked: a business day.
const DUE: SignedDuration = SignedDuration::from_hours(24);

/// Keeps the books until `stop` turns true.
pub(crate) async fn keep(auditor: Auditor, mut stop: watch::Receiver<bool>) {
    let mut head = auditor.ledger.head();
    let mut positions = Vec::with_capacity(usize::from(PARTITIONS));
    for partition in 0..PARTITIONS {
        let durable = auditor.ledger.position(CONSUMER, partition).await;
        positions.push(Position { partition, durable, read: durable });
    }
    while !*stop.borrow() {
        head.mark_unchanged();
        let mut moved = false;
        for position in &mut positions {
            match post_batch(&auditor, position).await {
                Ok(more) => moved |= more,
                Err(CommitError::Precondition(expect)) => {
                    tracing::info!(?expect, "another auditor was first; reading again");
                    let durable = auditor.ledger.position(CONSUMER, position.partition).await;
                    (position.durable, position.read, moved) = (durable, durable, true);
                }
                Err(error) => {
                    tracing::error!(%error, "the auditor stops: the store accepts nothing");
                    return;
                }
            }
        }
        if !moved {
            tokio::select! { _ = head.changed() => {}, _ = stop.changed() => {}, () = tokio::time::sleep(IDLE) => {} }
        }
    }
}

/// Where the reader stands in one partition. What holds nothing for the ledger is only read past:
/// a commit for it would cost a flush and keep nothing.
struct Position {
    partition: u16,
    durable: u64,
    read: u64,
}

/// Posts the next events of a partition; whether there were any.
async fn post_batch(auditor: &Auditor, position: &mut Position) -> Result<bool, CommitError> {
    let read = auditor.ledger.events(position.partition, position.read, BATCH_EVENTS).await;
    let events = whole_turns(&read);
    let Some(last) = events.last().map(|event| event.seq) else { return Ok(false) };
    let mut books: BTreeMap<&str, Loaded> = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind.starts_with("billing.")) {
        let loaded = match books.entry(&event.key) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert(Loaded::fetch(auditor, &event.key).await),
        };
        loaded.post(event);
    }
    if !books.is_empty() {
        let consumer = CONSUMER.to_owned();
        let partition = position.partition;
        let mut commit = Commit {
            expect: vec![Expect::Position { consumer: consumer.clone(), partition, seq: position.durable }],
            ops: vec![Op::PutPosition { consumer, partition, seq: last }],
        };
        for (key, loaded) in books {
            loaded.write(key, &mut commit);
        }
        auditor.ledger.commit(commit).await?;
        position.durable = last;
    }
    position.read = last;
    Ok(true)
}

/// The events up to the end of the last turn that was read whole: the events of one turn are
/// decided together, and only together do they balance.
fn whole_turns(read: &[Arc<Event>]) -> &[Arc<Event>] {
    if read.len() < BATCH_EVENTS {
        return read;
    }
    let Some(cause) = read.last().map(|event| &event.cause.event) else { return read };
    let begin = read.iter().rposition(|event| &event.cause.event != cause).map_or(0, |at| at + 1);
    // A turn that fills a whole batch is posted in parts: standing still would be worse.
    if begin == 0 { read } else { &read[..begin] }
}

/// A contract's book as it is kept, with the version it was read at.
#[derive(Default)]
struct Loaded {
    kept: Kept,
    version: u64,
    /// When the last event was recorded: "now" of what is judged.
    at: Timestamp,
}

impl Loaded {
    async fn fetch(auditor: &Auditor, key: &str) -> Self {
        let Some((value, version)) = auditor.ledger.document(BOOKS, key).await else { return Self::default() };
        let kept = serde_json::from_value(value).unwrap_or_else(|error| {
            tracing::error!(key, %error, "the kept ledger of a contract cannot be read; it is begun anew");
            Kept::default()
        });
        Self { kept, version, at: Timestamp::default() }
    }

    fn post(&mut self, event: &Event) {
        self.at = event.at;
        let at = EventRef { seq: event.seq, kind: event.kind.clone() };
        match AccountEvent::from_kind_and_body(&event.kind, &event.body) {
            Ok(Some(known)) => ContractBook::post(&mut self.kept.book, at, &known),
            Ok(None) => {}
            Err(error) => tracing::error!(seq = event.seq, kind = event.kind, %error, "an event cannot be posted"),
        }
    }

    /// Judges the book, and writes it with the exceptions that open and close.
    fn write(mut self, key: &str, commit: &mut Commit) {
        let Some(book) = &self.kept.book else { return };
        let printed = statement(book);
        let mut known = std::mem::take(&mut self.kept.told);
        for imbalance in &printed.imbalances {
            let told = known.remove(&imbalance.of);
            if told.is_none() {
                let opened = exception(key, &printed.customer, book, imbalance, self.at, ExceptionStatus::Open);
                let body = json!({"exception": opened});
                commit.ops.push(event("exception.opened", key, &opened, imbalance.cause.seq, body));
                commit.ops.push(Op::PutException(opened));
            }
            let since = told.map_or(self.at, |told| told.since);
            self.kept.told.insert(imbalance.of.clone(), Told { since, imbalance: imbalance.clone() });
        }
        for told in known.into_values() {
            let status = ExceptionStatus::Resolved { at: self.at, by: CONSUMER.to_owned() };
            let resolved = exception(key, &printed.customer, book, &told.imbalance, told.since, status);
            let body = json!({"exception": resolved.id, "by": CONSUMER, "step": resolved.step});
            commit.ops.push(event("exception.resolved", key, &resolved, book.through.seq, body));
            commit.ops.push(Op::PutException(resolved));
        }
        self.kept.statement = Some(printed);
        let (collection, key) = (BOOKS.to_owned(), key.to_owned());
        let value = serde_json::to_value(&self.kept).unwrap_or(Value::Null);
        commit.expect.push(Expect::Document {
            collection: collection.clone(),
            key: key.clone(),
            version: self.version,
        });
        commit.ops.push(Op::PutDocument { collection, key, value: value.into() });
    }
}

fn exception(
    key: &str,
    customer: &str,
    book: &ContractBook,
    imbalance: &Imbalance,
    opened_at: Timestamp,
    status: ExceptionStatus,
) -> Exception {
    let id = Id::derived(&["conservation", key, &imbalance.of]);
    let money = imbalance.of.starts_with("milestone/")
        || imbalance.of.starts_with("expense/")
        || imbalance.of.starts_with("line/");
    let amount: Decimal = (imbalance.expected - imbalance.found).abs();
    let fault = Fault {
        field: Some(imbalance.of.clone()),
        ..Fault::new(FaultKind::Internal, "NOT_CONSERVED", imbalance.message.clone())
    };
    Exception {
        instance: id.clone(),
        id,
        key: key.to_owned(),
        customer: customer.to_owned(),
        step: "conservation".to_owned(),
        fault,
        amount: money.then(|| Money::new(amount, book.currency).to_string()),
        owner: OWNER.to_owned(),
        due: opened_at.saturating_add(DUE).unwrap_or(opened_at),
        suggestion: format!(
            "Look at event {} ({}) in the timeline and compare with `quoin conservation {key} --recompute`; nothing more of this unit may be billed before it is understood. It closes by itself once it balances.",
            imbalance.cause.seq, imbalance.cause.kind
        ),
        opened_at,
        status,
    }
}

fn event(kind: &str, key: &str, exception: &Exception, seq: u64, body: Value) -> Op {
    let at = match &exception.status {
        ExceptionStatus::Open => exception.opened_at,
        ExceptionStatus::Resolved { at, .. } => *at,
    };
    Op::Append(EventDraft {
        id: Id::derived(&["conservation", kind, exception.id.as_str(), &seq.to_string()]),
        kind: kind.to_owned(),
        key: key.to_owned(),
        at,
        cause: Cause { step: Some(exception.step.clone()), by: Some(CONSUMER.to_owned()), ..Cause::default() },
        body,
    })
}
