//! Pushes: a signed callout from Apex, or the vendor's outbound message. Both only say which
//! opportunities to read again.

use quoin_sdk::{Algorithm, Fault, FaultKind, Host, Inbound, ObjectKind, Reply};

use crate::config::Config;
use crate::wire::{Callout, OPPORTUNITY, is_id};

/// Slot of the secret that proves a push.
const SLOT: &str = "webhook";

/// Records in one push: a trigger runs for at most 200, an outbound message carries at most 100.
const MAX_RECORDS: usize = 200;

fn not_proven(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Permission, "NOT_PROVEN", message)
}

fn unreadable(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidData, "UNREADABLE_PUSH", message)
}

/// Proves a push and says what to read again.
///
/// # Errors
/// Kind `permission` when it is not proven.
pub fn handle(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault> {
    if inbound.header("x-quoin-signature").is_some() {
        return signed_callout(host, inbound);
    }
    let content_type = inbound.header("content-type").unwrap_or_default();
    if content_type.starts_with("text/xml") || content_type.starts_with("application/soap+xml") {
        return outbound_message(host, inbound);
    }
    Err(not_proven("the push carries no X-Quoin-Signature and is no outbound message"))
}

fn signed_callout(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault> {
    let header = inbound.header("x-quoin-signature").unwrap_or_default();
    let mac = header.strip_prefix("sha256=").and_then(from_hex);
    let mac = mac.ok_or_else(|| not_proven("X-Quoin-Signature is not sha256= and 64 hex digits"))?;
    if !host.verify_hmac(SLOT, Algorithm::HmacSha256, &inbound.body, &mac)? {
        return Err(not_proven("the signature does not fit the body: check the secret on both sides"));
    }
    let callout: Callout = serde_json::from_slice(&inbound.body).map_err(|error| unreadable(error.to_string()))?;
    let records = callout.records.iter().filter(|record| record.object == OPPORTUNITY);
    let reply = touching(records.map(|record| record.id.as_str()))?;
    Ok(match inbound.header("x-quoin-delivery").map(str::to_owned).or(callout.delivery_id) {
        Some(delivery) => reply.delivery(delivery),
        None => reply,
    })
}

fn touching<'a>(ids: impl Iterator<Item = &'a str>) -> Result<Reply, Fault> {
    let mut reply = Reply::ok();
    for id in ids {
        if !is_id(id) {
            return Err(unreadable(format!("'{id:.40}' is no record id")));
        }
        if reply.touched.len() == MAX_RECORDS {
            return Err(unreadable(format!("more than {MAX_RECORDS} records in one push")));
        }
        reply = reply.touch(ObjectKind::Quote, id);
    }
    Ok(reply)
}

/// The vendor does not sign these: proof are the token in the endpoint's URL and the org's id.
fn outbound_message(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault> {
    let query = inbound.url.split_once('?').map_or("", |(_, query)| query);
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default();
    if token.is_empty() || !host.verify_equals(SLOT, token.as_bytes())? {
        return Err(not_proven("the token in the URL is missing or wrong"));
    }
    let expected = Config::of(host)?.organization_id.ok_or_else(|| {
        let message = "set 'organization_id': without it an outbound message cannot be told from a forged one";
        Fault::new(FaultKind::Config, "ORGANIZATION_ID", message)
    })?;
    let body = std::str::from_utf8(&inbound.body).map_err(|error| unreadable(error.to_string()))?;
    let elements = elements(body);
    let organization = elements.iter().find(|e| e.name == "OrganizationId").map_or("", |e| e.text.as_str());
    if organization.get(..15) != expected.get(..15) || organization.is_empty() {
        return Err(not_proven(format!("the message names organization '{organization:.18}', not this one")));
    }
    let ids = |parent: &'static str| {
        elements.iter().filter(move |e| e.name == "Id" && e.parent == parent).map(|e| e.text.as_str())
    };
    let mut reply = touching(ids("sObject"))?;
    // The same notification may come again in other company: only one that came alone has an id.
    let notifications: Vec<&str> = ids("Notification").collect();
    if let [only] = notifications.as_slice() {
        reply = reply.delivery(*only);
    }
    reply.headers.push(("content-type".into(), "text/xml; charset=utf-8".into()));
    reply.body = ACKNOWLEDGED.as_bytes().to_vec();
    Ok(reply)
}

/// What makes the vendor stop repeating the message.
const ACKNOWLEDGED: &str = r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>"#;

/// An element with text: its local name, its parent's, and the text.
struct Element {
    name: String,
    parent: String,
    text: String,
}

/// The elements of a message that hold nothing but text. Ids and names need no entities, so none
/// are resolved; a document type is never looked at.
fn elements(xml: &str) -> Vec<Element> {
    let mut open: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let Some(end) = rest[start..].find('>') else { break };
        let tag = &rest[start + 1..start + end];
        let after = &rest[start + end + 1..];
        if tag.starts_with('/') {
            open.pop();
        } else if !tag.starts_with(['?', '!']) && !tag.ends_with('/') {
            let qualified = tag.split_whitespace().next().unwrap_or_default();
            let name = qualified.rsplit(':').next().unwrap_or_default().to_owned();
            let text = after.split('<').next().unwrap_or_default().trim();
            if !text.is_empty() {
                let parent = open.last().cloned().unwrap_or_default();
                found.push(Element { name: name.clone(), parent, text: text.to_owned() });
            }
            open.push(name);
        }
        rest = after;
    }
    found
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}
