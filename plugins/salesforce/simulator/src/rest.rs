//! The REST API's routes.

use jiff::Timestamp;
use quoin_simulator::axum::body::Bytes;
use quoin_simulator::axum::extract::{Path, Query, Request, State};
use quoin_simulator::axum::http::{HeaderMap, StatusCode, header};
use quoin_simulator::axum::middleware::{Next, from_fn_with_state};
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::axum::routing::{get, patch, post};
use quoin_simulator::axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::errors::{unsupported_version, with_limit_info};
use crate::org::{ORGANIZATION_ID, stamp};
use crate::{ApiError, Sim, describe, oauth, query, soql, write};

/// Versions that answer: 31 and up live; 67 is the newest of 2026.
const VERSIONS: std::ops::RangeInclusive<u32> = 31..=67;

/// Rows of a query's page, unless `--option batch_size=…` or the client asks for fewer.
const BATCH_ROWS: usize = 2_000;

/// Records in one collection request.
const COLLECTION_ROWS: usize = 200;

pub(crate) fn router(sim: Sim) -> Router {
    let api = Router::new()
        .route("/{version}", get(resources))
        .route("/{version}/", get(resources))
        .route("/{version}/limits", get(limits))
        .route("/{version}/limits/", get(limits))
        .route("/{version}/sobjects", get(list_objects))
        .route("/{version}/query", get(run_query))
        .route("/{version}/query/", get(run_query))
        .route("/{version}/queryAll", get(run_query_all))
        .route("/{version}/queryAll/", get(run_query_all))
        .route("/{version}/query/{locator}", get(next_page))
        .route("/{version}/sobjects/{object}", post(create))
        .route("/{version}/sobjects/{object}/describe", get(describe_object))
        .route("/{version}/sobjects/{object}/describe/", get(describe_object))
        .route("/{version}/sobjects/{object}/deleted", get(deleted))
        .route("/{version}/sobjects/{object}/deleted/", get(deleted))
        .route("/{version}/sobjects/{object}/{id}", get(read).patch(update).delete(remove))
        .route("/{version}/sobjects/{object}/{field}/{value}", patch(upsert))
        .route("/{version}/composite/sobjects", patch(update_many))
        .route("/{version}/composite/sobjects/", patch(update_many))
        .route("/{version}/composite/sobjects/{object}/{field}", patch(upsert_many))
        .layer(from_fn_with_state(sim.clone(), gate));
    Router::new()
        .route("/services/oauth2/token", post(oauth::token))
        .route("/services/data", get(versions))
        .route("/services/data/", get(versions))
        .nest("/services/data", api)
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async || {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "HTTP Method not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE",
            )
        })
        .layer(from_fn_with_state(sim.clone(), limit_info))
        .with_state(sim)
}

async fn limit_info(State(sim): State<Sim>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    with_limit_info(&sim, response)
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Session, allowance, and version: in the order in which the vendor checks them.
async fn gate(
    State(sim): State<Sim>,
    Path(path): Path<Vec<(String, String)>>,
    request: Request,
    next: Next,
) -> Response {
    let token = bearer(request.headers()).unwrap_or_default();
    {
        let mut org = sim.org();
        if !org.token_is_good(token, sim.kit.now()) {
            return ApiError::session().into_response();
        }
        if !org.count_call() {
            let message = "TotalRequests Limit exceeded.";
            return ApiError::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", message).into_response();
        }
    }
    let version = path.iter().find(|(name, _)| name == "version").map(|(_, value)| value.as_str());
    if version.and_then(api_version).is_none() {
        return unsupported_version().into_response();
    }
    next.run(request).await
}

/// `v66.0` to `66.0`, when that version lives.
fn api_version(text: &str) -> Option<&str> {
    let version = text.strip_prefix('v')?;
    let major: u32 = version.strip_suffix(".0")?.parse().ok()?;
    VERSIONS.contains(&major).then_some(version)
}

async fn versions() -> Json<Value> {
    Json(VERSIONS.map(|v| json!({"label": format!("Version {v}"), "url": format!("/services/data/v{v}.0"), "version": format!("{v}.0")})).collect())
}

async fn resources(Path(version): Path<String>) -> Json<Value> {
    let at = |name: &str| format!("/services/data/{version}/{name}");
    Json(json!({
        "sobjects": at("sobjects"), "query": at("query"), "queryAll": at("queryAll"), "limits": at("limits"), "composite": at("composite"),
        "identity": format!("https://login.salesforce.com/id/{ORGANIZATION_ID}/005000000000001AAA"),
    }))
}

async fn limits(State(sim): State<Sim>) -> Json<Value> {
    let (used, limit) = sim.org().api_usage();
    Json(json!({"DailyApiRequests": {"Max": limit, "Remaining": limit - used}}))
}

async fn list_objects(State(sim): State<Sim>, Path(version): Path<String>) -> Json<Value> {
    let org = sim.org();
    let version = version.trim_start_matches('v');
    let objects: Vec<Value> = org.schema.objects().map(|object| describe::summary(object, version)).collect();
    Json(json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}))
}

