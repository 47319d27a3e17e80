//! A registry with one namespace, its owner's token and key, and the `quoin` command to use them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::server::{Server, quoin_program, target};

/// What a command said.
#[derive(Debug)]
pub struct Answer {
    /// Whether it ended well.
    pub ok: bool,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A registry and its first publisher: `ana` owns `acme`.
pub struct Shop {
    /// Everything of this test.
    pub folder: TempDir,
    /// The registry.
    pub server: Server,
    /// Ana's token.
    pub token: String,
    /// The public half of her key.
    pub key: String,
}

impl Shop {
    /// Sets one up.
    ///
    /// # Errors
    /// What a command refused.
    pub fn open(further: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let server = Server::start(&folder.path().join("registry"), further)?;
        let mut shop = Self { folder, server, token: String::new(), key: String::new() };
        shop.key = shop.done(&["registry", "key", "new", &shop.path("ana.key")])?.trim().to_owned();
        shop.namespace("acme", "ana", &[&shop.key])?;
        shop.token = shop.token_of("ana", "publish")?;
        Ok(shop)
    }

    /// A path in the test's folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The registry's folder.
    pub fn registry(&self) -> PathBuf {
        self.folder.path().join("registry")
    }

    /// Gives a namespace out.
    ///
    /// # Errors
    /// What was refused.
    pub fn namespace(&self, name: &str, owner: &str, keys: &[&str]) -> anyhow::Result<()> {
        let dir = self.path("registry");
        let mut arguments = vec!["registry", "namespace", "new", name, "--owner", owner, "--dir", &dir];
        keys.iter().for_each(|key| arguments.extend(["--key", key]));
        self.done(&arguments).map(|_| ())
    }

    /// Makes a token.
    ///
    /// # Errors
    /// What was refused.
    pub fn token_of(&self, owner: &str, scope: &str) -> anyhow::Result<String> {
        let dir = self.path("registry");
        let token = self.done(&["registry", "token", "new", owner, "--scope", scope, "--dir", &dir])?;
        Ok(token.trim().to_owned())
    }

    /// Runs `quoin` with Ana's token.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn quoin(&self, arguments: &[&str]) -> anyhow::Result<Answer> {
        let output = Command::new(quoin_program())
            .args(arguments)
            .env("QUOIN_REGISTRY", self.server.url())
            .env("QUOIN_REGISTRY_TOKEN", &self.token)
            .env("XDG_CONFIG_HOME", self.folder.path())
            .env_remove("QUOIN_CONFIG")
            .current_dir(self.folder.path())
            .output()
            .context("the `quoin` command is not built")?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer { ok: output.status.success(), out: text(output.stdout), err: text(output.stderr) })
    }

    /// Runs `quoin`, which must end well; its output.
    ///
    /// # Errors
    /// What it said when it did not.
    pub fn done(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let answer = self.quoin(arguments)?;
        ensure!(answer.ok, "`quoin {}`: {}{}", arguments.join(" "), answer.out, answer.err);
        Ok(answer.out)
    }

    /// Publishes a component as Ana.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub fn publish(&self, component: &[u8], plugin: &str) -> anyhow::Result<Answer> {
        let file = self.path("component.wasm");
        std::fs::write(&file, component)?;
        self.quoin(&["publish", &file, "--as", plugin, "--key", &self.path("ana.key")])
    }
}

/// A real connector, whose manifest has each of these texts replaced by another of the same length. The manifest is
/// data in the component, so this is what a build with the changed file would give.
///
/// # Errors
/// When the connectors are not built, or a text is not in it.
pub fn connector(id: &str, changes: &[(&str, &str)]) -> anyhow::Result<Vec<u8>> {
    let file = target().join("plugins").join(format!("{id}.wasm"));
    let mut bytes =
        std::fs::read(&file).with_context(|| format!("{} is not built; run `cargo xtask plugins`", file.display()))?;
    for (from, to) in changes {
        ensure!(from.len() == to.len(), "'{from}' and '{to}' differ in length");
        let places: Vec<usize> = bytes
            .windows(from.len())
            .enumerate()
            .filter(|(_, part)| *part == from.as_bytes())
            .map(|(at, _)| at)
            .collect();
        ensure!(!places.is_empty(), "'{from}' is not in {}", file.display());
        for place in places {
            bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    Ok(bytes)
}
