//! Kantata's refusals, as faults that the host can decide on.
//!
//! The body is `{"errors":[{"type":"oauth|system|validation","message","field"}]}`; there are no
//! machine codes, so the status decides. Kantata's own words stand beside each line.

use quoin_sdk::{Fault, FaultKind, Response, code};

use crate::wire::Errors;

/// Pause after a 429, in milliseconds: Kantata sends no Retry-After and says only "retry your
/// request after a small delay".
const THROTTLED_PAUSE_MS: u64 = 1_000;

/// Pause after a 503, in milliseconds: a restart of the service takes longer than a burst limit.
const UNAVAILABLE_PAUSE_MS: u64 = 5_000;

/// Kantata's field names and the canonical fields they are written from.
const FIELDS: [(&str, &str); 15] = [
    ("name", "/name"),
    ("title", "/name"),
    ("address", "/addresses"),
    ("currency", "/currency"),
    ("price", "/budget"),
    ("start_date", "/starts_on"),
    ("due_date", "/milestones"),
    ("target_margin", "/target_margin_percent"),
    ("project_tracker_template_id", "/template"),
    ("primary_workspace_group_id", "/customer"),
    ("workspace_group_ids", "/customer"),
    ("status_key", "/status"),
    ("user_id", "/resource"),
    ("role_id", "/role"),
    ("rate_in_cents", "/bill_rate"),
];

/// What an answer that is no success means. `wrote` says that the request could change something.
pub fn of(response: &Response, wrote: bool) -> Fault {
    let body: Errors = response.json().unwrap_or_default();
    let message = words(&body, response);
    let code = body.errors.first().map_or("HTTP", |error| error.kind.as_str()).to_owned();
    let fault = match response.status {
        // "Invalid OAuth 2 Request"
        401 => Fault::new(FaultKind::AuthExpired, code, message),
        // "You do not have permission ..."
        403 => Fault::new(FaultKind::Permission, code, message),
        // "Page Not Found"; also a record that a default filter hides
        404 => Fault::new(FaultKind::NotFound, code, message),
        // "Please give your project a title"
        400 | 422 => Fault::new(FaultKind::InvalidData, code, message),
        // "Too many requests"
        429 => Fault::new(FaultKind::RateLimited, "429", message).after_ms(THROTTLED_PAUSE_MS),
        // 504 after three minutes, and gateways' own pages: a write may have been carried out
        500.. if wrote => {
            Fault { kind: FaultKind::Unavailable, ..Fault::unknown_outcome(message) }.after_ms(UNAVAILABLE_PAUSE_MS)
        }
        500.. => {
            Fault::new(FaultKind::Unavailable, response.status.to_string(), message).after_ms(UNAVAILABLE_PAUSE_MS)
        }
        _ => Fault::new(FaultKind::Other, response.status.to_string(), message),
    };
    match body.errors.iter().find_map(|error| canonical_field(error.field.as_deref()?)) {
        Some(field) => fault.at(field),
        None => fault,
    }
}

/// A read that ended without a whole answer may simply be asked again; the codes that speak of a
/// carried-out request are for writes alone.
pub fn of_read(fault: Fault) -> Fault {
    match fault.code.as_str() {
        code::UNKNOWN_OUTCOME | code::UNREADABLE_ANSWER => Fault { code: "READ_INTERRUPTED".into(), ..fault },
        _ => fault,
    }
}

fn canonical_field(vendor: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(name, _)| *name == vendor).map(|(_, field)| *field)
}

fn words(body: &Errors, response: &Response) -> String {
    let said: Vec<String> = body
        .errors
        .iter()
        .map(|error| match &error.field {
            Some(field) => format!("{field}: {}", error.message),
            None => error.message.clone(),
        })
        .collect();
    let said = if said.is_empty() { "no reason given".to_owned() } else { said.join("; ") };
    match response.header("x-request-id") {
        Some(request) => format!("Kantata answered {}: {said} (request {request})", response.status),
        None => format!("Kantata answered {}: {said}", response.status),
    }
}
