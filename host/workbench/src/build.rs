//! `quoin build`: the component with its manifest inside, laid out as a host's plugin folder
//! expects it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::packager::{javascript, python};
use crate::project::{Language, Project};

/// The target that components are built for.
const TARGET: &str = "wasm32-wasip2";
/// A stack of 128 KiB in place of 1 MiB: a call's memory then lies together at its lowest addresses, which
/// the host clears by hand; the rest it must give back to the system and fault in anew (twice the cost of
/// a short call, measured). JSON nested 128 deep, serde_json's limit, takes half of it.
const STACK: &str = r#"target.wasm32-wasip2.rustflags=["-Clink-arg=-zstack-size=131072"]"#;

/// What was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The component.
    pub component: PathBuf,
    /// Its size, bytes.
    pub bytes: u64,
}

/// Who hears what a long step is doing.
pub type Progress<'a> = &'a dyn Fn(&str);

/// Builds a project: `dist/<id>.wasm` and `dist/<id>.toml`.
///
/// # Errors
/// The compiler's own words, or what it needs.
pub fn build(project: &Project, progress: Progress<'_>) -> anyhow::Result<Built> {
    let component = project.component();
    crate::sdk::write(&component.with_extension("toml"), project.text.as_bytes())?;
    match project.language {
        Language::Rust => {
            let built = compiled(&project.folder)?;
            std::fs::copy(&built, &component).with_context(|| format!("{} was not built", built.display()))?;
        }
        Language::JavaScript => javascript::build(project, &component, progress)?,
        Language::Python => python::build(project, &component, progress)?,
    }
    let bytes = std::fs::metadata(&component).with_context(|| format!("{} was not built", component.display()))?.len();
    Ok(Built { component, bytes })
}

/// Runs the project's own tests, natively.
///
/// # Errors
/// When one fails, after the runner has said so itself.
pub fn native_tests(project: &Project, progress: Progress<'_>) -> anyhow::Result<()> {
    match project.language {
        Language::Rust => {
            let status = cargo().args(["test", "--quiet"]).current_dir(&project.folder).status();
            let status = status.context("cargo cannot be started; install Rust from https://rustup.rs")?;
            ensure!(status.success(), "the project's own tests failed");
            Ok(())
        }
        Language::JavaScript => javascript::test(project, progress),
        Language::Python => python::test(project, progress),
    }
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Set by the cargo that may have started us; the project has its own toolchain.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_MANIFEST_DIR");
    command
}

fn compiled(folder: &Path) -> anyhow::Result<PathBuf> {
    target_installed(folder)?;
    let output = cargo()
        .args(["build", "--lib", "--target", TARGET, "--profile", "plugin", "--config", STACK])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be started; install Rust from https://rustup.rs")?;
    ensure!(output.status.success(), "the connector does not compile; see above");
    let messages = String::from_utf8_lossy(&output.stdout);
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut files = artifacts
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| file.as_str().map(PathBuf::from));
    files
        .rfind(|file| file.extension().is_some_and(|extension| extension == "wasm"))
        .context("cargo built no component; Cargo.toml needs [lib] crate-type = [\"cdylib\", \"rlib\"]")
}

/// Says in words what a missing target means.
fn target_installed(folder: &Path) -> anyhow::Result<()> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).current_dir(folder).output();
    let sysroot = sysroot.context("rustc cannot be started; install Rust from https://rustup.rs")?;
    let library = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim()).join("lib/rustlib").join(TARGET);
    let has_std = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("libstd-");
    let found = library.join("lib").read_dir().is_ok_and(|entries| entries.flatten().any(has_std));
    ensure!(
        found,
        "the compiler cannot build components yet: its target {TARGET} is not installed; run `rustup target add {TARGET}`"
    );
    Ok(())
}
