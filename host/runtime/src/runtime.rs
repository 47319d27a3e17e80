//! The sandbox as the rest of the host sees it: plugins by id, connections by id, and calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use ports::{
    Access, CallError, CallTrace, Called, CheckReport, Clock, ConnectionInfo, Connectors, Inbound, Item, ItemOutcome,
    Outbound, Page, Process, ReadRequest, Reply, Secrets,
};
use rollout::Call as Choice;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use wasmtime::Store;

use crate::Options;
use crate::border::{inbound_out, items_out, kind_of, outcomes_in, page_in, reply_in, request_out};
use crate::call::{Body, Ended, State, Ticket, run};
use crate::connection::{Connection, ConnectionError, ConnectionSpec, GrantFor};
use crate::engine;
use crate::fault::{busy, guest};
use crate::load::Shared;
use crate::plugin::Plugin;
use crate::routing::{Nobody, Routing, Wired};

/// The connection that serves a call, or the call's end.
macro_rules! routed {
    ($self:ident, $call:expr) => {
        match $self.route($call) {
            Ok(route) => route,
            Err(error) => return Called { result: Err(error), trace: CallTrace::default() },
        }
    };
}

/// Why the sandbox cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the plugin engine cannot be started: {0}")]
pub struct RuntimeError(String);

/// The sandbox.
pub struct Runtime {
    pub(crate) shared: Shared,
    pub(crate) routing: ArcSwap<Routing>,
    /// Held while routing is being changed.
    pub(crate) changing: Mutex<()>,
    /// Held while a plugin is being loaded: compiling takes much memory, so one at a time.
    pub(crate) loading: tokio::sync::Mutex<()>,
    /// Versions that were taken away, while calls may still be under way in them.
    pub(crate) leaving: Mutex<Vec<Weak<Plugin>>>,
    /// Changes whenever somebody else serves.
    pub(crate) routed: watch::Sender<u64>,
    /// Changes with every fault of a plugin's own.
    pub(crate) trouble: watch::Sender<u64>,
    /// Nothing is noted in a version's record: what runs here is a rehearsal.
    pub(crate) rehearsal: bool,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) webhooks: Arc<Semaphore>,
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
            leaving: Mutex::default(),
            routed: watch::Sender::new(0),
            trouble: watch::Sender::new(0),
            rehearsal: false,
        }))
    }

    /// Sets a connection up, or replaces the one of the same id; calls in flight keep what they had.
    ///
    /// # Errors
    /// Everything that is wrong with it; nothing changes then.
    pub fn add_connection(&self, spec: ConnectionSpec) -> Result<(), ConnectionError> {
        self.connect(spec, None)
    }

    /// The same with a grant that depends on what each version of the plugin declares.
    ///
    /// # Errors
    /// As [`Runtime::add_connection`].
    pub fn add_connection_granting(&self, spec: ConnectionSpec, grant: GrantFor) -> Result<(), ConnectionError> {
        self.connect(spec, Some(grant))
    }

    fn connect(&self, spec: ConnectionSpec, grant: Option<GrantFor>) -> Result<(), ConnectionError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Routing::clone(&self.routing.load_full());
        let Some(plugin) = next.plugins.get(&spec.plugin) else {
            let loaded = next.plugins.keys().cloned().collect::<Vec<_>>().join(", ");
            let problem = format!("plugin '{}' is not loaded; loaded are: {loaded}", spec.plugin);
            return Err(ConnectionError { connection: spec.id, problems: vec![problem] });
        };
        let (id, known) = (spec.id.clone(), next.connections.get(&spec.id));
        let calls = known.map_or_else(|| self.places(), |known| Arc::clone(&known.calls));
        let mut wired = Wired { spec, grant, calls, versions: BTreeMap::new() };
        plugin.ready.values().for_each(|version| wired.add(version));
        if let Some(Err(error)) = plugin.serving.current().and_then(|digest| wired.versions.get(digest)) {
            return Err(error.clone());
        }
        next.connections.insert(id, Arc::new(wired));
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
        let route = routed!(self, call_of(connection, connection.as_bytes()));
        let Some(pre) = route.plugin.powers.checks.clone() else { return refused(&route, lacks(&route, "check")) };
        let ended = self.call(&route, Purpose::Reading, |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                instance.quoin_connector_check().call_check(store).await
            })
        });
        self.finish(&route, ended.await, |report| {
            Ok(CheckReport { account: report.account, scopes: report.scopes, warnings: report.warnings })
        })
    }

    /// Asks for the vendor's schema of the mapped objects. Reads only.
    pub async fn discover(&self, connection: &str) -> Called<Value> {
        let route = routed!(self, call_of(connection, connection.as_bytes()));
        let Some(pre) = route.plugin.powers.discovers.clone() else {
            return refused(&route, lacks(&route, "discover"));
        };
        let ended = self.call(&route, Purpose::Reading, |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                instance.quoin_connector_discover().call_discover(store).await
            })
        });
        self.finish(&route, ended.await, |schemas| {
            serde_json::from_str(&schemas).map_err(|error| {
                guest(ports::GuestFaultClass::Malformed, format!("discover returned no JSON: {error}"))
            })
        })
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

    fn route(&self, call: Choice<'_>) -> Result<Arc<Connection>, CallError> {
        self.routing.load().route(call).map_err(|nobody| match nobody {
            Nobody::Unknown => CallError::NoConnection(call.connection.to_owned()),
            Nobody::Barred(reason) => CallError::Barred { connection: call.connection.to_owned(), reason },
        })
    }

    /// The result of a call, noted in its version's record.
    fn finish<T, U>(
        &self,
        route: &Connection,
        ended: Ended<T>,
        lift: impl FnOnce(T) -> Result<U, CallError>,
    ) -> Called<U> {
        let result = ended.result.and_then(lift);
        if ended.ran {
            self.note(&route.plugin, &result, &route.spec.id);
        }
        Called { result, trace: ended.trace }
    }

    /// Notes in a version's record how a call of it ended.
    pub(crate) fn note<T>(&self, plugin: &Plugin, result: &Result<T, CallError>, connection: &str) {
        if !self.rehearsal && plugin.record.note(result, connection, self.shared.clock.now()) {
            self.trouble.send_modify(|faults| *faults = faults.wrapping_add(1));
        }
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
            Err(error) => {
                return Ended { result: Err(error), trace: trace_of(route), imports_used: Vec::new(), ran: false };
            }
        };
        let _under_way = route.plugin.record.enter();
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
}

