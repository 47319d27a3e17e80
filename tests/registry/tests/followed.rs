//! A host that follows its registry: what is installed into its plugin folder serves by itself, what is revoked
//! stops by itself, and all of it holds after a kill. Connectors and transforms alike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;

use registry_tests::{Host, Shop, connector, target};
use serde_json::{Value, json};

fn jira(version: &str) -> Vec<u8> {
    connector("jira", &[("version = \"0.1.0\"", &format!("version = \"{version}\""))]).unwrap()
}

fn codes(exceptions: &Value) -> Vec<&str> {
    exceptions.as_array().unwrap().iter().filter_map(|one| one["code"].as_str()).collect()
}

#[test]
fn what_is_installed_serves_and_what_is_revoked_stops_by_itself() {
    let shop = Shop::open(&[]).unwrap();
    shop.configure_host(true).unwrap();
    shop.deliver(&jira("0.1.0"), "acme/jira", "0.1.0").unwrap();
    let mut host = Host::start(&shop).unwrap();
    let first = host.until_plugin("the first version", "jira", |found| found["serving"] == "0.1.0").unwrap();
    assert_eq!(first["versions"][0]["origin"], "acme/jira@0.1.0");
    // What is put into the folder serves without anybody asking.
    shop.deliver(&jira("0.2.0"), "acme/jira", "0.2.0").unwrap();
    host.until_plugin("the next version", "jira", |found| found["serving"] == "0.2.0").unwrap();
    // What may not serve is told, and changes nothing.
    fs::write(shop.path("plugins/jira.wasm"), b"garbage").unwrap();
    let refused =
        host.until("the refusal", &["events", "--kind", "plugin.refused"], |said| *said != json!([])).unwrap();
    assert!(refused.to_string().contains("jira.wasm"), "{refused}");
    let serving = host.quoin(&["plugin", "list"]).unwrap();
    assert_eq!(serving["rollouts"][0]["serving"], "0.2.0");

    let revoke = |version: &str| {
        shop.done(&["registry", "revoke", &format!("acme/jira@{version}"), "--reason", "stolen key"]).unwrap();
    };
    revoke("0.2.0");
    let back = host.until_plugin("the version before", "jira", |found| found["serving"] == "0.1.0").unwrap();
    let revoked = back["versions"].as_array().unwrap().iter().find(|one| one["version"] == "0.2.0").unwrap();
    assert_eq!((&revoked["state"], &revoked["reason"]), (&"revoked".into(), &"stolen key".into()));
    revoke("0.1.0");
    let stopped = host.until_plugin("the stop", "jira", |found| found["barred"].is_string()).unwrap();
    assert!(stopped["barred"].as_str().unwrap().contains("stolen key"), "{stopped}");
    let open = host.quoin(&["exceptions"]).unwrap();
    assert_eq!(codes(&open), ["PLUGIN_REVOKED", "PLUGIN_REVOKED"], "{open}");
    assert!(open.to_string().contains("acme/jira 0.1.0 was revoked by its registry: stolen key"), "{open}");

    // The plugin folder as it was first: what was revoked does not come back with it, nor with a restart.
    fs::remove_file(shop.path("plugins/jira.wasm")).unwrap();
    fs::remove_file(shop.path("plugins/jira.provenance.json")).unwrap();
    host.restart(&shop).unwrap();
    let after = host.until_plugin("the decision", "jira", |found| found["plugin"] == "jira").unwrap();
    assert!(after["barred"].as_str().unwrap().contains("stolen key"), "{after}");
    // A version that nobody revoked puts it in service again, and resolves what was open.
    shop.deliver(&jira("0.3.0"), "acme/jira", "0.3.0").unwrap();
    host.until_plugin("the cure", "jira", |found| found["serving"] == "0.3.0" && found["barred"].is_null()).unwrap();
    host.until("the resolution", &["exceptions"], |open| codes(open).is_empty()).unwrap();
}

#[test]
fn a_transform_is_published_loaded_kept_and_revoked_like_a_connector() {
    let shop = Shop::open(&[]).unwrap();
    shop.configure_host(false).unwrap();
    let mut host = Host::start(&shop).unwrap();
    // By API, from a file that is gone afterwards.
    for ending in ["wasm", "toml"] {
        fs::copy(target().join("plugins").join(format!("ubl.{ending}")), shop.path(&format!("upload.{ending}")))
            .unwrap();
    }
    let (component, manifest) = (shop.path("upload.wasm"), shop.path("upload.toml"));
    let loaded = host.quoin(&["plugin", "load", &component, "--manifest", &manifest]).unwrap();
    assert_eq!((&loaded["id"], &loaded["powers"]), (&json!("ubl"), &json!(["converts"])));
    fs::remove_file(&component).unwrap();
    host.restart(&shop).unwrap();
    host.until_plugin("the transform after a kill", "ubl", |found| found["serving"] == "0.1.0").unwrap();

    // By the registry, and by the folder.
    let newer = connector("ubl", &[("version = \"0.1.0\"", "version = \"0.2.0\"")]).unwrap();
    shop.deliver(&newer, "acme/ubl", "0.2.0").unwrap();
    host.until_plugin("the version of the registry", "ubl", |found| found["serving"] == "0.2.0").unwrap();
    let page = reqwest::blocking::get(format!("{}/plugins/acme/ubl", shop.server.url())).unwrap().text().unwrap();
    assert!(page.contains("Converts") && page.contains("invoice"), "{page}");

    // Its versions are decided about.
    host.quoin(&["plugin", "rollback", "ubl"]).unwrap();
    host.until_plugin("the version before", "ubl", |found| found["serving"] == "0.1.0").unwrap();
    host.quoin(&["plugin", "promote", "ubl", "0.2.0"]).unwrap();
    shop.done(&["registry", "revoke", "acme/ubl@0.2.0", "--reason", "wrong totals"]).unwrap();
    let back = host.until_plugin("the revocation", "ubl", |found| found["serving"] == "0.1.0").unwrap();
    assert!(back["versions"].to_string().contains("wrong totals"), "{back}");
    let open = host.quoin(&["exceptions"]).unwrap();
    assert_eq!(codes(&open), ["PLUGIN_REVOKED"], "{open}");
}
