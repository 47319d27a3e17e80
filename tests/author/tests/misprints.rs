//! The rules for transforms: each is shown a transform that breaks it, and an honest one that does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use author_tests::{Shell, root, target};
use serde_json::Value;

/// Each defect, and the rules that notice it.
const DEFECTS: &[(&str, &[&str])] = &[
    ("empty", &["objects-convert", "gaps-are-answered"]),
    ("unordered", &["same-in-same-out"]),
    ("vague", &["lack-names-the-field"]),
    ("blames_the_host", &["lack-names-the-field"]),
    ("takes_everything", &["lack-names-the-field"]),
    ("expects", &["gaps-are-answered"]),
    ("raw", &["texts-stay-texts"]),
    ("raw_markup", &["texts-stay-texts"]),
    ("raw_json", &["texts-stay-texts"]),
    ("small", &["large-objects-convert"]),
];

/// How each rule ended.
type Report = BTreeMap<String, String>;

/// The template's own plan, for an object that names this defect.
fn held(defect: &str) -> Report {
    let text = std::fs::read_to_string(root().join("sdk/template-transform/tests/conform.toml")).unwrap();
    let mut plan: toml::Table = toml::from_str(&text).unwrap();
    let item = plan["object"]["customer"]["item"].as_table_mut().unwrap();
    item.insert("header".into(), toml::toml! { ext = { defect = "" } }.into());
    item["header"]["ext"]["defect"] = defect.into();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.toml").display().to_string();
    std::fs::write(&file, plan.to_string()).unwrap();
    let component = target().join("wasm32-wasip2/plugin/misprints.wasm").display().to_string();
    let arguments = ["conform", "--json", "--component", &component, "--plan", &file];
    let said = Shell::new(folder.path()).run("quoin", &arguments).unwrap();
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    assert_eq!(said.ok, report["failed"] == 0, "the exit code tells");
    let cases = report["cases"].as_array().unwrap();
    cases.iter().map(|case| (case["rule"].as_str().unwrap().to_owned(), case["verdict"].to_string())).collect()
}

fn broken(report: &Report) -> BTreeSet<&str> {
    report.iter().filter(|(_, verdict)| verdict.contains("failed")).map(|(rule, _)| rule.as_str()).collect()
}

#[test]
fn an_honest_transform_breaks_no_rule_and_skips_none() {
    let report = held("");
    let wrong: Vec<_> = report.iter().filter(|(_, verdict)| *verdict != "\"passed\"").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let noticed: BTreeSet<&str> = DEFECTS.iter().flat_map(|(_, rules)| rules.iter().copied()).collect();
    let without: Vec<&String> =
        report.keys().filter(|rule| !noticed.contains(rule.as_str()) && *rule != "describe-is-pure").collect();
    assert!(without.is_empty(), "no defect breaks {without:?}; add one to tests/misprints");
}

#[test]
fn every_misprint_is_noticed_by_its_rules_and_by_no_other() {
    let mut wrong = Vec::new();
    for (defect, rules) in DEFECTS {
        let report = held(defect);
        let (found, wanted) = (broken(&report), rules.iter().copied().collect::<BTreeSet<_>>());
        if found != wanted {
            let said: Vec<_> = found.symmetric_difference(&wanted).filter_map(|rule| report.get(*rule)).collect();
            wrong.push(format!("{defect}: broke {found:?}, wanted {wanted:?}: {said:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
