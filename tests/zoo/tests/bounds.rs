//! What rude guests cost everybody else: memory of the host, and the calls of a neighbour. A program of its own, so
//! that what is measured is not another test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "it says what it measured")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ports::Connectors;
use runtime::Options;
use tokio::task::JoinSet;
use zoo::{Cage, limits, resident_kib, ten, told};

/// Rude guests at once: as many as one connection may have calls.
const RUDE: usize = 8;
/// What each may have, KiB: its manifest's `limits.memory_mib`.
const GRANTED_KIB: u64 = 64 << 10;
/// Everything beside linear memories, KiB: stacks, buffers of answers, this test itself.
const BESIDE_KIB: u64 = 96 << 10;
/// Calls of a polite neighbour.
const NEIGHBOUR: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn host_memory_and_other_calls_stay_within_bounds() {
    memory(&Arc::new(Cage::new().await)).await;
    // Loops that end by themselves, long after a neighbour was served on the busiest machine.
    let looping = Options { cpu_ms: 3_000, ..limits() };
    neighbours(&Arc::new(Cage::with(looping, Arc::new(egress::SystemLookup)).await)).await;
}

/// Three times as many bombs as there are places: what does not fit waits outside.
async fn memory(cage: &Arc<Cage>) {
    cage.add("bomb", "allocation_bomb", "");
    cage.add("polite", "polite", "");
    assert_eq!(cage.provoke("polite").await.unwrap(), "limit 10");
    let before = resident_kib();
    let bound = u64::try_from(RUDE).unwrap() * GRANTED_KIB + BESIDE_KIB;
    let mut most = 0;
    let (mut bombs, _) = calls(cage, "bomb", 3 * RUDE);
    while let Some(ended) = bombs.join_next().await {
        most = most.max(resident_kib().saturating_sub(before));
        assert_eq!(ended.unwrap().unwrap_err().0, "PLUGIN_MEMORY");
    }
    println!("{most} KiB more than before at most, for {} bombs; the bound is {bound}", 3 * RUDE);
    assert!(most <= bound, "{most} KiB more than before; the bound is {bound}");
}

/// Loops in every place of their connection, and a neighbour's calls among them: counted, not timed. Each of the
/// neighbour's calls ends while loops still run.
async fn neighbours(cage: &Arc<Cage>) {
    cage.add("loop", "infinite_loop", "");
    cage.add("polite", "polite", "");
    assert_eq!(cage.provoke("polite").await.unwrap(), "limit 10");
    let (loops, over) = calls(cage, "loop", RUDE);
    for number in 1..=NEIGHBOUR {
        assert_eq!(cage.provoke("polite").await.unwrap(), "limit 10");
        let over = over.load(Ordering::SeqCst);
        assert!(over < RUDE, "call {number} of the neighbour waited until {over} of {RUDE} loops were over");
    }
    for ended in loops.join_all().await {
        assert_eq!(ended.unwrap_err().0, "PLUGIN_TIMEOUT");
    }
}

type Told = Result<String, (String, String)>;

/// Calls at once, and how many of them are over.
fn calls(cage: &Arc<Cage>, guest: &'static str, number: usize) -> (JoinSet<Told>, Arc<AtomicUsize>) {
    let (mut calls, over) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..number {
        let (cage, over) = (Arc::clone(cage), Arc::clone(&over));
        calls.spawn(async move {
            let told = told(cage.sandbox.read(guest, ten()).await);
            over.fetch_add(1, Ordering::SeqCst);
            told
        });
    }
    (calls, over)
}
