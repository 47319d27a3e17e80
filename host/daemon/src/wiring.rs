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
use egress::{ConnectionConfig, CredentialConfig, Egress};
use ingress::{Doors, Stream};
use policy::access::Role;
use policy::network::{fill_origins, fill_path};
use ports::{Clock, Connectors, Ledger, Plugins, SecretError, SecretValue, Transforms};
use process::calls::{EntityCalendar, Parameters, RouteRow};
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use reconcile::drift::Ownership;
use runtime::{CacheOptions, ConnectionSpec, Grant, Runtime};
use serde_json::{Map, Value, json};
use store::EmbeddedStore;
use tokio::sync::watch;
use tokio::task::JoinSet;
use vault::{FileVault, KeySource};

use crate::clock::{BusinessClock, TimeOrderedIds};
use crate::config::{Config, ConfigError, Connection};
use crate::trust::{Trust, Trusted};
use crate::{StartError, Vault, catalogue, plugins};

/// A built house.
pub(crate) struct House {
    wheel: Wheel,
    doors: Doors,
    api: ApiState,
    runtime: Arc<Runtime>,
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
    ) -> Result<Self, StartError> {
        let catalogue = Arc::new(catalogue(config.host.processes_dir.as_deref())?);
        let parameters = Arc::new(parameters(config)?);
        let clock = Arc::new(clock(config)?);
        let vault = vault(config)?;
        let (ledger, store_stopped) = ledger(config, &clock).await?;
        let egress = Arc::new(Egress::new(Arc::clone(&vault), Arc::new(egress::WallClock)));
        let (runtime, manifests) = sandbox(config, &egress, &vault, &clock).await?;
        connect(config, &egress, &runtime, &manifests)?;
        let connectors: Arc<dyn Connectors> = Arc::clone(&runtime) as Arc<dyn Connectors>;
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
        let api = surface(config, &wheel, &runtime, &clock, stopped)?.with_checks(checks);
        let ownership = config.field_owners()?;
        let metrics = telemetry::Metrics::install();
        Ok(Self { wheel, doors, api, runtime, metrics, ownership, store_stopped })
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
        for connection in &config.connections {
            let Some(info) = self.runtime.connection(&connection.id) else { continue };
            let allowed =
                |object: &str| connection.read.as_ref().is_none_or(|read| read.iter().any(|name| name == object));
            for object in info.manifest.objects.iter().filter(|object| object.read && allowed(&object.name)) {
                let every = Duration::from_millis(connection.poll_ms);
                let stream = Stream { connection: connection.id.clone(), object: object.name.clone(), every };
                loops.spawn(ingress::poll(self.doors.clone(), stream, stopped.clone()));
            }
            if info.manifest.webhook.is_some() {
                loops.spawn(ingress::follow_nudges(self.doors.clone(), connection.id.clone(), stopped.clone()));
            }
        }
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
    egress: &Arc<Egress>,
    vault: &Vault,
    clock: &Arc<BusinessClock>,
) -> Result<(Arc<Runtime>, Manifests), StartError> {
    let dir = config.host.compiled_dir.clone().unwrap_or_else(|| config.host.data_dir.join("compiled"));
    let cache = CacheOptions { dir, key: cache_key(vault).await? };
    let options = runtime::Options { cache: Some(cache), ..runtime::Options::default() };
    let runtime = Runtime::new(options, Arc::clone(egress) as _, Arc::clone(vault), Arc::clone(clock) as _)
        .map_err(|error| StartError::room("sandbox")(error.to_string()))?;
    let mut manifests = Manifests::new();
    let trust = Trust::of(config);
    for file in plugins::files(&config.host.plugins_dir)? {
        let (info, manifest) = plugins::load(runtime.as_ref(), &trust, &file).await?;
        manifests.insert(info.id.clone(), manifest);
        tracing::info!(
            plugin = info.id,
            version = info.version,
            load_ms = info.load_ms,
            from_cache = info.from_cache,
            "plugin loaded"
        );
    }
    Ok((runtime, manifests))
}

