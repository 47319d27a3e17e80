//! Stands between every client and the vendor's routes: logs, and applies the plugged-in faults.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::Value;

use crate::serve::Cut;
use crate::{Dialect, Fault, FaultSpec, Kit};

/// Largest request body taken: beyond any vendor's own limit in scope.
const MAX_REQUEST_BYTES: usize = 64 << 20;

/// Largest answer that is rewritten by a fault.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// Delay when a test plugs one in without saying how long.
const DEFAULT_DELAY_MS: u64 = 1_000;

/// The middleware.
pub(crate) async fn switchboard(State(kit): State<Kit>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let in_flight = InFlight::enter(&kit);
    let seq = kit.inner.log.open(kit.now(), &parts, &body, in_flight.count);
    let target = parts.uri.path_and_query().map_or(parts.uri.path(), |target| target.as_str());
    let spec = kit.inner.faults.take(parts.method.as_str(), target);
    let name = spec.as_ref().map(|spec| spec.fault.name());
    let answer = if spec.is_none() && in_flight.count > kit.concurrency_limit() {
        Answer::Whole(kit.current_dialect().throttled(&parts, &plain_throttle()))
    } else {
        perform(&kit, parts.clone(), body, spec, next).await
    };
    drop(in_flight);
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    match answer {
        Answer::Whole(response) => {
            kit.inner.log.close(seq, Some(response.status().as_u16()), name.as_deref(), micros);
            response
        }
        Answer::None => {
            kit.inner.log.close(seq, None, name.as_deref(), micros);
            cut(&parts)
        }
    }
}

enum Answer {
    Whole(Response),
    /// The connection is to be cut.
    None,
}

struct InFlight {
    kit: Kit,
    count: usize,
}

