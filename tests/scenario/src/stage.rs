//! The cast on stage: the vendor simulators (or a real ERP), the host with its components, and a client.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Api, Follower};
use crate::config;
use crate::erp::{Erp, ErpChoice};
use crate::simulator::Simulator;

/// How long anything on stage may take before the script gives up: far beyond what it needs, so
/// that only a real standstill ends it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How to set the stage.
#[derive(Debug, Clone)]
pub struct StageOptions {
    /// Folder of built programs: `target/debug` or `target/release`.
    pub programs: PathBuf,
    /// Folder of built components with their manifests.
    pub plugins: PathBuf,
    /// Folder of compiled components and the key that authenticates them: compiling takes seconds,
    /// and every stage of a workspace runs the same components.
    pub compiled: PathBuf,
    /// Milliseconds between polls.
    pub poll_ms: u64,
    /// The ERP.
    pub erp: ErpChoice,
    /// The billing policy.
    pub policy: String,
}

impl StageOptions {
    /// The stage as the workspace builds it.
    pub fn from_workspace() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        Self {
            programs: target.join(profile),
            plugins: target.join("plugins"),
            compiled: target.join("compiled"),
            poll_ms: 200,
            erp: ErpChoice::default(),
            policy: config::POLICY.to_owned(),
        }
    }

    /// The same with another ERP.
    #[must_use]
    pub fn with_erp(self, erp: ErpChoice) -> Self {
        Self { erp, ..self }
    }
}

/// Everything that is running; it all ends when this is dropped.
pub struct Stage {
    /// CRM.
    pub crm: Simulator,
    /// PSA.
    pub psa: Simulator,
    /// ERP.
    pub erp: Erp,
    /// Time.
    pub time: Simulator,
    /// The API of the running host.
    pub api: Api,
    /// Everything recorded so far, in order.
    pub events: Vec<Value>,
    options: StageOptions,
    folder: TempDir,
    client: reqwest::Client,
    token: String,
    host: Option<Child>,
    follower: Option<Follower>,
    /// Business time at which a restarted host goes on.
    now: String,
    crashes: Option<Crashes>,
}

/// A plan to kill the host while the script waits for it.
#[derive(Debug, Clone, Copy)]
pub struct Crashes {
    /// Kills still to come.
    pub left: u32,
    /// State of the random numbers; printed, so that a run can be repeated.
    pub seed: u64,
    /// Most events that a host lives to tell between two kills. Events and not time, so that a fast
    /// host is killed as often as a slow one.
    pub most_events: usize,
    /// When the host that runs now is killed; drawn when the script first waits for it.
    pub next: Option<Kill>,
}

/// The end of one host.
#[derive(Debug, Clone, Copy)]
pub struct Kill {
    /// Once so many events have been seen in all,
    at: usize,
    /// and nothing more was told for so long.
    after: Duration,
}

/// Longest silence between an event and the kill: long enough to reach into the work after it.
const LONGEST_SILENCE_MS: u64 = 20;

impl Crashes {
    /// A linear congruential generator, Knuth's constants.
    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 33
    }

    /// How long the host may still be silent when it is to be killed now; `seen` events are known.
    fn silence(&mut self, seen: usize) -> Option<Duration> {
        if self.left == 0 {
            return None;
        }
        let kill = match self.next {
            Some(kill) => kill,
            None => {
                let events = usize::try_from(self.random()).unwrap_or_default() % self.most_events.max(1);
                Kill { at: seen + events, after: Duration::from_millis(self.random() % LONGEST_SILENCE_MS) }
            }
        };
        let due = seen >= kill.at;
        // Each event that comes in between makes the next silence shorter, so that the end does come.
        self.next = Some(if due { Kill { after: kill.after / 2, ..kill } } else { kill });
        due.then_some(kill.after)
    }
}

