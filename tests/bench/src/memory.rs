//! Memory of this process.

use anyhow::Context;

/// Peak resident memory so far, MiB (`VmHWM` of proc(5)).
///
/// # Errors
/// Where there is no `/proc/self/status`.
pub(crate) fn peak_mib() -> anyhow::Result<f64> {
    Ok(kib("VmHWM:")? / 1024.0)
}

/// Resident memory now, KiB (`VmRSS` of proc(5)).
///
/// # Errors
/// Where there is no `/proc/self/status`.
pub(crate) fn resident_kib() -> anyhow::Result<f64> {
    kib("VmRSS:")
}

fn kib(field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("memory is read from /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let line = line.with_context(|| format!("no {field} in /proc/self/status"))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
