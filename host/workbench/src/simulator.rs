//! A vendor simulator: its process, and its control routes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use egress::{ConnectionConfig, Egress};
use ports::{Access, CallContext, HttpRequest, Outbound};
use quoin_canonical::Timestamp;
use serde_json::{Value, json};

use crate::plan::SimulatorPlan;

/// Name of the connection to the control routes.
const CONNECTION: &str = "simulator";
/// Longest wait for a control route: they do next to nothing.
const CONTROL_WAIT: Duration = Duration::from_secs(20);

/// A running simulator; ended when dropped, if it was started here.
pub struct Simulator {
    /// Its address.
    pub url: String,
    child: Option<Child>,
    control: Option<Arc<Egress>>,
}

impl Simulator {
    /// Starts one and waits until it says where it is.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(folder: &Path, plan: &SimulatorPlan) -> anyhow::Result<Self> {
        let Some((program, arguments)) = plan.command.split_first() else {
            bail!("tests/conform.toml, simulator.command: name the program that simulates the vendor");
        };
        // `quoin simulate` is this very program, wherever it is.
        let ours = (program == "quoin").then(std::env::current_exe).transpose()?;
        let mut command = Command::new(ours.unwrap_or_else(|| program.into()));
        command.args(arguments).args(["--http", "127.0.0.1:0", "--until-stdin-closes"]).current_dir(folder);
        if let Some(seed) = &plan.seed {
            command.args(["--seed", seed]);
        }
        for (name, value) in &plan.options {
            command.arg("--option").arg(format!("{name}={value}"));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("the simulator cannot be started: {}", plan.command.join(" ")))?;
        let stdout = child.stdout.take().context("no output to read")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let url = serde_json::from_str::<Value>(&line).ok().and_then(|ready| ready["http"].as_str().map(str::to_owned));
        let Some(url) = url else {
            // It has ended, or is no simulator of the kit.
            let _gone = child.kill();
            let _reaped = child.wait();
            bail!("`{}` did not say where it listens but {line:?}; see above", plan.command.join(" "));
        };
        Ok(Self { url, child: Some(child), control: None })
    }

    /// One that runs already.
    pub fn at(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), child: None, control: None }
    }

    /// Opens the way to its control routes.
    ///
    /// # Errors
    /// When its address cannot be used.
    pub fn connect(&mut self, egress: &Arc<Egress>) -> anyhow::Result<()> {
        let origins = vec![self.url.clone()];
        egress.install(&ConnectionConfig {
            connection: CONNECTION.into(),
            manifest_origins: origins.clone(),
            granted_origins: origins.clone(),
            allow_private: origins,
            response_limit_bytes: 256 << 20,
            ..ConnectionConfig::default()
        })?;
        self.control = Some(Arc::clone(egress));
        Ok(())
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let control = self.control.as_ref().context("the simulator is not connected")?;
        let context = CallContext {
            digest: String::new(),
            connection: CONNECTION.into(),
            access: Access::Write,
            call: "control".into(),
            deadline: Instant::now() + CONTROL_WAIT,
        };
        let request = HttpRequest {
            method: method.into(),
            url: format!("{}/_sim/{path}", self.url),
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.map(|body| Bytes::from(body.to_string())),
            cost: 1,
            ..HttpRequest::default()
        };
        let answer = control.send(&context, request).await.with_context(|| format!("the simulator's /_sim/{path}"))?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status < 300, "the simulator refused /_sim/{path} {}: {text}", body.unwrap_or(&Value::Null));
        serde_json::from_str(&text).with_context(|| format!("/_sim/{path} answered {text}"))
    }

    /// Everything as at the start.
    ///
    /// # Errors
    /// What it answered.
    pub async fn reset(&self) -> anyhow::Result<()> {
        self.call("POST", "reset", Some(&json!({}))).await.map(|_| ())
    }

    /// What a person does in the vendor's user interface.
    ///
    /// # Errors
    /// What it answered.
    pub async fn act(&self, action: &str, input: &Value) -> anyhow::Result<Value> {
        self.call("POST", &format!("act/{action}"), Some(input)).await
    }

    /// Plugs in a fault.
    ///
    /// # Errors
    /// What it answered.
    pub async fn plug(&self, fault: &Value) -> anyhow::Result<()> {
        self.call("POST", "faults", Some(fault)).await.map(|_| ())
    }

    /// Removes every fault.
    ///
    /// # Errors
    /// What it answered.
    pub async fn unplug(&self) -> anyhow::Result<()> {
        self.call("DELETE", "faults", None).await.map(|_| ())
    }

    /// Makes its clock stand at an instant.
    ///
    /// # Errors
    /// What it answered.
    pub async fn stand_at(&self, now: Timestamp) -> anyhow::Result<()> {
        self.call("POST", "clock", Some(&json!({"now": now, "stands": true}))).await.map(|_| ())
    }

    /// Its ledger: what was really committed.
    ///
    /// # Errors
    /// What it answered.
    pub async fn ledger(&self) -> anyhow::Result<Value> {
        self.call("GET", "ledger", None).await
    }

    /// Its request log.
    ///
    /// # Errors
    /// What it answered.
    pub async fn requests(&self) -> anyhow::Result<Value> {
        self.call("GET", "requests", None).await
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Closing its standard input ends it; one that is gone already is what we want.
            drop(child.stdin.take());
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }
}
