//! What the fleet does by itself: takes out what keeps failing, stops what was revoked, serves after a restart
//! what was decided before it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fleet::{Doorkeeper, Fleet, Offer, Offered, Registry, RegistryLog, Shelf, Wiring};
use ports::{
    Answer, Ask, CallError, CallTrace, Called, Clock, Ledger, LoadStep, Outbound, Package, PluginInfo, Plugins,
    RolloutError, Rollouts, SeenFault, Staged, VersionStatus, Versions, Wanted,
};
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use rollout::{Health, Origin, Serving};
use store::MemoryStore;
use tempfile::TempDir;
use tokio::sync::watch;

/// A sandbox that takes everything, and faults when told to.
struct Sandbox {
    ready: Mutex<BTreeMap<String, (VersionStatus, Arc<Manifest>)>>,
    serving: Mutex<Serving>,
    trouble: watch::Sender<u64>,
}

impl Sandbox {
    fn new() -> Arc<Self> {
        Arc::new(Self { ready: Mutex::default(), serving: Mutex::default(), trouble: watch::Sender::new(0) })
    }

    fn fault(&self, version: &str, times: usize) {
        for (status, _) in self.ready.lock().unwrap().values_mut().filter(|(one, _)| one.info.version == version) {
            for _ in 0..times {
                status.health.note(true);
            }
            status.last_faults = vec![SeenFault {
                at: Timestamp::UNIX_EPOCH,
                connection: "erp".into(),
                code: "PLUGIN_TRAP".into(),
                message: "index out of bounds".into(),
            }];
        }
        self.trouble.send_modify(|faults| *faults += 1);
    }

    fn serves(&self) -> String {
        let serving = self.serving.lock().unwrap();
        let ready = self.ready.lock().unwrap();
        match (&serving.barred, serving.current()) {
            (Some(_), _) => "barred".into(),
            (None, Some(digest)) => ready[digest].0.info.version.clone(),
            (None, None) => "nobody".into(),
        }
    }
}

#[async_trait]
impl Versions for Sandbox {
    async fn stage(&self, component: Vec<u8>, manifest: String) -> Result<Staged, String> {
        let manifest = Arc::new(Manifest::parse(&manifest).map_err(|error| error.to_string())?);
        let digest = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &component));
        let info = PluginInfo {
            id: manifest.id.clone(),
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: digest.clone(),
            powers: Vec::new(),
            connections: Vec::new(),
            load_ms: 1,
            from_cache: true,
            notes: BTreeMap::new(),
        };
        let status =
            VersionStatus { info: info.clone(), in_flight: 0, health: Health::default(), last_faults: Vec::new() };
        self.ready.lock().unwrap().entry(digest).or_insert((status, Arc::clone(&manifest)));
        Ok(Staged { info, manifest, steps: vec![LoadStep { step: "compiled".into(), micros: 1 }] })
    }

    fn fits(&self, _: &str, serving: &Serving) -> Result<(), String> {
        let ready = self.ready.lock().unwrap();
        serving
            .digests()
            .into_iter()
            .find(|digest| !ready.contains_key(*digest))
            .map_or(Ok(()), |digest| Err(format!("{digest} is not loaded")))
    }

    fn serve(&self, plugin: &str, serving: Serving) -> Result<(), String> {
        self.fits(plugin, &serving)?;
        *self.serving.lock().unwrap() = serving;
        Ok(())
    }

    fn retire(&self, _: &str, digest: &str) {
        self.ready.lock().unwrap().remove(digest);
    }

    fn versions(&self) -> Vec<VersionStatus> {
        self.ready.lock().unwrap().values().map(|(status, _)| status.clone()).collect()
    }

    fn manifest(&self, _: &str, digest: &str) -> Option<Arc<Manifest>> {
        self.ready.lock().unwrap().get(digest).map(|(_, manifest)| Arc::clone(manifest))
    }

    fn routed(&self) -> watch::Receiver<u64> {
        self.trouble.subscribe()
    }

    fn trouble(&self) -> watch::Receiver<u64> {
        self.trouble.subscribe()
    }

    async fn replay(&self, _: &str, _: &str, _: Ask, _: Timestamp, _: Arc<dyn Outbound>) -> Called<Answer> {
        Called { result: Err(CallError::NoConnection("none".into())), trace: CallTrace::default() }
    }
}

#[async_trait]
impl Plugins for Sandbox {
    async fn load(&self, _: Vec<u8>, _: String) -> Result<PluginInfo, String> {
        Err("only the fleet loads".into())
    }

