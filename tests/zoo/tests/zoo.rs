//! Every rude guest by its name: the classified fault that it ends in, and that the house is unharmed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use egress::Lookup;
use libtest_mimic::{Arguments, Trial};
use ports::Plugins;
use runtime::Options;
use zoo::vendor::{Vendor, ok, to};
use zoo::{Cage, GUESTS_TOML, SECRET, built, hurried, limits, patched};

fn main() {
    let arguments = Arguments::from_args();
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).expect("no other subscriber");
    let tokio = Arc::new(tokio::runtime::Runtime::new().expect("an async runtime"));
    macro_rules! zoo {
        ($($name:ident $test:expr),* $(,)?) => {
            vec![$({
                let tokio = Arc::clone(&tokio);
                let log = log.clone();
                Trial::test(stringify!($name).trim_start_matches("r#"), move || {
                    let _log = &log;
                    tokio.block_on(async { $test(_log).await });
                    Ok(())
                })
            }),*]
        };
    }
    let trials = zoo![
        r#loop async |_: &Log| out_of_time("infinite_loop").await,
        allocation_bomb async |_: &Log| stopped("allocation_bomb", "PLUGIN_MEMORY", "grants 67108864").await,
        deep_recursion async |_: &Log| stopped("deep_recursion", "PLUGIN_STACK", "recursed past its stack").await,
        huge_output async |_: &Log| stopped("huge_output", "PLUGIN_OUTPUT_TOO_LARGE", "16777216").await,
        malformed_output async |_: &Log| stopped("bad_json", "PLUGIN_MALFORMED_OUTPUT", "/data: no JSON").await,
        forbidden_import async |_: &Log| forbidden_import().await,
        forbidden_host async |_: &Log| forbidden_host().await,
        redirect async |_: &Log| redirect().await,
        dns_rebinding async |_: &Log| dns_rebinding().await,
        secret_fishing async |_: &Log| secret_fishing().await,
        log_flood async |log: &Log| log_flood(log).await,
        handle_exhaustion async |_: &Log| handle_exhaustion().await,
        clock_probing async |_: &Log| out_of_time("clock_probing").await,
        hanging_host_call async |_: &Log| hanging_host_call().await,
        state_of_others async |_: &Log| state_of_others().await,
        version_lies async |_: &Log| version_lies().await,
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// A guest that is stopped by what it did; the next call works.
async fn stopped(guest: &str, code: &str, words: &str) {
    caught(&Cage::new().await, guest, code, words).await;
}

/// A guest that is stopped by the time it took.
async fn out_of_time(guest: &str) {
    let cage = Cage::with(hurried(), Arc::new(egress::SystemLookup)).await;
    caught(&cage, guest, "PLUGIN_TIMEOUT", "more processor time").await;
}

async fn caught(cage: &Cage, guest: &str, code: &str, words: &str) {
    cage.add(guest, guest, "");
    cage.add("polite", "polite", "");
    let (found, said) = cage.provoke(guest).await.expect_err(guest);
    assert_eq!(found, code, "{said}");
    assert!(said.contains(words), "{said}");
    assert_eq!(cage.provoke("polite").await.unwrap(), "limit 10");
}

/// What may not be loaded, in words.
async fn refused(component: Vec<u8>, manifest: &str, words: &str) {
    let cage = Cage::new().await;
    cage.add("polite", "polite", "");
    let refusal = cage.sandbox.load(component, manifest.to_owned()).await.expect_err(words);
    assert!(refusal.contains(words), "{refusal}");
    assert_eq!(cage.provoke("polite").await.unwrap(), "limit 10");
}

const TINY: &str =
    "id = \"tiny\"\nname = \"T\"\nversion = \"1.0.0\"\ncontract = \"1.0\"\ndescription = \"d\"\nlicense = \"MIT\"\n";

async fn forbidden_import() {
    let component = r#"(component (import "acme:shell/run@1.0.0" (instance (export "run" (func)))))"#;
    refused(wat::parse_str(component).unwrap(), TINY, "imports acme:shell/run@1.0.0, which no plugin may").await;
}

async fn forbidden_host() {
    let vendor = Vendor::start(|_| ok("{}")).await;
    let elsewhere = Vendor::start(|_| ok("stolen")).await;
    let cage = Cage::new().await;
    cage.admit("fetch", &format!("{}/steal", elsewhere.url()), &[&vendor.url()], &["127.0.0.1"]);
    assert_eq!(cage.provoke("fetch").await.unwrap(), "Permission DENIED");
    assert_eq!(elsewhere.asked(), 0, "nothing left");
    // What is allowed is let through, so the denial above was the list's.
    cage.admit("fetch", &format!("{}/ok", vendor.url()), &[&vendor.url()], &["127.0.0.1"]);
    assert_eq!(cage.provoke("fetch").await.unwrap(), "answered 200");
}

/// An allowed vendor sends the guest to an inner address: the guest sees the answer, and nobody follows it.
async fn redirect() {
    let inner = Vendor::start(|_| ok("the inner network")).await;
    let place = format!("{}/admin", inner.url());
    let vendor = Vendor::start(move |_| to(&place)).await;
    let cage = Cage::new().await;
    cage.admit("fetch", &vendor.url(), &[&vendor.url()], &["127.0.0.1"]);
    assert_eq!(cage.provoke("fetch").await.unwrap(), "answered 302");
    assert_eq!((vendor.asked(), inner.asked()), (1, 0));
    // A guest that follows it by itself asks anew, and is judged anew.
    cage.admit("fetch", &format!("{}/admin", inner.url()), &[&vendor.url()], &["127.0.0.1"]);
    assert_eq!(cage.provoke("fetch").await.unwrap(), "Permission DENIED");
    assert_eq!(inner.asked(), 0);
}

/// A name that is public when it is judged and inner a moment later.
struct Rebinding(AtomicUsize);

#[async_trait]
impl Lookup for Rebinding {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        // TEST-NET-3 is documentation: blocked as well, but not because it is inner.
        Ok(vec![if first { Ipv4Addr::new(198, 51, 100, 7).into() } else { Ipv4Addr::LOCALHOST.into() }])
    }
}

