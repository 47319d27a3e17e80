//! The wire: record service, SuiteQL, token endpoint, metadata, governance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Form, Json, Router};
use quoin_simulator::Origin;
use serde_json::{Map, Value, json};

use crate::account::{Account, Record, Write};
use crate::auth::{TOKEN_PATH, clocks};
use crate::body::Strictness;
use crate::doc::Doc;
use crate::filter::Filter;
use crate::refusal::{Place, Refusal};
use crate::schema::{Kind, RecordType, record_type};
use crate::suiteql::{QueryError, run};
use crate::{Erp, catalog};

/// Rows of a page, at most and by default.
const MAX_PAGE: usize = 1_000;

/// Rows of a whole SuiteQL result, at most.
const MAX_QUERY_ROWS: usize = 100_000;

const RECORDS: &str = "/services/rest/record/v1";

type Shared = State<Arc<Erp>>;
type Parameters = Query<BTreeMap<String, String>>;

/// All routes.
pub fn router(erp: Arc<Erp>) -> Router {
    let guarded = Router::new()
        .route(&format!("{RECORDS}/metadata-catalog"), get(async |origin: Origin| Json(catalog::index(&origin.0))))
        .route(&format!("{RECORDS}/metadata-catalog/{{type}}"), get(metadata))
        .route(&format!("{RECORDS}/{{type}}"), any(collection))
        .route(&format!("{RECORDS}/{{type}}/{{id}}"), any(instance))
        .route("/services/rest/query/v1/suiteql", post(suiteql))
        .route("/services/rest/system/v1/governanceLimits", get(governance))
        .fallback(async |request: Request| no_such_resource(request.uri().path()))
        .layer(from_fn_with_state(erp.clone(), guard));
    Router::new().route(TOKEN_PATH, post(token)).fallback_service(guarded.with_state(erp.clone())).with_state(erp)
}

/// The answer to an address that does not exist.
pub fn no_such_resource(path: &str) -> Refusal {
    let detail = format!("Error while accessing a resource. The requested resource {path} was not found.");
    Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail).at(Place::Url(path.to_owned()))
}

async fn guard(State(erp): Shared, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if !erp.doors().admit(&parts, clocks(&erp.kit)) {
        return Refusal::login().into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

async fn token(State(erp): Shared, origin: Origin, Form(form): Form<Vec<(String, String)>>) -> Response {
    match erp.doors().token(&form, &origin.0, clocks(&erp.kit)) {
        Ok(token) => Json(token).into_response(),
        Err(refusal) => (StatusCode::BAD_REQUEST, Json(refusal)).into_response(),
    }
}

async fn governance(State(erp): Shared) -> Json<Value> {
    let limit = erp.concurrency.load(Ordering::SeqCst);
    Json(json!({"accountConcurrencyLimit": limit, "accountUnallocatedConcurrencyLimit": limit}))
}

fn kind_of(name: &str) -> Result<&'static RecordType, Refusal> {
    record_type(name).ok_or_else(|| {
        let detail = format!("Error while accessing a resource. Record type '{name}' does not exist.");
        Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail).at(Place::Url(format!("{RECORDS}/{name}")))
    })
}

fn not_allowed(method: &Method) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        format!("The method {method} is not allowed here."),
    )
}

async fn metadata(Path(name): Path<String>) -> Result<Response, Refusal> {
    let body = catalog::schema(kind_of(&name)?).to_string();
    Ok(([(header::CONTENT_TYPE, "application/schema+json")], body).into_response())
}

async fn collection(
    State(erp): Shared,
    method: Method,
    origin: Origin,
    headers: HeaderMap,
    Path(name): Path<String>,
    Query(query): Parameters,
    body: Bytes,
) -> Result<Response, Refusal> {
    let kind = kind_of(&name)?;
    match method {
        Method::GET => list(&erp, kind, &origin.0, &query),
        Method::POST => {
            let call = Call { erp: &erp, kind, origin: &origin.0, headers: &headers, query: &query };
            call.write(None, None, &body)
        }
        other => Err(not_allowed(&other)),
    }
}

