//! Whose plugins this host runs: a component with a note of origin must be what a trusted publisher
//! signed, and without one it runs only where the operator allows it. Works without a network.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use ports::{PluginInfo, Plugins};
use quoin_trust::{Provenance, Publisher, TrustError};

use crate::Config;

/// Ending of a note of origin, beside `<id>.wasm`.
const NOTE: &str = "provenance.json";

/// Whom the operator trusts.
#[derive(Clone)]
pub(crate) struct Trust {
    publishers: Vec<Publisher>,
    signed_only: bool,
    folder: PathBuf,
}

impl Trust {
    /// As the configuration says.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            publishers: config.publishers.clone(),
            signed_only: config.host.signed_plugins_only,
            folder: config.host.plugins_dir.clone(),
        }
    }

    /// Judges a component of the plugin folder by the note beside it; who signed it, in words.
    ///
    /// # Errors
    /// Why it must not run, and what to do.
    pub(crate) fn check_file(&self, file: &Path, component: &[u8]) -> Result<Option<String>, String> {
        let note = file.with_extension(NOTE);
        if note.exists() {
            return self.check_note(&note, component);
        }
        if self.signed_only {
            return Err(format!(
                "it is not signed, and [host] signed_plugins_only is set: no {} lies beside it; install it with `quoin install`",
                note.display()
            ));
        }
        Ok(None)
    }

    fn check_note(&self, note: &Path, component: &[u8]) -> Result<Option<String>, String> {
        let text = std::fs::read_to_string(note).map_err(|error| format!("{}: {error}", note.display()))?;
        let origin = Provenance::read(&text).map_err(|error| format!("{}: {error}", note.display()))?;
        let again = format!("install it again with `quoin install {}@{}`", origin.plugin, origin.version);
        match origin.verify(component, &self.publishers) {
            Ok(key) => Ok(Some(format!("{} {}, signed by {}", origin.plugin, origin.version, key.id()))),
            Err(error @ TrustError::UnknownSigner { .. }) => {
                let namespace = origin.plugin.namespace();
                Err(format!(
                    "{error}; trust its publisher with a [[publisher]] entry for the namespace '{namespace}', or {again}"
                ))
            }
            Err(error) => Err(format!("{error}; {again}")),
        }
    }

    /// Judges a component that was sent: it must be one that the plugin folder has a good note for.
    fn check_sent(&self, component: &[u8]) -> Result<(), String> {
        if !self.signed_only {
            return Ok(());
        }
        let entries = std::fs::read_dir(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))?;
        let notes = entries.flatten().map(|entry| entry.path());
        let mut notes = notes.filter(|path| path.to_string_lossy().ends_with(NOTE));
        if notes.any(|note| self.check_note(&note, component).is_ok()) {
            return Ok(());
        }
        Err("this host loads signed plugins only ([host] signed_plugins_only), and its plugin folder holds no signature of this one; install it there with `quoin install --load`".into())
    }
}

/// Loads what the operator trusts.
pub(crate) struct Trusted {
    inner: Arc<dyn Plugins>,
    trust: Trust,
}

impl Trusted {
    pub(crate) fn new(inner: Arc<dyn Plugins>, trust: Trust) -> Self {
        Self { inner, trust }
    }
}

#[async_trait]
impl Plugins for Trusted {
    async fn load(&self, component: Vec<u8>, manifest: String) -> Result<PluginInfo, String> {
        self.trust.check_sent(&component)?;
        self.inner.load(component, manifest).await
    }

    fn plugins(&self) -> Vec<PluginInfo> {
        self.inner.plugins()
    }
}
