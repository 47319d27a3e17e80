//! The SDK inside this program.

use std::path::Path;

use anyhow::Context;

use crate::project::Language;

mod packed {
    include!(concat!(env!("OUT_DIR"), "/files.rs"));
}

/// The root manifest of the packed Rust SDK.
const WORKSPACE: &str = include_str!(concat!(env!("OUT_DIR"), "/workspace.toml"));

/// The files below a folder of the repository: path below it, and bytes.
pub fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    packed::FILES.iter().filter_map(move |(name, bytes)| {
        let rest = name.strip_prefix(folder)?.strip_prefix('/')?;
        Some((rest, *bytes))
    })
}

/// The dependency versions that this SDK was tested with.
pub fn lock() -> &'static [u8] {
    packed::FILES.iter().find(|(name, _)| *name == "Cargo.lock").map_or(&[], |(_, bytes)| bytes)
}

/// Writes the SDK of a language into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write_for(language: Language, folder: &Path) -> anyhow::Result<()> {
    let part = match language {
        Language::Rust => return write_rust(folder),
        Language::JavaScript => "sdk/js",
        Language::Python => "sdk/python",
    };
    for (name, bytes) in below(part) {
        write(&folder.join(name), bytes)?;
    }
    for (name, bytes) in below("wit") {
        write(&folder.join("wit").join(name), bytes)?;
    }
    Ok(())
}

/// Writes the Rust SDK into a folder, laid out as in its repository.
///
/// # Errors
/// When a file cannot be written.
fn write_rust(folder: &Path) -> anyhow::Result<()> {
    write(&folder.join("Cargo.toml"), WORKSPACE.as_bytes())?;
    for part in ["host/canonical", "sdk/rust", "sdk/simulator", "sdk/testkit", "wit"] {
        for (name, bytes) in below(part) {
            write(&folder.join(part).join(name), bytes)?;
        }
    }
    Ok(())
}

/// Writes a file with the folders above it.
///
/// # Errors
/// When it cannot be written.
pub fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    std::fs::write(file, bytes).with_context(|| format!("{} cannot be written", file.display()))
}
