//! Memory of this process.

use anyhow::Context;

/// Peak resident memory so far, MiB (`VmHWM` of proc(5)).
///
/// # Errors
/// Where there is no `/proc/self/status`.
pub(crate) fn peak_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("peak memory is read from /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc/self/status")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