async fn dns_rebinding() {
    let inner = Vendor::start(|_| ok("the inner network")).await;
    for name in ["rebind.example", "localhost.example"] {
        let lookup = Arc::new(Rebinding(AtomicUsize::new(usize::from(name.starts_with("localhost")))));
        let cage = Cage::with(limits(), lookup).await;
        let origin = format!("http://{name}:{}", inner.port);
        cage.admit("fetch", &origin, &[&origin], &[]);
        for _ in 0..3 {
            assert_eq!(cage.provoke("fetch").await.unwrap(), "Permission DENIED", "{name}");
        }
    }
    assert_eq!(inner.asked(), 0, "no request reached an inner address");
}

async fn secret_fishing() {
    let cage = Cage::new().await;
    cage.add("guest", "secret_fishing", "");
    let found = cage.provoke("guest").await.unwrap();
    assert_eq!(found, r#"env [] args [] files [] socket Some("permission denied") listener false dns false stdin """#);
    cage.add("guest", "secret_oracle", "");
    assert_eq!(cage.provoke("guest").await.unwrap(), "DENIED");
    assert!(!found.contains(SECRET));
}

async fn log_flood(log: &Log) {
    let cage = Cage::new().await;
    cage.add("log_flood", "log_flood", "");
    assert_eq!(cage.provoke("log_flood").await.unwrap(), "done");
    let (lines, longest) = *log.0.lock().unwrap().get("log_flood").expect("it logged");
    assert!(lines <= 201 && longest <= 4 << 10, "{lines} lines, the longest of {longest} bytes");
}

/// Takes timers and never gives one back.
async fn handle_exhaustion() {
    let component = r#"(component
        (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
        (core func $timer (canon lower (func $clock "subscribe-duration")))
        (core module $m
            (import "wasi" "timer" (func $timer (param i64) (result i32)))
            (memory (export "memory") 1)
            (func (export "describe") (result i32)
                (loop (drop (call $timer (i64.const 1000000000000))) (br 0))
                unreachable))
        (core instance $i (instantiate $m (with "wasi" (instance (export "timer" (func $timer))))))
        (func $describe (result string) (canon lift (core func $i "describe") (memory (core memory $i "memory"))))
        (instance $d (export "describe" (func $describe)))
        (export "quoin:connector/describe@1.0.0" (instance $d)))"#;
    let words = "describe failed: plugin fault: PLUGIN_HANDLES: held more than 1000 handles at once";
    refused(wat::parse_str(component).unwrap(), TINY, words).await;
}

/// A vendor that takes the request and never answers.
async fn hanging_host_call() {
    let vendor = Vendor::start(|_| String::new()).await;
    let cage = Cage::with(Options { call_ms: 1_000, ..hurried() }, Arc::new(egress::SystemLookup)).await;
    cage.admit("fetch", &vendor.url(), &[&vendor.url()], &["127.0.0.1"]);
    // The guest hears of it before its own time is over, and may still answer.
    assert_eq!(cage.provoke("fetch").await.unwrap(), "Transient UNKNOWN_OUTCOME");
    assert_eq!(vendor.asked(), 1);
}

/// A guest that keeps what it sees finds nothing the next time: neither its own nor another tenant's.
async fn state_of_others() {
    let cage = Cage::new().await;
    for tenant in ["north", "south"] {
        cage.add(tenant, "remembers", tenant);
    }
    for _ in 0..5 {
        for tenant in ["north", "south"] {
            assert_eq!(cage.provoke(tenant).await.unwrap(), tenant);
        }
    }
}

async fn version_lies() {
    let (guests, other) = (built("guests"), GUESTS_TOML.replace("version = \"1.0.0\"", "version = \"1.0.1\""));
    // The file beside it says another version than the component.
    refused(guests.clone(), &other, "describe and connector.toml differ at line 3").await;
    // The component says another version than the file beside it.
    let newer = patched(&guests, "version = \"1.0.0\"", "version = \"1.0.1\"");
    refused(newer, GUESTS_TOML, "the component says `version = \"1.0.1\"`").await;
    // It was built for a contract that is not there yet, whatever its manifest says.
    let future = patched(&guests, "\"contract\":\"1.0.0\"", "\"contract\":\"1.7.0\"");
    refused(future, GUESTS_TOML, "this host speaks up to 1.0").await;
    // A version that is none.
    let none = GUESTS_TOML.replace("version = \"1.0.0\"", "version = \"newest\"");
    refused(patched(&guests, "version = \"1.0.0\"", "version = \"9.9.9\""), &none, "version").await;
}

/// Counts what plugins log, by connection, and the longest line.
#[derive(Default, Clone)]
struct Log(Arc<Mutex<BTreeMap<String, (usize, usize)>>>);

impl tracing::Subscriber for Log {
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
        let mut seen = Seen::default();
        event.record(&mut seen);
        let mut log = self.0.lock().unwrap();
        let entry = log.entry(seen.connection).or_default();
        *entry = (entry.0 + 1, entry.1.max(seen.length));
    }
}

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
