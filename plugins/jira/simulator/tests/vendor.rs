//! Jira's peculiarities over real HTTP, as its clients meet them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use quoin_simulator::axum::Router;
use quoin_simulator::axum::body::Bytes;
use quoin_simulator::axum::http::HeaderMap;
use quoin_simulator::axum::routing::post;
use quoin_simulator::{Args, Running, sign, start};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use simulator_jira::{TOKEN, USERNAME, build};

struct Site {
    running: Running,
    client: Client,
}

impl Site {
    async fn new(options: &[(&str, &str)]) -> Self {
        let options = options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let running = start("jira", Args { options, ..Args::default() }, build).await.unwrap();
        Self { running, client: Client::new() }
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (u16, HeaderMap, Value) {
        let method: Method = method.parse().unwrap();
        let request =
            self.client.request(method, format!("{}{path}", self.running.http)).basic_auth(USERNAME, Some(TOKEN));
        let answer = if body.is_null() { request } else { request.json(&body) }.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (status, _, answer) = self.send(method, &format!("/rest/api/3/{path}"), body).await;
        (status, answer)
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let (status, _, answer) = self.send("POST", &format!("/_sim/{path}"), body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn advance(&self, seconds: i64) {
        self.control("clock", json!({"advance_seconds": seconds})).await;
    }

    async fn counts(&self) -> Value {
        self.send("GET", "/_sim/ledger", Value::Null).await.2["counts"].clone()
    }

    async fn task(&self, line: &str) -> Value {
        let (status, answer) = self.ask("POST", "issue", issue(line)).await;
        assert_eq!(status, 201, "{answer}");
        answer
    }

    async fn feed(&self, name: &str, since: i64) -> Value {
        let (status, answer) =
            self.ask("GET", &format!("worklog/{name}?since={since}&expand=properties"), Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn search(&self, jql: &str) -> (u16, Value) {
        self.ask("POST", "search/jql", json!({"jql": jql})).await
    }
}

fn issue(line: &str) -> Value {
    json!({
        "fields": {"project": {"key": "ADV"}, "issuetype": {"name": "Task"}, "summary": format!("P-1 {line} Work"), "labels": [format!("quoin-{line}")]},
        "properties": [{"key": "quoin.task", "value": {"id": line, "contract_line": line, "project_code": "P-1", "code": format!("{line}.1")}}],
    })
}

fn entry(date: &str) -> Value {
    json!({"project_code": "P-1", "task": "L1", "email": "ana@advisory.example", "date": date, "minutes": 480,
        "billing_type": "chargeable", "approved_by": "lead@advisory.example"})
}

fn ids(feed: &Value) -> Vec<u64> {
    feed["values"].as_array().unwrap().iter().map(|row| row["worklogId"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn only_the_users_token_opens_the_door() {
    let site = Site::new(&[]).await;
    let url = format!("{}/rest/api/3/myself", site.running.http);
    for (user, token, status) in
        [(USERNAME, TOKEN, 200), (USERNAME, "wrong", 401), ("ana@advisory.example", TOKEN, 401)]
    {
        let answer = site.client.get(&url).basic_auth(user, Some(token)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{user} {token}");
    }
    assert_eq!(site.client.get(&url).send().await.unwrap().status().as_u16(), 401);
    assert_eq!(site.client.get(&url).bearer_auth(TOKEN).send().await.unwrap().status().as_u16(), 401);
    let (status, _, me) = site.send("GET", "/ex/jira/cloud-1/rest/api/3/myself", Value::Null).await;
    assert_eq!((status, me["emailAddress"].as_str()), (200, Some(USERNAME)));
    site.control("faults", json!({"route": "GET /rest/api/3/myself", "fault": "expire_token"})).await;
    assert_eq!(site.ask("GET", "myself", Value::Null).await.0, 401);
    assert_eq!(site.ask("GET", "project/ADV", Value::Null).await.0, 401, "the token stays expired");
    site.control("act/grant_token", json!({})).await;
    assert_eq!(site.ask("GET", "project/ADV", Value::Null).await.0, 200);
}

#[tokio::test]
async fn the_old_search_is_gone_and_refusals_have_jiras_shape() {
    let site = Site::new(&[]).await;
    for method in ["GET", "POST"] {
        let (status, answer) = site.ask(method, "search", Value::Null).await;
        assert_eq!(status, 410);
        assert!(answer["errorMessages"][0].as_str().unwrap().contains("CHANGE-2046"), "{answer}");
    }
    let key = site.task("L1").await["key"].as_str().unwrap().to_owned();
    let worklog = format!("issue/{key}/worklog");
    let with = |name: &str, value: Value| {
        let mut body = issue("L2");
        body["fields"][name] = value;
        body
    };
    let text = json!("plain text is no document");
    let cases = [
        ("POST", "issue", json!({"fields": {}}), 400, Some("summary")),
        ("POST", "issue", with("project", json!({"key": "NOPE"})), 400, Some("project")),
        ("POST", "issue", with("issuetype", json!({"name": "Nope"})), 400, Some("issuetype")),
        ("POST", "issue", with("summary", json!("a".repeat(256))), 400, Some("summary")),
        ("POST", "issue", with("summary", json!("a\nb")), 400, Some("summary")),
        ("POST", "issue", with("labels", json!(["a b"])), 400, Some("labels")),
        ("POST", "issue", with("description", text.clone()), 400, Some("description")),
        ("POST", "issue", with("customfield_1", json!(1)), 400, Some("customfield_1")),
        ("POST", "issue", json!({"nonsense": 1}), 400, None),
        ("GET", "issue/ADV-99", Value::Null, 404, None),
        ("GET", "project/NOPE", Value::Null, 404, None),
        ("GET", "nothing", Value::Null, 404, None),
        ("POST", &worklog, json!({"timeSpentSeconds": 60, "comment": text}), 400, Some("comment")),
        ("POST", &worklog, json!({"started": "2026-03-12T09:00:00.000+0100"}), 400, Some("timeLogged")),
        ("POST", &worklog, json!({"timeSpentSeconds": 60, "started": "2026-03-12T09:00:00+01:00"}), 400, None),
    ];
    for (method, path, body, status, field) in cases {
        let (answered, answer) = site.ask(method, path, body.clone()).await;
        let named = field.is_none_or(|field| answer["errors"][field].is_string());
        assert!(
            answered == status && named && answer["errorMessages"].is_array(),
            "{method} {path} {body}: {answered} {answer}"
        );
    }
    assert_eq!(site.counts().await, json!({"task": 1}));
}

#[tokio::test]
async fn issues_are_created_alone_and_in_bulk() {
    let site = Site::new(&[]).await;
    let created = site.task("L1").await;
    let (_, shown) = site.ask("GET", "issue/ADV-1?fields=summary,labels&properties=quoin.task", Value::Null).await;
    assert_eq!(shown["id"], created["id"]);
    assert_eq!(shown["fields"], json!({"summary": "P-1 L1 Work", "labels": ["quoin-L1"]}));
    assert_eq!(shown["properties"]["quoin.task"]["id"], "L1");
    let (status, bulk) = site.ask("POST", "issue/bulk", json!({"issueUpdates": [issue("L2"), {"fields": {}}]})).await;
    assert_eq!((status, bulk["issues"].as_array().unwrap().len()), (201, 1));
    assert_eq!(bulk["errors"][0]["failedElementNumber"], 1);
    assert_eq!(site.ask("POST", "issue/bulk", json!({"issueUpdates": [{"fields": {}}]})).await.0, 400);
    let edit = json!({"fields": {"summary": "New"}, "update": {"labels": [{"add": "more"}]}});
    assert_eq!(site.ask("PUT", "issue/ADV-1", edit).await.0, 204);
    let (_, shown) = site
        .ask("POST", "issue/bulkfetch", json!({"issueIdsOrKeys": ["ADV-1", "ADV-99"], "fields": ["summary", "labels"]}))
        .await;
    assert_eq!(shown["issues"].as_array().unwrap().len(), 1);
    assert_eq!(shown["issues"][0]["fields"], json!({"summary": "New", "labels": ["quoin-L1", "more"]}));
    for (path, status) in
        [("issue/ADV-1/properties/p", 201), ("issue/ADV-1/properties/p", 200), ("project/ADV/properties/p", 201)]
    {
        assert_eq!(site.ask("PUT", path, json!({"a": 1})).await.0, status);
        assert_eq!(site.ask("GET", path, Value::Null).await, (200, json!({"key": "p", "value": {"a": 1}})));
    }
    assert_eq!(site.ask("DELETE", "project/ADV/properties/p", Value::Null).await.0, 204);
    assert_eq!(site.ask("GET", "project/ADV/properties/p", Value::Null).await.0, 404);
    assert_eq!(site.counts().await, json!({"task": 2, "task_update": 1}));
}

#[tokio::test]
async fn the_search_gives_ids_pages_and_what_the_index_knows() {
    let site = Site::new(&[("index_lag_seconds", "30")]).await;
    let first = site.task("L1").await["id"].as_str().unwrap().to_owned();
    site.task("L2").await;
    let by_label = "project = ADV AND labels = \"quoin-L1\"";
    assert_eq!(site.search(by_label).await, (200, json!({"issues": [], "isLast": true})), "the index lags");
    let reconciled = json!({"jql": by_label, "reconcileIssues": [first.parse::<u64>().unwrap()]});
    assert_eq!(site.ask("POST", "search/jql", reconciled).await.1["issues"], json!([{"id": first}]));
    site.advance(31).await;
    let cases = [
        (by_label, 1),
        ("labels in (quoin-L1, 'quoin-L2')", 2),
        ("labels != quoin-L1", 1),
        ("key in (ADV-1, ADV-2) ORDER BY key ASC", 2),
        ("updated >= -5m", 2),
        ("updated >= \"2000-01-01 10:00\" AND summary ~ l2", 1),
        ("updated < 2000-01-01", 0),
    ];
    for (jql, count) in cases {
        let (status, answer) = site.search(jql).await;
        assert_eq!((status, answer["issues"].as_array().map(Vec::len)), (200, Some(count)), "{jql}: {answer}");
    }
    let refused = [
        "",
        "order by key",
        "issue.property[quoin.task].id = L1",
        "project = NOPE",
        "key = ADV-99",
        "updated >= soon",
        "labels = \"a",
        "labels ~ a",
    ];
    for jql in refused {
        let (status, answer) = site.search(jql).await;
        assert!(status == 400 && answer["errorMessages"][0].is_string(), "{jql}: {answer}");
    }
    let (_, page) = site
        .ask("GET", "search/jql?jql=project%3DADV%20order%20by%20key&maxResults=1&fields=labels", Value::Null)
        .await;
    assert_eq!(
        (page["isLast"].as_bool(), &page["issues"][0]["fields"]),
        (Some(false), &json!({"labels": ["quoin-L1"]}))
    );
    let next = json!({"jql": "project=ADV order by key", "maxResults": 1, "nextPageToken": page["nextPageToken"]});
    let (_, page) = site.ask("POST", "search/jql", next.clone()).await;
    assert_eq!(page["isLast"], true);
    site.advance(8 * 24 * 3600).await;
    assert_eq!(site.ask("POST", "search/jql", next).await.0, 400, "a page token lives seven days");
}

#[tokio::test]
async fn the_feeds_leave_out_the_last_minute() {
    let site = Site::new(&[]).await;
    let issue = site.task("L1").await["id"].as_str().unwrap().to_owned();
    let logged = site.control("act/log_work", entry("2026-03-12")).await["id"].as_str().unwrap().to_owned();
    let id: u64 = logged.parse().unwrap();
    site.advance(50).await;
    assert_eq!(ids(&site.feed("updated", 0).await), [0u64; 0]);
    site.advance(11).await;
    let feed = site.feed("updated", 0).await;
    assert_eq!((ids(&feed), feed["lastPage"].as_bool()), (vec![id], Some(true)));
    assert_eq!(feed["values"][0]["properties"][0]["value"]["status"], "approved");
    let seen = feed["until"].as_i64().unwrap();
    assert_eq!(ids(&site.feed("updated", seen).await), [0u64; 0], "strictly after");

    let (_, list) = site.ask("POST", "worklog/list?expand=properties", json!({"ids": [id, 1]})).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!((&list[0]["issueId"], &list[0]["timeSpent"]), (&json!(issue), &json!("1d")));
    assert_eq!(
        (&list[0]["started"], &list[0]["author"]["emailAddress"]),
        (&json!("2026-03-12T09:00:00.000+0100"), &json!("ana@advisory.example"))
    );
    assert_eq!(list[0]["properties"][0]["value"]["approved_by"], "lead@advisory.example");

    site.control("act/change_worklog", json!({"email": "ana@advisory.example", "date": "2026-03-12", "minutes": 360}))
        .await;
    site.advance(61).await;
    let feed = site.feed("updated", seen).await;
    assert_eq!(ids(&feed), [id], "a change comes again");
    let seen = feed["until"].as_i64().unwrap();
    site.ask("PUT", &format!("issue/{issue}/worklog/{id}/properties/note"), json!("x")).await;
    site.advance(61).await;
    assert_eq!(ids(&site.feed("updated", seen).await), [0u64; 0], "a property alone does not move the stamp");
    let (_, list) = site.ask("POST", "worklog/list", json!({"ids": [id]})).await;
    assert_eq!((&list[0]["timeSpentSeconds"], list[0].get("properties")), (&json!(21_600), None));

    site.control("act/delete_worklog", json!({"id": logged})).await;
    assert_eq!(ids(&site.feed("deleted", 0).await), [0u64; 0]);
    site.advance(61).await;
    assert_eq!(ids(&site.feed("deleted", 0).await), [id]);
    assert_eq!(ids(&site.feed("updated", 0).await), [0u64; 0]);
    assert_eq!(
        site.counts().await,
        json!({"task": 1, "time_entry": 1, "time_entry_delete": 1, "time_entry_update": 1})
    );
}

#[tokio::test]
async fn worklogs_are_written_over_rest() {
    let site = Site::new(&[]).await;
    site.task("L1").await;
    let body = json!({"started": "2026-07-01T09:00:00.000+0000", "timeSpent": "1h 30m", "properties": [{"key": "quoin.approval", "value": {"status": "submitted"}}]});
    let (status, made) = site.ask("POST", "issue/ADV-1/worklog?notifyUsers=false", body).await;
    assert_eq!(
        (status, &made["timeSpentSeconds"], &made["started"]),
        (201, &json!(5_400), &json!("2026-07-01T11:00:00.000+0200"))
    );
    let path = format!("issue/ADV-1/worklog/{}", made["id"].as_str().unwrap());
    let (status, changed) = site.ask("PUT", &path, json!({"timeSpentSeconds": 3_600})).await;
    assert_eq!((status, &changed["timeSpentSeconds"], &changed["started"]), (200, &json!(3_600), &made["started"]));
    let (_, approval) = site.ask("GET", &format!("{path}/properties/quoin.approval"), Value::Null).await;
    assert_eq!(approval["value"]["status"], "submitted");
    assert_eq!(site.ask("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(site.ask("GET", &path, Value::Null).await.0, 404);
    let too_many: Vec<u64> = (0..1_001).collect();
    assert_eq!(site.ask("POST", "worklog/list", json!({"ids": too_many})).await.0, 400);
}

#[tokio::test]
async fn a_batch_of_thousands_comes_in_pages_of_a_thousand() {
    let site = Site::new(&[]).await;
    site.task("L1").await;
    let entries: Vec<Value> = (0..3_500).map(|_| entry("2026-03-12")).collect();
    assert_eq!(site.control("act/log_work_batch", json!({"entries": entries})).await["count"], 3_500);
    let mut bad = entry("2026-03-13");
    bad["task"] = "L9".into();
    let (status, _, _) =
        site.send("POST", "/_sim/act/log_work_batch", json!({"entries": [entry("2026-03-13"), bad]})).await;
    assert_eq!(status, 400, "all or nothing");
    site.advance(61).await;
    let (mut since, mut seen, mut sizes) = (0, std::collections::BTreeSet::new(), Vec::new());
    loop {
        let page = site.feed("updated", since).await;
        sizes.push(ids(&page).len());
        seen.extend(ids(&page));
        if page["lastPage"] == true {
            break;
        }
        assert!(page["nextPage"].as_str().unwrap().ends_with(&format!("since={}", page["until"])));
        // One millisecond back: rows of one moment may be on both sides of a page's end.
        since = page["until"].as_i64().unwrap() - 1;
    }
    assert_eq!((seen.len(), sizes[0]), (3_500, 1_000));
}

#[tokio::test]
async fn throttling_names_its_reason() {
    let site = Site::new(&[]).await;
    for reason in ["jira-burst-based", "jira-per-issue-on-write", "jira-quota-global-based", "jira-quota-tenant-based"]
    {
        site.control(
            "faults",
            json!({"route": "/rest", "fault": "throttle", "retry_after_seconds": 7, "detail": reason}),
        )
        .await;
        let (status, headers, _) = site.send("GET", "/rest/api/3/myself", Value::Null).await;
        let header =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        assert_eq!(
            (status, header("retry-after"), header("ratelimit-reason")),
            (429, "7".to_owned(), reason.to_owned())
        );
        assert_eq!(header("x-ratelimit-remaining"), "0");
    }
}

#[tokio::test]
async fn webhooks_are_signed_and_keep_their_identifier() {
    type Inbox = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;
    let inbox = Inbox::default();
    let seen = inbox.clone();
    // The first delivery is refused, so that there is something to retry.
    let receive = post(move |headers: HeaderMap, body: Bytes| async move {
        let mut seen = seen.lock().unwrap();
        seen.push((headers, body));
        if seen.len() == 1 { reqwest::StatusCode::SERVICE_UNAVAILABLE } else { reqwest::StatusCode::OK }
    });
    let receiver = start("receiver", Args::default(), |_| Router::new().route("/in", receive)).await.unwrap();
    let site = Site::new(&[]).await;
    site.task("L1").await;
    site.control(
        "act/register_webhook",
        json!({"url": format!("{}/in", receiver.http), "secret": "s3cret", "events": ["worklog_"]}),
    )
    .await;
    site.control("act/log_work", entry("2026-03-12")).await;
    site.control("act/webhook_deliveries", Value::Null).await;
    let log = site.control("act/retry_webhooks", Value::Null).await;
    assert_eq!(log["deliveries"].as_array().unwrap().len(), 2, "{log}");
    let inbox = inbox.lock().unwrap();
    let header = |at: usize, name: &str| inbox[at].0.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header(0, "x-atlassian-webhook-identifier"), header(1, "x-atlassian-webhook-identifier"));
    assert_eq!(
        (header(0, "x-atlassian-webhook-retry"), header(1, "x-atlassian-webhook-retry")),
        (None, Some("1".into()))
    );
    let mac = format!("sha256={}", sign::hmac_sha256_hex(b"s3cret", &inbox[0].1));
    assert_eq!(header(0, "x-hub-signature"), Some(mac));
    let body: Value = serde_json::from_slice(&inbox[0].1).unwrap();
    assert_eq!(
        (&body["webhookEvent"], &body["worklog"]["timeSpentSeconds"]),
        (&json!("worklog_created"), &json!(28_800))
    );
}
