//! Random histories: the embedded store, closed and opened at random and robbed of its view, says
//! the same as its twin in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::*;
use ports::{Commit, Expect, Ledger, Op};
use process::CommandId;
use proptest::prelude::*;
use store::{EmbeddedStore, MemoryStore, Options};

#[derive(Debug, Clone)]
enum Step {
    Commit(Commit),
    Lease { now: i64, until: i64, limit: usize },
    Release(Vec<CommandId>),
    Reopen { without_view: bool },
}

fn op() -> impl Strategy<Value = Op> {
    let n = 0..4_u32;
    prop_oneof![
        (0..40_u32, 0..3_u32).prop_map(|(n, key)| Op::Append(draft(&format!("e{n}"), &format!("K-{key}")))),
        (n.clone(), any::<u64>()).prop_map(|(n, value)| document(&format!("d{n}"), value)),
        (n.clone(), 0..3_u32, 0..3_u8, 0..50_i64).prop_map(|(n, key, priority, due)| put_command(
            &format!("c{n}"),
            &format!("K-{key}"),
            priority,
            due
        )),
        n.clone().prop_map(|n| Op::FinishCommand(id(&format!("c{n}")))),
        (n.clone(), 0..50_i64).prop_map(|(n, due)| Op::PutTimer(timer(&format!("t{n}"), due))),
        n.clone().prop_map(|n| Op::RemoveTimer(id(&format!("t{n}")))),
        (n.clone(), n.clone()).prop_map(|(external, canonical)| Op::PutXref(xref(
            "crm",
            &external.to_string(),
            &canonical.to_string()
        ))),
        (n.clone(), n.clone())
            .prop_map(|(external, version)| Op::PutSighting(sighting(&external.to_string(), version))),
        (n.clone(), n.clone()).prop_map(|(connection, delivery)| Op::PutDelivery {
            connection: connection.to_string(),
            delivery: delivery.to_string(),
            at: at(0),
        }),
        (0..16_u16, 0..9_u64).prop_map(|(partition, seq)| Op::PutPosition {
            consumer: "conductor".into(),
            partition,
            seq
        }),
        (n.clone(), prop::collection::vec(any::<u8>(), 0..5))
            .prop_map(|(name, value)| { Op::PutCursor { name: name.to_string(), value } }),
        (n, 0..50_i64, prop::option::of(50..60_i64))
            .prop_map(|(n, opened, resolved)| { Op::PutException(exception(&format!("x{n}"), opened, resolved)) }),
    ]
}

fn expect() -> impl Strategy<Value = Expect> {
    let n = 0..4_u32;
    prop_oneof![
        (n.clone(), 0..3_u64).prop_map(|(n, version)| Expect::Document {
            collection: "account".into(),
            key: format!("d{n}"),
            version
        }),
        n.clone().prop_map(|n| Expect::OpenCommand(id(&format!("c{n}")))),
        n.clone().prop_map(|n| Expect::SetTimer(id(&format!("t{n}")))),
        (n.clone(), n.clone()).prop_map(|(connection, delivery)| Expect::NewDelivery {
            connection: connection.to_string(),
            delivery: delivery.to_string(),
        }),
        (0..16_u16, 0..3_u64).prop_map(|(partition, seq)| Expect::Position {
            consumer: "conductor".into(),
            partition,
            seq
        }),
        n.prop_map(|n| Expect::Cursor { name: n.to_string(), value: None }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let commit = (prop::collection::vec(expect(), 0..2), prop::collection::vec(op(), 0..6))
        .prop_map(|(expect, ops)| Step::Commit(Commit { expect, ops }));
    let lease =
        (0..60_i64, 1..30_i64, 0..3_usize).prop_map(|(now, span, limit)| Step::Lease { now, until: now + span, limit });
    let release = prop::collection::vec((0..4_u32).prop_map(|n| id(&format!("c{n}"))), 0..3).prop_map(Step::Release);
    let reopen = any::<bool>().prop_map(|without_view| Step::Reopen { without_view });
    prop_oneof![16 => commit, 4 => lease, 1 => release, 1 => reopen]
}

fn open(folder: &std::path::Path) -> EmbeddedStore {
    let options =
        Options { segment_bytes: 16 << 10, settle_bytes: 1 << 10, view_cache_bytes: 1 << 20, ..Options::default() };
    EmbeddedStore::open(folder, options).unwrap()
}

async fn run(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, twin) = (open(folder.path()), MemoryStore::new());
    for step in steps {
        match step {
            Step::Commit(commit) => assert_eq!(store.commit(commit.clone()).await, twin.commit(commit).await),
            Step::Lease { now, until, limit } => {
                assert_eq!(store.lease(at(now), at(until), limit).await, twin.lease(at(now), at(until), limit).await);
            }
            Step::Release(ids) => {
                store.release(&ids).await;
                twin.release(&ids).await;
            }
            Step::Reopen { without_view } => {
                drop(store);
                if without_view {
                    for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
                        if entry.file_name().to_str().unwrap().starts_with("view-") {
                            std::fs::remove_dir_all(entry.path()).unwrap();
                        }
                    }
                }
                store = open(folder.path());
                let all: Vec<CommandId> = (0..4).map(|n| id(&format!("c{n}"))).collect();
                twin.release(&all).await;
                assert_eq!(dump(&store).await, dump(&twin).await);
            }
        }
    }
    assert_eq!(dump(&store).await, dump(&twin).await);
    let verified = store.verify().unwrap();
    assert_eq!(verified.head, store.journal_head());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_say_the_same(steps in prop::collection::vec(step(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run(steps));
    }
}
