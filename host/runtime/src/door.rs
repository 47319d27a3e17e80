//! What a plugin may do to the world during one call: ask its vendor, prove an inbound request,
//! read its configuration and the clock, and log. A refusal is a value, never a trap.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::StreamExt;
use ports::{
    Access, CallContext, HttpRequest, HttpResponse, MacAlgorithm, Outbound, SecretError, Secrets, SendError, VendorCall,
};
use quoin_canonical::Timestamp;
use quoin_package::{Manifest, Scheme};

use crate::bindings::imports::quoin::host::{clock, config, http, log, verify};
use crate::bindings::imports::quoin::types::types;
use crate::bindings::imports::quoin::types::types::{Fault, FaultKind};

/// Lines of one call that reach the log; a plugin that says more is said to.
const LOG_LINES: u32 = 200;
/// Longest line or field value, bytes.
const LOG_TEXT_BYTES: usize = 4 << 10;
/// Fields of a line.
const LOG_FIELDS: usize = 16;
/// Requests of one batch.
const BATCH_REQUESTS: usize = 256;

/// Who is calling, for the log.
#[derive(Debug, Clone)]
pub struct Caller {
    pub plugin: String,
    pub version: String,
    pub connection: String,
    pub call: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
}

/// The door of one call.
pub struct Door {
    pub caller: Caller,
    /// `None`: no network at all (webhook proofs, `describe`).
    pub access: Option<Access>,
    pub manifest: Arc<Manifest>,
    pub config: Arc<str>,
    pub now: Timestamp,
    /// When requests must be over, so that the plugin can still answer.
    pub deadline: Instant,
    pub outbound: Arc<dyn Outbound>,
    pub secrets: Arc<dyn Secrets>,
    pub requests_left: u32,
    pub receivable_bytes: u64,
    pub calls: Vec<VendorCall>,
    /// It waited for its vendor since its processor time was last counted.
    pub waited: bool,
    pub lines: u32,
    /// Every import is denied, and a use of one is noted here: what `describe` must not do.
    pub denied: Option<Vec<&'static str>>,
}

impl Door {
    /// Whether an import may be used; notes it where all are denied.
    fn admits(&mut self, import: &'static str) -> bool {
        match &mut self.denied {
            None => true,
            Some(used) => {
                used.push(import);
                false
            }
        }
    }

    /// The checks before a request leaves, and where its trace goes.
    fn admit(&mut self, request: http::Request) -> Result<(HttpRequest, usize), Fault> {
        if !self.admits("quoin:host/http") || self.access.is_none() {
            return Err(denied("this call has no network: webhook proofs and describe send nothing"));
        }
        self.requests_left = self.requests_left.checked_sub(1).ok_or_else(|| {
            denied("this call has sent as many requests as one call may; return a page and go on in the next call")
        })?;
        let request = HttpRequest {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body.map(Bytes::from),
            credential: request.credential,
            idempotency_key: request.idempotency_key,
            timeout_ms: request.timeout_ms,
            cost: request.cost,
        };
        self.calls.push(VendorCall {
            method: request.method.clone(),
            target: target(&request.url),
            status: None,
            error: Some("stopped before an answer came".into()),
            micros: 0,
            sent_bytes: request.body.as_ref().map_or(0, |body| bytes_of(body.len())),
            received_bytes: 0,
        });
        Ok((request, self.calls.len() - 1))
    }

    fn context(&self) -> CallContext {
        CallContext {
            connection: self.caller.connection.clone(),
            access: self.access.unwrap_or(Access::Read),
            call: self.caller.call.clone(),
            digest: self.caller.digest.clone(),
            deadline: self.deadline,
        }
    }

    /// Notes how a request ended, and hands the answer on within the call's budget.
    fn settle(&mut self, trace: usize, sent: Sent) -> Result<http::Response, Fault> {
        self.waited = true;
        let received = sent.result.as_ref().map_or(0, |answer| bytes_of(answer.body.len()));
        if let Some(call) = self.calls.get_mut(trace) {
            call.micros = sent.micros;
            call.received_bytes = received;
            call.status = sent.result.as_ref().ok().map(|answer| answer.status);
            call.error = sent.result.as_ref().err().map(|error| self.secrets.redact(&error.to_string()));
        }
        let answer = sent.result.map_err(|error| fault_of(error, self.secrets.as_ref()))?;
        let limit = u64::from(self.manifest.limits.response_bytes);
        if received > limit {
            return Err(too_large(format!("one answer of {received} bytes; limits.response_bytes is {limit}")));
        }
        self.receivable_bytes = self
            .receivable_bytes
            .checked_sub(received)
            .ok_or_else(|| too_large("the answers of this call together are over the limit of one call".into()))?;
        Ok(http::Response { status: answer.status, headers: answer.headers, body: answer.body.into() })
    }

