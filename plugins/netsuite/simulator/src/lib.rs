//! A NetSuite account for tests: record service, SuiteQL, both ways of authentication, and the
//! rules by which an ERP refuses.
//!
//! Lives here: the vendor as it behaves towards a connector. Never enters: the connector, canonical
//! objects, anything of the host.
//!
//! Start with `README.md`; then `schema.rs` (what exists), `account.rs` (how it changes), `rules/`
//! (what is refused), `routes.rs` (the wire), `suiteql/` (queries), `acts.rs` (what people do).

mod account;
mod acts;
mod auth;
mod body;
mod catalog;
mod doc;
mod filter;
mod lists;
mod refusal;
mod routes;
mod rules;
mod schema;
pub mod suiteql;
mod tables;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use quoin_simulator::{Dialect, FaultSpec, Kit};

pub use auth::{DEFAULT_ACCOUNT, TokenSecrets, authorization};

use account::Account;
use auth::Doors;
use refusal::Refusal;
use suiteql::DateStyle;

/// Requests at once that an account on shared service may have, unless `--option concurrency` says
/// otherwise.
const DEFAULT_CONCURRENCY: usize = 5;

/// The simulated account and what surrounds it.
pub(crate) struct Erp {
    pub(crate) kit: Kit,
    pub(crate) style: DateStyle,
    pub(crate) concurrency: AtomicUsize,
    account: Mutex<Account>,
    doors: Mutex<Doors>,
}

impl Erp {
    /// The account, to read and change.
    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many requests at once are taken.
    pub(crate) fn allow_at_once(&self, requests: usize) {
        self.concurrency.store(requests, Ordering::SeqCst);
        self.kit.limit_concurrency(requests);
    }

    /// Who may call.
    pub(crate) fn doors(&self) -> MutexGuard<'_, Doors> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The vendor's routes on a kit.
pub fn build(kit: Kit) -> Router {
    let style = kit.option("date_format").and_then(DateStyle::parse).unwrap_or_default();
    let mut doors = Doors::new(&kit);
    let certificate = kit.option("certificate").and_then(|path| std::fs::read_to_string(path).ok());
    if let Some(Ok(key)) = certificate.map(|pem| auth::read_public_key(&pem)) {
        doors.register(kit.option("certificate_id").unwrap_or("sim-certificate"), key);
    }
    let erp = Arc::new(Erp {
        kit: kit.clone(),
        style,
        concurrency: AtomicUsize::new(0),
        account: Mutex::default(),
        doors: Mutex::new(doors),
    });
    let concurrency = kit.option("concurrency").and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_CONCURRENCY);
    erp.allow_at_once(concurrency);
    kit.dialect(Words(erp.clone()));
    let on_reset = erp.clone();
    kit.on_reset(move || {
        *on_reset.account() = Account::default();
        on_reset.allow_at_once(concurrency);
    });
    acts::offer(&erp);
    routes::router(erp)
}

/// The vendor's words for what the switchboard does.
struct Words(Arc<Erp>);

impl Dialect for Words {
    fn throttled(&self, _: &Parts, _: &FaultSpec) -> Response {
        Refusal::concurrency().into_response()
    }

    fn server_error(&self, _: &Parts, status: StatusCode) -> Response {
        let detail = "An unexpected error occurred. Error ID: simulated";
        Refusal::new(status, "UNEXPECTED_ERROR", detail).into_response()
    }

    fn token_expired(&self, parts: &Parts) -> Response {
        self.0.doors().expire(parts);
        Refusal::login().into_response()
    }

    fn forbidden(&self, _: &Parts) -> Response {
        let detail = "Permission Violation: You need a higher level of permission to access this record.";
        Refusal::new(StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSION", detail).into_response()
    }

    fn version_retired(&self, parts: &Parts) -> Response {
        routes::no_such_resource(parts.uri.path()).into_response()
    }

    fn required_field_missing(&self, _: &Parts, field: &str) -> Response {
        Refusal::user_error(format!("Please enter value(s) for: {field}")).at_path(field).into_response()
    }
}
