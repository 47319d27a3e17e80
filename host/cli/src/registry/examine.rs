//! Looking into a component: what the registry's workers run, and what an author runs before publishing.

use std::path::Path;

use quoin_registry::{Examination, Verdict};
use runtime::Examined;

/// Largest component that is looked into here, bytes: what a registry takes at most by default.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;

/// What a component is.
pub async fn look(bytes: &[u8], component_bytes_max: usize) -> anyhow::Result<Examined> {
    runtime::examine(bytes, component_bytes_max).await.map_err(anyhow::Error::msg)
}

/// Prints what a component is, or why it is none, as one line of JSON.
pub async fn answer(file: &Path, component_bytes_max: usize) -> anyhow::Result<()> {
    let bytes = std::fs::read(file)?;
    let verdict = match runtime::examine(&bytes, component_bytes_max).await {
        Ok(found) => Verdict::Fit(Examination {
            connector: found.manifest,
            contract: found.contract,
            sdk: found.sdk,
            powers: found.powers,
            imports: found.imports,
        }),
        Err(reason) => Verdict::Unfit(reason),
    };
    say!("{}", serde_json::to_string(&verdict)?);
    Ok(())
}
