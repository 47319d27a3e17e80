//! The one way out: allow-list, address guard, credentials, rate budget, limits, audit.
//!
//! Lives here: outbound connections and what they need. Never enters: knowledge of what the bytes
//! mean, a retry of its own for a write (but for one re-authentication after a 401, which proves
//! that nothing was done).
//!
//! A request passes, in this order: the URL's form, both allow-lists, the grant (reading or
//! writing), its headers, the connection's budget, the credential, and at last the address that its
//! name resolves to; the socket is opened to that very address. Each connection has its own socket
//! pool and TLS sessions, and its own client, built once.

mod answer;
mod audit;
mod budget;
mod client;
mod clock;
mod config;
mod connection;
mod credential;
mod gate;
mod nonce;
mod resolve;
mod transmit;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use ports::{CallContext, Clock, HttpRequest, HttpResponse, Outbound, Secrets, SendError};

pub use clock::WallClock;
pub use config::{
    AssertionAlgorithm, ClientAuth, ConfigError, ConnectionConfig, CredentialConfig, TokenEncoding, VersionNetwork,
};
pub use nonce::{Nonces, RandomNonces};
pub use resolve::{Lookup, SystemLookup};

use audit::Audit;
use connection::Connection;

/// What every connection uses.
#[derive(Clone)]
pub(crate) struct Room {
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) nonces: Arc<dyn Nonces>,
    pub(crate) lookup: Arc<dyn Lookup>,
}

/// [`Outbound`] over HTTPS.
pub struct Egress {
    room: Arc<Room>,
    connections: ArcSwap<HashMap<String, Arc<Connection>>>,
}

impl Egress {
    /// A door without connections. The clock must tell the vendors' time, which is [`WallClock`]'s
    /// even in a house whose business clock is set: they compare it with theirs in signed assertions.
    pub fn new(secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Self {
        // Both fail only when a provider is installed already, which serves as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let room = Room { secrets, clock, nonces: Arc::new(RandomNonces), lookup: Arc::new(SystemLookup) };
        Self { room: Arc::new(room), connections: ArcSwap::default() }
    }

    /// The same with another name resolution. Call it before any connection is installed.
    #[must_use]
    pub fn with_lookup(mut self, lookup: Arc<dyn Lookup>) -> Self {
        Arc::make_mut(&mut self.room).lookup = lookup;
        self
    }

    /// The same with another source of nonces. Call it before any connection is installed.
    #[must_use]
    pub fn with_nonces(mut self, nonces: Arc<dyn Nonces>) -> Self {
        Arc::make_mut(&mut self.room).nonces = nonces;
        self
    }

    /// Adds a connection, or replaces one: new requests use the new settings, sockets and tokens,
    /// requests in flight finish on the old ones.
    ///
    /// # Errors
    /// [`ConfigError`] naming the field; the connection stays as it was.
    pub fn install(&self, config: &ConnectionConfig) -> Result<(), ConfigError> {
        let connection = Arc::new(Connection::build(config, &self.room)?);
        self.connections.rcu(|table| {
            let mut table = HashMap::clone(table);
            table.insert(config.connection.clone(), Arc::clone(&connection));
            table
        });
        Ok(())
    }

    /// Takes a connection away. Whether there was one.
    pub fn remove(&self, connection: &str) -> bool {
        let before = self.connections.rcu(|table| {
            let mut table = HashMap::clone(table);
            table.remove(connection);
            table
        });
        before.contains_key(connection)
    }

    /// Names of the connections, sorted.
    pub fn connections(&self) -> Vec<String> {
        let mut names: Vec<String> = self.connections.load().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Whether a slot's secrets are there and, for token schemes, whether the token endpoint grants
    /// a token: what a check of the connection tells its operator.
    ///
    /// # Errors
    /// [`SendError`] as a request in that slot would meet it.
    pub async fn check_credential(&self, connection: &str, slot: &str) -> Result<(), SendError> {
        self.find(connection)?.check_credential(slot).await
    }

    fn find(&self, connection: &str) -> Result<Arc<Connection>, SendError> {
        self.connections.load().get(connection).map(Arc::clone).ok_or_else(|| {
            SendError::Denied(format!("there is no connection '{connection}' here [no-connection]; configure it first"))
        })
    }
}

#[async_trait]
impl Outbound for Egress {
    async fn send(&self, call: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let audit = Audit::begin(call, &request);
        let result = match self.find(&call.connection) {
            Ok(connection) => connection.send(call, request).await,
            Err(error) => Err(error),
        };
        audit.end(&*self.room.secrets, &result);
        result
    }
}
