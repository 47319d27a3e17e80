//! The sandbox as the rest of the host sees it: plugins by id, connections by id, and calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use ports::{
    Access, CallError, CallTrace, Called, CheckReport, Clock, ConnectionInfo, Connectors, Inbound, Item, ItemOutcome,
    Outbound, Page, PluginInfo, Plugins, ReadRequest, Reply, Secrets,
};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Store;

use crate::Options;
use crate::border::{inbound_out, items_out, kind_of, outcomes_in, page_in, reply_in, request_out};
use crate::call::{Body, Ended, State, Ticket, run};
use crate::connection::{Connection, ConnectionError, ConnectionSpec};
use crate::engine;
use crate::fault::{busy, guest};
use crate::load::{Loaded, Shared, load};
use crate::plugin::Plugin;
use crate::transform::TransformPlugin;

/// Why the sandbox cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the plugin engine cannot be started: {0}")]
pub struct RuntimeError(String);

/// Who serves what. Replaced as a whole, so that a call sees one consistent state, and keeps the
/// one it started with.
#[derive(Default, Clone)]
struct Routing {
    plugins: BTreeMap<String, Arc<Plugin>>,
    connections: BTreeMap<String, Arc<Connection>>,
    transforms: BTreeMap<String, Arc<TransformPlugin>>,
}

/// The sandbox.
pub struct Runtime {
    pub(crate) shared: Shared,
    routing: ArcSwap<Routing>,
    /// Held while routing is being changed.
    changing: Mutex<()>,
    /// Held while a plugin is being loaded: compiling takes much memory, so one at a time.
    loading: tokio::sync::Mutex<()>,
    calls: Arc<Semaphore>,
    webhooks: Arc<Semaphore>,
}

/// What a call may do, and where it waits.
#[derive(Clone, Copy)]
enum Purpose {
    Reading,
    Writing,
    /// No network; its own places, so that it never waits behind slow vendors.
    Proving,
}

impl Runtime {
    /// Starts the engine. Outbound requests, secrets and time come from the given ports.
    ///
    /// # Errors
    /// When the engine cannot be made on this machine.
    pub fn new(
        options: Options,
        outbound: Arc<dyn Outbound>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, RuntimeError> {
        let failed = |error: wasmtime::Error| RuntimeError(format!("{error:#}"));
        let engine = engine::engine(&options).map_err(failed)?;
        let linker = engine::linker(&engine).map_err(failed)?;
        let places = |number: u32| Arc::new(Semaphore::new(usize::try_from(number).unwrap_or(Semaphore::MAX_PERMITS)));
        Ok(Arc::new(Self {
            calls: places(options.max_calls),
            webhooks: places(options.max_webhook_calls),
            shared: Shared { engine, linker, options, outbound, secrets, clock },
            routing: ArcSwap::default(),
            changing: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
        }))
    }

    /// Sets a connection up, or replaces the one of the same id; calls in flight keep what they had.
    ///
    /// # Errors
    /// Everything that is wrong with it; nothing changes then.
    pub fn add_connection(&self, spec: ConnectionSpec) -> Result<(), ConnectionError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let routing = self.routing.load_full();
        let Some(plugin) = routing.plugins.get(&spec.plugin) else {
            let loaded = routing.plugins.keys().cloned().collect::<Vec<_>>().join(", ");
            let problem = format!("plugin '{}' is not loaded; loaded are: {loaded}", spec.plugin);
            return Err(ConnectionError { connection: spec.id, problems: vec![problem] });
        };
        let calls = routing.connections.get(&spec.id).map_or_else(|| self.places(), |known| Arc::clone(&known.calls));
        let connection = Connection::new(spec, Arc::clone(plugin), calls)?;
        let mut next = Routing::clone(&routing);
        next.connections.insert(connection.spec.id.clone(), Arc::new(connection));
        self.routing.store(Arc::new(next));
        Ok(())
    }

    /// Takes a connection away; calls in flight finish. Whether it was there.
    pub fn remove_connection(&self, id: &str) -> bool {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Routing::clone(&self.routing.load_full());
        let was_there = next.connections.remove(id).is_some();
        self.routing.store(Arc::new(next));
        was_there
    }

