//! What turns load, and the one commit that a batch of them becomes.

use std::collections::{BTreeMap, BTreeSet};

use ports::{Commit, CommitError, Expect, Op, Text};
use process::definition::About;
use process::machine::{Effects, Instance, World};
use process::{Event, projection};
use quoin_canonical::Id;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Wheel;
use crate::turner::CONSUMER;

/// Collections the wheel keeps.
const INSTANCE: &str = "instance";
const ACCOUNT: &str = "account";
const DEAL: &str = "deal";
const GROUP: &str = "group";
const INVOICE: &str = "invoice";

/// Exceptions looked through when one is retried.
const MAX_OPEN_EXCEPTIONS: usize = 10_000;

/// Business keys kept loaded between batches: the flows in motion, a few hundred KiB each at most.
const KEYS_KEPT: usize = 128;

/// What a turner has loaded. Nobody else writes what it holds, so it stays true from batch to
/// batch; the commit's preconditions see to it that a mistake in that would be found, not stored.
#[derive(Default)]
pub(crate) struct Worlds {
    by_key: BTreeMap<String, Loaded>,
    /// Number of the present batch.
    batch: u64,
}

/// One commit in the making.
#[derive(Default)]
pub(crate) struct Batch {
    expect: Vec<Expect>,
    ops: Vec<Op>,
}

#[derive(Default)]
struct Loaded {
    world: World,
    /// Version of every document that was looked for; 0 where there was none.
    versions: BTreeMap<(&'static str, String), u64>,
    changed: BTreeSet<Id>,
    account_changed: bool,
    group_changed: bool,
    deal_changed: bool,
    /// The last batch that used it.
    used: u64,
}

impl Worlds {
    /// Loads what an event may touch and is not loaded yet.
    pub(crate) async fn load(&mut self, wheel: &Wheel, event: &Event) -> &mut World {
        let batch = self.batch;
        let loaded = self.by_key.entry(event.key.clone()).or_default();
        loaded.used = batch;
        if loaded.versions.is_empty() && About::Groups.covers(&event.key) {
            loaded.world.group = loaded.fetch(wheel, GROUP, &event.key).await;
        } else if loaded.versions.is_empty() {
            loaded.world.account = loaded.fetch(wheel, ACCOUNT, &event.key).await;
            loaded.world.deal = loaded.fetch(wheel, DEAL, &event.key).await;
        }
        for id in wheel.catalogue.touches(event) {
            let key = instance_key(&event.key, &id);
            if loaded.versions.contains_key(&(INSTANCE, key.clone())) {
                continue;
            }
            if let Some(instance) = loaded.fetch::<Instance>(wheel, INSTANCE, &key).await {
                loaded.world.instances.insert(id, instance);
            }
        }
        let halted = |id: &Id| matches!(loaded.world.instances.get(id), Some(found) if found.is_halted());
        if event.kind == "exception.retry_requested" || wheel.catalogue.resumes(event).iter().any(halted) {
            let open = wheel.ledger.exceptions(false, MAX_OPEN_EXCEPTIONS).await;
            let mine = open.into_iter().filter(|exception| exception.key == event.key);
            loaded.world.exceptions.extend(mine.map(|exception| (exception.id.clone(), exception)));
        }
        &mut loaded.world
    }

    /// Takes over what a turn decided.
    pub(crate) fn note(&mut self, batch: &mut Batch, event: &Event, effects: Effects) {
        let loaded = self.by_key.entry(event.key.clone()).or_default();
        loaded.changed.extend(effects.instances);
        loaded.account_changed |= effects.account;
        loaded.group_changed |= effects.group;
        loaded.deal_changed |= loaded.world.deal.is_some();
        let of_account = projection::documents(&event.key, loaded.world.account.as_ref(), &effects.events);
        let of_group = projection::group_documents(&event.key, loaded.world.group.as_ref(), &effects.events);
        for (number, value) in of_account.into_iter().chain(of_group) {
            batch.ops.push(Op::PutDocument { collection: INVOICE.to_owned(), key: number, value: value.into() });
        }
        batch.ops.extend(effects.events.into_iter().map(Op::Append));
        batch.ops.extend(
            effects.commands.into_iter().map(|command| Op::PutCommand { not_before: command.decided_at, command }),
        );
        batch.ops.extend(effects.timers.into_iter().map(Op::PutTimer));
        batch.ops.extend(effects.exceptions.into_iter().map(Op::PutException));
    }

