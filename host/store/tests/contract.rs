//! What every [`Ledger`] does. One table of cases, run on each implementation.

mod common;

use std::pin::Pin;
use std::sync::Arc;

use common::*;
use ports::{CommitError, Expect, Ledger, Op, PARTITIONS, partition_of};
use serde_json::json;
use store::{EmbeddedStore, MemoryStore, Options};

type Store = Arc<dyn Ledger>;
type Case = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

const CASES: &[(&str, Case)] = &[
    ("events are numbered without gaps", |s| Box::pin(numbers(s))),
    ("events are found by partition, key, id", |s| Box::pin(finds(s))),
    ("an event told twice is one event", |s| Box::pin(told_twice(s))),
    ("a failed precondition changes nothing", |s| Box::pin(all_or_nothing(s))),
    ("documents have versions", |s| Box::pin(versions(s))),
    ("documents are listed by prefix and page", |s| Box::pin(pages(s))),
    ("each precondition holds and fails", |s| Box::pin(preconditions(s))),
    ("leases honour time, priority, exclusivity", |s| Box::pin(leases(s))),
    ("a command is rescheduled and finished", |s| Box::pin(reschedules(s))),
    ("a lease that ended is due again", |s| Box::pin(lease_ends(s))),
    ("timers fire in order and move", |s| Box::pin(timers(s))),
    ("cross-references answer both ways", |s| Box::pin(xrefs(s))),
    ("sightings, cursors, positions are the last written", |s| Box::pin(last_written(s))),
    ("exceptions: newest first, open ones apart", |s| Box::pin(exceptions(s))),
    ("bells ring on what they announce", |s| Box::pin(bells(s))),
    ("an empty commit is fine", |s| Box::pin(empty(s))),
    ("a commit over the limit is refused whole", |s| Box::pin(too_large(s))),
    ("one of many writers wins", |s| Box::pin(race(s))),
    ("odd names do not collide", |s| Box::pin(odd_names(s))),
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
        let options = Options { segment_bytes: 9 << 20, ..Options::default() };
        let store = EmbeddedStore::open(folder.path(), options).unwrap();
        (Arc::new(store), Some(folder))
    });
}

async fn numbers(store: Store) {
    for round in 0..3 {
        let two = (0..2).map(|n| Op::Append(draft(&format!("e{round}{n}"), &format!("K-{n}")))).collect();
        let receipt = store.commit(ops(two)).await.unwrap();
        assert_eq!(receipt.seqs, [2 * round + 1, 2 * round + 2]);
    }
    assert_eq!(seqs(&store.log(0, 100).await), [1, 2, 3, 4, 5, 6]);
    assert_eq!(seqs(&store.log(2, 3).await), [3, 4, 5]);
    assert_eq!(seqs(&store.log(6, 3).await), [0_u64; 0]);
    assert_eq!(seqs(&store.log(u64::MAX, 3).await), [0_u64; 0]);
    assert_eq!(seqs(&store.log(0, 0).await), [0_u64; 0]);
}

async fn finds(store: Store) {
    let keys = ["K-1", "K-2", "K-1\0", "K-", ""];
    for round in 0..3 {
        for key in keys {
            store.commit(ops(vec![Op::Append(draft(&format!("{key}/{round}"), key))])).await.unwrap();
        }
    }
    for (n, key) in (1..).zip(keys) {
        assert_eq!(seqs(&store.events_of_key(key, 0, 9).await), [n, n + 5, n + 10], "{key:?}");
        assert_eq!(seqs(&store.events_of_key(key, n, 1).await), [n + 5], "{key:?}");
        let event = store.event(&id(&format!("{key}/1"))).await.unwrap();
        let expected = draft(&format!("{key}/1"), key);
        assert_eq!((event.seq, event.key, event.kind), (n + 5, expected.key, expected.kind));
        assert_eq!((event.at, event.cause, event.body), (expected.at, expected.cause, expected.body));
        let partition = store.events(partition_of(key), n, 100).await;
        assert!(partition.iter().any(|event| event.seq == n + 5), "{key:?}");
    }
    let mut all = Vec::new();
    for partition in 0..PARTITIONS {
        let part = seqs(&store.events(partition, 0, 100).await);
        assert!(part.is_sorted());
        all.extend(part);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=15).collect::<Vec<u64>>());
    assert_eq!(store.event(&id("none")).await, None);
}

