//! What must not stand on a cassette: secrets always, personal data where a policy says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::digest;
use ports::Secrets;
use serde_json::Value;

use crate::format::{Body, Exchange, Reply};

/// Headers that carry credentials or sessions, whoever set them.
const HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate", "x-api-key"];

/// Hex digits of a pseudonym: equal values stay equal, and no table gives the value back.
const PSEUDONYM_DIGITS: usize = 12;

/// Strikes out what must not be kept.
pub struct Scrubber {
    secrets: Arc<dyn Secrets>,
    hidden: BTreeSet<String>,
}

impl Scrubber {
    /// Strikes out every live secret.
    pub fn new(secrets: Arc<dyn Secrets>) -> Self {
        Self { secrets, hidden: BTreeSet::new() }
    }

    /// Replaces the texts of these JSON members, at any depth, by pseudonyms: equal ones stay equal. Names are
    /// compared without case.
    #[must_use]
    pub fn hiding(mut self, members: impl IntoIterator<Item = String>) -> Self {
        self.hidden.extend(members.into_iter().map(|member| member.to_lowercase()));
        self
    }

    /// An exchange, scrubbed.
    pub fn exchange(&self, mut exchange: Exchange) -> Exchange {
        let request = &mut exchange.request;
        request.url = self.text(&request.url);
        self.headers(&mut request.headers);
        request.body = request.body.take().map(|body| self.body(body));
        exchange.reply = match exchange.reply {
            Reply::Answer(mut answer) => {
                self.headers(&mut answer.headers);
                answer.body = self.body(answer.body);
                Reply::Answer(answer)
            }
            Reply::Denied(why) => Reply::Denied(self.text(&why)),
            Reply::Credential { needs_person, message } => {
                Reply::Credential { needs_person, message: self.text(&message) }
            }
            Reply::NotSent(why) => Reply::NotSent(self.text(&why)),
            Reply::UnknownOutcome(why) => Reply::UnknownOutcome(self.text(&why)),
            Reply::TooLarge(limit) => Reply::TooLarge(limit),
        };
        exchange
    }

    /// JSON, scrubbed: results and configurations.
    pub fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(members) => members.into_iter().map(|(name, value)| self.member(name, value)).collect(),
            other => other,
        }
    }

    fn member(&self, name: String, value: Value) -> (String, Value) {
        let value = match value {
            Value::String(text) if self.hidden.contains(&name.to_lowercase()) => Value::String(pseudonym(&text)),
            other => self.json(other),
        };
        (name, value)
    }

    fn text(&self, text: &str) -> String {
        self.secrets.redact(text)
    }

    fn headers(&self, headers: &mut Vec<(String, String)>) {
        headers.retain(|(name, _)| !HEADERS.contains(&name.to_lowercase().as_str()));
        for (_, value) in headers {
            *value = self.text(value);
        }
    }

    /// A body. Text that is JSON in another spelling is hidden member by member too, and keeps its
    /// spelling where nothing was to hide.
    fn body(&self, body: Body) -> Body {
        match body {
            Body::Json(value) => Body::Json(self.json(value)),
            Body::Text(text) => {
                let struck = self.text(&text);
                match serde_json::from_str::<Value>(&struck) {
                    Ok(value) if !self.hidden.is_empty() => {
                        let hidden = self.json(value.clone());
                        if hidden == value { Body::Text(struck) } else { Body::Json(hidden) }
                    }
                    _ => Body::Text(struck),
                }
            }
            // Bytes that are no text: what stands in them cannot be read, so it is not kept.
            Body::Base64(_) => Body::Base64(String::new()),
        }
    }
}

/// A stand-in: the same for the same text, and still an address where it was one.
fn pseudonym(text: &str) -> String {
    let digest = hex::encode(digest::digest(&digest::SHA256, text.as_bytes()));
    let short = &digest[..PSEUDONYM_DIGITS];
    if text.contains('@') { format!("{short}@hidden.example") } else { format!("hidden-{short}") }
}
