//! Jira's refusals, as faults that the host can decide on.
//!
//! The body is `{"errorMessages":[…],"errors":{"field":"message"}}`; throttling says its reason in
//! the header `RateLimit-Reason`. Jira's own words stand beside each line.

use quoin_sdk::{Fault, FaultKind, Response, code};
use serde_json::Value;

use crate::wire::ErrorCollection;

/// Pause after a 429 without `Retry-After`, in milliseconds: Jira's burst windows are seconds long.
const THROTTLED_PAUSE_MS: u64 = 5_000;

/// Pause after a 5xx without `Retry-After`, in milliseconds.
const UNAVAILABLE_PAUSE_MS: u64 = 5_000;

/// Jira's field names and the canonical fields they are written from.
const FIELDS: [(&str, &str); 2] = [("summary", "/name"), ("properties", "/contract_line")];

/// What an answer that is no success means. `wrote` says that the request could change something.
pub fn of(response: &Response, wrote: bool) -> Fault {
    let body: ErrorCollection = response.json().unwrap_or_default();
    let message = words(&body, response.status);
    let denied = response.header("x-seraph-loginreason").is_some_and(|reason| reason.contains("AUTHENTICATION_DENIED"));
    match response.status {
        // The user must solve a CAPTCHA in the browser: the credential does not work until then.
        403 if denied => Fault::new(FaultKind::AuthExpired, "CAPTCHA", message),
        // "Rate limit exceeded."; burst, per-issue and quota limits differ in the time they need.
        429 => {
            let reason = response.header("ratelimit-reason").unwrap_or("429");
            Fault::new(FaultKind::RateLimited, reason, message).after_ms(wait_ms(response, THROTTLED_PAUSE_MS))
        }
        // "Internal server error", and gateways' own pages: a write may have been carried out.
        500.. if wrote => {
            let fault = Fault { kind: FaultKind::Unavailable, ..Fault::unknown_outcome(message) };
            fault.after_ms(wait_ms(response, UNAVAILABLE_PAUSE_MS))
        }
        500.. => {
            let fault = Fault::new(FaultKind::Unavailable, response.status.to_string(), message);
            fault.after_ms(wait_ms(response, UNAVAILABLE_PAUSE_MS))
        }
        status => by_status(status, &body, message),
    }
}

/// What the refusal of one element of a bulk creation means: Jira has checked it and made nothing.
pub fn of_element(status: u16, body: &ErrorCollection) -> Fault {
    let message = words(body, status);
    match status {
        429 => Fault::new(FaultKind::RateLimited, "429", message).after_ms(THROTTLED_PAUSE_MS),
        500.. => Fault { kind: FaultKind::Unavailable, ..Fault::unknown_outcome(message) },
        status => by_status(status, body, message),
    }
}

fn by_status(status: u16, body: &ErrorCollection, message: String) -> Fault {
    let kind = match status {
        // "Client must be authenticated to access this resource."
        401 => FaultKind::AuthExpired,
        // "You do not have permission to create issues in this project."
        403 => FaultKind::Permission,
        // "Issue does not exist or you do not have permission to see it."
        404 => FaultKind::NotFound,
        // "Summary must be less than 255 characters."
        400 | 413 | 422 => FaultKind::InvalidData,
        409 => FaultKind::Conflict,
        // "The requested API has been removed. Please migrate to the … API."
        410 => FaultKind::Unsupported,
        _ => FaultKind::Other,
    };
    let fault = Fault::new(kind, status.to_string(), message);
    match body.errors.keys().find_map(|field| FIELDS.iter().find(|(name, _)| name == field)) {
        Some((_, field)) => fault.at(*field),
        None => fault,
    }
}

/// `Retry-After` gives the pause in seconds.
fn wait_ms(response: &Response, otherwise_ms: u64) -> u64 {
    let seconds = response.header("retry-after").and_then(|seconds| seconds.trim().parse::<u64>().ok());
    seconds.map_or(otherwise_ms, |seconds| seconds.saturating_mul(1_000))
}

/// A read that ended without a whole answer may simply be asked again; the codes that speak of a
/// carried-out request are for writes alone.
pub fn of_read(fault: Fault) -> Fault {
    match fault.code.as_str() {
        code::UNKNOWN_OUTCOME | code::UNREADABLE_ANSWER => Fault { code: "READ_INTERRUPTED".into(), ..fault },
        _ => fault,
    }
}

fn words(body: &ErrorCollection, status: u16) -> String {
    let fields = body.errors.iter().map(|(field, message)| match message {
        Value::String(text) => format!("{field}: {text}"),
        other => format!("{field}: {other}"),
    });
    let said: Vec<String> = body.error_messages.iter().cloned().chain(fields).collect();
    let said = if said.is_empty() { "no reason given".to_owned() } else { said.join("; ") };
    format!("Jira answered {status}: {said}")
}