async fn instance(
    State(erp): Shared,
    method: Method,
    origin: Origin,
    headers: HeaderMap,
    Path((name, id)): Path<(String, String)>,
    Query(query): Parameters,
    body: Bytes,
) -> Result<Response, Refusal> {
    let kind = kind_of(&name)?;
    let call = Call { erp: &erp, kind, origin: &origin.0, headers: &headers, query: &query };
    let external = id.strip_prefix("eid:");
    let found = {
        let account = erp.account();
        match external {
            Some(external) => account.by_external(kind.name, external).map(|record| record.id),
            None => id.parse().ok().and_then(|id| account.record(kind.name, id)).map(|record| record.id),
        }
    };
    let there = || found.ok_or_else(|| Refusal::no_record(&format!("{RECORDS}/{name}/{id}")));
    match method {
        Method::GET => call.show(there()?),
        Method::PATCH => call.write(Some(there()?), None, &body),
        Method::PUT if external.is_some() => call.write(found, external, &body),
        Method::PUT => Err(Refusal::content("Upsert needs an external ID: PUT .../eid:<externalId>.")),
        Method::DELETE => call.remove(there()?),
        other => Err(not_allowed(&other)),
    }
}

struct Call<'a> {
    erp: &'a Erp,
    kind: &'static RecordType,
    origin: &'a str,
    headers: &'a HeaderMap,
    query: &'a BTreeMap<String, String>,
}

impl Call<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Creates or changes, with the effect noted under the same lock. `X-NetSuite-Idempotency-Key`
    /// is not looked at: it works on asynchronous requests only.
    fn write(&self, id: Option<u64>, external_id: Option<&str>, body: &[u8]) -> Result<Response, Refusal> {
        if self.header("prefer").is_some_and(|prefer| prefer.contains("respond-async")) {
            let detail = "Asynchronous requests are not enabled in this account.";
            return Err(Refusal::user_error(detail).at(Place::Header("Prefer")));
        }
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| Refusal::content(format!("Invalid content in the request body: {error}")))?;
        let replace: Vec<String> = self
            .query
            .get("replace")
            .map(|names| names.split(',').map(|name| name.trim().to_owned()).collect())
            .unwrap_or_default();
        let strictness = Strictness::parse(self.header("x-netsuite-propertynamevalidation"))?;
        let write = Write { record_type: self.kind, id, external_id, body: &body, replace: &replace, strictness };
        let mut account = self.erp.account();
        let written = account.write(&write, self.erp.kit.now())?;
        if let Some(effect) = &written.effect
            && let Some(record) = account.record(self.kind.name, written.id)
        {
            note(self.erp, &account, effect, record);
        }
        drop(account);
        let location = format!("{}{RECORDS}/{}/{}", self.origin, self.kind.name, written.id);
        let mut response = (StatusCode::NO_CONTENT, [(header::LOCATION, location)]).into_response();
        if !written.warnings.is_empty() {
            let text = format!("199 - \"Unknown property names passed over: {}\"", written.warnings.join(", "));
            if let Ok(value) = text.parse() {
                response.headers_mut().insert(header::WARNING, value);
            }
        }
        Ok(response)
    }

    fn remove(&self, id: u64) -> Result<Response, Refusal> {
        let mut account = self.erp.account();
        let record = account.delete(self.kind, id)?;
        note(self.erp, &account, &format!("{}_deleted", self.kind.effect), &record);
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    fn show(&self, id: u64) -> Result<Response, Refusal> {
        let account = self.erp.account();
        let record = account.record(self.kind.name, id).ok_or_else(|| Refusal::no_record(&id.to_string()))?;
        let expand = self.query.get("expandSubResources").is_some_and(|value| value == "true");
        let own = format!("{}{RECORDS}/{}/{id}", self.origin, self.kind.name);
        let mut shown = Map::new();
        shown.insert("links".into(), json!([{"rel": "self", "href": own}]));
        shown.insert("id".into(), id.to_string().into());
        if let Some(external_id) = &record.external_id {
            shown.insert("externalId".into(), external_id.as_str().into());
        }
        shown.insert("createdDate".into(), seconds(record.created).into());
        shown.insert("lastModifiedDate".into(), seconds(record.modified).into());
        shown.extend(sublists(self.kind, account.shown(record), &own, expand));
        if let Some(names) = self.query.get("fields") {
            let wanted: Vec<&str> = names.split(',').collect();
            shown.retain(|name, _| name == "links" || wanted.contains(&name.as_str()));
        }
        Ok(Json(Value::Object(shown)).into_response())
    }
}

/// Notes an effect in the ledger. The caller holds the account's lock.
pub fn note(erp: &Erp, account: &Account, effect: &str, record: &Record) {
    let data = Value::Object(account.shown(record));
    erp.kit.ledger.commit(effect, &record.id.to_string(), record.external_id.as_deref(), data);
}

