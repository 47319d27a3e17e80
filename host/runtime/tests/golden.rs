//! A component of every released contract, loaded for ever: what was shipped keeps working.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use ports::{Connectors, Item, ItemStatus, Plugins, ReadRequest};
use runtime::{ConnectionSpec, Grant};
use support::{options, root, runtime};

const GOLDEN: &[&str] = &["1.0.0"];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shipped_keeps_working() {
    let folder = root().join("tests/guests/golden");
    for version in GOLDEN {
        let component = std::fs::read(folder.join(format!("connector-{version}.wasm"))).unwrap();
        let manifest = std::fs::read_to_string(folder.join(format!("connector-{version}.toml"))).unwrap();
        serves(version, component, manifest).await;
    }
}

/// Loads the template's component, and uses all its powers.
async fn serves(version: &str, component: Vec<u8>, manifest: String) {
    let sandbox = runtime(options());
    let info = sandbox.load(component, manifest.clone()).await.unwrap();
    assert_eq!(info.notes["contract"], version);
    assert_eq!(info.powers, ["checks", "reads", "writes"]);
    let manifest = quoin_package::Manifest::parse(&manifest).unwrap();
    sandbox
        .add_connection(ConnectionSpec {
            id: "book".into(),
            plugin: info.id,
            config: serde_json::json!({ "base_url": "https://vendor.example/" }),
            grant: Grant::everything(&manifest),
        })
        .unwrap();

    let request = ReadRequest { object: "customer".into(), limit: 10, ..ReadRequest::default() };
    let page = sandbox.read("book", request).await.result.unwrap();
    let customer = &page.changes[0];
    assert_eq!((customer.external.as_str(), customer.version.as_deref()), ("c-1", Some("41")));
    assert_eq!(customer.data["credit"]["limit"]["amount"], "1000000.10");
    assert_eq!(page.next.as_deref(), Some(&br#"{"changed":41}"#[..]));

    let item = Item {
        key: "k".into(),
        id: "0198c0de-0000-7000-8000-000000000001".into(),
        external: None,
        data: serde_json::json!({"name": "Aster GmbH", "status": "active"}),
        delete: false,
        references: Vec::new(),
    };
    let found = sandbox.lookup("book", "customer", std::slice::from_ref(&item)).await;
    assert_eq!(found.result.unwrap()[0].external.as_deref(), Some("c-1"));
    assert_eq!(found.trace.calls[0].target, "vendor.example/contacts");
    // The address book's answer to a write cannot be read here, so nobody knows what happened.
    let written = sandbox.apply("book", "customer", &[item]).await.result.unwrap();
    assert_eq!(written[0].status, ItemStatus::Unknown);
}

/// A contract is released together with a component that holds the host to it.
#[test]
fn every_contract_has_its_component() {
    let mut contracts: Vec<String> = root()
        .join("wit")
        .read_dir()
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_prefix("connector@")?.to_owned()))
        .collect();
    contracts.sort();
    assert_eq!(contracts, GOLDEN);
}
