//! The tools of others, installed once below `target/registry-tools`: nothing of the system changes,
//! and no rights are needed.
//!
//! - `oras`: the Python client from PyPI, in a virtual environment.
//! - `skopeo`: the Debian package, unpacked. Where a `skopeo` is installed already, that one is used;
//!   elsewhere than on Debian it must be.
//! - `wkg`: from crates.io, compiled without optimisation (four minutes of one processor).
//!
//! A tool that cannot be had fails its test, in words. `REGISTRY_TOOLS_WITHOUT=wkg,skopeo` leaves tests out
//! knowingly, and each says so.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::server::target;

/// Version of the Python client.
const ORAS: &str = "oras==0.2.43";
/// Version of the Bytecode Alliance's package tool.
const WKG: &str = "0.16.1";
/// Debian's package and what it needs beyond a plain system.
const SKOPEO: [&str; 2] = ["skopeo", "libgpgme11"];

/// Runs a program to its end; its output.
///
/// # Errors
/// When it cannot be started or fails, with what it said.
pub fn run(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{name} cannot be started"))?;
    let said = String::from_utf8_lossy(&[output.stdout.clone(), output.stderr].concat()).into_owned();
    if !output.status.success() {
        bail!("{name} failed ({}): {}", output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The folder of a tool, made once: `install` fills an empty one.
fn tool(
    name: &str,
    version: &str,
    install: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<Option<PathBuf>> {
    let without = std::env::var("REGISTRY_TOOLS_WITHOUT").unwrap_or_default();
    if without.split(',').any(|left| left == name) {
        eprintln!("left out, as REGISTRY_TOOLS_WITHOUT says: {name}");
        return Ok(None);
    }
    let tools = target().join("registry-tools");
    fs::create_dir_all(&tools)?;
    let lock = File::create(tools.join(format!("{name}.lock")))?;
    lock.lock()?;
    let (folder, stamp) = (tools.join(name), tools.join(format!("{name}.installed")));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == version) {
        return Ok(Some(folder));
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    eprintln!("installing {name} {version} into {}", folder.display());
    install(&folder)?;
    fs::write(stamp, version)?;
    Ok(Some(folder))
}

/// A Python with the `oras` client.
///
/// # Errors
/// When there is no python3, or PyPI cannot be reached.
pub fn oras() -> anyhow::Result<Option<PathBuf>> {
    let folder = tool("oras", ORAS, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))
            .context("this test needs python3 with its venv module (Debian: apt install python3-venv)")?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", ORAS]))
            .context("pip could not install oras; is PyPI (or the index of PIP_INDEX_URL) reachable?")?;
        Ok(())
    })?;
    Ok(folder.map(|folder| folder.join("bin/python")))
}

/// `skopeo`, ready to be given arguments.
///
/// # Errors
/// When it is not installed and this is no Debian with reachable packages.
pub fn skopeo() -> anyhow::Result<Option<Command>> {
    if Command::new("skopeo").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return Ok(Some(Command::new("skopeo")));
    }
    let folder = tool("skopeo", "debian", |folder| {
        unpack(folder).context("skopeo is not installed and could not be had from Debian's packages; install it (apt install skopeo, dnf install skopeo)")
    })?;
    let Some(folder) = folder else { return Ok(None) };
    let libraries =
        fs::read_dir(folder.join("root/usr/lib"))?.flatten().map(|entry| entry.path().display().to_string());
    let mut command = Command::new(folder.join("root/usr/bin/skopeo"));
    command.env("LD_LIBRARY_PATH", libraries.collect::<Vec<_>>().join(":"));
    Ok(Some(command))
}

/// Downloads packages with lists of our own, and unpacks them.
fn unpack(folder: &Path) -> anyhow::Result<()> {
    for part in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let options = [
        format!("-oDir::State::Lists={}", folder.join("lists").display()),
        format!("-oDir::Cache={}", folder.join("cache").display()),
        "-oAPT::Sandbox::User=root".to_owned(),
    ];
    run(Command::new("apt-get").args(&options).args(["update", "-q"]))?;
    run(Command::new("apt-get").args(&options).arg("download").args(SKOPEO).current_dir(folder))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(&path).arg(folder.join("root")))?;
        }
    }
    fs::remove_dir_all(folder.join("lists"))?;
    Ok(())
}

/// The `wkg` command.
///
/// # Errors
/// When crates.io cannot be reached or it does not compile.
pub fn wkg() -> anyhow::Result<Option<PathBuf>> {
    let folder = tool("wkg", WKG, |folder| {
        let building = folder.join("building");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["install", "wkg", "--version", WKG, "--locked", "--debug", "--quiet", "--root"])
            .arg(folder)
            .env("CARGO_TARGET_DIR", &building)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env_remove("RUSTFLAGS");
        run(&mut cargo).context("wkg could not be compiled; is crates.io reachable?")?;
        fs::remove_dir_all(building)?;
        Ok(())
    })?;
    Ok(folder.map(|folder| folder.join("bin/wkg")))
}
