//! An append-only, segmented journal: the durable truth. It knows nothing of business: a frame
//! holds bytes, has a number, and proves the frame before it by SHA-256.
//!
//! - A frame is durable wholly or not at all; [`Journal::append`] returns after one `fdatasync`.
//! - Segments are files full of zeros, prepared before their first frame, the next one in the
//!   background.
//! - The remains of a write that never finished are wiped when writing starts again. Anything else
//!   that is not a whole, chained frame is damage, and refused.
//! - After a failed write or flush nothing more is written: what the disk holds is unknown until
//!   it is read again.
//!
//! Backup: segments other than the last two never change, so they can be copied at any time; copy
//! the rest afterwards. What a copy holds is a valid journal up to some frame.

mod error;
mod frame;
mod read;
mod segment;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

pub use error::JournalError;
pub use frame::Head;
pub use read::{Inspected, Reader, Verified, inspect};
pub(crate) use segment::Medium;

use read::Tail;
use segment::HEADER_BYTES;

/// Default size of a segment: large enough that a switch is rare, small enough to read at once.
pub const SEGMENT_BYTES: u64 = 16 << 20;

/// Wraps the file of a segment for writing; tests wrap it in something that fails.
pub(crate) type MakeMedium = Arc<dyn Fn(File) -> Box<dyn Medium> + Send + Sync>;

/// Plain files.
pub(crate) fn plain_files() -> MakeMedium {
    Arc::new(|file| Box::new(file))
}

/// An open journal: one writer.
pub struct Journal {
    folder: PathBuf,
    /// Held as long as the journal is open.
    _lock: File,
    segment_bytes: u64,
    make_medium: MakeMedium,
    medium: Box<dyn Medium>,
    /// Size of the segment being written: an older one may differ from `segment_bytes`.
    active_bytes: u64,
    tail: Tail,
    reader: Reader,
    /// Number of segments that exist, with the prepared one.
    segments: u64,
    preparing: Option<JoinHandle<Result<(), JournalError>>>,
    failed: Option<String>,
    buffer: Vec<u8>,
}

impl Inspected {
    /// Makes the journal writable: wipes a torn end, prepares segments.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn start(self, segment_bytes: u64) -> Result<Journal, JournalError> {
        self.start_on(segment_bytes, plain_files())
    }

    pub(crate) fn start_on(self, segment_bytes: u64, make_medium: MakeMedium) -> Result<Journal, JournalError> {
        segment::remove_unfinished(&self.folder)?;
        let mut segments = self.segments;
        if segments == 0 {
            segment::prepare(&self.folder, 1, segment_bytes)?;
            segments = 1;
        }
        if let Some(torn) = self.torn {
            wipe(&self.folder, torn)?;
        }
        let tail = self.reader.tail();
        let file = segment::open(&self.folder, tail.segment)?;
        let path = segment::path(&self.folder, tail.segment);
        let active_bytes = file.metadata().map_err(JournalError::io("examine", &path))?.len();
        let mut journal = Journal {
            folder: self.folder,
            _lock: self.lock,
            segment_bytes,
            medium: make_medium(file),
            make_medium,
            active_bytes,
            tail,
            reader: self.reader,
            segments,
            preparing: None,
            failed: None,
            buffer: Vec::new(),
        };
        journal.prepare_next();
        Ok(journal)
    }
}

fn wipe(folder: &Path, torn: read::Torn) -> Result<(), JournalError> {
    let path = segment::path(folder, torn.segment);
    tracing::warn!(
        file = %path.display(), from = torn.from, until = torn.until,
        "the last write never finished and was never acknowledged; wiping it"
    );
    let file = segment::open(folder, torn.segment)?;
    let zeros = vec![0; torn.until.saturating_sub(torn.from)];
    file.write_all_at(&zeros, torn.from as u64)
        .and_then(|()| file.sync_data())
        .map_err(JournalError::io("wipe the torn end of", &path))
}

impl Journal {
    /// Reads what is durable, while this goes on writing.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// The last durable frame.
    pub fn head(&self) -> Head {
        self.tail.head
    }

