//! A loaded plugin.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quoin_package::Manifest;

use crate::Options;
use crate::engine::bytes_of_mib;
use crate::power::Powers;

/// One version of a plugin, immutable: a replacement stands beside it until its calls are done.
pub struct Plugin {
    pub manifest: Arc<Manifest>,
    /// SHA-256 of the component, hex.
    pub digest: String,
    pub powers: Powers,
    pub load_ms: u64,
    pub from_cache: bool,
    pub notes: BTreeMap<String, String>,
}

impl Plugin {
    /// Memory of one call: what the manifest asks for, within the host's limit.
    pub fn memory_bytes(&self, options: &Options) -> usize {
        bytes_of_mib(self.manifest.limits.memory_mib.min(options.memory_mib))
    }

    /// Wall time of one call: what the manifest asks for, within the host's limit.
    pub fn wall(&self, options: &Options) -> Duration {
        Duration::from_millis(u64::from(self.manifest.limits.call_ms).min(options.call_ms))
    }
}
