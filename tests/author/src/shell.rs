//! A stranger's shell.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// The repository.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// Cargo's folder for what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The built `quoin` command.
pub fn quoin_program() -> PathBuf {
    target().join("debug/quoin")
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// Whether it ended well.
    pub ok: bool,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A shell in a folder of its own.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Where it is.
    pub folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Shell {
    /// In this folder. What is compiled for it is kept between runs, below `target/author`; the folder itself
    /// gets nothing of ours.
    pub fn new(folder: &Path) -> Self {
        let kept = target().join("author");
        let own = |name: &str, value: PathBuf| (name.to_owned(), value.display().to_string());
        let path = std::env::var("PATH").unwrap_or_default();
        let programs = target().join("debug").display().to_string();
        Self {
            folder: folder.to_owned(),
            variables: vec![
                own("CARGO_TARGET_DIR", kept.join("cargo")),
                own("XDG_CACHE_HOME", kept.join("cache")),
                // What packagers download; pip's stands below the line above.
                own("npm_config_cache", kept.join("npm")),
                ("PATH".to_owned(), format!("{programs}:{path}")),
                ("NO_COLOR".to_owned(), "1".to_owned()),
            ],
        }
    }

    /// The same with a variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// The same in a folder below.
    #[must_use]
    pub fn within(mut self, folder: &str) -> Self {
        self.folder = self.folder.join(folder);
        self
    }

    /// A command, ready to be started.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = if program == "quoin" { quoin_program() } else { PathBuf::from(program) };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        // What Cargo tells our own test must not reach the stranger's Cargo.
        let ours = std::env::vars().map(|(name, _)| name);
        for name in ours.filter(|name| name.starts_with("CARGO_") || name.starts_with("QUOIN_") || name == "RUSTFLAGS")
        {
            if name != "CARGO_HOME" {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<Said> {
        let output =
            self.command(program, arguments).output().with_context(|| format!("{program} cannot be started"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Said { ok: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) })
    }

    /// Runs `quoin`, which must end well; its output.
    ///
    /// # Errors
    /// What it said when it did not.
    pub fn quoin(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let said = self.run("quoin", arguments)?;
        ensure!(said.ok, "`quoin {}`: {}{}", arguments.join(" "), said.out, said.err);
        Ok(said.out)
    }

    /// Runs a line as a person types it, which must end well; its output.
    ///
    /// # Errors
    /// What it said when it did not.
    pub fn line(&self, line: &str) -> anyhow::Result<String> {
        let said = self.run("bash", &["-euo", "pipefail", "-c", line])?;
        ensure!(said.ok, "`{line}`: {}{}", said.out, said.err);
        Ok(said.out)
    }
}
