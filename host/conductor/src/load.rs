//! What a batch of turns loads, and the one commit it becomes.

use std::collections::{BTreeMap, BTreeSet};

use ports::{Commit, CommitError, Expect, Op};
use process::machine::{Effects, Instance, World};
use process::{Event, projection};
use quoin_canonical::Id;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Wheel;
use crate::turner::CONSUMER;

/// Collections the wheel keeps.
const INSTANCE: &str = "instance";
const ACCOUNT: &str = "account";
const DEAL: &str = "deal";
const INVOICE: &str = "invoice";

/// Exceptions looked through when one is retried.
const MAX_OPEN_EXCEPTIONS: usize = 10_000;

/// Everything loaded for a batch, by business key.
#[derive(Default)]
pub(crate) struct Batch {
    worlds: BTreeMap<String, Loaded>,
    ops: Vec<Op>,
}

#[derive(Default)]
struct Loaded {
    world: World,
    /// Version of every document that was looked for; 0 where there was none.
    versions: BTreeMap<(&'static str, String), u64>,
    changed: BTreeSet<Id>,
    account_changed: bool,
    deal_changed: bool,
}

impl Batch {
    /// Loads what an event may touch and is not loaded yet.
    pub(crate) async fn load(&mut self, wheel: &Wheel, event: &Event) {
        if !self.worlds.contains_key(&event.key) {
            let mut loaded = Loaded::default();
            loaded.world.account = loaded.fetch(wheel, ACCOUNT, &event.key).await;
            loaded.world.deal = loaded.fetch(wheel, DEAL, &event.key).await;
            self.worlds.insert(event.key.clone(), loaded);
        }
        let Some(loaded) = self.worlds.get_mut(&event.key) else { return };
        for id in wheel.catalogue.touches(event) {
            let key = instance_key(&event.key, &id);
            if loaded.versions.contains_key(&(INSTANCE, key.clone())) {
                continue;
            }
            if let Some(instance) = loaded.fetch::<Instance>(wheel, INSTANCE, &key).await {
                loaded.world.instances.insert(id, instance);
            }
        }
        if event.kind == "exception.retry_requested" {
            let open = wheel.ledger.exceptions(false, MAX_OPEN_EXCEPTIONS).await;
            let mine = open.into_iter().filter(|exception| exception.key == event.key);
            loaded.world.exceptions.extend(mine.map(|exception| (exception.id.clone(), exception)));
        }
    }

    /// The world of a key that was loaded.
    pub(crate) fn world(&mut self, key: &str) -> &mut World {
        &mut self.worlds.entry(key.to_owned()).or_default().world
    }

    /// Takes over what a turn decided.
    pub(crate) fn note(&mut self, event: &Event, effects: Effects) {
        let loaded = self.worlds.entry(event.key.clone()).or_default();
        loaded.changed.extend(effects.instances);
        loaded.account_changed |= effects.account;
        loaded.deal_changed |= loaded.world.deal.is_some();
        for (number, value) in projection::documents(&event.key, loaded.world.account.as_ref(), &effects.events) {
            self.ops.push(Op::PutDocument { collection: INVOICE.to_owned(), key: number, value });
        }
        self.ops.extend(effects.events.into_iter().map(Op::Append));
        self.ops.extend(
            effects.commands.into_iter().map(|command| Op::PutCommand { not_before: command.decided_at, command }),
        );
        self.ops.extend(effects.timers.into_iter().map(Op::PutTimer));
        self.ops.extend(effects.exceptions.into_iter().map(Op::PutException));
    }

    /// Commits it all, with the new position.
    pub(crate) async fn commit(mut self, wheel: &Wheel, partition: u16, from: u64, to: u64) -> Result<(), CommitError> {
        let consumer = CONSUMER.to_owned();
        let mut expect = vec![Expect::Position { consumer: consumer.clone(), partition, seq: from }];
        for (key, loaded) in &self.worlds {
            loaded.write(key, &mut expect, &mut self.ops);
        }
        self.ops.push(Op::PutPosition { consumer, partition, seq: to });
        wheel.ledger.commit(Commit { expect, ops: self.ops }).await.map(|_| ())
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

    fn write(&self, key: &str, expect: &mut Vec<Expect>, ops: &mut Vec<Op>) {
        let mut put = |collection: &'static str, document: String, value: Option<Value>| {
            let Some(value) = value else { return };
            let version = self.versions.get(&(collection, document.clone())).copied().unwrap_or(0);
            expect.push(Expect::Document { collection: collection.to_owned(), key: document.clone(), version });
            ops.push(Op::PutDocument { collection: collection.to_owned(), key: document, value });
        };
        for id in &self.changed {
            put(INSTANCE, instance_key(key, id), self.world.instances.get(id).and_then(json));
        }
        if self.account_changed {
            put(ACCOUNT, key.to_owned(), self.world.account.as_ref().and_then(json));
        }
        if self.deal_changed {
            put(DEAL, key.to_owned(), self.world.deal.as_ref().and_then(json));
        }
    }
}

fn instance_key(key: &str, id: &Id) -> String {
    format!("{key}/{id}")
}

fn json<T: Serialize>(value: &T) -> Option<Value> {
    serde_json::to_value(value).ok()
}
