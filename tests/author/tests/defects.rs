//! A rule that cannot fail proves nothing: every rule is shown a connector that breaks it, and an
//! honest one that does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "its main is for the program")]
#[path = "../../../sdk/template/simulator/src/main.rs"]
mod address_book;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use author_tests::{Shell, root, target};
use quoin_simulator::axum::Router;
use quoin_simulator::{Args, Kit, Refusal, Running, sign};
use serde_json::{Value, json};

const TOKEN: &str = "address-book-token";
const HOOK_SECRET: &str = "what-signs-deliveries";

/// Each defect, and the rules that notice it.
const DEFECTS: &[(&str, &[&str])] = &[
    ("nobody", &["check-reports-scopes"]),
    ("no_scopes", &["check-reports-scopes"]),
    ("blind_check", &["check-reports-scopes"]),
    ("forgets_on_resume", &["pages-resume", "ties-lose-nothing", "late-commits-lose-nothing"]),
    ("stands_still", &["pages-resume", "ties-lose-nothing", "limits-are-kept"]),
    ("no_tie_break", &["ties-lose-nothing"]),
    ("no_overlap", &["late-commits-lose-nothing"]),
    ("cursor_with_ids", &["ids-read-exactly"]),
    ("more_than_asked", &["ids-read-exactly"]),
    ("no_deletes", &["deletes-are-seen"]),
    (
        "counts_rows",
        &["duplicates-do-no-harm", "pages-resume", "ties-lose-nothing", "ids-read-exactly", "deletes-are-seen"],
    ),
    ("silent_reading", &["drift-is-reported", "read-faults-map", "limits-are-kept"]),
    ("everything_passes", &["read-faults-map"]),
    ("no_wait", &["waits-are-passed-on"]),
    ("hammers", &["limits-are-kept"]),
    ("new_marker", &["apply-twice-changes-once", "unknown-is-found"]),
    ("changes_nothing", &["change-is-written"]),
    ("hopes", &["unknown-is-found", "write-faults-map"]),
    ("gives_up", &["unknown-is-found", "write-faults-map"]),
    ("tries_again", &["refusal-names-the-field", "write-faults-map"]),
    ("vague", &["refusal-names-the-field"]),
    ("believes_everything", &["webhook-is-proven"]),
    ("tells", &["secrets-stay-secret"]),
];

/// The template's address book, which also delivers webhooks.
fn announcing(kit: Kit) -> Router {
    let (hook, delivering) = (std::sync::Arc::new(std::sync::Mutex::new(String::new())), kit.clone());
    let registered = hook.clone();
    kit.action("register", "{url}: deliveries go there", move |input| {
        *registered.lock().unwrap() = input["url"].as_str().unwrap_or_default().to_owned();
        async { Ok(json!({})) }
    });
    kit.action("announce", "a contact changed", move |_| {
        let (kit, url) = (delivering.clone(), hook.lock().unwrap().clone());
        async move {
            let body = json!({"contact": "c-1", "n": 1}).to_string().into_bytes();
            let signature = sign::hmac_sha256_hex(HOOK_SECRET.as_bytes(), &body);
            let answer = kit.push(&url, &[("x-signature", signature)], body).await;
            answer.map(|(status, _)| json!({"status": status})).map_err(|refusal| Refusal::new(refusal.0))
        }
    });
    address_book::build(kit)
}

fn component() -> PathBuf {
    target().join("wasm32-wasip2/plugin/defects.wasm")
}

/// The template's own plan, for a connection with this defect.
fn plan(defect: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join("sdk/template/tests/conform.toml")).unwrap();
    let mut plan: toml::Table = toml::from_str(&text).unwrap();
    let config = plan["config"].as_table_mut().unwrap();
    config.insert("defect".into(), defect.into());
    config.insert("spare_text".into(), TOKEN.into());
    plan["secret"].as_table_mut().unwrap().insert("webhook/value".into(), HOOK_SECRET.into());
    let webhook: toml::Table = toml::from_str(
        "register = { action = \"register\", input = { url = \"{hook}\" } }\ncause = { action = \"announce\" }",
    )
    .unwrap();
    plan.insert("webhook".into(), webhook.into());
    plan
}

/// How each rule ended: the worst of its cases, in the report's own words.
type Report = BTreeMap<String, String>;

