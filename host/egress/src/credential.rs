//! Credentials: attached by slot name, read from the vault by `<connection>/<slot>/<part>`.

mod assertion;
mod oauth1;
mod secret;
mod token;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use policy::network::{AllowList, Denial, Target, judge_literal, judge_origin};
use ports::SendError;
use quoin_package::Scheme;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::Room;
use crate::config::{AssertionAlgorithm, ConfigError, ConnectionConfig, CredentialConfig};
use crate::connection::{Clients, Lists, config_error};
use crate::gate::{Admitted, denied};
use assertion::Assertion;
use secret::SlotSecrets;
use token::{Grant, Token, TokenEndpoint, TokenSource};

/// An echo of a credential shorter than this is not struck out of an answer, in bytes: it could be
/// an ordinary word of the data.
const MIN_ECHO_BYTES: usize = 12;

/// A header to attach.
pub(crate) struct Stamp {
    pub(crate) header: HeaderName,
    pub(crate) value: HeaderValue,
    token: Option<Arc<Token>>,
    kept: Vec<Zeroizing<Vec<u8>>>,
}

impl Stamp {
    /// Which token it carries, where a 401 may be answered by renewing it.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.token.as_ref().map(|token| token.generation)
    }

    /// What must not come back to the plugin.
    pub(crate) fn echoes(&self) -> impl Iterator<Item = &[u8]> {
        let token = self.token.iter().map(|token| token.text.as_bytes());
        token.chain(self.kept.iter().map(|kept| kept.as_slice())).filter(|text| text.len() >= MIN_ECHO_BYTES)
    }
}

enum Kind {
    Header { header: HeaderName, prefix: String },
    Basic,
    Bearer,
    Oauth1 { realm: Option<String> },
    Token(Arc<TokenSource>),
    InboundOnly,
}

/// A credential slot, ready for use.
pub(crate) struct Slot {
    secrets: SlotSecrets,
    scope: Option<AllowList>,
    kind: Kind,
}

impl Slot {
    pub(crate) fn name(&self) -> &str {
        self.secrets.slot()
    }

    /// Whether this target may receive the credential.
    pub(crate) fn admit(&self, target: &Target) -> Result<(), SendError> {
        if matches!(self.kind, Kind::InboundOnly) {
            return Err(denied(&Denial {
                rule: "slot-inbound-only",
                message: format!("slot '{}' proves inbound webhooks and never leaves", self.name()),
                remedy: "name another slot in the request".into(),
            }));
        }
        if self.scope.as_ref().is_none_or(|scope| scope.admits(target)) {
            return Ok(());
        }
        let origin = target.origin();
        Err(denied(&Denial {
            rule: "credential-scope",
            message: format!("slot '{}' is not for {origin}", self.name()),
            remedy: format!("to allow it, in the connection's credential '{}': origins = [\"{origin}\"]", self.name()),
        }))
    }

    /// The header for a request. `stale` is the token that a 401 has just answered.
    pub(crate) async fn stamp(
        &self,
        request: &Admitted,
        stale: Option<u64>,
        deadline: Instant,
    ) -> Result<Stamp, SendError> {
        match &self.kind {
            Kind::Header { header, prefix } => {
                let value = self.secrets.text("value").await?;
                let line = Zeroizing::new(format!("{prefix}{}", value.as_str()));
                self.fixed(header.clone(), &line, vec![Zeroizing::new(value.as_bytes().to_vec())])
            }
            Kind::Bearer => {
                let value = self.secrets.text("value").await?;
                let line = Zeroizing::new(format!("Bearer {}", value.as_str()));
                self.fixed(AUTHORIZATION, &line, vec![Zeroizing::new(value.as_bytes().to_vec())])
            }
            Kind::Basic => {
                let (username, password) = (self.secrets.text("username").await?, self.secrets.text("password").await?);
                let line = basic(&username, &password);
                let blob = line.as_bytes().get("Basic ".len()..).unwrap_or_default().to_vec();
                self.fixed(
                    AUTHORIZATION,
                    &line,
                    vec![Zeroizing::new(blob), Zeroizing::new(password.as_bytes().to_vec())],
                )
            }
            Kind::Oauth1 { realm } => {
                let line = oauth1::authorize(&self.secrets, request, realm.as_deref()).await?;
                self.fixed(AUTHORIZATION, &line, Vec::new())
            }
            Kind::Token(source) => {
                let token = TokenSource::obtain(source, stale, deadline).await?;
                Ok(Stamp { header: AUTHORIZATION, value: token.header.clone(), token: Some(token), kept: Vec::new() })
            }
            Kind::InboundOnly => Err(SendError::Denied(format!("slot '{}' never leaves", self.name()))),
        }
    }

    /// Whether the slot could be used now.
    pub(crate) async fn check(&self) -> Result<(), SendError> {
        let parts: &[&str] = match &self.kind {
            Kind::Header { .. } | Kind::Bearer | Kind::InboundOnly => &["value"],
            Kind::Basic => &["username", "password"],
            Kind::Oauth1 { .. } => &["consumer_key", "consumer_secret", "token", "token_secret"],
            Kind::Token(source) => {
                return TokenSource::obtain(source, None, token::longest_wait()).await.map(|_| ());
            }
        };
        for part in parts {
            self.secrets.text(part).await?;
        }
        Ok(())
    }

    fn fixed(&self, header: HeaderName, line: &str, kept: Vec<Zeroizing<Vec<u8>>>) -> Result<Stamp, SendError> {
        Ok(Stamp { header, value: header_value(line, self.name())?, token: None, kept })
    }
}

