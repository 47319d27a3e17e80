//! The simulated account as a client sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicI64, Ordering};

use quoin_simulator::{Args, Running, start};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use simulator_netsuite::{DEFAULT_ACCOUNT, TokenSecrets, authorization, build};

struct Erp {
    running: Running,
    client: Client,
    nonce: AtomicI64,
}

struct Answer {
    status: u16,
    location: Option<String>,
    body: Value,
}

impl Answer {
    fn id(&self) -> String {
        self.location.as_deref().and_then(|url| url.rsplit('/').next()).expect("an answer with Location").to_owned()
    }

    fn code(&self) -> &str {
        self.body["o:errorDetails"][0]["o:errorCode"].as_str().unwrap_or("")
    }

    fn path(&self) -> &str {
        self.body["o:errorDetails"][0]["o:errorPath"].as_str().unwrap_or("")
    }
}

impl Erp {
    async fn open() -> Self {
        let running = start("netsuite", Args::default(), build).await.expect("the simulator starts");
        Self { running, client: Client::new(), nonce: AtomicI64::new(100_000) }
    }

    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.running.http);
        let nonce = self.nonce.fetch_add(1, Ordering::SeqCst).to_string();
        let now = quoin_simulator::Timestamp::now().as_second();
        let signed = authorization(method, &url, DEFAULT_ACCOUNT, &TokenSecrets::default(), now, &nonce);
        let mut request = self
            .client
            .request(Method::from_bytes(method.as_bytes()).expect("a method"), &url)
            .header("authorization", signed);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let location = answer.headers().get("location").map(|value| value.to_str().expect("text").to_owned());
        let text = answer.text().await.expect("a body");
        Answer { status, location, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    async fn write(&self, method: &str, record: &str, body: Value) -> Answer {
        self.call(method, &format!("/services/rest/record/v1/{record}"), &[], Some(body)).await
    }

    async fn read(&self, record: &str) -> Answer {
        self.call("GET", &format!("/services/rest/record/v1/{record}"), &[], None).await
    }

    async fn ask(&self, q: &str) -> Answer {
        self.call("POST", "/services/rest/query/v1/suiteql", &[("prefer", "transient")], Some(json!({"q": q}))).await
    }

    async fn sim(&self, path: &str, body: Value) -> (u16, Value) {
        let answer =
            self.client.post(format!("{}/_sim/{path}", self.running.http)).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn counts(&self) -> Value {
        let ledger: Value = self
            .client
            .get(format!("{}/_sim/ledger", self.running.http))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        ledger["counts"].clone()
    }

    async fn customer(&self) -> String {
        self.write(
            "POST",
            "customer",
            json!({"companyName": "Helix GmbH", "subsidiary": {"id": "2"}, "terms": {"id": "2"}}),
        )
        .await
        .id()
    }
}

fn line(amount: f64) -> Value {
    json!({"item": {"id": "101"}, "quantity": 1, "rate": amount, "amount": amount, "taxCode": {"id": "5"}})
}

fn invoice(customer: &str, lines: Vec<Value>) -> Value {
    json!({"entity": {"id": customer}, "tranDate": "2026-03-31", "item": {"items": lines}})
}

#[tokio::test]
async fn creating_answers_without_a_body_and_upserting_twice_makes_one() {
    let erp = Erp::open().await;
    let body = json!({"companyName": "Helix GmbH", "subsidiary": {"id": "2"}});
    let first = erp.write("PUT", "customer/eid:c-1", body.clone()).await;
    let second = erp.write("PUT", "customer/eid:c-1", body.clone()).await;
    assert_eq!((first.status, second.status, first.body), (204, 204, json!("")));
    assert_eq!(first.location, second.location);
    assert_eq!(erp.counts().await, json!({"customer": 1}));
    // A synchronous POST ignores the idempotency header.
    for _ in 0..2 {
        let headers = [("x-netsuite-idempotency-key", "k-1")];
        erp.call("POST", "/services/rest/record/v1/customer", &headers, Some(body.clone())).await;
    }
    assert_eq!(erp.counts().await, json!({"customer": 3}));
    let shown = erp.read("customer/eid:c-1").await.body;
    assert_eq!(
        (&shown["companyName"], &shown["subsidiary"]["refName"]),
        (&json!("Helix GmbH"), &json!("Advisory DE GmbH"))
    );
    let list = erp.read("customer?q=companyName%20START_WITH%20hel&limit=2").await.body;
    assert_eq!((&list["count"], &list["hasMore"], &list["totalResults"]), (&json!(2), &json!(true), &json!(3)));
    assert_eq!(list["items"][0].as_object().map(|row| row.len()), Some(2), "only links and ids in lists");
}

#[tokio::test]
async fn invoices_are_totalled_taxed_numbered_and_then_immutable() {
    let erp = Erp::open().await;
    let customer = erp.customer().await;
    let body = invoice(&customer, vec![line(11_700.0), line(11_100.0), line(36_000.0)]);
    let made = erp.write("PUT", "invoice/eid:i-1?replace=item", body.clone()).await;
    assert_eq!(made.status, 204, "{}", made.body);
    let shown = erp.read("invoice/eid:i-1?expandSubResources=true").await.body;
    for (field, value) in [
        ("tranId", json!("INV-0001")),
        ("subtotal", json!(58_800)),
        ("taxTotal", json!(11_172)),
        ("total", json!(69_972)),
        ("amountRemaining", json!(69_972)),
        ("dueDate", json!("2026-04-30")),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_eq!(shown["item"]["items"][2]["line"], json!(3));
    assert!(erp.read("invoice/eid:i-1").await.body["item"].get("items").is_none(), "lines only when expanded");
    // The same again changes nothing; anything else is refused.
    assert_eq!(erp.write("PUT", "invoice/eid:i-1?replace=item", body.clone()).await.status, 204);
    let added = erp.write("PUT", "invoice/eid:i-1", body).await;
    assert_eq!((added.status, added.code()), (400, "USER_ERROR"), "without replace the lines would be added");
    assert_eq!(erp.write("PATCH", "invoice/eid:i-1", json!({"memo": "paid soon"})).await.status, 204);
    assert_eq!(erp.call("DELETE", "/services/rest/record/v1/invoice/eid:i-1", &[], None).await.status, 400);
    assert_eq!(erp.counts().await, json!({"customer": 1, "invoice": 1, "invoice_update": 1}));
}

#[tokio::test]
async fn refusals_name_the_place() {
    let erp = Erp::open().await;
    let customer = erp.customer().await;
    erp.sim("act/close_period", json!({"through": "2026-02-28"})).await;
    let with = |change: Value| {
        let mut body = invoice(&customer, vec![line(100.0)]);
        for (path, value) in change.as_object().expect("an object") {
            *body.pointer_mut(path).unwrap_or(&mut Value::Null) = value.clone();
        }
        body
    };
    let unknown = {
        let mut body = with(json!({}));
        body["colour"] = json!("red");
        body
    };
    let cases = [
        (with(json!({"/item/items/0/taxCode": null})), "USER_ERROR", "item.items[0].taxCode"),
        (with(json!({"/item/items/0/taxCode": {"id": "99"}})), "INVALID_CONTENT", "item.items[0].taxCode"),
        (with(json!({"/item/items/0/item": {"id": "9999"}})), "INVALID_CONTENT", "item.items[0].item"),
        (with(json!({"/item/items/0/amount": 101})), "USER_ERROR", "item.items[0].amount"),
        (with(json!({"/item/items": []})), "USER_ERROR", "item"),
        (with(json!({"/entity": {"id": "77"}})), "INVALID_CONTENT", "entity"),
        (with(json!({"/tranDate": "2026-02-28"})), "USER_ERROR", "tranDate"),
        (with(json!({"/tranDate": "28.02.2026"})), "INVALID_CONTENT", "tranDate"),
        (unknown, "INVALID_CONTENT", "colour"),
    ];
    for (body, code, path) in cases {
        let answer = erp.write("POST", "invoice", body).await;
        assert_eq!((answer.status, answer.code(), answer.path()), (400, code, path), "{}", answer.body);
    }
    let headers = [("x-netsuite-propertynamevalidation", "Ignore")];
    let mut extra = invoice(&customer, vec![line(100.0)]);
    extra["colour"] = json!("red");
    let answer = erp.call("POST", "/services/rest/record/v1/invoice", &headers, Some(extra)).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    for (method, path, status, code) in [
        ("GET", "/services/rest/record/v1/invoice/999999", 404, "NONEXISTENT_ID"),
        ("GET", "/services/rest/record/v1/spaceship", 404, "NOT_FOUND"),
        ("GET", "/services/rest/nothing", 404, "NOT_FOUND"),
        ("PUT", "/services/rest/record/v1/customer/12", 400, "INVALID_CONTENT"),
        ("GET", "/services/rest/record/v1/customer?limit=10&offset=5", 400, "INVALID_PARAMETER"),
        ("POST", "/services/rest/query/v1/suiteql", 400, "INVALID_HEADER"),
    ] {
        let answer = erp.call(method, path, &[], (method != "GET").then(|| json!({"q": "SELECT id FROM job"}))).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{method} {path} {}", answer.body);
    }
}

#[tokio::test]
async fn credits_and_payments_open_and_close_an_invoice() {
    let erp = Erp::open().await;
    let customer = erp.customer().await;
    erp.write("PUT", "invoice/eid:i-1?replace=item", invoice(&customer, vec![line(58_800.0)])).await;
    let id = erp.read("invoice/eid:i-1").await.body["id"].as_str().expect("an id").to_owned();
    let (status, paid) =
        erp.sim("act/record_payment", json!({"invoice": "INV-0001", "amount": "40000.00", "date": "2026-04-20"})).await;
    assert_eq!((status, &paid["open"]), (200, &json!(29_972)), "{paid}");
    let credit = |amount: f64| {
        json!({
            "entity": {"id": customer}, "createdFrom": {"id": id}, "tranDate": "2026-04-22",
            "item": {"items": [line(amount)]}, "apply": {"items": [{"doc": {"id": id}, "apply": true}]},
        })
    };
    let memo = erp.write("PUT", "creditMemo/eid:m-1?replace=item,apply", credit(300.0)).await;
    assert_eq!(memo.status, 204, "{}", memo.body);
    assert_eq!(erp.read("invoice/eid:i-1").await.body["amountRemaining"], json!(29_615));
    let too_much = erp.write("POST", "creditMemo", credit(58_800.0)).await;
    assert_eq!((too_much.status, too_much.path()), (400, "createdFrom"), "{}", too_much.body);
    let (status, refused) =
        erp.sim("act/record_payment", json!({"invoice": "INV-0001", "amount": 30_000, "date": "2026-04-23"})).await;
    assert_ne!(status, 200, "{refused}");
    let rows = erp
        .ask(
            "SELECT p.tranid, l.foreignamount, TO_CHAR(p.trandate, 'YYYY-MM-DD') AS day FROM transaction p \
             JOIN nexttransactionlinelink l ON l.nextdoc = p.id WHERE l.previoustype = 'CustInvc' ORDER BY p.id",
        )
        .await;
    let rows: Vec<Value> = rows.body["items"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| json!([row["tranid"], row["foreignamount"], row["day"]]))
        .collect();
    assert_eq!(rows, [json!(["PYMT-0001", "40000", "2026-04-20"]), json!(["CM-0001", "357", "2026-04-22"])]);
    erp.sim("act/void_payment", json!({"payment": "PYMT-0001"})).await;
    assert_eq!(erp.read("invoice/eid:i-1").await.body["amountRemaining"], json!(69_615));
}

#[tokio::test]
async fn the_books_hold_cost_and_revenue_per_contract_line() {
    let erp = Erp::open().await;
    let customer = erp.customer().await;
    let job = json!({"entityId": "P-1", "companyName": "Helix", "parent": {"id": customer}});
    assert_eq!(erp.write("PUT", "job/eid:p-1", job).await.status, 204);
    let booked = json!({"project": "P-1", "line": "L2", "cost_to_date": 20_000, "revenue_to_date": 30_000, "as_of": "2026-03-31"});
    for _ in 0..2 {
        erp.sim("act/post_project_costs", booked.clone()).await;
    }
    let rows = erp
        .ask(
            "SELECT SUM(CASE WHEN a.accttype = 'COGS' THEN p.amount ELSE 0 END) AS cost, \
             SUM(CASE WHEN a.accttype = 'Income' THEN -p.amount ELSE 0 END) AS revenue, l.custcol_quoin_contract_line AS line \
             FROM transactionaccountingline p JOIN transactionline l ON l.transaction = p.transaction AND l.id = p.transactionline \
             JOIN account a ON a.id = p.account WHERE l.custcol_quoin_contract_line IS NOT NULL GROUP BY l.custcol_quoin_contract_line",
        )
        .await;
    let row = &rows.body["items"][0];
    assert_eq!(
        (&row["cost"], &row["revenue"], &row["line"]),
        (&json!("20000"), &json!("30000"), &json!("L2")),
        "{}",
        rows.body
    );
}

#[tokio::test]
async fn milestones_total_a_hundred_percent_and_projects_follow_their_customer() {
    let erp = Erp::open().await;
    let customer = erp.customer().await;
    let job = |subsidiary: &str| json!({"entityId": "P-1", "companyName": "Helix", "parent": {"id": customer}, "subsidiary": {"id": subsidiary}});
    assert_eq!(erp.write("POST", "job", job("3")).await.path(), "subsidiary");
    let made = erp.write("POST", "job", job("2")).await;
    assert_eq!(erp.write("POST", "job", job("2")).await.path(), "entityId", "project ids are unique");
    let schedule = |last: u32| {
        json!({
            "name": "L2", "scheduleType": {"id": "FBM"}, "project": {"id": made.id()},
            "milestone": {"items": [{"milestoneAmount": 30}, {"milestoneAmount": 50}, {"milestoneAmount": last}]},
        })
    };
    assert_eq!(erp.write("POST", "billingSchedule", schedule(25)).await.path(), "milestone");
    assert_eq!(erp.write("POST", "billingSchedule", schedule(20)).await.status, 204);
}

#[tokio::test]
async fn token_based_signatures_are_checked() {
    let erp = Erp::open().await;
    let url = format!("{}/services/rest/record/v1/customer?limit=2", erp.running.http);
    let now = quoin_simulator::Timestamp::now().as_second();
    let good = TokenSecrets::default();
    let bad = TokenSecrets { token_secret: "other".into(), ..TokenSecrets::default() };
    let cases = [
        (authorization("GET", &url, DEFAULT_ACCOUNT, &good, now, "nonce-1"), 200),
        (authorization("GET", &url, DEFAULT_ACCOUNT, &good, now, "nonce-1"), 401), // replayed
        (authorization("GET", &url, DEFAULT_ACCOUNT, &good, now - 3_600, "nonce-2"), 401),
        (authorization("GET", &url, "OTHER", &good, now, "nonce-3"), 401),
        (authorization("GET", &url, DEFAULT_ACCOUNT, &bad, now, "nonce-4"), 401),
        (authorization("POST", &url, DEFAULT_ACCOUNT, &good, now, "nonce-5"), 401),
        (authorization("GET", &url, DEFAULT_ACCOUNT, &good, now, "short"), 401),
        ("Bearer nothing".to_owned(), 401),
    ];
    for (header, status) in cases {
        let answer = erp.client.get(&url).header("authorization", &header).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{header}");
    }
    assert_eq!(erp.client.get(&url).send().await.expect("an answer").status().as_u16(), 401);
}

#[tokio::test]
async fn beyond_the_limit_requests_are_refused() {
    let erp = Erp::open().await;
    erp.sim("act/set_concurrency", json!({"limit": 2})).await;
    erp.sim(
        "faults",
        json!({"route": "GET /services/rest/record/v1/job", "fault": "delay", "delay_ms": 400, "times": 2}),
    )
    .await;
    let (a, b, c) = tokio::join!(erp.read("job"), erp.read("job"), async {
        // The two slow requests must be under way before the third one starts.
        while erp
            .client
            .get(format!("{}/_sim/requests", erp.running.http))
            .send()
            .await
            .expect("an answer")
            .json::<Value>()
            .await
            .expect("JSON")["total"]
            != json!(2)
        {
            tokio::task::yield_now().await;
        }
        erp.read("customer").await
    });
    assert_eq!((a.status, b.status, c.status, c.code()), (200, 200, 429, "CONCURRENCY_LIMIT_EXCEEDED"));
    assert_eq!(erp.read("customer").await.status, 200);
}
