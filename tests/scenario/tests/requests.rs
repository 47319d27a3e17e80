//! What people ask of a contract's account with `quoin contract`, played against a running host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use scenario::config::{BEN, QUOTE};
use scenario::{Stage, StageOptions, script};
use serde_json::{Value, json};

fn shown(stage: &Stage, arguments: &[&str]) -> Value {
    let output = stage.quoin(arguments, None).unwrap_or_else(|error| panic!("{arguments:?}: {error:#}"));
    serde_json::from_str(&output).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output}"))
}

/// After April 2,930.00 are held over the cap: the hours of one entry are given up, for a reason, by
/// somebody whom the log names; the ledger still balances, and asking again does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn hours_over_the_cap_are_given_up() {
    let mut stage = Stage::set(StageOptions::from_workspace()).await.unwrap_or_else(|error| panic!("{error:#}"));
    let mut report = script::happy_path(&mut stage).await.unwrap_or_else(|error| panic!("{error:#}"));
    script::april(&mut stage, &mut report).await.unwrap_or_else(|error| panic!("{error:#}"));
    let held = stage.wait_for_kind("billing.over_cap_held").await.unwrap();
    let entries = held["body"]["entries"].as_array().unwrap();
    let whole = entries.iter().find(|entry| entry["amount"] == "1200.000000" || entry["amount"] == "1200.00");
    let entry =
        whole.unwrap_or_else(|| panic!("a whole day of {BEN}'s: {held:#}"))["entry"].as_str().unwrap().to_owned();
    let unreasoned = stage.quoin(&["contract", "write-off", QUOTE, &entry, "--reason", " "], None).expect_err("why?");
    assert!(unreasoned.to_string().contains("for a reason"), "{unreasoned:#}");
    let said = stage.quoin(&["contract", "write-off", QUOTE, &entry, "--reason", "agreed with Helix"], None).unwrap();
    assert!(said.contains("quoin timeline Q-2026-0042"), "{said}");
    let written = stage.wait_for_kind("billing.written_off").await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!((&written["body"]["reason"], &written["body"]["by"]), (&json!("agreed with Helix"), &json!("scenario")));
    let statement = shown(&stage, &["conservation", QUOTE, "--json"])["statement"].clone();
    let bucket = |name: &str| {
        let rows = statement["buckets"].as_array().unwrap();
        let row = rows.iter().find(|row| row["bucket"] == name && row["kind"] == "time");
        row.map(|row| row["amount"]["amount"].clone()).unwrap_or_default()
    };
    assert_eq!((bucket("written_off"), bucket("over_cap")), (json!("1200.00"), json!("1730.00")), "{statement:#}");
    stage.quoin(&["contract", "write-off", QUOTE, &entry, "--reason", "once more"], None).expect("asked for again");
    let ended = |event: &Value| event["kind"] == "process.completed" && event["body"]["flow"] == "write_off";
    while stage.events.iter().filter(|event| ended(event)).count() < 2 {
        let seen = stage.events.len();
        stage.wait_past(seen).await.unwrap_or_else(|error| panic!("{error:#}"));
    }
    assert_eq!(stage.count("billing.written_off"), 1);
    assert_eq!(shown(&stage, &["conservation", QUOTE, "--recompute", "--json"])["agrees"], true);
    let nobody = stage.quoin(&["contract", "write-off", QUOTE, QUOTE, "--reason", "x"], None).expect_err("no entry");
    assert!(nobody.to_string().contains("entry"), "{nobody:#}");
}

/// A price billed by percent complete, and money paid before the work: 35 % of 120,000.00 is billed, the
/// advance of 20,000.00 set off against it as far as it goes; a second advance is closed and given back.
#[tokio::test(flavor = "multi_thread")]
async fn progress_is_billed_against_advances_and_a_rest_is_given_back() {
    let mut stage = Stage::set(StageOptions::from_workspace()).await.unwrap_or_else(|error| panic!("{error:#}"));
    let progress = json!({"quote": QUOTE, "line": "L2", "fields": {"Terms__c": "{\"progress\":\"carry_forward\"}"}});
    stage.crm.act("edit_line", &progress).await.expect("sold by percent complete");
    let advances = r#"[{"code":"ADV1","line":"L2","amount":20000.00,"due_on":"2026-03-02"},
        {"code":"ADV2","line":"L2","amount":30000.00,"due_on":"2026-03-02","at_end":"refund"}]"#;
    let terms = json!({"object": "Opportunity", "quote": QUOTE, "fields": {"Advances__c": advances}});
    stage.crm.act("edit", &terms).await.expect("with advances");
    stage.crm.act("close_won", &json!({"quote": QUOTE})).await.expect("sales wins the deal");
    stage.wait_for_kind("project.staffed").await.unwrap_or_else(|error| panic!("{error:#}"));

    stage.quoin(&["billing", "run", "--as-of", "2026-03-02"], None).expect("the advances are invoiced");
    stage.wait_for_count("billing.advance_usable", 2).await.unwrap_or_else(|error| panic!("{error:#}"));
    let posted = |stage: &Stage| -> Vec<Value> {
        let posted = stage.events.iter().filter(|event| event["kind"] == "invoice.posted");
        posted.map(|event| event["body"]["invoice"].clone()).collect()
    };
    stage.wait_for_count("invoice.posted", 2).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(posted(&stage).iter().all(|invoice| invoice["kind"] == "386"), "prepayment invoices");

    let unknown = stage.quoin(&["contract", "progress", QUOTE, "L9", "35", "--on", "2026-03-20"], None);
    assert!(unknown.expect_err("no such line").to_string().contains("L9"));
    stage.quoin(&["contract", "progress", QUOTE, "L2", "35", "--on", "2026-03-20"], None).expect("35 % are done");
    stage.wait_for_kind("billing.progress_reported").await.unwrap_or_else(|error| panic!("{error:#}"));
    stage.quoin(&["billing", "run", "--as-of", "2026-03-20"], None).expect("a run");
    stage.wait_for_count("invoice.posted", 3).await.unwrap_or_else(|error| panic!("{error:#}"));
    let invoice = posted(&stage)[2].clone();
    let exact = |value: &Value| value.as_str().and_then(|text| text.parse::<rust_decimal::Decimal>().ok());
    let totals = ["net", "gross", "prepaid", "due"].map(|name| exact(&invoice["totals"][name]["amount"]));
    // 42,000.00 net; 20,000.00 and 22,000.00 of the advances, each with its tax, are set off.
    assert_eq!(totals, ["42000", "49980", "49980", "0"].map(|text| exact(&json!(text))), "{invoice:#}");

    stage.quoin(&["contract", "close-advance", QUOTE, "ADV2", "--on", "2026-03-31"], None).expect("it ends");
    let closed = stage.wait_for_kind("billing.advance_closed").await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(exact(&closed["body"]["refunded"]["amount"]), exact(&json!("8000")), "{closed:#}");
    let credit = stage.wait_for_kind("billing.credit_drafted").await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(exact(&credit["body"]["credit"]["totals"]["gross"]["amount"]), exact(&json!("9520")), "{credit:#}");
    stage.wait_for_count("invoice.posted", 4).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(shown(&stage, &["conservation", QUOTE, "--recompute", "--json"])["agrees"], true);
}
