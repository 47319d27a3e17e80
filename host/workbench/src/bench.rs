//! The set-up: a component in the real sandbox, behind the real way out, with the plan's
//! configuration and secrets, recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use cassette::{Asked, Call, Cassette, Exchange, FORMAT, Recorder, Returned, Scrubber};
use egress::{ConnectionConfig, CredentialConfig, Egress};
use policy::network::{ReadingPosts, fill_origins, fill_path, judge_read};
use ports::{
    CallTrace, Called, Clock, Connectors, Item, Outbound, Plugins, ReadRequest, SecretValue, Secrets, Transforms,
};
use quoin_canonical::{Id, Timestamp};
use quoin_package::{Limits, Manifest, PackageKind};
use runtime::{CacheOptions, ConnectionSpec, Grant, Options, Runtime};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use vault::{FileVault, KeySource};

use crate::conform::Stage;
use crate::examine::Finding;
use crate::plan::{Plan, SecretPlan, filled, merged};
use crate::simulator::Simulator;

/// The connection that a connector is tried through.
const CONNECTION: &str = "trial";

/// Time as the bench tells it: the machine's, or standing where a case put it.
#[derive(Debug, Default)]
struct BenchClock(Mutex<Option<Timestamp>>);

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        let stands = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stands.unwrap_or_else(|| egress::WallClock.now())
    }
}

/// The set-up.
pub struct Bench {
    /// The connector's manifest.
    pub manifest: Manifest,
    /// How it is tried.
    pub plan: Plan,
    /// The vendor, where a simulator plays it.
    pub simulator: Option<Simulator>,
    /// Texts of the secrets, by name: what must never turn up anywhere.
    pub secrets: BTreeMap<String, String>,
    runtime: Arc<Runtime>,
    recorder: Arc<Recorder>,
    scrubber: Scrubber,
    clock: Arc<BenchClock>,
    reading: ReadingPosts,
    config: Value,
    digest: String,
    /// Everything that came back so far, for the search for secrets.
    heard: Mutex<Vec<String>>,
    _folder: TempDir,
}

/// One call, as it goes onto a cassette.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The call.
    pub call: Call,
    /// What it did on the way.
    pub trace: CallTrace,
}

impl Bench {
    /// Loads a component and connects it as its plan says. `simulator` is one that runs already, else the plan's
    /// is started.
    ///
    /// # Errors
    /// What is wrong with the component, the plan or the simulator, and how to mend it.
    pub async fn set_up(
        component: &Path,
        folder: &Path,
        plan: Plan,
        simulator: Option<Simulator>,
    ) -> anyhow::Result<Self> {
        let finding = crate::examine::examine(component, None).await?;
        anyhow::ensure!(
            finding.manifest.kind == PackageKind::Connector,
            "'{}' is a transform, which only converts: quoin run convert --object …",
            finding.manifest.id
        );
        Self::set_up_examined(component, finding, folder, plan, simulator).await
    }

    /// The same with a component that was looked into already.
    pub(crate) async fn set_up_examined(
        component: &Path,
        finding: Finding,
        folder: &Path,
        plan: Plan,
        simulator: Option<Simulator>,
    ) -> anyhow::Result<Self> {
        plan.check(&finding.manifest)?;
        let mut simulator = match (simulator, &plan.simulator) {
            (Some(running), _) => Some(running),
            (None, Some(wanted)) => Some(Simulator::start(folder, wanted)?),
            (None, None) => None,
        };
        let home = tempfile::tempdir()?;
        let vault = FileVault::open(home.path().join("vault"), KeySource::file(home.path().join("key")))
            .context("the bench's vault")?;
        let secrets = store_secrets(&vault, &plan)?;
        let vault: Arc<dyn Secrets> = Arc::new(vault);
        let clock = Arc::new(BenchClock::default());
        let egress = Arc::new(Egress::new(Arc::clone(&vault), Arc::clone(&clock) as Arc<dyn Clock>));
        if let Some(simulator) = &mut simulator {
            simulator.connect(&egress)?;
        }
        let address = simulator.as_ref().map_or("", |simulator| simulator.url.as_str());
        let config = filled(&Value::Object(plan.config.clone()), &[("simulator", address)]);
        let (door, reading) = door(&finding.manifest, &plan, &config, address)?;
        door.check_slots(&finding.manifest)?;
        egress.install(&door)?;
        let recorder = Arc::new(Recorder::new(egress, Scrubber::new(Arc::clone(&vault))));
        let bytes = std::fs::read(component)?;
        let runtime = sandbox(Arc::clone(&recorder) as Arc<dyn Outbound>, &vault, &clock).await?;
        let info = runtime.load(bytes, finding.text).await.map_err(|reason| anyhow!("{reason}"))?;
        runtime.add_connection(ConnectionSpec {
            id: CONNECTION.into(),
            plugin: finding.manifest.id.clone(),
            config: config.clone(),
            grant: Grant::everything(&finding.manifest),
        })?;
        Ok(Self {
            manifest: finding.manifest,
            plan,
            simulator,
            secrets,
            runtime,
            recorder,
            scrubber: Scrubber::new(vault),
            clock,
            reading,
            config,
            digest: info.digest,
            heard: Mutex::default(),
            _folder: home,
        })
    }