    /// Commits it all. When that fails nothing is loaded any more.
    pub(crate) async fn commit(&mut self, wheel: &Wheel, mut batch: Batch) -> Result<(), CommitError> {
        for (key, loaded) in &mut self.by_key {
            loaded.write(key, &mut batch);
        }
        let committed = wheel.ledger.commit(Commit { expect: batch.expect, ops: batch.ops }).await;
        match &committed {
            Ok(_) => self.grow_old(),
            Err(_) => self.by_key.clear(),
        }
        committed.map(|_| ())
    }

    /// Forgets the keys that have been still for longest, when there are too many.
    fn grow_old(&mut self) {
        self.batch += 1;
        if self.by_key.len() > KEYS_KEPT {
            let mut uses: Vec<u64> = self.by_key.values().map(|loaded| loaded.used).collect();
            uses.sort_unstable();
            let oldest_kept = uses.get(uses.len() - KEYS_KEPT / 2).copied().unwrap_or_default();
            self.by_key.retain(|_, loaded| loaded.used >= oldest_kept);
        }
    }
}

impl Batch {
    /// The log of a partition is done from one position up to another.
    pub(crate) fn moved(&mut self, partition: u16, from: u64, to: u64) {
        let consumer = || CONSUMER.to_owned();
        self.expect.push(Expect::Position { consumer: consumer(), partition, seq: from });
        self.ops.push(Op::PutPosition { consumer: consumer(), partition, seq: to });
    }
}

impl Loaded {
    async fn fetch<T: DeserializeOwned>(&mut self, wheel: &Wheel, collection: &'static str, key: &str) -> Option<T> {
        let found = wheel.ledger.document(collection, key).await;
        let version = found.as_ref().map_or(0, |(_, version)| *version);
        self.versions.insert((collection, key.to_owned()), version);
        let (value, _) = found?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::error!(collection, key, %error, "a stored document cannot be read");
                None
            }
        }
    }

    /// Writes what changed since it was written last.
    fn write(&mut self, key: &str, batch: &mut Batch) {
        for id in std::mem::take(&mut self.changed) {
            let value = self.world.instances.get(&id).and_then(text);
            self.put(INSTANCE, instance_key(key, &id), value, batch);
        }
        if std::mem::take(&mut self.account_changed) {
            let value = self.world.account.as_ref().and_then(text);
            self.put(ACCOUNT, key.to_owned(), value, batch);
        }
        if std::mem::take(&mut self.group_changed) {
            let value = self.world.group.as_ref().and_then(text);
            self.put(GROUP, key.to_owned(), value, batch);
        }
        if std::mem::take(&mut self.deal_changed) {
            let value = self.world.deal.as_ref().and_then(text);
            self.put(DEAL, key.to_owned(), value, batch);
        }
    }

    fn put(&mut self, collection: &'static str, document: String, value: Option<Text>, batch: &mut Batch) {
        let Some(value) = value else { return };
        let version = self.versions.entry((collection, document.clone())).or_default();
        batch.expect.push(Expect::Document {
            collection: collection.to_owned(),
            key: document.clone(),
            version: *version,
        });
        batch.ops.push(Op::PutDocument { collection: collection.to_owned(), key: document, value });
        *version += 1;
    }
}

fn instance_key(key: &str, id: &Id) -> String {
    format!("{key}/{id}")
}

fn text<T: Serialize>(value: &T) -> Option<Text> {
    Text::of(value).ok()
}
