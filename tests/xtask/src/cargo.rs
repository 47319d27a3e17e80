//! Running cargo from the root of the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The root of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs us.
pub fn command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs cargo and fails when it does.
pub fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    let status = command().args(arguments).status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("`cargo {}` failed", arguments.join(" "));
    }
    Ok(())
}

/// Says what is going on.
pub fn step(text: &str) {
    eprintln!("==> {text}");
}

/// A package of the workspace, as far as the commands here care.
#[derive(Debug, Clone)]
pub struct Package {
    /// Name.
    pub name: String,
    /// Folder relative to the root.
    pub folder: PathBuf,
    /// `[package.metadata.house] kind`.
    pub kind: Option<String>,
    /// Names of workspace packages it depends on, outside tests.
    pub dependencies: Vec<String>,
    /// Names of all packages it depends on, outside tests.
    pub all_dependencies: Vec<String>,
}

/// Every package of the workspace.
pub fn packages() -> anyhow::Result<Vec<Package>> {
    let output = command().args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let root = root();
    let packages = metadata["packages"].as_array().context("no packages in the metadata")?;
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    packages.iter().map(|package| read(package, &root, &names)).collect()
}

fn read(package: &serde_json::Value, root: &Path, workspace: &[&str]) -> anyhow::Result<Package> {
    let manifest = Path::new(package["manifest_path"].as_str().context("a package without manifest")?);
    let folder = manifest.parent().context("a manifest without folder")?;
    let all_dependencies: Vec<String> = package["dependencies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|dependency| dependency["kind"].is_null())
        .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
        .collect();
    Ok(Package {
        name: package["name"].as_str().unwrap_or_default().to_owned(),
        folder: folder.strip_prefix(root).unwrap_or(folder).to_path_buf(),
        kind: package["metadata"]["house"]["kind"].as_str().map(str::to_owned),
        dependencies: all_dependencies.iter().filter(|name| workspace.contains(&name.as_str())).cloned().collect(),
        all_dependencies,
    })
}
