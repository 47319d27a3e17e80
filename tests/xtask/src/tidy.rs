//! The laws of the house as code: who may import whom, one door per danger, no vendor outside its
//! folder.

use std::fs;
use std::path::Path;

use anyhow::bail;

use crate::cargo::{self, Package};
use crate::sdk;

/// What each kind of package may import from the workspace.
const IMPORTS: [(&str, &[&str]); 12] = [
    ("core", &["core", "registry"]),
    ("frame", &["core", "registry"]),
    ("driver", &["core", "registry", "frame"]),
    ("adapter", &["core", "registry", "frame"]),
    ("root", &["core", "registry", "frame", "driver", "adapter", "root"]),
    ("registry", &["registry"]),
    ("sdk", &["sdk"]),
    ("plugin", &["sdk"]),
    // Pure, and about a format, not a vendor: its name is no forbidden word.
    ("transform", &["sdk"]),
    ("simulator", &["sdk"]),
    ("guest", &["sdk"]),
    ("test", &["core", "registry", "frame", "driver", "adapter", "root", "sdk", "simulator", "test"]),
];

/// Imports beside the table, each with its reason.
const EXCEPTIONS: [(&str, &str, &str); 4] = [
    ("cassette", "ports", "recorder and player stand where the way out stands"),
    ("quoin-sdk", "quoin-canonical", "authors use the host's own canonical objects"),
    ("console", "api", "the console stands on the public API alone"),
    ("quoin", "quoin-simulator", "`quoin simulate`: the kit for authors who do not write Rust"),
];

/// Dangerous crates, and the only room that may import each.
const DOORS: [(&str, &[&str]); 6] = [
    ("wasmtime", &["runtime"]),
    ("wasmtime-wasi", &["runtime"]),
    ("sled", &["store"]),
    ("reqwest", &["egress", "quoin", "quoin-simulator"]),
    ("jsonwebtoken", &["egress"]),
    ("wit-bindgen", &["quoin-sdk"]),
];

/// Folders in which no vendor may be named.
const VENDOR_FREE: [&str; 3] = ["host", "wit", "sdk"];

/// Checks every law.
///
/// # Errors
/// All that is broken, one line each.
pub fn run() -> anyhow::Result<()> {
    cargo::step("laws");
    let packages = cargo::packages()?;
    let mut broken = Vec::new();
    for package in &packages {
        imports(package, &packages, &mut broken);
        doors(package, &mut broken);
        header(package, &mut broken);
    }
    vendors(&packages, &mut broken)?;
    broken.extend(sdk::drift()?);
    if broken.is_empty() {
        return Ok(());
    }
    bail!("{} broken:\n  {}", broken.len(), broken.join("\n  "))
}

fn imports(package: &Package, packages: &[Package], broken: &mut Vec<String>) {
    let Some(kind) = package.kind.as_deref() else {
        return broken.push(format!("{}: no [package.metadata.house] kind", package.name));
    };
    let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == kind) else {
        return broken.push(format!("{}: '{kind}' is no kind of room", package.name));
    };
    for dependency in &package.dependencies {
        let other = packages.iter().find(|other| other.name == *dependency).and_then(|other| other.kind.as_deref());
        let excepted = EXCEPTIONS.iter().any(|(from, to, _)| *from == package.name && to == dependency);
        if !excepted && !other.is_some_and(|other| allowed.contains(&other)) {
            broken.push(format!("{} ({kind}) may not import {dependency} ({})", package.name, other.unwrap_or("?")));
        }
    }
}

fn doors(package: &Package, broken: &mut Vec<String>) {
    if package.kind.as_deref() == Some("test") {
        return;
    }
    for (danger, rooms) in DOORS {
        if package.all_dependencies.iter().any(|name| name == danger) && !rooms.contains(&package.name.as_str()) {
            broken.push(format!("{} imports {danger}; only {} may", package.name, rooms.join(", ")));
        }
    }
}

/// Every library says at its top what lives in it.
fn header(package: &Package, broken: &mut Vec<String>) {
    let library = cargo::root().join(&package.folder).join("src/lib.rs");
    if let Ok(text) = fs::read_to_string(&library)
        && !text.trim_start().starts_with("//!")
    {
        broken.push(format!("{}/src/lib.rs does not open with what lives there", package.folder.display()));
    }
}

/// The folders under `plugins/` are forbidden words elsewhere (law 3).
fn vendors(packages: &[Package], broken: &mut Vec<String>) -> anyhow::Result<()> {
    let vendors: Vec<String> = packages
        .iter()
        .filter(|package| package.kind.as_deref() == Some("plugin"))
        .filter_map(|package| package.folder.file_name().map(|name| name.to_string_lossy().to_lowercase()))
        .collect();
    for folder in VENDOR_FREE {
        search(&cargo::root().join(folder), &vendors, broken)?;
    }
    Ok(())
}

fn search(folder: &Path, words: &[String], broken: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, words, broken)?;
        } else if path
            .extension()
            .is_some_and(|extension| ["rs", "wit", "yaml", "html", "toml"].iter().any(|known| extension == *known))
        {
            let text = fs::read_to_string(&path)?.to_lowercase();
            for word in words.iter().filter(|word| text.contains(word.as_str())) {
                let shown = path.strip_prefix(cargo::root()).unwrap_or(&path).display().to_string();
                broken.push(format!("{shown} names the vendor '{word}'"));
            }
        }
    }
    Ok(())
}