    fn plugins(&self) -> Vec<PluginInfo> {
        self.versions().into_iter().map(|status| status.info).collect()
    }
}

/// Everything of `acme/books` comes from one registry.
struct House;

const REGISTRY: &str = "https://registry.example";

impl Doorkeeper for House {
    fn admit(&self, component: &[u8]) -> Result<Option<Origin>, String> {
        let text = std::str::from_utf8(component).unwrap();
        let version = text.strip_prefix("component ").unwrap().to_owned();
        Ok(Some(Origin { registry: format!("{REGISTRY}/"), plugin: "acme/books".into(), version }))
    }

    fn open(&self, _: &str, versions: &[(String, Arc<Manifest>)]) -> BTreeMap<String, String> {
        let misfits = versions.iter().filter(|(_, manifest)| manifest.version == "9.9.9");
        misfits.map(|(digest, _)| (digest.clone(), "connection 'erp': config.company is required".to_owned())).collect()
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }
}

struct Stage {
    sandbox: Arc<Sandbox>,
    ledger: Arc<MemoryStore>,
    folder: TempDir,
    fleet: Arc<Fleet>,
}

impl Stage {
    fn set() -> Self {
        let (ledger, folder) = (Arc::new(MemoryStore::new()), tempfile::tempdir().unwrap());
        let (fleet, sandbox) = start(&ledger, &folder);
        Self { sandbox, ledger, folder, fleet }
    }

    /// The host again, with what it kept.
    async fn restart(&mut self) {
        (self.fleet, self.sandbox) = start(&self.ledger, &self.folder);
        self.fleet.restore().await.unwrap();
    }

    async fn kinds(&self) -> Vec<String> {
        self.ledger.events_of_key("plugin/books", 0, 100).await.into_iter().map(|event| event.kind).collect()
    }

    async fn open_exceptions(&self) -> Vec<String> {
        let open = self.ledger.exceptions(false, 100).await;
        open.into_iter().map(|exception| format!("{} {}", exception.owner, exception.fault.code)).collect()
    }

    async fn load(&self, version: &str) -> Result<Staged, RolloutError> {
        Rollouts::load(self.fleet.as_ref(), package(version), false, "ana").await
    }

    async fn decide(&self, wanted: Wanted) -> Result<(), RolloutError> {
        self.fleet.decide("books", wanted, "ana").await.map(|_| ())
    }
}

fn start(ledger: &Arc<MemoryStore>, folder: &TempDir) -> (Arc<Fleet>, Arc<Sandbox>) {
    let sandbox = Sandbox::new();
    let wiring = Wiring {
        ledger: Arc::clone(ledger) as Arc<dyn Ledger>,
        clock: Arc::new(Noon),
        versions: Arc::clone(&sandbox) as Arc<dyn Versions>,
        loaded: Arc::clone(&sandbox) as Arc<dyn Plugins>,
        shelf: Shelf::new(folder.path().join("shelf")),
        doorkeeper: Arc::new(House),
        tap: None,
        connections: Vec::new(),
    };
    (Arc::new(Fleet::new(wiring)), sandbox)
}

/// 2.0.0 asks for more than 1.x.
fn package(version: &str) -> Package {
    let more = if version.starts_with('2') {
        "\n[[object]]\nname = \"invoice\"\nwrite = true\nrepeat = \"none\"\n"
    } else {
        ""
    };
    Package {
        component: format!("component {version}").into_bytes(),
        manifest: format!(
            "id = \"books\"\nname = \"Books\"\nversion = \"{version}\"\ncontract = \"1.0\"\ndescription = \"d\"\nlicense = \"MIT\"\n{more}"
        ),
        source: "a test".into(),
    }
}

fn promote(version: &str) -> Wanted {
    Wanted::Promote { version: version.into(), accept: false, require_shadow: false }
}

/// Until something holds; a test that waits for ever is stopped by its runner's patience here.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("{what} did not come"));
}