/// Stamps travel in whole seconds.
fn seconds(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Sublists are links unless the request expands them.
fn sublists(kind: &RecordType, fields: Doc, own: &str, expand: bool) -> Doc {
    let is_list = |name: &str| kind.fields.iter().any(|f| f.name == name && matches!(f.kind, Kind::Sublist(_)));
    fields
        .into_iter()
        .map(|(name, value)| {
            if !is_list(&name) {
                return (name, value);
            }
            let link = json!([{"rel": "self", "href": format!("{own}/{name}")}]);
            let items = value.get("items").cloned().unwrap_or_else(|| json!([]));
            let count = items.as_array().map_or(0, Vec::len);
            let list = if expand {
                json!({"links": link, "items": items, "totalResults": count, "count": count, "hasMore": false})
            } else {
                json!({"links": link})
            };
            (name, list)
        })
        .collect()
}

/// `limit` and `offset`, as the vendor checks them.
fn paging(query: &BTreeMap<String, String>) -> Result<(usize, usize), Refusal> {
    let number = |name: &'static str, default: usize| match query.get(name) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| bad_page(name)),
    };
    let (limit, offset) = (number("limit", MAX_PAGE)?, number("offset", 0)?);
    if limit == 0 || limit > MAX_PAGE {
        return Err(bad_page("limit"));
    }
    if offset % limit != 0 {
        return Err(bad_page("offset"));
    }
    Ok((limit, offset))
}

fn bad_page(name: &'static str) -> Refusal {
    let detail =
        "Invalid query parameter value. The limit lies between 1 and 1000, the offset is divisible by the limit.";
    Refusal::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER", detail).at(Place::Query(name))
}

/// A page of rows in the shape that lists and queries share.
fn page(rows: &[Value], limit: usize, offset: usize, url: &str) -> Value {
    let items: Vec<&Value> = rows.iter().skip(offset).take(limit).collect();
    let more = offset + items.len() < rows.len();
    let mut links = vec![json!({"rel": "self", "href": format!("{url}?limit={limit}&offset={offset}")})];
    if more {
        links.push(json!({"rel": "next", "href": format!("{url}?limit={limit}&offset={}", offset + limit)}));
    }
    json!({
        "links": links,
        "count": items.len(),
        "hasMore": more,
        "items": items,
        "offset": offset,
        "totalResults": rows.len(),
    })
}

fn list(
    erp: &Erp,
    kind: &'static RecordType,
    origin: &str,
    query: &BTreeMap<String, String>,
) -> Result<Response, Refusal> {
    let (limit, offset) = paging(query)?;
    let filter = query.get("q").map(|text| Filter::parse(text)).transpose()?;
    let account = erp.account();
    let mut rows = Vec::new();
    for record in account.records_of(kind.name) {
        if filter.as_ref().map_or(Ok(true), |filter| filter.fits(record, &account.shown(record)))? {
            let own = format!("{origin}{RECORDS}/{}/{}", kind.name, record.id);
            rows.push(json!({"links": [{"rel": "self", "href": own}], "id": record.id.to_string()}));
        }
    }
    Ok(Json(page(&rows, limit, offset, &format!("{origin}{RECORDS}/{}", kind.name))).into_response())
}

async fn suiteql(
    State(erp): Shared,
    origin: Origin,
    headers: HeaderMap,
    Query(query): Parameters,
    body: Bytes,
) -> Result<Response, Refusal> {
    let transient =
        headers.get("prefer").and_then(|value| value.to_str().ok()).is_some_and(|p| p.contains("transient"));
    if !transient {
        let detail = "Missing or invalid header. The required header Prefer has to have the value transient.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "INVALID_HEADER", detail).at(Place::Header("Prefer")));
    }
    let (limit, offset) = paging(&query)?;
    let body: Value = serde_json::from_slice(&body)
        .map_err(|error| Refusal::content(format!("Invalid content in the request body: {error}")))?;
    let Some(text) = body["q"].as_str() else {
        return Err(Refusal::content("The property q is missing in the request body.").at_path("q"));
    };
    let invalid =
        |QueryError(detail)| Refusal::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER", detail).at(Place::Query("q"));
    let found = run(text, &*erp.account(), erp.style).map_err(invalid)?;
    let rows: Vec<Value> = found
        .into_iter()
        .take(MAX_QUERY_ROWS)
        .map(|columns| {
            let mut row = Map::new();
            row.insert("links".into(), json!([]));
            row.extend(columns.into_iter().map(|(name, text)| (name, Value::String(text))));
            Value::Object(row)
        })
        .collect();
    Ok(Json(page(&rows, limit, offset, &format!("{}/services/rest/query/v1/suiteql", origin.0))).into_response())
}
