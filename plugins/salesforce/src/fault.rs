//! The vendor's failures, with the vendor's own words, and what can be decided on them.

use quoin_sdk::{Fault, FaultKind, Response};

use crate::config::Config;
use crate::wire::{ApiError, OPPORTUNITY, STATUS_FIELDS};

/// Wait after "ConcurrentPerOrgLongTxn Limit exceeded": long calls of the org must end first.
const CONCURRENT_WAIT_MS: u64 = 5_000;

/// Wait after "TotalRequests Limit exceeded": the allowance moves with a 24-hour window.
const DAILY_WAIT_MS: u64 = 300_000;

/// Codes and what they mean, each with the text that the vendor sends with it.
const CODES: &[(&str, FaultKind)] = &[
    // "Session expired or invalid"
    ("INVALID_SESSION_ID", FaultKind::AuthExpired),
    // "insufficient access rights on object id"
    ("INSUFFICIENT_ACCESS_OR_READONLY", FaultKind::Permission),
    ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", FaultKind::Permission),
    ("INSUFFICIENT_ACCESS", FaultKind::Permission),
    // "The REST API is not enabled for this Organization."
    ("API_DISABLED_FOR_ORG", FaultKind::Permission),
    ("API_CURRENTLY_DISABLED", FaultKind::Permission),
    // "TotalRequests Limit exceeded.", "ConcurrentPerOrgLongTxn Limit exceeded."
    ("REQUEST_LIMIT_EXCEEDED", FaultKind::RateLimited),
    // "unable to obtain exclusive access to this record"
    ("UNABLE_TO_LOCK_ROW", FaultKind::Transient),
    // "Your query request was running for too long."
    ("QUERY_TIMEOUT", FaultKind::Transient),
    // "invalid query locator": the next page was asked for too late; the cursor starts again.
    ("INVALID_QUERY_LOCATOR", FaultKind::Transient),
    // "Server too busy to process this request"
    ("SERVER_UNAVAILABLE", FaultKind::Unavailable),
    // "Invalid Api version specified on URL"
    ("UNSUPPORTED_API_VERSION", FaultKind::Config),
    // "No such column 'X' on entity 'Opportunity'. …": the mapping names a field the org lacks.
    ("INVALID_FIELD", FaultKind::Config),
    ("INVALID_TYPE", FaultKind::Config),
    // "Unable to create/update fields: X. Please check the security settings of this field …"
    ("INVALID_FIELD_FOR_INSERT_UPDATE", FaultKind::Permission),
    // "unexpected token: 'X'"
    ("MALFORMED_QUERY", FaultKind::Internal),
    ("MALFORMED_ID", FaultKind::InvalidData),
    ("JSON_PARSER_ERROR", FaultKind::InvalidData),
    // "The requested resource does not exist"
    ("NOT_FOUND", FaultKind::NotFound),
    // "invalid cross reference id"
    ("INVALID_CROSS_REFERENCE_KEY", FaultKind::NotFound),
    // "entity is deleted"
    ("ENTITY_IS_DELETED", FaultKind::NotFound),
    // "duplicate value found: X duplicates value on record with id: Y"
    ("DUPLICATE_VALUE", FaultKind::Conflict),
    // "X: more than one record found for external id field: [Y, Z]"
    ("DUPLICATE_EXTERNAL_ID", FaultKind::Conflict),
    // "Required fields are missing: [X]"
    ("REQUIRED_FIELD_MISSING", FaultKind::InvalidData),
    // "X: data value too large: Y (max length=80)"
    ("STRING_TOO_LONG", FaultKind::InvalidData),
    // "X: bad value for restricted picklist field: Y"
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", FaultKind::InvalidData),
    ("NUMBER_OUTSIDE_VALID_RANGE", FaultKind::InvalidData),
    // The text of the org's own validation rule or trigger.
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", FaultKind::InvalidData),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", FaultKind::InvalidData),
];

/// What an answer that is no success means. `writing` says whether it answers a write: then a
/// failure inside the vendor leaves open what was done.
pub fn of(config: &Config, response: &Response, writing: bool) -> Fault {
    let errors: Vec<ApiError> = response.json().unwrap_or_default();
    match errors.first() {
        Some(error) if !error.error_code.is_empty() => of_error(config, error, Some(response.status), writing),
        _ => without_code(response, writing),
    }
}

/// What one refusal means.
pub fn of_error(config: &Config, error: &ApiError, status: Option<u16>, writing: bool) -> Fault {
    let known = CODES.iter().find(|(code, _)| *code == error.error_code).map(|(_, kind)| *kind);
    let kind = match (known, status) {
        (Some(kind), _) => kind,
        // "An unexpected error occurred. Please include this ErrorId if you contact support: …"
        (None, Some(500..)) if writing => return Fault::unknown_outcome(text(error)),
        (None, Some(500..)) => FaultKind::Transient,
        (None, Some(401)) => FaultKind::AuthExpired,
        (None, Some(403)) => FaultKind::Permission,
        _ => FaultKind::Other,
    };
    let mut fault = Fault::new(kind, &error.error_code, text(error));
    if kind == FaultKind::RateLimited {
        let concurrent = error.message.contains("Concurrent");
        fault = fault.after_ms(if concurrent { CONCURRENT_WAIT_MS } else { DAILY_WAIT_MS });
    }
    match error.fields.iter().find_map(|field| canonical_field(config, field)) {
        Some(path) => fault.at(path),
        None => fault,
    }
}

fn text(error: &ApiError) -> String {
    if error.fields.is_empty() {
        return error.message.clone();
    }
    format!("{} (fields: {})", error.message, error.fields.join(", "))
}

/// The canonical field behind a field that the connector writes.
fn canonical_field(config: &Config, own: &str) -> Option<&'static str> {
    let known = config.known_field(OPPORTUNITY, own);
    STATUS_FIELDS.iter().find(|(field, _)| *field == known).map(|(_, path)| *path)
}

/// An answer without the vendor's error array: a proxy's page, or a body that was cut off.
fn without_code(response: &Response, writing: bool) -> Fault {
    let beginning: String = response.text().chars().take(80).collect();
    let message = format!("answer {} without an error code: {beginning}", response.status);
    let kind = match response.status {
        401 => FaultKind::AuthExpired,
        403 => FaultKind::Permission,
        404 => FaultKind::NotFound,
        429 => FaultKind::RateLimited,
        500.. if writing => return Fault::unknown_outcome(message),
        503 => FaultKind::Unavailable,
        500.. => FaultKind::Transient,
        _ => FaultKind::Other,
    };
    Fault::new(kind, format!("HTTP_{}", response.status), message)
}
