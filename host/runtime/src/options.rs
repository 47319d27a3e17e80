//! The limits of the sandbox, each with its unit and its reason.

use std::path::PathBuf;

use crate::worker::CompileWorker;

/// How the sandbox is set up. [`Options::default`] is right for one machine with a few connections.
#[derive(Debug, Clone)]
pub struct Options {
    /// Plugin calls at once, all connections together. Each may hold an instance and its memory; a
    /// call mostly waits for a vendor, so this may be far above the number of processors.
    pub max_calls: u32,
    /// Webhook proofs at once, beside `max_calls`: they must not queue behind slow vendors.
    pub max_webhook_calls: u32,
    /// Plugin calls at once for one connection, so that one slow vendor cannot take every place.
    pub calls_per_connection: u32,
    /// Longest wait for a place, milliseconds; then the caller is told to come again.
    pub queue_ms: u64,
    /// Most linear memory a manifest may ask for, MiB. Also the size of a pool slot.
    pub memory_mib: u32,
    /// Longest call a manifest may ask for, milliseconds.
    pub call_ms: u64,
    /// Processor time of one call, milliseconds. A connector maps a page in a few; this only stops
    /// loops, without stopping calls that wait for their vendor.
    pub cpu_ms: u64,
    /// What one call may return, bytes, all texts together.
    pub output_bytes: usize,
    /// What one call may receive from its vendor, bytes, all answers together.
    pub received_bytes: u64,
    /// Requests to the vendor in one call.
    pub requests_per_call: u32,
    /// Largest component, bytes (a Rust plugin has 0.4 MiB, a Python one 18 MiB).
    pub component_bytes: usize,
    /// Where compiled code is kept; `None` compiles on every start.
    pub cache: Option<CacheOptions>,
    /// Who compiles; `None` compiles in this process, where a hostile component takes this process's memory.
    pub compiler: Option<CompileWorker>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_calls: 64,
            max_webhook_calls: 8,
            calls_per_connection: 8,
            queue_ms: 10_000,
            memory_mib: 256,
            call_ms: 120_000,
            cpu_ms: 10_000,
            output_bytes: 16 << 20,
            received_bytes: 64 << 20,
            requests_per_call: 2_000,
            component_bytes: 32 << 20,
            cache: None,
            compiler: None,
        }
    }
}

/// Where compiled code is kept. The folder is a trust boundary: what is in it gets executed, so
/// every file carries a MAC under a key that only this host has.
#[derive(Clone)]
pub struct CacheOptions {
    /// The folder; made with mode 0700.
    pub dir: PathBuf,
    /// The host's key. Another key makes every file worthless, never dangerous.
    pub key: [u8; 32],
}

impl std::fmt::Debug for CacheOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CacheOptions").field("dir", &self.dir).finish_non_exhaustive()
    }
}
