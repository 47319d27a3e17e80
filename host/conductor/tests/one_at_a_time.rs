//! Deals of one new customer are set up at the same time, in a system that keeps no two customers of
//! one name apart: it gets one customer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

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
use tokio::sync::watch;

const DEALS: usize = 20;
const AT: &str = "2026-03-02T09:00:00Z";

/// A system that makes whatever it is asked to: who asks twice has it twice.
#[derive(Default)]
struct Vendor {
    /// Canonical ids of what was made.
    made: Mutex<Vec<String>>,
    /// How often the vendor's id was known already.
    known: Mutex<usize>,
}

#[async_trait]
impl Connectors for Vendor {
    async fn apply(&self, _: &str, _: &str, items: &[Item]) -> Called<Vec<ItemOutcome>> {
        let mut outcomes = Vec::new();
        for item in items {
            let there = item.external.is_some() || self.made.lock().unwrap().contains(&item.id);
            *self.known.lock().unwrap() += usize::from(item.external.is_some());
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
    let customer = |name: &str| json!({"header": {"id": Id::derived(&[name])}, "name": name});
    Command {
        id: Id::derived(&["command", &key]),
        instance: Id::derived(&["instance", &key]),
        step: "customer".into(),
        role: "psa".into(),
        connection: "psa".into(),
        operation: Operation::Apply {
            object: "customer".into(),
            objects: vec![customer(&key), customer("Helix GmbH")],
        },
        retry: Retry::default(),
        priority: 50,
        decided_at: AT.parse().unwrap(),
        attempts: 0,
        unknown: false,
        key,
    }
}

#[tokio::test]
async fn deals_of_one_new_customer_make_one() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryStore::new());
    let vendor = Arc::new(Vendor::default());
    let wheel = Wheel {
        ledger: Arc::clone(&ledger),
        connectors: Arc::clone(&vendor) as Arc<dyn Connectors>,
        clock: Arc::new(Still),
        ids: Arc::new(Still),
        catalogue: Arc::new(Catalogue::default()),
        parameters: Arc::default(),
        limits: Limits::default(),
    };
    let put = |deal| Op::PutCommand { command: command(deal), not_before: AT.parse().unwrap() };
    ledger.commit(Commit { expect: Vec::new(), ops: (0..DEALS).map(put).collect() }).await.unwrap();
    let mut head = ledger.head();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(conductor::run(wheel, stopped));
    let done = |events: &[Arc<process::Event>]| events.iter().filter(|event| event.kind == "command.done").count();
    while done(&ledger.log(0, 1_000).await) < DEALS {
        head.changed().await.unwrap();
    }
    stop.send(true).unwrap();
    running.await.unwrap();

    let mut times = BTreeMap::new();
    vendor.made.lock().unwrap().iter().for_each(|id| *times.entry(id.clone()).or_insert(0) += 1);
    assert_eq!(times.len(), DEALS + 1);
    assert!(times.values().all(|times| *times == 1), "made twice: {times:?}");
    assert_eq!(*vendor.known.lock().unwrap(), DEALS - 1, "who comes later is told the vendor's id");
}
