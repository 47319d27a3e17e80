//! What the sandbox's tests share: fake ports, and the components that `cargo xtask plugins` built.
#![allow(dead_code)] // each test file uses its part

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use bytes::Bytes;
use ports::{
    Access, CallContext, Clock, HttpRequest, HttpResponse, MacAlgorithm, Outbound, SecretError, SecretValue, Secrets,
    SendError,
};
use quoin_canonical::Timestamp;
use runtime::{CacheOptions, ConnectionSpec, Grant, Options, Runtime};
use tokio::sync::Semaphore;

pub const GUESTS_TOML: &str = include_str!("../../../../tests/guests/connector.toml");

/// A component as `cargo xtask plugins` built it.
pub fn built(name: &str) -> Vec<u8> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let path = target.join("wasm32-wasip2/plugin").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run cargo xtask plugins", path.display()))
}

/// The workspace.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One vendor, at `https://vendor.example`; everything else is denied. `/gate` answers when a test
/// opens it.
pub struct Vendor {
    pub gate: Semaphore,
    pub waiting: AtomicUsize,
}

impl Default for Vendor {
    fn default() -> Self {
        Self { gate: Semaphore::new(0), waiting: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Outbound for Vendor {
    async fn send(&self, call: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let Some(path) = request.url.strip_prefix("https://vendor.example") else {
            return Err(SendError::Denied(format!("{} is not in network.origins", request.url)));
        };
        if call.access == Access::Read && request.method != "GET" {
            return Err(SendError::Denied(format!("{} under a read grant", request.method)));
        }
        if path == "/gate" {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            self.gate.acquire().await.unwrap().forget();
        }
        if path == "/never" {
            std::future::pending::<()>().await;
        }
        if path == "/slow" {
            // A vendor's own time, longer than a tick of the sandbox.
            tokio::time::sleep(std::time::Duration::from_millis(11)).await;
        }
        let body = match path {
            "/huge" => Bytes::from(vec![b'x'; 2 << 20]),
            _ if path.starts_with("/contacts") => Bytes::from_static(CONTACTS),
            _ => Bytes::from_static(b"{}"),
        };
        Ok(HttpResponse { status: 200, headers: Vec::new(), body })
    }
}

/// What the template's address book answers.
const CONTACTS: &[u8] = br#"{"contacts":[{"id":"c-1","name":"Aster GmbH","vatNo":"DE123456789","creditLimit":1000000.10,"currencyCode":"EUR","changed":41}],"more":false}"#;

/// One secret, `*/webhook/value`; texts that hold it are redacted.
pub struct Vault;

pub const SECRET: &str = "hunter2-hunter2";

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<SecretValue, SecretError> {
        if name.ends_with("/webhook/value") {
            return Ok(SecretValue::new(SECRET.into()));
        }
        Err(SecretError::Missing(name.into()))
    }

    async fn put(&self, _: &str, _: SecretValue) -> Result<(), SecretError> {
        Ok(())
    }

    async fn verify_mac(&self, name: &str, _: MacAlgorithm, payload: &[u8], mac: &[u8]) -> Result<bool, SecretError> {
        let secret = self.get(name).await?;
        let made = secret.expose(|key| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), payload));
        Ok(hex::encode(made).as_bytes() == mac)
    }

    async fn equals(&self, name: &str, candidate: &[u8]) -> Result<bool, SecretError> {
        Ok(self.get(name).await?.expose(|secret| secret == candidate))
    }

    async fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn redact(&self, text: &str) -> String {
        text.replace(SECRET, "***")
    }
}

/// Stands still.
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }
}

/// Limits as in production, with compiled code kept between test runs: compiling is not what most
/// tests are about.
pub fn options() -> Options {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Options { cache: Some(CacheOptions { dir, key: [1; 32] }), ..Options::default() }
}

/// A manifest for hand-written components.
pub const TINY_TOML: &str = "id = \"tiny\"\nname = \"Tiny\"\nversion = \"1.0.0\"\ncontract = \"1.0\"\ndescription = \"d\"\nlicense = \"Apache-2.0\"\n";

/// A component that exports `describe`, whose core module has these extra parts and this body.
/// `call $text` returns [`TINY_TOML`].
pub fn tiny(imports: &str, core: &str, body: &str) -> Vec<u8> {
    let text = TINY_TOML.replace('\n', "\\n").replace('"', "\\\"");
    let length = TINY_TOML.len();
    component(&format!(
        r#"(component
            {imports}
            (core module $m
                {core}
                (memory (export "memory") 1)
                (data (i32.const 1024) "{text}")
                (func $text (result i32)
                    (i32.store (i32.const 16) (i32.const 1024))
                    (i32.store (i32.const 20) (i32.const {length}))
                    (i32.const 16))
                (func (export "describe") (result i32) {body}))
            (core instance $i (instantiate $m))
            (func $describe (result string) (canon lift (core func $i "describe") (memory (core memory $i "memory"))))
            (instance $d (export "describe" (func $describe)))
            (export "quoin:connector/describe@1.0.0" (instance $d)))"#
    ))
}

/// A hand-written component.
pub fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A sandbox on fake ports.
pub fn runtime(options: Options) -> Arc<Runtime> {
    runtime_with(options, Arc::new(Vendor::default()))
}

pub fn runtime_with(options: Options, vendor: Arc<Vendor>) -> Arc<Runtime> {
    Runtime::new(options, vendor, Arc::new(Vault), Arc::new(StoppedClock)).unwrap()
}

/// A connection to the rude guests that behaves as named.
pub fn guest(name: &str) -> ConnectionSpec {
    ConnectionSpec {
        id: name.into(),
        plugin: "guests".into(),
        config: serde_json::json!({ "guest": name }),
        grant: Grant { read: ["customer".into()].into(), write: ["customer".into()].into() },
    }
}

/// A subscriber that counts what plugins log, by connection, and keeps the longest line.
#[derive(Default, Clone)]
pub struct PluginLog(pub Arc<Mutex<BTreeMap<String, (usize, usize)>>>);

impl tracing::Subscriber for PluginLog {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "plugin"
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::Id {
        tracing::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::Id, _: &tracing::Id) {}
    fn enter(&self, _: &tracing::Id) {}
    fn exit(&self, _: &tracing::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        #[derive(Default)]
        struct Seen {
            connection: String,
            length: usize,
        }
        impl tracing::field::Visit for Seen {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                let text = format!("{value:?}");
                match field.name() {
                    "connection" => self.connection = text.trim_matches('"').to_owned(),
                    _ => self.length = self.length.max(text.len()),
                }
            }
        }
        let mut seen = Seen::default();
        event.record(&mut seen);
        let mut log = self.0.lock().unwrap();
        let entry = log.entry(seen.connection).or_default();
        *entry = (entry.0 + 1, entry.1.max(seen.length));
    }
}
