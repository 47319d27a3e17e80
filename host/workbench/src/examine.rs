//! `quoin check` on a connector: everything a host and a registry would look at, in words.

use std::path::Path;

use anyhow::Context;
use quoin_package::Manifest;

/// Largest component that is looked into, bytes: what hosts and registries take by default.
const COMPONENT_BYTES_MAX: usize = 32 << 20;

/// What is good about a component; what is not is an error.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its manifest.
    pub manifest: Manifest,
    /// Its manifest's text.
    pub text: String,
    /// Facts, a line each.
    pub facts: Vec<String>,
}

/// Looks into a component; `beside` is the manifest's text that it must describe itself with.
///
/// # Errors
/// What a host would refuse, with the line that mends it.
pub async fn examine(file: &Path, beside: Option<&str>) -> anyhow::Result<Finding> {
    let bytes =
        std::fs::read(file).with_context(|| format!("{} cannot be read; `quoin build` makes it", file.display()))?;
    // Compiling a component of a large runtime takes seconds: once, for the look and for every trial after it.
    let found = match crate::bench::cache().await? {
        Some(cache) => runtime::examine_kept(&bytes, COMPONENT_BYTES_MAX, &cache).await,
        None => runtime::examine(&bytes, COMPONENT_BYTES_MAX).await,
    };
    let found = found.map_err(anyhow::Error::msg)?;
    if let Some(text) = beside.filter(|text| *text != found.manifest) {
        let line = text.lines().zip(found.manifest.lines()).take_while(|(one, other)| one == other).count() + 1;
        anyhow::bail!(
            "the component's describe and connector.toml differ at line {line}; rebuild after changing the manifest: `quoin build`"
        );
    }
    let manifest = Manifest::parse(&found.manifest)?;
    let contract = if found.contract.is_empty() {
        "not stamped: built without a Quoin SDK".to_owned()
    } else {
        format!("{} (SDK: {})", found.contract, found.sdk)
    };
    let mut facts = vec![
        format!("{} {}, {} bytes", manifest.id, manifest.version, bytes.len()),
        format!("contract: {contract}"),
        format!("powers: {}", found.powers.join(", ")),
        "describe is pure and equals connector.toml".to_owned(),
        format!("imports: {}", found.imports.join(", ")),
    ];
    facts.extend(manifest.asks());
    let limits = &manifest.limits;
    facts.push(format!(
        "limits: {} MiB, {} ms a call, {} requests at once",
        limits.memory_mib, limits.call_ms, limits.concurrent_requests
    ));
    Ok(Finding { manifest, text: found.manifest, facts })
}
