//! Versions replaced under load: flows go on while two plugins are upgraded and rolled back a thousand times.
//! What counts is what the vendors' ledgers say: every effect once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "it says what it measured")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use scenario::api::Api;
use scenario::{Stage, StageOptions};
use serde_json::{Value, json};

/// Upgrades and rollbacks.
const SWAPS: usize = 1_000;

/// Deals in flight: half of the four with which a host of two cores is busy all the time; more only wait longer.
const DEALS_IN_FLIGHT: usize = 2;

/// Deals that are there to be won; so many are never reached, so the load lasts as long as the swaps.
const DEALS: usize = 2_000;

fn must<T>(result: anyhow::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}

/// The next version of a built plugin: the same component under another number.
fn next_version(stage: &Stage, plugin: &str) -> PathBuf {
    let built = StageOptions::from_workspace().plugins;
    let (was, is) = (b"version = \"0.1.0\"", b"version = \"0.1.1\"");
    let file = |ending: &str| stage.folder().join(format!("{plugin}-next.{ending}"));
    for ending in ["wasm", "toml"] {
        let mut bytes = std::fs::read(built.join(format!("{plugin}.{ending}"))).unwrap();
        let at = bytes.windows(was.len()).position(|window| window == was).expect("the version is in the component");
        bytes[at..at + is.len()].copy_from_slice(is);
        std::fs::write(file(ending), bytes).unwrap();
    }
    file("wasm")
}

fn load(stage: &Stage, component: &Path, more: &[&str]) -> Value {
    let manifest = component.with_extension("toml");
    let (component, manifest) = (component.to_str().unwrap(), manifest.to_str().unwrap());
    let mut arguments = vec!["plugin", "load", component, "--manifest", manifest, "--json"];
    arguments.extend(more);
    serde_json::from_str(&must(stage.quoin(&arguments, None))).unwrap()
}

/// Upgrades and rolls back, in turn, one plugin; counts what was decided.
async fn swap(api: Api, plugin: &'static str, swaps: usize) -> usize {
    for n in 0..swaps {
        let wanted = match n % 2 {
            0 => json!({"decide": "promote", "version": "0.1.1"}),
            _ => json!({"decide": "rollback", "reason": "the test"}),
        };
        must(api.post(&format!("/rollouts/{plugin}"), &format!("swap-{plugin}-{n}"), &wanted).await);
    }
    swaps
}