    /// The vault's name of a slot, when the manifest keeps it for webhook proofs.
    fn proof_secret(&mut self, slot: &str) -> Result<String, Fault> {
        if !self.admits("quoin:host/verify") {
            return Err(denied("no proofs in describe"));
        }
        let declared = self
            .manifest
            .credentials
            .iter()
            .any(|credential| credential.slot == slot && credential.schemes.contains(&Scheme::WebhookSecret));
        if !declared {
            return Err(denied(&format!(
                "slot '{slot}' is not for proofs; connector.toml needs a [[credential]] with slot = \"{slot}\" and schemes = [\"webhook_secret\"]"
            )));
        }
        Ok(format!("{}/{slot}/value", self.caller.connection))
    }
}

/// One request and how it ended.
struct Sent {
    result: Result<HttpResponse, SendError>,
    micros: u64,
}

async fn timed(outbound: Arc<dyn Outbound>, context: CallContext, request: HttpRequest) -> Sent {
    let start = Instant::now();
    let result = outbound.send(&context, request).await;
    Sent { result, micros: micros_since(start) }
}

impl types::Host for Door {}

impl http::Host for Door {
    async fn send(&mut self, request: http::Request) -> Result<http::Response, Fault> {
        let (request, trace) = self.admit(request)?;
        let sent = timed(Arc::clone(&self.outbound), self.context(), request).await;
        self.settle(trace, sent)
    }

    async fn send_all(
        &mut self,
        requests: Vec<http::Request>,
        max_parallel: u32,
    ) -> Vec<Result<http::Response, Fault>> {
        if requests.len() > BATCH_REQUESTS {
            let fault = denied(&format!("a batch of {} requests; at most {BATCH_REQUESTS}", requests.len()));
            return requests.iter().map(|_| Err(fault.clone())).collect();
        }
        let parallel = max_parallel.clamp(1, self.manifest.limits.concurrent_requests.max(1));
        let admitted: Vec<_> = requests.into_iter().map(|request| self.admit(request)).collect();
        let (outbound, context) = (Arc::clone(&self.outbound), self.context());
        let sending = futures::stream::iter(admitted).map(|admitted| {
            let (outbound, context) = (Arc::clone(&outbound), context.clone());
            async move {
                match admitted {
                    Ok((request, trace)) => Ok((trace, timed(outbound, context, request).await)),
                    Err(fault) => Err(fault),
                }
            }
        });
        let ended: Vec<_> = sending.buffered(usize::try_from(parallel).unwrap_or(1)).collect().await;
        ended.into_iter().map(|end| end.and_then(|(trace, sent)| self.settle(trace, sent))).collect()
    }
}

impl clock::Host for Door {
    async fn now_ms(&mut self) -> u64 {
        self.admits("quoin:host/clock");
        u64::try_from(self.now.as_millisecond()).unwrap_or(0)
    }

    async fn remaining_ms(&mut self) -> u64 {
        self.admits("quoin:host/clock");
        u64::try_from(self.deadline.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(u64::MAX)
    }
}

impl config::Host for Door {
    async fn get(&mut self) -> String {
        if self.admits("quoin:host/config") { self.config.to_string() } else { String::new() }
    }
}

impl verify::Host for Door {
    async fn hmac(
        &mut self,
        slot: String,
        algorithm: verify::Algorithm,
        payload: Vec<u8>,
        mac: Vec<u8>,
    ) -> Result<bool, Fault> {
        let name = self.proof_secret(&slot)?;
        let algorithm = match algorithm {
            verify::Algorithm::HmacSha256 => MacAlgorithm::HmacSha256,
            verify::Algorithm::HmacSha1 => MacAlgorithm::HmacSha1,
        };
        self.secrets.verify_mac(&name, algorithm, &payload, &mac).await.map_err(|error| no_secret(&error))
    }

