//! The canonical objects in the SDKs of other languages, made from the committed schemas.

mod model;
mod python;
mod typescript;

use std::fs;
use std::path::PathBuf;

use crate::cargo;
use model::Model;

/// A file that is made, and what it must hold.
struct Made {
    path: &'static str,
    text: String,
}

fn all() -> anyhow::Result<Vec<Made>> {
    let model = Model::read(&cargo::root().join("host/canonical/schemas"))?;
    Ok(vec![
        Made { path: "sdk/js/src/canonical.d.ts", text: typescript::types(&model) },
        Made { path: "sdk/js/src/canonical.js", text: typescript::shapes(&model)? },
        Made { path: "sdk/python/quoin_sdk/canonical.py", text: python::types(&model) },
    ])
}

fn place(made: &Made) -> PathBuf {
    cargo::root().join(made.path)
}

/// Writes the types anew.
///
/// # Errors
/// A schema of a shape that has no counterpart, or a file that cannot be written.
pub fn write() -> anyhow::Result<()> {
    cargo::step("canonical objects in JavaScript and Python");
    for made in all()? {
        fs::write(place(&made), &made.text)?;
    }
    Ok(())
}

/// What differs from the schemas, one line each.
///
/// # Errors
/// A schema of a shape that has no counterpart.
pub fn drift() -> anyhow::Result<Vec<String>> {
    let drifted = |made: &Made| fs::read_to_string(place(made)).unwrap_or_default() != made.text;
    let told =
        |made: Made| format!("{} differs from host/canonical/schemas; write it anew: `cargo xtask sdk`", made.path);
    Ok(all()?.into_iter().filter(drifted).map(told).collect())
}