/// `Basic` credentials (RFC 7617).
fn basic(username: &str, password: &str) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{username}:{password}"));
    let blob = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    Zeroizing::new(format!("Basic {}", blob.as_str()))
}

fn header_value(line: &str, slot: &str) -> Result<HeaderValue, SendError> {
    let mut value = HeaderValue::from_bytes(line.as_bytes()).map_err(|_| SendError::Credential {
        needs_person: true,
        message: format!(
            "the secret of slot '{slot}' holds characters that no header can carry; set it again, without line breaks"
        ),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Builds slots from a connection's settings.
pub(crate) struct SlotBuilder<'a> {
    pub(crate) config: &'a ConnectionConfig,
    pub(crate) lists: &'a Lists,
    pub(crate) clients: &'a Clients,
    pub(crate) room: &'a Arc<Room>,
}

impl SlotBuilder<'_> {
    pub(crate) fn build(&self, slot: &CredentialConfig) -> Result<Slot, ConfigError> {
        let secrets = SlotSecrets::new(Arc::clone(self.room), &self.config.connection, &slot.slot);
        let scope = if slot.origins.is_empty() {
            None
        } else {
            Some(AllowList::parse(&slot.origins).map_err(|error| self.refuse(slot, "origins", error.to_string()))?)
        };
        let kind = match slot.scheme {
            Scheme::StaticHeader => Kind::Header { header: self.header(slot)?, prefix: slot.prefix.clone() },
            Scheme::Basic => Kind::Basic,
            Scheme::Bearer => Kind::Bearer,
            Scheme::Oauth1 => Kind::Oauth1 { realm: self.realm(slot)? },
            Scheme::WebhookSecret => Kind::InboundOnly,
            Scheme::Oauth2ClientCredentials => self.token(slot, &secrets, Grant::ClientCredentials)?,
            Scheme::Oauth2Refresh => self.token(slot, &secrets, Grant::Refresh)?,
            Scheme::Oauth2ClientAssertion => {
                let assertion = self.assertion(slot, AssertionAlgorithm::PS256)?;
                self.token(slot, &secrets, Grant::ClientAssertion(assertion))?
            }
            Scheme::Oauth2JwtBearer => {
                let assertion = self.assertion(slot, AssertionAlgorithm::RS256)?;
                self.token(slot, &secrets, Grant::JwtBearer(assertion))?
            }
        };
        Ok(Slot { secrets, scope, kind })
    }

    fn refuse(&self, slot: &CredentialConfig, field: &str, message: impl Into<String>) -> ConfigError {
        config_error(self.config, &format!("credential '{}', {field}", slot.slot), message)
    }

    fn header(&self, slot: &CredentialConfig) -> Result<HeaderName, ConfigError> {
        let name = slot
            .header
            .as_deref()
            .ok_or_else(|| self.refuse(slot, "header", "name the header that carries the value, such as X-Api-Key"))?;
        let header: HeaderName =
            name.parse().map_err(|_| self.refuse(slot, "header", format!("'{name}' is not a header name")))?;
        if ["host", "content-length", "transfer-encoding", "connection"].contains(&header.as_str()) {
            return Err(self.refuse(
                slot,
                "header",
                format!("'{name}' belongs to the connection and carries no credential"),
            ));
        }
        Ok(header)
    }

    fn realm(&self, slot: &CredentialConfig) -> Result<Option<String>, ConfigError> {
        match &slot.realm {
            Some(realm)
                if realm.bytes().any(|byte| !(b' '..=b'~').contains(&byte) || byte == b'"' || byte == b'\\') =>
            {
                Err(self.refuse(slot, "realm", "use printable ASCII without quotes and backslashes"))
            }
            realm => Ok(realm.clone()),
        }
    }

    fn token_url<'s>(&self, slot: &'s CredentialConfig) -> Result<&'s str, ConfigError> {
        slot.token_url
            .as_deref()
            .ok_or_else(|| self.refuse(slot, "token_url", "this scheme needs the vendor's token endpoint"))
    }

    fn assertion(&self, slot: &CredentialConfig, default: AssertionAlgorithm) -> Result<Assertion, ConfigError> {
        Ok(Assertion {
            algorithm: slot.algorithm.unwrap_or(default),
            key_id: slot.key_id.clone(),
            audience: slot.audience.clone().unwrap_or(self.token_url(slot)?.to_owned()),
            subject: slot.subject.clone(),
            lifetime_seconds: slot.lifetime_seconds.into(),
        })
    }

    fn token(&self, slot: &CredentialConfig, secrets: &SlotSecrets, grant: Grant) -> Result<Kind, ConfigError> {
        let refuse = |message: String| self.refuse(slot, "token_url", message);
        let target = Target::parse(self.token_url(slot)?).map_err(|denial| refuse(denial.to_string()))?;
        if !self.lists.tokens.admits(&target) {
            judge_origin(&target, &self.lists.manifest, &self.lists.operator)
                .map_err(|denial| refuse(format!("{denial}; or list it in token_origins")))?;
        }
        judge_literal(&target, &self.lists.private).map_err(|denial| refuse(denial.to_string()))?;
        let client =
            self.clients.choose(&target, &self.lists.private, true).map_err(|error| refuse(error.to_string()))?;
        let endpoint = TokenEndpoint {
            client: client.clone(),
            target,
            encoding: slot.token_encoding,
            client_auth: slot.client_auth,
        };
        let extra = token::Extra { scope: slot.scope.clone(), audience: slot.audience.clone() };
        Ok(Kind::Token(Arc::new(TokenSource::new(secrets.clone(), endpoint, grant, extra))))
    }
}
