//! What every rule needs: a vendor as new, records in it, whole readings, items to write.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail, ensure};
use cassette::Exchange;
use ports::{ChangeOp, Item, ItemOutcome, ItemStatus, ReadChange, ReadRequest, Reference};
use process::{Fault, FaultKind};
use quoin_canonical::{Id, Timestamp};
use serde_json::{Value, json};

use crate::bench::{Bench, Recorded};
use crate::plan::{Action, ObjectPlan, filled, merged};

/// When every case begins, seconds since 1970: 2026-03-02T10:00:00Z, a Monday. Fixed, so that a report can be
/// repeated.
const BEGIN_SECONDS: i64 = 1_772_445_600;
/// How long after a change a reading happens, seconds: longer than vendors leave their newest changes out.
const SETTLE_SECONDS: i64 = 600;
/// Pages of one reading at most: far more than any case makes records.
const PAGES_MAX: usize = 300;
/// A page that holds everything.
pub const WHOLE: u32 = 200;

/// A rule that cannot be tried here, with its reason.
#[derive(Debug)]
pub struct Skip(pub String);

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}

/// A rule does not apply, or the plan does not say how to try it.
pub fn skip<T>(reason: impl Into<String>) -> anyhow::Result<T> {
    Err(Skip(reason.into()).into())
}

/// The vendor and the connector, as rules use them.
pub struct Stage<'b> {
    /// The set-up.
    pub bench: &'b Bench,
    /// How often each action was done since the vendor was new.
    acts: Mutex<BTreeMap<String, u32>>,
}

/// A reading from some cursor to the end.
#[derive(Debug, Default)]
pub struct Reading {
    /// Every change, in order.
    pub changes: Vec<ReadChange>,
    /// Where each page ended, with how many changes had come by then.
    pub cursors: Vec<(Vec<u8>, usize)>,
    /// Its requests.
    pub exchanges: Vec<Exchange>,
}

impl Reading {
    /// The last word on each record.
    pub fn state(&self) -> BTreeMap<String, Value> {
        state(&self.changes)
    }

    /// Where it ended.
    pub fn end(&self) -> Option<Vec<u8>> {
        self.cursors.last().map(|(cursor, _)| cursor.clone())
    }
}

/// The last word on each record: its canonical object, null once it is gone.
pub fn state(changes: &[ReadChange]) -> BTreeMap<String, Value> {
    let word = |change: &ReadChange| match change.op {
        ChangeOp::Delete => Value::Null,
        ChangeOp::Upsert => change.data.clone(),
    };
    changes.iter().map(|change| (change.external.clone(), word(change))).collect()
}

/// Says what two readings disagree on; the records of `wanted` must all be in `found`, and the same.
pub fn same(wanted: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>, how: &str) -> anyhow::Result<()> {
    let lost: Vec<&str> = wanted.keys().filter(|id| !found.contains_key(*id)).map(String::as_str).collect();
    ensure!(lost.is_empty(), "{how}: {} of {} records were lost: {}", lost.len(), wanted.len(), lost.join(", "));
    let odd: Vec<&str> = found.keys().filter(|id| !wanted.contains_key(*id)).map(String::as_str).collect();
    ensure!(odd.is_empty(), "{how}: records that a whole reading does not have: {}", odd.join(", "));
    for (id, object) in wanted {
        ensure!(found.get(id) == Some(object), "{how}: record {id} reads differently");
    }
    Ok(())
}

impl<'b> Stage<'b> {
    pub fn new(bench: &'b Bench) -> Self {
        Self { bench, acts: Mutex::default() }
    }

    /// The beginning, and so many seconds after it.
    pub fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(BEGIN_SECONDS + seconds).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The vendor as new, clocks standing, prepared as the plan says.
    pub async fn fresh(&self) -> anyhow::Result<()> {
        self.bench.vendor()?.reset().await?;
        self.acts.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.clock(0).await?;
        self.prepared().await
    }

    /// What the plan does before anything else.
    pub async fn prepared(&self) -> anyhow::Result<()> {
        let before = self.bench.plan.simulator.as_ref().map(|simulator| simulator.before.clone()).unwrap_or_default();
        for action in &before {
            self.act(action, "").await?;
        }
        Ok(())
    }

    /// Both clocks stand so many seconds after the beginning.
    pub async fn clock(&self, seconds: i64) -> anyhow::Result<()> {
        self.bench.stand_at(Self::at(seconds)).await
    }

    /// Long enough after everything that was made.
    pub async fn settle(&self) -> anyhow::Result<()> {
        self.clock(SETTLE_SECONDS).await
    }

