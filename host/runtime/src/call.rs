//! One call: a fresh store and instance, three clocks (each request's, the processor's, the wall's),
//! limits on memory, handles and output, and at the end a result or a classified fault.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ports::{Access, CallError, CallTrace, Outbound, Secrets};
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, ResourceTable, WasiCtx, WasiCtxView, WasiView};

use crate::bindings::imports::quoin::types::types::Fault as Border;
use crate::capture::Capture;
use crate::door::{Caller, Door, micros_since};
use crate::engine::TICK;
use crate::fault;
use crate::meter::Meter;

/// Live handles of one call (streams, pollables): a Rust plugin has under ten.
pub const HANDLES: usize = 1_000;
/// What lies between the last moment for a request and the end of the call, so that a plugin whose
/// request ran out of time can still say so.
const GRACE: Duration = Duration::from_millis(500);

/// What a store holds.
pub struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    pub meter: Meter,
    pub stderr: Capture,
    pub door: Door,
    ticks_left: u64,
    /// The processor's clock ran out.
    pub cpu_spent: bool,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Everything one call is given.
pub struct Ticket {
    pub manifest: Arc<Manifest>,
    pub digest: String,
    /// Connection id; empty while a plugin is being loaded.
    pub connection: String,
    pub config: Arc<str>,
    /// `None`: no network.
    pub access: Option<Access>,
    /// Deny every import and note the ones used.
    pub deny_all: bool,
    pub memory_bytes: usize,
    pub output_bytes: usize,
    pub received_bytes: u64,
    pub requests: u32,
    pub cpu: Duration,
    pub wall: Duration,
    pub now: Timestamp,
    pub outbound: Arc<dyn Outbound>,
    pub secrets: Arc<dyn Secrets>,
}

/// What a call runs, borrowing its store.
pub type Body<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<Result<T, Border>>> + Send + 'a>>;

/// The end of a call, with its trace and what is left of its state.
pub struct Ended<T> {
    pub result: Result<T, CallError>,
    pub trace: CallTrace,
    pub imports_used: Vec<&'static str>,
    /// The plugin was called: it was not turned away at the door.
    pub ran: bool,
}

/// Runs one call in a fresh store.
pub async fn run<T, F>(engine: &Engine, ticket: Ticket, body: F) -> Ended<T>
where
    F: for<'a> FnOnce(&'a mut Store<State>) -> Body<'a, T>,
{
    let start = Instant::now();
    let wall = ticket.wall;
    let secrets = Arc::clone(&ticket.secrets);
    let (manifest, digest) = (Arc::clone(&ticket.manifest), ticket.digest.clone());
    let mut store = open(engine, ticket, start);
    // A dropped future leaves its instance dead and its store readable.
    let ended = tokio::time::timeout(wall, body(&mut store)).await;
    let state = store.data();
    let result = match ended {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(border))) => Err(CallError::Fault(fault::lifted(border, secrets.as_ref()))),
        Ok(Err(error)) => Err(fault::classify(&error, state, secrets.as_ref())),
        Err(_) => Err(fault::timeout(state, u64::try_from(wall.as_millis()).unwrap_or(u64::MAX))),
    };
    let peak_memory_bytes = state.meter.peak_bytes();
    let state = store.into_data();
    let trace = CallTrace {
        plugin: manifest.id.clone(),
        version: manifest.version.clone(),
        digest,
        calls: state.door.calls,
        call: state.door.caller.call,
        micros: micros_since(start),
        peak_memory_bytes,
    };
    Ended { result, trace, imports_used: state.door.denied.unwrap_or_default(), ran: true }
}

fn open(engine: &Engine, ticket: Ticket, start: Instant) -> Store<State> {
    let output_bytes = ticket.output_bytes;
    let mut store = Store::new(engine, state(ticket, start));
    store.limiter(|state| &mut state.meter);
    // Before anything runs: a loop in a start function must already be counted.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        let state = store.data_mut();
        // A tick that went by while the vendor was asked is not processor time.
        let used = u64::from(!std::mem::take(&mut state.door.waited));
        match state.ticks_left.checked_sub(used) {
            Some(left) => {
                state.ticks_left = left;
                Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
            }
            None => {
                state.cpu_spent = true;
                Ok(UpdateDeadline::Interrupt)
            }
        }
    });
    // Twice, because a value is measured in the host's own representation.
    store.set_hostcall_fuel(output_bytes.saturating_mul(2));
    store.set_max_component_handles(HANDLES);
    store
}

fn state(ticket: Ticket, start: Instant) -> State {
    let stderr = Capture::default();
    let wasi = WasiCtx::builder()
        .stderr(stderr.clone())
        .wall_clock(StoodStill(ticket.now))
        .monotonic_clock(Coarse(start))
        .build();
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES);
    let grace = GRACE.min(ticket.wall / 10);
    let door = Door {
        caller: Caller {
            plugin: ticket.manifest.id.clone(),
            version: ticket.manifest.version.clone(),
            connection: ticket.connection,
            call: next_call(),
            digest: ticket.digest,
        },
        access: ticket.access,
        manifest: ticket.manifest,
        config: ticket.config,
        now: ticket.now,
        deadline: start + ticket.wall.saturating_sub(grace),
        outbound: ticket.outbound,
        secrets: ticket.secrets,
        requests_left: ticket.requests,
        receivable_bytes: ticket.received_bytes,
        calls: Vec::new(),
        waited: false,
        lines: 0,
        denied: ticket.deny_all.then(Vec::new),
    };
    let ticks = ticket.cpu.as_millis() / TICK.as_millis();
    State {
        wasi,
        table,
        meter: Meter::new(ticket.memory_bytes),
        stderr,
        door,
        ticks_left: u64::try_from(ticks).unwrap_or(u64::MAX),
        cpu_spent: false,
    }
}

/// A name for the call, for log and audit; unique in this process.
fn next_call() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("call-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The language's own clock shows the call's moment, like the contract's.
struct StoodStill(Timestamp);

impl HostWallClock for StoodStill {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.as_millisecond()).unwrap_or(0))
    }
}

/// The clock for durations, in steps so coarse that neighbours cannot be listened to through it.
struct Coarse(Instant);

/// A step of it: no vendor's answer is awaited for less.
const COARSE_STEP: Duration = Duration::from_millis(1);

impl HostMonotonicClock for Coarse {
    fn resolution(&self) -> u64 {
        u64::try_from(COARSE_STEP.as_nanos()).unwrap_or(u64::MAX)
    }

    fn now(&self) -> u64 {
        let passed = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        passed - passed % self.resolution()
    }
}
