//! A hard cap under real concurrency (rule NX5, test NX-05): several deciders read the same
//! account from the store, each decides to bill its own work, and all of them commit. The store's
//! precondition lets one through at a time; who comes second reads again and decides again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use billing::account::Bucket;
use billing::{Account, AccountEvent, BillingPolicy, Context};
use ports::{Commit, CommitError, Expect, Ledger, Op};
use process::{Cause, EventDraft};
use quoin_canonical::*;
use serde_json::json;
use store::{EmbeddedStore, Options};
use tokio::sync::Barrier;

const KEY: &str = "Q-1";

fn context() -> Context {
    let entity = json!({"code": "DE01", "name": "Advisory", "country": "DE", "currency": "EUR",
        "zone": "Europe/Berlin", "vat_id": "DE123456789", "address": {"country": "DE"},
        "default_tax": {"category": "S", "rate_percent": "19"}});
    Context {
        now: "2026-03-31T22:00:00Z".parse().unwrap(),
        entity: serde_json::from_value(entity).unwrap(),
        policy: BillingPolicy::default(),
    }
}

/// A contract with a cap of 650.00, and 500.00 an hour.
fn opened() -> (Account, Vec<AccountEvent>) {
    let quote = json!({"number": KEY, "version": 1, "opportunity": {"external": "1"}, "status": "accepted",
        "name": "Deal", "customer": {"name": "Helix", "country": "DE"}, "selling_entity": "DE01",
        "contract_type": "sow", "currency": "EUR", "lines": [{"id": "L1", "description": "Work", "billing": {
            "method": "time_and_materials", "roles": [{"role": "Senior", "hourly_rate": "500.00", "resource": "ana@x"}],
            "cap": {"limit": {"amount": "650.00", "currency": "EUR"}, "mode": "fit"}}}]});
    let quote: Quote = serde_json::from_value(quote).unwrap();
    let context = context();
    let derived = billing::derive(&quote, &context.entity, &Id::derived(&["customer"]), &context.policy).unwrap();
    let events = billing::open(None, &derived, &context).unwrap();
    (billing::replay(&events).unwrap(), events)
}

fn entry(account: &Account, worker: usize) -> TimeEntry {
    let task = account.tasks.keys().next().unwrap();
    let value = json!({"header": {"id": Id::derived(&["entry", &worker.to_string()]), "version": "1"},
        "task": {"id": task}, "resource": "ana@x", "date": "2026-03-02", "minutes": 60,
        "billing_type": "chargeable", "status": "approved"});
    serde_json::from_value(value).unwrap()
}

fn draft(event: &AccountEvent, worker: usize, at: usize, version: u64) -> EventDraft {
    EventDraft {
        id: Id::derived(&["event", &worker.to_string(), &at.to_string(), &version.to_string()]),
        kind: event.kind().into(),
        key: KEY.into(),
        at: context().now,
        cause: Cause::default(),
        body: event.to_body().unwrap(),
    }
}

/// Records a worker's hour and bills all there is, in one decision, until its commit holds. Says
/// how often it had to decide.
async fn approve(store: Arc<EmbeddedStore>, worker: usize, start: Arc<Barrier>) -> u32 {
    let mut tries = 0;
    loop {
        tries += 1;
        let (value, version) = store.document("account", KEY).await.unwrap();
        let mut account: Option<Account> = Some(serde_json::from_value(value).unwrap());
        let known = account.clone().unwrap();
        let mut events = billing::record_time(&known, &entry(&known, worker), &context()).unwrap();
        events.iter().for_each(|event| billing::evolve(&mut account, event));
        let billed = billing::run(account.as_ref().unwrap(), "2026-03-31".parse().unwrap(), &context()).unwrap();
        billed.iter().for_each(|event| billing::evolve(&mut account, event));
        events.extend(billed);
        if tries == 1 {
            start.wait().await; // all have read the same account, and decided, before anyone commits
        }
        let mut ops: Vec<Op> =
            events.iter().enumerate().map(|(at, event)| Op::Append(draft(event, worker, at, version))).collect();
        let value = serde_json::to_value(account.unwrap()).unwrap();
        ops.push(Op::PutDocument { collection: "account".into(), key: KEY.into(), value: value.into() });
        let expect = vec![Expect::Document { collection: "account".into(), key: KEY.into(), version }];
        match store.commit(Commit { expect, ops }).await {
            Ok(_) => return tries,
            Err(CommitError::Precondition(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn race(workers: usize) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(EmbeddedStore::open(folder.path(), Options::default()).unwrap());
    let (account, events) = opened();
    let mut ops: Vec<Op> =
        events.iter().enumerate().map(|(at, event)| Op::Append(draft(event, usize::MAX, at, 0))).collect();
    let value = serde_json::to_value(&account).unwrap();
    ops.push(Op::PutDocument { collection: "account".into(), key: KEY.into(), value: value.into() });
    store.commit(Commit { expect: Vec::new(), ops }).await.unwrap();

    let start = Arc::new(Barrier::new(workers));
    let racing: Vec<_> =
        (0..workers).map(|worker| tokio::spawn(approve(store.clone(), worker, start.clone()))).collect();
    let mut tries = Vec::new();
    for worker in racing {
        tries.push(worker.await.unwrap());
    }
    assert_eq!(
        tries.iter().filter(|tries| **tries == 1).count(),
        1,
        "one is first, all others decide again: {tries:?}"
    );

    let (value, _) = store.document("account", KEY).await.unwrap();
    let account: Account = serde_json::from_value(value).unwrap();
    let billed: Decimal = account.invoices.values().map(|state| state.invoice.totals.net.amount).sum();
    assert_eq!(billed, "650.00".parse().unwrap(), "exactly the cap, whatever the order");
    let buckets = account.buckets(None);
    assert!(buckets.conserved());
    assert_eq!(buckets.approved_minutes, Decimal::from(60 * workers));
    let held = buckets.buckets[&Bucket::OverCap].1;
    assert_eq!(held, Decimal::from(500 * workers) - billed, "the rest is held, none is lost");

    let log = store.events_of_key(KEY, 0, 1_000).await;
    let told: Vec<AccountEvent> =
        log.iter().map(|event| AccountEvent::from_kind_and_body(&event.kind, &event.body).unwrap().unwrap()).collect();
    assert_eq!(billing::replay(&told).unwrap(), account, "the log tells the same account");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_deciders_race_and_the_cap_holds() {
    for _ in 0..20 {
        race(2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_deciders_race_and_the_cap_holds() {
    race(12).await;
}
