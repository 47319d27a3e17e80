//! All routes, with their description built from the same list.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Uri, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::handlers::{
    approvals, billing_runs, clock_advance, clock_show, connection_check, connections, conservation, contract_requests,
    deal, deals, events, events_stream, exception_retry, exceptions, health, invoice, invoice_explanation,
    invoice_files, openapi as description, plugin_load, plugins, reconciliations, rollouts, shadows, timeline, whoami,
};
use crate::{ApiState, Problem, guard};

/// Bytes of a JSON body at most: the largest request has two short fields.
pub const JSON_BODY_BYTES_MAX: usize = 64 << 10;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quoin",
        description = "What was sold, delivered, billed and paid, and what is stuck: read it, and ask for the few things a person may start. Amounts are decimal strings. Errors are problem details (RFC 9457). Lists are read by the page: follow `next`, or the `Link` header."
    ),
    tags(
        (name = "deals", description = "Deals and their timelines"),
        (name = "invoices", description = "Invoices and billing runs"),
        (name = "approvals", description = "Documents that wait for somebody's approval"),
        (name = "conservation", description = "Where every approved unit and every contracted amount is"),
        (name = "reconciliation", description = "What connected systems hold against what we hold"),
        (name = "exceptions", description = "What waits for a person"),
        (name = "events", description = "The log"),
        (name = "platform", description = "Plugins, connections, clock")
    )
)]
struct Document;

/// The whole surface: `/api/v1` under the guard, and the three routes for machines that watch.
pub fn router(state: ApiState) -> Router {
    let (routes, _) = routes().split_for_parts();
    let guarded = routes
        .route_layer(middleware::from_fn_with_state(state.clone(), guard::check))
        .layer(DefaultBodyLimit::max(JSON_BODY_BYTES_MAX));
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/version", get(health::version))
        .merge(guarded)
        .route("/api/{*rest}", axum::routing::any(no_such_route))
        .layer(middleware::map_response(never_cached))
        .with_state(state)
}

/// The OpenAPI document, as served.
pub fn openapi() -> utoipa::openapi::OpenApi {
    secured(routes().split_for_parts().1)
}

fn routes() -> OpenApiRouter<ApiState> {
    let uploads = DefaultBodyLimit::max(plugin_load::PLUGIN_UPLOAD_BYTES_MAX);
    let v1 = OpenApiRouter::new()
        .routes(routes!(deals::deals))
        .routes(routes!(deal::deal))
        .routes(routes!(timeline::timeline))
        .routes(routes!(events::events))
        .routes(routes!(events_stream::events_stream))
        .routes(routes!(invoice::invoice))
        .routes(routes!(invoice_explanation::invoice_explanation))
        .routes(routes!(invoice_files::export_invoice))
        .routes(routes!(invoice_files::invoice_evidence))
        .routes(routes!(conservation::conservation))
        .routes(routes!(conservation::contract_conservation))
        .routes(routes!(conservation::recount_conservation))
        .routes(routes!(reconciliations::start))
        .routes(routes!(reconciliations::list))
        .routes(routes!(reconciliations::show))
        .routes(routes!(reconciliations::apply))
        .routes(routes!(exceptions::exceptions))
        .routes(routes!(exception_retry::exception_retry))
        .routes(routes!(exception_retry::exceptions_retry))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::show))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::reject))
        .routes(routes!(contract_requests::contract_requests))
        .routes(routes!(billing_runs::billing_runs))
        .routes(routes!(plugins::plugins))
        .routes(routes!(plugin_load::plugin_load).layer(uploads))
        .routes(routes!(rollouts::list))
        .routes(routes!(rollouts::show))
        .routes(routes!(rollouts::decide))
        .routes(routes!(shadows::record))
        .routes(routes!(shadows::show))
        .routes(routes!(shadows::compare))
        .routes(routes!(connections::connections))
        .routes(routes!(connection_check::connection_check))
        .routes(routes!(connection_check::connection_discover))
        .routes(routes!(clock_show::clock_show))
        .routes(routes!(clock_advance::clock_advance))
        .routes(routes!(whoami::whoami))
        .routes(routes!(description::openapi));
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", v1)
}

/// Adds the bearer scheme to the whole document.
fn secured(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    document.components.get_or_insert_default().add_security_scheme("token", bearer);
    document.security = Some(vec![utoipa::openapi::security::SecurityRequirement::new("token", Vec::<String>::new())]);
    document
}

async fn no_such_route(uri: Uri) -> Problem {
    Problem::not_found("route", uri.path(), "GET /api/v1/openapi.json describes the routes")
}

/// Answers are of the moment and may be confidential: nobody between keeps them.
async fn never_cached(mut response: Response) -> Response {
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
