//! A URL as a plugin wrote it, read once; the same value then serves policy, name resolution, TLS
//! server name and `Host`.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

use super::Denial;

/// Longest URL taken, in bytes: what common servers and proxies accept in a request line.
const MAX_URL_BYTES: usize = 16 * 1024;
/// Longest host name, in bytes (RFC 1035 section 2.3.4, without the trailing dot).
const MAX_HOST_BYTES: usize = 253;

/// The two schemes that may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum UrlScheme {
    Http,
    Https,
}

impl UrlScheme {
    /// As it stands in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that need not be written.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A plainly written URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    scheme: UrlScheme,
    port: u16,
}

impl Target {
    /// Reads a URL and refuses every spelling that two programs could read differently.
    ///
    /// # Errors
    /// A [`Denial`] under a `url-…` rule.
    pub fn parse(raw: &str) -> Result<Self, Denial> {
        let (scheme, authority, _) = split(raw)?;
        let mut url = Url::parse(raw).map_err(|error| form(format!("the URL cannot be read ({error})")))?;
        refuse_odd_host(&url, authority)?;
        drop_trailing_dot(&mut url)?;
        if let Some(Host::Domain(name)) = url.host() {
            check_name(name)?;
        }
        url.set_fragment(None);
        let port = url.port_or_known_default().unwrap_or_else(|| scheme.default_port());
        Ok(Self { url, scheme, port })
    }

    /// The URL to call.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The URL to call, given away.
    pub fn into_url(self) -> Url {
        self.url
    }

    /// Scheme.
    pub fn scheme(&self) -> UrlScheme {
        self.scheme
    }

    /// Port, written or implied.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host name, lower case and without trailing dot, or address literal.
    pub fn host(&self) -> Host<&str> {
        // `parse` admits http and https only, and those cannot lack a host.
        self.url.host().unwrap_or(Host::Ipv4(Ipv4Addr::UNSPECIFIED))
    }

    /// The address, where the host is written as one.
    pub fn literal(&self) -> Option<IpAddr> {
        match self.host() {
            Host::Domain(_) => None,
            Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
        }
    }

    /// Path, as it will be sent; never the query.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// `scheme://host[:port]`, the port only where it is not the scheme's own.
    pub fn origin(&self) -> String {
        let (scheme, host) = (self.scheme.as_str(), self.host());
        if self.port == self.scheme.default_port() {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.port)
        }
    }
}

fn form(message: impl Into<String>) -> Denial {
    Denial::new("url-form", message, "write it as https://host[:port]/path?query")
}

/// Scheme, authority and the rest of a URL text, refused where anything in it could be read twice.
pub(super) fn split(raw: &str) -> Result<(UrlScheme, &str, &str), Denial> {
    if raw.len() > MAX_URL_BYTES {
        return Err(form(format!("the URL is longer than {MAX_URL_BYTES} bytes")));
    }
    if raw.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(form("the URL holds a space or a control character; percent-encode it"));
    }
    if raw.contains('\\') {
        return Err(form("the URL holds a backslash, which some programs read as '/'; percent-encode it"));
    }
    let (scheme, rest) = if let Some(rest) = strip_scheme(raw, "https://") {
        (UrlScheme::Https, rest)
    } else if let Some(rest) = strip_scheme(raw, "http://") {
        (UrlScheme::Http, rest)
    } else {
        return Err(form("the URL is not an absolute http or https URL"));
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if authority.contains('@') {
        return Err(Denial::new(
            "url-userinfo",
            "the URL carries a user name or password before its host",
            "remove everything up to '@' and name a credential slot in the request instead",
        ));
    }
    if authority.is_empty() || !authority.is_ascii() || authority.contains('%') {
        return Err(form("the host is empty, escaped or not ASCII; write international names in their xn-- form"));
    }
    Ok((scheme, authority, tail))
}

fn strip_scheme<'a>(raw: &'a str, prefix: &str) -> Option<&'a str> {
    let head = raw.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &raw[prefix.len()..])
}

/// The URL standard reads `2130706433`, `0x7f.1` and `017700000001` as 127.0.0.1. A list that
/// compares texts does not; so the only spelling taken is the usual one.
fn refuse_odd_host(url: &Url, authority: &str) -> Result<(), Denial> {
    let Some(Host::Ipv4(ip)) = url.host() else {
        return Ok(());
    };
    let written = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    if written == ip.to_string() {
        return Ok(());
    }
    Err(Denial::new(
        "url-address-spelling",
        format!("'{written}' is an unusual spelling of the address {ip}"),
        format!("write {ip}, or better the host's name"),
    ))
}

fn drop_trailing_dot(url: &mut Url) -> Result<(), Denial> {
    let Some(Host::Domain(name)) = url.host() else {
        return Ok(());
    };
    let Some(bare) = name.strip_suffix('.') else {
        return Ok(());
    };
    let bare = bare.to_owned();
    url.set_host(Some(&bare)).map_err(|error| form(format!("the host '{bare}.' cannot be read ({error})")))
}

fn check_name(name: &str) -> Result<(), Denial> {
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if name.len() <= MAX_HOST_BYTES && name.split('.').all(label_ok) {
        return Ok(());
    }
    Err(form(format!("'{name}' is not a host name of letters, digits, '-' and '_' between single dots")))
}