async fn told_twice(store: Store) {
    let once = store.commit(ops(vec![Op::Append(draft("a", "K-1")), Op::Append(draft("b", "K-1"))])).await.unwrap();
    let mut other = draft("a", "K-2");
    other.body = json!("another content");
    let twice = store.commit(ops(vec![Op::Append(other), Op::Append(draft("c", "K-1")), Op::Append(draft("c", "K-1"))])).await.unwrap();
    assert_eq!((once.seqs, twice.seqs), (vec![1, 2], vec![1, 3, 3]));
    assert_eq!(store.log(0, 9).await.len(), 3);
    assert_eq!(store.event(&id("a")).await.unwrap().key, "K-1");
}

async fn all_or_nothing(store: Store) {
    store.commit(ops(vec![document("d", 1)])).await.unwrap();
    let wrong = Expect::Document { collection: "account".into(), key: "d".into(), version: 7 };
    let everything = vec![
        Op::Append(draft("a", "K-1")), document("d", 2), put_command("c", "K-1", 1, 0), Op::PutTimer(timer("t", 0)),
        Op::PutCursor { name: "crm/quote".into(), value: vec![1] },
    ];
    let error = store.commit(guarded(wrong.clone(), everything)).await.unwrap_err();
    assert_eq!(error, CommitError::Precondition(wrong));
    assert!(store.log(0, 9).await.is_empty());
    assert_eq!(store.document("account", "d").await, Some((json!({ "value": 1 }), 1)));
    assert_eq!(store.open_commands().await, 0);
    assert_eq!(store.next_due().await, None);
    assert_eq!(store.cursor("crm/quote").await, None);
}

async fn versions(store: Store) {
    let expect = |version| Expect::Document { collection: "account".into(), key: "d".into(), version };
    assert_eq!(store.document("account", "d").await, None);
    for version in 0..3 {
        assert!(store.commit(guarded(expect(version + 1), vec![document("d", 9)])).await.is_err());
        store.commit(guarded(expect(version), vec![document("d", version)])).await.unwrap();
        assert_eq!(store.document("account", "d").await, Some((json!({ "value": version }), version + 1)));
    }
    store.commit(ops(vec![document("d", 7), document("d", 8)])).await.unwrap();
    assert_eq!(store.document("account", "d").await, Some((json!({ "value": 8 }), 5)));
    assert_eq!(store.document("accounts", "d").await, None);
}

async fn pages(store: Store) {
    let keys = ["", "a", "a\0", "a/1", "a/2", "a/2/x", "b", "ä"];
    let puts = keys.iter().map(|key| document(key, 1)).collect();
    store.commit(ops(puts)).await.unwrap();
    let other = Op::PutDocument { collection: "account2".into(), key: "a/0".into(), value: json!(0) };
    store.commit(ops(vec![other])).await.unwrap();
    let list = |prefix: &'static str, after: &'static str, limit| {
        let store = store.clone();
        async move {
            let rows = store.documents("account", prefix, after, limit).await;
            rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        }
    };
    assert_eq!(list("", "", 99).await, keys);
    assert_eq!(list("a/", "", 99).await, ["a/1", "a/2", "a/2/x"]);
    assert_eq!(list("a/", "a/1", 1).await, ["a/2"]);
    assert_eq!(list("a/", "a/2", 9).await, ["a/2/x"]);
    assert_eq!(list("a/", "b", 9).await, [""; 0]);
    assert_eq!(list("b", "a", 9).await, ["b"]);
    assert_eq!(list("", "", 0).await, [""; 0]);
}

