//! Let a connection ask its vendor: who are we there, and what does its schema look like.

use axum::http::StatusCode;
use policy::access::Permission;
use ports::{CallError, CheckReport};
use process::FaultKind;
use serde_json::Value;

use crate::guard::permit;
use crate::{ApiState, Principal, Problem};

/// Who we are at a connection's vendor, and what is missing there. Reads only, records nothing.
///
/// # Errors
/// 404 for an unknown connection, 409 when its plugin cannot check, 502 with the vendor's words.
pub async fn check(state: &ApiState, by: &Principal, connection: &str) -> Result<CheckReport, Problem> {
    permit(by, Permission::CheckConnection)?;
    state.connectors.check(connection).await.result.map_err(|error| problem(connection, &error))
}

/// The vendor's schema of the mapped objects. Reads only, records nothing.
///
/// # Errors
/// As [`check`].
pub async fn discover(state: &ApiState, by: &Principal, connection: &str) -> Result<Value, Problem> {
    permit(by, Permission::CheckConnection)?;
    state.connectors.discover(connection).await.result.map_err(|error| problem(connection, &error))
}

fn problem(connection: &str, error: &CallError) -> Problem {
    match error {
        CallError::NoConnection(_) => {
            Problem::not_found("connection", connection, "GET /api/v1/connections lists them")
        }
        CallError::NotGranted(reason) => Problem::new(
            StatusCode::CONFLICT,
            "not-offered",
            reason,
            "GET /api/v1/plugins lists under `powers` what each plugin can do",
        ),
        CallError::Barred { .. } => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "plugin-revoked",
            error.to_string(),
            "put another version in its place: quoin install, then quoin plugin promote",
        ),
        CallError::Guest(fault) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "plugin-fault",
            fault.to_string(),
            "the plugin was stopped and nothing else is harmed; load another version of it",
        ),
        CallError::Fault(fault) => {
            let said = format!("connection '{connection}': {} ({})", fault.message, fault.code);
            Problem::new(StatusCode::BAD_GATEWAY, "connection-failed", said, hint(fault.kind))
        }
    }
}

fn hint(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::AuthExpired => "renew the credential: quoin secret set CONNECTION/SLOT/PART",
        FaultKind::Permission => "give the integration user the rights that the connector's README lists",
        FaultKind::Config => "correct the connection's [connection.config] and restart the host",
        FaultKind::RateLimited | FaultKind::Transient | FaultKind::Unavailable => "ask again in a while",
        _ => "the message is the vendor's; the connector's README says what it needs there",
    }
}