impl InFlight {
    fn enter(kit: &Kit) -> Self {
        let count = kit.inner.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        Self { kit: kit.clone(), count }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.kit.inner.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

fn plain_throttle() -> FaultSpec {
    FaultSpec {
        route: "*".into(),
        fault: Fault::Throttle,
        times: 1,
        after: 0,
        delay_ms: None,
        status: None,
        retry_after_seconds: None,
        field: None,
        to: None,
        detail: None,
        hits: 1,
    }
}

async fn perform(kit: &Kit, parts: Parts, body: Bytes, spec: Option<FaultSpec>, next: Next) -> Answer {
    let Some(spec) = spec else { return vendor(parts, body, next, None).await };
    let dialect = kit.current_dialect();
    if let Some(refusal) = refuse(&*dialect, &parts, &body, &spec) {
        return refusal;
    }
    let delay = Duration::from_millis(spec.delay_ms.unwrap_or(DEFAULT_DELAY_MS));
    match spec.fault {
        Fault::DropAnswerAfterCommit => {
            vendor(parts, body, next, None).await;
            Answer::None
        }
        Fault::ServerErrorAfterCommit => {
            vendor(parts.clone(), body, next, None).await;
            Answer::Whole(dialect.server_error(&parts, status_or(&spec, StatusCode::INTERNAL_SERVER_ERROR)))
        }
        Fault::Delay => vendor(parts, body, next, Some(delay)).await,
        Fault::DelayAnswer => {
            let answer = vendor(parts, body, next, None).await;
            tokio::time::sleep(delay).await;
            answer
        }
        _ => match vendor(parts, body, next, None).await {
            Answer::Whole(response) => Answer::Whole(rewrite(&*dialect, &spec, response).await),
            Answer::None => Answer::None,
        },
    }
}

/// Faults that keep the request from the vendor.
fn refuse(dialect: &dyn Dialect, parts: &Parts, body: &[u8], spec: &FaultSpec) -> Option<Answer> {
    let response = match &spec.fault {
        Fault::DropRequest => return Some(Answer::None),
        Fault::Throttle => dialect.throttled(parts, spec),
        Fault::ServerError => dialect.server_error(parts, status_or(spec, StatusCode::INTERNAL_SERVER_ERROR)),
        Fault::Html => {
            let page = Html(
                "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>",
            );
            (status_or(spec, StatusCode::BAD_GATEWAY), page).into_response()
        }
        Fault::ExpireToken => dialect.token_expired(parts),
        Fault::Forbidden => dialect.forbidden(parts),
        Fault::EchoCredential => echo(parts),
        Fault::VersionRetired => dialect.version_retired(parts),
        Fault::NewRequiredField => {
            let field = spec.field.as_deref().unwrap_or("New_Field");
            let sent: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
            if mentions(&sent, field) {
                return None;
            }
            dialect.required_field_missing(parts, field)
        }
        Fault::Own(name) => dialect.own_fault(name, parts, spec)?,
        _ => return None,
    };
    Some(Answer::Whole(response))
}

/// What a debugging proxy or a careless vendor answers.
fn echo(parts: &Parts) -> Response {
    let sent = parts.headers.iter().map(
        |(name, value)| serde_json::json!({"name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes())}),
    );
    let body = serde_json::json!({"error": "the credential was refused", "sent": sent.collect::<Vec<_>>()});
    (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response()
}

fn status_or(spec: &FaultSpec, default: StatusCode) -> StatusCode {
    spec.status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(default)
}

/// Runs the vendor's route in a task of its own: like a real server it carries on when the client
/// has gone.
async fn vendor(parts: Parts, body: Bytes, next: Next, delay: Option<Duration>) -> Answer {
    let request = Request::from_parts(parts, Body::from(body));
    let work = tokio::spawn(async move {
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        next.run(request).await
    });
    match work.await {
        Ok(response) => Answer::Whole(response),
        Err(_) => Answer::None,
    }
}

/// Faults that change the vendor's answer.
async fn rewrite(dialect: &dyn Dialect, spec: &FaultSpec, response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_ANSWER_BYTES).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if spec.fault == Fault::Truncate {
        head.headers.insert(header::CONTENT_LENGTH, body.len().into());
        let half = body.slice(..body.len() / 2);
        return Response::from_parts(head, broken_body(half));
    }
    let Ok(json) = serde_json::from_slice::<Value>(&body) else {
        return Response::from_parts(head, Body::from(body));
    };
    let field = spec.field.as_deref().unwrap_or_default();
    let changed = match &spec.fault {
        Fault::DuplicatePage => dialect.duplicate_rows(json),
        Fault::FieldRemoved => map_field(json, field, &|_, _| None),
        Fault::FieldRenamed => {
            let to = spec.to.clone().unwrap_or_else(|| format!("{field}_2"));
            map_field(json, field, &move |_, value| Some((to.clone(), value)))
        }
        Fault::FieldRetyped => map_field(json, field, &|name, value| Some((name.to_owned(), retyped(value)))),
        _ => json,
    };
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(changed.to_string()))
}

fn retyped(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::json!({"value": text}),
        other => Value::String(other.to_string()),
    }
}

type FieldChange<'a> = &'a dyn Fn(&str, Value) -> Option<(String, Value)>;

/// Applies a change to every member called `field`, at any depth.
fn map_field(json: Value, field: &str, change: FieldChange<'_>) -> Value {
    match json {
        Value::Array(items) => items.into_iter().map(|item| map_field(item, field, change)).collect(),
        Value::Object(map) => map
            .into_iter()
            .filter_map(|(name, value)| {
                if name == field { change(&name, value) } else { Some((name, map_field(value, field, change))) }
            })
            .collect(),
        other => other,
    }
}

fn mentions(json: &Value, field: &str) -> bool {
    match json {
        Value::Array(items) => items.iter().any(|item| mentions(item, field)),
        Value::Object(map) => map.iter().any(|(name, value)| name == field || mentions(value, field)),
        _ => false,
    }
}

/// Cuts the connection: what is written from here on fails, so the client gets no answer at all.
fn cut(parts: &Parts) -> Response {
    if let Some(cut) = parts.extensions.get::<Cut>() {
        cut.now();
    }
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// A body that ends in the middle, with the connection.
fn broken_body(half: Bytes) -> Body {
    let pieces = futures::stream::unfold(Some(half), async |half| match half {
        Some(half) => Some((Ok(half), None)),
        None => {
            // Lets the connection send the first half before the error ends it.
            tokio::task::yield_now().await;
            Some((Err(std::io::Error::other("truncated by the switchboard")), None))
        }
    });
    Body::from_stream(pieces)
}