    /// The largest payload that a segment of this size can hold, bytes.
    pub fn payload_limit_bytes(segment_bytes: u64) -> u64 {
        segment_bytes.saturating_sub(HEADER_BYTES as u64 + frame::size(0) as u64)
    }

    /// Appends one frame and flushes it. After `Ok` it is durable.
    ///
    /// # Errors
    /// [`JournalError::TooLarge`]: nothing was written. [`JournalError::Io`]: it is unknown whether the
    /// frame is durable, and every later call fails with [`JournalError::Stopped`].
    pub fn append(&mut self, payload: &[u8]) -> Result<Head, JournalError> {
        if let Some(reason) = &self.failed {
            return Err(JournalError::Stopped(reason.clone()));
        }
        let bytes = payload.len() as u64;
        let limit_bytes = Self::payload_limit_bytes(self.segment_bytes);
        if bytes > limit_bytes {
            return Err(JournalError::TooLarge { bytes, limit_bytes });
        }
        let written = self.write(payload);
        if let Err(error) = &written {
            self.failed = Some(error.to_string());
        }
        written
    }

    fn write(&mut self, payload: &[u8]) -> Result<Head, JournalError> {
        let need_bytes = frame::size(payload.len()) as u64;
        if self.tail.end as u64 + need_bytes > self.active_bytes {
            self.switch(need_bytes)?;
        }
        let offset = self.tail.end as u64;
        let head = frame::encode(self.tail.segment, offset, &self.tail.head, payload, &mut self.buffer);
        let path = || segment::path(&self.folder, self.tail.segment);
        if let Err(source) = self.medium.write_at(&self.buffer, offset) {
            return Err(JournalError::io("write a frame to", &path())(source));
        }
        if let Err(source) = self.medium.sync() {
            return Err(JournalError::io("flush", &path())(source));
        }
        self.tail.end += self.buffer.len();
        self.tail.head = head;
        self.reader.advance(self.tail);
        self.prepare_next();
        Ok(head)
    }

    /// Goes on in the next segment, which must have room for a frame of this size.
    fn switch(&mut self, need_bytes: u64) -> Result<(), JournalError> {
        let next = self.tail.segment + 1;
        let path = segment::path(&self.folder, next);
        let prepared = match self.preparing.take() {
            Some(thread) => thread.join().is_ok_and(|result| result.is_ok()),
            None => self.segments >= next,
        };
        // It may have been prepared under another segment size.
        let fits = || std::fs::metadata(&path).is_ok_and(|meta| meta.len() >= HEADER_BYTES as u64 + need_bytes);
        if !prepared || !fits() {
            // Where the preparation failed there may be room now; if not, this says why.
            segment::prepare(&self.folder, next, self.segment_bytes)?;
        }
        let file = segment::open(&self.folder, next)?;
        self.active_bytes = file.metadata().map_err(JournalError::io("examine", &path))?.len();
        self.medium = (self.make_medium)(file);
        self.segments = self.segments.max(next);
        self.tail = Tail { segment: next, end: HEADER_BYTES, head: self.tail.head };
        Ok(())
    }

    /// Starts the preparation of the segment after the current one, once that holds a frame (an
    /// empty segment before a prepared one would look like a loss).
    fn prepare_next(&mut self) {
        let holds_frames = self.tail.end > HEADER_BYTES;
        if self.preparing.is_some() || self.segments > self.tail.segment || !holds_frames {
            return;
        }
        let (folder, next, bytes) = (self.folder.clone(), self.tail.segment + 1, self.segment_bytes);
        let thread = std::thread::Builder::new()
            .name("journal-prepare".into())
            .spawn(move || segment::prepare(&folder, next, bytes));
        // Without a thread the switch prepares it itself.
        self.preparing = thread.ok();
        if self.preparing.is_some() {
            self.segments = next;
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Some(thread) = self.preparing.take() {
            // The lock must outlive the thread; its result no longer matters.
            let _ = thread.join();
        }
    }
}
