//! The engine, its clock, and the linker that decides what a plugin can reach at all.

use std::time::Duration;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Result};

use crate::Options;
use crate::bindings::imports;
use crate::call::State;
use crate::door::Door;

/// How often a running plugin gives way to others and its processor time is counted.
pub const TICK: Duration = Duration::from_millis(10);

/// Core instances of one component: a Rust plugin has 3, a Python one up to 38 (measured).
const CORE_INSTANCES_PER_CALL: u32 = 40;
/// Largest bookkeeping of one instance.
const INSTANCE_BYTES: usize = 16 << 20;
/// Largest table, elements.
const TABLE_ELEMENTS: usize = 100_000;
/// Cleared by hand and kept mapped in a free slot, so that the next call does not fault it in again:
/// stack, data and heap of an ordinary call of a Rust plugin (which is linked with a small stack for
/// that). No more, since the memory of the whole host is bounded.
const KEEP_MEMORY_BYTES: usize = 512 << 10;
const KEEP_TABLE_BYTES: usize = 64 << 10;
/// Free slots that keep a module's memory image.
const WARM_SLOTS: u32 = 16;
/// Wasm stack. Deep recursion ends here, in a fault of its own.
const STACK_BYTES: usize = 512 << 10;

/// Places in the pool: every call, every webhook, and one plugin being loaded.
fn places(options: &Options) -> u32 {
    options.max_calls.saturating_add(options.max_webhook_calls).saturating_add(2)
}

/// The engine. Where the address space for a pool is refused, instances are allocated on demand.
pub fn engine(options: &Options) -> Result<Engine> {
    let engine = match Engine::new(&pooled(options)) {
        Ok(engine) => engine,
        Err(error) => {
            tracing::warn!(%error, "no address space for the instance pool; instances are allocated on demand");
            Engine::new(&base())?
        }
    };
    tick(&engine)?;
    Ok(engine)
}

/// An engine for a look at one component in a process whose address space is small: no pool, no
/// memory reserved ahead, one compiling thread.
///
/// # Errors
/// When this machine cannot run one.
pub fn frugal() -> Result<Engine> {
    let mut config = base();
    config
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .memory_reservation(0)
        .memory_reservation_for_growth(0)
        .memory_guard_size(0)
        .memory_init_cow(false)
        .parallel_compilation(false)
        // What is looked at runs for milliseconds.
        .cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config)?;
    tick(&engine)?;
    Ok(engine)
}

/// An engine for a look at one component whose code the host's own engine runs too: without a pool.
///
/// # Errors
/// When this machine cannot run one.
pub fn single() -> Result<Engine> {
    let engine = Engine::new(&base())?;
    tick(&engine)?;
    Ok(engine)
}

/// An engine whose code the host's own engine runs, for a worker that compiles and never calls: without a pool,
/// whose address space is more than a worker may have, and which is no part of the code.
///
/// # Errors
/// When this machine cannot have one.
pub fn compiler() -> Result<Engine> {
    Engine::new(&base())
}

fn base() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // Contract 1 is synchronous: without this a call costs half (measured).
        .concurrency_support(false)
        .wasm_threads(false)
        .max_wasm_stack(STACK_BYTES);
    config
}

fn pooled(options: &Options) -> Config {
    let places = places(options);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(places)
        .total_core_instances(places.saturating_mul(CORE_INSTANCES_PER_CALL))
        .total_memories(places)
        .total_tables(places.saturating_mul(2))
        .total_stacks(places)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(bytes_of_mib(options.memory_mib))
        .max_component_instance_size(INSTANCE_BYTES)
        .max_core_instance_size(INSTANCE_BYTES)
        // Not by asking the kernel which pages were written (`pagemap_scan`): in wasmtime 48 a written page
        // that was swapped out is left as it is, for the next call to read (wasmtime pull request 14357).
        .linear_memory_keep_resident(KEEP_MEMORY_BYTES)
        .table_keep_resident(KEEP_TABLE_BYTES)
        .max_unused_warm_slots(WARM_SLOTS);
    let mut config = base();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// The tick, from a thread of its own that ends with the engine.
fn tick(engine: &Engine) -> Result<()> {
    let weak = engine.weak();
    std::thread::Builder::new().name("plugin-tick".into()).spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}

/// The linker: the contract's imports, and all of WASI 0.2 so that every language's runtime starts.
/// Linked is not granted: the context has no files, sockets, arguments or environment.
pub fn linker(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    imports::Imports::add_to_linker::<State, HasSelf<Door>>(&mut linker, |state| &mut state.door)?;
    Ok(linker)
}

/// MiB as bytes.
pub fn bytes_of_mib(mib: u32) -> usize {
    usize::try_from(mib).unwrap_or(usize::MAX).saturating_mul(1 << 20)
}
