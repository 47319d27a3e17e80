//! The spine, whole: every figure of the script, also when webhooks repeat and the host is killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use scenario::{Crashes, Report, Stage, StageOptions, script};
use serde_json::json;

async fn stage() -> Stage {
    Stage::set(StageOptions::from_workspace()).await.expect("the stage is set")
}

fn assert_right(report: Report) {
    let report = report.finish();
    assert!(report.ok, "wrong figures:\n{}", report.failures().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_from_quote_to_payment_and_april() {
    let mut stage = stage().await;
    let mut report = script::happy_path(&mut stage).await.expect("March plays to its end");
    script::april(&mut stage, &mut report).await.expect("April plays to its end");
    assert_right(report);
}

/// Three deliveries 30 ms apart, the poll, and an older version that arrives late (FB4, FB5).
#[tokio::test(flavor = "multi_thread")]
async fn repeated_and_reordered_webhooks_make_one_project() {
    let mut stage = stage().await;
    let won = json!({"quote": "Q-2026-0042", "at": "2026-03-02T10:15:00Z", "deliveries": 3, "gap_ms": 30});
    stage.crm.act("close_won", &won).await.expect("sales wins");
    stage
        .crm
        .act("send_webhook", &json!({"quote": "Q-2026-0042", "deliveries": 2}))
        .await
        .expect("the CRM repeats itself");
    stage.wait_for_kind("project.staffed").await.expect("the project is staffed");
    for by in ["webhook", "poll"] {
        let seen = stage
            .wait_for(by, |event| {
                event["kind"] == "record.sighted" && event["body"]["object"] == "quote" && event["body"]["by"] == by
            })
            .await;
        seen.expect("both ways are on record");
    }
    assert_eq!(stage.count("quote.accepted"), 1);
    assert_eq!(stage.count("project.activated"), 1);
    let counts = stage.psa.counts().await.expect("the PSA tells");
    assert_eq!((&counts["project"], &counts["customer"]), (&json!(1), &json!(1)));
    let counts = stage.erp.counts().await.expect("the ERP tells");
    assert_eq!((&counts["billing_setup"], &counts["customer"]), (&json!(1), &json!(1)));
}

/// SIGKILL at twenty random instants: the end state is the same, nothing is doubled.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_twenty_random_instants() {
    let seed = std::env::var("QUOIN_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("QUOIN_CRASH_SEED={seed}");
    let mut stage = stage().await;
    stage.plan_crashes(Crashes { left: 20, seed, most_events: 4, next: None });
    let mut report = script::happy_path(&mut stage).await.expect("March plays to its end");
    script::april(&mut stage, &mut report).await.expect("April plays to its end");
    assert_eq!(stage.crashes_left(), 0, "the script ended before all kills");
    assert_right(report);
}
