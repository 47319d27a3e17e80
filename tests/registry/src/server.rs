//! A registry in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// Cargo's folder for what it builds.
pub fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().unwrap_or(root);
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// The built `quoin` command.
pub fn quoin_program() -> PathBuf {
    target().join("debug/quoin")
}

/// A running registry; killed when dropped.
pub struct Server {
    child: Child,
    /// `host:port`
    pub host: String,
}

impl Server {
    /// Starts one on a folder and waits until it serves.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(folder: &Path, further: &[&str]) -> anyhow::Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(folder.with_extension("log"))?;
        let mut child = Command::new(quoin_program())
            .args(["registry", "serve", "--listen", "127.0.0.1:0", "--dir"])
            .arg(folder)
            .args(further)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("the registry cannot be started; run `cargo build --workspace --bins`")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output to read")?).read_line(&mut line)?;
        let host = line.trim().rsplit_once("http://").map(|(_, host)| host.to_owned());
        match host {
            Some(host) => Ok(Self { child, host }),
            None => {
                let _reaped = child.wait();
                let log = std::fs::read_to_string(folder.with_extension("log")).unwrap_or_default();
                bail!("the registry did not say where it listens but {line:?}: {log}")
            }
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Kills it as a crash would.
    ///
    /// # Errors
    /// When there is nothing to kill.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.kill();
    }
}