/// Runs `quoin conform` on a component, as its author would.
async fn held(component: &Path, plan: toml::Table, only: Option<&str>) -> Report {
    let vendor: Running = quoin_simulator::start("template", Args::default(), announcing).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.toml").display().to_string();
    std::fs::write(&file, plan.to_string()).unwrap();
    let component = component.display().to_string();
    let mut arguments: Vec<String> =
        ["conform", "--json", "--component", &component, "--plan", &file, "--simulator", &vendor.http]
            .map(str::to_owned)
            .to_vec();
    arguments.extend(only.iter().flat_map(|only| ["--only".to_owned(), (*only).to_owned()]));
    let shell = Shell::new(folder.path());
    let said = tokio::task::spawn_blocking(move || {
        shell.run("quoin", &arguments.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
    });
    let said = said.await.unwrap();
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    assert_eq!(said.ok, report["failed"] == 0, "the exit code tells");
    let mut rules = Report::new();
    for case in report["cases"].as_array().unwrap() {
        let verdict = case["verdict"].to_string();
        let ended = rules.entry(case["rule"].as_str().unwrap().to_owned()).or_default();
        if ended.is_empty() || verdict.contains("failed") {
            *ended = verdict;
        }
    }
    rules
}

fn broken(report: &Report) -> BTreeSet<&str> {
    report.iter().filter(|(_, verdict)| verdict.contains("failed")).map(|(rule, _)| rule.as_str()).collect()
}

#[tokio::test]
async fn an_honest_connector_breaks_no_rule_and_skips_none() {
    let report = held(&component(), plan(""), None).await;
    let wrong: Vec<_> = report.iter().filter(|(_, verdict)| *verdict != "\"passed\"").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let noticed: BTreeSet<&str> = DEFECTS.iter().flat_map(|(_, rules)| rules.iter().copied()).collect();
    let without: Vec<&String> =
        report.keys().filter(|rule| !noticed.contains(rule.as_str()) && *rule != "describe-is-pure").collect();
    assert!(without.is_empty(), "no defect breaks {without:?}; add one to tests/defects");
}

#[tokio::test]
async fn every_defect_is_noticed_by_its_rules_and_by_no_other() {
    // Two at a time, as even small machines have processors.
    let (first, second) = DEFECTS.split_at(DEFECTS.len() / 2);
    let (first, second) = tokio::join!(noticed(first), noticed(second));
    let wrong = [first, second].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was noticed otherwise than it should be.
async fn noticed(defects: &[(&str, &[&str])]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (defect, rules) in defects {
        let report = held(&component(), plan(defect), None).await;
        let (found, wanted) = (broken(&report), rules.iter().copied().collect::<BTreeSet<_>>());
        if found != wanted {
            let said: Vec<_> = found.symmetric_difference(&wanted).filter_map(|rule| report.get(*rule)).collect();
            wrong.push(format!("{defect}: broke {found:?}, wanted {wanted:?}: {said:#?}"));
        }
    }
    wrong
}

/// The component with a text of its manifest replaced by another of the same length. The manifest is data in the
/// component: this is what a build with the changed file would give.
fn changed(folder: &Path, from: &str, to: &str) -> PathBuf {
    assert_eq!(from.len(), to.len());
    let mut bytes = std::fs::read(component()).unwrap();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    let file = folder.join("defects.wasm");
    std::fs::write(&file, bytes).unwrap();
    file
}

#[tokio::test]
async fn a_component_that_is_not_its_manifest_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let component = changed(folder.path(), "name = \"Defects\"", "name = \"Effects\"");
    let manifest = std::fs::read_to_string(root().join("tests/defects/connector.toml")).unwrap();
    std::fs::write(component.with_extension("toml"), manifest).unwrap();
    let report = held(&component, plan(""), None).await;
    assert_eq!(broken(&report), ["describe-is-pure"].into());
    assert!(report["describe-is-pure"].contains("line 2") && report["describe-is-pure"].contains("quoin build"));
}

#[tokio::test]
async fn a_secret_in_the_configuration_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let component = changed(folder.path(), "field = \"spare_text\"", "field = \"api_secret\"");
    let mut plan = plan("");
    plan["config"].as_table_mut().unwrap().remove("spare_text");
    let report = held(&component, plan, Some("secrets")).await;
    assert_eq!(broken(&report), ["secrets-stay-secret"].into());
}
