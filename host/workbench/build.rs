//! Packs the SDK and the templates into the program, so that an author needs no checkout and no
//! name on a package registry: `quoin new` writes them into the new project.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What is packed: a folder or file of the repository.
const PACKED: [&str; 18] = [
    "Cargo.lock",
    "host/canonical/Cargo.toml",
    "host/canonical/data",
    "host/canonical/src",
    "sdk/js/build.mjs",
    "sdk/js/package.json",
    "sdk/js/src",
    "sdk/js-template",
    "sdk/python/build.py",
    "sdk/python/quoin_sdk",
    "sdk/python-template",
    "sdk/rust",
    "sdk/simulator/Cargo.toml",
    "sdk/simulator/README.md",
    "sdk/simulator/src",
    "sdk/template",
    "sdk/template-transform",
    "sdk/testkit",
];

/// Folders of what tools leave behind.
const LEFT_BEHIND: [&str; 8] =
    ["target", "dist", "Cargo.lock", "quoin-sdk", "node_modules", "build", ".venv", "__pycache__"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../..").canonicalize()?;
    let mut files = Vec::new();
    for packed in PACKED.iter().copied().chain(["wit"]) {
        println!("cargo::rerun-if-changed={}", root.join(packed).display());
        collect(&root.join(packed), &mut files)?;
    }
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());
    files.sort();
    let mut code = String::from("pub static FILES: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?.display();
        writeln!(code, "    ({:?}, include_bytes!({:?})),", name.to_string(), file.display().to_string())
            .map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("files.rs"), code)?;
    fs::write(out.join("workspace.toml"), workspace(&fs::read_to_string(root.join("Cargo.toml"))?))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !LEFT_BEHIND.iter().any(|left| entry.file_name() == *left) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

/// The root manifest of the packed SDK: its own members, and of our tables what they inherit.
fn workspace(ours: &str) -> String {
    const MEMBERS: [&str; 4] = ["host/canonical", "sdk/rust", "sdk/simulator", "sdk/testkit"];
    let mut text = format!("[workspace]\nresolver = \"3\"\nmembers = {MEMBERS:?}\n");
    let mut kept = false;
    for line in ours.lines() {
        if line.starts_with('[') {
            kept = ["[workspace.package]", "[workspace.dependencies]"].contains(&line.trim())
                || line.starts_with("[workspace.lints");
            if kept {
                text.push('\n');
            }
        }
        let elsewhere =
            line.contains("{ path = \"") && !MEMBERS.iter().any(|member| line.contains(&format!("\"{member}\"")));
        if kept && !elsewhere && !line.trim().is_empty() {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
