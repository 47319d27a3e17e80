//! The view of a running store: what was written lately, in memory, over the rows on disk.
//!
//! ```text
//! read:   recent > settling > disk         the newest word on a key counts
//! write:  recent, and once that is full:   recent becomes settling, a thread writes it to the disk
//! ```
//!
//! Most rows are written several times in a short life: a document with each step of its flow, a
//! command when it is queued and when it is done. Here they meet in memory, and the disk sees only
//! what is left of them. Nothing is at risk by that: every row is in the journal before it is here,
//! and a process that dies catches the disk up from there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::iter::Peekable;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use bytes::Bytes;

use crate::journal::Head;
use crate::sled_view::{Rows, SledView};
use crate::view::{View, ViewError, Visit, Writes};

/// Recent rows may grow to so many times the bytes at which they are settled; then commits wait
/// for the disk to take those before.
const MOST_STRIDES: usize = 3;
/// What a row costs beside its key and value.
const ROW_BYTES: usize = 64;

/// Recent rows over settling rows over the disk's.
pub struct Layers {
    recent: Writes,
    recent_bytes: usize,
    /// Bytes at which recent rows are settled.
    settle_bytes: usize,
    /// The last frame in `recent`.
    frame: Head,
    settling: Option<Arc<Settling>>,
    disk: Rows,
    /// `None` once dropping began.
    queue: Option<SyncSender<Arc<Settling>>>,
    thread: Option<JoinHandle<()>>,
}

/// Rows on their way to the disk.
#[derive(Debug)]
struct Settling {
    writes: Writes,
    /// The frame up to which the disk stands with them.
    frame: Head,
    /// Set once the disk has them, or failed to take them.
    outcome: OnceLock<Result<(), ViewError>>,
}

impl Layers {
    /// Begins over what is on the disk.
    pub(crate) fn over(view: SledView, settle_bytes: usize) -> std::io::Result<Self> {
        let (disk, frame) = (view.rows(), view.applied());
        // One place: a second settling waits until the first is done.
        let (queue, waiting) = sync_channel(1);
        let thread = std::thread::Builder::new().name("settler".into()).spawn(move || settle_all(view, &waiting))?;
        let (recent, recent_bytes, settling) = (Writes::new(), 0, None);
        Ok(Self { recent, recent_bytes, settle_bytes, frame, settling, disk, queue: Some(queue), thread: Some(thread) })
    }

    /// Takes over the writes of a frame.
    pub(crate) fn apply(&mut self, writes: Writes, frame: Head) -> Result<(), ViewError> {
        for (key, value) in writes {
            if value.is_none() && !self.is_below(&key)? {
                // It came and went in memory: nothing is left to say of it.
                if let Some(old) = self.recent.remove(&key) {
                    self.recent_bytes -= size(&key, old.as_ref());
                }
                continue;
            }
            let added = size(&key, value.as_ref());
            match self.recent.entry(key) {
                Entry::Vacant(place) => drop(place.insert(value)),
                Entry::Occupied(mut place) => {
                    self.recent_bytes -= size(place.key(), place.get().as_ref());
                    place.insert(value);
                }
            }
            self.recent_bytes += added;
        }
        self.frame = frame;
        self.let_go(self.recent_bytes / MOST_STRIDES >= self.settle_bytes)?;
        if self.settling.is_none() && self.recent_bytes >= self.settle_bytes {
            self.settle();
        }
        Ok(())
    }

    /// Whether a layer below the recent one holds a row.
    fn is_below(&self, key: &[u8]) -> Result<bool, ViewError> {
        match self.settling.as_ref().and_then(|settling| settling.writes.get(key)) {
            Some(value) => Ok(value.is_some()),
            None => self.disk.contains(key),
        }
    }

    /// Lets go of rows that the disk has; waits for that when `wait`.
    fn let_go(&mut self, wait: bool) -> Result<(), ViewError> {
        let Some(settling) = &self.settling else { return Ok(()) };
        let outcome = if wait { Some(settling.outcome.wait()) } else { settling.outcome.get() };
        match outcome {
            Some(Ok(())) => self.settling = None,
            Some(Err(error)) => return Err(error.clone()),
            None => {}
        }
        Ok(())
    }

