//! Whose plugins this host runs: a component with a note of origin must be what a trusted publisher
//! signed, and without one it runs only where the operator allows it. Works without a network.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use quoin_trust::{Provenance, Publisher, TrustError};
use rollout::Origin;

use crate::Config;

/// Ending of a note of origin, beside `<id>.wasm`.
const NOTE: &str = "provenance.json";

/// Whom the operator trusts.
#[derive(Clone)]
pub(crate) struct Trust {
    publishers: Vec<Publisher>,
    signed_only: bool,
    folder: PathBuf,
    /// Where good notes are kept.
    kept: PathBuf,
}

impl Trust {
    /// As the configuration says.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            publishers: config.publishers.clone(),
            signed_only: config.host.signed_plugins_only,
            folder: config.host.plugins_dir.clone(),
            kept: config.host.data_dir.join("plugins").join("notes"),
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

    /// Judges a component wherever it came from, by the notes of origin in the plugin folder and those kept from
    /// earlier; where it came from, when a note is good.
    ///
    /// # Errors
    /// When only signed plugins run here, and no note is good.
    pub(crate) fn origin(&self, component: &[u8]) -> Result<Option<Origin>, String> {
        let digest = hex::encode(digest(&SHA256, component));
        let kept = self.kept.join(format!("{digest}.{NOTE}"));
        let notes = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let notes = notes.filter(|path| path.to_string_lossy().ends_with(NOTE));
        for note in std::iter::once(kept.clone()).chain(notes) {
            let Ok(text) = std::fs::read_to_string(&note) else { continue };
            let Ok(origin) = Provenance::read(&text) else { continue };
            if origin.component_sha256 == digest && origin.verify(component, &self.publishers).is_ok() {
                if let Err(error) = self.keep(&kept, &text) {
                    tracing::warn!(file = %kept.display(), %error, "a note of origin could not be kept");
                }
                let (plugin, version) = (origin.plugin.to_string(), origin.version);
                return Ok(Some(Origin { registry: origin.registry, plugin, version }));
            }
        }
        if self.signed_only {
            return Err("this host loads signed plugins only ([host] signed_plugins_only), and its plugin folder holds no signature of this one; install it there with `quoin install --load`".into());
        }
        Ok(None)
    }

    /// Keeps a good note: the folder's goes when the next version is installed, and this one may be rolled back
    /// to then.
    fn keep(&self, path: &Path, text: &str) -> std::io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.kept)?;
        std::fs::write(path, text)
    }
}
