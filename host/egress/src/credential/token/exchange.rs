//! One exchange with a token endpoint. Its answer is read here and never handed on.

use std::time::{Duration, Instant as Started};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use policy::network::Target;
use ports::{HttpResponse, SendError};
use reqwest::Client;
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::config::{ClientAuth, TokenEncoding};
use crate::credential::secret::{SlotSecrets, needs_person};
use crate::credential::{basic, header_value};
use crate::gate::Admitted;
use crate::transmit::transmit;

/// Longest wait for a token endpoint.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Largest answer of a token endpoint, in bytes: a token with its claims stays far below.
const ANSWER_LIMIT_BYTES: u64 = 256 * 1024;
/// How much of an endpoint's own explanation is repeated, in characters.
const MAX_EXPLANATION_CHARS: usize = 300;

/// Where tokens come from.
pub(in crate::credential) struct TokenEndpoint {
    pub(in crate::credential) client: Client,
    pub(in crate::credential) target: Target,
    pub(in crate::credential) encoding: TokenEncoding,
    pub(in crate::credential) client_auth: ClientAuth,
}

/// The fields of a token request.
#[derive(Default)]
pub(super) struct Fields {
    fields: Vec<(&'static str, Zeroizing<String>)>,
    basic: Option<Zeroizing<String>>,
}

impl Fields {
    pub(super) fn add(&mut self, name: &'static str, value: &str) {
        self.fields.push((name, Zeroizing::new(value.to_owned())));
    }

    pub(super) fn add_optional(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }

    /// Client id and secret in a header; each is form-encoded first (RFC 6749 section 2.3.1).
    pub(super) fn set_basic(&mut self, client: &str, secret: &str) {
        let encode = |text: &str| Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
        self.basic = Some(basic(&encode(client), &encode(secret)));
    }

    fn body(&self, encoding: TokenEncoding) -> (Vec<u8>, &'static str) {
        let pairs = self.fields.iter().map(|(name, value)| (*name, value.as_str()));
        match encoding {
            TokenEncoding::Form => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                (form.into_bytes(), "application/x-www-form-urlencoded")
            }
            TokenEncoding::Json => {
                let object: Map<String, Value> = pairs.map(|(name, value)| (name.to_owned(), value.into())).collect();
                (Value::Object(object).to_string().into_bytes(), "application/json")
            }
        }
    }

    /// Strikes what was sent out of what came back.
    fn strike(&self, text: &str) -> String {
        let sent = self
            .fields
            .iter()
            .filter(|(name, _)| !matches!(*name, "grant_type" | "client_assertion_type" | "scope" | "audience"));
        sent.filter(|(_, value)| value.len() >= 6)
            .fold(text.to_owned(), |text, (_, value)| text.replace(value.as_str(), "[redacted]"))
    }
}

/// What a token endpoint granted.
pub(super) struct Answer {
    pub(super) access_token: Zeroizing<String>,
    pub(super) refresh_token: Option<Zeroizing<String>>,
    pub(super) expires_in_seconds: Option<i64>,
}

impl TokenEndpoint {
    /// Asks once. A connection that fails leaves the vendor's API untouched, so it is `NotSent`
    /// for the request that waits; a refusal is a credential's failure.
    pub(super) async fn ask(&self, secrets: &SlotSecrets, fields: &Fields) -> Result<Answer, SendError> {
        let started = Started::now();
        let (body, kind) = fields.body(self.encoding);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(line) = &fields.basic {
            headers.insert(AUTHORIZATION, header_value(line, secrets.slot())?);
        }
        let request = Admitted { method: Method::POST, target: self.target.clone(), headers, body: Some(body.into()) };
        let answer = transmit(&self.client, request, None, Instant::now() + TIMEOUT, ANSWER_LIMIT_BYTES).await;
        self.audit(secrets, answer.as_ref().map_or(0, |answer| answer.status), started);
        match answer {
            Ok(answer) => self.read(&answer, fields),
            Err(SendError::Denied(text)) => Err(SendError::Denied(text)),
            Err(SendError::NotSent(text) | SendError::UnknownOutcome(text)) => {
                Err(SendError::NotSent(format!("the token endpoint {} did not answer: {text}", self.target.origin())))
            }
            Err(error) => Err(self.failed(false, &error.to_string())),
        }
    }

    fn read(&self, answer: &HttpResponse, fields: &Fields) -> Result<Answer, SendError> {
        let json = serde_json::from_slice::<Map<String, Value>>(&answer.body).unwrap_or_default();
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        if (200..300).contains(&answer.status)
            && let Some(token) = text("access_token").filter(|token| !token.is_empty())
        {
            return Ok(Answer {
                access_token: Zeroizing::new(token.to_owned()),
                refresh_token: text("refresh_token")
                    .filter(|token| !token.is_empty())
                    .map(|token| Zeroizing::new(token.to_owned())),
                expires_in_seconds: json.get("expires_in").and_then(seconds),
            });
        }
        let explanation =
            [text("error"), text("error_description")].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let explanation: String = fields.strike(&explanation).chars().take(MAX_EXPLANATION_CHARS).collect();
        // Whatever RFC 6749 section 5.2 lists is a matter of settings or consent; throttling and
        // the server's own trouble are not, and neither is an answer that is no answer.
        let passing = matches!(answer.status, 408 | 425 | 429)
            || matches!(text("error"), Some("temporarily_unavailable" | "server_error"));
        let needs_person = (400..500).contains(&answer.status) && !passing;
        let said = if explanation.is_empty() { "no access token in its answer" } else { &explanation };
        Err(self.failed(needs_person, &format!("status {}, {said}", answer.status)))
    }

    fn failed(&self, needs_person: bool, what: &str) -> SendError {
        let message = format!("the token endpoint {} refused: {what}", self.target.origin());
        if needs_person { self::needs_person(message) } else { SendError::Credential { needs_person, message } }
    }

    fn audit(&self, secrets: &SlotSecrets, status: u16, started: Started) {
        tracing::info!(
            target: crate::audit::TARGET,
            connection = secrets.connection(),
            slot = secrets.slot(),
            method = "POST",
            host = %self.target.host(),
            path = secrets.room.secrets.redact(self.target.path()),
            status,
            ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "token request"
        );
    }
}

/// Vendors write the life of a token as a number or as text.
fn seconds(value: &Value) -> Option<i64> {
    let seconds = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (seconds > 0).then_some(seconds)
}
