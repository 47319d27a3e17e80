//! What every [`Ledger`] does. One table of cases, run on each implementation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;
mod log;
mod queue;
mod state;

use std::pin::Pin;
use std::sync::Arc;

use ports::Ledger;
use store::{EmbeddedStore, MemoryStore, Options};

type Store = Arc<dyn Ledger>;
type Case = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

const CASES: &[(&str, Case)] = &[
    ("events are numbered without gaps", |s| Box::pin(log::numbers(s))),
    ("events are found by partition, key, id", |s| Box::pin(log::finds(s))),
    ("an event told twice is one event", |s| Box::pin(log::told_twice(s))),
    ("a failed precondition changes nothing", |s| Box::pin(state::all_or_nothing(s))),
    ("documents have versions", |s| Box::pin(state::versions(s))),
    ("documents are listed by prefix and page", |s| Box::pin(state::pages(s))),
    ("each precondition holds and fails", |s| Box::pin(state::preconditions(s))),
    ("leases honour time, priority, exclusivity", |s| Box::pin(queue::leases(s))),
    ("a command is rescheduled and finished", |s| Box::pin(queue::reschedules(s))),
    ("a lease that ended is due again", |s| Box::pin(queue::lease_ends(s))),
    ("timers fire in order and move", |s| Box::pin(queue::timers(s))),
    ("cross-references answer both ways", |s| Box::pin(state::xrefs(s))),
    ("sightings, cursors, positions are the last written", |s| Box::pin(state::last_written(s))),
    ("exceptions: newest first, open ones apart", |s| Box::pin(state::exceptions(s))),
    ("bells ring on what they announce", |s| Box::pin(log::bells(s))),
    ("an empty commit is fine", |s| Box::pin(log::empty(s))),
    ("a commit over the limit is refused whole", |s| Box::pin(log::too_large(s))),
    ("one of many writers wins", |s| Box::pin(state::race(s))),
    ("odd names do not collide", |s| Box::pin(state::odd_names(s))),
];

fn run(make: impl Fn() -> (Store, Option<tempfile::TempDir>)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (name, case) in CASES {
        println!("case: {name}");
        let (store, folder) = make();
        runtime.block_on(case(store));
        drop(folder);
    }
}

#[test]
fn memory_keeps_the_contract() {
    run(|| (Arc::new(MemoryStore::new()), None));
}

#[test]
fn embedded_keeps_the_contract() {
    run(|| {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { segment_bytes: 9 << 20, settle_bytes: 2 << 10, ..Options::default() };
        let store = EmbeddedStore::open(folder.path(), options).unwrap();
        (Arc::new(store), Some(folder))
    });
}