#[tokio::test]
async fn a_version_that_keeps_failing_is_taken_out_and_an_owner_is_told() {
    let stage = Stage::set();
    stage.load("1.0.0").await.unwrap();
    stage.load("1.1.0").await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let watching = tokio::spawn(fleet::run(Arc::clone(&stage.fleet), Vec::new(), stopped));
    tokio::task::yield_now().await;
    stage.sandbox.fault("1.1.0", 4);
    stage.sandbox.fault("1.1.0", 1);
    until("the version before", async || stage.sandbox.serves() == "1.0.0").await;
    assert_eq!(stage.open_exceptions().await, ["platform-operations PLUGIN_WITHDRAWN"]);
    let listed = stage.fleet.rollouts().await;
    let out = listed[0].versions.iter().find(|one| one.version == "1.1.0").unwrap();
    assert!(out.reason.as_deref().unwrap().contains("5 of its last 5 calls"), "{out:?}");
    // The one before fails too: nothing is left to go back to, and a person is asked once.
    stage.sandbox.fault("1.0.0", 5);
    stage.sandbox.fault("1.0.0", 1);
    until("a person is asked", async || stage.open_exceptions().await.len() == 2).await;
    assert_eq!(stage.sandbox.serves(), "1.0.0");
    assert!(stage.open_exceptions().await.contains(&"platform-operations PLUGIN_FAILING".to_owned()));
    // Whoever puts a good version in place has settled both.
    stage.load("1.2.0").await.unwrap();
    assert_eq!((stage.sandbox.serves().as_str(), stage.open_exceptions().await.len()), ("1.2.0", 0));
    stop.send(true).unwrap();
    watching.await.unwrap();
}

#[tokio::test]
async fn a_trial_that_keeps_failing_ends() {
    let stage = Stage::set();
    stage.load("1.0.0").await.unwrap();
    stage.fleet.stage(package("1.1.0"), "ana").await.unwrap();
    let canary = Wanted::Canary { version: "1.1.0".into(), share_percent: 10, connections: [].into(), accept: false };
    stage.decide(canary).await.unwrap();
    let (_stop, stopped) = watch::channel(false);
    let watching = tokio::spawn(fleet::run(Arc::clone(&stage.fleet), Vec::new(), stopped));
    tokio::task::yield_now().await;
    stage.sandbox.fault("1.1.0", 5);
    until("the end of the trial", async || stage.sandbox.serving.lock().unwrap().canary.is_none()).await;
    assert_eq!(stage.kinds().await.last().unwrap(), "exception.opened");
    watching.abort();
}

#[tokio::test]
async fn what_was_decided_is_served_again_after_a_restart() {
    let mut stage = Stage::set();
    stage.load("1.0.0").await.unwrap();
    stage.load("1.1.0").await.unwrap();
    stage.decide(Wanted::Rollback { reason: "numbers differ".into() }).await.unwrap();
    stage.restart().await;
    assert_eq!(stage.sandbox.serves(), "1.0.0");
    // What was rolled back does not come back because its file still lies in the folder.
    let offer = Offer { plugin: "books".into(), package: package("1.1.0") };
    assert!(matches!(stage.fleet.offer(offer).await.unwrap(), Offered::Known));
    assert_eq!(stage.sandbox.serves(), "1.0.0");
    // A new file does.
    let offer = Offer { plugin: "books".into(), package: package("1.2.0") };
    assert!(matches!(stage.fleet.offer(offer).await.unwrap(), Offered::Serves(_)));
    stage.restart().await;
    assert_eq!(stage.sandbox.serves(), "1.2.0");
    assert_eq!(
        stage.kinds().await,
        [
            "plugin.staged",
            "plugin.promoted",
            "plugin.staged",
            "plugin.promoted",
            "plugin.rolled_back",
            "plugin.staged",
            "plugin.promoted"
        ]
    );
}

#[tokio::test]
async fn a_kept_component_that_was_changed_does_not_serve() {
    let mut stage = Stage::set();
    let first = stage.load("1.0.0").await.unwrap().info.digest;
    let second = stage.load("1.1.0").await.unwrap().info.digest;
    let file = |digest: &str| stage.folder.path().join("shelf/books").join(format!("{digest}.wasm"));
    std::fs::write(file(&first), "component 6.6.6").unwrap();
    stage.restart().await;
    assert_eq!(stage.sandbox.serves(), "1.1.0");
    let listed = stage.fleet.rollouts().await;
    let out = listed[0].versions.iter().find(|one| one.version == "1.0.0").unwrap();
    assert!(out.reason.as_deref().unwrap().contains("changed after it was decided on"), "{out:?}");
    let file = stage.folder.path().join("shelf/books").join(format!("{second}.wasm"));
    std::fs::write(file, "component 6.6.6").unwrap();
    let (fleet, _) = start(&stage.ledger, &stage.folder);
    let refused = fleet.restore().await.unwrap_err();
    assert!(refused.contains("version 1.1.0 of plugin 'books' was promoted and must serve"), "{refused}");
}

