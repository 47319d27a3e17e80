//! Kantata's peculiarities, as its clients meet them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use quoin_simulator::axum::Router;
use quoin_simulator::axum::body::{Body, to_bytes};
use quoin_simulator::axum::http::{HeaderMap, Request};
use quoin_simulator::{Kit, app};
use serde_json::{Value, json};
use tower::ServiceExt as _;

struct Vendor {
    kit: Kit,
    router: Router,
}

impl Vendor {
    fn new() -> Self {
        let kit = Kit::new("kantata");
        let router = app(&kit, simulator_kantata::build(kit.clone()));
        Self { kit, router }
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: Value) -> (u16, HeaderMap, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (head.status.as_u16(), head.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (status, _, answer) = self.send(method, path, simulator_kantata::TOKEN, body).await;
        (status, answer)
    }

    async fn workspace(&self) -> String {
        let fields = json!({"title": "A", "creator_role": "maven", "budgeted": true});
        let (status, answer) = self.ask("POST", "/api/v1/workspaces.json", json!({"workspace": fields})).await;
        assert_eq!(status, 200, "{answer}");
        answer["results"][0]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn refusals_have_kantatas_shape() {
    let vendor = Vendor::new();
    vendor.ask("POST", "/api/v1/workspace_groups", json!({"workspace_group": {"name": "Helix"}})).await;
    let cases = [
        ("GET", "/api/v1/nothing", json!(null), 404, "system", None),
        ("GET", "/elsewhere", json!(null), 404, "system", None),
        ("GET", "/api/v1/workspaces/77", json!(null), 404, "system", None),
        ("GET", "/api/v1/stories?nonsense=1", json!(null), 400, "system", None),
        ("GET", "/api/v1/stories?include=nonsense", json!(null), 400, "system", None),
        ("GET", "/api/v1/external_references", json!(null), 400, "system", None),
        ("POST", "/api/v1/workspaces", json!({"workspace": {"title": "A"}}), 422, "validation", Some("creator_role")),
        (
            "POST",
            "/api/v1/workspaces",
            json!({"workspace": {"creator_role": "maven"}}),
            422,
            "validation",
            Some("title"),
        ),
        (
            "POST",
            "/api/v1/workspaces",
            json!({"workspace": {"title": "A", "creator_role": "maven", "colour": 1}}),
            400,
            "system",
            None,
        ),
        (
            "POST",
            "/api/v1/workspaces",
            json!({"workspace": {"title": "A", "creator_role": "maven", "status_key": 999}}),
            422,
            "validation",
            Some("status_key"),
        ),
        (
            "POST",
            "/api/v1/workspace_groups",
            json!({"workspace_group": {"name": "HELIX"}}),
            422,
            "validation",
            Some("name"),
        ),
        (
            "POST",
            "/api/v1/stories",
            json!({"story": {"title": "A", "workspace_id": 77}}),
            422,
            "validation",
            Some("workspace_id"),
        ),
        ("POST", "/api/v1/users", json!({"user": {}}), 404, "system", None),
        ("DELETE", "/api/v1/workspaces/77", json!(null), 404, "system", None),
    ];
    for (method, path, body, status, kind, field) in cases {
        let (answered, answer) = vendor.ask(method, path, body.clone()).await;
        let error = &answer["errors"][0];
        assert_eq!(
            (answered, error["type"].as_str(), error["field"].as_str()),
            (status, Some(kind), field),
            "{method} {path} {body}: {answer}"
        );
    }
    assert_eq!(vendor.send("GET", "/api/v1/users", "wrong", json!(null)).await.0, 401);
}

#[tokio::test]
async fn the_envelope_lists_ids_in_order_and_side_loads_only_what_was_asked_for() {
    let vendor = Vendor::new();
    let workspace = vendor.workspace().await;
    let stories: Vec<Value> = (0..250).map(|n| json!({"workspace_id": workspace, "title": format!("T{n}")})).collect();
    let (status, _) = vendor.ask("POST", "/api/v1/stories", json!({"stories": stories})).await;
    assert_eq!(status, 200);
    let (_, page) = vendor.ask("GET", "/api/v1/stories?per_page=500&page=2", json!(null)).await;
    assert_eq!(page["count"], 250);
    assert_eq!(page["results"].as_array().unwrap().len(), 50, "a page holds at most 200");
    assert_eq!(page["meta"], json!({"count": 250, "page_count": 2, "page_number": 2, "page_size": 200}));
    let first = page["results"][0]["id"].as_str().unwrap();
    assert!(page["stories"][first].get("workspace_id").is_none(), "associations are not shown unasked");
    let (_, page) = vendor.ask("GET", "/api/v1/stories?limit=2&offset=249&include=workspace", json!(null)).await;
    assert_eq!(page["results"].as_array().unwrap().len(), 1);
    let only = page["results"][0]["id"].as_str().unwrap();
    assert_eq!(page["stories"][only]["workspace_id"], json!(workspace));
    assert_eq!(page["workspaces"][&workspace]["title"], "A");
    let (status, _) = vendor.ask("POST", "/api/v1/stories", json!({"stories": vec![json!({}); 301]})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn one_reference_per_subject_and_service_name() {
    let vendor = Vendor::new();
    let workspace = vendor.workspace().await;
    let reference = |value: &str| {
        json!({"external_reference": {"subject_type": "Workspace", "subject_id": workspace, "service_name": "x",
            "service_model": "project", "service_model_ref": "1", "external_status": value}})
    };
    for value in ["a", "b"] {
        let (status, answer) =
            vendor.ask("POST", "/api/v1/external_references/create_or_update", reference(value)).await;
        assert_eq!(status, 200, "{answer}");
    }
    let path = "/api/v1/external_references?subject_type=Workspace&service_name=x&service_model_ref=1&include=subject";
    let (_, answer) = vendor.ask("GET", path, json!(null)).await;
    assert_eq!(answer["count"], 1);
    let id = answer["results"][0]["id"].as_str().unwrap();
    assert_eq!(answer["external_references"][id]["external_status"], "b");
    assert_eq!(answer["external_references"][id]["subject_ref"], json!({"key": "workspaces", "id": workspace}));
    assert!(answer["workspaces"][&workspace].is_object());
}

#[tokio::test]
async fn creating_a_subject_twice_makes_two_subjects() {
    let vendor = Vendor::new();
    let body = json!({"workspace": {"title": "A", "creator_role": "maven",
        "external_reference": {"service_name": "x", "service_model": "project", "service_model_ref": "1"}}});
    for _ in 0..2 {
        assert_eq!(vendor.ask("POST", "/api/v1/workspaces", body.clone()).await.0, 200);
    }
    assert_eq!(vendor.kit.ledger.count("project"), 2);
    let path = "/api/v1/workspaces?external_reference_service_name=x&external_reference_service_model_refs=1,2";
    assert_eq!(vendor.ask("GET", path, json!(null)).await.1["count"], 2);
}

#[tokio::test]
async fn the_feed_is_unordered_repeats_itself_and_forgets_after_nine_days() {
    let vendor = Vendor::new();
    for number in 0..7 {
        vendor
            .ask("POST", "/api/v1/workspace_groups", json!({"workspace_group": {"name": format!("G{number}")}}))
            .await;
    }
    let read = async || {
        let (_, answer) = vendor
            .ask("GET", "/api/v1/subscribed_events?per_page=200&event_types=workspace_group:created", json!(null))
            .await;
        let rows = answer["results"].as_array().unwrap().clone();
        rows.iter().map(|row| row["id"].as_str().unwrap().parse::<u64>().unwrap()).collect::<Vec<_>>()
    };
    let ids = read().await;
    assert!(!ids.is_sorted(), "{ids:?}");
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((distinct.len(), ids.len()), (7, 8));
    vendor.kit.clock().advance_seconds(9 * 86_400 - 60);
    assert_eq!(read().await.len(), 8);
    vendor.kit.clock().advance_seconds(120);
    assert_eq!(read().await.len(), 0);
}

#[tokio::test]
async fn throttling_gives_no_retry_after_and_time_needs_an_open_project() {
    let vendor = Vendor::new();
    let workspace = vendor.workspace().await;
    vendor.kit.plug(
        serde_json::from_value(json!({"route": "/api/v1", "fault": "throttle", "retry_after_seconds": 9})).unwrap(),
    );
    let (status, headers, _) = vendor.send("GET", "/api/v1/users", simulator_kantata::TOKEN, json!(null)).await;
    assert_eq!((status, headers.get("retry-after")), (429, None));
    let entry =
        json!({"time_entry": {"workspace_id": workspace, "date_performed": "2026-03-02", "time_in_minutes": 60}});
    assert_eq!(vendor.ask("POST", "/api/v1/time_entries", entry.clone()).await.0, 200);
    let path = format!("/api/v1/workspaces/{workspace}");
    vendor.ask("PUT", &path, json!({"workspace": {"time_trackable": false}})).await;
    assert_eq!(vendor.ask("POST", "/api/v1/time_entries", entry).await.0, 422);
}

#[tokio::test]
async fn archived_and_deleted_records_hide_behind_default_filters() {
    let vendor = Vendor::new();
    let workspace = vendor.workspace().await;
    let (_, story) =
        vendor.ask("POST", "/api/v1/stories", json!({"story": {"workspace_id": workspace, "title": "T"}})).await;
    let story = story["results"][0]["id"].as_str().unwrap();
    assert_eq!(vendor.ask("DELETE", &format!("/api/v1/stories/{story}"), json!(null)).await.0, 204);
    for (path, count) in [("/api/v1/stories", 0), ("/api/v1/stories?show_deleted=true", 1)] {
        assert_eq!(vendor.ask("GET", path, json!(null)).await.1["count"], count, "{path}");
    }
    vendor.ask("PUT", &format!("/api/v1/workspaces/{workspace}"), json!({"workspace": {"archived": true}})).await;
    assert_eq!(vendor.ask("GET", &format!("/api/v1/workspaces/{workspace}"), json!(null)).await.0, 404);
    assert_eq!(
        vendor.ask("GET", &format!("/api/v1/workspaces?only={workspace}&archived=include"), json!(null)).await.1["count"],
        1
    );
}
