//! One HTTP client per connection: its own socket pool, its own TLS sessions, no redirects, no
//! proxies from the environment, no retries below the host's.

use std::sync::Arc;
use std::time::Duration;

use policy::network::PrivateGrant;
use reqwest::{Certificate, Client, redirect, retry};

use crate::Room;
use crate::config::ConnectionConfig;
use crate::resolve::{JudgedResolver, Reach};

/// Idle sockets are closed after this many milliseconds: before the five seconds after which common
/// servers do, so that a write is not lost to a socket that closes under it.
const IDLE_SOCKET_MS: u64 = 4_500;

/// Builds a client. `tls` is false where no https origin exists: then the system's certificates are
/// not read, and need not be there.
pub(crate) fn build(
    config: &ConnectionConfig,
    room: &Room,
    grant: &Arc<PrivateGrant>,
    reach: Reach,
    tls: bool,
) -> Result<Client, String> {
    let resolver = JudgedResolver { lookup: Arc::clone(&room.lookup), grant: Arc::clone(grant), reach };
    let builder = Client::builder()
        .user_agent(concat!("Quoin/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .connect_timeout(Duration::from_millis(config.connect_timeout_ms.into()))
        .pool_idle_timeout(Duration::from_millis(IDLE_SOCKET_MS))
        .pool_max_idle_per_host(usize::try_from(config.max_concurrent_requests).unwrap_or(usize::MAX))
        .dns_resolver(Arc::new(resolver));
    let certificates = match &config.extra_ca_pem {
        Some(pem) => Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| crate::answer::causes(&error))?,
        None => Vec::new(),
    };
    let builder = if tls { builder.tls_certs_merge(certificates) } else { builder.tls_certs_only(certificates) };
    builder.build().map_err(|error| crate::answer::causes(&error))
}