#[async_trait]
impl Connectors for Runtime {
    async fn read(&self, connection: &str, request: ReadRequest) -> Called<Page> {
        let stream = format!("{connection}/{}", request.object);
        let route = routed!(self, call_of(connection, stream.as_bytes()));
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
        self.finish(&route, ended.await, |page| page_in(kind, most, page, self.shared.options.output_bytes))
    }

    async fn apply(&self, connection: &str, object: &str, items: &[Item]) -> Called<Vec<ItemOutcome>> {
        let route = routed!(self, call_of(connection, first_key(items)));
        self.sink(&route, Purpose::Writing, route.may_write(object), object, items).await
    }

    async fn lookup(&self, connection: &str, object: &str, items: &[Item]) -> Called<Vec<ItemOutcome>> {
        let route = routed!(self, call_of(connection, first_key(items)));
        // Who may write an object may ask what became of it.
        self.sink(&route, Purpose::Reading, route.may_write(object), object, items).await
    }

    async fn apply_for(
        &self,
        process: Process<'_>,
        connection: &str,
        object: &str,
        items: &[Item],
    ) -> Called<Vec<ItemOutcome>> {
        let route = routed!(self, call_for(process, connection));
        self.sink(&route, Purpose::Writing, route.may_write(object), object, items).await
    }

    async fn lookup_for(
        &self,
        process: Process<'_>,
        connection: &str,
        object: &str,
        items: &[Item],
    ) -> Called<Vec<ItemOutcome>> {
        let route = routed!(self, call_for(process, connection));
        self.sink(&route, Purpose::Reading, route.may_write(object), object, items).await
    }

    fn is_split(&self, connection: &str) -> bool {
        self.routing.load().is_split(connection)
    }

    async fn handle(&self, connection: &str, inbound: Inbound) -> Called<Reply> {
        let route = routed!(self, call_of(connection, &inbound.body));
        let Some(pre) = route.plugin.powers.listens.clone() else { return refused(&route, lacks(&route, "webhook")) };
        let inbound = inbound_out(inbound);
        let ended = self.call(&route, Purpose::Proving, |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                instance.quoin_connector_webhook().call_handle(store, &inbound).await
            })
        });
        self.finish(&route, ended.await, reply_in)
    }

    async fn check(&self, connection: &str) -> Called<CheckReport> {
        Runtime::check(self, connection).await
    }

    async fn discover(&self, connection: &str) -> Called<Value> {
        Runtime::discover(self, connection).await
    }

    fn connection(&self, id: &str) -> Option<ConnectionInfo> {
        info_of(&self.routing.load(), id)
    }

    fn connections(&self) -> Vec<ConnectionInfo> {
        let routing = self.routing.load();
        routing.connections.keys().filter_map(|id| info_of(&routing, id)).collect()
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
        self.finish(route, ended.await, |outcomes| outcomes_in(kind, items, outcomes, limit, secrets))
    }
}

/// A connection with the version that serves it, also while its plugin is stopped.
fn info_of(routing: &Routing, id: &str) -> Option<ConnectionInfo> {
    let wired = routing.connections.get(id)?;
    let plugin = routing.plugins.get(&wired.spec.plugin)?;
    let chosen = plugin.serving.pins.get(id).map(String::as_str).or(plugin.serving.current());
    let version = chosen.and_then(|digest| plugin.ready.get(digest)).or(plugin.ready.values().next())?;
    Some(ConnectionInfo {
        id: id.to_owned(),
        plugin: wired.spec.plugin.clone(),
        manifest: Arc::clone(&version.manifest),
        digest: version.digest.clone(),
    })
}

/// A call of no process; `sticky` keeps to one version while a canary has a share.
fn call_of<'a>(connection: &'a str, sticky: &'a [u8]) -> Choice<'a> {
    Choice { connection, sticky, began: None }
}

fn call_for<'a>(process: Process<'a>, connection: &'a str) -> Choice<'a> {
    Choice { connection, sticky: process.instance.as_bytes(), began: process.began }
}

fn first_key(items: &[Item]) -> &[u8] {
    items.first().map(|item| item.key.as_bytes()).unwrap_or_default()
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

fn refused<T>(route: &Connection, error: CallError) -> Called<T> {
    Called { result: Err(error), trace: trace_of(route) }
}
