//! Webhooks of an administrator, with a secret: proven by `X-Hub-Signature`, then taken as a nudge to
//! read the worklog again.

use quoin_sdk::{Algorithm, Fault, FaultKind, Host, Inbound, ObjectKind, Reply};
use serde_json::Value;

use crate::wire::Event;

/// Slot of the secret that proves a delivery.
const SLOT: &str = "webhook";

/// Proves a delivery and says what to read again.
///
/// # Errors
/// Kind `permission` when it is not proven; also when this connection has no secret to prove it with.
pub fn handle(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault> {
    prove(host, inbound)?;
    // The identifier stays the same over Jira's retries.
    let reply = match inbound.header("x-atlassian-webhook-identifier") {
        Some(delivery) => Reply::ok().delivery(delivery),
        None => Reply::ok(),
    };
    let unreadable = |why: String| Fault::new(FaultKind::InvalidData, "WEBHOOK_BODY", why);
    let event: Event = serde_json::from_slice(&inbound.body)
        .map_err(|error| unreadable(format!("the body is not Jira's JSON: {error}")))?;
    if !event.webhook_event.starts_with("worklog_") {
        return Ok(reply);
    }
    let id = match event.worklog.map(|worklog| worklog.id) {
        Some(Value::String(id)) => id,
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    };
    if id.parse::<u64>().is_err() {
        return Err(unreadable(format!("{} names no worklog: '{id:.40}'", event.webhook_event)));
    }
    Ok(reply.touch(ObjectKind::TimeEntry, id))
}

fn prove(host: &dyn Host, inbound: &Inbound) -> Result<(), Fault> {
    let refused = |why: String| Fault::new(FaultKind::Permission, "NOT_PROVEN", why);
    let header = inbound.header("x-hub-signature").unwrap_or_default();
    let mac = header.strip_prefix("sha256=").and_then(from_hex).ok_or_else(|| {
        refused("X-Hub-Signature is not sha256= and 64 hex digits; give the webhook a secret in Jira".into())
    })?;
    // Whatever keeps us from proving it, it is not proven.
    let fits = host
        .verify_hmac(SLOT, Algorithm::HmacSha256, &inbound.body, &mac)
        .map_err(|fault| refused(format!("the delivery cannot be proven: {}", fault.message)))?;
    if fits {
        Ok(())
    } else {
        Err(refused("the signature does not fit the body; compare the secret with Jira's".into()))
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}