    async fn equals(&mut self, slot: String, candidate: Vec<u8>) -> Result<bool, Fault> {
        let name = self.proof_secret(&slot)?;
        self.secrets.equals(&name, &candidate).await.map_err(|error| no_secret(&error))
    }
}

impl log::Host for Door {
    async fn emit(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) {
        if !self.admits("quoin:host/log") {
            return;
        }
        self.lines = self.lines.saturating_add(1);
        if self.lines > LOG_LINES {
            return;
        }
        let message = self.secrets.redact(cut(&message, LOG_TEXT_BYTES));
        let fields: Vec<String> = fields
            .iter()
            .take(LOG_FIELDS)
            .map(|(name, value)| self.secrets.redact(&format!("{}={}", cut(name, 64), cut(value, LOG_TEXT_BYTES))))
            .collect();
        emit(&self.caller, level, &message, &fields.join(" "));
        if self.lines == LOG_LINES {
            emit(&self.caller, log::Level::Warn, "this call has logged its limit of lines; the rest is dropped", "");
        }
    }
}

fn emit(caller: &Caller, level: log::Level, message: &str, fields: &str) {
    let Caller { plugin, version, connection, call, .. } = caller;
    match level {
        log::Level::Trace => tracing::trace!(target: "plugin", plugin, version, connection, call, fields, "{message}"),
        log::Level::Debug => tracing::debug!(target: "plugin", plugin, version, connection, call, fields, "{message}"),
        log::Level::Info => tracing::info!(target: "plugin", plugin, version, connection, call, fields, "{message}"),
        log::Level::Warn => tracing::warn!(target: "plugin", plugin, version, connection, call, fields, "{message}"),
        log::Level::Error => tracing::error!(target: "plugin", plugin, version, connection, call, fields, "{message}"),
    }
}

/// A fault of the contract, from the host.
fn fault(kind: FaultKind, code: &str, message: String) -> Fault {
    Fault { kind, code: code.into(), message, field: None, retry_after_ms: None, ext: Vec::new() }
}

fn denied(message: &str) -> Fault {
    fault(FaultKind::Permission, "DENIED", message.into())
}

/// The vendor answered, so after a write the outcome is not known to the plugin.
fn too_large(message: String) -> Fault {
    fault(FaultKind::Other, "UNKNOWN_OUTCOME", message)
}

fn no_secret(error: &SecretError) -> Fault {
    fault(FaultKind::Config, "SECRET", error.to_string())
}

/// The contract's codes: `DENIED`, `NOT_SENT`, `UNKNOWN_OUTCOME`, and nothing else.
fn fault_of(error: SendError, secrets: &dyn Secrets) -> Fault {
    let message = secrets.redact(&error.to_string());
    match error {
        SendError::Denied(_) => fault(FaultKind::Permission, "DENIED", message),
        SendError::Credential { needs_person: true, .. } => fault(FaultKind::AuthExpired, "NOT_SENT", message),
        SendError::Credential { .. } => fault(FaultKind::Unavailable, "NOT_SENT", message),
        SendError::NotSent(_) => fault(FaultKind::Transient, "NOT_SENT", message),
        SendError::UnknownOutcome(_) => fault(FaultKind::Transient, "UNKNOWN_OUTCOME", message),
        SendError::TooLarge { .. } => too_large(message),
    }
}

/// Host, port and path: what a trace shows. Never the query, which may carry personal data.
fn target(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let shown = path.map_or_else(|| host.to_owned(), |path| format!("{host}/{path}"));
    cut(&shown, 512).to_owned()
}

/// The first bytes of a text, at a character's border.
pub fn cut(text: &str, limit_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(limit_bytes)]
}

/// Microseconds since an instant.
pub fn micros_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn bytes_of(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_shows_no_query_and_no_user() {
        let cases = [
            ("https://h.example:8443/a/b?q=secret#x", "h.example:8443/a/b"),
            ("https://user:pw@h.example/a@b", "h.example/a@b"),
            ("https://h.example", "h.example"),
            ("nonsense", "nonsense"),
        ];
        for (url, shown) in cases {
            assert_eq!(target(url), shown);
        }
    }

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(cut("aß", 2), "a");
        assert_eq!(cut("aß", 3), "aß");
    }
}
