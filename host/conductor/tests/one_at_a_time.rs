//! Deals of one new customer are set up at the same time, in a system that keeps no two customers of
//! one name apart: it gets one customer, and deals of others do not wait for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use conductor::{Limits, Wheel};
use ports::{
    Called, CheckReport, Clock, Commit, ConnectionInfo, Connectors, Ids, Inbound, Item, ItemOutcome, ItemStatus,
    Ledger, Op, Page, ReadRequest, Reply,
};
use process::machine::Catalogue;
use process::{Command, Operation, Retry};
use quoin_canonical::{Id, Timestamp};
use serde_json::{Value, json};
use store::MemoryStore;
use tokio::sync::{Notify, Semaphore, watch};

const DEALS: usize = 20;
/// The customer that all deals have in common.
const COMMON: &str = "Helix GmbH";
const AT: &str = "2026-03-02T09:00:00Z";

/// A system that makes whatever it is asked to: who asks twice has it twice.
#[derive(Default)]
struct Vendor {
    /// Canonical ids of what was made.
    made: Mutex<Vec<String>>,
    /// How often the vendor's id was known already.
    known: Mutex<usize>,
    /// Opened when the customer that all have in common may be made, where a test wants to say when.
    gate: Option<Semaphore>,
    /// Somebody stands before it.
    waits: Notify,
}

#[async_trait]
impl Connectors for Vendor {
    async fn apply(&self, _: &str, _: &str, items: &[Item]) -> Called<Vec<ItemOutcome>> {
        let mut outcomes = Vec::new();
        for item in items {
            let there = item.external.is_some() || self.made.lock().unwrap().contains(&item.id);
            *self.known.lock().unwrap() += usize::from(item.external.is_some());
            if let Some(gate) = self.gate.as_ref().filter(|_| item.data["name"] == COMMON) {
                self.waits.notify_one();
                let _passed = gate.acquire().await.unwrap();
            }
            // The vendor's answer to the search is under way; meanwhile others are performed.
            tokio::task::yield_now().await;
            if !there {
                self.made.lock().unwrap().push(item.id.clone());
            }
            outcomes.push(ItemOutcome {
                key: item.key.clone(),
                status: if there { ItemStatus::Updated } else { ItemStatus::Created },
                external: Some(format!("vendor-{}", item.id)),
                version: None,
                data: None,
                references: Vec::new(),
                fault: None,
            });
        }
        Called { result: Ok(outcomes), trace: Default::default() }
    }

    async fn read(&self, _: &str, _: ReadRequest) -> Called<Page> {
        unreachable!("nobody reads")
    }
    async fn lookup(&self, _: &str, _: &str, _: &[Item]) -> Called<Vec<ItemOutcome>> {
        unreachable!("no outcome is unknown")
    }
    async fn handle(&self, _: &str, _: Inbound) -> Called<Reply> {
        unreachable!("nobody calls")
    }
    async fn check(&self, _: &str) -> Called<CheckReport> {
        unreachable!("nobody asks")
    }
    async fn discover(&self, _: &str) -> Called<Value> {
        unreachable!("nobody asks")
    }
    fn connection(&self, _: &str) -> Option<ConnectionInfo> {
        None
    }
    fn connections(&self) -> Vec<ConnectionInfo> {
        Vec::new()
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        AT.parse().unwrap()
    }
}

impl Ids for Still {
    fn next(&self) -> Id {
        Id::derived(&["jitter"])
    }
}

/// Each deal writes a customer of its own and the one that all have in common.
fn command(deal: usize) -> Command {
    let key = format!("Q-{deal}");
    writing(&key, &[&key, COMMON])
}

fn writing(key: &str, names: &[&str]) -> Command {
    let customer = |name: &str| json!({"header": {"id": Id::derived(&[name])}, "name": name});
    Command {
        id: Id::derived(&["command", key]),
        instance: Id::derived(&["instance", key]),
        step: "customer".into(),
        role: "psa".into(),
        connection: "psa".into(),
        operation: Operation::Apply {
            object: "customer".into(),
            objects: names.iter().map(|name| customer(name)).collect(),
        },
        retry: Retry::default(),
        priority: 50,
        decided_at: AT.parse().unwrap(),
        attempts: 0,
        unknown: false,
        key: key.into(),
    }
}

fn wheel(ledger: &Arc<dyn Ledger>, vendor: &Arc<Vendor>, limits: Limits) -> Wheel {
    Wheel {
        ledger: Arc::clone(ledger),
        connectors: Arc::clone(vendor) as Arc<dyn Connectors>,
        clock: Arc::new(Still),
        ids: Arc::new(Still),
        catalogue: Arc::new(Catalogue::default()),
        parameters: Arc::default(),
        limits,
    }
}

async fn put(ledger: &Arc<dyn Ledger>, commands: impl IntoIterator<Item = Command>) {
    let put = |command| Op::PutCommand { command, not_before: AT.parse().unwrap() };
    ledger.commit(Commit { expect: Vec::new(), ops: commands.into_iter().map(put).collect() }).await.unwrap();
}

/// Until so many commands are done; their deals, in the order in which they were.
async fn done(ledger: &Arc<dyn Ledger>, count: usize) -> Vec<String> {
    let mut head = ledger.head();
    loop {
        let events = ledger.log(0, 1_000).await;
        let done: Vec<_> = events.iter().filter(|event| event.kind == "command.done").collect();
        if done.len() >= count {
            return done.into_iter().map(|event| event.key.clone()).collect();
        }
        let told = tokio::time::timeout(Duration::from_secs(60), head.changed());
        told.await.unwrap_or_else(|_| panic!("{} of {count} commands are done", done.len())).unwrap();
    }
}

#[tokio::test]
async fn deals_of_one_new_customer_make_one() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryStore::new());
    let vendor = Arc::new(Vendor::default());
    put(&ledger, (0..DEALS).map(command)).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(conductor::run(wheel(&ledger, &vendor, Limits::default()), stopped));
    done(&ledger, DEALS).await;
    stop.send(true).unwrap();
    running.await.unwrap();

    let mut times = BTreeMap::new();
    vendor.made.lock().unwrap().iter().for_each(|id| *times.entry(id.clone()).or_insert(0) += 1);
    assert_eq!(times.len(), DEALS + 1);
    assert!(times.values().all(|times| *times == 1), "made twice: {times:?}");
    assert_eq!(*vendor.known.lock().unwrap(), DEALS - 1, "who comes later is told the vendor's id");
}

#[tokio::test]
async fn deals_of_others_do_not_wait_for_a_customer_that_many_deals_have() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryStore::new());
    let vendor = Arc::new(Vendor { gate: Some(Semaphore::new(0)), ..Vendor::default() });
    put(&ledger, (0..DEALS).map(command)).await;
    let (stop, stopped) = watch::channel(false);
    let limits = Limits { commands_in_flight: 2, ..Limits::default() };
    let running = tokio::spawn(conductor::run(wheel(&ledger, &vendor, limits), stopped));
    vendor.waits.notified().await;
    put(&ledger, [writing("Q-other", &["Aster GmbH"])]).await;
    assert_eq!(done(&ledger, 1).await, ["Q-other"], "the other deals wait for the vendor, and for each other");
    vendor.gate.as_ref().unwrap().add_permits(1);
    done(&ledger, DEALS + 1).await;
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(vendor.made.lock().unwrap().iter().filter(|id| **id == Id::derived(&[COMMON]).to_string()).count(), 1);
}
