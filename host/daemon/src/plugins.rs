//! The plugin folder: `<id>.wasm` beside `<id>.toml`.

use std::path::{Path, PathBuf};

use ports::{PluginInfo, Plugins};
use quoin_package::Manifest;

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

/// Loads one, if whoever made it is trusted; gives its manifest too.
pub(crate) async fn load(
    plugins: &dyn Plugins,
    trust: &Trust,
    file: &PluginFile,
) -> Result<(PluginInfo, Manifest), StartError> {
    let refused = |path: &Path, reason: String| StartError::Plugin { file: path.display().to_string(), reason };
    let component = std::fs::read(&file.component).map_err(|error| refused(&file.component, error.to_string()))?;
    trust.check_file(&file.component, &component).map_err(|reason| refused(&file.component, reason))?;
    let text = std::fs::read_to_string(&file.manifest).map_err(|error| refused(&file.manifest, error.to_string()))?;
    let manifest = Manifest::parse(&text).map_err(|error| refused(&file.manifest, error.to_string()))?;
    let info = plugins.load(component, text).await.map_err(|reason| refused(&file.component, reason))?;
    Ok((info, manifest))
}
