//! One connection, built once from its settings: lists, client, slots, budget.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use policy::network::{
    AllowList, Naming, OriginError, PrivateGrant, ReadingPosts, Target, UrlScheme, judge_literal, judge_origin,
};
use ports::{CallContext, HttpRequest, HttpResponse, SendError};
use reqwest::Client;
use tokio::time::Instant;

use crate::Room;
use crate::budget::Budget;
use crate::client;
use crate::config::{ConfigError, ConnectionConfig};
use crate::credential::{Slot, SlotBuilder, Stamp};
use crate::gate::{self, Admitted, denied};
use crate::resolve::{Reach, needs_https};
use crate::transmit::transmit;

pub(crate) struct Connection {
    room: Arc<Room>,
    lists: Lists,
    /// What the package declares; by version, where several serve.
    declared: Declared,
    versions: BTreeMap<String, Declared>,
    clients: Clients,
    slots: Vec<Slot>,
    budget: Budget,
    idempotency_header: Option<HeaderName>,
    request_timeout: Duration,
    request_limit_bytes: u64,
    response_limit_bytes: u64,
}

/// What a package, or one version of it, declares about the network.
struct Declared {
    origins: AllowList,
    reading_posts: ReadingPosts,
}

impl Declared {
    fn parse(config: &ConnectionConfig, origins: &[String], reading_posts: &[String]) -> Result<Self, ConfigError> {
        let origins =
            AllowList::parse(origins).map_err(|error| config_error(config, "manifest_origins", error.to_string()))?;
        Ok(Self { origins, reading_posts: ReadingPosts::new(reading_posts) })
    }
}

/// Where a connection may go.
pub(crate) struct Lists {
    pub(crate) manifest: AllowList,
    pub(crate) operator: AllowList,
    pub(crate) tokens: AllowList,
    pub(crate) private: Arc<PrivateGrant>,
}

impl Lists {
    fn build(config: &ConnectionConfig) -> Result<Self, ConfigError> {
        let refuse = |field: &'static str| move |error: OriginError| config_error(config, field, error.to_string());
        Ok(Self {
            manifest: AllowList::parse(&config.manifest_origins).map_err(refuse("manifest_origins"))?,
            operator: AllowList::parse(&config.granted_origins).map_err(refuse("granted_origins"))?,
            tokens: AllowList::parse(&config.token_origins).map_err(refuse("token_origins"))?,
            private: Arc::new(PrivateGrant::parse(&config.allow_private).map_err(refuse("allow_private"))?),
        })
    }

    fn any(&self, scheme: UrlScheme) -> bool {
        [&self.manifest, &self.tokens].iter().any(|list| list.origins().iter().any(|origin| origin.scheme() == scheme))
    }
}

/// The clients of one connection.
pub(crate) struct Clients {
    permitted: Client,
    /// Reaches private addresses that the operator opened, and no others; there only where a plain
    /// origin is listed.
    opened_only: Option<Client>,
}

impl Clients {
    fn build(config: &ConnectionConfig, room: &Room, lists: &Lists) -> Result<Self, ConfigError> {
        let tls = lists.any(UrlScheme::Https);
        let build = |reach, tls| {
            client::build(config, room, &lists.private, reach, tls)
                .map_err(|error| config_error(config, "extra_ca_pem", format!("no TLS client could be built: {error}")))
        };
        let opened_only = lists.any(UrlScheme::Http).then(|| build(Reach::OpenedOnly, false)).transpose()?;
        Ok(Self { permitted: build(Reach::Permitted, tls)?, opened_only })
    }

    /// The client for a target: a credential without TLS only reaches what the operator opened.
    pub(crate) fn choose(
        &self,
        target: &Target,
        private: &PrivateGrant,
        credential: bool,
    ) -> Result<&Client, SendError> {
        if target.scheme() == UrlScheme::Https || !credential {
            return Ok(&self.permitted);
        }
        let opened = match target.literal() {
            Some(ip) => private.holds(ip) || private.naming(target) == Naming::Named,
            None => true,
        };
        match &self.opened_only {
            Some(client) if opened => Ok(client),
            _ => Err(denied(&needs_https(&target.origin()))),
        }
    }
}

pub(crate) fn config_error(config: &ConnectionConfig, field: &str, message: impl Into<String>) -> ConfigError {
    ConfigError { connection: config.connection.clone(), field: field.to_owned(), message: message.into() }
}

impl Connection {
    pub(crate) fn build(config: &ConnectionConfig, room: &Arc<Room>) -> Result<Self, ConfigError> {
        check_figures(config)?;
        let lists = Lists::build(config)?;
        let clients = Clients::build(config, room, &lists)?;
        let builder = SlotBuilder { config, lists: &lists, clients: &clients, room };
        let slots = config.credentials.iter().map(|slot| builder.build(slot)).collect::<Result<_, _>>()?;
        let idempotency_header =
            match &config.idempotency_header {
                None => None,
                Some(name) => Some(name.parse().map_err(|_| {
                    config_error(config, "idempotency_header", format!("'{name}' is not a header name"))
                })?),
            };
        Ok(Self {
            room: Arc::clone(room),
            declared: Declared::parse(config, &config.manifest_origins, &config.reading_posts)?,
            versions: config
                .versions
                .iter()
                .map(|(digest, one)| Ok((digest.clone(), Declared::parse(config, &one.origins, &one.reading_posts)?)))
                .collect::<Result<_, ConfigError>>()?,
            clients,
            slots,
            budget: Budget::new(config.max_concurrent_requests, config.requests_per_second),
            idempotency_header,
            request_timeout: Duration::from_millis(config.request_timeout_ms.into()),
            request_limit_bytes: config.request_limit_bytes,
            response_limit_bytes: config.response_limit_bytes,
            lists,
        })
    }