    /// The simulator.
    ///
    /// # Errors
    /// When there is none.
    pub fn vendor(&self) -> anyhow::Result<&Simulator> {
        self.simulator.as_ref().context("this needs a simulator: tests/conform.toml has no [simulator]")
    }

    /// Makes the sandbox's clock and the vendor's stand at an instant.
    ///
    /// # Errors
    /// What the simulator answered.
    pub async fn stand_at(&self, now: Timestamp) -> anyhow::Result<()> {
        *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        self.vendor()?.stand_at(now).await
    }

    /// Lets the sandbox's clock run again.
    pub fn run_clock(&self) {
        *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Reads a page.
    pub async fn read(&self, request: ReadRequest) -> (Called<ports::Page>, Recorded) {
        let asked = Asked::read(&request);
        let called = self.runtime.read(CONNECTION, request).await;
        let returned = called.result.as_ref().map_or_else(Returned::fault, Returned::page);
        let recorded = self.recorded(asked, returned, &called.trace);
        (called, recorded)
    }

    /// Writes items.
    pub async fn apply(&self, object: &str, items: &[Item]) -> (Called<Vec<ports::ItemOutcome>>, Recorded) {
        let asked = Asked::Apply { object: object.into(), items: items.to_vec() };
        let called = self.runtime.apply(CONNECTION, object, items).await;
        let returned = called.result.clone().map_or_else(|error| Returned::fault(&error), Returned::Outcomes);
        let recorded = self.recorded(asked, returned, &called.trace);
        (called, recorded)
    }

    /// Asks what became of items.
    pub async fn lookup(&self, object: &str, items: &[Item]) -> (Called<Vec<ports::ItemOutcome>>, Recorded) {
        let asked = Asked::Lookup { object: object.into(), items: items.to_vec() };
        let called = self.runtime.lookup(CONNECTION, object, items).await;
        let returned = called.result.clone().map_or_else(|error| Returned::fault(&error), Returned::Outcomes);
        let recorded = self.recorded(asked, returned, &called.trace);
        (called, recorded)
    }

    /// Asks who we are.
    pub async fn check(&self) -> (Called<ports::CheckReport>, Recorded) {
        let called = self.runtime.check(CONNECTION).await;
        let returned = called.result.clone().map_or_else(|error| Returned::fault(&error), Returned::Report);
        let recorded = self.recorded(Asked::Check, returned, &called.trace);
        (called, recorded)
    }

    /// Asks for the vendor's schema.
    pub async fn discover(&self) -> (Called<Value>, Recorded) {
        let called = self.runtime.discover(CONNECTION).await;
        let returned = called.result.clone().map_or_else(|error| Returned::fault(&error), Returned::Schema);
        let recorded = self.recorded(Asked::Discover, returned, &called.trace);
        (called, recorded)
    }

    /// Proves a delivery.
    pub async fn handle(&self, inbound: ports::Inbound) -> Called<ports::Reply> {
        let called = self.runtime.handle(CONNECTION, inbound).await;
        self.hear(format!("{:?}", called.result));
        called
    }

    /// Before a single call: what the plan does first, and records of the object to find.
    ///
    /// # Errors
    /// What the simulator answered.
    pub async fn prepare(&self, object: Option<&str>, make: u32) -> anyhow::Result<()> {
        if self.simulator.is_none() {
            return Ok(());
        }
        let stage = Stage::new(self);
        stage.prepared().await?;
        if let Some(object) = object.filter(|object| self.plan.object(object).make.is_some()) {
            stage.make(object, make).await?;
        }
        Ok(())
    }

    /// The plan's item of an object, with everything it depends on written already.
    ///
    /// # Errors
    /// When the plan has none.
    pub async fn item(&self, object: &str) -> anyhow::Result<Item> {
        Stage::new(self).item(object, "item").await
    }

    /// An item of this canonical object.
    pub fn item_of(object: &str, data: Value) -> Item {
        let derived = || Id::derived(&["item", object, &data.to_string()]).to_string();
        let id = data["header"]["id"].as_str().map_or_else(derived, str::to_owned);
        let data = merged(&json!({ "header": { "id": id } }), &data);
        let external = data["header"]["external"].as_str().map(str::to_owned);
        Item { key: format!("run-{id}"), id, external, data, delete: false, references: Vec::new() }
    }

    /// Whether a request only reads, as the manifest declares it.
    pub fn only_reads(&self, exchange: &Exchange) -> bool {
        judge_read(&exchange.request.method, path_of(&exchange.request.url), &self.reading).is_ok()
    }

    /// A cassette of these calls.
    pub fn cassette(&self, calls: Vec<Call>) -> Cassette {
        Cassette {
            cassette: FORMAT,
            plugin: self.manifest.id.clone(),
            version: self.manifest.version.clone(),
            digest: self.digest.clone(),
            config: self.scrubber.json(self.config.clone()),
            calls,
        }
    }

    /// SHA-256 of the component, hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Everything that came back so far.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hear(&self, text: String) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    fn recorded(&self, asked: Asked, returned: Returned, trace: &CallTrace) -> Recorded {
        let exchanges = self.recorder.take(CONNECTION).into_iter().map(|(_, exchange)| exchange).collect();
        // A cassette is JSON: what cannot be written there came from nowhere.
        self.hear(serde_json::to_string(&returned).unwrap_or_default());
        let call = Call { asked, now: self.clock.now(), exchanges, returned };
        Recorded { call, trace: trace.clone() }
    }
}

