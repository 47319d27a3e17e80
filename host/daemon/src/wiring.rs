//! Every room, built and wired.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::{ApiState, Check, Token};
use auditor::Auditor;
use axum::Router;
use axum::routing::get;
use conductor::{Limits, Wheel};
use console::ConsoleState;
use egress::Egress;
use fleet::Fleet;
use ingress::Doors;
use policy::access::Role;
use ports::{Clock, Connectors, Ledger, Plugins, Rollouts, SecretError, SecretValue, Transforms, Versions};
use process::calls::{EntityCalendar, Parameters, RouteRow};
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use reconcile::drift::Ownership;
use runtime::{CacheOptions, CompileWorker, ConnectionSpec, Grant, GrantFor, Runtime};
use serde_json::{Value, json};
use store::EmbeddedStore;
use tokio::sync::watch;
use tokio::task::JoinSet;
use vault::{FileVault, KeySource};

use crate::clock::{BusinessClock, TimeOrderedIds};
use crate::config::{Config, ConfigError, Connection};
use crate::streams::Streams;
use crate::trust::Trust;
use crate::{StartError, Vault, catalogue, doorkeeper, plugins, registries};

/// A built house.
pub(crate) struct House {
    wheel: Wheel,
    doors: Doors,
    api: ApiState,
    runtime: Arc<Runtime>,
    fleet: Arc<Fleet>,
    registries: Vec<fleet::Registry>,
    metrics: Option<telemetry::Metrics>,
    ownership: Ownership,
    store_stopped: StoreStopped,
}

/// Why the store has stopped; `None` while it lives.
pub(crate) type StoreStopped = watch::Receiver<Option<String>>;

/// The vault of a configuration.
pub(crate) fn vault(config: &Config) -> Result<Vault, StartError> {
    let room = |error: String| StartError::room("vault")(error);
    std::fs::create_dir_all(&config.host.data_dir)
        .map_err(|error| room(format!("{}: {error}", config.host.data_dir.display())))?;
    let variable = |name: &str| std::env::var(name).ok();
    let source = KeySource::from_environment(variable, config.host.data_dir.join("vault.key"))
        .map_err(|error| room(error.to_string()))?;
    let vault = FileVault::open(config.host.data_dir.join("vault"), source).map_err(|error| room(error.to_string()))?;
    Ok(Arc::new(vault))
}

impl House {
    /// Builds every room; nothing runs yet.
    pub(crate) async fn build(
        config: &Config,
        address: SocketAddr,
        stopped: watch::Receiver<bool>,
        compiler: Option<CompileWorker>,
    ) -> Result<Self, StartError> {
        let catalogue = Arc::new(catalogue(config.host.processes_dir.as_deref())?);
        let parameters = Arc::new(parameters(config)?);
        let clock = Arc::new(clock(config)?);
        let vault = vault(config)?;
        let (ledger, store_stopped) = ledger(config, &clock).await?;
        let egress = Arc::new(Egress::new(Arc::clone(&vault), Arc::new(egress::WallClock)));
        let business_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let tap = Arc::new(fleet::Tap::new(Arc::clone(&egress) as _, Arc::clone(&vault), business_clock));
        let runtime = sandbox(config, &tap, &vault, &clock, compiler).await?;
        let house = doorkeeper::House::new(Trust::of(config), config.connections.clone(), Arc::clone(&egress));
        let fleet = Arc::new(Fleet::new(fleet::Wiring {
            ledger: Arc::clone(&ledger),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            versions: Arc::clone(&runtime) as Arc<dyn Versions>,
            loaded: Arc::clone(&runtime) as Arc<dyn Plugins>,
            shelf: fleet::Shelf::new(config.host.data_dir.join("plugins")),
            doorkeeper: Arc::new(house),
            tap: Some(Arc::clone(&tap)),
            connections: config.connections.iter().map(|one| (one.id.clone(), one.plugin.clone())).collect(),
        }));
        plugins(config, &fleet, &runtime).await?;
        let registries = registries::followed(config, &egress).map_err(StartError::Connection)?;
        let pinned = fleet::Pinned::new(Arc::clone(&runtime) as Arc<dyn Connectors>, Arc::clone(&ledger));
        let connectors: Arc<dyn Connectors> = Arc::new(pinned.tapped(tap));
        let ids = Arc::new(TimeOrderedIds);
        let wheel = Wheel {
            ledger: Arc::clone(&ledger),
            connectors: Arc::clone(&connectors),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::clone(&ids) as Arc<dyn ports::Ids>,
            catalogue,
            parameters,
            limits: Limits::default(),
        };
        let public_url = config.host.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let doors = Doors { ledger, connectors, clock: Arc::clone(&clock) as Arc<dyn Clock>, ids, public_url };
        let checks = checks(stopped.clone(), store_stopped.clone());
        let api = surface(config, &wheel, (&runtime, &fleet), &clock, stopped)?.with_checks(checks);
        let ownership = config.field_owners()?;
        let metrics = telemetry::Metrics::install();
        Ok(Self { wheel, doors, api, runtime, fleet, registries, metrics, ownership, store_stopped })
    }

