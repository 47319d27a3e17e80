//! Every route that the OpenAPI document names, as each role: a route without a row here fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod sample;

use api::guard::CASES;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use sample::{ADMIN, OPERATOR, VIEWER};
use tower::ServiceExt;

/// What a role gets: let through, or refused.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Gets {
    In,
    Out,
}
use Gets::{In, Out};

/// Method, route, a path to try, and what viewer, operator and admin get.
const TABLE: [(&str, &str, &str, [Gets; 3]); 40] = [
    ("get", "/api/v1/openapi.json", "/api/v1/openapi.json", [In, In, In]),
    ("get", "/api/v1/deals", "/api/v1/deals", [In, In, In]),
    ("get", "/api/v1/deals/{key}", "/api/v1/deals/Q-2026-0042", [In, In, In]),
    ("get", "/api/v1/timeline/{number}", "/api/v1/timeline/INV-1001", [In, In, In]),
    ("get", "/api/v1/events", "/api/v1/events", [In, In, In]),
    ("get", "/api/v1/events/stream", "/api/v1/events/stream", [In, In, In]),
    ("get", "/api/v1/invoices/{number}", "/api/v1/invoices/INV-1001", [In, In, In]),
    ("get", "/api/v1/invoices/{number}/explanation", "/api/v1/invoices/INV-1001/explanation?line=1", [In, In, In]),
    ("get", "/api/v1/invoices/{number}/export", "/api/v1/invoices/INV-1001/export?format=none", [In, In, In]),
    ("get", "/api/v1/invoices/{number}/evidence", "/api/v1/invoices/INV-1001/evidence", [In, In, In]),
    ("get", "/api/v1/conservation", "/api/v1/conservation", [In, In, In]),
    ("get", "/api/v1/conservation/{contract}", "/api/v1/conservation/Q-2026-0042", [In, In, In]),
    ("get", "/api/v1/conservation/{contract}/recount", "/api/v1/conservation/Q-2026-0042/recount", [In, In, In]),
    ("post", "/api/v1/reconciliations", "/api/v1/reconciliations", [Out, In, In]),
    ("get", "/api/v1/reconciliations", "/api/v1/reconciliations", [In, In, In]),
    ("get", "/api/v1/reconciliations/{run}", "/api/v1/reconciliations/none", [In, In, In]),
    ("post", "/api/v1/drifts/{id}/apply", "/api/v1/drifts/none/apply", [Out, In, In]),
    ("get", "/api/v1/exceptions", "/api/v1/exceptions", [In, In, In]),
    ("post", "/api/v1/exceptions/retry", "/api/v1/exceptions/retry", [Out, In, In]),
    ("post", "/api/v1/exceptions/{id}/retry", "/api/v1/exceptions/nothing/retry", [Out, In, In]),
    ("get", "/api/v1/approvals", "/api/v1/approvals", [In, In, In]),
    ("get", "/api/v1/approvals/{document}", "/api/v1/approvals/none", [In, In, In]),
    ("post", "/api/v1/approvals/{document}/approve", "/api/v1/approvals/none/approve", [Out, In, In]),
    ("post", "/api/v1/approvals/{document}/reject", "/api/v1/approvals/none/reject", [Out, In, In]),
    ("post", "/api/v1/contracts/{key}/requests", "/api/v1/contracts/Q-2026-0042/requests", [Out, In, In]),
    ("post", "/api/v1/billing-runs", "/api/v1/billing-runs", [Out, In, In]),
    ("get", "/api/v1/plugins", "/api/v1/plugins", [In, In, In]),
    ("post", "/api/v1/plugins", "/api/v1/plugins", [Out, Out, In]),
    ("get", "/api/v1/rollouts", "/api/v1/rollouts", [In, In, In]),
    ("get", "/api/v1/rollouts/{plugin}", "/api/v1/rollouts/none", [In, In, In]),
    ("post", "/api/v1/rollouts/{plugin}", "/api/v1/rollouts/none", [Out, Out, In]),
    ("post", "/api/v1/rollouts/{plugin}/recording", "/api/v1/rollouts/none/recording", [Out, Out, In]),
    ("get", "/api/v1/rollouts/{plugin}/shadow", "/api/v1/rollouts/none/shadow", [In, In, In]),
    ("post", "/api/v1/rollouts/{plugin}/shadow", "/api/v1/rollouts/none/shadow", [Out, Out, In]),
    ("get", "/api/v1/connections", "/api/v1/connections", [In, In, In]),
    ("post", "/api/v1/connections/{id}/check", "/api/v1/connections/erp-de/check", [Out, In, In]),
    ("post", "/api/v1/connections/{id}/discover", "/api/v1/connections/erp-de/discover", [Out, In, In]),
    ("get", "/api/v1/clock", "/api/v1/clock", [In, In, In]),
    ("post", "/api/v1/clock/advance", "/api/v1/clock/advance", [Out, Out, In]),
    ("get", "/api/v1/whoami", "/api/v1/whoami", [In, In, In]),
];

async fn call(router: &axum::Router, method: &str, path: &str, token: Option<&str>) -> StatusCode {
    let mut request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn every_route_of_the_document_is_guarded_as_tabled() {
    let router = api::router(sample::furnished().await.api);
    let document = serde_json::to_value(api::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut seen = 0;
    for (route, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let row = TABLE.iter().find(|row| row.0 == method && row.1 == route);
            let (_, _, path, gets) =
                row.unwrap_or_else(|| panic!("{method} {route} has no row in the authorization table"));
            seen += 1;
            for token in [None, Some("nobody's"), Some("")] {
                assert_eq!(
                    call(&router, method, path, token).await,
                    StatusCode::UNAUTHORIZED,
                    "{method} {route} with token {token:?}"
                );
            }
            for (token, gets) in [VIEWER, OPERATOR, ADMIN].into_iter().zip(gets) {
                let status = call(&router, method, path, Some(token)).await;
                let refused = status == StatusCode::FORBIDDEN;
                assert_eq!(refused, *gets == Out, "{method} {route} as {token}: {status}");
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {route} as {token}");
                assert!(!status.is_server_error(), "{method} {route} as {token}: {status}");
            }
        }
    }
    assert_eq!(seen, TABLE.len(), "a row of the table names a route that the document does not have");
    assert_eq!(CASES.len(), TABLE.len(), "a case of the guard has no row in the table");
}

#[tokio::test]
async fn what_machines_watch_needs_no_token() {
    let router = api::router(sample::empty().api);
    for path in ["/livez", "/readyz", "/version"] {
        assert_eq!(call(&router, "get", path, None).await, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn routes_that_are_not_there_are_problems_too() {
    let router = api::router(sample::empty().api);
    assert_eq!(call(&router, "get", "/api/v1/nonsense", Some(ADMIN)).await, StatusCode::NOT_FOUND);
    assert_eq!(call(&router, "delete", "/api/v1/deals", Some(ADMIN)).await, StatusCode::METHOD_NOT_ALLOWED);
}
