//! A loaded plugin.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ports::{CallError, PluginInfo, SeenFault, VersionStatus};
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use rollout::Health;

use crate::Options;
use crate::door::cut;
use crate::engine::bytes_of_mib;
use crate::power::Powers;

/// Faults kept for whoever looks: the latest say what is wrong, the count says how often.
const FAULTS_KEPT: usize = 5;
/// What is kept of a fault's text, bytes.
const FAULT_TEXT_BYTES: usize = 512;

/// One version of a plugin, immutable but for its record: a replacement stands beside it until its calls
/// are done.
pub struct Plugin {
    pub manifest: Arc<Manifest>,
    /// SHA-256 of the component, hex.
    pub digest: String,
    pub powers: Powers,
    pub load_ms: u64,
    pub from_cache: bool,
    pub notes: BTreeMap<String, String>,
    pub record: Record,
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

    /// As it appears in lists.
    pub fn info(&self, connections: Vec<String>) -> PluginInfo {
        PluginInfo {
            id: self.manifest.id.clone(),
            name: self.manifest.name.clone(),
            version: self.manifest.version.clone(),
            digest: self.digest.clone(),
            powers: self.powers.names(),
            connections,
            load_ms: self.load_ms,
            from_cache: self.from_cache,
            notes: self.notes.clone(),
        }
    }

    /// How it does.
    pub fn status(&self, connections: Vec<String>) -> VersionStatus {
        let seen = self.record.seen.lock().unwrap_or_else(PoisonError::into_inner);
        VersionStatus {
            info: self.info(connections),
            in_flight: self.record.in_flight.load(Ordering::Relaxed),
            health: seen.health.clone(),
            last_faults: seen.faults.iter().cloned().collect(),
        }
    }
}

/// How a version's calls go.
#[derive(Default)]
pub struct Record {
    in_flight: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    health: Health,
    faults: VecDeque<SeenFault>,
}

impl Record {
    /// Counts a call as long as what it gives is kept.
    pub fn enter(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    /// Begins anew: a version that is put in service again is judged by what it does now.
    pub fn reset(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).health = Health::default();
    }

    /// Notes how a call ended; whether it was a fault of the plugin's own.
    pub fn note<T>(&self, result: &Result<T, CallError>, connection: &str, at: Timestamp) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(CallError::Guest(guest)) = result else {
            seen.health.note(false);
            return false;
        };
        seen.health.note(true);
        seen.faults.truncate(FAULTS_KEPT - 1);
        seen.faults.push_front(SeenFault {
            at,
            connection: connection.to_owned(),
            code: guest.class.code().to_owned(),
            message: cut(&guest.message, FAULT_TEXT_BYTES).to_owned(),
        });
        true
    }
}

/// A call under way; given up or finished, it is counted until here.
pub struct InFlight<'a>(&'a Record);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
