//! Versions of a real component in the real sandbox: one that traps is taken out, and one that would read other
//! amounts is found by replaying what was recorded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fleet::{Doorkeeper, Fleet, Pinned, Shelf, Tap, Wiring};
use ports::{
    CallContext, Connectors, HttpRequest, HttpResponse, Ledger, Outbound, Package, Plugins, RolloutError, Rollouts,
    SendError, Versions, Wanted,
};
use quoin_package::Manifest;
use rollout::Origin;
use runtime::{ConnectionSpec, Grant, Runtime};
use serde_json::json;
use store::MemoryStore;
use tokio::sync::watch;
use zoo::{GUESTS_TOML, StoppedClock, built, limits, patched, secrets, ten};

/// Trusts everybody; every version fits.
struct House;

impl Doorkeeper for House {
    fn admit(&self, _: &[u8]) -> Result<Option<Origin>, String> {
        Ok(None)
    }

    fn open(&self, _: &str, _: &[(String, Arc<Manifest>)]) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
}

/// A vendor that answers everything with nothing.
struct Vendor;

#[async_trait]
impl Outbound for Vendor {
    async fn send(&self, _: &CallContext, _: HttpRequest) -> Result<HttpResponse, SendError> {
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: b"{}".to_vec().into() })
    }
}

struct Stage {
    ledger: Arc<MemoryStore>,
    fleet: Arc<Fleet>,
    connectors: Pinned,
}

impl Stage {
    /// Why a version was taken out, if it was.
    async fn why_out(&self, version: &str) -> Option<String> {
        let status = self.fleet.rollouts().await.swap_remove(0);
        status.versions.into_iter().find(|one| one.version == version).unwrap().reason
    }
}

async fn stage(folder: &Path, guest: &str) -> Stage {
    let ledger = Arc::new(MemoryStore::new());
    let secrets = secrets(folder).await;
    let tap = Arc::new(Tap::new(Arc::new(Vendor), Arc::clone(&secrets), Arc::new(StoppedClock)));
    let sandbox = Runtime::new(limits(), Arc::clone(&tap) as _, secrets, Arc::new(StoppedClock)).unwrap();
    let fleet = Arc::new(Fleet::new(Wiring {
        ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
        clock: Arc::new(StoppedClock),
        versions: Arc::clone(&sandbox) as Arc<dyn Versions>,
        loaded: Arc::clone(&sandbox) as Arc<dyn Plugins>,
        shelf: Shelf::new(folder.join("shelf")),
        doorkeeper: Arc::new(House),
        tap: Some(Arc::clone(&tap)),
        connections: vec![("guest".into(), "guests".into())],
    }));
    Rollouts::load(fleet.as_ref(), package("1.0.0"), false, "ana").await.unwrap();
    let grant = Grant { read: ["customer".into()].into(), write: [].into() };
    let spec = ConnectionSpec { id: "guest".into(), plugin: "guests".into(), config: json!({"guest": guest}), grant };
    sandbox.add_connection(spec).unwrap();
    let connectors = Pinned::new(sandbox, Arc::clone(&ledger) as Arc<dyn Ledger>).tapped(tap);
    Stage { ledger, fleet, connectors }
}

fn package(version: &str) -> Package {
    let (from, to) = ("version = \"1.0.0\"", format!("version = \"{version}\""));
    Package {
        component: patched(&built("guests"), from, &to),
        manifest: GUESTS_TOML.replace(from, &to),
        source: "a test".into(),
    }
}

fn promote(require_shadow: bool) -> Wanted {
    Wanted::Promote { version: "1.0.1".into(), accept: false, require_shadow }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_traps_is_taken_out_and_the_one_before_serves() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(folder.path(), "version_dependent").await;
    let (_stop, stopped) = watch::channel(false);
    let watching = tokio::spawn(fleet::run(Arc::clone(&stage.fleet), Vec::new(), stopped));
    Rollouts::load(stage.fleet.as_ref(), package("1.0.1"), false, "ana").await.unwrap();
    for call in 1..=rollout::WINDOW_FAULTS {
        assert_eq!(stage.why_out("1.0.1").await, None, "before call {call}");
        let error = stage.connectors.read("guest", ten()).await.result.unwrap_err();
        assert_eq!(error.as_fault().code, "PLUGIN_TRAP");
    }
    let reason = async {
        loop {
            if let Some(reason) = stage.why_out("1.0.1").await {
                return reason;
            }
            tokio::task::yield_now().await;
        }
    };
    let reason = tokio::time::timeout(Duration::from_secs(60), reason).await.expect("it is taken out");
    assert!(reason.contains("PLUGIN_TRAP"), "{reason}");
    stage.connectors.read("guest", ten()).await.result.expect("the version before serves");
    let open = stage.ledger.exceptions(false, 10).await;
    assert_eq!(open[0].fault.code, "PLUGIN_WITHDRAWN");
    watching.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_version_would_change_is_shown_before_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(folder.path(), "priced").await;
    stage.fleet.stage(package("1.0.1"), "ana").await.unwrap();
    let refused = |result: Result<ports::RolloutStatus, RolloutError>| result.unwrap_err().to_string();
    assert!(refused(stage.fleet.decide("guests", promote(true), "ana").await).contains("was not compared"));
    assert!(
        stage.fleet.compare("guests", "1.0.1", "ana").await.unwrap_err().to_string().contains("nothing to compare")
    );
    stage.fleet.record("guests", 2, "ana").await.unwrap();
    for _ in 0..3 {
        stage.connectors.read("guest", ten()).await.result.unwrap();
    }
    let kept = stage.fleet.shadow("guests").await.unwrap();
    assert_eq!((kept.recorded, kept.to_come), (2, 0), "as many as were asked for");
    let report = stage.fleet.compare("guests", "1.0.1", "ana").await.unwrap();
    assert_eq!((report.calls, report.skipped, report.differing), (2, 0, 2));
    let money = &report.money[0];
    assert_eq!(
        (money.currency.as_str(), money.baseline.as_str(), money.candidate.as_str(), money.change.as_str()),
        ("EUR", "200", "220", "20")
    );
    let paths: Vec<String> = report.differences.iter().take(2).map(|one| format!("{} {}", one.of, one.path)).collect();
    assert_eq!(
        paths,
        ["result /page/changes/0/data/credit/limit/amount", "request GET https://vendor.example/discount"]
    );
    let stored = stage.ledger.document("shadow", "guests").await.unwrap().0.to_string();
    assert!(!stored.contains("Ana Rocha"), "no personal data is kept: {stored}");
    // A replay counts nowhere: the version on the shelf has no calls.
    let status = &stage.fleet.rollouts().await[0];
    let later = status.versions.iter().find(|one| one.version == "1.0.1").unwrap();
    assert_eq!(later.status.as_ref().unwrap().health.calls, 0);
    let message = refused(stage.fleet.decide("guests", promote(true), "ana").await);
    assert!(message.contains("2 of 2 replayed calls differ, and nobody approved that"), "{message}");
    stage.fleet.approve("guests", "1.0.1", "finance").await.unwrap();
    stage.fleet.decide("guests", promote(true), "ana").await.unwrap();
    let kinds: Vec<String> =
        stage.ledger.events_of_key("plugin/guests", 0, 100).await.into_iter().map(|event| event.kind).collect();
    for kind in ["plugin.recording_started", "plugin.shadowed", "plugin.difference_approved", "plugin.promoted"] {
        assert!(kinds.iter().any(|one| one == kind), "{kind}: {kinds:?}");
    }
}
