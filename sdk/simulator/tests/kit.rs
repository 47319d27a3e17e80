//! The kit as a client and a test see it, over real connections.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use quoin_simulator::{Args, Kit, Origin, Refusal, Running, start};
use reqwest::Client;
use serde_json::{Value, json};

fn vendor(kit: Kit) -> Router {
    let acting = kit.clone();
    kit.action("rename", "{name}: renames the record", move |input| {
        let kit = acting.clone();
        async move {
            let name = input["name"].as_str().ok_or_else(|| Refusal::new("give 'name'"))?;
            kit.ledger.commit("customer_update", "1", None, json!({"name": name}));
            Ok(json!({"renamed": name}))
        }
    });
    let create = async |State(kit): State<Kit>, Json(body): Json<Value>| {
        kit.ledger.commit("customer", "1", body["key"].as_str(), body.clone());
        (StatusCode::CREATED, Json(json!({"id": 1})))
    };
    let list =
        async |origin: Origin| Json(json!({"rows": [{"id": 1, "name": "Ada"}], "next": format!("{}/next", origin.0)}));
    Router::new().route("/records", post(create).get(list)).route("/slow", get(async || "done")).with_state(kit)
}

async fn plug(running: &Running, fault: Value) {
    let answer = Client::new().post(format!("{}/_sim/faults", running.http)).json(&fault).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

async fn ledger(running: &Running) -> Value {
    Client::new().get(format!("{}/_sim/ledger", running.http)).send().await.unwrap().json().await.unwrap()
}

/// What a client sees of one fault, and what was committed by then.
async fn post_under(fault: Value) -> (Result<u16, String>, Value) {
    let running = start("acme", Args::default(), vendor).await.unwrap();
    plug(&running, fault).await;
    let answer = Client::new().post(format!("{}/records", running.http)).json(&json!({"key": "k1"})).send().await;
    let seen = match answer {
        Ok(answer) => {
            let status = answer.status().as_u16();
            answer.bytes().await.map(|_| status).map_err(|_| "broken body".to_owned())
        }
        Err(_) => Err("broken connection".to_owned()),
    };
    (seen, ledger(&running).await["counts"]["customer"].clone())
}

#[tokio::test]
async fn every_fault_breaks_what_it_says_and_commits_what_it_says() {
    let none = Value::Null;
    let cases = [
        ("drop_request", Err("broken connection".to_owned()), none.clone()),
        ("drop_answer_after_commit", Err("broken connection".to_owned()), json!(1)),
        ("truncate", Err("broken body".to_owned()), json!(1)),
        ("throttle", Ok(429), none.clone()),
        ("server_error", Ok(500), none.clone()),
        ("server_error_after_commit", Ok(500), json!(1)),
        ("html", Ok(502), none.clone()),
        ("expire_token", Ok(401), none.clone()),
        ("forbidden", Ok(403), none.clone()),
        ("version_retired", Ok(410), none.clone()),
        ("new_required_field", Ok(400), none.clone()),
        ("delay", Ok(201), json!(1)),
        ("delay_answer", Ok(201), json!(1)),
    ];
    for (fault, expected, committed) in cases {
        let spec = json!({"route": "POST /records", "fault": fault, "delay_ms": 1, "field": "region"});
        assert_eq!(post_under(spec).await, (expected, committed), "{fault}");
    }
}

#[tokio::test]
async fn answers_are_rewritten_at_any_depth() {
    let running = start("acme", Args::default(), vendor).await.unwrap();
    let row = |row: Value| json!([row]);
    let cases = [
        (json!({"fault": "field_removed", "field": "name"}), row(json!({"id": 1}))),
        (json!({"fault": "field_renamed", "field": "name", "to": "title"}), row(json!({"id": 1, "title": "Ada"}))),
        (json!({"fault": "field_retyped", "field": "id"}), row(json!({"id": "1", "name": "Ada"}))),
        (json!({"fault": "field_retyped", "field": "name"}), row(json!({"id": 1, "name": {"value": "Ada"}}))),
        (json!({"fault": "duplicate_page"}), json!([{"id": 1, "name": "Ada"}, {"id": 1, "name": "Ada"}])),
    ];
    for (mut fault, expected) in cases {
        fault["route"] = json!("GET /records");
        plug(&running, fault.clone()).await;
        let answer: Value =
            Client::new().get(format!("{}/records", running.http)).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["rows"], expected, "{fault}");
        assert_eq!(answer["next"], format!("{}/next", running.http));
    }
}

#[tokio::test]
async fn the_control_routes_explain_themselves() {
    let running = start("acme", Args::default(), vendor).await.unwrap();
    let client = Client::new();
    let url = |path: &str| format!("{}/_sim{path}", running.http);
    let cases = [
        ("/act/rename", json!({"name": "Eve"}), 200, "Eve"),
        ("/act/rename", json!({}), 400, "give 'name'"),
        ("/act/fly", json!({}), 404, "there are: rename"),
        ("/faults", json!({"route": "/x", "fault": "gremlins"}), 400, "no fault is called 'gremlins'"),
        ("/faults", json!({"route": "/x"}), 400, "missing field `fault`"),
        ("/clock", json!({}), 400, "give either"),
        ("/clock", json!({"now": "2026-03-02T10:15:00Z"}), 200, "2026-03-02T10:15:0"),
        ("/nowhere", json!({}), 404, "/_sim/ledger"),
    ];
    for (path, body, status, text) in cases {
        let answer = client.post(url(path)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let answer = answer.text().await.unwrap();
        assert!(answer.contains(text), "{path}: {answer}");
    }
    client.get(format!("{}/slow?x=1", running.http)).bearer_auth("s3cret").send().await.unwrap();
    let log: Value = client.get(url("/requests?path=/slow")).send().await.unwrap().json().await.unwrap();
    assert_eq!(log["requests"][0]["query"], "x=1");
    assert_eq!(log["requests"][0]["status"], 200);
    assert!(!log.to_string().contains("s3cret"), "{log}");

    client.post(url("/reset")).send().await.unwrap();
    assert_eq!(ledger(&running).await, json!({"effects": [], "counts": {}}));
}

#[tokio::test]
async fn https_is_trusted_by_a_client_that_knows_the_authority_alone() {
    let args = Args { https: Some(([127, 0, 0, 1], 0).into()), ..Args::default() };
    let running = start("acme", args, vendor).await.unwrap();
    let pem = std::fs::read(running.ca.as_ref().unwrap()).unwrap();
    let trusting = Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]).build().unwrap();
    let url = format!("{}/records", running.https.as_ref().unwrap());
    let answer: Value = trusting.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["next"], format!("{}/next", running.https.as_ref().unwrap()));
    assert!(Client::new().get(&url).send().await.is_err());
}
