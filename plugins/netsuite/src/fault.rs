//! NetSuite's refusals, as decisions.

use quoin_sdk::{Fault, FaultKind, Response};

use crate::wire::{ErrorBody, ErrorDetail};

/// NetSuite names no waiting time with a 429; one second lets other requests of the account end.
const CONCURRENCY_WAIT_MS: u64 = 1_000;

/// NetSuite's own codes and what can be decided about them. What is not listed is judged by status.
const CODES: [(&str, FaultKind); 12] = [
    // "Invalid login attempt. For more details, see the Login Audit Trail ..."
    ("INVALID_LOGIN", FaultKind::AuthExpired),
    ("INVALID_LOGIN_ATTEMPT", FaultKind::AuthExpired),
    // "Permission Violation: You need a higher level of permission ..."
    ("INSUFFICIENT_PERMISSION", FaultKind::Permission),
    // "The record instance does not exist. Provide a valid record instance ID."
    ("NONEXISTENT_ID", FaultKind::NotFound),
    ("NOT_FOUND", FaultKind::NotFound),
    // "You have entered an Invalid Field Value 9999 for the following field: item"
    ("INVALID_CONTENT", FaultKind::InvalidData),
    // "Please enter value(s) for: Tax Code"; closed periods, posted documents, sums
    ("USER_ERROR", FaultKind::InvalidData),
    // "Invalid search query. ... Field '...' for record '...' was not found": a custom field of the
    // README is missing, or the role may not see a table.
    ("INVALID_PARAMETER", FaultKind::Config),
    // "Concurrent request limit exceeded. Request blocked."
    ("CONCURRENCY_LIMIT_EXCEEDED", FaultKind::RateLimited),
    ("SSS_REQUEST_LIMIT_EXCEEDED", FaultKind::RateLimited),
    // "Record has been changed"
    ("RCRD_HAS_BEEN_CHANGED", FaultKind::Conflict),
    // "An unexpected error occurred. Error ID: ..."
    ("UNEXPECTED_ERROR", FaultKind::Transient),
];

/// What a request was about, to say which canonical field a vendor path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A query, or something without fields.
    Nothing,
    /// A customer.
    Customer,
    /// The job of a billing set-up.
    Job,
    /// The billing schedule of this contract line of a billing set-up.
    Schedule(usize),
    /// The sales order of a billing set-up.
    Order,
    /// An invoice or credit memo.
    Invoice,
}

/// An answer that is no success, to a read.
pub fn of_read(answer: &Response) -> Fault {
    of(answer, About::Nothing)
}

/// An answer that is no success, to a write. A 4xx is a refusal; after anything else (a server
/// error, a gateway's page, a redirect) it is not known whether the write was carried out.
pub fn of_write(answer: &Response, about: About) -> Fault {
    if !(400..500).contains(&answer.status) {
        return Fault::unknown_outcome(format!("{}: {}", answer.status, shortened(&answer.text())));
    }
    of(answer, about)
}

fn of(answer: &Response, about: About) -> Fault {
    let body: ErrorBody = answer.json().unwrap_or_default();
    let first = body.details.first();
    let code = first.map(|detail| detail.code.clone()).filter(|code| !code.is_empty());
    let known = CODES.iter().find(|(name, _)| Some(*name) == code.as_deref()).map(|(_, kind)| *kind);
    let kind = match answer.status {
        429 => FaultKind::RateLimited,
        503 => FaultKind::Unavailable,
        status => known.unwrap_or(by_status(status)),
    };
    let message = match first {
        Some(detail) if !detail.detail.is_empty() => reasons(&body.details),
        _ if !body.title.is_empty() => body.title.clone(),
        _ => shortened(&answer.text()),
    };
    let mut fault = Fault::new(kind, code.unwrap_or_else(|| answer.status.to_string()), message);
    fault.field = first.and_then(|detail| detail.path.as_deref()).and_then(|path| canonical_path(path, about));
    if kind == FaultKind::RateLimited {
        let told: Option<u64> = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
        fault.retry_after_ms = Some(told.map_or(CONCURRENCY_WAIT_MS, |seconds| seconds.saturating_mul(1_000)));
    }
    fault
}

fn by_status(status: u16) -> FaultKind {
    match status {
        400 | 422 => FaultKind::InvalidData,
        401 => FaultKind::AuthExpired,
        403 => FaultKind::Permission,
        404 => FaultKind::NotFound,
        409 | 412 => FaultKind::Conflict,
        500..=599 => FaultKind::Transient,
        _ => FaultKind::Other,
    }
}

/// The vendor's sentences, without the preamble that all of them share.
fn reasons(details: &[ErrorDetail]) -> String {
    let preambles = ["Error while accessing a resource. ", "Error while accessing resource: "];
    let texts: Vec<&str> = details
        .iter()
        .map(|detail| preambles.iter().find_map(|p| detail.detail.strip_prefix(p)).unwrap_or(&detail.detail))
        .collect();
    texts.join(" ")
}

/// Enough of a foreign page to recognise it.
fn shortened(text: &str) -> String {
    const SHOWN_CHARS: usize = 200;
    text.chars().take(SHOWN_CHARS).collect()
}

/// The canonical field that a path such as `item.items[0].taxCode` means.
pub fn canonical_path(path: &str, about: About) -> Option<String> {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    let line = rest.strip_prefix("items[").and_then(|rest| rest.split_once(']'));
    if let (About::Order | About::Invoice, "item", Some((number, column))) = (about, head, line) {
        let column = line_column(column.trim_start_matches('.'), about);
        return Some(format!("/lines/{number}{column}"));
    }
    let field = match (about, head) {
        (About::Schedule(line), _) => return Some(format!("/lines/{line}/billing/milestones")),
        (About::Nothing, _) => return None,
        (About::Customer, "companyName" | "entityId") => "/name",
        (About::Customer, "vatRegNumber") => "/vat_id",
        (About::Customer, "addressBook") => "/addresses",
        (About::Customer, "creditLimit" | "creditHoldOverride") => "/credit",
        (About::Job, "companyName") => "/project_name",
        (About::Job, "entityId") => "/project_code",
        (About::Job, "startDate") => "/starts_on",
        (About::Job, "parent") | (About::Order | About::Invoice, "entity") => "/customer",
        (About::Invoice, "job") | (About::Order, "job") => "/project",
        (About::Invoice, "tranDate") => "/issued_on",
        (About::Invoice, "dueDate") => "/due_on",
        (About::Invoice, "createdFrom" | "apply") => "/preceding_invoice",
        (About::Order | About::Invoice, "item") => "/lines",
        (About::Job | About::Order | About::Invoice, "subsidiary") => "/selling_entity",
        (_, "currency") => "/currency",
        (_, "terms") => "/payment_terms_days",
        _ => return None,
    };
    Some(field.to_owned())
}

fn line_column(column: &str, about: About) -> &'static str {
    match (column, about) {
        ("taxCode", _) => "/tax",
        ("item", About::Invoice) => "/contract_line",
        ("quantity", About::Invoice) => "/quantity",
        ("rate", About::Invoice) => "/unit_price",
        ("amount", About::Invoice) => "/net",
        ("description", _) => "/description",
        ("item" | "quantity" | "rate" | "amount" | "billingSchedule", _) => "/billing",
        _ => "",
    }
}
