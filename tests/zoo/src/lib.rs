//! Rude guests in the real house: sandbox, way out and vault as in production, one test per guest, named as it.
//!
//! Lives here: the cage (`lib.rs`) and the vendor outside it (`vendor.rs`). Never enters: a fake of a room that
//! a guest could get out through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs)]

pub mod vendor;

use std::path::PathBuf;
use std::sync::Arc;

use egress::{ConnectionConfig, Egress, Lookup, SystemLookup};
use ports::{Called, Clock, Connectors, Page, Plugins, ReadRequest, SecretValue, Secrets};
use quoin_canonical::Timestamp;
use runtime::{CacheOptions, ConnectionSpec, Grant, Options, Runtime};
use serde_json::json;
use tempfile::TempDir;
use vault::{FileVault, KeySource};

pub const GUESTS_TOML: &str = include_str!("../../guests/connector.toml");

/// A secret of the guests' connection; nobody may see it.
pub const SECRET: &str = "hunter2-hunter2";

/// The business clock of the cage.
pub const NOW: &str = "2026-01-02T03:04:05Z";

/// A component as `cargo xtask plugins` built it.
pub fn built(name: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let path = target.join("wasm32-wasip2/plugin").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run cargo xtask plugins", path.display()))
}

/// The same component with another text of the same length in it.
pub fn patched(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, at)| *at == from.as_bytes()).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "'{from}' is not in the component");
    places.into_iter().for_each(|at| bytes[at..at + to.len()].copy_from_slice(to.as_bytes()));
    bytes
}

/// The business clock of the cage.
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }
}

/// A sandbox with a real way out.
pub struct Cage {
    pub sandbox: Arc<Runtime>,
    pub egress: Arc<Egress>,
    _folder: TempDir,
}

/// Time that no guest uses up on the busiest machine: each is to end by what it does wrong.
pub fn limits() -> Options {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp/zoo-compiled");
    let cache = Some(CacheOptions { dir, key: [1; 32] });
    Options { cache, cpu_ms: 20_000, call_ms: 60_000, queue_ms: 60_000, ..Options::default() }
}

/// For guests whose wrong is the time they take: they meet their limit within a second.
pub fn hurried() -> Options {
    Options { cpu_ms: 500, call_ms: 3_000, ..limits() }
}

/// A vault with the guests' secrets.
pub async fn secrets(folder: &std::path::Path) -> Arc<dyn Secrets> {
    let key = KeySource::file(folder.join("key"));
    let vault: Arc<dyn Secrets> = Arc::new(FileVault::open(folder.join("vault"), key).unwrap());
    for slot in ["api", "webhook"] {
        vault.put(&format!("guest/{slot}/value"), SecretValue::new(SECRET.into())).await.unwrap();
    }
    vault
}

impl Cage {
    pub async fn new() -> Self {
        Self::with(limits(), Arc::new(SystemLookup)).await
    }

    pub async fn with(options: Options, lookup: Arc<dyn Lookup>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = secrets(folder.path()).await;
        let egress = Arc::new(Egress::new(Arc::clone(&vault), Arc::new(egress::WallClock)).with_lookup(lookup));
        let sandbox = Runtime::new(options, Arc::clone(&egress) as _, vault, Arc::new(StoppedClock)).unwrap();
        sandbox.load(built("guests"), GUESTS_TOML.into()).await.unwrap();
        Self { sandbox, egress, _folder: folder }
    }

    /// Lets a guest in, which may reach these origins and these private addresses.
    pub fn admit(&self, guest: &str, url: &str, origins: &[&str], private: &[&str]) {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let door = ConnectionConfig {
            connection: guest.to_owned(),
            manifest_origins: texts(origins),
            granted_origins: texts(origins),
            allow_private: texts(private),
            ..ConnectionConfig::default()
        };
        self.egress.install(&door).unwrap();
        self.add(guest, guest, url);
    }

    /// A connection without any way out.
    pub fn add(&self, connection: &str, guest: &str, url: &str) {
        let spec = ConnectionSpec {
            id: connection.to_owned(),
            plugin: "guests".into(),
            config: json!({"guest": guest, "url": url}),
            grant: Grant { read: ["customer".into()].into(), write: ["customer".into()].into() },
        };
        self.sandbox.add_connection(spec).unwrap();
    }

    /// Lets a guest do its worst: what it said, or the code of the fault it ended in, with the words.
    pub async fn provoke(&self, guest: &str) -> Result<String, (String, String)> {
        told(self.sandbox.read(guest, ten()).await)
    }
}

/// A page of ten customers.
pub fn ten() -> ReadRequest {
    ReadRequest { object: "customer".into(), limit: 10, ..ReadRequest::default() }
}

/// What a guest said, or its fault.
pub fn told(called: Called<Page>) -> Result<String, (String, String)> {
    match called.result {
        Ok(page) => Ok(page.changes[0].data["name"].as_str().unwrap_or_default().to_owned()),
        Err(error) => {
            let fault = error.as_fault();
            Err((fault.code, fault.message))
        }
    }
}

/// Memory of this process that is in use now, KiB.
pub fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
