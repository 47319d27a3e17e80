//! The private Python environment: made once, used again by every later run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// Series of trytond and of every module: the one the connector is written for.
const SERIES: &str = ">=8.0,<8.1";

/// Modules that are activated; pip brings what they depend on.
pub const MODULES: [&str; 9] =
    ["party", "company", "currency", "product", "account", "account_product", "account_invoice", "sale", "project"];

/// The kept SQLite base, and the mark that PostgreSQL's base is whole.
pub const BASES: [&str; 2] = ["base.sqlite", "postgres/base-is-whole"];

/// The environment, and the folder that all of this crate's files lie in.
pub struct Environment {
    /// The folder.
    pub folder: PathBuf,
    /// Held while this process uses the folder: two runs would spoil each other's installation.
    _lock: File,
}

impl Environment {
    /// Finds it, or makes it.
    ///
    /// # Errors
    /// When there is no python3, or PyPI cannot be reached, in words.
    pub fn prepare() -> anyhow::Result<Self> {
        let folder = target().join("tryton");
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock().context("the lock of the Tryton environment")?;
        let environment = Self { folder, _lock: lock };
        let wanted = environment.wanted();
        if fs::read_to_string(environment.stamp()).is_ok_and(|stamp| stamp == wanted.join("\n")) {
            return Ok(environment);
        }
        environment.install(&wanted)?;
        fs::write(environment.stamp(), wanted.join("\n"))?;
        Ok(environment)
    }

    /// A program of the environment.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("venv/bin").join(name)
    }

    fn stamp(&self) -> PathBuf {
        self.folder.join("installed.txt")
    }

    fn wanted(&self) -> Vec<String> {
        let modules = MODULES.iter().map(|module| format!("trytond_{module}{SERIES}"));
        let mut wanted: Vec<String> = std::iter::once(format!("trytond{SERIES}")).chain(modules).collect();
        wanted.push("psycopg[binary,pool]>=3.2,<4".to_owned());
        wanted
    }

    fn install(&self, wanted: &[String]) -> anyhow::Result<()> {
        eprintln!("installing Tryton 8.0 from PyPI into {}", self.folder.display());
        // Bases that another installation filled are of no use to this one.
        for base in BASES {
            let base = self.folder.join(base);
            if base.exists() {
                fs::remove_file(base)?;
            }
        }
        let venv = self.folder.join("venv");
        if venv.exists() {
            fs::remove_dir_all(&venv)?;
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv)).context(
            "this test needs python3 with its venv module (Debian: apt install python3-venv); it runs a real Tryton",
        )?;
        let mut pip = Command::new(self.program("pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--retries", "2", "--timeout", "20"])
            .args(wanted);
        run(&mut pip).context("this test installs Tryton 8.0 from PyPI, and pip could not; is PyPI (or the index of PIP_INDEX_URL) reachable?")
    }
}

/// Cargo's folder for what it builds.
pub fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started or fails; with the end of what it said.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{name} failed ({}): {}", output.status, tail(&String::from_utf8_lossy(&said)));
    }
    Ok(())
}

/// The last lines of a text.
pub fn tail(text: &str) -> String {
    /// Enough to see why a Python program ended.
    const LINES: usize = 15;
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
