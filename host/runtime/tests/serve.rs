//! Serving: grants, places, replacement under load, and calls that are given up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ports::{CallError, Connectors, Inbound, Plugins, ReadRequest};
use runtime::{ConnectionSpec, Grant, Options, Runtime};
use support::{GUESTS_TOML, Vendor, built, guest, options, runtime, runtime_with};

fn read(object: &str) -> ReadRequest {
    ReadRequest { object: object.into(), limit: 10, ..ReadRequest::default() }
}

/// Until `count` requests wait at the vendor's gate.
async fn waiting(vendor: &Vendor, count: usize) {
    while vendor.waiting.load(Ordering::SeqCst) < count {
        tokio::task::yield_now().await;
    }
}

async fn serving(options: Options) -> (Arc<Runtime>, Arc<Vendor>) {
    let vendor = Arc::new(Vendor::default());
    let sandbox = runtime_with(options, Arc::clone(&vendor));
    sandbox.load(built("guests"), GUESTS_TOML.into()).await.unwrap();
    for name in ["polite", "gated", "webhook_polite"] {
        sandbox.add_connection(guest(name)).unwrap();
    }
    (sandbox, vendor)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_is_refused_before_the_plugin_runs() {
    let (sandbox, _) = serving(options()).await;
    sandbox.add_connection(ConnectionSpec { grant: Grant::default(), ..guest("none") }).unwrap();
    let cases = [
        (sandbox.read("none", read("customer")).await.result.map(|_| ()), "add \"customer\" to its grant.read"),
        (sandbox.apply("none", "customer", &[]).await.result.map(|_| ()), "add \"customer\" to its grant.write"),
        (sandbox.lookup("none", "customer", &[]).await.result.map(|_| ()), "add \"customer\" to its grant.write"),
        (sandbox.read("polite", read("task")).await.result.map(|_| ()), "add \"task\" to its grant.read"),
        (
            sandbox.read("polite", read("quote")).await.result.map(|_| ()),
            "no [[object]] name = \"quote\" with read = true",
        ),
        (
            sandbox.apply("polite", "task", &[]).await.result.map(|_| ()),
            "no [[object]] name = \"task\" with write = true",
        ),
        (sandbox.read("polite", read("spaceship")).await.result.map(|_| ()), "no canonical object 'spaceship'"),
    ];
    for (result, words) in cases {
        let Err(CallError::NotGranted(message)) = result else { panic!("{words}: {result:?}") };
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(
        sandbox.read("nowhere", read("customer")).await.result.unwrap_err(),
        CallError::NoConnection("nowhere".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_not_canonical_never_reaches_the_plugin() {
    let (sandbox, _) = serving(options()).await;
    let item = ports::Item {
        key: "k".into(),
        id: "c".into(),
        external: None,
        data: serde_json::json!({"name": "A", "status": "retired"}),
        delete: false,
        references: Vec::new(),
    };
    let called = sandbox.apply("polite", "customer", &[item]).await;
    let Err(CallError::Fault(fault)) = called.result else { panic!("{:?}", called.result) };
    assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("NOT_CANONICAL", Some("/status")));
    assert_eq!(called.trace.peak_memory_bytes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_finish_on_their_version() {
    let (sandbox, vendor) = serving(options()).await;
    let in_flight = tokio::spawn({
        let sandbox = Arc::clone(&sandbox);
        async move { sandbox.read("gated", read("customer")).await }
    });
    waiting(&vendor, 1).await;
    let next = |text: &str| text.replace("version = \"1.0.0\"", "version = \"1.0.1\"");
    let component = replaced(&built("guests"), "version = \"1.0.0\"", "version = \"1.0.1\"");
    let info = sandbox.load(component, next(GUESTS_TOML)).await.unwrap();
    assert_eq!((info.version.as_str(), info.connections.len()), ("1.0.1", 3));
    assert_eq!(sandbox.read("polite", read("customer")).await.trace.version, "1.0.1");
    vendor.gate.add_permits(1);
    let old = in_flight.await.unwrap();
    assert!(old.result.is_ok(), "{:?}", old.result);
    assert_eq!(old.trace.version, "1.0.0");
    assert_eq!(sandbox.connection("gated").unwrap().manifest.version, "1.0.1");
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_must_fit_the_connections_that_are_there() {
    let (sandbox, _) = serving(options()).await;
    let (from, to) = ("field = \"guest\"", "field = \"gu3st\"");
    let refused = sandbox.load(replaced(&built("guests"), from, to), GUESTS_TOML.replace(from, to)).await.unwrap_err();
    assert!(
        refused.contains("does not fit connection 'gated': config.guest: connector 'guests' has no such field"),
        "{refused}"
    );
    assert!(sandbox.read("polite", read("customer")).await.result.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_connection_leaves_room_for_others_and_for_webhooks() {
    let options = Options { calls_per_connection: 2, max_calls: 3, queue_ms: 50, ..options() };
    let (sandbox, vendor) = serving(options).await;
    let slow: Vec<_> = (0..2)
        .map(|_| {
            let sandbox = Arc::clone(&sandbox);
            tokio::spawn(async move { sandbox.read("gated", read("customer")).await })
        })
        .collect();
    waiting(&vendor, 2).await;
    let third = sandbox.read("gated", read("customer")).await.result;
    let Err(CallError::Fault(fault)) = third else { panic!("{third:?}") };
    assert_eq!((fault.code.as_str(), fault.retry_after_ms), ("HOST_BUSY", Some(1_000)));
    assert!(sandbox.read("polite", read("customer")).await.result.is_ok());
    let inbound = Inbound { method: "POST".into(), url: String::new(), headers: Vec::new(), body: Vec::new() };
    let proof = sandbox.handle("webhook_polite", inbound).await.result;
    assert!(matches!(&proof, Err(CallError::Fault(fault)) if fault.code == "NOT_PROVEN"), "{proof:?}");
    vendor.gate.add_permits(2);
    for call in slow {
        assert!(call.await.unwrap().result.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_gives_its_place_back() {
    let options = Options { calls_per_connection: 1, max_calls: 1, queue_ms: 60_000, ..options() };
    let (sandbox, vendor) = serving(options).await;
    for given_up in 1..=20 {
        let call = tokio::spawn({
            let sandbox = Arc::clone(&sandbox);
            async move { sandbox.read("gated", read("customer")).await }
        });
        waiting(&vendor, given_up).await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    assert!(sandbox.read("polite", read("customer")).await.result.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_than_places_all_get_their_turn() {
    let options = Options { calls_per_connection: 100, max_calls: 4, ..options() };
    let (sandbox, _) = serving(options).await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let sandbox = Arc::clone(&sandbox);
            tokio::spawn(async move { sandbox.read("polite", read("customer")).await.result.is_ok() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
}

#[tokio::test]
async fn a_loop_does_not_hold_up_a_single_threaded_host() {
    let sandbox = runtime(Options { cpu_ms: 60_000, call_ms: 60_000, ..options() });
    sandbox.load(built("guests"), GUESTS_TOML.into()).await.unwrap();
    sandbox.add_connection(guest("infinite_loop")).unwrap();
    sandbox.add_connection(guest("polite")).unwrap();
    let looping = sandbox.read("infinite_loop", read("customer"));
    let polite = async {
        let mut served = 0;
        while served < 5 {
            assert!(sandbox.read("polite", read("customer")).await.result.is_ok());
            served += 1;
        }
    };
    let polite = tokio::time::timeout(Duration::from_secs(30), polite);
    // The loop is still being stopped when the others are long done.
    tokio::select! {
        biased;
        called = looping => panic!("the loop ended first: {:?}", called.result),
        served = polite => served.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_discover_answer() {
    let (sandbox, _) = serving(options()).await;
    assert_eq!(sandbox.check("polite").await.result.unwrap().account.as_deref(), Some("polite"));
    assert_eq!(sandbox.discover("polite").await.result.unwrap()["customer"]["type"], "object");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_must_fit_its_plugin() {
    let (sandbox, _) = serving(options()).await;
    let missing = sandbox.add_connection(ConnectionSpec { plugin: "other".into(), ..guest("x") }).unwrap_err();
    assert_eq!(missing.to_string(), "connection 'x': plugin 'other' is not loaded; loaded are: guests");
    let wrong =
        sandbox.add_connection(ConnectionSpec { config: serde_json::json!({"guests": 1}), ..guest("x") }).unwrap_err();
    assert_eq!(wrong.problems.len(), 2, "{wrong}");
    assert!(sandbox.connection("x").is_none());
    assert!(sandbox.remove_connection("polite"));
    assert!(!sandbox.remove_connection("polite"));
}
