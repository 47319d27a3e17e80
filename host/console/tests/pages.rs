//! The pages on the acceptance scenario: fragments as snapshots, and what must hold for every page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../api/tests/sample/mod.rs"]
mod sample;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use console::ConsoleState;
use futures::StreamExt;
use ports::{Commit, Ledger, Op};
use process::Exception;
use sample::{ADMIN, House, OPERATOR, VIEWER};
use tower::ServiceExt;

const PAGES: [&str; 14] = [
    "/console",
    "/console/deals/Q-2026-0042",
    "/console/deals/Q-2026-0042?order=newest",
    "/console/deals/Q-2026-0057",
    "/console/invoices/INV-1001",
    "/console/invoices/INV-1001/lines/1",
    "/console/conservation",
    "/console/conservation/Q-2026-0042",
    "/console/reconciliation",
    "/console/approvals",
    "/console/exceptions?all=1",
    "/console/systems",
    "/console/plugins",
    "/console/login",
];

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn send(router: &Router, request: Request<Body>) -> Got {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Got { status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
}

fn request(method: &str, path: &str, token: &str, body: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("cookie", format!("quoin_token={token}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

async fn page(router: &Router, path: &str) -> String {
    let got = send(router, request("GET", path, ADMIN, "")).await;
    assert_eq!(got.status, StatusCode::OK, "{path}");
    got.body
}

async fn furnished() -> (House, Router) {
    let house = sample::furnished().await;
    let router = console::router(ConsoleState::new(house.api.clone(), false));
    (house, router)
}

/// The element with an id, with its content, one line per element that holds text.
fn fragment(html: &str, id: &str) -> String {
    let at = html.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no element '{id}'"));
    let start = html[..at].rfind('<').unwrap();
    let name: String = html[start + 1..].chars().take_while(char::is_ascii_alphanumeric).collect();
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let (mut depth, mut end) = (0, start);
    for (index, _) in html[start..].match_indices('<') {
        let rest = &html[start + index..];
        if rest.starts_with(&close) {
            depth -= 1;
        } else if rest.starts_with(&open) && !rest[open.len()..].starts_with(char::is_alphanumeric) {
            depth += 1;
        }
        if depth == 0 {
            end = start + index + close.len();
            break;
        }
    }
    let lines = html[start..end].lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn fragments_are_as_agreed() {
    let (_house, router) = furnished().await;
    let deals = page(&router, "/console").await;
    insta::assert_snapshot!("deals", fragment(&deals, "deals"));
    let deal = page(&router, "/console/deals/Q-2026-0042").await;
    insta::assert_snapshot!("hero", fragment(&deal, "hero"));
    insta::assert_snapshot!("books", fragment(&deal, "deal-books"));
    insta::assert_snapshot!("entry_gates", fragment(&deal, "e3"));
    insta::assert_snapshot!("entry_command", fragment(&deal, "e6"));
    let invoice = page(&router, "/console/invoices/INV-1001").await;
    insta::assert_snapshot!("paper", fragment(&invoice, "invoice"));
    assert!(invoice.contains("href=\"/console/invoices/INV-1001/lines/1\""), "a line leads to its explanation");
    let line = page(&router, "/console/invoices/INV-1001/lines/3").await;
    insta::assert_snapshot!("line", fragment(&line, "line"));
    let stopped = page(&router, "/console/deals/Q-2026-0057").await;
    insta::assert_snapshot!("exception", fragment(&stopped, "deal-exceptions"));
    let systems = page(&router, "/console/systems").await;
    insta::assert_snapshot!("systems", fragment(&systems, "connections"));
}

#[tokio::test]
async fn no_event_is_hidden() {
    let (house, router) = furnished().await;
    let html = page(&router, "/console/deals/Q-2026-0042").await;
    let events = house.ledger.events_of_key("Q-2026-0042", 0, 1_000).await;
    for event in &events {
        assert!(html.contains(&format!("id=\"e{}\"", event.seq)), "{} ({}) is hidden", event.kind, event.seq);
    }
    assert!(html.contains("Weather changed"), "a kind that nobody knows is told by its name");
}

#[tokio::test]
async fn pages_keep_their_own_policy() {
    let (_house, router) = furnished().await;
    for path in PAGES {
        let got = send(&router, request("GET", path, ADMIN, "")).await;
        let policy = got.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(!got.body.contains(" style=") && !got.body.contains("<style"), "{path} has an inline style");
        for tag in got.body.match_indices("<script").map(|(at, _)| &got.body[at..]) {
            assert!(tag.starts_with("<script type=\"module\" src=\"/console/assets/"), "{path} has an inline script");
        }
        assert!(!got.body.contains("http://") && !got.body.contains("https://"), "{path} reaches elsewhere");
    }
}

#[tokio::test]
async fn ids_are_unique_and_every_field_has_a_label() {
    let (_house, router) = furnished().await;
    for path in PAGES {
        let html = page(&router, path).await;
        let mut ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        ids.sort_unstable();
        let before = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), before, "{path} has an id twice");
        for input in html.split("<input ").skip(1).map(|rest| rest.split('>').next().unwrap()) {
            let id = input.split("id=\"").nth(1).and_then(|rest| rest.split('"').next());
            let labelled = input.contains("type=\"hidden\"")
                || input.contains("type=\"radio\"")
                || id.is_some_and(|id| html.contains(&format!("for=\"{id}\"")));
            assert!(labelled, "{path}: <input {input}> has no label");
        }
    }
}

#[tokio::test]
async fn text_from_outside_is_escaped() {
    let (house, router) = furnished().await;
    let mut exception = sample::story::exception("Q-2026-0057", "<script>alert('x')</script>");
    exception.customer = "\"><img src=x>".into();
    let ops = vec![ports::Op::PutException(exception)];
    house.ledger.commit(ports::Commit { expect: Vec::new(), ops }).await.unwrap();
    let html = page(&router, "/console/exceptions").await;
    assert!(!html.contains("<script>alert") && !html.contains("<img src=x>"), "{html}");
}

#[tokio::test]
async fn without_a_token_there_is_only_the_way_in() {
    let (_house, router) = furnished().await;
    for path in &PAGES[..8] {
        let got = send(&router, Request::get(*path).body(Body::empty()).unwrap()).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{path}");
        assert!(got.headers["location"].to_str().unwrap().starts_with("/console/login?next=%2Fconsole"), "{path}");
        assert!(!got.body.contains("Helix"), "{path} shows something");
    }
}

#[tokio::test]
async fn a_token_in_the_address_moves_into_the_cookie() {
    let (house, router) = furnished().await;
    let got =
        send(&router, Request::get(format!("/console/deals/Q-1?token={VIEWER}&page=2")).body(Body::empty()).unwrap())
            .await;
    assert_eq!(
        (got.status, got.headers["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/console/deals/Q-1?page=2")
    );
    let cookie = got.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"),
        "{cookie}"
    );
    let secure = console::router(ConsoleState::new(house.api.clone(), true));
    let form = format!("token={VIEWER}&next=https%3A%2F%2Fevil.example");
    let got = send(&secure, request("POST", "/console/login", "", &form)).await;
    assert!(got.headers["set-cookie"].to_str().unwrap().contains("; Secure"));
    assert_eq!(got.headers["location"], "/console", "nobody is sent to another host");
    let got = send(&router, request("POST", "/console/login", "", "token=guess")).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    assert!(got.headers.get("set-cookie").is_none() && got.body.contains("does not know that token"));
}

#[tokio::test]
async fn a_double_click_retries_once_and_a_viewer_cannot() {
    let (house, router) = furnished().await;
    let id = sample::cast::id("exception");
    let path = format!("/console/exceptions/{id}/retry");
    let viewer = send(&router, request("GET", "/console/exceptions", VIEWER, "")).await;
    assert!(viewer.body.contains("credit hold") && !viewer.body.contains("Retry this step"));
    let html = send(&router, request("GET", "/console/exceptions", OPERATOR, "")).await.body;
    let nonce = html.split("name=\"nonce\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("nonce={nonce}&back=%2Fconsole%2Fexceptions");
    assert_eq!(send(&router, request("POST", &path, VIEWER, &form)).await.status, StatusCode::FORBIDDEN);
    for _ in 0..2 {
        assert_eq!(send(&router, request("POST", &path, OPERATOR, &form)).await.status, StatusCode::SEE_OTHER);
    }
    let events = house.ledger.events_of_key("Q-2026-0057", 0, 100).await;
    assert_eq!(events.iter().filter(|event| event.kind == "exception.retry_requested").count(), 1);
}

#[tokio::test]
async fn what_failed_for_one_cause_is_retried_from_one_button() {
    let (house, router) = furnished().await;
    let one = send(&router, request("GET", "/console/exceptions", OPERATOR, "")).await.body;
    assert!(!one.contains("for the same cause"), "one is no crowd");
    let second = Exception {
        id: sample::cast::id("second"),
        instance: sample::cast::id("second-instance"),
        ..sample::story::exception("Q-2026-0058", "the customer is on credit hold")
    };
    let ops = vec![Op::PutException(second)];
    house.ledger.commit(Commit { expect: Vec::new(), ops }).await.unwrap();
    let viewer = send(&router, request("GET", "/console/exceptions", VIEWER, "")).await.body;
    assert!(!viewer.contains("for the same cause"));
    let html = send(&router, request("GET", "/console/exceptions", OPERATOR, "")).await.body;
    let form = html.split("action=\"/console/exceptions/retry\"").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(form.contains("Retry all 2"), "{form}");
    let value =
        |name: &str| form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap();
    let body = format!("nonce={}&code={}&step={}", value("nonce"), value("code"), value("step").replace('/', "%2F"));
    for _ in 0..2 {
        let got = send(&router, request("POST", "/console/exceptions/retry", OPERATOR, &body)).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.body);
    }
    for key in ["Q-2026-0057", "Q-2026-0058"] {
        let events = house.ledger.events_of_key(key, 0, 100).await;
        assert_eq!(events.iter().filter(|event| event.kind == "exception.retry_requested").count(), 1, "{key}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let (_house, router) = furnished().await;
    let mut foreign = request("POST", "/console/clock", ADMIN, "to=2027-01-01T00:00:00Z");
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(send(&router, foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_billing_run_starts_from_the_page() {
    let (house, router) = furnished().await;
    let html = page(&router, "/console/deals/Q-2026-0042").await;
    let form = fragment(&html, "billing-run");
    let nonce = form.split("name=\"nonce\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let body = format!("nonce={nonce}&as_of=2026-04-30");
    let got = send(&router, request("POST", "/console/deals/Q-2026-0042/billing-run", OPERATOR, &body)).await;
    assert_eq!(got.headers["location"], "/console/deals/Q%2D2026%2D0042");
    let events = house.ledger.events_of_key("Q-2026-0042", 0, 1_000).await;
    assert_eq!(events.last().unwrap().kind, "billing.run_requested");
    let bad =
        send(&router, request("POST", "/console/deals/Q-2026-0042/billing-run", OPERATOR, "nonce=n&as_of=soon")).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert!(bad.body.contains("write it as 2026-03-31"));
}

#[tokio::test]
async fn numbers_lead_to_their_pages() {
    let (_house, router) = furnished().await;
    for (number, location) in [
        ("INV-1001", "/console/invoices/INV%2D1001"),
        ("Q-2026-0042", "/console/deals/Q%2D2026%2D0042"),
        ("P-Q-2026-0042", "/console/deals/Q%2D2026%2D0042"),
    ] {
        let got = send(&router, request("GET", &format!("/console/find?number={number}"), VIEWER, "")).await;
        assert_eq!(got.headers["location"], location);
    }
    let got = send(&router, request("GET", "/console/find?number=nothing", VIEWER, "")).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_is_told_that_something_happened() {
    let (house, router) = furnished().await;
    let head = *house.ledger.head().borrow();
    let path = format!("/console/stream?key=Q-2026-0057&after={}", head - 1);
    let response = router.clone().oneshot(request("GET", &path, VIEWER, "")).await.unwrap();
    let mut body = response.into_body().into_data_stream();
    let sign = String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(
        sign.contains(&format!("id: {head}")) && !sign.contains("event:"),
        "unnamed, so that onmessage hears it: {sign}"
    );
    house.stop.send(true).unwrap();
    assert!(body.next().await.is_none());
}