/// The path of an absolute URL.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split(['?', '#']).next().unwrap_or(path)
}

async fn sandbox(
    outbound: Arc<dyn Outbound>,
    vault: &Arc<dyn Secrets>,
    clock: &Arc<BenchClock>,
) -> anyhow::Result<Arc<Runtime>> {
    let options = Options { cache: cache().await?, ..Options::default() };
    Ok(Runtime::new(options, outbound, Arc::clone(vault), Arc::clone(clock) as Arc<dyn Clock>)?)
}

/// A transform in the real sandbox: it reaches nothing, so nothing stands around it.
pub(crate) struct Conversion {
    /// Its manifest.
    pub(crate) manifest: Manifest,
    /// SHA-256 of the component, hex.
    pub(crate) digest: String,
    /// Where it runs.
    pub(crate) runtime: Arc<Runtime>,
    _folder: TempDir,
}

impl Conversion {
    /// Loads a transform that was looked into already.
    ///
    /// # Errors
    /// What is wrong with the component, and how to mend it.
    pub(crate) async fn set_up(component: &Path, finding: Finding) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        let vault = FileVault::open(home.path().join("vault"), KeySource::file(home.path().join("key")))
            .context("the bench's vault")?;
        let vault: Arc<dyn Secrets> = Arc::new(vault);
        let clock = Arc::new(BenchClock::default());
        let egress = Arc::new(Egress::new(Arc::clone(&vault), Arc::clone(&clock) as Arc<dyn Clock>));
        let runtime = sandbox(egress as Arc<dyn Outbound>, &vault, &clock).await?;
        let bytes = std::fs::read(component)?;
        let info = runtime.load(bytes, finding.text).await.map_err(|reason| anyhow!("{reason}"))?;
        Ok(Self { manifest: finding.manifest, digest: info.digest, runtime, _folder: home })
    }
}

/// Converts one object with a transform, in the sandbox; `data` is the object, else the plan's item.
///
/// # Errors
/// What is wrong with the component or the plan, and how the transform refused.
pub async fn convert(
    component: &Path,
    plan: &Plan,
    object: &str,
    data: Option<Value>,
) -> anyhow::Result<(String, CallTrace)> {
    let finding = crate::examine::examine(component, None).await?;
    anyhow::ensure!(
        finding.manifest.kind == PackageKind::Transform,
        "'{}' is a connector, which converts nothing; `quoin run read`, apply, lookup, check or discover calls it",
        finding.manifest.id
    );
    plan.check(&finding.manifest)?;
    let data = data.or_else(|| plan.object(object).item);
    let data = data.with_context(|| {
        format!("there is nothing to convert: name a file with --file, or write `item` into tests/conform.toml, object.{object}")
    })?;
    let bench = Conversion::set_up(component, finding).await?;
    let called = bench.runtime.convert(&bench.manifest.id, object, &data).await;
    let text = called.result.map_err(|error| {
        let field = error.as_fault().field.map(|field| format!(" (at {field})")).unwrap_or_default();
        anyhow!("{error}{field}")
    })?;
    Ok((text, called.trace))
}