    /// Says when the store has stopped, and why: nothing can be recorded any more.
    pub(crate) fn store_stopped(&self) -> StoreStopped {
        self.store_stopped.clone()
    }

    /// Starts every loop.
    pub(crate) fn start(&self, config: &Config, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut loops = JoinSet::new();
        loops.spawn(conductor::run(self.wheel.clone(), stopped.clone()));
        let auditor = Auditor::new(Arc::clone(&self.wheel.ledger)).with_systems(
            Arc::clone(&self.wheel.connectors),
            systems(&self.wheel.parameters),
            self.ownership.clone(),
        );
        loops.spawn(auditor::run(auditor, stopped.clone()));
        loops.spawn(fleet::run(Arc::clone(&self.fleet), self.registries.clone(), stopped.clone()));
        if config.host.plugins_watch_ms > 0 {
            let every = Duration::from_millis(config.host.plugins_watch_ms);
            let (folder, trust) = (config.host.plugins_dir.clone(), Trust::of(config));
            loops.spawn(plugins::watch(folder, Arc::clone(&self.fleet), trust, every, stopped.clone()));
        }
        let streams = Streams::new(self.doors.clone(), config.connections.clone());
        loops.spawn(streams.run(Arc::clone(&self.runtime), stopped.clone()));
        loops
    }

    /// Everything that answers over HTTP.
    pub(crate) fn router(&self) -> Router {
        let secure_cookies = self.doors.public_url.starts_with("https://");
        let metrics = self.metrics.clone();
        Router::new()
            .merge(api::router(self.api.clone()))
            .merge(console::router(ConsoleState::new(self.api.clone(), secure_cookies)))
            .merge(ingress::router(self.doors.clone()))
            .route("/metrics", get(move || async move { metrics.map(|metrics| metrics.render()).unwrap_or_default() }))
    }
}

/// Every connection that serves a role, with that role.
fn systems(parameters: &Parameters) -> Vec<(String, String)> {
    let mut systems: Vec<(String, String)> =
        parameters.routes.iter().map(|route| (route.connection.clone(), route.role.clone())).collect();
    systems.sort();
    systems.dedup();
    systems
}

fn clock(config: &Config) -> Result<BusinessClock, StartError> {
    let start: Option<Timestamp> = config
        .clock
        .start
        .as_deref()
        .map(|text| {
            text.parse().map_err(|_| ConfigError::at("clock.start", format!("'{text}' is no RFC 3339 instant")))
        })
        .transpose()?;
    if start.is_some() && !config.clock.settable {
        return Err(ConfigError::at("clock.start", "only a settable clock has a start; set settable = true").into());
    }
    Ok(BusinessClock::new(config.clock.settable, start))
}