    /// Does what a person does.
    pub async fn act(&self, action: &Action, external: &str) -> anyhow::Result<Value> {
        let n = {
            let mut acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
            let done = acts.entry(action.action.clone()).or_default();
            *done += 1;
            *done
        };
        let input = filled(&action.input, &[("n", &n.to_string()), ("external", external)]);
        self.bench.vendor()?.act(&action.action, &input).await
    }

    /// Puts `count` more records of an object there.
    pub async fn make(&self, object: &str, count: u32) -> anyhow::Result<()> {
        let Some(action) = self.plan(object).make else {
            return skip(format!("tests/conform.toml, object.{object}: no `make` says how a record comes about"));
        };
        for other in &self.plan(object).after {
            self.written(other).await?;
        }
        for _ in 0..count {
            self.act(&action, "").await?;
        }
        Ok(())
    }

    /// An object's plan.
    pub fn plan(&self, object: &str) -> ObjectPlan {
        self.bench.plan.object(object)
    }

    /// Plugs in a fault on every vendor route.
    pub async fn plug(&self, fault: &str, further: &Value) -> anyhow::Result<()> {
        let spec = merged(&json!({ "route": "*", "fault": fault, "times": 0 }), further);
        self.bench.vendor()?.plug(&spec).await
    }

    /// A page, or why there is none.
    pub async fn page(
        &self,
        object: &str,
        cursor: Option<Vec<u8>>,
        limit: u32,
    ) -> (Result<ports::Page, Fault>, Recorded) {
        let request = ReadRequest { object: object.into(), cursor, ids: Vec::new(), limit };
        let (called, recorded) = self.bench.read(request).await;
        (called.result.map_err(|error| error.as_fault()), recorded)
    }

    /// Reads from a cursor to the end.
    pub async fn read(&self, object: &str, from: Option<Vec<u8>>, limit: u32) -> anyhow::Result<Reading> {
        let mut reading = Reading::default();
        let mut cursor = from;
        for _ in 0..PAGES_MAX {
            let (page, recorded) = self.page(object, cursor.clone(), limit).await;
            reading.exchanges.extend(recorded.call.exchanges);
            let page = page.map_err(|fault| anyhow::anyhow!("reading {object} failed: {}", told(&fault)))?;
            reading.changes.extend(page.changes);
            if let Some(next) = &page.next {
                reading.cursors.push((next.clone(), reading.changes.len()));
            }
            if !page.more {
                return Ok(reading);
            }
            ensure!(
                page.next.is_some() && page.next != cursor,
                "a page of {object} says that there is more, but its cursor has not moved: the next page would be the same for ever"
            );
            cursor = page.next;
        }
        bail!("reading {object} by {limit} does not end: after {PAGES_MAX} pages there is still more")
    }

    /// An item to write, with everything it depends on written already.
    pub async fn item(&self, object: &str, name: &str) -> anyhow::Result<Item> {
        let plan = self.plan(object);
        let Some(data) = &plan.item else {
            return skip(format!("tests/conform.toml, object.{object}: no `item` says what to write"));
        };
        let mut references = plan.references.clone();
        for other in &plan.after {
            // A circle would never end; a plan is short enough to see it, the depth says so anyway.
            ensure!(other != object, "tests/conform.toml, object.{object}.after names itself");
            references.extend(Box::pin(self.written(other)).await?);
        }
        for action in &plan.before {
            self.act(action, "").await?;
        }
        let id = id_of(object, name);
        let data = with_ids(&merged(&json!({ "header": { "id": id } }), data));
        Ok(Item {
            key: format!("conform-{object}-{name}"),
            id,
            external: plan.external,
            data,
            delete: false,
            references,
        })
    }

    /// Writes the plan's item of an object, and says under which vendor ids it is known.
    async fn written(&self, object: &str) -> anyhow::Result<Vec<Reference>> {
        let item = self.item(object, "base").await?;
        let outcome =
            self.settled(object, &item).await.with_context(|| format!("writing {object}, which comes first"))?;
        let mut references = item.references;
        let external = outcome.external.or(item.external).context("it has no vendor id")?;
        references.push(Reference { object: object.into(), id: item.id, external });
        references.extend(outcome.references);
        Ok(references)
    }

    /// Writes one item once.
    pub async fn apply(&self, object: &str, item: &Item) -> (Result<ItemOutcome, Fault>, Recorded) {
        let (called, recorded) = self.bench.apply(object, std::slice::from_ref(item)).await;
        (first(called.result.map_err(|error| error.as_fault())), recorded)
    }

