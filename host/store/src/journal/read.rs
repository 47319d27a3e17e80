//! Reading a journal: inspection before anything is written, replay, and verification.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::JournalError;
use super::frame::{self, Head, Misplaced, Rest, Walk};
use super::segment::{self, HEADER_BYTES};

/// The end of the durable part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail {
    pub(crate) segment: u64,
    /// Offset after the last frame.
    pub(crate) end: usize,
    pub(crate) head: Head,
}

/// The remains of one write that never finished.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Torn {
    pub(crate) segment: u64,
    pub(crate) from: usize,
    pub(crate) until: usize,
}

/// A locked and examined journal, unchanged so far.
#[derive(Debug)]
pub struct Inspected {
    pub(crate) folder: PathBuf,
    pub(crate) lock: File,
    pub(crate) segments: u64,
    pub(crate) torn: Option<Torn>,
    pub(crate) reader: Reader,
}

/// Locks the journal in `folder` (created when absent) and examines its end. Nothing is written
/// but the lock file.
///
/// # Errors
/// [`JournalError::InUse`], [`JournalError::Damaged`], [`JournalError::Missing`], [`JournalError::Io`].
pub fn inspect(folder: &Path) -> Result<Inspected, JournalError> {
    fs::create_dir_all(folder).map_err(JournalError::io("create", folder))?;
    let lock = lock(folder)?;
    let indices = segment::list(folder)?;
    let (tail, torn) = find_tail(folder, &indices)?;
    let segments = indices.len() as u64;
    // The next segment is prepared only after the first frame of the one before it.
    if segments > tail.segment + 1 {
        let reason = "the segment is empty, although a later one was prepared";
        return Err(damaged(
            folder,
            tail.segment + 1,
            &Misplaced { offset: HEADER_BYTES, after: tail.head.number, reason },
        ));
    }
    let reader = Reader { folder: folder.to_path_buf(), tail: Arc::new(Mutex::new(tail)) };
    Ok(Inspected { folder: folder.to_path_buf(), lock, segments, torn, reader })
}

/// The last whole frame, and the torn write after it, if there is one.
fn find_tail(folder: &Path, indices: &[u64]) -> Result<(Tail, Option<Torn>), JournalError> {
    let mut torn = None;
    let mut tail = Tail { segment: 1, end: HEADER_BYTES, head: Head::default() };
    for index in indices.iter().rev().copied() {
        let bytes = segment::load(folder, index)?;
        let mut walk = Walk::new(&bytes, HEADER_BYTES, index, None);
        while walk.step().map_err(|misplaced| damaged(folder, index, &misplaced))?.is_some() {}
        if walk.rest() == Rest::Junk {
            let problem = |reason| {
                let after = walk.head.map_or(0, |head| head.number);
                damaged(folder, index, &Misplaced { offset: walk.at, after, reason })
            };
            if torn.is_some() {
                return Err(problem("two places hold something that is no frame"));
            }
            let until = frame::judge(&bytes, walk.at, index).map_err(problem)?;
            torn = Some(Torn { segment: index, from: walk.at, until });
        }
        if let Some(head) = walk.head {
            tail = Tail { segment: index, end: walk.at, head };
            break;
        }
    }
    Ok((tail, torn))
}

fn lock(folder: &Path) -> Result<File, JournalError> {
    let path = folder.join("LOCK");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(JournalError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path }),
        Err(TryLockError::Error(source)) => Err(JournalError::io("lock", &path)(source)),
    }
}

fn damaged(folder: &Path, index: u64, at: &Misplaced) -> JournalError {
    JournalError::Damaged {
        path: segment::path(folder, index),
        offset: at.offset as u64,
        after: at.after,
        reason: at.reason,
    }
}

impl Inspected {
    /// Reads what is durable.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// The last whole frame.
    pub fn head(&self) -> Head {
        self.reader.head()
    }
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Frames read and checked.
    pub frames: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// Segments read.
    pub segments: u64,
    /// The last frame: keep its hash elsewhere, and nobody can rewrite or shorten the past unseen.
    pub head: Head,
}

/// Reads the durable part of a journal, also while it is being written.
#[derive(Debug, Clone)]
pub struct Reader {
    folder: PathBuf,
    tail: Arc<Mutex<Tail>>,
}

impl Reader {
    pub(crate) fn tail(&self) -> Tail {
        *self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn advance(&self, tail: Tail) {
        *self.tail.lock().unwrap_or_else(PoisonError::into_inner) = tail;
    }

    /// The last durable frame.
    pub fn head(&self) -> Head {
        self.tail().head
    }

    /// Shows every durable frame from number `from` on, in order, each checked against its sum and
    /// the chain.
    ///
    /// # Errors
    /// What `visit` returns, and [`JournalError`] converted.
    pub fn replay<E: From<JournalError>>(
        &self,
        from: u64,
        mut visit: impl FnMut(Head, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let tail = self.tail();
        if from > tail.head.number {
            return Ok(());
        }
        let first = self.segment_of(from, &tail)?;
        let mut before = (first == 1).then(Head::default);
        for index in first..=tail.segment {
            let mut bytes = segment::load(&self.folder, index)?;
            if index == tail.segment {
                bytes.truncate(tail.end);
            }
            let problem = |misplaced: &Misplaced| damaged(&self.folder, index, misplaced);
            let mut walk = Walk::new(&bytes, HEADER_BYTES, index, before);
            while let Some((head, payload)) = walk.step().map_err(|misplaced| problem(&misplaced))? {
                if head.number >= from {
                    visit(head, payload)?;
                }
            }
            before = walk.head;
            let after = before.map_or(0, |head| head.number);
            let ends_well = index < tail.segment || before == Some(tail.head);
            if walk.rest() == Rest::Junk || !ends_well || before.is_none() {
                let reason = "the frames end before their time";
                return Err(problem(&Misplaced { offset: walk.at, after, reason }).into());
            }
        }
        Ok(())
    }

    /// The segment that holds a frame, by the number of each segment's first frame.
    fn segment_of(&self, number: u64, tail: &Tail) -> Result<u64, JournalError> {
        let mut index = tail.segment;
        while index > 1 && segment::first_number(&self.folder, index)? > number {
            index -= 1;
        }
        Ok(index)
    }

    /// Reads the whole durable part and recomputes the chain.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] at the first wrong place; [`JournalError::Io`].
    pub fn verify(&self) -> Result<Verified, JournalError> {
        let mut found = Verified { frames: 0, payload_bytes: 0, segments: 0, head: Head::default() };
        self.replay(1, |head, payload| {
            found.frames += 1;
            found.payload_bytes += payload.len() as u64;
            found.head = head;
            Ok::<(), JournalError>(())
        })?;
        found.segments = self.tail().segment;
        Ok(found)
    }
}