async fn ledger(config: &Config, clock: &BusinessClock) -> Result<(Arc<dyn Ledger>, StoreStopped), StartError> {
    let path = config.host.data_dir.join("store");
    let opened = tokio::task::spawn_blocking(move || EmbeddedStore::open(path, store::Options::default())).await;
    let store = opened
        .map_err(|error| StartError::room("store")(error.to_string()))?
        .map_err(|error| StartError::room("store")(error.to_string()))?;
    let stopped = store.stopped();
    let head = *store.head().borrow();
    if let Some(last) = store.log(head.saturating_sub(1), 1).await.last()
        && config.clock.settable
    {
        clock.not_before(last.at);
    }
    Ok((Arc::new(store), stopped))
}

async fn sandbox(
    config: &Config,
    tap: &Arc<fleet::Tap>,
    vault: &Vault,
    clock: &Arc<BusinessClock>,
    compiler: Option<CompileWorker>,
) -> Result<Arc<Runtime>, StartError> {
    let dir = config.host.compiled_dir.clone().unwrap_or_else(|| config.host.data_dir.join("compiled"));
    let cache = CacheOptions { dir, key: cache_key(vault).await? };
    let options = runtime::Options { cache: Some(cache), compiler, ..runtime::Options::default() };
    Runtime::new(options, Arc::clone(tap) as _, Arc::clone(vault), Arc::clone(clock) as _)
        .map_err(|error| StartError::room("sandbox")(error.to_string()))
}

/// The plugins: those of earlier decisions, those of the folder, and the connections that they serve.
async fn plugins(config: &Config, fleet: &Fleet, runtime: &Runtime) -> Result<(), StartError> {
    fleet.restore().await.map_err(StartError::room("plugins"))?;
    let (trust, decided) = (Trust::of(config), fleet.plugins().await);
    let (known, new): (Vec<_>, Vec<_>) =
        plugins::files(&config.host.plugins_dir)?.into_iter().partition(|file| decided.contains(&file.id));
    for file in new {
        plugins::take_in(fleet, &trust, &file).await?;
    }
    // A connection that no longer fits may fit what the folder offers now.
    let before = connect(config, runtime);
    for file in known {
        plugins::take_in(fleet, &trust, &file).await?;
    }
    before.or_else(|_| connect(config, runtime))?;
    for connection in &config.connections {
        let problems = fleet.open_doors(&connection.plugin);
        let serves = runtime.connection(&connection.id).map(|info| info.digest);
        if let Some(problem) = serves.and_then(|digest| problems.get(&digest).cloned()) {
            return Err(StartError::Connection(problem));
        }
    }
    Ok(())
}

/// Name of the key that authenticates compiled code.
const CACHE_KEY: &str = "host/compiled/key";

/// That key: made once, kept in the vault.
async fn cache_key(vault: &Vault) -> Result<[u8; 32], StartError> {
    let room = |error: String| StartError::room("sandbox")(error);
    match vault.get(CACHE_KEY).await {
        Ok(kept) => kept
            .expose(|bytes| bytes.try_into())
            .map_err(|_| room(format!("the secret {CACHE_KEY} has not 32 bytes; remove it"))),
        Err(SecretError::Missing(_)) => {
            let mut key = [0; 32];
            aws_lc_rs::rand::fill(&mut key).map_err(|_| room("the system gives no random bytes".to_owned()))?;
            vault.put(CACHE_KEY, SecretValue::new(key.to_vec())).await.map_err(|error| room(error.to_string()))?;
            Ok(key)
        }
        Err(error) => Err(room(error.to_string())),
    }
}

/// Every connection whose plugin is loaded and which is not set up yet; the first that does not fit.
fn connect(config: &Config, runtime: &Runtime) -> Result<(), StartError> {
    let mut first = Ok(());
    for connection in config.connections.iter().filter(|one| runtime.connection(&one.id).is_none()) {
        if !runtime.knows(&connection.plugin) {
            let loaded: Vec<String> = Plugins::plugins(runtime).into_iter().map(|info| info.id).collect();
            let (id, plugin, loaded) = (&connection.id, &connection.plugin, loaded.join(", "));
            let message = format!("connection '{id}': there is no plugin '{plugin}'; loaded: {loaded}");
            first = first.and(Err(StartError::Connection(message)));
            continue;
        }
        let spec = ConnectionSpec {
            id: connection.id.clone(),
            plugin: connection.plugin.clone(),
            config: Value::Object(connection.config.clone().into_iter().collect()),
            grant: Grant::default(),
        };
        let granted = connection.clone();
        let grant: GrantFor = Arc::new(move |manifest| grant(&granted, manifest));
        if let Err(error) = runtime.add_connection_granting(spec, grant) {
            first = first.and(Err(StartError::Connection(error.to_string())));
        }
    }
    first
}