async fn describe_object(
    State(sim): State<Sim>,
    Path((_, object)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let org = sim.org();
    let described = org.schema.object(&object).ok_or_else(ApiError::not_found)?;
    let changed =
        jiff::fmt::rfc2822::to_string(&org.schema_changed.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| moment(value.to_str().ok()?));
    if since.is_some_and(|since| org.schema_changed <= since) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(([(header::LAST_MODIFIED, changed)], Json(describe::object(described))).into_response())
}

/// An HTTP date.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.replace("GMT", "+0000");
    jiff::fmt::rfc2822::parse(&text).ok().map(|zoned| zoned.timestamp())
}

#[derive(Deserialize)]
struct Soql {
    #[serde(default)]
    q: String,
}

async fn run_query(
    sim: State<Sim>,
    path: Path<String>,
    q: Query<Soql>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    answer_query(&sim, &path, &q.q, &headers, false)
}

async fn run_query_all(
    sim: State<Sim>,
    path: Path<String>,
    q: Query<Soql>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    answer_query(&sim, &path, &q.q, &headers, true)
}

fn answer_query(sim: &Sim, version: &str, text: &str, headers: &HeaderMap, all: bool) -> Result<Json<Value>, ApiError> {
    let parsed = soql::parse(text)?;
    let mut org = sim.org();
    let mut rows = query::run(&org, &parsed, version.trim_start_matches('v'), all)?;
    let total = rows.len();
    let batch = batch_rows(sim, headers);
    if total <= batch {
        return Ok(Json(json!({"totalSize": total, "done": true, "records": rows})));
    }
    let first: Vec<Value> = rows[..batch].to_vec();
    let locator = org.open_cursor(std::mem::take(&mut rows));
    let next = format!("/services/data/{version}/query/{locator}-{batch}");
    Ok(Json(json!({"totalSize": total, "done": false, "nextRecordsUrl": next, "records": first})))
}

/// The option, or the client's wish between 200 and 2,000.
fn batch_rows(sim: &Sim, headers: &HeaderMap) -> usize {
    if let Some(rows) = sim.kit.option("batch_size").and_then(|text| text.parse().ok()) {
        return rows;
    }
    let wish = headers.get("sforce-query-options").and_then(|value| value.to_str().ok()?.split("batchSize=").nth(1));
    wish.and_then(|text| text.trim().parse::<usize>().ok()).map_or(BATCH_ROWS, |rows| rows.clamp(200, BATCH_ROWS))
}

async fn next_page(
    State(sim): State<Sim>,
    Path((version, locator)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let invalid = || ApiError::bad("INVALID_QUERY_LOCATOR", "invalid query locator");
    let (cursor, from) = locator.rsplit_once('-').ok_or_else(invalid)?;
    let from: usize = from.parse().map_err(|_| invalid())?;
    let batch = batch_rows(&sim, &headers);
    let org = sim.org();
    let rows = org.cursor(cursor).filter(|rows| from < rows.len()).ok_or_else(invalid)?;
    let to = (from + batch).min(rows.len());
    let mut page = json!({"totalSize": rows.len(), "done": to == rows.len(), "records": &rows[from..to]});
    if to < rows.len() {
        page["nextRecordsUrl"] = json!(format!("/services/data/{version}/query/{cursor}-{to}"));
    }
    Ok(Json(page))
}

fn json_body(body: &Bytes) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::bad(
            "JSON_PARSER_ERROR",
            format!("Unexpected character at [line:{}, column:{}]", error.line(), error.column()),
        )
    })
}

