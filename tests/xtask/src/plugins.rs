//! Builds every connector and test guest for Wasm, with its manifest beside it.

use anyhow::Context;

use crate::{cargo, wasm_target};

/// Kinds of packages that become components.
const COMPONENT_KINDS: [&str; 3] = ["plugin", "transform", "guest"];

/// Builds them all into `target/wasm32-wasip2/plugin/`.
pub fn build() -> anyhow::Result<()> {
    wasm_target::ensure()?;
    let packages = cargo::packages()?;
    let components: Vec<_> = packages
        .iter()
        .filter(|package| package.kind.as_deref().is_some_and(|kind| COMPONENT_KINDS.contains(&kind)))
        .collect();
    cargo::step(&format!("building {} components for {}", components.len(), wasm_target::TARGET));
    let mut arguments = vec!["build", "--quiet", "--lib", "--target", wasm_target::TARGET, "--profile", "plugin"];
    for package in &components {
        arguments.extend(["--package", &package.name]);
    }
    cargo::cargo(&arguments)?;
    collect(&components)
}

/// Lays connectors out as a host's plugin folder expects them: `<id>.wasm` with `<id>.toml`.
fn collect(components: &[&cargo::Package]) -> anyhow::Result<()> {
    let root = cargo::root();
    let built = cargo::target().join(wasm_target::TARGET).join("plugin");
    let folder = cargo::target().join("plugins");
    std::fs::create_dir_all(&folder)?;
    for package in components.iter().filter(|package| package.kind.as_deref() != Some("guest")) {
        let id = package.folder.file_name().context("a plugin without folder")?.to_string_lossy().into_owned();
        let component = built.join(format!("{}.wasm", package.name.replace('-', "_")));
        let target = folder.join(format!("{id}.wasm"));
        std::fs::copy(&component, &target).with_context(|| format!("{} was not built", component.display()))?;
        std::fs::copy(root.join(&package.folder).join("connector.toml"), folder.join(format!("{id}.toml")))
            .with_context(|| format!("{} has no connector.toml", package.folder.display()))?;
    }
    Ok(())
}
