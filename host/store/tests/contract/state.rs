//! Documents, cross-references and what else is looked up; preconditions.

use ports::{CommitError, Expect, Op};
use serde_json::json;

use crate::Store;
use crate::common::*;

pub async fn all_or_nothing(store: Store) {
    store.commit(ops(vec![document("d", 1)])).await.unwrap();
    let wrong = Expect::Document { collection: "account".into(), key: "d".into(), version: 7 };
    let everything = vec![
        Op::Append(draft("a", "K-1")),
        document("d", 2),
        put_command("c", "K-1", 1, 0),
        Op::PutTimer(timer("t", 0)),
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

pub async fn versions(store: Store) {
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

pub async fn pages(store: Store) {
    let keys = ["", "a", "a\0", "a/1", "a/2", "a/2/x", "b", "ä"];
    let puts = keys.iter().map(|key| document(key, 1)).collect();
    store.commit(ops(puts)).await.unwrap();
    let other = Op::PutDocument { collection: "account2".into(), key: "a/0".into(), value: json!(0).into() };
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

pub async fn preconditions(store: Store) {
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
            assert_eq!(
                store.commit(guarded(after.clone(), vec![])).await,
                Err(CommitError::Precondition(after.clone()))
            );
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

pub async fn xrefs(store: Store) {
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

pub async fn last_written(store: Store) {
    for version in 1..=2 {
        store
            .commit(ops(vec![
                Op::PutSighting(sighting("q1", version)),
                Op::PutCursor { name: "crm/quote".into(), value: vec![0, u8::try_from(version).unwrap(), 255] },
                Op::PutPosition { consumer: "conductor".into(), partition: 2, seq: u64::from(version) },
            ]))
            .await
            .unwrap();
    }
    assert_eq!(store.sighting("crm-main", "quote", "q1").await, Some(sighting("q1", 2)));
    assert_eq!(store.sighting("crm-main", "quote", "q2").await, None);
    assert_eq!(store.cursor("crm/quote").await, Some(vec![0, 2, 255]));
    assert_eq!(store.cursor("crm/quot").await, None);
    assert_eq!(store.position("conductor", 2).await, 2);
    assert_eq!(store.position("conductor", 1).await, 0);
    assert_eq!(store.position("console", 2).await, 0);
}

pub async fn exceptions(store: Store) {
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

pub async fn race(store: Store) {
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..8_u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut wins = 0;
            while wins < 20 {
                let version = store.document("account", "d").await.map_or(0, |(_, version)| version);
                let expect = Expect::Document { collection: "account".into(), key: "d".into(), version };
                let name = format!("{writer}/{wins}");
                match store
                    .commit(guarded(expect, vec![document("d", version + 1), Op::Append(draft(&name, &name))]))
                    .await
                {
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

pub async fn odd_names(store: Store) {
    let names = ["", "a", "a\0", "a\0\0", "a\0b", "\u{ff}", "é", "a/b"];
    for (n, first) in (0_u64..).zip(names) {
        for (m, second) in (0_u64..).zip(names) {
            let put =
                Op::PutDocument { collection: first.into(), key: second.into(), value: json!(n * 100 + m).into() };
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
