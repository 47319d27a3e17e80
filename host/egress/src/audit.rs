//! One event per request, allowed or denied: who, where, what came of it. Never a query, a header
//! or a body; every text passes the vault's redactor.

use std::time::Instant;

use policy::network::Target;
use ports::{Access, CallContext, HttpRequest, HttpResponse, Secrets, SendError};
use tracing::Level;

/// Target of audit events.
pub(crate) const TARGET: &str = "egress";

/// A request under way. Empty when nobody listens, so that the hot path pays nothing.
pub(crate) struct Audit(Option<Record>);

struct Record {
    connection: String,
    call: String,
    access: &'static str,
    method: String,
    host: String,
    path: String,
    slot: Option<String>,
    bytes_out: usize,
    started: Instant,
}

impl Audit {
    pub(crate) fn begin(call: &CallContext, request: &HttpRequest) -> Self {
        if !tracing::enabled!(target: TARGET, Level::INFO) {
            return Self(None);
        }
        // A URL that cannot be read is not repeated: its parts might be anything, a secret too.
        let target = Target::parse(&request.url).ok();
        let access = match call.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        Self(Some(Record {
            connection: call.connection.clone(),
            call: call.call.clone(),
            access,
            method: request.method.clone(),
            host: target.as_ref().map_or_else(|| "-".to_owned(), |target| target.host().to_string()),
            path: target.as_ref().map_or_else(|| "-".to_owned(), |target| target.path().to_owned()),
            slot: request.credential.clone(),
            bytes_out: request.body.as_ref().map_or(0, bytes::Bytes::len),
            started: Instant::now(),
        }))
    }

    pub(crate) fn end(self, secrets: &dyn Secrets, result: &Result<HttpResponse, SendError>) {
        let Some(record) = self.0 else { return };
        let (status, bytes_in) = result.as_ref().map_or((0, 0), |answer| (answer.status, answer.body.len()));
        let outcome = match result {
            Ok(_) => "answered".to_owned(),
            Err(error) => secrets.redact(&error.to_string()),
        };
        let ms = u64::try_from(record.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            target: TARGET,
            connection = record.connection,
            call = record.call,
            access = record.access,
            method = secrets.redact(&record.method),
            host = record.host,
            path = secrets.redact(&record.path),
            slot = record.slot.as_deref().unwrap_or("-"),
            status,
            bytes_out = record.bytes_out,
            bytes_in,
            ms,
            outcome,
            "request"
        );
    }
}
