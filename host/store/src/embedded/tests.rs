use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use ports::{Commit, Ledger, Op};
use serde_json::json;

use super::*;
use crate::journal::Medium;

/// A disk whose flushes can be held back or made to fail.
#[derive(Default)]
struct Plan {
    writes: AtomicU64,
    syncs: AtomicU64,
    /// This write, or this flush, fails (0: none).
    fail_write: AtomicU64,
    fail_sync: AtomicU64,
    /// When set, each flush tells that it began and waits to be let through.
    gate: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
}

struct Disk {
    file: File,
    plan: Arc<Plan>,
}

fn nth(count: &AtomicU64, fail: &AtomicU64) -> io::Result<()> {
    let call = count.fetch_add(1, Ordering::SeqCst) + 1;
    if call == fail.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

impl Medium for Disk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        nth(&self.plan.writes, &self.plan.fail_write)?;
        self.file.write_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        if let Some((began, go)) = &*self.plan.gate.lock().unwrap() {
            began.send(()).unwrap();
            go.recv().unwrap();
        }
        nth(&self.plan.syncs, &self.plan.fail_sync)?;
        self.file.sync()
    }
}

fn open(folder: &Path, plan: &Arc<Plan>) -> EmbeddedStore {
    let plan = plan.clone();
    let make: MakeMedium = Arc::new(move |file| Box::new(Disk { file, plan: plan.clone() }));
    EmbeddedStore::open_on(folder, &Options { segment_bytes: 1 << 20, ..Options::default() }, make).unwrap()
}

fn put(key: &str) -> Commit {
    let op = Op::PutDocument { collection: "account".into(), key: key.into(), value: json!(key).into() };
    Commit { expect: Vec::new(), ops: vec![op] }
}

#[tokio::test]
async fn a_failing_disk_stops_the_store_and_loses_nothing_acknowledged() {
    for on_write in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let plan = Arc::new(Plan::default());
        let store = open(folder.path(), &plan);
        store.commit(put("a")).await.unwrap();
        let (count, fail) = if on_write { (&plan.writes, &plan.fail_write) } else { (&plan.syncs, &plan.fail_sync) };
        fail.store(count.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
        let error = store.commit(put("b")).await.unwrap_err();
        assert!(matches!(&error, CommitError::Stopped(reason) if reason.contains(".seg")), "{error}");
        assert_eq!(store.document("account", "b").await, None, "not durable, not shown");
        assert_eq!(store.document("account", "a").await, Some((json!("a"), 1)), "reads go on");
        assert!(
            matches!(store.commit(put("c")).await, Err(CommitError::Stopped(_))),
            "there is room again, but it stays stopped"
        );
        assert!(store.stopped().borrow().is_some());
        drop(store);
        let store = open(folder.path(), &Arc::default());
        assert_eq!(store.document("account", "a").await, Some((json!("a"), 1)));
        assert_eq!(store.document("account", "c").await, None);
        store.commit(put("d")).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_seen_before_it_is_durable_and_waiting_commits_share_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(Plan::default());
    let store = Arc::new(open(folder.path(), &plan));
    let (began, has_begun) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    *plan.gate.lock().unwrap() = Some((began, may_go));
    let commit = |key: &'static str| {
        let store = store.clone();
        tokio::spawn(async move { store.commit(put(key)).await })
    };
    let first = commit("a");
    let wait = move || has_begun.recv().map(|()| has_begun).unwrap();
    let _has_begun = tokio::task::spawn_blocking(wait).await.unwrap();
    // It is written, and its flush is on the way.
    assert_eq!(plan.writes.load(Ordering::SeqCst), 1);
    assert_eq!(store.document("account", "a").await, None);
    assert_eq!(store.journal_head().number, 0);
    assert!(!first.is_finished());
    let others = ["b", "c", "d", "e"].map(commit);
    while store.engine.queue.as_ref().unwrap().capacity() > QUEUE_COMMITS - others.len() {
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(plan.syncs.load(Ordering::SeqCst), 2, "one flush for the first, one for all that waited");
    assert_eq!(store.documents("account", "", "", 9).await.len(), 5);
    assert_eq!(store.journal_head().number, 2);
}

#[tokio::test]
async fn a_view_that_cannot_answer_stops_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::default());
    store.commit(put("a")).await.unwrap();
    store
        .desk
        .change(|view| {
            let key = crate::prepare::document_key("account", "a");
            let writes = crate::view::Writes::from([(key, Some(bytes::Bytes::from_static(b"junk")))]);
            view.apply(writes, store.engine.reader.head())?;
            Ok(((), crate::desk::Changes::default()))
        })
        .unwrap();
    assert_eq!(store.document("account", "a").await, None);
    assert!(matches!(store.commit(put("b")).await, Err(CommitError::Stopped(_))), "no decision on a missing answer");
}

#[test]
fn segments_must_hold_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 100, ..Options::default() };
    assert!(matches!(EmbeddedStore::open(folder.path(), options), Err(OpenError::SegmentTooSmall { .. })));
}