    /// Asks the vendor who the connection is and what it may do. Reads only.
    pub async fn check(&self, connection: &str) -> Called<CheckReport> {
        let Some(route) = self.route(connection) else { return nowhere(connection) };
        let Some(pre) = route.plugin.powers.checks.clone() else { return refused(&route, lacks(&route, "check")) };
        let ended = self.call(&route, Purpose::Reading, |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                instance.quoin_connector_check().call_check(store).await
            })
        });
        finish(ended.await, |report| {
            Ok(CheckReport { account: report.account, scopes: report.scopes, warnings: report.warnings })
        })
    }

    /// Asks for the vendor's schema of the mapped objects. Reads only.
    pub async fn discover(&self, connection: &str) -> Called<Value> {
        let Some(route) = self.route(connection) else { return nowhere(connection) };
        let Some(pre) = route.plugin.powers.discovers.clone() else {
            return refused(&route, lacks(&route, "discover"));
        };
        let ended = self.call(&route, Purpose::Reading, |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                instance.quoin_connector_discover().call_discover(store).await
            })
        });
        finish(ended.await, |schemas| {
            serde_json::from_str(&schemas).map_err(|error| {
                guest(ports::GuestFaultClass::Malformed, format!("discover returned no JSON: {error}"))
            })
        })
    }

    /// Puts a transform into service: new conversions go to it.
    fn install_transform(&self, plugin: TransformPlugin) -> PluginInfo {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let info = plugin.info();
        let mut next = Routing::clone(&self.routing.load_full());
        next.transforms.insert(info.id.clone(), Arc::new(plugin));
        self.routing.store(Arc::new(next));
        tracing::info!(
            plugin = info.id,
            version = info.version,
            digest = info.digest,
            load_ms = info.load_ms,
            "transform is serving"
        );
        info
    }

    /// A transform by id.
    pub(crate) fn transform(&self, id: &str) -> Option<Arc<TransformPlugin>> {
        self.routing.load().transforms.get(id).map(Arc::clone)
    }

    /// All transforms, by id.
    pub(crate) fn loaded_transforms(&self) -> Vec<Arc<TransformPlugin>> {
        self.routing.load().transforms.values().map(Arc::clone).collect()
    }

    /// Waits for a place among all calls, as long as any call may.
    pub(crate) async fn transform_place(&self) -> Result<OwnedSemaphorePermit, CallError> {
        let queue_ms = self.shared.options.queue_ms;
        let waiting = Arc::clone(&self.calls).acquire_owned();
        match tokio::time::timeout(Duration::from_millis(queue_ms), waiting).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(busy("the sandbox is shutting down")),
            Err(_) => Err(busy(format!("no place for a conversion within {queue_ms} ms"))),
        }
    }

    fn places(&self) -> Arc<Semaphore> {
        let number = usize::try_from(self.shared.options.calls_per_connection).unwrap_or(1);
        Arc::new(Semaphore::new(number.max(1)))
    }

    fn route(&self, connection: &str) -> Option<Arc<Connection>> {
        self.routing.load().connections.get(connection).map(Arc::clone)
    }

    /// Waits for a place: first among the connection's own calls, then among all.
    async fn admitted(&self, route: &Connection, purpose: Purpose) -> Result<Vec<OwnedSemaphorePermit>, CallError> {
        let queues = match purpose {
            Purpose::Proving => vec![Arc::clone(&self.webhooks)],
            Purpose::Reading | Purpose::Writing => vec![Arc::clone(&route.calls), Arc::clone(&self.calls)],
        };
        let waiting = async {
            let mut permits = Vec::with_capacity(queues.len());
            for queue in queues {
                permits.push(queue.acquire_owned().await.map_err(|_| busy("the sandbox is shutting down"))?);
            }
            Ok(permits)
        };
        let queue_ms = self.shared.options.queue_ms;
        tokio::time::timeout(Duration::from_millis(queue_ms), waiting)
            .await
            .unwrap_or_else(|_| Err(busy(format!("no place for a plugin call within {queue_ms} ms"))))
    }

    async fn call<T, F>(&self, route: &Connection, purpose: Purpose, body: F) -> Ended<T>
    where
        F: for<'a> FnOnce(&'a mut Store<State>) -> Body<'a, T>,
    {
        let _permits = match self.admitted(route, purpose).await {
            Ok(permits) => permits,
            Err(error) => return Ended { result: Err(error), trace: trace_of(route), imports_used: Vec::new() },
        };
        run(&self.shared.engine, self.ticket(route, purpose), body).await
    }

    fn ticket(&self, route: &Connection, purpose: Purpose) -> Ticket {
        let (options, plugin) = (&self.shared.options, &route.plugin);
        Ticket {
            manifest: Arc::clone(&plugin.manifest),
            digest: plugin.digest.clone(),
            connection: route.spec.id.clone(),
            config: Arc::clone(&route.config),
            access: match purpose {
                Purpose::Reading => Some(Access::Read),
                Purpose::Writing => Some(Access::Write),
                Purpose::Proving => None,
            },
            deny_all: false,
            memory_bytes: plugin.memory_bytes(options),
            output_bytes: options.output_bytes,
            received_bytes: options.received_bytes,
            requests: options.requests_per_call,
            cpu: Duration::from_millis(options.cpu_ms),
            wall: plugin.wall(options),
            now: self.shared.clock.now(),
            outbound: Arc::clone(&self.shared.outbound),
            secrets: Arc::clone(&self.shared.secrets),
        }
    }

    /// Puts a plugin into service: new calls go to it. Every connection of the one before must fit.
    fn replace(&self, plugin: Arc<Plugin>) -> Result<(), String> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Routing::clone(&self.routing.load_full());
        for known in next.connections.values_mut().filter(|known| known.spec.plugin == plugin.manifest.id) {
            let moved = Connection::new(known.spec.clone(), Arc::clone(&plugin), Arc::clone(&known.calls));
            *known = Arc::new(moved.map_err(|error| format!("the new version does not fit {error}"))?);
        }
        next.plugins.insert(plugin.manifest.id.clone(), plugin);
        self.routing.store(Arc::new(next));
        Ok(())
    }

    fn info(&self, plugin: &Plugin) -> PluginInfo {
        let routing = self.routing.load();
        let connections = routing.connections.values().filter(|known| known.spec.plugin == plugin.manifest.id);
        PluginInfo {
            id: plugin.manifest.id.clone(),
            name: plugin.manifest.name.clone(),
            version: plugin.manifest.version.clone(),
            digest: plugin.digest.clone(),
            powers: plugin.powers.names(),
            connections: connections.map(|known| known.spec.id.clone()).collect(),
            load_ms: plugin.load_ms,
            from_cache: plugin.from_cache,
            notes: plugin.notes.clone(),
        }
    }
}

