//! The webhook door: size, proof, dedupe, durable envelope, answer, in that order.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use ports::{CallError, Commit, CommitError, Expect, Inbound, Op, Reply};
use process::{Cause, EventDraft, FaultKind};
use quoin_canonical::Id;
use serde_json::json;

use crate::{Doors, connection_key};

/// Largest header block passed to a plugin, as a count: real vendors send a few dozen.
const MAX_HEADERS: usize = 100;

/// The route `/hooks/{connection}`.
pub fn router(doors: Doors) -> Router {
    Router::new().route("/hooks/{connection}", any(receive)).with_state(doors)
}

/// Why a delivery was turned away.
enum Refusal {
    NoConnection(String),
    NoWebhooks(String),
    TooLarge { limit_bytes: u32 },
    TooManyHeaders,
    Unproven(String),
    Unreadable(String),
    Busy(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, detail) = match self {
            Refusal::NoConnection(id) => (
                StatusCode::NOT_FOUND,
                "NO_CONNECTION",
                format!("there is no connection '{id}'; check the address you call"),
            ),
            Refusal::NoWebhooks(id) => (
                StatusCode::NOT_FOUND,
                "NO_WEBHOOKS",
                format!("the connector of '{id}' takes no webhooks; it is polled"),
            ),
            Refusal::TooLarge { limit_bytes } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", format!("a delivery may hold at most {limit_bytes} bytes"))
            }
            Refusal::TooManyHeaders => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "TOO_MANY_HEADERS",
                format!("a delivery may carry at most {MAX_HEADERS} headers"),
            ),
            Refusal::Unproven(why) => (
                StatusCode::UNAUTHORIZED,
                "NOT_PROVEN",
                format!("the delivery is not proven: {why}; check the shared secret"),
            ),
            Refusal::Unreadable(why) => {
                (StatusCode::BAD_REQUEST, "UNREADABLE", format!("the delivery cannot be read: {why}"))
            }
            Refusal::Busy(why) => {
                (StatusCode::SERVICE_UNAVAILABLE, "TRY_AGAIN", format!("not stored, please deliver again: {why}"))
            }
        };
        let body = json!({"type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "code": code, "detail": detail});
        (status, [("content-type", "application/problem+json")], body.to_string()).into_response()
    }
}

async fn receive(
    State(doors): State<Doors>,
    Path(connection): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let info = doors.connectors.connection(&connection).ok_or_else(|| Refusal::NoConnection(connection.clone()))?;
    let contract = info.manifest.webhook.as_ref().ok_or_else(|| Refusal::NoWebhooks(connection.clone()))?;
    let inbound = read(&doors.public_url, contract.max_body_bytes, request).await?;
    let (method, url, body) = (inbound.method.clone(), inbound.url.clone(), inbound.body.clone());
    let reply = prove(&doors, &connection, inbound).await?;
    if !reply.touched.is_empty() {
        store(
            &doors,
            &connection,
            &reply,
            json!({"method": method, "url": url, "body": String::from_utf8_lossy(&body)}),
        )
        .await?;
    }
    answer(reply)
}

async fn read(public_url: &str, limit_bytes: u32, request: Request) -> Result<Inbound, Refusal> {
    let (parts, body) = request.into_parts();
    if parts.headers.len() > MAX_HEADERS {
        return Err(Refusal::TooManyHeaders);
    }
    let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
    let body = to_bytes(body, limit).await.map_err(|_| Refusal::TooLarge { limit_bytes })?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(Inbound {
        method: parts.method.as_str().to_owned(),
        url: format!("{}{path}", public_url.trim_end_matches('/')),
        headers: headers.collect(),
        body: body.to_vec(),
    })
}

async fn prove(doors: &Doors, connection: &str, inbound: Inbound) -> Result<Reply, Refusal> {
    let called = doors.connectors.handle(connection, inbound).await;
    called.result.map_err(|error| {
        tracing::warn!(connection, %error, "webhook refused");
        match error {
            CallError::Fault(fault) if matches!(fault.kind, FaultKind::Permission | FaultKind::AuthExpired) => {
                Refusal::Unproven(fault.message)
            }
            CallError::Fault(fault) if fault.kind == FaultKind::InvalidData => Refusal::Unreadable(fault.message),
            other => Refusal::Busy(other.to_string()),
        }
    })
}

/// Stores the envelope once per delivery id. A repeat is answered like the first and recorded by
/// nobody: the record it points at is read again anyway while the first is open.
async fn store(doors: &Doors, connection: &str, reply: &Reply, envelope: serde_json::Value) -> Result<(), Refusal> {
    let now = doors.clock.now();
    let id = match &reply.delivery {
        Some(delivery) => Id::derived(&["delivery", connection, delivery]),
        None => doors.ids.next(),
    };
    let body = json!({"envelope": envelope, "touched": reply.touched, "delivery": reply.delivery});
    let event = EventDraft {
        id,
        kind: "webhook.received".to_owned(),
        key: connection_key(connection),
        at: now,
        cause: Cause { connection: Some(connection.to_owned()), by: Some("webhook".to_owned()), ..Cause::default() },
        body,
    };
    let mut commit = Commit { expect: Vec::new(), ops: vec![Op::Append(event)] };
    if let Some(delivery) = &reply.delivery {
        let (connection, delivery) = (connection.to_owned(), delivery.clone());
        commit.expect.push(Expect::NewDelivery { connection: connection.clone(), delivery: delivery.clone() });
        commit.ops.push(Op::PutDelivery { connection, delivery, at: now });
    }
    match doors.ledger.commit(commit).await {
        Ok(_) | Err(CommitError::Precondition(Expect::NewDelivery { .. })) => Ok(()),
        Err(error) => Err(Refusal::Busy(error.to_string())),
    }
}

fn answer(reply: Reply) -> Result<Response, Refusal> {
    let status = StatusCode::from_u16(reply.status).map_err(|error| Refusal::Busy(error.to_string()))?;
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = status;
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}