fn grant(connection: &Connection, manifest: &Manifest) -> Grant {
    let mut grant = Grant::everything(manifest);
    if let Some(read) = &connection.read {
        grant.read = read.iter().cloned().collect();
    }
    if let Some(write) = &connection.write {
        grant.write = write.iter().cloned().collect();
    }
    grant
}

fn parameters(config: &Config) -> Result<Parameters, StartError> {
    let entities: BTreeMap<String, EntityCalendar> = config
        .legal_entities()?
        .into_iter()
        .map(|(code, entity)| {
            let settings = config.entities.get(&code);
            let close_day = settings.map_or(5, |entity| entity.close_day);
            let close_time = settings.map_or_else(|| "18:00".to_owned(), |entity| entity.close_time.clone());
            (code, EntityCalendar { entity, close_day, close_time })
        })
        .collect();
    let codes: Vec<&String> = entities.keys().collect();
    let seen_by_expressions = json!({
        "entities": codes, "tax_countries": config.policy.tax_countries, "contract_types": config.policy.contract_types,
        "withdraw_after_days": config.policy.withdraw_after_days,
    });
    let routes = config.routes.iter().map(|route| RouteRow {
        role: route.role.clone(),
        entity: route.entity.clone(),
        connection: route.connection.clone(),
    });
    Ok(Parameters {
        config: seen_by_expressions,
        policy: crate::billing_policy::book(config)?,
        routes: routes.collect(),
        entities,
    })
}

/// What must hold before the host takes work.
fn checks(stopped: watch::Receiver<bool>, store: StoreStopped) -> Vec<Check> {
    let draining =
        Check::new("draining", move || if *stopped.borrow() { Err("the host is stopping".to_owned()) } else { Ok(()) });
    let store = Check::new("store", move || store.borrow().clone().map_or(Ok(()), Err));
    vec![draining, store]
}

fn surface(
    config: &Config,
    wheel: &Wheel,
    (runtime, fleet): (&Arc<Runtime>, &Arc<Fleet>),
    clock: &Arc<BusinessClock>,
    stopped: watch::Receiver<bool>,
) -> Result<ApiState, StartError> {
    let tokens = config.tokens.iter().enumerate().map(|(index, token)| {
        let role = Role::parse(&token.role).ok_or_else(|| {
            ConfigError::at(
                format!("token[{index}].role"),
                format!("'{}' is no role; use viewer, operator or admin", token.role),
            )
        })?;
        Token::from_hex(&token.name, role, &token.sha256)
            .map(|found| found.approving(token.approves.iter().cloned()))
            .map_err(|message| ConfigError::at(format!("token[{index}].sha256"), message))
    });
    let wiring = api::state::Wiring {
        ledger: Arc::clone(&wheel.ledger),
        connectors: Arc::clone(&wheel.connectors),
        plugins: Arc::clone(fleet) as Arc<dyn Plugins>,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        shutdown: stopped,
    };
    let mut state = ApiState::new(wiring).with_tokens(tokens.collect::<Result<_, _>>()?);
    state = state
        .with_transforms(Arc::clone(runtime) as Arc<dyn Transforms>)
        .with_rollouts(Arc::clone(fleet) as Arc<dyn Rollouts>);
    if clock.is_settable() {
        let clock = Arc::clone(clock);
        state = state.with_settable_clock(Arc::new(move |to| clock.advance(to).map(|_| ())));
    }
    Ok(state)
}