    /// Asks what became of one item.
    pub async fn lookup(&self, object: &str, item: &Item) -> Result<ItemOutcome, Fault> {
        let (called, _) = self.bench.lookup(object, std::slice::from_ref(item)).await;
        first(called.result.map_err(|error| error.as_fault()))
    }

    /// Writes an item as a host does: what is unknown is looked up before anything is tried again.
    pub async fn settled(&self, object: &str, item: &Item) -> anyhow::Result<ItemOutcome> {
        /// More rounds than any single fault needs.
        const ROUNDS: i64 = 6;
        let mut looking = false;
        let mut last = String::new();
        for round in 1..=ROUNDS {
            let outcome = if looking { self.lookup(object, item).await } else { self.apply(object, item).await.0 };
            match outcome {
                Ok(outcome) if done(outcome.status) => return Ok(outcome),
                Ok(outcome) => {
                    let absent = looking && outcome.status == ItemStatus::Retry;
                    last = outcome_told(&outcome);
                    match outcome.status {
                        ItemStatus::Rejected | ItemStatus::Conflict => bail!("{last}"),
                        _ => looking = !absent,
                    }
                }
                Err(fault) => {
                    ensure!(may_pass(fault.kind), "{}", told(&fault));
                    last = told(&fault);
                    looking = true;
                }
            }
            // A vendor whose search lags behind needs time before it can tell.
            self.clock(round * 60).await?;
        }
        bail!("after {ROUNDS} attempts it is still open: {last}")
    }

    /// How many records of each kind came into being at the vendor, changes not counted.
    pub async fn created(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let ledger = self.bench.vendor()?.ledger().await?;
        let counts = ledger["counts"].as_object().cloned().unwrap_or_default();
        let counts = counts.into_iter().filter(|(kind, _)| !kind.ends_with("_update"));
        Ok(counts.map(|(kind, count)| (kind, count.as_u64().unwrap_or(0))).collect())
    }

    /// How many effects the vendor committed, changes too.
    pub async fn effects(&self) -> anyhow::Result<usize> {
        let ledger = self.bench.vendor()?.ledger().await?;
        Ok(ledger["effects"].as_array().map_or(0, Vec::len))
    }

    /// The first object that can be read and made, for rules about the whole connector.
    pub fn readable(&self) -> Option<String> {
        let objects = self.bench.manifest.objects.iter().filter(|object| object.read);
        objects.map(|object| object.name.clone()).find(|name| self.plan(name).make.is_some())
    }

    /// The first object that can be written and has an item.
    pub fn writable(&self) -> Option<String> {
        let objects = self.bench.manifest.objects.iter().filter(|object| object.write);
        objects.map(|object| object.name.clone()).find(|name| self.plan(name).item.is_some())
    }
}

/// The one outcome of one item.
fn first(outcomes: Result<Vec<ItemOutcome>, Fault>) -> Result<ItemOutcome, Fault> {
    let missing = || Fault::new(FaultKind::Internal, "NO_OUTCOME", "there is no outcome for the item");
    outcomes.and_then(|outcomes| outcomes.into_iter().next().ok_or_else(missing))
}

/// The canonical id of the item of this name.
fn id_of(object: &str, name: &str) -> String {
    Id::derived(&["conform", object, name]).to_string()
}

/// `{id:customer}` in a text becomes the id of the customer that was written before.
fn with_ids(data: &Value) -> Value {
    let ids: Vec<(String, String)> = quoin_canonical::ObjectKind::ALL
        .iter()
        .map(|kind| (format!("id:{}", kind.as_str()), id_of(kind.as_str(), "base")))
        .collect();
    let names: Vec<(&str, &str)> = ids.iter().map(|(name, id)| (name.as_str(), id.as_str())).collect();
    filled(data, &names)
}

/// It happened.
pub fn done(status: ItemStatus) -> bool {
    matches!(status, ItemStatus::Created | ItemStatus::Updated | ItemStatus::Unchanged | ItemStatus::Deleted)
}

/// The kinds of fault that a host tries again by itself.
pub fn may_pass(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Transient | FaultKind::Unavailable | FaultKind::RateLimited)
}

/// A fault in words.
pub fn told(fault: &Fault) -> String {
    format!("{:?} {}: {}", fault.kind, fault.code, fault.message)
}

/// An outcome in words.
pub fn outcome_told(outcome: &ItemOutcome) -> String {
    let fault = outcome.fault.as_ref().map(|fault| format!(" ({})", told(fault))).unwrap_or_default();
    format!("{:?}{fault}", outcome.status)
}
