//! Origins as manifests and grants write them: `https://host[:port]`, `https://*.suffix`.

use std::net::IpAddr;

use serde_json::{Map, Value};
use url::Host;

use super::target::{Target, UrlScheme, split};

/// Why an origin, a template or a grant cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}': {message}")]
pub struct OriginError {
    /// As written.
    pub text: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl OriginError {
    pub(super) fn new(text: &str, message: impl Into<String>) -> Self {
        Self { text: text.to_owned(), message: message.into() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostRule {
    Name(String),
    /// With its leading dot: `.example.com`.
    Below(String),
    Address(IpAddr),
}

/// Scheme, host and port; never a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: UrlScheme,
    host: HostRule,
    port: u16,
}

impl Origin {
    /// Reads an origin. A single slash may follow it; `*.` may stand for one or more labels before
    /// a suffix of at least two.
    ///
    /// # Errors
    /// [`OriginError`] with the text as written.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let refuse = |message: String| OriginError::new(text, message);
        let (_, authority, rest) = split(text).map_err(|denial| refuse(denial.message))?;
        if !matches!(rest, "" | "/") {
            return Err(refuse("an origin has no path, query or fragment; leave what follows the host away".into()));
        }
        let wildcard = authority.strip_prefix("*.");
        if wildcard.unwrap_or(authority).contains('*') {
            return Err(refuse("'*' may only stand as the whole first label: https://*.example.com".into()));
        }
        let plain = if wildcard.is_some() { text.replacen("*.", "", 1) } else { text.to_owned() };
        let target = Target::parse(&plain).map_err(|denial| refuse(denial.message))?;
        let host = match (target.host(), wildcard.is_some()) {
            (Host::Domain(name), false) => HostRule::Name(name.to_owned()),
            (Host::Domain(name), true) if name.contains('.') => HostRule::Below(format!(".{name}")),
            (Host::Domain(name), true) => {
                return Err(refuse(format!(
                    "'*.{name}' would cover a whole top-level domain; name at least one label more"
                )));
            }
            (_, true) => return Err(refuse("'*' cannot stand before an address".into())),
            (Host::Ipv4(ip), false) => HostRule::Address(IpAddr::V4(ip)),
            (Host::Ipv6(ip), false) => HostRule::Address(IpAddr::V6(ip)),
        };
        Ok(Self { scheme: target.scheme(), host, port: target.port() })
    }

    /// Whether the target has this origin.
    pub fn matches(&self, target: &Target) -> bool {
        self.scheme == target.scheme() && self.port == target.port() && self.matches_host(&target.host())
    }

    /// Scheme.
    pub fn scheme(&self) -> UrlScheme {
        self.scheme
    }

    /// Whether it stands for one host only.
    pub fn is_exact(&self) -> bool {
        !matches!(self.host, HostRule::Below(_))
    }

    /// Whether it speaks of that host, whatever scheme and port.
    pub fn matches_host(&self, host: &Host<&str>) -> bool {
        match (&self.host, host) {
            (HostRule::Name(name), Host::Domain(asked)) => name == asked,
            (HostRule::Below(suffix), Host::Domain(asked)) => {
                asked.len() > suffix.len() && asked.ends_with(suffix.as_str())
            }
            (HostRule::Address(IpAddr::V4(ip)), Host::Ipv4(asked)) => ip == asked,
            (HostRule::Address(IpAddr::V6(ip)), Host::Ipv6(asked)) => ip == asked,
            _ => false,
        }
    }
}

/// Origins that may be reached. An empty list admits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<Origin>);

impl AllowList {
    /// Reads a list of origins.
    ///
    /// # Errors
    /// [`OriginError`] for the first that cannot be used.
    pub fn parse<T: AsRef<str>>(origins: &[T]) -> Result<Self, OriginError> {
        origins.iter().map(|origin| Origin::parse(origin.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether one of the origins is the target's.
    pub fn admits(&self, target: &Target) -> bool {
        self.0.iter().any(|origin| origin.matches(target))
    }

    /// The origins.
    pub fn origins(&self) -> &[Origin] {
        &self.0
    }
}

/// Fills `{field}` in a manifest's origins from a connection's configuration.
///
/// `{base_url}` alone takes a whole origin. Inside a host name the value may hold letters, digits,
/// `.`, `-` and `_` only; it is lowered and `_` becomes `-`, since host names know neither. A
/// template whose field has no value yields no origin.
///
/// # Errors
/// [`OriginError`] when a value would change the shape of the origin.
pub fn fill_origins(templates: &[String], config: &Map<String, Value>) -> Result<Vec<String>, OriginError> {
    let mut filled = Vec::with_capacity(templates.len());
    for template in templates {
        let whole =
            template.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|field| !field.contains('{'));
        let text = match whole {
            Some(field) => text_of(template, field, config)?,
            None => fill(template, config, |field, value| host_part(template, field, &value))?,
        };
        let Some(text) = text else { continue };
        if text.contains('*') && !template.contains('*') {
            return Err(OriginError::new(template, "a configuration value may not bring a '*' into an origin"));
        }
        Origin::parse(&text)?;
        filled.push(text);
    }
    Ok(filled)
}

/// Fills `{field}` in a path, such as those of reading posts. Values may hold letters, digits, `.`,
/// `-`, `_` and `~`. `None` when a field has no value.
///
/// # Errors
/// [`OriginError`] when a value would change the shape of the path.
pub fn fill_path(template: &str, config: &Map<String, Value>) -> Result<Option<String>, OriginError> {
    fill(template, config, |field, value| {
        let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        if plain && !value.is_empty() && !value.bytes().all(|byte| byte == b'.') {
            return Ok(value);
        }
        Err(OriginError::new(template, format!("the value of '{field}' may hold letters, digits and -._~ only")))
    })
}

fn fill(
    template: &str,
    config: &Map<String, Value>,
    mut admit: impl FnMut(&str, String) -> Result<String, OriginError>,
) -> Result<Option<String>, OriginError> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((field, tail)) = after.split_once('}') else {
            return Err(OriginError::new(template, "a '{' lacks its '}'"));
        };
        filled.push_str(before);
        let Some(value) = text_of(template, field, config)? else {
            return Ok(None);
        };
        filled.push_str(&admit(field, value)?);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(Some(filled))
}

fn text_of(template: &str, field: &str, config: &Map<String, Value>) -> Result<Option<String>, OriginError> {
    match config.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(OriginError::new(template, format!("the value of '{field}' is neither text nor a number"))),
    }
}

fn host_part(template: &str, field: &str, value: &str) -> Result<String, OriginError> {
    if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        return Ok(value.to_ascii_lowercase().replace('_', "-"));
    }
    Err(OriginError::new(template, format!("the value of '{field}' may hold letters, digits and '.', '-', '_' only")))
}