/// Wins deals, so many in flight, until the swaps are over; then waits for those under way. The quotes that were won.
async fn sell(stage: &mut Stage, quotes: &[String], over: &AtomicBool) -> BTreeSet<String> {
    let mut won = BTreeSet::new();
    let mut next = quotes.iter();
    let mut active = BTreeSet::new();
    let mut seen = 0;
    loop {
        while !over.load(Ordering::SeqCst) && won.len() < active.len() + DEALS_IN_FLIGHT {
            let quote = next.next().expect("more deals than the swaps last");
            must(stage.crm.act("close_won", &json!({"quote": quote, "at": "2026-03-02T10:15:00Z"})).await);
            won.insert(quote.clone());
        }
        for event in &stage.events[seen..] {
            if event["kind"] == "project.activated" {
                active.insert(event["key"].as_str().unwrap_or_default().to_owned());
            }
        }
        seen = stage.events.len();
        if over.load(Ordering::SeqCst) && active.len() == won.len() {
            return won;
        }
        must(stage.wait_past(seen).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_upgrades_and_rollbacks_under_load_lose_and_double_nothing() {
    // Webhooks bring the deals in; polls would only be work beside the load that is counted.
    let options = StageOptions { poll_ms: 5_000, ..StageOptions::from_workspace() };
    let mut stage = must(Stage::set(options).await);
    for plugin in ["kantata", "netsuite"] {
        let component = next_version(&stage, plugin);
        load(&stage, &component, &["--stage"]);
    }
    let seeded = must(stage.crm.act("seed_deals", &json!({"prefix": "S", "count": DEALS, "customers": DEALS})).await);
    let quotes: Vec<String> =
        seeded["deals"].as_array().unwrap().iter().map(|deal| deal["quote"].as_str().unwrap().to_owned()).collect();
    let over = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let swapping = tokio::spawn({
        let (api, over) = (stage.api.clone(), Arc::clone(&over));
        async move {
            let (psa, erp) = (swap(api.clone(), "kantata", SWAPS / 2), swap(api, "netsuite", SWAPS / 2));
            let (psa, erp) = tokio::join!(psa, erp);
            let swapped = psa + erp;
            over.store(true, Ordering::SeqCst);
            (swapped, began.elapsed())
        }
    });
    let won = sell(&mut stage, &quotes, &over).await;
    let (swapped, took) = swapping.await.unwrap();
    println!(
        "{swapped} upgrades and rollbacks in {:.1} s, while {} deals were set up ({:.1} s)",
        took.as_secs_f64(),
        won.len(),
        began.elapsed().as_secs_f64()
    );
    assert_eq!(swapped, SWAPS);
    assert!(won.len() >= 8, "the load was there: {}", won.len());
    effects_are_there_once(&stage, &won).await;
    nothing_failed_and_both_versions_served(&stage);
}

/// Each deal's project, billing set-up and customer, once in the vendors' ledgers.
async fn effects_are_there_once(stage: &Stage, won: &BTreeSet<String>) {
    let erp = stage.erp.simulator().unwrap();
    for (simulator, kind) in
        [(&stage.psa, "project"), (&stage.psa, "customer"), (erp, "customer"), (erp, "billing_setup")]
    {
        let effects = must(simulator.effects(kind).await);
        assert_eq!(effects.len(), won.len(), "{kind}: one per deal");
    }
}

fn nothing_failed_and_both_versions_served(stage: &Stage) {
    let count = |kind: &str| stage.events.iter().filter(|event| event["kind"] == kind).count();
    for kind in ["command.retried", "command.failed", "command.refused", "exception.opened"] {
        let first = stage.events.iter().find(|event| event["kind"] == kind);
        assert_eq!(count(kind), 0, "{kind}: {first:?}");
    }
    let decided = |kind: &str| {
        let by_us = |event: &&Value| event["kind"] == kind && event["cause"]["by"] == "scenario";
        stage.events.iter().filter(by_us).count()
    };
    assert_eq!((decided("plugin.promoted"), decided("plugin.rolled_back")), (SWAPS / 2, SWAPS / 2));
    let mut served: BTreeMap<(String, String), usize> = BTreeMap::new();
    for event in stage.events.iter().filter(|event| event["kind"] == "command.done") {
        let text = |field: &str| event["body"]["trace"][field].as_str().unwrap_or_default().to_owned();
        *served.entry((text("plugin"), text("version"))).or_default() += 1;
    }
    println!("commands done, by version: {served:?}");
    for plugin in ["kantata", "netsuite"] {
        for version in ["0.1.0", "0.1.1"] {
            assert!(served.contains_key(&(plugin.to_owned(), version.to_owned())), "{plugin} {version}: {served:?}");
        }
    }
}

/// What was decided holds after the host is killed: the same version serves, without its file.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_holds_after_a_kill() {
    let mut stage = must(Stage::set(StageOptions::from_workspace()).await);
    let component = next_version(&stage, "kantata");
    load(&stage, &component, &["--stage"]);
    must(stage.quoin(&["plugin", "canary", "kantata", "0.1.1", "--share", "25"], None));
    std::fs::remove_file(&component).unwrap();
    must(stage.kill_host());
    must(stage.start_host().await);
    let after = must(stage.api.get("/rollouts/kantata").await);
    assert_eq!(
        (&after["serving"], &after["canary"]["version"], &after["canary"]["share_percent"]),
        (&json!("0.1.0"), &json!("0.1.1"), &json!(25)),
        "{after}"
    );
    must(stage.quoin(&["plugin", "promote", "kantata", "0.1.1"], None));
    must(stage.kill_host());
    must(stage.start_host().await);
    let after = must(stage.api.get("/rollouts/kantata").await);
    assert_eq!((&after["serving"], &after["canary"]), (&json!("0.1.1"), &Value::Null), "{after}");
    let connections = must(stage.api.get("/connections").await);
    let psa = connections["items"].as_array().unwrap().iter().find(|one| one["id"] == "psa").unwrap();
    assert_eq!(psa["version"], "0.1.1");
    must(stage.quoin(&["plugin", "rollback", "kantata"], None));
    let listed = must(stage.quoin(&["plugin", "list"], None));
    assert!(listed.contains("withdrawn") && listed.contains("rolled back by an operator"), "{listed}");
}