impl Stage {
    /// Sets the stage at the morning of 2026-03-02.
    ///
    /// # Errors
    /// When something does not come up.
    pub async fn set(options: StageOptions) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE * 5).build()?;
        let start = |name: &str| Simulator::start(&options.programs, name, &client);
        let (crm, psa, time) = (start(config::CRM)?, start(config::PSA)?, start(config::TIME)?);
        let erp = Erp::start(options.erp, &options.programs, &client).await?;
        let folder = tempfile::tempdir()?;
        let token = config::token();
        let mut stage = Self {
            crm,
            psa,
            erp,
            time,
            api: Api::new("", &token, &client),
            events: Vec::new(),
            options,
            folder,
            client,
            token,
            host: None,
            follower: None,
            now: "2026-03-02T10:15:00Z".to_owned(),
            crashes: None,
        };
        stage.prepare().await?;
        stage.start_host().await?;
        Ok(stage)
    }

    /// The folder with the configuration and the host's data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The token of the script's operator.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Writes the configuration and puts the secrets into the vault, as an operator would.
    async fn prepare(&self) -> anyhow::Result<()> {
        self.set_clocks(&self.now).await?;
        self.write_config()?;
        for (name, value) in config::secrets().into_iter().chain(self.erp.secrets()) {
            self.quoin(&["secret", "set", &name], Some(value.as_bytes()))?;
        }
        self.quoin(&["secret", "set", "host/compiled/key"], Some(&self.compiled_key()?)).map(|_| ())
    }

    async fn set_clocks(&self, now: &str) -> anyhow::Result<()> {
        for simulator in [&self.crm, &self.psa, &self.time] {
            simulator.set_clock(now).await?;
        }
        self.erp.set_clock(now).await
    }

    /// The key of the shared folder of compiled components, made by whoever comes first.
    fn compiled_key(&self) -> anyhow::Result<Vec<u8>> {
        let path = self.options.compiled.with_extension("key");
        if let Ok(key) = std::fs::read(&path)
            && key.len() == 32
        {
            return Ok(key);
        }
        let key = config::token().into_bytes()[..32].to_vec();
        // Written aside and moved, so that a stage set at the same moment reads a whole key.
        let draft = path.with_extension(format!("key-{}", std::process::id()));
        std::fs::write(&draft, &key)?;
        match std::fs::hard_link(&draft, &path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
        std::fs::remove_file(&draft)?;
        Ok(std::fs::read(&path)?)
    }

    fn write_config(&self) -> anyhow::Result<()> {
        let text = config::text(&config::Values {
            plugins: &self.options.plugins,
            compiled: &self.options.compiled,
            crm: &self.crm.url,
            psa: &self.psa.url,
            erp: &self.erp.connection(self.options.poll_ms),
            time: &self.time.url,
            token: &self.token,
            poll_ms: self.options.poll_ms,
            now: &self.now,
        });
        std::fs::write(self.config_path(), text)?;
        std::fs::write(self.folder.path().join("policy.toml"), &self.options.policy)?;
        Ok(())
    }

    fn config_path(&self) -> PathBuf {
        self.folder.path().join("quoin.toml")
    }

    /// Runs the `quoin` command against this stage and gives its output.
    ///
    /// # Errors
    /// What it said, when it failed.
    pub fn quoin(&self, arguments: &[&str], input: Option<&[u8]>) -> anyhow::Result<String> {
        let mut command = Command::new(self.options.programs.join("quoin"));
        command
            .args(arguments)
            .env("QUOIN_CONFIG", self.config_path())
            .env("QUOIN_URL", &self.api.url)
            .env("QUOIN_TOKEN", &self.token);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("the `quoin` command is not built")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.unwrap_or_default())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("`quoin {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts the host and waits until it serves; it goes on at the script's business time.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_host(&mut self) -> anyhow::Result<()> {
        self.write_config()?;
        let log = std::fs::File::options().create(true).append(true).open(self.folder.path().join("host.log"))?;
        let mut child = Command::new(self.options.programs.join("quoin"))
            .args(["serve", "--config"])
            .arg(self.config_path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("the host cannot be started; run `cargo build --workspace --bins`")?;
        let stdout = child.stdout.take().context("no output to read")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        self.host = Some(child);
        let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://")) else {
            let log = std::fs::read_to_string(self.folder.path().join("host.log")).unwrap_or_default();
            bail!("the host did not say where it listens but {line:?}; its log ends:\n{}", tail(&log));
        };
        self.api = Api::new(url, &self.token, &self.client);
        let last = self.events.last().and_then(|event| event["seq"].as_u64()).unwrap_or(0);
        self.follower = Some(self.api.follow(last).await?);
        let hook = json!({"url": format!("{url}/hooks/crm"), "secret": config::WEBHOOK_SECRET, "replace": true});
        self.crm.act("register_webhook", &hook).await?;
        Ok(())
    }

    /// Kills the host with SIGKILL, as a crash would.
    ///
    /// # Errors
    /// When there is none to kill.
    pub fn kill_host(&mut self) -> anyhow::Result<()> {
        let mut child = self.host.take().context("no host is running")?;
        child.kill()?;
        child.wait()?;
        self.follower = None;
        Ok(())
    }

    /// Whether a host is running.
    pub fn host_is_running(&mut self) -> bool {
        self.host.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Moves business time forward, everywhere.
    ///
    /// # Errors
    /// When somebody refuses.
    pub async fn advance(&mut self, to: &str) -> anyhow::Result<()> {
        self.now = to.to_owned();
        self.set_clocks(to).await?;
        if self.host.is_some() {
            self.api.post("/clock/advance", &format!("advance-{to}"), &json!({"to": to})).await?;
        }
        Ok(())
    }

    /// Waits until the log holds an event that fits, from the beginning on, and gives it.
    ///
    /// # Errors
    /// When it does not come within [`PATIENCE`], or the host ends.
    pub async fn wait_for(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        if let Some(event) = self.events.iter().find(|event| fits(event)) {
            return Ok(event.clone());
        }
        loop {
            let seen = self.events.len();
            self.wait_for_next(what, seen).await?;
            if let Some(event) = self.events[seen..].iter().find(|event| fits(event)) {
                return Ok(event.clone());
            }
        }
    }

    /// The first event of a kind.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn wait_for_kind(&mut self, kind: &str) -> anyhow::Result<Value> {
        self.wait_for_count(kind, 1).await
    }

    /// The `count`-th event of a kind.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn wait_for_count(&mut self, kind: &str, count: usize) -> anyhow::Result<Value> {
        loop {
            let mut found = self.events.iter().filter(|event| event["kind"] == kind);
            if let Some(event) = found.nth(count.saturating_sub(1)) {
                return Ok(event.clone());
            }
            let seen = self.events.len();
            self.wait_for_next(&format!("{kind} ({count})"), seen).await?;
        }
    }

    /// Waits until more events than `seen` are there.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn wait_past(&mut self, seen: usize) -> anyhow::Result<()> {
        self.wait_for_next("another event", seen).await
    }

    /// Takes in what the host tells within a while; telling nothing is no error.
    ///
    /// # Errors
    /// When the host ended.
    pub async fn catch_up(&mut self, within: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + within;
        let follower = self.follower.as_mut().context("no host is running")?;
        while let Ok(next) =
            tokio::time::timeout(until.saturating_duration_since(Instant::now()), follower.next(within)).await
        {
            match next {
                Ok(Some(event)) => self.events.push(event),
                Ok(None) => bail!("the host ended; {}", self.log_tail()),
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    async fn wait_for_next(&mut self, what: &str, seen: usize) -> anyhow::Result<()> {
        while self.events.len() == seen {
            let silence = self.crashes.as_mut().and_then(|crashes| crashes.silence(seen));
            let follower = self.follower.as_mut().context("no host is running")?;
            let next = match silence {
                None => follower.next(PATIENCE).await,
                Some(silence) => match tokio::time::timeout(silence, follower.next(PATIENCE)).await {
                    Ok(next) => next,
                    Err(_) => {
                        self.crash().await?;
                        continue;
                    }
                },
            };
            let next = next.with_context(|| format!("waiting for {what}; {}", self.log_tail()))?;
            let Some(event) = next else { bail!("the host ended while waiting for {what}; {}", self.log_tail()) };
            self.events.push(event);
        }
        Ok(())
    }

    /// From now on, kills the host at random instants while the script waits.
    pub fn plan_crashes(&mut self, crashes: Crashes) {
        self.crashes = Some(crashes);
    }

    /// Kills still planned.
    pub fn crashes_left(&self) -> u32 {
        self.crashes.map_or(0, |crashes| crashes.left)
    }

    async fn crash(&mut self) -> anyhow::Result<()> {
        if let Some(crashes) = &mut self.crashes {
            crashes.left -= 1;
            crashes.next = None;
        }
        self.kill_host()?;
        self.start_host().await
    }

    /// How many events of a kind have been seen.
    pub fn count(&self, kind: &str) -> usize {
        self.events.iter().filter(|event| event["kind"] == kind).count()
    }

    /// The last events and the end of the host's log: what a standstill is judged by.
    pub fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("host.log")).unwrap_or_default();
        let events: Vec<String> = self
            .events
            .iter()
            .rev()
            .take(12)
            .map(|event| {
                let body: String = event["body"].to_string().chars().take(400).collect();
                format!("{} {} {} {body}", event["seq"], event["kind"], event["key"])
            })
            .collect();
        format!("last events, newest first:\n{}\nhost log:\n{}", events.join("\n"), tail(&log))
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut child) = self.host.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }
}
