//! All pages.

use axum::Router;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::pages::{
    approvals, clock, conservation, deal, deals, exceptions, find, invoice, login, plugins, reconciliation, systems,
};
use crate::{ConsoleState, assets, headers, live, pages, session};

/// The pages under `/console`, and the way there from `/`.
pub fn router(state: ConsoleState) -> Router {
    let guarded = Router::new()
        .route("/console", get(deals::show))
        .route("/console/deals/{key}", get(deal::show))
        .route("/console/deals/{key}/billing-run", post(deal::run_billing))
        .route("/console/invoices/{number}", get(invoice::show))
        .route("/console/invoices/{number}/lines/{line}", get(invoice::line))
        .route("/console/invoices/{number}/export/{format}", get(invoice::export))
        .route("/console/invoices/{number}/evidence", get(invoice::evidence))
        .route("/console/conservation", get(conservation::show))
        .route("/console/conservation/{contract}", get(conservation::contract))
        .route("/console/approvals", get(approvals::list))
        .route("/console/approvals/{document}", get(approvals::show))
        .route("/console/approvals/{document}/approve", post(approvals::approve))
        .route("/console/approvals/{document}/reject", post(approvals::reject))
        .route("/console/reconciliation", get(reconciliation::show).post(reconciliation::ask))
        .route("/console/reconciliation/drifts/{id}/apply", post(reconciliation::apply))
        .route("/console/exceptions", get(exceptions::show))
        .route("/console/exceptions/retry", post(exceptions::retry_all))
        .route("/console/exceptions/{id}/retry", post(exceptions::retry))
        .route("/console/systems", get(systems::show))
        .route("/console/plugins", get(plugins::show))
        .route("/console/plugins/{plugin}/decide", post(plugins::decide))
        .route("/console/clock", post(clock::advance))
        .route("/console/find", get(find::find))
        .route("/console/stream", get(live::stream))
        .route_layer(middleware::from_fn_with_state(state.clone(), session::check));
    Router::new()
        .route("/", get(|| async { Redirect::to("/console") }))
        .route("/console/login", get(login::form).post(login::submit))
        .route("/console/logout", post(login::out))
        .route("/console/assets/{name}", get(assets::serve))
        .route("/console/{*rest}", get(pages::missing))
        .merge(guarded)
        .layer(middleware::map_response(headers::strict))
        .with_state(state)
}