#[tokio::test]
async fn what_asks_for_more_or_does_not_fit_is_refused() {
    let stage = Stage::set();
    stage.load("1.0.0").await.unwrap();
    let wider = stage.load("2.0.0").await.unwrap_err().to_string();
    assert!(wider.contains("2.0.0 asks for more than 1.0.0, which serves: it writes the object invoice"), "{wider}");
    let misfit = stage.load("9.9.9").await.unwrap_err().to_string();
    assert!(misfit.contains("config.company is required"), "{misfit}");
    let versions = |sandbox: &Sandbox| sandbox.ready.lock().unwrap().len();
    assert_eq!((stage.sandbox.serves().as_str(), versions(&stage.sandbox)), ("1.0.0", 1), "nothing changed");
    Rollouts::load(stage.fleet.as_ref(), package("2.0.0"), true, "ana").await.unwrap();
    assert_eq!(stage.sandbox.serves(), "2.0.0");
    assert_eq!(
        stage.decide(promote("3.0.0")).await.unwrap_err().to_string().split(';').next().unwrap(),
        "plugin 'books' has no version '3.0.0' here"
    );
    let unknown = stage.fleet.decide("pens", promote("1"), "ana").await.unwrap_err();
    assert_eq!(unknown, RolloutError::Unknown("pens".into()));
}

/// A registry's log, line by line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, event: &str, version: &str) {
        let mut lines = self.0.lock().unwrap();
        let prev = lines.last().map_or(String::new(), |line| {
            hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, line.as_bytes()))
        });
        let seq = lines.len() + 1;
        lines.push(format!(
            r#"{{"seq":{seq},"at":"2026-03-02T10:00:00Z","prev":"{prev}","by":"acme","event":"{event}","plugin":"acme/books","version":"{version}","reason":"stolen key"}}"#
        ));
    }
}

#[async_trait]
impl RegistryLog for Log {
    async fn after(&self, number: u64) -> Result<String, String> {
        let lines = self.0.lock().unwrap();
        Ok(lines.iter().skip(usize::try_from(number).unwrap()).map(|line| format!("{line}\n")).collect())
    }
}

#[tokio::test]
async fn what_a_registry_revokes_stops_by_itself() {
    let mut stage = Stage::set();
    stage.load("1.0.0").await.unwrap();
    stage.load("1.1.0").await.unwrap();
    let log = Log::default();
    log.add("version_published", "1.0.0");
    log.add("version_revoked", "1.1.0");
    let follow = |stage: &Stage| {
        let (stop, stopped) = watch::channel(false);
        let every = Duration::from_millis(1);
        let registry = Registry { url: REGISTRY.into(), log: Arc::new(log.clone()), every };
        (stop, tokio::spawn(fleet::run(Arc::clone(&stage.fleet), vec![registry], stopped)))
    };
    let (_stop, following) = follow(&stage);
    until("the version before", async || stage.sandbox.serves() == "1.0.0").await;
    assert_eq!(stage.open_exceptions().await, ["platform-operations PLUGIN_REVOKED"]);
    // Nothing is left: new traffic stops, with the reason.
    log.add("version_revoked", "1.0.0");
    until("the stop", async || stage.sandbox.serves() == "barred").await;
    let again = stage.load("1.0.0").await.unwrap_err().to_string();
    assert!(again.contains("acme/books 1.0.0 was revoked and must not run: stolen key"), "{again}");
    following.abort();
    stage.restart().await;
    assert_eq!(stage.sandbox.serves(), "barred");
    stage.load("1.2.0").await.unwrap();
    assert_eq!((stage.sandbox.serves().as_str(), stage.open_exceptions().await.len()), ("1.2.0", 0));
    // A version that was revoked before anybody had it.
    log.add("version_revoked", "1.3.0");
    let (_stop, following) = follow(&stage);
    until("the revocation", async || stage.ledger.document("revoked", "acme/books@1.3.0").await.is_some()).await;
    assert!(stage.load("1.3.0").await.unwrap_err().to_string().contains("must not run"));
    // A log that was rewritten is not believed.
    log.0.lock().unwrap().truncate(1);
    for _ in 0..4 {
        log.add("version_revoked", "1.2.0");
    }
    until("distrust", async || stage.open_exceptions().await == ["platform-operations REGISTRY_LOG"]).await;
    assert_eq!(stage.sandbox.serves(), "1.2.0");
    following.abort();
}
