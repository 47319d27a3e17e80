//! A vendor simulator as a child process, with its control surface.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// A running simulator; killed when dropped.
pub struct Simulator {
    /// Vendor.
    pub name: String,
    /// Its address, `http://127.0.0.1:PORT`.
    pub url: String,
    child: Child,
    client: reqwest::Client,
}

impl Simulator {
    /// Starts `simulator-<name>` from the folder of built programs, seeded for the scenario.
    ///
    /// # Errors
    /// When it is not built or does not come up.
    pub fn start(programs: &Path, name: &str, client: &reqwest::Client) -> anyhow::Result<Self> {
        let program = programs.join(format!("simulator-{name}"));
        let mut child = Command::new(&program)
            .args(["--http", "127.0.0.1:0", "--seed", "scenario", "--until-stdin-closes"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| {
                format!("{} cannot be started; run `cargo build --workspace --bins`", program.display())
            })?;
        let stdout = child.stdout.take().context("no output to read")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).with_context(|| format!("simulator {name} said {line:?}"))?;
        let url = ready["http"].as_str().context("no address")?.to_owned();
        Ok(Self { name: name.to_owned(), url, child, client: client.clone() })
    }

    /// What a person does in the vendor's user interface.
    ///
    /// # Errors
    /// What the simulator answered.
    pub async fn act(&self, action: &str, input: &Value) -> anyhow::Result<Value> {
        self.post(&format!("act/{action}"), input).await
    }

    /// Sets the vendor's clock.
    ///
    /// # Errors
    /// What the simulator answered.
    pub async fn set_clock(&self, now: &str) -> anyhow::Result<()> {
        self.post("clock", &serde_json::json!({"now": now})).await.map(|_| ())
    }

    /// Plugs in a fault.
    ///
    /// # Errors
    /// What the simulator answered.
    pub async fn fault(&self, fault: &Value) -> anyhow::Result<()> {
        self.post("faults", fault).await.map(|_| ())
    }

    /// How many effects of each kind were really committed there.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn counts(&self) -> anyhow::Result<Value> {
        Ok(self.ledger().await?["counts"].clone())
    }

    /// The committed effects of a kind, in order.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn effects(&self, kind: &str) -> anyhow::Result<Vec<Value>> {
        let ledger = self.ledger().await?;
        let effects = ledger["effects"].as_array().cloned().unwrap_or_default();
        Ok(effects.into_iter().filter(|effect| effect["kind"] == kind).collect())
    }

    /// Everything that was really committed there.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ledger(&self) -> anyhow::Result<Value> {
        let answer = self.client.get(format!("{}/_sim/ledger", self.url)).send().await?;
        Ok(answer.json().await?)
    }

    async fn post(&self, path: &str, input: &Value) -> anyhow::Result<Value> {
        let answer = self.client.post(format!("{}/_sim/{path}", self.url)).json(input).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("{} refused {path}: {status} {text}", self.name);
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // A child that is gone already is what we want.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