async fn preconditions(store: Store) {
    let delivery = || Expect::NewDelivery { connection: "crm".into(), delivery: "1".into() };
    let position = |seq| Expect::Position { consumer: "conductor".into(), partition: 3, seq };
    let cursor = |value: Option<&[u8]>| Expect::Cursor { name: "crm/quote".into(), value: value.map(<[u8]>::to_vec) };
    let put_delivery = Op::PutDelivery { connection: "crm".into(), delivery: "1".into(), at: at(0) };
    let put_position = Op::PutPosition { consumer: "conductor".into(), partition: 3, seq: 5 };
    let put_cursor = Op::PutCursor { name: "crm/quote".into(), value: vec![0, 255] };
    // (holds at first, the change, holds after it)
    let table = [
        (delivery(), put_delivery, None),
        (position(0), put_position, Some(position(5))),
        (cursor(None), put_cursor, Some(cursor(Some(&[0, 255])))),
    ];
    for (before, change, after) in table {
        if let Some(after) = &after {
            assert_eq!(store.commit(guarded(after.clone(), vec![])).await, Err(CommitError::Precondition(after.clone())));
        }
        store.commit(guarded(before.clone(), vec![change])).await.unwrap();
        assert_eq!(store.commit(guarded(before.clone(), vec![])).await, Err(CommitError::Precondition(before)));
        if let Some(after) = after {
            store.commit(guarded(after, vec![])).await.unwrap();
        }
    }
    for (expect, set, unset) in [
        (Expect::OpenCommand(id("c")), put_command("c", "K-1", 1, 0), Op::FinishCommand(id("c"))),
        (Expect::SetTimer(id("t")), Op::PutTimer(timer("t", 0)), Op::RemoveTimer(id("t"))),
    ] {
        assert!(store.commit(guarded(expect.clone(), vec![])).await.is_err());
        store.commit(ops(vec![set])).await.unwrap();
        store.commit(guarded(expect.clone(), vec![unset])).await.unwrap();
        assert_eq!(store.commit(guarded(expect.clone(), vec![])).await, Err(CommitError::Precondition(expect)));
    }
}

async fn leases(store: Store) {
    let queue = vec![
        put_command("late-urgent", "K-1", 0, 50), put_command("normal-2", "K-1", 5, 2), put_command("normal-1", "K-2", 5, 1),
        put_command("urgent", "K-1", 1, 9), put_command("analytics", "K-1", 255, 0),
    ];
    store.commit(ops(queue)).await.unwrap();
    assert_eq!(store.open_commands().await, 5);
    assert_eq!(names(&store.lease(at(-1), at(100), 9).await), [""; 0]);
    assert_eq!(store.next_due().await, Some(at(0)));
    assert_eq!(names(&store.lease(at(1), at(2), 1).await), ["normal-1"]);
    assert_eq!(names(&store.lease(at(10), at(20), 3).await), ["urgent", "normal-1", "normal-2"]);
    assert_eq!(names(&store.lease(at(10), at(20), 9).await), ["analytics"]);
    assert_eq!(names(&store.lease(at(10), at(20), 9).await), [""; 0]);
    assert_eq!(store.next_due().await, Some(at(20)), "when the leases end");
    store.release(&[id("urgent"), id("never leased")]).await;
    assert_eq!(store.next_due().await, Some(at(9)));
    assert_eq!(names(&store.lease(at(10), at(20), 9).await), ["urgent"]);
    assert_eq!(names(&store.lease(at(60), at(70), 0).await), [""; 0]);
    assert_eq!(names(&store.lease(at(60), at(70), 1).await), ["late-urgent"]);
}

async fn reschedules(store: Store) {
    store.commit(ops(vec![put_command("c", "K-1", 5, 0), put_command("d", "K-1", 5, 1)])).await.unwrap();
    assert_eq!(names(&store.lease(at(0), at(100), 9).await), ["c"]);
    let mut again = command("c", "K-2", 3);
    again.attempts = 1;
    let put = Op::PutCommand { command: again.clone(), not_before: at(30) };
    store.commit(ops(vec![put])).await.unwrap();
    assert_eq!(store.open_commands().await, 2);
    assert_eq!(names(&store.commands_of_key("K-1").await), ["d"]);
    assert_eq!(store.commands_of_key("K-2").await, [again.clone()]);
    assert_eq!(names(&store.lease(at(29), at(100), 9).await), ["d"]);
    assert_eq!(store.lease(at(30), at(100), 9).await, [again]);
    store.commit(ops(vec![Op::FinishCommand(id("c")), Op::FinishCommand(id("never"))])).await.unwrap();
    assert_eq!(store.open_commands().await, 1);
    assert_eq!(store.commands_of_key("K-2").await, []);
    assert_eq!(names(&store.lease(at(200), at(300), 9).await), ["d"]);
    store.commit(ops(vec![put_command("x", "K-1", 1, 0), Op::FinishCommand(id("x")), Op::FinishCommand(id("d"))])).await.unwrap();
    assert_eq!((store.open_commands().await, store.next_due().await), (0, None));
}