    /// Judges, stamps, sends. What leaves here as text has passed the redactor.
    pub(crate) async fn send(&self, call: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let result = self.send_unredacted(call, request).await;
        result.map_err(|error| redacted(error, &self.room))
    }

    pub(crate) async fn check_credential(&self, slot: &str) -> Result<(), SendError> {
        self.slot(slot)?.check().await.map_err(|error| redacted(error, &self.room))
    }

    async fn send_unredacted(&self, call: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let target = Target::parse(&request.url).map_err(|denial| denied(&denial))?;
        let declared = self.declared(&call.digest)?;
        judge_origin(&target, &declared.origins, &self.lists.operator).map_err(|denial| denied(&denial))?;
        judge_literal(&target, &self.lists.private).map_err(|denial| denied(&denial))?;
        let slot = request.credential.as_deref().map(|name| self.slot(name)).transpose()?;
        let client = self.clients.choose(&target, &self.lists.private, slot.is_some())?;
        if let Some(slot) = slot {
            slot.admit(&target)?;
        }
        let (deadline, cost) = (self.deadline(call, &request), request.cost.max(1));
        let admitted = gate::admit(
            request,
            target,
            call.access,
            &declared.reading_posts,
            self.idempotency_header.as_ref(),
            self.request_limit_bytes,
        )?;
        let _turn = self.budget.enter(cost, deadline).await?;
        match slot {
            None => transmit(client, admitted, None, deadline, self.response_limit_bytes).await,
            Some(slot) => self.send_stamped(client, slot, admitted, deadline).await,
        }
    }

    /// Sends with a credential. A 401 to a token proves that nothing was done: the token is
    /// renewed and the request repeated, once.
    async fn send_stamped(
        &self,
        client: &Client,
        slot: &Slot,
        admitted: Admitted,
        deadline: Instant,
    ) -> Result<HttpResponse, SendError> {
        let stamp = slot.stamp(&admitted, None, deadline).await?;
        let Some(generation) = stamp.generation() else {
            return transmit(client, admitted, Some(&stamp), deadline, self.response_limit_bytes).await;
        };
        let again = admitted.clone();
        let answer = transmit(client, admitted, Some(&stamp), deadline, self.response_limit_bytes).await?;
        if answer.status != http::StatusCode::UNAUTHORIZED.as_u16() {
            return Ok(answer);
        }
        let renewed: Stamp = slot.stamp(&again, Some(generation), deadline).await?;
        transmit(client, again, Some(&renewed), deadline, self.response_limit_bytes).await
    }

    /// What the calling version declares.
    fn declared(&self, digest: &str) -> Result<&Declared, SendError> {
        if self.versions.is_empty() {
            return Ok(&self.declared);
        }
        self.versions.get(digest).ok_or_else(|| {
            SendError::Denied("this version of the plugin has no network here [no-version]; promote it first".into())
        })
    }

    fn slot(&self, name: &str) -> Result<&Slot, SendError> {
        self.slots.iter().find(|slot| slot.name() == name).ok_or_else(|| {
            SendError::Denied(format!(
                "the connection has no credential slot '{name}' [no-slot]; configure one, or name one of: {}",
                self.slots.iter().map(Slot::name).collect::<Vec<_>>().join(", ")
            ))
        })
    }

    fn deadline(&self, call: &CallContext, request: &HttpRequest) -> Instant {
        let asked = request.timeout_ms.map_or(self.request_timeout, |ms| Duration::from_millis(ms.into()));
        let own = Instant::now() + asked.min(self.request_timeout);
        own.min(Instant::from_std(call.deadline))
    }
}

fn check_figures(config: &ConnectionConfig) -> Result<(), ConfigError> {
    if config.connection.is_empty() {
        return Err(config_error(config, "connection", "a connection needs a name"));
    }
    if config.max_concurrent_requests == 0 {
        return Err(config_error(config, "max_concurrent_requests", "0 would let nothing out; write at least 1"));
    }
    match config.requests_per_second {
        Some(rate) if !(0.001..=1_000_000.0).contains(&rate) => {
            Err(config_error(config, "requests_per_second", format!("{rate} is not between 0.001 and 1000000")))
        }
        _ => Ok(()),
    }
}

/// The error with every secret struck out of its text.
fn redacted(error: SendError, room: &Room) -> SendError {
    let clean = |text: String| room.secrets.redact(&text);
    match error {
        SendError::Denied(text) => SendError::Denied(clean(text)),
        SendError::Credential { needs_person, message } => {
            SendError::Credential { needs_person, message: clean(message) }
        }
        SendError::NotSent(text) => SendError::NotSent(clean(text)),
        SendError::UnknownOutcome(text) => SendError::UnknownOutcome(clean(text)),
        SendError::TooLarge { limit_bytes } => SendError::TooLarge { limit_bytes },
    }
}
