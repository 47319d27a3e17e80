//! Our own connectors under the suite that strangers' connectors pass.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use author_tests::{Shell, root, target};
use serde_json::Value;

/// A vendor's simulator, as `cargo build --bins` made it; ended when dropped.
struct Vendor {
    child: Child,
    url: String,
}

impl Vendor {
    fn start(id: &str, plan: &toml::Table) -> Self {
        let mut command = Command::new(target().join(format!("debug/simulator-{id}")));
        command.arg("--until-stdin-closes");
        let simulator = plan["simulator"].as_table().unwrap();
        if let Some(seed) = simulator.get("seed").and_then(toml::Value::as_str) {
            command.args(["--seed", seed]);
        }
        for (name, value) in simulator.get("options").and_then(toml::Value::as_table).into_iter().flatten() {
            command.args(["--option", &format!("{name}={}", value.as_str().unwrap())]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cargo build --bins");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: ready["http"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        // One that has ended already is what we want.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Holds a plugin to the suite: it breaks no rule, and what is skipped is what is known, each with its reason.
fn held(id: &str, skipped: &[&str]) {
    let folder = root().join("plugins").join(id);
    let plan: toml::Table =
        toml::from_str(&std::fs::read_to_string(folder.join("tests/conform.toml")).unwrap()).unwrap();
    // A transform has no vendor.
    let vendor = plan.contains_key("simulator").then(|| Vendor::start(id, &plan));
    let component = target().join("plugins").join(format!("{id}.wasm")).display().to_string();
    let mut arguments = vec!["conform", "--json", "--component", &component];
    arguments.extend(vendor.iter().flat_map(|vendor| ["--simulator", vendor.url.as_str()]));
    let said = Shell::new(&folder).run("quoin", &arguments).unwrap();
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let failed: BTreeMap<String, String> = report["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| !case["verdict"]["failed"].is_null())
        .map(|case| {
            let title = format!("{} {}", case["rule"].as_str().unwrap(), case["object"].as_str().unwrap());
            (title.trim().to_owned(), case["verdict"]["failed"].as_str().unwrap().to_owned())
        })
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let found: Vec<&str> = report["skipped"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, skipped, "{:#}", report["skipped"]);
    assert!(report["passed"].as_u64().unwrap() > 5, "{report:#}");
}

// What cannot be tried stands here; its reason is in the report and in the plugin's plan.

#[test]
fn jira_keeps_every_rule() {
    held("jira", &["refusal-names-the-field task"]);
}

#[test]
fn kantata_keeps_every_rule() {
    held(
        "kantata",
        &[
            "change-is-written assignment",
            "deletes-are-seen milestone",
            "refusal-names-the-field assignment",
            "refusal-names-the-field customer",
            "refusal-names-the-field project",
            "waits-are-passed-on",
            "webhook-is-proven",
        ],
    );
}

#[test]
fn salesforce_keeps_every_rule() {
    held("salesforce", &["deletes-are-seen quote", "waits-are-passed-on"]);
}

#[test]
fn netsuite_keeps_every_rule() {
    held(
        "netsuite",
        &[
            "change-is-written invoice",
            "deletes-are-seen invoice",
            "deletes-are-seen payment",
            "deletes-are-seen project_financials",
            "drift-is-reported invoice",
            "duplicates-do-no-harm invoice",
            "ids-read-exactly invoice",
            "late-commits-lose-nothing invoice",
            "pages-resume invoice",
            "refusal-names-the-field billing_setup",
            "refusal-names-the-field customer",
            "refusal-names-the-field invoice",
            "ties-lose-nothing invoice",
            "waits-are-passed-on",
            "webhook-is-proven",
        ],
    );
}

#[test]
fn ubl_keeps_every_rule() {
    held("ubl", &[]);
}
