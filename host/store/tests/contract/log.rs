//! The log, its bells, and the sizes of commits.

use std::sync::Arc;

use ports::{CommitError, Expect, Op, PARTITIONS, partition_of};
use serde_json::json;

use crate::Store;
use crate::common::*;

pub async fn numbers(store: Store) {
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

pub async fn finds(store: Store) {
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
        let shared = partition.into_iter().find(|event| event.seq == n + 5).unwrap();
        assert_eq!(Some(Arc::unwrap_or_clone(shared)), store.event(&id(&format!("{key}/1"))).await, "{key:?}");
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

pub async fn told_twice(store: Store) {
    let once = store.commit(ops(vec![Op::Append(draft("a", "K-1")), Op::Append(draft("b", "K-1"))])).await.unwrap();
    let mut other = draft("a", "K-2");
    other.body = json!("another content");
    let twice = store
        .commit(ops(vec![Op::Append(other), Op::Append(draft("c", "K-1")), Op::Append(draft("c", "K-1"))]))
        .await
        .unwrap();
    assert_eq!((once.seqs, twice.seqs), (vec![1, 2], vec![1, 3, 3]));
    assert_eq!(store.log(0, 9).await.len(), 3);
    assert_eq!(store.event(&id("a")).await.unwrap().key, "K-1");
}

pub async fn bells(store: Store) {
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

pub async fn empty(store: Store) {
    assert_eq!(store.commit(ops(vec![])).await.unwrap().seqs, [0_u64; 0]);
    store.commit(guarded(Expect::OpenCommand(id("c")), vec![])).await.unwrap_err();
}

pub async fn too_large(store: Store) {
    let huge =
        Op::PutDocument { collection: "account".into(), key: "d".into(), value: json!("x".repeat(5 << 20)).into() };
    let error = store.commit(ops(vec![Op::Append(draft("a", "K-1")), huge])).await.unwrap_err();
    assert!(
        matches!(error, CommitError::TooLarge { bytes, limit_bytes } if bytes > limit_bytes && limit_bytes == 4 << 20),
        "{error}"
    );
    let large =
        Op::PutDocument { collection: "account".into(), key: "d".into(), value: json!("x".repeat(3 << 20)).into() };
    store.commit(ops(vec![Op::Append(draft("a", "K-1")), large])).await.unwrap();
    assert_eq!(store.log(0, 9).await.len(), 1);
    assert_eq!(store.document("account", "d").await.unwrap().0.as_str().unwrap().len(), 3 << 20);
}