async fn lease_ends(store: Store) {
    store.commit(ops(vec![put_command("c", "K-1", 5, 0)])).await.unwrap();
    assert_eq!(store.lease(at(0), at(10), 9).await.len(), 1);
    assert_eq!(store.lease(at(9), at(19), 9).await.len(), 0);
    assert_eq!(store.lease(at(10), at(20), 9).await.len(), 1);
    store.commit(ops(vec![Op::FinishCommand(id("c"))])).await.unwrap();
    assert_eq!(store.next_due().await, None, "a finished command's lease is gone");
    store.release(&[id("c")]).await;
    assert_eq!(store.lease(at(99), at(100), 9).await, []);
}

async fn timers(store: Store) {
    let set = [("b", 20), ("a", 10), ("c", -30)].map(|(name, due)| Op::PutTimer(timer(name, due)));
    store.commit(ops(set.to_vec())).await.unwrap();
    assert_eq!(store.next_due().await, Some(at(-30)));
    assert_eq!(store.due_timers(at(-31), 9).await, []);
    assert_eq!(store.due_timers(at(10), 9).await, [timer("c", -30), timer("a", 10)]);
    assert_eq!(store.due_timers(at(99), 1).await, [timer("c", -30)]);
    store.commit(ops(vec![Op::PutTimer(timer("c", 40)), Op::RemoveTimer(id("a")), Op::RemoveTimer(id("x"))])).await.unwrap();
    assert_eq!(store.due_timers(at(99), 9).await, [timer("b", 20), timer("c", 40)]);
    store.commit(ops(vec![put_command("k", "K-1", 9, 5)])).await.unwrap();
    assert_eq!(store.next_due().await, Some(at(5)));
}

async fn xrefs(store: Store) {
    let rows = [xref("crm", "1", "p"), xref("erp", "77", "p"), xref("erp", "78", "q")];
    store.commit(ops(rows.iter().cloned().map(Op::PutXref).collect())).await.unwrap();
    assert_eq!(store.xref("erp", "project", "77").await, Some(rows[1].clone()));
    assert_eq!(store.xref("erp", "quote", "77").await, None);
    assert_eq!(store.xrefs_of(&id("p")).await, rows[..2]);
    let merged = xref("erp", "77", "q");
    store.commit(ops(vec![Op::PutXref(merged.clone())])).await.unwrap();
    assert_eq!(store.xrefs_of(&id("p")).await, rows[..1]);
    assert_eq!(store.xrefs_of(&id("q")).await, [merged, rows[2].clone()]);
}

async fn last_written(store: Store) {
    for version in 1..=2 {
        store.commit(ops(vec![
            Op::PutSighting(sighting("q1", version)),
            Op::PutCursor { name: "crm/quote".into(), value: vec![0, u8::try_from(version).unwrap(), 255] },
            Op::PutPosition { consumer: "conductor".into(), partition: 2, seq: u64::from(version) },
        ])).await.unwrap();
    }
    assert_eq!(store.sighting("crm-main", "quote", "q1").await, Some(sighting("q1", 2)));
    assert_eq!(store.sighting("crm-main", "quote", "q2").await, None);
    assert_eq!(store.cursor("crm/quote").await, Some(vec![0, 2, 255]));
    assert_eq!(store.cursor("crm/quot").await, None);
    assert_eq!(store.position("conductor", 2).await, 2);
    assert_eq!(store.position("conductor", 1).await, 0);
    assert_eq!(store.position("console", 2).await, 0);
}

async fn exceptions(store: Store) {
    let rows = [exception("a", 10, None), exception("b", 30, None), exception("c", 20, None)];
    store.commit(ops(rows.iter().cloned().map(Op::PutException).collect())).await.unwrap();
    assert_eq!(store.exceptions(false, 9).await, [rows[1].clone(), rows[2].clone(), rows[0].clone()]);
    let resolved = exception("c", 20, Some(40));
    store.commit(ops(vec![Op::PutException(resolved.clone())])).await.unwrap();
    assert_eq!(store.exceptions(false, 9).await, [rows[1].clone(), rows[0].clone()]);
    assert_eq!(store.exceptions(true, 2).await, [rows[1].clone(), resolved]);
    let reopened = exception("c", 50, None);
    store.commit(ops(vec![Op::PutException(reopened.clone())])).await.unwrap();
    assert_eq!(store.exceptions(false, 1).await, [reopened]);
    assert_eq!(store.exceptions(true, 9).await.len(), 3);
}

