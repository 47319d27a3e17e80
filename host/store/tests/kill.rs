//! SIGKILL at random instants. The test starts itself again as a writer, reads what the writer was
//! told is durable, kills it, and opens what is left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::*;
use ports::{Ledger, Op};
use store::{EmbeddedStore, OpenError, Options};

const FOLDER: &str = "QUOIN_STORE_KILL_FOLDER";
const ROUNDS: u64 = 20;
const WRITERS: u64 = 4;

fn open(folder: &Path) -> Result<EmbeddedStore, OpenError> {
    // Small segments, so that kills hit their switches too.
    EmbeddedStore::open(
        folder,
        Options { segment_bytes: 64 << 10, settle_bytes: 8 << 10, view_cache_bytes: 1 << 20, ..Options::default() },
    )
}

/// One unit of work: two events, a document, a command, a position. All or none.
fn unit(name: &str) -> Vec<Op> {
    vec![
        Op::Append(draft(&format!("{name}/1"), name)),
        document(name, 1),
        put_command(name, name, 1, 0),
        Op::PutCursor { name: name.into(), value: name.into() },
        Op::Append(draft(&format!("{name}/2"), name)),
    ]
}

/// The writer: does nothing unless the other test started it.
#[test]
fn child_writer() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = Arc::new(match open(Path::new(&folder)) {
        Ok(store) => store,
        Err(error) => {
            println!("\nrefused {error}");
            return;
        }
    });
    let run = std::process::id();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let writer = |task: u64| {
        let store = store.clone();
        async move {
            for n in 0.. {
                let name = format!("{run}-{task}-{n}");
                store.commit(ops(unit(&name))).await.unwrap();
                // One write call, after the acknowledgement.
                std::io::stdout().lock().write_all(format!("\nacknowledged {name}\n").as_bytes()).unwrap();
            }
        }
    };
    runtime.block_on(async {
        let tasks: Vec<_> = (0..WRITERS).map(|task| tokio::spawn(writer(task))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child_writer", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a writer at some instant; what it was told is durable.
fn killed(folder: &Path, round: u64, pause: Duration) -> Vec<String> {
    let mut child = start(folder);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    let mut note = |line: String| told.extend(line.strip_prefix("acknowledged ").map(str::to_string));
    if !round.is_multiple_of(4) {
        // In three of four rounds it is killed while writing, else while it starts.
        for line in lines.by_ref().map(Result::unwrap) {
            let begun = line.starts_with("acknowledged");
            note(line);
            if begun {
                break;
            }
        }
    }
    std::thread::sleep(pause); // The random instant itself; nothing is waited for.
    child.kill().unwrap();
    child.wait().unwrap();
    lines.map_while(Result::ok).for_each(note);
    told
}

async fn check(store: &EmbeddedStore, told: &[String]) {
    let log = store.log(0, usize::MAX).await;
    assert_eq!(seqs(&log), (1..=log.len() as u64).collect::<Vec<_>>(), "no gap");
    assert_eq!(*store.head().borrow(), log.len() as u64);
    let units: Vec<String> =
        store.documents("account", "", "", usize::MAX).await.into_iter().map(|(name, _)| name).collect();
    for name in &units {
        let events = seqs(&store.events_of_key(name, 0, 9).await);
        assert!(events.len() == 2 && events[1] == events[0] + 1, "{name} is half there: {events:?}");
        assert_eq!(names(&store.commands_of_key(name).await), [name.as_str()]);
        assert_eq!(store.cursor(name).await, Some(name.clone().into_bytes()));
    }
    assert_eq!(log.len(), 2 * units.len(), "no event without its unit");
    assert_eq!(store.open_commands().await, units.len() as u64);
    let units: std::collections::HashSet<_> = units.into_iter().collect();
    let lost: Vec<_> = told.iter().filter(|name| !units.contains(*name)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_half_there() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut told = Vec::new();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..ROUNDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        told.extend(killed(folder.path(), round, Duration::from_micros((random >> 33) % 60_000)));
        let store = open(folder.path()).unwrap();
        runtime.block_on(check(&store, &told));
        assert_eq!(store.verify().unwrap().head, store.journal_head());
    }
    assert!(told.len() > 50, "the writers wrote: {}", told.len());
}

#[test]
fn a_second_process_is_refused_and_the_first_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let output = start(folder.path()).wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("refused") && text.contains("another process uses this store"), "{text}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.commit(ops(unit("a")))).unwrap();
    runtime.block_on(check(&store, &["a".into()]));
}
