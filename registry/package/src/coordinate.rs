//! Where a plugin stands in a registry: `namespace/name`, and the repository that holds it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Repositories below this prefix hold plugins and nothing else.
pub const PLUGIN_PREFIX: &str = "plugins/";

/// Longest namespace or name, in characters: the longest label of a host name, so that either can become one.
const LABEL_CHARS_MAX: usize = 63;

/// `namespace/name` of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName {
    namespace: String,
    name: String,
}

/// Why a text names no plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' names no plugin; write namespace/name, each of a-z, 0-9 and '-', beginning and ending with a letter or digit"
)]
pub struct NameError(String);

impl PluginName {
    /// A plugin by its parts.
    ///
    /// # Errors
    /// When a part holds anything but a-z, 0-9 and inner hyphens.
    pub fn new(namespace: &str, name: &str) -> Result<Self, NameError> {
        if is_label(namespace) && is_label(name) {
            return Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() });
        }
        Err(NameError(format!("{namespace}/{name}")))
    }

    /// The plugin that a repository holds; `None` for a repository that is no plugin's.
    pub fn of_repository(repository: &str) -> Option<Self> {
        repository.strip_prefix(PLUGIN_PREFIX)?.parse().ok()
    }

    /// Who publishes it.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name within the namespace: the `id` of its manifest.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its repository.
    pub fn repository(&self) -> String {
        format!("{PLUGIN_PREFIX}{self}")
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for PluginName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (namespace, name) = text.split_once('/').ok_or_else(|| NameError(text.to_owned()))?;
        Self::new(namespace, name)
    }
}

impl TryFrom<String> for PluginName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<PluginName> for String {
    fn from(name: PluginName) -> Self {
        name.to_string()
    }
}

/// Whether a text may be a namespace or a name.
pub fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= LABEL_CHARS_MAX
        && text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|c| plain(c) || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_two_labels() {
        for (text, good) in [
            ("acme/books", true),
            ("a/b-2", true),
            ("acme", false),
            ("acme/", false),
            ("acme/a/b", false),
            ("Acme/books", false),
            ("acme/-books", false),
            ("../books", false),
            ("acme/..", false),
        ] {
            assert_eq!(text.parse::<PluginName>().is_ok(), good, "{text}");
        }
    }

    #[test]
    fn a_repository_is_a_plugins_or_not() {
        let name: PluginName = "acme/books".parse().unwrap();
        assert_eq!(name.repository(), "plugins/acme/books");
        assert_eq!(PluginName::of_repository("plugins/acme/books"), Some(name));
        assert_eq!(PluginName::of_repository("acme/books"), None);
        assert_eq!(PluginName::of_repository("plugins/acme"), None);
    }
}
