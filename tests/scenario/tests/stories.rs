//! What goes wrong in practice, each as a story: what people see, and that it mends without doubles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use scenario::config::{ANA, QUOTE};
use scenario::{Stage, StageOptions, script};
use serde_json::{Value, json};

async fn stage() -> Stage {
    Stage::set(StageOptions::from_workspace()).await.unwrap_or_else(|error| panic!("{error:#}"))
}

async fn close_won(stage: &Stage) {
    stage.crm.act("close_won", &json!({"quote": QUOTE, "at": "2026-03-02T10:15:00Z"})).await.expect("sales wins");
}

/// The next exception with this code, as the API lists it.
async fn exception(stage: &mut Stage, code: &str) -> Value {
    let opened = stage
        .wait_for(code, |event| {
            event["kind"] == "exception.opened" && event["body"]["exception"]["fault"]["code"] == code
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
    listed(stage, opened["body"]["exception"]["id"].as_str().unwrap()).await.expect("the exception is listed")
}

async fn listed(stage: &Stage, id: &str) -> Option<Value> {
    let page = stage.api.get("/exceptions?all=true").await.expect("the list");
    page["items"].as_array()?.iter().find(|one| one["id"] == id).cloned()
}

async fn resolved(stage: &mut Stage, exception: &Value) {
    let id = exception["id"].clone();
    stage
        .wait_for("the exception to resolve", |event| {
            event["kind"] == "exception.resolved" && event["body"]["exception"] == id
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
    let shown = listed(stage, id.as_str().unwrap()).await.expect("still listed among all");
    assert!(shown["resolved_at"].is_string(), "{shown}");
}

async fn done(stage: &mut Stage, object: &str, after: u64) -> Value {
    stage
        .wait_for(object, |event| {
            event["kind"] == "command.done"
                && event["body"]["object"] == object
                && event["seq"].as_u64().is_some_and(|seq| seq > after)
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}"))
}

/// The shell as the PSA last committed it: status key and whether time can be booked.
async fn shell(stage: &Stage) -> (usize, Value, Value) {
    let made = stage.psa.effects("project").await.unwrap();
    let changed = stage.psa.effects("project_update").await.unwrap();
    let last = changed.last().or(made.last()).cloned().unwrap();
    (made.len(), last["data"]["status"]["key"].clone(), last["data"]["time_trackable"].clone())
}

/// FB1: the ERP lacks a tax code. The shell waits on hold, nothing is activated, finance sees what is
/// at stake; after the mending the same set-up goes on, and there is still one project.
#[tokio::test(flavor = "multi_thread")]
async fn fb1_a_refused_billing_setup_waits_on_hold_and_goes_on_after_the_mending() {
    let mut stage = stage().await;
    let erp = stage.erp.simulator().unwrap();
    erp.act("set_missing_tax_code", &json!({"tax_code": "5"})).await.expect("the tax code is gone");
    close_won(&stage).await;
    let held = stage.wait_for_kind("project.held").await.unwrap_or_else(|error| panic!("{error:#}"));
    let open = stage.api.get("/exceptions").await.unwrap()["items"][0].clone();
    assert_eq!((&open["customer"], &open["owner"]), (&json!("Helix GmbH"), &json!("finance-operations")), "{open}");
    assert_eq!(open["amount"], "EUR 166400.00", "{open}");
    for field in ["field", "suggestion", "due", "message"] {
        assert!(open[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {open}");
    }
    assert_eq!(held["body"]["reason"], "billing_missing");
    assert_eq!(shell(&stage).await, (1, json!("410"), json!(false)), "on hold, closed for time");
    assert_eq!(stage.count("project.activated"), 0);
    let told = stage.crm.effects("deal_status_update").await.unwrap();
    assert_eq!(told.last().unwrap()["data"]["Quoin_Stage__c"], "On hold", "{told:?}");

    let erp = stage.erp.simulator().unwrap();
    erp.act("set_missing_tax_code", &json!({"tax_code": "5", "missing": false})).await.expect("finance mends it");
    stage.quoin(&["exceptions", "retry", open["id"].as_str().unwrap()], None).expect("finance retries");
    let activated = stage.wait_for_kind("project.activated").await.unwrap_or_else(|error| panic!("{error:#}"));
    done(&mut stage, "project", activated["seq"].as_u64().unwrap()).await;
    assert_eq!(shell(&stage).await, (1, json!("305"), json!(true)), "active, open for time");
    let counts = stage.erp.counts().await.unwrap();
    assert_eq!((&counts["billing_setup"], &counts["customer"]), (&json!(1), &json!(1)));
}

/// The same for five deals: finance mends the tax code once, and says once that all shall go on.
#[tokio::test(flavor = "multi_thread")]
async fn fb1_what_was_refused_for_one_cause_goes_on_at_one_word() {
    const DEALS: usize = 5;
    let mut stage = stage().await;
    let erp = stage.erp.simulator().unwrap();
    erp.act("set_missing_tax_code", &json!({"tax_code": "5"})).await.expect("the tax code is gone");
    let seeds = json!({"count": DEALS, "customers": DEALS, "prefix": "Q-FIVE"});
    stage.crm.act("seed_deals", &seeds).await.expect("five deals of five customers");
    stage.crm.act("close_won", &json!({"prefix": "Q-FIVE"})).await.expect("sales wins all");
    stage.wait_for_count("project.held", DEALS).await.unwrap_or_else(|error| panic!("{error:#}"));
    let open = stage.api.get("/exceptions").await.unwrap()["items"].clone();
    let code = open[0]["code"].as_str().unwrap().to_owned();
    assert!(open.as_array().unwrap().iter().all(|one| one["code"] == code && one["retriable"] == true), "{open}");

    let erp = stage.erp.simulator().unwrap();
    erp.act("set_missing_tax_code", &json!({"tax_code": "5", "missing": false})).await.expect("finance mends it");
    let said = stage.quoin(&["exceptions", "retry", "--code", &code], None).expect("finance retries all");
    assert!(said.contains("asked for another try of 5"), "{said}");
    stage.wait_for_count("project.activated", DEALS).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(stage.api.get("/exceptions").await.unwrap()["items"], json!([]));
    let (psa, erp) = (stage.psa.counts().await.unwrap(), stage.erp.counts().await.unwrap());
    assert_eq!((&psa["project"], &erp["billing_setup"], &erp["customer"]), (&json!(5), &json!(5), &json!(5)));
    let error = stage.quoin(&["exceptions", "retry", "--code", &code], None).expect_err("nothing is left");
    assert!(error.to_string().contains("can be retried"), "{error}");
}

/// FB1's end: nobody mends it in the policy's time. The shell is closed, never deleted; sales is told.
#[tokio::test(flavor = "multi_thread")]
async fn fb1_a_billing_setup_that_nobody_mends_is_taken_back() {
    let mut stage = stage().await;
    let erp = stage.erp.simulator().unwrap();
    erp.act("set_missing_tax_code", &json!({"tax_code": "5"})).await.expect("the tax code is gone");
    close_won(&stage).await;
    stage.wait_for_kind("project.held").await.unwrap_or_else(|error| panic!("{error:#}"));
    let open = stage.api.get("/exceptions").await.unwrap()["items"][0].clone();
    stage.advance("2026-03-17T10:15:00Z").await.unwrap();
    stage.wait_for_kind("deal.cancelled").await.unwrap_or_else(|error| panic!("{error:#}"));
    resolved(&mut stage, &open).await;
    assert_eq!(shell(&stage).await, (1, json!("501"), json!(false)), "cancelled");
    let told = stage.crm.effects("deal_status_update").await.unwrap();
    assert_eq!(told.last().unwrap()["data"]["Quoin_Stage__c"], "Cancelled", "{told:?}");
    let error = stage.quoin(&["exceptions", "retry", open["id"].as_str().unwrap()], None).expect_err("too late");
    assert!(error.to_string().contains("resolved"), "{error}");
    assert_eq!(stage.count("project.activated"), 0);
}

/// Step 2: a gate that says no stops the deal before anything is written anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_gate_stops_before_any_write() {
    let mut stage = stage().await;
    let hold = json!({"object": "Account", "quote": QUOTE, "fields": {"Credit_Status__c": "Hold"}});
    stage.crm.act("edit", &hold).await.expect("credit holds the customer");
    close_won(&stage).await;
    let open = exception(&mut stage, "GATE_FAILED").await;
    assert!(open["message"].as_str().unwrap().contains("credit hold"), "{open}");
    assert_eq!(stage.count("command.decided"), 0);
    assert_eq!(stage.psa.counts().await.unwrap(), json!({}));
    assert_eq!(stage.erp.counts().await.unwrap(), json!({}));
}

/// Step 3: two customers that could be meant. Nothing is created; a person decides.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_never_created_on_an_ambiguous_match() {
    let mut stage = stage().await;
    for name in ["Helix GmbH", "HELIX Gesellschaft"] {
        stage.psa.act("add_group", &json!({"name": name, "vat_id": "DE811907980"})).await.expect("made by hand");
    }
    let before = stage.psa.counts().await.unwrap();
    close_won(&stage).await;
    let refused = stage.wait_for_kind("command.refused").await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!((&refused["body"]["role"], &refused["body"]["fault"]["kind"]), (&json!("psa"), &json!("conflict")));
    assert_eq!(stage.psa.counts().await.unwrap()["customer"], before["customer"]);
    assert_eq!(stage.count("project.shell_created"), 0);
}

/// A won deal that cannot be understood becomes an exception that names the field; others go on
/// meanwhile, and it resolves by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_won_deal_that_cannot_be_mapped_names_its_field_and_mends_by_itself() {
    let mut stage = stage().await;
    let broken = json!({"quote": QUOTE, "line": "L1", "fields": {"Terms__c": "{not json"}});
    stage.crm.act("edit_line", &broken).await.expect("somebody breaks the terms");
    close_won(&stage).await;
    let open = stage
        .wait_for("the exception", |event| event["kind"] == "exception.opened")
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
    let open = listed(&stage, open["body"]["exception"]["id"].as_str().unwrap()).await.unwrap();
    assert_eq!((&open["owner"], &open["fault_kind"]), (&json!("sales-operations"), &json!("invalid_data")), "{open}");
    assert!(open["field"].as_str().is_some_and(|field| field.contains("/lines/0/billing")), "{open}");
    assert!(open["suggestion"].as_str().unwrap().contains("'crm'"), "{open}");
    let error = stage.quoin(&["exceptions", "retry", open["id"].as_str().unwrap()], None).expect_err("by itself");
    assert!(error.to_string().contains("resolves by itself"), "{error}");

    let other = json!({"count": 1, "prefix": "Q-OTHER"});
    stage.crm.act("seed_deals", &other).await.expect("another deal");
    stage.crm.act("close_won", &json!({"prefix": "Q-OTHER"})).await.expect("sales wins another");
    stage.wait_for_kind("quote.accepted").await.unwrap_or_else(|error| panic!("{error:#}"));

    let mended = json!({"quote": QUOTE, "line": "L1", "fields": {"Terms__c":
        r#"{"roles":[{"role":"Senior","hourly_rate":195.00,"resource":"ana@advisory.example","hours":120}]}"#}});
    stage.crm.act("edit_line", &mended).await.expect("sales mends the terms");
    stage
        .wait_for("the mended deal", |event| event["kind"] == "quote.accepted" && event["key"] == QUOTE)
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
    resolved(&mut stage, &open).await;
}

/// Canonical id of the deal's first task, as it is derived from the quote's number.
const TASK: &str = "e104e7f0-6fbe-573d-a88f-83cacdeb7c13";

/// Time on a task that nobody knows waits; after a while a person is asked, and once the task is
/// known the time is taken in and the exception resolves.
#[tokio::test(flavor = "multi_thread")]
async fn time_on_an_unknown_task_asks_a_person_and_resolves_when_the_task_is_known() {
    let mut stage = stage().await;
    let issue = json!({"fields": {"project": {"key": "ADV"}, "issuetype": {"name": "Task"},
        "summary": "P-Q-2026-0042 1 Discovery", "labels": [format!("quoin-{TASK}")]}});
    let made = reqwest::Client::new()
        .post(format!("{}/rest/api/3/issue", stage.time.url))
        .basic_auth("integration@advisory.example", Some("jira-token"))
        .json(&issue)
        .send()
        .await
        .expect("an answer");
    let made: Value = made.json().await.expect("JSON");
    let key = made["key"].as_str().unwrap_or_else(|| panic!("a person makes the issue by hand: {made}"));
    let entry =
        json!({"task": key, "email": ANA, "date": "2026-03-02", "minutes": 60, "approved_by": "lead@advisory.example"});
    stage.time.act("log_work", &entry).await.expect("Ana works before anybody sold it");
    stage.advance("2026-03-02T10:20:00Z").await.unwrap();
    // The record must have been seen before its waiting can be too long.
    let waiting = stage.api.get("/exceptions").await.unwrap();
    assert_eq!(waiting["items"], json!([]), "it may still be a matter of minutes");
    let mut minutes = 21;
    while stage.count("exception.opened") == 0 {
        assert!(minutes < 60, "nobody was asked; {}", stage.log_tail());
        stage.advance(&format!("2026-03-02T10:{minutes}:00Z")).await.unwrap();
        minutes += 1;
        stage.catch_up(std::time::Duration::from_millis(400)).await.unwrap();
    }
    let open = exception(&mut stage, "UNMATCHED").await;
    assert_eq!(open["owner"], "delivery-operations", "{open}");
    assert!(open["message"].as_str().unwrap().contains("points at task"), "{open}");
    assert!(open["suggestion"].as_str().unwrap().contains("'time'"), "{open}");

    close_won(&stage).await;
    let recorded = stage.wait_for_kind("billing.time_recorded").await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(recorded["key"], QUOTE);
    resolved(&mut stage, &open).await;
    assert_eq!(stage.time.counts().await.unwrap()["task"], json!(3), "the issue made by hand is the task");
}

/// A second manual run for the same day says so, bills what came since, and the month's own run comes
/// all the same. When every invoice is paid, the deal is.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_billing_run_is_answered_and_a_wholly_paid_deal_is_paid() {
    let mut stage = stage().await;
    script::to_the_milestone(&mut stage).await.unwrap_or_else(|error| panic!("{error:#}"));
    let run = ["billing", "run", "--as-of", "2026-03-31", "--contract", QUOTE, "--json"];
    let answer = |text: String| -> Value { serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")) };
    let first = answer(stage.quoin(&run, None).expect("a run"));
    assert_eq!(first["before"], json!([]));
    let posted = stage.wait_for_kind("invoice.posted").await.unwrap_or_else(|error| panic!("{error:#}"));
    let second = answer(stage.quoin(&run, None).expect("a second run"));
    assert_eq!(second["before"][0]["by"], "scenario", "{second}");
    let runs = |event: &Value| event["kind"] == "process.completed" && event["body"]["flow"] == "run";
    while stage.events.iter().filter(|event| runs(event)).count() < 2 {
        let seen = stage.events.len();
        stage.wait_past(seen).await.unwrap_or_else(|error| panic!("{error:#}"));
    }
    assert_eq!(stage.count("billing.invoice_drafted"), 1, "nothing is billed twice");

    stage.advance("2026-03-31T16:00:01Z").await.unwrap();
    stage
        .wait_for("the month's own run", |event| {
            event["kind"] == "billing.run_requested" && event["body"]["scheduled"] == true
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));

    let number = posted["body"]["number"].as_str().unwrap().to_owned();
    stage.erp.pay(&number, "69972.00", "2026-03-31").await.expect("the customer pays");
    stage.wait_for_kind("deal.paid").await.unwrap_or_else(|error| panic!("{error:#}"));
    let deal = stage.api.get(&format!("/deals/{QUOTE}")).await.unwrap();
    assert_eq!(deal["deal"]["stage"], "paid", "{}", deal["deal"]);
}

/// Step 12: the ERP's books win; a difference opens a case with an owner.
#[tokio::test(flavor = "multi_thread")]
async fn books_that_differ_open_a_case() {
    let mut stage = stage().await;
    script::to_the_milestone(&mut stage).await.unwrap_or_else(|error| panic!("{error:#}"));
    let books = json!({"project": format!("P-{QUOTE}"), "line": "L2", "cost_to_date": "20000.00", "revenue_to_date": "31000.00", "as_of": "2026-03-31"});
    stage.erp.simulator().unwrap().act("post_project_costs", &books).await.expect("a journal");
    let open = exception(&mut stage, "GATE_FAILED").await;
    assert_eq!(open["owner"], "finance-operations", "{open}");
    assert!(open["message"].as_str().unwrap().contains("revenue"), "{open}");
}