    fn settle(&mut self) {
        let writes = std::mem::take(&mut self.recent);
        self.recent_bytes = 0;
        let settling = Arc::new(Settling { writes, frame: self.frame, outcome: OnceLock::new() });
        if let Some(queue) = &self.queue
            && queue.send(Arc::clone(&settling)).is_err()
        {
            let gone = ViewError::Engine("the thread that writes the view has ended".into());
            settling.outcome.get_or_init(|| Err(gone));
        }
        self.settling = Some(settling);
    }

    /// The rows in memory of a range, newest word on each key.
    fn memory<'a>(&'a self, from: &'a [u8], below: &'a [u8]) -> impl Iterator<Item = Row<'a>> {
        let settling = self.settling.iter().flat_map(move |settling| range(&settling.writes, from, below));
        Merged { newer: range(&self.recent, from, below).peekable(), older: settling.peekable() }
    }
}

impl View for Layers {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        let settling = || self.settling.as_ref()?.writes.get(key);
        match self.recent.get(key).or_else(settling) {
            Some(value) => Ok(value.clone()),
            None => self.disk.get(key),
        }
    }

    fn scan(&self, from: &[u8], below: &[u8], visit: Visit<'_>) -> Result<(), ViewError> {
        let mut memory = self.memory(from, below).peekable();
        let mut more = true;
        self.disk.scan(from, below, &mut |key, value| {
            while more && let Some((newer, word)) = memory.next_if(|(newer, _)| *newer < key) {
                more = show(newer, word, visit)?;
            }
            if more {
                more = match memory.next_if(|(newer, _)| *newer == key) {
                    Some((newer, word)) => show(newer, word, visit)?,
                    None => visit(key, value)?,
                };
            }
            Ok(more)
        })?;
        while more && let Some((key, word)) = memory.next() {
            more = show(key, word, visit)?;
        }
        Ok(())
    }
}

impl Drop for Layers {
    /// Leaves nothing to catch up with.
    fn drop(&mut self) {
        if self.let_go(true).is_ok() && !self.recent.is_empty() {
            self.settle();
        }
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it was printed already; the journal has everything.
            let _ = thread.join();
        }
    }
}

/// A key and the last word on it: its value, or that it was deleted.
type Row<'a> = (&'a [u8], Option<&'a Bytes>);

fn size(key: &[u8], value: Option<&Bytes>) -> usize {
    ROW_BYTES + key.len() + value.map_or(0, Bytes::len)
}

fn show(key: &[u8], word: Option<&Bytes>, visit: Visit<'_>) -> Result<bool, ViewError> {
    word.map_or(Ok(true), |value| visit(key, value))
}

fn range<'a>(
    writes: &'a BTreeMap<Vec<u8>, Option<Bytes>>,
    from: &'a [u8],
    below: &'a [u8],
) -> impl Iterator<Item = Row<'a>> {
    use std::ops::Bound::{Excluded, Included};
    let rows = writes.range::<[u8], _>((Included(from), Excluded(below)));
    rows.map(|(key, value)| (key.as_slice(), value.as_ref()))
}

/// Two layers in the order of keys; of a key that both have, the newer word.
struct Merged<N: Iterator, O: Iterator> {
    newer: Peekable<N>,
    older: Peekable<O>,
}

impl<'a, N: Iterator<Item = Row<'a>>, O: Iterator<Item = Row<'a>>> Iterator for Merged<N, O> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        let Some((newer, _)) = self.newer.peek() else { return self.older.next() };
        let newer = *newer;
        if let Some(older) = self.older.next_if(|(older, _)| *older < newer) {
            return Some(older);
        }
        // The older word on the same key is overruled.
        let _overruled = self.older.next_if(|(older, _)| *older == newer);
        self.newer.next()
    }
}

/// Writes what comes to the disk, until nobody can send any more. The first failure is the last
/// attempt: the store stops with it.
fn settle_all(mut view: SledView, waiting: &Receiver<Arc<Settling>>) {
    while let Ok(settling) = waiting.recv() {
        let outcome = view.apply(&settling.writes, settling.frame);
        let failed = outcome.is_err();
        settling.outcome.get_or_init(|| outcome);
        if failed {
            return;
        }
    }
}
