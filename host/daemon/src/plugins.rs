//! The plugin folder: `<id>.wasm` beside `<id>.toml`; read at the start, and watched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fleet::{Fleet, Offer, Offered};
use ports::Package;
use quoin_package::Manifest;
use tokio::sync::watch;

use crate::StartError;
use crate::trust::Trust;

/// A component in the plugin folder.
pub(crate) struct PluginFile {
    /// Plugin id: the file's name.
    pub(crate) id: String,
    component: PathBuf,
    manifest: PathBuf,
}

/// Every component of the folder, by name.
pub(crate) fn files(folder: &Path) -> Result<Vec<PluginFile>, StartError> {
    let refused = |path: &Path, reason: String| StartError::Plugin { file: path.display().to_string(), reason };
    let entries =
        std::fs::read_dir(folder).map_err(|error| refused(folder, format!("{error}; set [host] plugins_dir")))?;
    let mut found = Vec::new();
    for entry in entries {
        let component = entry.map_err(|error| refused(folder, error.to_string()))?.path();
        if component.extension().is_none_or(|extension| extension != "wasm") {
            continue;
        }
        let id = component.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = component.with_extension("toml");
        if !manifest.is_file() {
            return Err(refused(&component, format!("its manifest {} is missing", manifest.display())));
        }
        found.push(PluginFile { id, component, manifest });
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// Who signed one, in words; nothing for one without a note of origin.
pub(crate) fn signed_by(trust: &Trust, file: &PluginFile) -> Result<Option<String>, StartError> {
    let refused = |reason: String| StartError::Plugin { file: file.component.display().to_string(), reason };
    let component = std::fs::read(&file.component).map_err(|error| refused(error.to_string()))?;
    let signer = trust.check_file(&file.component, &component).map_err(refused)?;
    Ok(signer.map(|signer| format!("{}: {signer}", file.id)))
}

/// Reads one, if whoever made it is trusted.
pub(crate) fn offer(trust: &Trust, file: &PluginFile) -> Result<Offer, StartError> {
    let refused = |path: &Path, reason: String| StartError::Plugin { file: path.display().to_string(), reason };
    let component = std::fs::read(&file.component).map_err(|error| refused(&file.component, error.to_string()))?;
    trust.check_file(&file.component, &component).map_err(|reason| refused(&file.component, reason))?;
    let manifest =
        std::fs::read_to_string(&file.manifest).map_err(|error| refused(&file.manifest, error.to_string()))?;
    Manifest::parse(&manifest).map_err(|error| refused(&file.manifest, error.to_string()))?;
    let source = file.component.display().to_string();
    Ok(Offer { plugin: file.id.clone(), package: Package { component, manifest, source } })
}

/// Takes one in; what became of it.
pub(crate) async fn take_in(fleet: &Fleet, trust: &Trust, file: &PluginFile) -> Result<Offered, StartError> {
    let offered = fleet.offer(offer(trust, file)?).await;
    offered
        .map_err(|error| StartError::Plugin { file: file.component.display().to_string(), reason: error.to_string() })
}

/// What a file looked like: it is read once it looks the same twice, so never half written.
type Look = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

fn look(file: &PluginFile) -> Look {
    [file.component.clone(), file.manifest.clone(), file.component.with_extension("provenance.json")]
        .into_iter()
        .map(|path| {
            let seen = std::fs::metadata(&path).and_then(|found| Ok((found.modified()?, found.len()))).ok();
            (path, seen)
        })
        .collect()
}

/// Watches the plugin folder: a new file is loaded, and serves. Until `stop` turns true.
pub(crate) async fn watch(
    folder: PathBuf,
    fleet: Arc<Fleet>,
    trust: Trust,
    every: Duration,
    mut stop: watch::Receiver<bool>,
) {
    // What was there at the start was taken in at the start.
    let now = || -> Vec<(PluginFile, Look)> {
        let found = files(&folder).unwrap_or_default();
        found
            .into_iter()
            .map(|file| {
                let seen = look(&file);
                (file, seen)
            })
            .collect()
    };
    let mut done: BTreeMap<String, Look> = now().into_iter().map(|(file, seen)| (file.id, seen)).collect();
    let mut before: BTreeMap<String, Look> = done.clone();
    while !*stop.borrow() {
        tokio::select! { () = tokio::time::sleep(every) => {}, _ = stop.changed() => return }
        for (file, seen) in now() {
            let still = before.insert(file.id.clone(), seen.clone()).is_some_and(|before| before == seen);
            if !still || done.get(&file.id) == Some(&seen) {
                continue;
            }
            match take_in(&fleet, &trust, &file).await {
                Ok(Offered::Serves(staged)) => tracing::info!(
                    plugin = staged.info.id,
                    version = staged.info.version,
                    load_ms = staged.info.load_ms,
                    "a version from the plugin folder serves"
                ),
                Ok(Offered::Known) => {}
                Err(error) => {
                    tracing::error!(%error, "a file in the plugin folder is not loaded; what served still serves");
                    fleet.refused(&file.id, &error.to_string()).await;
                }
            }
            done.insert(file.id, seen);
        }
    }
}
