//! What happens when an answer gets lost: the outcome is unknown, is looked up, and the effect is
//! there exactly once (FB2, FB12).

use scenario::{Stage, StageOptions};
use serde_json::{Value, json};

/// Where an answer or a request gets lost, as a table: system, route, fault.
const LOSSES: [(&str, &str, &str); 8] = [
    ("psa", "POST /api/v1/workspace_groups", "drop_answer_after_commit"),
    ("psa", "POST /api/v1/workspaces", "drop_answer_after_commit"),
    ("psa", "POST /api/v1/workspaces", "drop_request"),
    ("psa", "POST /api/v1/stories", "drop_answer_after_commit"),
    ("erp", "PUT /services/rest/record/v1/customer", "drop_answer_after_commit"),
    ("erp", "PUT /services/rest/record/v1/job", "drop_answer_after_commit"),
    ("erp", "PUT /services/rest/record/v1/salesOrder", "drop_request"),
    ("time", "POST /rest/api/3/issue", "drop_answer_after_commit"),
];

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_leave_one_effect_each() {
    for (system, route, fault) in LOSSES {
        let mut stage = Stage::set(StageOptions::from_workspace()).await.expect("the stage is set");
        let simulator = match system {
            "psa" => &stage.psa,
            "erp" => stage.erp.simulator().expect("a simulator"),
            _ => &stage.time,
        };
        simulator.fault(&json!({"route": route, "fault": fault, "times": 1})).await.expect("the fault is plugged in");
        stage.crm.act("close_won", &json!({"quote": "Q-2026-0042"})).await.expect("sales wins");
        let case = format!("{system} {route} {fault}");
        stage.wait_for_kind("project.staffed").await.unwrap_or_else(|error| panic!("{case}: {error:#}"));
        let bookable = |event: &Value| event["kind"] == "command.done" && event["body"]["object"] == "task";
        stage.wait_for("tasks", bookable).await.unwrap_or_else(|error| panic!("{case}: {error:#}"));
        assert!(stage.count("command.retried") >= 1, "{case}: the loss was not noticed");
        let (psa, erp) = (stage.psa.counts().await.expect("PSA"), stage.erp.counts().await.expect("ERP"));
        let time = stage.time.counts().await.expect("time");
        let made = [
            &psa["customer"],
            &psa["project"],
            &psa["task"],
            &psa["milestone"],
            &erp["customer"],
            &erp["billing_setup"],
            &time["task"],
        ];
        assert_eq!(made.map(|count| count.as_u64().unwrap_or(0)), [1, 1, 3, 3, 1, 1, 3], "{case}");
    }
}
