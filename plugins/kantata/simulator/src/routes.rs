//! The door: bearer token, paths with and without `.json`, one handler for all collections.

use std::sync::atomic::{AtomicU64, Ordering};

use quoin_simulator::Timestamp;
use quoin_simulator::axum::body::{Bytes, to_bytes};
use quoin_simulator::axum::extract::{Request, State};
use quoin_simulator::axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::axum::{Json, Router};
use serde_json::{Value, json};

use crate::account::{Account, At as _, Record};
use crate::events::Feed;
use crate::query::{self, Query};
use crate::refusal::{Answer, Refused};
use crate::schema::{Collection, collection};

/// Largest body taken: Kantata's bulk limits keep requests far below it.
const MAX_BODY_BYTES: usize = 8 << 20;

/// All of Kantata's routes.
pub fn router(account: Account) -> Router {
    Router::new().fallback(handle).with_state(account)
}

static REQUESTS: AtomicU64 = AtomicU64::new(0);

async fn handle(State(account): State<Account>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    let query = parts.uri.query().map(parse_query).unwrap_or_default();
    let answer = dispatch(&account, &parts.method, parts.uri.path(), &parts.headers, &query, &body);
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&format!("sim-{number:08x}")) {
        headers.insert("x-request-id", id);
    }
    if let Some(date) = http_date(account.kit.now()) {
        headers.insert(header::DATE, date);
    }
    response
}

/// The simulator's own time, so that a client can trust the header as the vendor's clock.
fn http_date(now: Timestamp) -> Option<HeaderValue> {
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    HeaderValue::from_str(&text).ok()
}

fn parse_query(text: &str) -> Query {
    let decode = |part: &str| {
        let mut bytes = Vec::with_capacity(part.len());
        let mut rest = part.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'+' => bytes.push(b' '),
                b'%' => {
                    let hex = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                    let text = std::str::from_utf8(&hex).unwrap_or("3F");
                    bytes.push(u8::from_str_radix(text, 16).unwrap_or(b'?'));
                }
                other => bytes.push(other),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn dispatch(
    account: &Account,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    query: &Query,
    body: &Bytes,
) -> Answer<Response> {
    let Some(path) = path.strip_prefix("/api/v1/") else { return Err(Refused::not_found()) };
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if !token.is_some_and(|token| account.lock().accepts(token.trim())) {
        return Err(Refused::unauthorized());
    }
    let path = path.trim_end_matches('/').trim_end_matches(".json");
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["users", "me"] => ok(query::show(&account.lock(), table("users")?, 1, query)?),
        ["subscribed_events"] if method == Method::GET => events(account, query),
        ["subscribed_events", "event_types"] => ok(json!({"event_types": Feed::types()})),
        ["external_references", "create_or_update"] if method == Method::POST => {
            let of = table("external_references")?;
            let fields = single(of, parse(body)?)?;
            let mut state = account.lock();
            let id = state.create_or_update_reference(fields)?;
            ok(query::written(&state, of, &[id], query)?)
        }
        [plural] => list_or_create(account, method, table(plural)?, query, body),
        [plural, id] => {
            one(account, method, table(plural)?, id.parse().map_err(|_| Refused::not_found())?, query, body)
        }
        _ => Err(Refused::not_found()),
    }
}

fn table(plural: &str) -> Answer<&'static Collection> {
    collection(plural).ok_or_else(Refused::not_found)
}

fn ok(value: Value) -> Answer<Response> {
    Ok(Json(value).into_response())
}

fn parse(body: &Bytes) -> Answer<Value> {
    serde_json::from_slice(body).map_err(|_| Refused::bad_request("The request body is not valid JSON"))
}

fn single(of: &Collection, mut body: Value) -> Answer<Record> {
    match body.get_mut(of.singular).map(Value::take) {
        Some(Value::Object(fields)) => Ok(fields),
        _ => Err(Refused::bad_request(format!("The request body must have an object '{}'", of.singular))),
    }
}

fn list_or_create(
    account: &Account,
    method: &Method,
    of: &'static Collection,
    query: &Query,
    body: &Bytes,
) -> Answer<Response> {
    let mut state = account.lock();
    match *method {
        Method::GET => ok(query::list(&state, of, query)?),
        Method::POST if !of.create.is_empty() => {
            let body = parse(body)?;
            let all = match body.get(of.plural).and_then(Value::as_array) {
                Some(rows) if of.bulk == 0 || rows.len() > of.bulk => {
                    return Err(Refused::bad_request(format!("At most {} objects can be created at once", of.bulk)));
                }
                Some(rows) => rows.iter().map(|row| row.as_object().cloned().unwrap_or_default()).collect(),
                None => vec![single(of, body)?],
            };
            let ids = state.create_all(of, all)?;
            ok(query::written(&state, of, &ids, query)?)
        }
        _ => Err(Refused::not_found()),
    }
}

fn one(
    account: &Account,
    method: &Method,
    of: &'static Collection,
    id: u64,
    query: &Query,
    body: &Bytes,
) -> Answer<Response> {
    let mut state = account.lock();
    match *method {
        Method::GET => ok(query::show(&state, of, id, query)?),
        Method::PUT if !of.update.is_empty() => {
            let id = state.update(of, id, single(of, parse(body)?)?)?;
            ok(query::written(&state, of, &[id], query)?)
        }
        Method::DELETE if of.removable => {
            state.remove(of, id)?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(Refused::not_found()),
    }
}

fn events(account: &Account, query: &Query) -> Answer<Response> {
    let moment = |name: &str| match query.get(name) {
        Some(text) => text
            .parse::<Timestamp>()
            .map(Some)
            .map_err(|_| Refused::bad_request(format!("{name} must be an ISO 8601 datetime"))),
        None => Ok(None),
    };
    let (after, before) = (moment("created_after")?, moment("created_before")?);
    let types: Vec<&str> = query.get("event_types").map(|types| types.split(',').collect()).unwrap_or_default();
    let rows = account.lock().feed.read(account.kit.now(), after, before, &types);
    let per_page = query.get("per_page").and_then(|text| text.parse::<usize>().ok()).unwrap_or(20).clamp(1, 200);
    let page = query.get("page").and_then(|text| text.parse::<usize>().ok()).unwrap_or(1).max(1);
    let shown: Vec<&Value> = rows.iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let results: Vec<Value> = shown.iter().map(|row| json!({"key": "subscribed_events", "id": row.at("id")})).collect();
    let map: serde_json::Map<String, Value> =
        shown.iter().map(|row| (row.at("id").as_str().unwrap_or_default().to_owned(), (*row).clone())).collect();
    let pages = rows.len().div_ceil(per_page);
    let meta = json!({"count": rows.len(), "page_count": pages, "page_number": page, "page_size": per_page});
    ok(json!({"count": rows.len(), "results": results, "subscribed_events": map, "meta": meta}))
}
