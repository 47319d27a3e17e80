//! What the routes answer, on the acceptance scenario.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod sample;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use futures::StreamExt;
use ports::{Commit, Ledger, Op};
use process::{Cause, EventDraft, Exception};
use quoin_canonical::Id;
use sample::{ADMIN, House, OPERATOR, VIEWER};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

async fn send(router: &Router, request: Request<Body>) -> Got {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
    Got { status, headers, body }
}

async fn get(router: &Router, path: &str) -> Got {
    let request = Request::get(path).header("authorization", format!("Bearer {VIEWER}"));
    send(router, request.body(Body::empty()).unwrap()).await
}

async fn post(router: &Router, path: &str, token: &str, key: Option<&str>, body: Value) -> Got {
    let mut request = Request::post(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    send(router, request.body(Body::from(body.to_string())).unwrap()).await
}

async fn furnished() -> (House, Router) {
    let house = sample::furnished().await;
    let router = api::router(house.api.clone());
    (house, router)
}

#[tokio::test]
async fn deals_come_by_the_page() {
    let (_house, router) = furnished().await;
    let first = get(&router, "/api/v1/deals?limit=1").await;
    assert_eq!(first.body["items"][0]["key"], "Q-2026-0042");
    assert_eq!(first.body["items"][0]["value"], json!({ "amount": "166400.00", "currency": "EUR" }));
    let next = first.body["next"].as_str().unwrap();
    assert_eq!(first.headers["link"], "</api/v1/deals?limit=1&cursor=Q%2D2026%2D0042>; rel=\"next\"");
    let second = get(&router, &format!("/api/v1/deals?limit=5&cursor={next}")).await;
    assert_eq!(second.body["items"][0]["key"], "Q-2026-0057");
    assert!(second.body["next"].is_null());
    assert_eq!(get(&router, "/api/v1/deals?limit=0").await.body["errors"][0]["pointer"], "?limit");
}

#[tokio::test]
async fn a_deal_has_its_money_and_its_stages() {
    let (_house, router) = furnished().await;
    let deal = get(&router, "/api/v1/deals/Q-2026-0042").await.body;
    let figure = |code: &str| {
        let figures = deal["figures"].as_array().unwrap();
        let found =
            figures.iter().find(|figure| figure["code"] == code).unwrap_or_else(|| panic!("no figure '{code}'"));
        assert!(!found["source"].as_str().unwrap().is_empty(), "{code} names no source");
        found["value"]["amount"].as_str().unwrap().parse::<quoin_canonical::Decimal>().unwrap()
    };
    for (code, amount) in [
        ("sold", "166400"),
        ("billed", "65200"),
        ("billed_gross", "77588"),
        ("paid", "40000"),
        ("open", "37588"),
        ("unbilled", "0"),
        ("over_cap", "0"),
    ] {
        assert_eq!(figure(code), amount.parse().unwrap(), "{code}");
    }
    let stages: Vec<(&str, &str)> = deal["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| (stage["code"].as_str().unwrap(), stage["state"].as_str().unwrap()))
        .collect();
    let done =
        ["sold", "checked", "shell", "billing_set_up", "active", "delivering", "invoiced"].map(|code| (code, "done"));
    assert_eq!(stages[..7], done);
    assert_eq!(stages[7], ("paid", "current"));
    assert_eq!(deal["hours"]["approved"], "140");
    assert_eq!(deal["hours"]["conserved"], true);
    let numbers: Vec<&Value> = deal["invoices"].as_array().unwrap().iter().map(|row| &row["number"]).collect();
    assert_eq!(numbers, ["INV-1001", "INV-1002"]);
    let revenue: Vec<(&Value, &Value)> = deal["revenue"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["contract_line"], &row["contract_liability"]["amount"]))
        .collect();
    assert_eq!(revenue[1].0, "L2");
    assert!(revenue[1].1.as_str().unwrap().starts_with("6000"), "{revenue:?}");
}

#[tokio::test]
async fn a_stopped_deal_is_blocked_where_it_stands() {
    let (_house, router) = furnished().await;
    let deal = get(&router, "/api/v1/deals/Q-2026-0057").await.body;
    assert_eq!(deal["stages"][1], json!({ "code": "checked", "label": "Checked", "state": "blocked" }));
    assert_eq!(deal["exceptions"][0]["owner"], "sales-operations");
}

#[tokio::test]
async fn a_timeline_is_found_by_quote_invoice_and_project_number() {
    let (_house, router) = furnished().await;
    let by_quote = get(&router, "/api/v1/timeline/Q-2026-0042?limit=500").await.body;
    for number in ["INV-1001", "P-Q-2026-0042"] {
        assert_eq!(get(&router, &format!("/api/v1/timeline/{number}?limit=500")).await.body, by_quote, "{number}");
    }
    let missing = get(&router, "/api/v1/timeline/Q-0").await;
    assert_eq!((missing.status, &missing.body["code"]), (StatusCode::NOT_FOUND, &json!("deal-not-found")));
    assert_eq!(missing.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_timeline_tells_every_event_in_words() {
    let (_house, router) = furnished().await;
    let items = get(&router, "/api/v1/timeline/Q-2026-0042?limit=500").await.body["items"].as_array().unwrap().clone();
    let seqs: Vec<u64> = items.iter().map(|item| item["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted());
    let told = |kind: &str| {
        let found = items.iter().find(|item| item["kind"] == kind).unwrap_or_else(|| panic!("{kind} is hidden"));
        found["summary"].as_str().unwrap().to_owned()
    };
    for (kind, summary) in [
        ("record.sighted", "Quote seen in crm-eu by webhook"),
        ("quote.accepted", "Quote Q-2026-0042 v3 accepted by Helix GmbH"),
        ("gates.checked", "7 of 7 gates passed"),
        ("billing.opened", "Billing account opened with 3 lines"),
        ("command.decided", "Decided to write customer to psa-eu"),
        ("command.done", "Customer created as C-311 in psa-eu"),
        (
            "command.retried",
            "Writing billing setup to erp-de will be tried again: five requests are already under way; this is the sixth",
        ),
        ("project.activated", "Project active: P-Q-2026-0042"),
        ("time.recorded", "Time of ana@advisory.example: 8 h on 2026-03-03, approved"),
        ("billing.time_recorded", "ana@advisory.example (Senior): 8 h on 2026-03-03 at 195, line L1"),
        ("billing.milestone_ready", "Milestone M1 accepted by J. Vogt, Helix: EUR 36,000.00 ready to invoice"),
        ("billing.invoice_drafted", "Invoice drafted: 58,800.00 net, 11,172.00 tax, EUR 69,972.00"),
        ("invoice.checked", "The document keeps every rule of EN 16931"),
        ("billing.invoice_posted", "INV-1001 booked as posted, EUR 69,972.00 open"),
        ("invoice.posted", "Invoice INV-1001 posted: EUR 69,972.00"),
        ("payment.received", "Payment of EUR 40,000.00 received"),
        ("billing.payment_applied", "Payment applied: EUR 40,000.00, EUR 29,972.00 still open"),
        ("weather.changed", "Weather changed"),
    ] {
        assert_eq!(told(kind), summary, "{kind}");
    }
    let done = items.iter().find(|item| item["kind"] == "command.done").unwrap();
    assert_eq!(done["calls"][1]["target"], "psa.example/api/accounts");
    assert_eq!(done["plugin"]["digest"], sample::digest("psa"));
}

#[tokio::test]
async fn an_invoice_explains_each_line() {
    let (_house, router) = furnished().await;
    let invoice = get(&router, "/api/v1/invoices/INV-1001").await.body;
    assert_eq!(invoice["status"], "partially_paid");
    assert_eq!(
        invoice["open"]["amount"].as_str().unwrap().parse::<quoin_canonical::Decimal>().unwrap(),
        "29972".parse().unwrap()
    );
    let whole = get(&router, "/api/v1/invoices/INV-1001/explanation").await.body;
    let explained = whole["explanation"]["lines"].as_array().unwrap();
    let lines = invoice["invoice"]["lines"].as_array().unwrap();
    assert_eq!(explained.len(), lines.len());
    for (line, explained) in lines.iter().zip(explained) {
        let parts = explained["parts"].as_array().unwrap();
        let net: quoin_canonical::Decimal =
            parts.iter().map(|part| part["net"].as_str().unwrap().parse::<quoin_canonical::Decimal>().unwrap()).sum();
        let billed: quoin_canonical::Decimal = line["net"]["amount"].as_str().unwrap().parse().unwrap();
        assert_eq!(net, billed, "line {} is not the sum of its parts", line["id"]);
        assert!(explained["missing"].is_null());
    }
    let one = get(&router, "/api/v1/invoices/INV-1001/explanation?line=1").await.body;
    assert_eq!(one["explanation"]["lines"].as_array().unwrap().as_slice(), &explained[..1]);
    let part = &one["explanation"]["lines"][0]["parts"][0];
    assert_eq!((&part["rate"]["level"], &part["rate"]["row_version"]), (&"contract_line_role".into(), &3.into()));
    assert_eq!(part["rate"]["row"], "contract_line:L1:role:Consultant");
    assert_eq!(part["approved"]["by"], "lead@advisory.example");
    let none = get(&router, "/api/v1/invoices/INV-1001/explanation?line=99").await;
    assert_eq!((none.status, none.body["code"].as_str().unwrap()), (StatusCode::NOT_FOUND, "line-not-found"));
}

#[tokio::test]
async fn events_are_filtered_and_read_on() {
    let (_house, router) = furnished().await;
    let billing = get(&router, "/api/v1/events?kind=billing.&limit=3").await;
    let items = billing.body["items"].as_array().unwrap();
    assert!(items.iter().all(|event| event["kind"].as_str().unwrap().starts_with("billing.")));
    let next = billing.body["next"].as_str().unwrap();
    assert_eq!(items[2]["seq"].to_string(), next);
    let rest = get(&router, &format!("/api/v1/events?kind=billing.&after={next}&limit=500")).await;
    assert!(rest.body["items"][0]["seq"].as_u64() > items[2]["seq"].as_u64());
    let one = get(&router, "/api/v1/events?key=Q-2026-0057&kind=exception.opened").await;
    assert_eq!(one.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_retry_is_recorded_once_per_key() {
    let (house, router) = furnished().await;
    let id = sample::cast::id("exception");
    let path = format!("/api/v1/exceptions/{id}/retry");
    assert_eq!(post(&router, &path, OPERATOR, None, json!({})).await.body["code"], "idempotency-key-missing");
    let first = post(&router, &path, OPERATOR, Some("k-1"), json!({})).await;
    assert_eq!(first.status, StatusCode::ACCEPTED);
    let again = post(&router, &path, OPERATOR, Some("k-1"), json!({})).await;
    assert_eq!(
        (again.status, &again.body, &again.headers["idempotent-replayed"]),
        (StatusCode::ACCEPTED, &first.body, &"true".parse().unwrap())
    );
    let events = house.ledger.events_of_key("Q-2026-0057", 0, 100).await;
    let asked: Vec<_> = events.iter().filter(|event| event.kind == "exception.retry_requested").collect();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].cause.by.as_deref(), Some("olaf"));
    assert_eq!(asked[0].body["instance"], sample::cast::id("stopped-instance").as_str());
    let other = post(
        &router,
        &format!("/api/v1/exceptions/{}/retry", sample::cast::id("none")),
        OPERATOR,
        Some("k-1"),
        json!({}),
    )
    .await;
    assert_eq!(other.body["code"], "idempotency-key-reused");
}

/// Puts further exceptions beside the one of the stopped deal: they hold processes of other deals at the same
/// step, two of a plugin and a connection hold none.
async fn more_exceptions(house: &House) {
    let of = |key: &str, instance: &str, id: &str| Exception {
        id: sample::cast::id(id),
        instance: sample::cast::id(instance),
        ..sample::story::exception(key, "the role was taken away")
    };
    let exceptions = [
        of("Q-2026-0058", "second-instance", "second"),
        of("Q-2026-0059", "third-instance", "third"),
        of("plugin/books", "of-a-plugin", "of-a-plugin"),
        of("~erp", "of-a-connection", "not-of-a-deal"),
    ];
    let ops = exceptions.into_iter().map(Op::PutException).collect();
    house.ledger.commit(Commit { expect: Vec::new(), ops }).await.unwrap();
}

#[tokio::test]
async fn everything_that_failed_for_one_cause_is_retried_once() {
    let (house, router) = furnished().await;
    more_exceptions(&house).await;
    let open = get(&router, "/api/v1/exceptions").await.body["items"].as_array().unwrap().clone();
    let retriable: Vec<&Value> = open.iter().filter(|one| one["retriable"] == true).collect();
    assert_eq!((open.len(), retriable.len()), (5, 3));
    let (code, step) = (&retriable[0]["code"], &retriable[0]["step"]);
    let path = "/api/v1/exceptions/retry";
    for cause in [json!({"code": "OTHER"}), json!({"code": code, "step": "elsewhere"})] {
        let got = post(&router, path, OPERATOR, Some("nothing"), cause).await;
        assert_eq!(
            (got.status, &got.body["code"]),
            (StatusCode::NOT_FOUND, &json!("no-exception-of-this-cause")),
            "{:?}",
            got.body
        );
    }
    for _ in 0..2 {
        let got = post(&router, path, OPERATOR, Some("k-all"), json!({"code": code, "step": step})).await;
        assert_eq!((got.status, &got.body["left"]), (StatusCode::ACCEPTED, &json!(0)));
        assert_eq!(got.body["retried"].as_array().unwrap().len(), 3);
    }
    for key in ["Q-2026-0057", "Q-2026-0058", "Q-2026-0059", "plugin/books", "~erp"] {
        let events = house.ledger.events_of_key(key, 0, 100).await;
        let asked: Vec<_> = events.iter().filter(|event| event.kind == "exception.retry_requested").collect();
        assert_eq!(asked.len(), usize::from(key.starts_with("Q-")), "{key}");
    }
    let connection = format!("/api/v1/exceptions/{}/retry", sample::cast::id("not-of-a-deal"));
    let refused = post(&router, &connection, OPERATOR, Some("k-one"), json!({})).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::CONFLICT, &json!("exception-resolves-itself")));
}

#[tokio::test]
async fn a_billing_run_asks_each_contract_once() {
    let (house, router) = furnished().await;
    let run = json!({ "as_of": "2026-04-30" });
    for _ in 0..3 {
        let got = post(&router, "/api/v1/billing-runs", OPERATOR, Some("april"), run.clone()).await;
        assert_eq!((got.status, &got.body["contracts"]), (StatusCode::ACCEPTED, &json!(["Q-2026-0042"])));
    }
    let events = house.ledger.events_of_key("Q-2026-0042", 0, 1_000).await;
    let asked = events
        .iter()
        .filter(|event| event.kind == "billing.run_requested" && event.body["as_of"] == "2026-04-30")
        .count();
    assert_eq!(asked, 1);
    let changed =
        post(&router, "/api/v1/billing-runs", OPERATOR, Some("april"), json!({ "as_of": "2026-05-31" })).await;
    assert_eq!(changed.body["code"], "idempotency-key-reused");
    let unknown =
        post(&router, "/api/v1/billing-runs", OPERATOR, Some("x"), json!({ "as_of": "2026-04-30", "contract": "Q-0" }))
            .await;
    assert_eq!(unknown.body["code"], "contract-not-found");
    let nonsense = post(&router, "/api/v1/billing-runs", OPERATOR, Some("y"), json!({ "as_of": "yesterday" })).await;
    assert_eq!(nonsense.body["code"], "invalid-request");
}

#[tokio::test]
async fn many_at_once_record_one_run() {
    let (house, router) = furnished().await;
    let calls = (0..16)
        .map(|_| post(&router, "/api/v1/billing-runs", OPERATOR, Some("same"), json!({ "as_of": "2026-04-30" })));
    for got in futures::future::join_all(calls).await {
        assert_eq!(got.status, StatusCode::ACCEPTED);
    }
    let events = house.ledger.events_of_key("Q-2026-0042", 0, 1_000).await;
    assert_eq!(events.iter().filter(|event| event.body["as_of"] == "2026-04-30").count(), 1);
}

fn upload(component: &[u8], manifest: &str) -> Request<Body> {
    let mut body = b"--b\r\nContent-Disposition: form-data; name=\"component\"; filename=\"c.wasm\"\r\n\r\n".to_vec();
    body.extend(component);
    body.extend(
        format!("\r\n--b\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\n{manifest}\r\n--b--\r\n").bytes(),
    );
    Request::post("/api/v1/plugins")
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("idempotency-key", "load-1")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn a_plugin_is_loaded_and_recorded() {
    let (house, router) = furnished().await;
    let manifest = "id = \"hours\"\nname = \"Hours\"\nversion = \"0.3.0\"\ncontract = \"1.0\"\ndescription = \"x\"\nlicense = \"MIT\"\n";
    let refused = send(&router, upload(b"not wasm", manifest)).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("plugin-refused")));
    let loaded = send(&router, upload(b"\0asm and so on", manifest)).await;
    assert_eq!((loaded.status, &loaded.body["version"]), (StatusCode::ACCEPTED, &json!("0.3.0")));
    assert_eq!(house.ledger.events_of_key("plugin/hours", 0, 10).await[0].kind, "plugin.loaded");
    let listed = get(&router, "/api/v1/plugins").await.body;
    assert!(listed["items"].as_array().unwrap().iter().any(|plugin| plugin["id"] == "hours"));
    let bare = post(&router, "/api/v1/plugins", ADMIN, Some("k"), json!({})).await;
    assert_eq!(bare.body["code"], "invalid-request");
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let (_house, router) = furnished().await;
    let long = json!({ "as_of": "x".repeat(100_000) });
    assert_eq!(
        post(&router, "/api/v1/billing-runs", OPERATOR, Some("k"), long).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn the_clock_only_goes_forward() {
    let (_house, router) = furnished().await;
    let to = |to: &str| json!({ "to": to });
    let set = post(&router, "/api/v1/clock/advance", ADMIN, None, to("2026-04-30T18:00:00Z")).await;
    assert_eq!(set.body["now"], "2026-04-30T18:00:00Z");
    let back = post(&router, "/api/v1/clock/advance", ADMIN, None, to("2026-01-01T00:00:00Z")).await;
    assert_eq!(back.body["now"], "2026-04-30T18:00:00Z");
}

#[tokio::test]
async fn the_stream_goes_on_from_the_last_event_id_and_ends_with_the_host() {
    let (house, router) = furnished().await;
    let head = *house.ledger.head().borrow();
    let request = Request::get("/api/v1/events/stream?key=Q-2026-0057")
        .header("authorization", format!("Bearer {VIEWER}"))
        .header("last-event-id", (head - 1).to_string())
        .body(Body::empty())
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let text = |bytes: axum::body::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let first = text(body.next().await.unwrap().unwrap());
    assert!(first.contains(&format!("id: {head}")) && first.contains("event: exception.opened"), "{first}");

    let draft = |key: &str, kind: &str| {
        Op::Append(EventDraft {
            id: Id::derived(&[key, kind]),
            kind: kind.into(),
            key: key.into(),
            at: house.api.clock.now(),
            cause: Cause::default(),
            body: json!({}),
        })
    };
    let ops = vec![draft("Q-2026-0042", "a.happened"), draft("Q-2026-0057", "b.happened")];
    house.ledger.commit(Commit { expect: Vec::new(), ops }).await.unwrap();
    let second = text(body.next().await.unwrap().unwrap());
    assert!(second.contains("event: b.happened"), "only the deal that was asked for: {second}");

    house.stop.send(true).unwrap();
    assert!(body.next().await.is_none(), "the stream ends when the host stops");
    assert_eq!(get(&router, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn readiness_names_what_is_missing() {
    let house = sample::empty();
    let router = api::router(house.api.clone());
    let told = get(&router, "/readyz?verbose").await.body;
    let version = format!("[i] version {}, contract 1.0\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(told, format!("[+] store ok\n{version}"));
    *house.ready.lock().unwrap() = Err("the journal is being replayed".into());
    let got = get(&router, "/readyz").await;
    assert_eq!(
        (got.status, got.body),
        (StatusCode::SERVICE_UNAVAILABLE, json!("[-] store: the journal is being replayed\n"))
    );
}

#[tokio::test]
async fn a_connection_is_asked_who_we_are_and_its_refusals_are_told() {
    let (_house, router) = furnished().await;
    let ask = |path: &'static str| {
        let router = router.clone();
        async move { post(&router, &format!("/api/v1/connections/{path}"), OPERATOR, None, json!({})).await }
    };
    let good = ask("erp-de/check").await;
    assert_eq!((good.status, &good.body["warnings"]), (StatusCode::OK, &json!(["no tax code for S:7"])));
    let table = [
        ("nowhere/check", StatusCode::NOT_FOUND, "connection-not-found", "connections lists them"),
        ("crm-eu/check", StatusCode::CONFLICT, "not-offered", "powers"),
        ("crm-eu/discover", StatusCode::BAD_GATEWAY, "connection-failed", "quoin secret set"),
    ];
    for (path, status, code, hint) in table {
        let got = ask(path).await;
        assert_eq!((got.status, &got.body["code"]), (status, &json!(code)), "{path}: {}", got.body);
        assert!(got.body["hint"].as_str().unwrap().contains(hint), "{path}: {}", got.body);
    }
}

#[tokio::test]
async fn the_document_is_served_as_built() {
    let (_house, router) = furnished().await;
    let served = get(&router, "/api/v1/openapi.json").await;
    assert_eq!(served.body, serde_json::to_value(api::openapi()).unwrap());
}