async fn bells(store: Store) {
    let (mut head, mut work) = (store.head(), store.work());
    assert_eq!(*head.borrow_and_update(), 0);
    work.borrow_and_update();
    // (what, head rings, work rings)
    let table = [
        (Op::Append(draft("a", "K-1")), true, false),
        (Op::Append(draft("a", "K-1")), false, false),
        (document("d", 1), false, false),
        (put_command("c", "K-1", 1, 0), false, true),
        (Op::PutTimer(timer("t", 9)), false, true),
        (Op::FinishCommand(id("c")), false, false),
    ];
    for (op, rings_head, rings_work) in table {
        store.commit(ops(vec![op.clone()])).await.unwrap();
        assert_eq!((head.has_changed().unwrap(), work.has_changed().unwrap()), (rings_head, rings_work), "{op:?}");
        assert_eq!(*head.borrow_and_update(), 1);
        work.borrow_and_update();
    }
    store.commit(ops(vec![put_command("c", "K-1", 1, 0)])).await.unwrap();
    store.lease(at(0), at(9), 9).await;
    work.borrow_and_update();
    store.release(&[id("c")]).await;
    assert!(work.has_changed().unwrap(), "a released command is work again");
}

async fn empty(store: Store) {
    assert_eq!(store.commit(ops(vec![])).await.unwrap().seqs, [0_u64; 0]);
    store.commit(guarded(Expect::OpenCommand(id("c")), vec![])).await.unwrap_err();
}

async fn too_large(store: Store) {
    let huge = Op::PutDocument { collection: "account".into(), key: "d".into(), value: json!("x".repeat(5 << 20)) };
    let error = store.commit(ops(vec![Op::Append(draft("a", "K-1")), huge])).await.unwrap_err();
    assert!(matches!(error, CommitError::TooLarge { bytes, limit_bytes } if bytes > limit_bytes && limit_bytes == 4 << 20), "{error}");
    let large = Op::PutDocument { collection: "account".into(), key: "d".into(), value: json!("x".repeat(3 << 20)) };
    store.commit(ops(vec![Op::Append(draft("a", "K-1")), large])).await.unwrap();
    assert_eq!(store.log(0, 9).await.len(), 1);
    assert_eq!(store.document("account", "d").await.unwrap().0.as_str().unwrap().len(), 3 << 20);
}

async fn race(store: Store) {
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..8_u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut wins = 0;
            while wins < 20 {
                let version = store.document("account", "d").await.map_or(0, |(_, version)| version);
                let expect = Expect::Document { collection: "account".into(), key: "d".into(), version };
                let name = format!("{writer}/{wins}");
                match store.commit(guarded(expect, vec![document("d", version + 1), Op::Append(draft(&name, &name))])).await {
                    Ok(_) => wins += 1,
                    Err(CommitError::Precondition(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(store.document("account", "d").await, Some((json!({ "value": 160 }), 160)));
    assert_eq!(seqs(&store.log(0, 999).await), (1..=160).collect::<Vec<u64>>());
}

async fn odd_names(store: Store) {
    let names = ["", "a", "a\0", "a\0\0", "a\0b", "\u{ff}", "é", "a/b"];
    for (n, first) in (0_u64..).zip(names) {
        for (m, second) in (0_u64..).zip(names) {
            let put = Op::PutDocument { collection: first.into(), key: second.into(), value: json!(n * 100 + m) };
            store.commit(ops(vec![put])).await.unwrap();
        }
    }
    for (n, first) in (0_u64..).zip(names) {
        assert_eq!(store.documents(first, "", "", 99).await.len(), names.len(), "{first:?}");
        for (m, second) in (0_u64..).zip(names) {
            assert_eq!(store.document(first, second).await, Some((json!(n * 100 + m), 1)), "{first:?} {second:?}");
        }
    }
}
