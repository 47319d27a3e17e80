//! What a conversion costs: a fresh instance and one object through a transform, beside the same source run
//! natively, and beside the same source in Extism, where that could be built.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, ensure};
use ports::Transforms;
use quoin_canonical::{Canonical, Customer};
use serde::{Deserialize, Serialize};

use crate::calls::{customer, timed};
use crate::sandbox::{AtOnce, Package, runtime, vault};
use crate::stats::micros;
use crate::{Setting, card};

/// The transform: the template's, which names its defects in the object; ours names none.
const TRANSFORM: &str = "misprints";

/// The result; times in microseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Conversions {
    /// Size of the object, bytes.
    pub(crate) object_bytes: usize,
    /// Read, checked and converted natively.
    pub(crate) native_us: f64,
    /// One conversion, in an instance made for it.
    pub(crate) fresh_us: f64,
    /// The same in Extism; nothing where it could not be built.
    pub(crate) extism: Option<Extism>,
}

/// What `tests/bench/extism` prints.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Extism {
    /// In an instance made for it.
    pub(crate) fresh_us: f64,
    /// In an instance that is kept.
    pub(crate) warm_us: f64,
    /// What it converted to.
    #[serde(default, skip_serializing)]
    document: String,
}

/// Measures all of it.
pub(crate) async fn measure(setting: &Setting) -> anyhow::Result<Conversions> {
    let object = customer();
    let text = object.to_string();
    let document = native(&text)?;
    let native_us = micros(|| native(black_box(&text)).map(|_| ()))?;
    let folder = tempfile::tempdir_in(&setting.target)?;
    let sandbox = runtime(setting, Arc::new(AtOnce), vault(folder.path(), &[]).await?)?;
    Package::transform(setting, TRANSFORM)?.load(&sandbox).await?;
    let converted = sandbox.convert(TRANSFORM, "customer", &object).await.result?;
    ensure!(converted == document, "the sandbox converts otherwise than native code");
    let fresh_us = timed(|| async {
        sandbox.convert(TRANSFORM, "customer", &object).await.result?;
        Ok(())
    })
    .await?;
    let extism = extism(setting, folder.path(), &text)?;
    ensure!(
        extism.as_ref().is_none_or(|extism| extism.document == document),
        "Extism converts otherwise than native code"
    );
    Ok(Conversions { object_bytes: text.len(), native_us, fresh_us, extism })
}

/// What transform and host do with an object, without the border between them.
fn native(text: &str) -> anyhow::Result<String> {
    let object: Customer = serde_json::from_str(text)?;
    object.validate().map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    card::write(&object).map_err(|fault| anyhow::anyhow!("{fault}"))
}

/// Runs Extism in a process of its own, on the same object.
fn extism(setting: &Setting, folder: &Path, object: &str) -> anyhow::Result<Option<Extism>> {
    let built = setting.target.join("extism");
    let program = built.join("release/extism-host");
    let plugin = built.join("wasm32-unknown-unknown/plugin/extism_plugin.wasm");
    if !program.is_file() || !plugin.is_file() {
        return Ok(None);
    }
    let file = folder.join("object.json");
    std::fs::write(&file, object)?;
    let output = Command::new(program).arg(plugin).arg(file).output()?;
    ensure!(output.status.success(), "Extism: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).map(Some).context("Extism printed no result")
}