#[async_trait]
impl Connectors for Runtime {
    async fn read(&self, connection: &str, request: ReadRequest) -> Called<Page> {
        let Some(route) = self.route(connection) else { return nowhere(connection) };
        let kind = match kind_of(&request.object).and_then(|kind| route.may_read(&request.object).map(|()| kind)) {
            Ok(kind) => kind,
            Err(error) => return refused(&route, error),
        };
        let Some(pre) = route.plugin.powers.reads.clone() else { return refused(&route, lacks(&route, "source")) };
        let most = request.ids.len().max(usize::try_from(request.limit).unwrap_or(usize::MAX));
        let request = request_out(request);
        let ended = self.call(&route, Purpose::Reading, |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                instance.quoin_connector_source().call_read(store, &request).await
            })
        });
        finish(ended.await, |page| page_in(kind, most, page, self.shared.options.output_bytes))
    }

    async fn apply(&self, connection: &str, object: &str, items: &[Item]) -> Called<Vec<ItemOutcome>> {
        let Some(route) = self.route(connection) else { return nowhere(connection) };
        self.sink(&route, Purpose::Writing, route.may_write(object), object, items).await
    }

    async fn lookup(&self, connection: &str, object: &str, items: &[Item]) -> Called<Vec<ItemOutcome>> {
        let Some(route) = self.route(connection) else { return nowhere(connection) };
        // Who may write an object may ask what became of it.
        self.sink(&route, Purpose::Reading, route.may_write(object), object, items).await
    }

    async fn handle(&self, connection: &str, inbound: Inbound) -> Called<Reply> {
        let Some(route) = self.route(connection) else { return nowhere(connection) };
        let Some(pre) = route.plugin.powers.listens.clone() else { return refused(&route, lacks(&route, "webhook")) };
        let inbound = inbound_out(inbound);
        let ended = self.call(&route, Purpose::Proving, |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                instance.quoin_connector_webhook().call_handle(store, &inbound).await
            })
        });
        finish(ended.await, reply_in)
    }

    async fn check(&self, connection: &str) -> Called<CheckReport> {
        Runtime::check(self, connection).await
    }

    async fn discover(&self, connection: &str) -> Called<Value> {
        Runtime::discover(self, connection).await
    }

    fn connection(&self, id: &str) -> Option<ConnectionInfo> {
        self.route(id).map(|route| info_of(&route))
    }

    fn connections(&self) -> Vec<ConnectionInfo> {
        self.routing.load().connections.values().map(|route| info_of(route)).collect()
    }
}

