//! From a file to a plugin that serves: compiled in a process of its own, as the host does it, and from the
//! cache.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::sandbox::{AtOnce, Package, runtime, vault};
use crate::{Setting, memory};

/// Connectors of the measured flow.
pub(crate) const CONNECTORS: [&str; 3] = ["salesforce", "kantata", "netsuite"];

/// The result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    /// One per plugin.
    pub(crate) plugins: Vec<Plugin>,
    /// Peak memory of the host that loads them, MiB; the compiler's is its own process's.
    pub(crate) peak_mib: f64,
}

/// One plugin.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plugin {
    /// Its id.
    pub(crate) id: String,
    /// Size of its component, KiB.
    pub(crate) kib: f64,
    /// Milliseconds, compiled.
    pub(crate) cold_ms: f64,
    /// Milliseconds, from the cache.
    pub(crate) cached_ms: f64,
}

/// Loads each connector twice, in fresh sandboxes over one cache.
pub(crate) async fn measure(setting: &Setting) -> anyhow::Result<Load> {
    let mut plugins = Vec::new();
    for id in CONNECTORS {
        let kib = Package::connector(setting, id)?.component.len() as f64 / 1024.0;
        let cold_ms = serving(setting, id, false).await?;
        let cached_ms = serving(setting, id, true).await?;
        plugins.push(Plugin { id: id.to_owned(), kib, cold_ms, cached_ms });
    }
    // The guests are compiled here too, so that no later part pays for it in its peak memory.
    let folder = tempfile::tempdir_in(&setting.target)?;
    let sandbox = runtime(setting, Arc::new(AtOnce), vault(folder.path(), &[]).await?)?;
    Package::guests(setting)?.load(&sandbox).await?;
    Ok(Load { plugins, peak_mib: memory::peak_mib()? })
}

async fn serving(setting: &Setting, id: &str, from_cache: bool) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir_in(&setting.target)?;
    let sandbox = runtime(setting, Arc::new(AtOnce), vault(folder.path(), &[]).await?)?;
    let start = Instant::now();
    let info = Package::connector(setting, id)?.load(&sandbox).await?;
    anyhow::ensure!(
        info.from_cache == from_cache,
        "'{id}' came from the cache: {}, expected: {from_cache}",
        info.from_cache
    );
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
