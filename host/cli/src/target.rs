//! Where the host is: flags, then environment, then `client.toml`, then this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::arguments::TargetArguments;

/// Where a host listens when nothing else is said.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// A host and who asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Address without a slash at its end.
    pub url: String,
    /// Access token, when there is one.
    pub token: Option<String>,
}

/// `client.toml`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientFile {
    url: Option<String>,
    token: Option<String>,
    /// Address of the plugin registry.
    pub registry: Option<String>,
    /// Its token.
    pub registry_token: Option<String>,
}

/// The host to speak to.
///
/// # Errors
/// When `client.toml` cannot be read, or the address is none.
pub fn resolve(arguments: &TargetArguments) -> anyhow::Result<Target> {
    from(arguments, path().as_deref())
}

/// What `client.toml` says; nothing without one.
///
/// # Errors
/// When it cannot be read.
pub fn file() -> anyhow::Result<ClientFile> {
    Ok(path().as_deref().map(read).transpose()?.unwrap_or_default())
}

fn path() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    folder.map(|folder| folder.join("quoin/client.toml")).filter(|file| file.exists())
}

fn from(arguments: &TargetArguments, file: Option<&Path>) -> anyhow::Result<Target> {
    let file = file.map(read).transpose()?.unwrap_or_default();
    let url = arguments.url.clone().or(file.url).unwrap_or_else(|| DEFAULT_URL.into());
    if !url.starts_with("http://") && !url.starts_with("https://") {
        bail!("'{url}' is no address of a host; it begins with http:// or https://");
    }
    Ok(Target { url: url.trim_end_matches('/').into(), token: arguments.token.clone().or(file.token) })
}

fn read(file: &Path) -> anyhow::Result<ClientFile> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    toml::from_str(&text)
        .with_context(|| format!("{}: it may hold `url`, `token`, `registry` and `registry_token`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(url: Option<&str>, token: Option<&str>) -> TargetArguments {
        TargetArguments { url: url.map(str::to_owned), token: token.map(str::to_owned) }
    }

    #[test]
    fn what_is_said_last_counts_least() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("client.toml");
        std::fs::write(&file, "url = \"https://quoin.example/\"\ntoken = \"from-file\"\n").unwrap();
        let target = from(&arguments(None, None), Some(&file)).unwrap();
        assert_eq!(target, Target { url: "https://quoin.example".into(), token: Some("from-file".into()) });
        let target = from(&arguments(Some("http://other:1"), Some("said")), Some(&file)).unwrap();
        assert_eq!(target, Target { url: "http://other:1".into(), token: Some("said".into()) });
        assert_eq!(from(&arguments(None, None), None).unwrap().url, DEFAULT_URL);
    }

    #[test]
    fn mistakes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("client.toml");
        std::fs::write(&file, "adress = \"x\"\n").unwrap();
        let error = format!("{:#}", from(&arguments(None, None), Some(&file)).unwrap_err());
        assert!(error.contains("client.toml") && error.contains("adress"), "{error}");
        assert!(from(&arguments(Some("localhost:8080"), None), None).is_err());
    }
}