impl Runtime {
    /// `apply` and `lookup`, which differ in the function and in the grant.
    async fn sink(
        &self,
        route: &Connection,
        purpose: Purpose,
        may: Result<(), CallError>,
        object: &str,
        items: &[Item],
    ) -> Called<Vec<ItemOutcome>> {
        let checked = may.and_then(|()| kind_of(object)).and_then(|kind| Ok((kind, items_out(kind, items)?)));
        let (kind, lowered) = match checked {
            Ok(checked) => checked,
            Err(error) => return refused(route, error),
        };
        let Some(pre) = route.plugin.powers.writes.clone() else { return refused(route, lacks(route, "sink")) };
        let object = object.to_owned();
        let ended = self.call(route, purpose, |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                let sink = instance.quoin_connector_sink();
                match purpose {
                    Purpose::Writing => sink.call_apply(store, &object, &lowered).await,
                    Purpose::Reading | Purpose::Proving => sink.call_lookup(store, &object, &lowered).await,
                }
            })
        });
        let (limit, secrets) = (self.shared.options.output_bytes, self.shared.secrets.as_ref());
        finish(ended.await, |outcomes| outcomes_in(kind, items, outcomes, limit, secrets))
    }
}

#[async_trait]
impl Plugins for Runtime {
    async fn load(&self, component: Vec<u8>, manifest: String) -> Result<PluginInfo, String> {
        let _loading = self.loading.lock().await;
        let plugin = match load(&self.shared, component, manifest).await? {
            Loaded::Connector(plugin) => Arc::from(plugin),
            Loaded::Transform(plugin) => return Ok(self.install_transform(plugin)),
        };
        self.replace(Arc::clone(&plugin))?;
        tracing::info!(
            plugin = plugin.manifest.id,
            version = plugin.manifest.version,
            digest = plugin.digest,
            load_ms = plugin.load_ms,
            from_cache = plugin.from_cache,
            "plugin is serving"
        );
        Ok(self.info(&plugin))
    }

    fn plugins(&self) -> Vec<PluginInfo> {
        let routing = self.routing.load();
        let connectors = routing.plugins.values().map(|plugin| self.info(plugin));
        connectors.chain(routing.transforms.values().map(|transform| transform.info())).collect()
    }
}

fn info_of(route: &Connection) -> ConnectionInfo {
    ConnectionInfo {
        id: route.spec.id.clone(),
        plugin: route.spec.plugin.clone(),
        manifest: Arc::clone(&route.plugin.manifest),
        digest: route.plugin.digest.clone(),
    }
}

fn lacks(route: &Connection, power: &str) -> CallError {
    CallError::NotGranted(format!("connector '{}' does not have the power '{power}'", route.plugin.manifest.id))
}

fn trace_of(route: &Connection) -> CallTrace {
    CallTrace {
        plugin: route.plugin.manifest.id.clone(),
        version: route.plugin.manifest.version.clone(),
        digest: route.plugin.digest.clone(),
        ..CallTrace::default()
    }
}

fn nowhere<T>(connection: &str) -> Called<T> {
    Called { result: Err(CallError::NoConnection(connection.to_owned())), trace: CallTrace::default() }
}

fn refused<T>(route: &Connection, error: CallError) -> Called<T> {
    Called { result: Err(error), trace: trace_of(route) }
}

fn finish<T, U>(ended: Ended<T>, lift: impl FnOnce(T) -> Result<U, CallError>) -> Called<U> {
    Called { result: ended.result.and_then(lift), trace: ended.trace }
}