async fn create(
    State(sim): State<Sim>,
    Path((_, object)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let written = write::create(&sim.kit, &mut sim.org(), &object, &json_body(&body)?)?;
    let body = json!({"id": written.id, "success": true, "errors": []});
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn read(
    State(sim): State<Sim>,
    Path((version, object, id)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let org = sim.org();
    let object = org.schema.object(&object).ok_or_else(ApiError::not_found)?;
    let row = write::existing(&org, object.name, &id)?;
    let url = format!("/services/data/{version}/sobjects/{}/{}", object.name, row.id);
    let mut record = json!({"attributes": {"type": object.name, "url": url}});
    for (name, value) in &row.fields {
        record[name] = value.clone();
    }
    Ok(Json(record))
}

async fn update(
    State(sim): State<Sim>,
    Path((_, object, id)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let since = headers.get(header::IF_UNMODIFIED_SINCE).and_then(|value| moment(value.to_str().ok()?));
    write::update(&sim.kit, &mut sim.org(), &object, &id, &json_body(&body)?, since)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(sim): State<Sim>,
    Path((_, object, id)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let now = sim.kit.now();
    let mut org = sim.org();
    let (name, id) = {
        let name = org.schema.object(&object).ok_or_else(ApiError::not_found)?.name;
        (name, write::existing(&org, name, &id)?.id.clone())
    };
    org.delete(name, &id, now);
    Ok(StatusCode::NO_CONTENT)
}

async fn upsert(
    State(sim): State<Sim>,
    Path((version, object, field, value)): Path<(String, String, String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let body = json_body(&body)?;
    match write::upsert(&sim.kit, &mut sim.org(), &object, &field, &value, &body) {
        Ok(written) => {
            let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
            let body = json!({"id": written.id, "success": true, "errors": [], "created": written.created});
            Ok((status, Json(body)).into_response())
        }
        Err(Ok(several)) => {
            let urls: Vec<String> =
                several.iter().map(|id| format!("/services/data/{version}/sobjects/{object}/{id}")).collect();
            Ok((StatusCode::MULTIPLE_CHOICES, Json(json!(urls))).into_response())
        }
        Err(Err(error)) => Err(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collection {
    #[serde(default)]
    all_or_none: bool,
    records: Vec<Value>,
}

fn collection(body: &Bytes) -> Result<Collection, ApiError> {
    let collection: Collection = serde_json::from_value(json_body(body)?)
        .map_err(|error| ApiError::bad("JSON_PARSER_ERROR", error.to_string()))?;
    if collection.all_or_none {
        return Err(ApiError::bad("NOT_SUPPORTED_BY_SIMULATOR", "allOrNone=true is not simulated"));
    }
    if collection.records.len() > COLLECTION_ROWS {
        let message = format!("record limit reached. cannot submit more than {COLLECTION_ROWS} records into this call");
        return Err(ApiError::bad("EXCEEDED_ID_LIMIT", message));
    }
    Ok(collection)
}

async fn update_many(State(sim): State<Sim>, body: Bytes) -> Result<Json<Value>, ApiError> {
    let collection = collection(&body)?;
    let mut org = sim.org();
    let rows = collection.records.iter().map(|record| {
        let object = record["attributes"]["type"].as_str().unwrap_or_default();
        let id = record["id"].as_str().or_else(|| record["Id"].as_str()).unwrap_or_default();
        match write::update(&sim.kit, &mut org, object, id, record, None) {
            Ok(written) => json!({"id": written.id, "success": true, "errors": []}),
            Err(error) if error.code == "NOT_FOUND" => {
                ApiError::bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").row()
            }
            Err(error) => error.row(),
        }
    });
    Ok(Json(rows.collect()))
}

async fn upsert_many(
    State(sim): State<Sim>,
    Path((_, object, field)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let collection = collection(&body)?;
    let mut org = sim.org();
    let rows = collection.records.into_iter().map(|mut record| {
        let value = record.as_object_mut().and_then(|map| map.remove(&field));
        let Some(value) = value.as_ref().and_then(Value::as_str) else {
            return ApiError::bad("MISSING_ARGUMENT", format!("{field} not specified")).row();
        };
        match write::upsert(&sim.kit, &mut org, &object, &field, value, &record) {
            Ok(written) => json!({"id": written.id, "success": true, "errors": [], "created": written.created}),
            Err(Ok(several)) => ApiError::bad(
                "DUPLICATE_EXTERNAL_ID",
                format!("{field}: more than one record found for external id field: [{}]", several.join(", ")),
            )
            .row(),
            Err(Err(error)) => error.row(),
        }
    });
    Ok(Json(rows.collect()))
}

#[derive(Deserialize)]
struct Window {
    start: String,
    end: String,
}

async fn deleted(
    State(sim): State<Sim>,
    Path((_, object)): Path<(String, String)>,
    Query(window): Query<Window>,
) -> Result<Json<Value>, ApiError> {
    let invalid = |name: &str| ApiError::bad("INVALID_REPLICATION_DATE", format!("{name} is not a valid date"));
    let parse = |text: &str| text.replace("+0000", "Z").parse::<Timestamp>().ok();
    let start = parse(&window.start).ok_or_else(|| invalid("startDate"))?;
    let end = parse(&window.end).ok_or_else(|| invalid("endDate"))?;
    let org = sim.org();
    let name = org.schema.object(&object).ok_or_else(ApiError::not_found)?.name;
    let (first, last) = (stamp(start), stamp(end));
    let records: Vec<Value> = org
        .rows(name)
        .filter(|row| {
            row.deleted && row.text("SystemModstamp") >= first.as_str() && row.text("SystemModstamp") <= last.as_str()
        })
        .map(|row| json!({"id": row.id, "deletedDate": row.text("SystemModstamp")}))
        .collect();
    Ok(Json(
        json!({"deletedRecords": records, "earliestDateAvailable": stamp(Timestamp::UNIX_EPOCH), "latestDateCovered": last}),
    ))
}
