//! Names to addresses, judged. The client connects to what leaves here and to nothing else, so a
//! name that resolves differently a moment later gains nothing.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use policy::network::{Denial, PrivateGrant, judge_address};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Name resolution.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All addresses of a host name.
    ///
    /// # Errors
    /// When the name does not resolve.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolution.
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Which addresses a client may use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Public ones, and private ones that the operator opened.
    Permitted,
    /// Those that the operator opened, and no others: for credentials without TLS.
    OpenedOnly,
}

/// A refusal on its way through the client's error chain.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Refused(pub(crate) Denial);

pub(crate) struct JudgedResolver {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) grant: Arc<PrivateGrant>,
    pub(crate) reach: Reach,
}

impl Resolve for JudgedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, grant, reach) = (Arc::clone(&self.lookup), Arc::clone(&self.grant), self.reach);
        Box::pin(async move {
            let host = name.as_str();
            let found = lookup.lookup(host).await?;
            let judged = sift(host, found, &grant, reach)?;
            // The client puts the URL's port in the place of 0.
            Ok(Box::new(judged.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// The addresses that may be used; an error when none is left.
fn sift(
    host: &str,
    found: Vec<IpAddr>,
    grant: &PrivateGrant,
    reach: Reach,
) -> Result<Vec<IpAddr>, Box<dyn Error + Send + Sync>> {
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")).into());
    }
    if grant.names_host(host) {
        return Ok(found);
    }
    let judge = |ip: IpAddr| match reach {
        Reach::Permitted => judge_address(ip, grant),
        Reach::OpenedOnly if grant.holds(ip) => Ok(()),
        Reach::OpenedOnly => Err(needs_https(&format!("{host} ({ip})"))),
    };
    let mut allowed = Vec::with_capacity(found.len());
    let mut refusal = None;
    for ip in found {
        match judge(ip) {
            Ok(()) => allowed.push(ip),
            Err(denial) => refusal = Some(denial),
        }
    }
    match refusal {
        Some(mut denial) if allowed.is_empty() => {
            denial.message = format!("{host} resolves to an address that may not be reached: {}", denial.message);
            Err(Refused(denial).into())
        }
        _ => Ok(allowed),
    }
}

/// The refusal of a credential on a plain connection.
pub(crate) fn needs_https(host: &str) -> Denial {
    Denial {
        rule: "credential-needs-https",
        message: format!("a credential leaves over https only, or to an address in allow_private; {host} is neither"),
        remedy: "use the https origin, or for a simulator, in the connection's grant: allow_private = [\"127.0.0.1\"]"
            .into(),
    }
}
