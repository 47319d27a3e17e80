//! The contract's promise to strangers: released texts never change, and a new version breaks no
//! plugin that was shipped.
//!
//! Lives here: reading `wit/RELEASED.toml`, and the judgement whether one version can follow
//! another. Never enters: the host, a plugin.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use wit_component::semver_check;
use wit_parser::{PackageId, Resolve, WorldId};

/// The order in which the contract's packages depend on each other.
const PACKAGES: [&str; 4] = ["types", "host", "connector", "transform"];

/// `wit/RELEASED.toml`.
#[derive(Deserialize)]
struct Released {
    release: Vec<Release>,
}

/// One released contract.
#[derive(Debug, Deserialize)]
pub struct Release {
    /// Its version.
    pub contract: String,
    /// SHA-256 by file below `wit/`.
    pub files: BTreeMap<String, String>,
}

impl Release {
    /// Its texts, dependencies first.
    ///
    /// # Errors
    /// When one is not there.
    pub fn texts(&self) -> Result<Vec<String>> {
        PACKAGES.iter().map(|package| self.text(package)).collect()
    }

    fn text(&self, package: &str) -> Result<String> {
        let prefix = format!("{package}@");
        let file = self.files.keys().find(|file| file.starts_with(&prefix));
        let file = file.ok_or_else(|| anyhow!("contract {} has no package {package}", self.contract))?;
        fs::read_to_string(folder().join(file)).with_context(|| format!("wit/{file}"))
    }
}

/// The folder of the contract's texts.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

/// Every release, oldest first.
///
/// # Errors
/// When `wit/RELEASED.toml` cannot be read.
pub fn released() -> Result<Vec<Release>> {
    let text = fs::read_to_string(folder().join("RELEASED.toml")).context("wit/RELEASED.toml")?;
    Ok(toml::from_str::<Released>(&text).context("wit/RELEASED.toml")?.release)
}

/// Whether every plugin built for the texts `old` works on a host of the texts `new`.
///
/// # Errors
/// The first world that would break, and where.
pub fn compatible(old: &[String], new: &[String]) -> Result<()> {
    let mut resolve = Resolve::default();
    let (old, new) = (parsed(&mut resolve, old)?, parsed(&mut resolve, new)?);
    let (old, new) = (worlds(&resolve, &old), worlds(&resolve, &new));
    for (name, old) in old {
        let new = new.get(&name).ok_or_else(|| anyhow!("world {name} is gone"))?;
        semver_check(resolve.clone(), old, *new).with_context(|| format!("world {name}"))?;
    }
    Ok(())
}

fn parsed(resolve: &mut Resolve, texts: &[String]) -> Result<Vec<PackageId>> {
    texts.iter().enumerate().map(|(at, text)| resolve.push_str(format!("{at}.wit"), text)).collect()
}

fn worlds(resolve: &Resolve, packages: &[PackageId]) -> BTreeMap<String, WorldId> {
    packages.iter().flat_map(|package| resolve.packages[*package].worlds.clone()).collect()
}
