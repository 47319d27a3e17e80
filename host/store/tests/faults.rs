//! What happens to the files of an [`EmbeddedStore`] between two lives, and what comes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::*;
use ports::{Ledger, Op};
use store::journal::JournalError;
use store::{EmbeddedStore, OpenError, Options};

fn options() -> Options {
    Options { segment_bytes: 16 << 10, settle_bytes: 4 << 10, view_cache_bytes: 1 << 20, ..Options::default() }
}

fn open(folder: &Path) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(folder, options())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn fill(store: &EmbeddedStore, rounds: std::ops::Range<u64>) {
    for n in rounds {
        let name = n.to_string();
        let due = i64::try_from(n).unwrap();
        store
            .commit(ops(vec![
                Op::Append(draft(&format!("e{n}"), &format!("K-{}", n % 3))),
                document(&format!("d{}", n % 7), n),
                put_command(&format!("c{n}"), &format!("K-{}", n % 3), 1, due),
                Op::FinishCommand(id(&format!("c{}", n.saturating_sub(5)))),
                Op::PutTimer(timer(&format!("t{}", n % 4), due)),
                Op::PutXref(xref("crm", &format!("{}", n % 4), &name)),
                Op::PutSighting(sighting(&format!("{}", n % 4), 1)),
                Op::PutException(exception(&format!("x{}", n % 3), due, (n % 2 == 0).then_some(due))),
            ]))
            .await
            .unwrap();
    }
}

/// A closed store and what it held.
fn filled(rounds: u64) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    block_on(fill(&store, 0..rounds));
    let text = block_on(dump(&store));
    (folder, text)
}

fn views(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("view-")).collect()
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (source, target) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if source.is_dir() {
            copy(&source, &target);
        } else if let Err(error) = fs::copy(&source, &target) {
            // The next segment may get its final name meanwhile.
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}", source.display());
        }
    }
}

