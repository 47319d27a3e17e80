//! A host in a process of its own, which trusts the shop's publisher and follows its registry.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use quoin_registry::digest::Digest;
use serde_json::Value;

use crate::Shop;
use crate::server::quoin_program;

/// Far beyond what anything here takes, so that only a standstill ends a wait.
const PATIENCE: Duration = Duration::from_secs(60);

const TOKEN: &str = "the-token-of-this-test";

/// A running host; killed when dropped.
pub struct Host {
    child: Child,
    url: String,
}

impl Host {
    /// Starts one on the shop's `quoin.toml` and waits until it serves.
    ///
    /// # Errors
    /// When it does not come up, with its log.
    pub fn start(shop: &Shop) -> anyhow::Result<Self> {
        let log = fs::File::options().create(true).append(true).open(shop.path("host.log"))?;
        let mut child = Command::new(quoin_program())
            .args(["serve", "--config", &shop.path("quoin.toml")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output to read")?).read_line(&mut line)?;
        match line.split_whitespace().find(|word| word.starts_with("http://")) {
            Some(url) => Ok(Self { child, url: url.to_owned() }),
            None => {
                let _reaped = child.wait();
                bail!("the host does not serve: {line}\n{}", fs::read_to_string(shop.path("host.log"))?)
            }
        }
    }

    /// Kills it as a crash would, and starts it again on the same folder.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&mut self, shop: &Shop) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        *self = Self::start(shop)?;
        Ok(())
    }

    /// What a `quoin` command says: each line of its output is JSON, or all of it.
    ///
    /// # Errors
    /// What it said when it did not end well.
    pub fn quoin(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let output = Command::new(quoin_program())
            .args(arguments)
            .arg("--json")
            .env("QUOIN_URL", &self.url)
            .env("QUOIN_TOKEN", TOKEN)
            .output()?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout)?;
        serde_json::from_str(&said)
            .or_else(|_| said.lines().map(serde_json::from_str::<Value>).collect())
            .with_context(|| said.clone())
    }

    /// What a command says, once it is what is waited for.
    ///
    /// # Errors
    /// When it does not come, with what was said last.
    pub fn until(&self, what: &str, arguments: &[&str], holds: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let said = self.quoin(arguments)?;
            if holds(&said) {
                return Ok(said);
            }
            ensure!(Instant::now() < until, "{what} did not come: {said:#}");
        }
    }

    /// A plugin's versions, once they are as is waited for.
    ///
    /// # Errors
    /// When it does not come, with how they stood last.
    pub fn until_plugin(&self, what: &str, plugin: &str, holds: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let find = |said: &Value| {
            let all = said["rollouts"].as_array().cloned().unwrap_or_default();
            all.into_iter().find(|one| one["plugin"] == plugin).unwrap_or_default()
        };
        Ok(find(&self.until(what, &["plugin", "list"], |said| holds(&find(said)))?))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Shop {
    /// Writes the configuration of a host that follows this registry; `signed_only` takes nothing unsigned.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn configure_host(&self, signed_only: bool) -> anyhow::Result<()> {
        let digest = Digest::sha256(TOKEN.as_bytes());
        let text = format!(
            "[host]\ndata_dir = \"data\"\nplugins_dir = \"plugins\"\nlisten = \"127.0.0.1:0\"\nplugins_watch_ms = 100\n\
             signed_plugins_only = {signed_only}\n\
             [[token]]\nname = \"test\"\nrole = \"admin\"\nsha256 = \"{}\"\n\
             [[publisher]]\nnamespace = \"acme\"\nkey = \"{}\"\n\
             [[registry]]\nname = \"acme\"\nurl = \"{}\"\nfollow_ms = 100\nallow_private = [\"127.0.0.1\"]\n",
            digest.hex(),
            self.key,
            self.server.url()
        );
        fs::create_dir_all(self.path("plugins"))?;
        fs::write(self.path("quoin.toml"), text)?;
        Ok(())
    }

    /// Publishes a component and installs it into the host's plugin folder.
    ///
    /// # Errors
    /// What was refused.
    pub fn deliver(&self, component: &[u8], plugin: &str, version: &str) -> anyhow::Result<()> {
        let published = self.publish(component, plugin)?;
        ensure!(published.ok, "{}", published.err);
        let (named, trust) = (format!("{plugin}@{version}"), format!("acme={}", self.key));
        self.done(&["install", &named, "--dir", "plugins", "--trust", &trust, "--accept"]).map(|_| ())
    }
}
