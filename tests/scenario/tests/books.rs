//! After the whole script: every unit is in one bucket, the documents are valid e-invoices, and a
//! dispute about one gets everything it needs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use scenario::einvoice::Judge;
use scenario::{Stage, StageOptions, script};
use serde_json::Value;

const QUOTE: &str = "Q-2026-0042";

async fn after_april() -> Stage {
    let mut stage = Stage::set(StageOptions::from_workspace()).await.expect("the stage is set");
    let mut report = script::happy_path(&mut stage).await.expect("March plays to its end");
    script::april(&mut stage, &mut report).await.expect("April plays to its end");
    stage
}

fn json(stage: &Stage, arguments: &[&str]) -> Value {
    let output = stage.quoin(arguments, None).expect("the command succeeds");
    serde_json::from_str(&output).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output}"))
}

/// Minutes or hours, and net, of one bucket.
fn bucket(statement: &Value, bucket: &str, kind: &str) -> (String, String) {
    let rows = statement["buckets"].as_array().expect("buckets");
    let row = rows.iter().find(|row| row["bucket"] == bucket && row["kind"] == kind);
    let row = row.unwrap_or_else(|| panic!("no {kind} is {bucket}: {statement:#}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&row["quantity"]), text(&row["amount"]["amount"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_after_april() {
    let stage = after_april().await;
    every_hour_and_every_euro_is_in_one_bucket(&stage);
    let documents = the_documents_are_valid_e_invoices(&stage);
    a_dispute_gets_everything_it_needs(&stage, &documents[0]);
    let unknown = stage.quoin(&["invoice", "export", &documents[0], "--format", "pigeon"], None).expect_err("no form");
    assert!(format!("{unknown:#}").contains("loaded transforms for invoices: ubl"), "{unknown:#}");
}

fn every_hour_and_every_euro_is_in_one_bucket(stage: &Stage) {
    let recount = json(stage, &["conservation", QUOTE, "--recompute", "--json"]);
    assert_eq!(recount["agrees"], true, "{recount:#}");
    let statement = json(stage, &["conservation", QUOTE, "--json"])["statement"].clone();
    assert_eq!(statement["imbalances"], Value::Array(Vec::new()));
    // March: 60 h and 74 h, 2 h corrected away; April: 17,500.00 of 20,430.00 under the cap.
    assert_eq!(bucket(&statement, "billed", "time").1, "40000.00");
    assert_eq!(bucket(&statement, "over_cap", "time").1, "2930.00");
    assert_eq!(bucket(&statement, "non_billable", "time").0, "360");
    assert_eq!(bucket(&statement, "billed", "milestone").1, "36000.00");
    assert_eq!(bucket(&statement, "not_due", "milestone").1, "84000.00");
    assert_eq!(bucket(&statement, "available", "retainer").0, "40");
    let total: u32 = 60 * 60 + 80 * 60 - 2 * 60 + 4 * 60 + 70 * 60 + 40 * 60;
    assert_eq!(statement["approved_minutes"], total.to_string());
    let text = stage.quoin(&["conservation"], None).expect("the firm's ledger is printed");
    assert!(text.contains("balances") && text.contains("Helix GmbH"), "{text}");
}

/// First invoice (380), retainer invoice (386), credit note (381) and April's invoice against the
/// published schemas and rules; gives their numbers.
fn the_documents_are_valid_e_invoices(stage: &Stage) -> Vec<String> {
    let posted = stage.events.iter().filter(|event| event["kind"] == "invoice.posted");
    let numbers: Vec<String> =
        posted.map(|event| event["body"]["number"].as_str().expect("a number").to_owned()).collect();
    assert_eq!(numbers.len(), 4);
    let mut files: Vec<PathBuf> = Vec::new();
    for number in &numbers {
        let file = stage.folder().join(format!("{number}.xml"));
        let out = file.display().to_string();
        stage.quoin(&["invoice", "export", number, "--format", "ubl", "--out", &out], None).expect("it is written");
        files.push(file);
    }
    let text = std::fs::read_to_string(&files[0]).expect("the first invoice");
    for part in ["<cbc:InvoiceTypeCode>380<", ">58800.00<", ">11172.00<", ">69972.00<", "<cbc:CityName>Hamburg<"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    // The judge must be able to say no: an amount that is off by a cent breaks a rule and no schema.
    let wrong = stage.folder().join("wrong.xml");
    std::fs::write(&wrong, text.replace(">69972.00<", ">69972.01<")).expect("a wrong document");
    let judge = Judge::prepare().expect("the judge is there");
    let mut all: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    all.push(&wrong);
    let verdicts = judge.judge(&all).expect("the judge speaks");
    for file in &files {
        let verdict = &verdicts[file.to_str().expect("a path")];
        let text = std::fs::read_to_string(file).expect("a document");
        assert_eq!(verdict["schema"], Value::Array(Vec::new()), "{text}");
        assert_eq!(verdict["failed"], Value::Array(Vec::new()), "{text}");
        assert!(verdict["fired"].as_u64() > Some(20), "{verdict}");
    }
    let refused = &verdicts[wrong.to_str().expect("a path")];
    assert_eq!(refused["schema"], Value::Array(Vec::new()));
    assert_eq!(refused["failed"][0]["rule"], "BR-CO-15", "{refused}");
    numbers
}

fn a_dispute_gets_everything_it_needs(stage: &Stage, number: &str) {
    let pack = stage.folder().join("pack.tar");
    let out = pack.display().to_string();
    stage.quoin(&["invoice", "evidence", number, "--out", &out], None).expect("the pack is written");
    // Unpacked by the system's own tar: the format is ours, its reader is not.
    let run = |program: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(program);
        let output = command.args(arguments).current_dir(stage.folder()).output().expect(program);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run("tar", &["-xf", &out]);
    let folder = stage.folder().join(format!("evidence-{number}"));
    let text = std::fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let files = manifest["files"].as_array().expect("files");
    let names: Vec<&str> = files.iter().filter_map(|file| file["name"].as_str()).collect();
    let ubl = format!("document/{number}.ubl.xml");
    for name in [
        "invoice.json",
        "explain.json",
        "sources.json",
        "events.ndjson",
        "vendor-calls.json",
        "conservation.json",
        &ubl,
    ] {
        assert!(names.contains(&name), "{name} is missing: {names:?}");
    }
    for file in files {
        let path = folder.join(file["name"].as_str().expect("a name"));
        let digest = run("sha256sum", &[path.to_str().expect("a path")]);
        assert_eq!(digest.split(' ').next(), file["sha256"].as_str(), "{}", path.display());
    }
    let sources = std::fs::read_to_string(folder.join("sources.json")).expect("sources");
    // Every entry of March that is billed, with who approved it, and the accepted milestone.
    assert!(sources.matches("\"kind\": \"time.recorded\"").count() >= 18, "{sources}");
    assert!(sources.contains("lead@advisory.example") && sources.contains("milestone.accepted"), "{sources}");
    let calls = std::fs::read_to_string(folder.join("vendor-calls.json")).expect("calls");
    assert!(calls.contains("/services/rest/record/v1/invoice"), "{calls}");
}

/// Somebody changes an amount in the ERP behind our back: it is found with its owner, repaired on
/// command, once, and the next comparison finds nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_behind_our_back_is_found_and_repaired_on_command() {
    let mut stage = Stage::set(StageOptions::from_workspace()).await.expect("the stage is set");
    script::happy_path(&mut stage).await.expect("March plays to its end");
    let period = ["reconcile", "--from", "2026-03-01", "--to", "2026-04-20", "--json"];
    let clean = json(&stage, &period);
    assert_eq!((&clean["clean"], &clean["drifts"]), (&Value::Bool(true), &Value::Array(Vec::new())), "{clean:#}");
    assert!(clean["compared"].as_u64() > Some(20), "time, payment, invoices, terms are compared: {clean:#}");

    let provisioned = |event: &&Value| event["kind"] == "command.done" && event["body"]["object"] == "billing_setup";
    let done = stage.events.iter().find(provisioned).expect("the billing set-up was written").clone();
    let order = done["body"]["objects"][0]["external"].as_str().expect("the order's id").to_owned();
    let edit = serde_json::json!({"order": order, "line": 2, "amount": "100000.00"});
    stage.erp.simulator().expect("a simulator").act("edit_order_line", &edit).await.expect("somebody edits the order");

    stage.quoin(&period, None).expect_err("a difference is no success");
    let listed = stage.api.get("/reconciliations").await.expect("the runs");
    let found = listed["items"].as_array().and_then(|runs| runs.iter().find(|run| run["clean"] == false).cloned());
    let found = found.unwrap_or_else(|| panic!("nothing was found: {listed:#}"));
    let [drift] = found["drifts"].as_array().expect("drifts").as_slice() else { panic!("{found:#}") };
    assert_eq!(drift["field"], "/lines/L2/billing/price");
    assert_eq!((&drift["ours"], &drift["theirs"]), (&"EUR 120000.00".into(), &"EUR 100000.00".into()), "{drift:#}");
    assert_eq!((&drift["owner"], &drift["team"]), (&"canonical".into(), &"finance-operations".into()));
    assert_eq!(drift["proposal"], "write");

    let id = drift["id"].as_str().expect("an id").to_owned();
    let commands = stage.count("command.done");
    for _ in 0..2 {
        stage.quoin(&["reconcile", "apply", &id], None).expect("the repair is asked for");
    }
    stage.wait_for_kind("reconcile.repair_requested").await.expect("it is on the timeline");
    stage.wait_for_count("command.done", commands + 1).await.expect("the repair is done");
    let clean = json(&stage, &period);
    assert_eq!(clean["clean"], true, "{clean:#}");
    assert_eq!(stage.erp.counts().await.expect("the ERP tells")["billing_setup"], 1);
}