fn flip(file: &Path, at: usize, bit: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1 << bit;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_spoiled_view_is_caught_up_or_built_again() {
    type Spoil = fn(&Path);
    let table: &[(&str, Spoil)] = &[
        ("untouched", |_| {}),
        ("deleted", |view| fs::remove_dir_all(view).unwrap()),
        ("empty", |view| {
            fs::remove_dir_all(view).unwrap();
            fs::create_dir(view).unwrap();
        }),
        ("a file in its place", |view| {
            fs::remove_dir_all(view).unwrap();
            fs::write(view, "x").unwrap();
        }),
        ("random bytes", |view| {
            let junk: Vec<u8> = (0..50_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
            fs::write(view.join("db"), junk).unwrap();
        }),
        ("cut", |view| fs::OpenOptions::new().write(true).open(view.join("db")).unwrap().set_len(9_000).unwrap()),
        ("its configuration lost", |view| fs::remove_file(view.join("conf")).unwrap()),
        ("a torn snapshot in it", |view| fs::write(view.join("snap.00000000000FFFFF.generating"), [7; 100]).unwrap()),
    ];
    let (folder, text) = filled(60);
    for (name, spoil) in table {
        let copied = tempfile::tempdir().unwrap();
        copy(folder.path(), copied.path());
        spoil(&views(copied.path())[0]);
        let store = open(copied.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(block_on(dump(&store)), text, "{name}");
        assert!(views(copied.path()).len() == 1, "{name}: only one view is left");
        block_on(fill(&store, 60..62));
        let more = block_on(dump(&store));
        drop(store);
        assert_eq!(block_on(dump(&open(copied.path()).unwrap())), more, "{name}, opened again");
    }
}

#[test]
fn a_bit_flipped_in_the_view_never_shows() {
    let (folder, text) = filled(30);
    let length = fs::metadata(views(folder.path())[0].join("db")).unwrap().len();
    for n in 0..40_u64 {
        let copied = tempfile::tempdir().unwrap();
        copy(folder.path(), copied.path());
        let at = usize::try_from((n * 7919 + 13) * 104_729 % length.min(60_000)).unwrap();
        flip(&views(copied.path())[0].join("db"), at, usize::try_from(n % 8).unwrap());
        let store = open(copied.path()).unwrap();
        assert_eq!(block_on(dump(&store)), text, "byte {at}");
    }
}

#[test]
fn a_bit_flipped_in_the_journal_is_found_or_harmless() {
    let (folder, text) = filled(40);
    let files = segments(folder.path());
    let mut found = 0;
    for n in 0..60_usize {
        for without_view in [false, true] {
            let copied = tempfile::tempdir().unwrap();
            copy(folder.path(), copied.path());
            if without_view {
                fs::remove_dir_all(&views(copied.path())[0]).unwrap();
            }
            let file = &files[n % (files.len() - 1)];
            let at = (n * 7919 + 40) * 31 % 15_000;
            flip(&copied.path().join("journal").join(file.file_name().unwrap()), at, n % 8);
            match open(copied.path()) {
                Ok(store) => assert_eq!(block_on(dump(&store)), text, "{file:?} byte {at}"),
                Err(OpenError::Journal(JournalError::Damaged { .. })) => found += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(found > 30, "{found}");
}

#[test]
fn an_old_view_is_caught_up_and_an_old_journal_refused() {
    let folder = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    block_on(fill(&store, 0..20));
    let (old_text, old_head) = (block_on(dump(&store)), store.journal_head().number);
    drop(store);
    copy(folder.path(), old.path());
    let store = open(folder.path()).unwrap();
    block_on(fill(&store, 20..60));
    let (text, head) = (block_on(dump(&store)), store.journal_head().number);
    drop(store);

    let mixed = tempfile::tempdir().unwrap();
    copy(&folder.path().join("journal"), &mixed.path().join("journal"));
    copy(&views(old.path())[0], &mixed.path().join("view-0000000001"));
    assert_eq!(block_on(dump(&open(mixed.path()).unwrap())), text);

    let mixed = tempfile::tempdir().unwrap();
    copy(&old.path().join("journal"), &mixed.path().join("journal"));
    copy(&views(folder.path())[0], &mixed.path().join("view-0000000001"));
    let Err(error) = open(mixed.path()) else { panic!("acknowledged commits vanished silently") };
    assert!(
        matches!(error, OpenError::LostEnd { journal, view, .. } if journal == old_head && view == head),
        "{error}"
    );
    let accept = Options { accept_lost_end: true, ..options() };
    assert_eq!(block_on(dump(&EmbeddedStore::open(mixed.path(), accept).unwrap())), old_text);
    assert_eq!(block_on(dump(&open(mixed.path()).unwrap())), old_text, "and is then an ordinary store");
}

#[test]
fn a_view_of_another_store_is_not_believed() {
    let (folder, text) = filled(20);
    let other = tempfile::tempdir().unwrap();
    let store = open(other.path()).unwrap();
    block_on(fill(&store, 5..15));
    drop(store);
    fs::remove_dir_all(&views(folder.path())[0]).unwrap();
    copy(&views(other.path())[0], &folder.path().join("view-0000000001"));
    assert_eq!(block_on(dump(&open(folder.path()).unwrap())), text);
}

#[test]
fn a_copy_of_the_files_at_any_moment_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    for n in 0..12 {
        block_on(fill(&store, n * 3..n * 3 + 3));
        let copied = tempfile::tempdir().unwrap();
        // The view is copied while sled has part of it in memory; the journal is complete.
        copy(folder.path(), copied.path());
        assert_eq!(block_on(dump(&open(copied.path()).unwrap())), block_on(dump(&store)));
    }
}

#[test]
fn a_second_store_in_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let error = open(folder.path()).err().unwrap();
    assert!(matches!(error, OpenError::Journal(JournalError::InUse { .. })), "{error}");
    block_on(fill(&store, 0..2));
}

#[test]
fn leases_end_with_the_process() {
    let (folder, _) = filled(3);
    let store = open(folder.path()).unwrap();
    let leased = block_on(store.lease(at(100), at(1000), 9));
    assert!(!leased.is_empty());
    assert!(block_on(store.lease(at(100), at(1000), 9)).is_empty());
    drop(store);
    assert_eq!(block_on(open(folder.path()).unwrap().lease(at(100), at(1000), 9)), leased);
}

#[test]
fn verification_recomputes_the_chain_and_finds_old_damage() {
    let (folder, _) = filled(60);
    let store = open(folder.path()).unwrap();
    let verified = store.verify().unwrap();
    assert_eq!((verified.head, verified.frames), (store.journal_head(), 60));
    assert!(verified.segments > 2);
    flip(&segments(folder.path())[0], 777, 3);
    let error = store.verify().unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
}