/// Manifests of the loaded plugins, by id.
type Manifests = BTreeMap<String, Manifest>;

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

fn connect(config: &Config, egress: &Egress, runtime: &Runtime, manifests: &Manifests) -> Result<(), StartError> {
    for connection in &config.connections {
        let at = |message: String| StartError::Connection(format!("connection '{}': {message}", connection.id));
        let manifest = manifests.get(&connection.plugin).ok_or_else(|| {
            let known: Vec<&str> = manifests.keys().map(String::as_str).collect();
            at(format!("there is no plugin '{}'; loaded: {}", connection.plugin, known.join(", ")))
        })?;
        let values: Map<String, Value> = connection.config.clone().into_iter().collect();
        let spec = ConnectionSpec {
            id: connection.id.clone(),
            plugin: connection.plugin.clone(),
            config: Value::Object(values.clone()),
            grant: grant(connection, manifest),
        };
        runtime.add_connection(spec).map_err(|error| StartError::Connection(error.to_string()))?;
        let door = door(connection, manifest, &values).map_err(at)?;
        door.check_slots(manifest).map_err(|error| StartError::Connection(error.to_string()))?;
        egress.install(&door).map_err(|error| StartError::Connection(error.to_string()))?;
    }
    Ok(())
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

/// What a connection may reach, and how it shows who it is.
fn door(connection: &Connection, manifest: &Manifest, values: &Map<String, Value>) -> Result<ConnectionConfig, String> {
    let mut filled = values.clone();
    for field in &manifest.config {
        if let (false, Some(default)) = (filled.contains_key(&field.field), &field.default) {
            filled.insert(field.field.clone(), default.clone());
        }
    }
    let origins = fill_origins(&manifest.network.origins, &filled).map_err(|error| error.to_string())?;
    let mut reading_posts = Vec::new();
    for template in &manifest.network.reading_posts {
        reading_posts.extend(fill_path(template, &filled).map_err(|error| error.to_string())?);
    }
    let credentials = connection.credentials.iter().map(|(slot, credential)| {
        let mut value = Value::Object(credential.parameters.clone().into_iter().collect());
        value["slot"] = json!(slot);
        value["scheme"] = json!(credential.scheme);
        serde_json::from_value::<CredentialConfig>(value).map_err(|error| format!("credential.{slot}: {error}"))
    });
    Ok(ConnectionConfig {
        connection: connection.id.clone(),
        granted_origins: connection.origins.clone().unwrap_or_else(|| origins.clone()),
        manifest_origins: origins,
        token_origins: connection.token_origins.clone(),
        reading_posts,
        allow_private: connection.allow_private.clone(),
        credentials: credentials.collect::<Result<_, _>>()?,
        max_concurrent_requests: manifest.limits.concurrent_requests,
        response_limit_bytes: u64::from(manifest.limits.response_bytes),
        request_timeout_ms: manifest.limits.call_ms,
        requests_per_second: connection.requests_per_second,
        idempotency_header: connection.idempotency_header.clone(),
        extra_ca_pem: connection.extra_ca_pem.clone(),
        ..ConnectionConfig::default()
    })
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
    runtime: &Arc<Runtime>,
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
        plugins: Arc::new(Trusted::new(Arc::clone(runtime) as Arc<dyn Plugins>, Trust::of(config))),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        shutdown: stopped,
    };
    let mut state = ApiState::new(wiring).with_tokens(tokens.collect::<Result<_, _>>()?);
    state = state.with_transforms(Arc::clone(runtime) as Arc<dyn Transforms>);
    if clock.is_settable() {
        let clock = Arc::clone(clock);
        state = state.with_settable_clock(Arc::new(move |to| clock.advance(to).map(|_| ())));
    }
    Ok(state)
}