/// Name of the key that authenticates compiled code.
const CACHE_KEY: &str = "workbench/compiled/key";

/// Compiled components of this author, under a key of this author: compiling a large one takes seconds.
pub(crate) async fn cache() -> anyhow::Result<Option<CacheOptions>> {
    let user = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let Some(home) = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(user) else { return Ok(None) };
    let home = home.join("quoin");
    std::fs::create_dir_all(&home).with_context(|| format!("{} cannot be made", home.display()))?;
    // Two commands at once must not make two keys.
    let lock = std::fs::File::create(home.join("making-the-key.lock"))?;
    lock.lock()?;
    let vault = FileVault::open(home.join("workbench"), KeySource::file(home.join("workbench.key")))?;
    let kept = vault.get(CACHE_KEY).await.ok().and_then(|kept| kept.expose(|bytes| bytes.try_into().ok()));
    let key = match kept {
        Some(key) => key,
        None => {
            let mut key = [0; 32];
            aws_lc_rs::rand::fill(&mut key).map_err(|_| anyhow!("the system gives no random bytes"))?;
            vault.put(CACHE_KEY, SecretValue::new(key.to_vec())).await?;
            key
        }
    };
    Ok(Some(CacheOptions { dir: home.join("compiled"), key }))
}

fn store_secrets(vault: &FileVault, plan: &Plan) -> anyhow::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for (name, secret) in &plan.secrets {
        let value = match secret {
            SecretPlan::Value(value) => value.clone(),
            SecretPlan::Environment { env } => std::env::var(env)
                .with_context(|| format!("secret.\"{name}\" comes from the variable {env}, which is not set"))?,
        };
        vault.set(&format!("{CONNECTION}/{name}"), &SecretValue::new(value.clone().into_bytes()))?;
        texts.insert(name.clone(), value);
    }
    Ok(texts)
}

/// What the connection may reach: as a host would allow it, and the simulator's private address.
fn door(
    manifest: &Manifest,
    plan: &Plan,
    config: &Value,
    address: &str,
) -> anyhow::Result<(ConnectionConfig, ReadingPosts)> {
    let values = effective(manifest, config);
    let origins = fill_origins(&manifest.network.origins, &values).map_err(|error| anyhow!("{error}"))?;
    let mut reading_posts = Vec::new();
    for template in &manifest.network.reading_posts {
        reading_posts.extend(fill_path(template, &values).map_err(|error| anyhow!("{error}"))?);
    }
    let credentials = plan.credentials.iter().map(|(slot, credential)| {
        let mut value = filled(&Value::Object(credential.parameters.clone()), &[("simulator", address)]);
        value["slot"] = json!(slot);
        value["scheme"] = json!(credential.scheme);
        serde_json::from_value::<CredentialConfig>(value)
            .with_context(|| format!("tests/conform.toml, credential.{slot}"))
    });
    let Limits { concurrent_requests, response_bytes, call_ms, .. } = manifest.limits;
    let reading = ReadingPosts::new(&reading_posts);
    let private: Vec<String> = (!address.is_empty()).then(|| address.to_owned()).into_iter().collect();
    let door = ConnectionConfig {
        connection: CONNECTION.into(),
        granted_origins: origins.clone(),
        token_origins: private.clone(),
        manifest_origins: origins,
        reading_posts,
        allow_private: private,
        credentials: credentials.collect::<Result<_, _>>()?,
        max_concurrent_requests: concurrent_requests,
        response_limit_bytes: u64::from(response_bytes),
        request_timeout_ms: call_ms,
        ..ConnectionConfig::default()
    };
    Ok((door, reading))
}

/// The configuration with the manifest's defaults.
fn effective(manifest: &Manifest, config: &Value) -> Map<String, Value> {
    let mut values = config.as_object().cloned().unwrap_or_default();
    for field in &manifest.config {
        if let (false, Some(default)) = (values.contains_key(&field.field), &field.default) {
            values.insert(field.field.clone(), default.clone());
        }
    }
    values
}
