//! The store of one machine: journal, view, and the thread that commits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use ports::{CommitError, Receipt};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::committer::{Committer, Limits, Request};
use crate::desk::Desk;
use crate::journal::{self, Journal, JournalError, MakeMedium, Reader, SEGMENT_BYTES, Verified};
use crate::layers::Layers;
use crate::prepare::Prepared;
use crate::store::{Engine, Store, sealed};
use crate::warm::warm_up;

/// Default memory of the view's cache: holds the rows of a thousand flows in motion; the system's page cache
/// serves the rest. Four times as much was no faster, and cost 40 MiB (measured).
pub const VIEW_CACHE_BYTES: u64 = 16 << 20;
/// Default of [`Options::settle_bytes`]: some dozen flows in motion, whose rows then meet in memory,
/// and milliseconds to catch up with after a crash.
const SETTLE_BYTES: usize = 1 << 20;
/// Smallest segment: a commit must fit, even in tests.
const SEGMENT_MIN_BYTES: u64 = 4 << 10;
/// Commits that may wait. More would only wait longer: callers wait at the door instead.
const QUEUE_COMMITS: usize = 1024;
/// Bytes of encoded commits that may wait, so that large ones cannot fill the memory.
const QUEUE_BYTES: usize = 64 << 20;
/// Added to a commit's bytes in the queue for its preconditions and bookkeeping.
const REQUEST_BYTES: u64 = 512;

/// How to open an [`EmbeddedStore`].
#[derive(Debug, Clone)]
pub struct Options {
    /// Size of new journal segments, bytes.
    pub segment_bytes: u64,
    /// Memory for the view's cache, bytes.
    pub view_cache_bytes: u64,
    /// Bytes of recent rows kept in memory until they are written to the view, at most three times
    /// as many for a moment.
    pub settle_bytes: usize,
    /// Open although the journal ends before what the view has seen ([`OpenError::LostEnd`]): the
    /// commits after the journal's end are given up.
    pub accept_lost_end: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: SEGMENT_BYTES,
            view_cache_bytes: VIEW_CACHE_BYTES,
            settle_bytes: SETTLE_BYTES,
            accept_lost_end: false,
        }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The view has seen frames that the journal no longer holds. They were acknowledged.
    #[error(
        "the journal ends at frame {journal}, but {folder} has seen frame {view}: the journal lost its end, or an old \
         copy was put back. Put the newest journal back from a backup; or, to give the later commits up for good, open \
         once with accept_lost_end"
    )]
    LostEnd {
        /// Where the journal ends.
        journal: u64,
        /// Up to where the view goes.
        view: u64,
        /// The view.
        folder: PathBuf,
    },
    /// A whole frame that this version cannot read.
    #[error(
        "frame {frame} of the journal is of a format this version does not know: open it with the version that wrote it, or a newer one"
    )]
    Format {
        /// Its number.
        frame: u64,
    },
    /// The view cannot be built.
    #[error(
        "the view {folder} cannot be built: {reason}. The journal is unharmed: make room or mend the disk, then start again"
    )]
    View {
        /// Its folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// An option makes no sense.
    #[error("segments of {bytes} bytes are too small: {min_bytes} at least")]
    SegmentTooSmall {
        /// What was asked.
        bytes: u64,
        /// The least.
        min_bytes: u64,
    },
    /// No thread could be started.
    #[error("cannot start a thread of the store: {0}")]
    Thread(#[source] std::io::Error),
}

impl OpenError {
    pub(crate) fn view(folder: &Path, reason: impl ToString) -> Self {
        Self::View { folder: folder.to_path_buf(), reason: reason.to_string() }
    }
}

/// A durable [`ports::Ledger`] in a folder. Dropping it ends the committing thread, after the
/// commits that were queued.
pub type EmbeddedStore = Store<Embedded>;

/// Commits through the journal.
pub struct Embedded {
    /// `None` once dropping began.
    queue: Option<mpsc::Sender<Request>>,
    room: Arc<Semaphore>,
    limits: Limits,
    reader: Reader,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedStore {
    /// Opens the store in a folder, created when absent: locks it, examines the journal's end,
    /// catches up the view (or builds it again), and starts the committing thread. Blocks for as
    /// long as that takes.
    ///
    /// # Errors
    /// [`OpenError`]. Nothing that was durable has been changed.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        Self::open_on(path.as_ref(), &options, journal::plain_files())
    }

    pub(crate) fn open_on(root: &Path, options: &Options, make_medium: MakeMedium) -> Result<Self, OpenError> {
        if options.segment_bytes < SEGMENT_MIN_BYTES {
            return Err(OpenError::SegmentTooSmall { bytes: options.segment_bytes, min_bytes: SEGMENT_MIN_BYTES });
        }
        let inspected = journal::inspect(&root.join("journal"))?;
        // The view is asked before the journal's torn end is wiped: it may know better.
        let view = warm_up(root, &inspected.reader(), options)?;
        let journal = inspected.start_on(options.segment_bytes, make_medium)?;
        let view = Layers::over(view, options.settle_bytes).map_err(OpenError::Thread)?;
        let desk = Desk::new(view).map_err(|error| OpenError::view(root, error))?;
        let desk = Arc::new(desk);
        let limits = Limits::of_segment(options.segment_bytes);
        let engine = Embedded::start(journal, desk.clone(), limits)?;
        Ok(Self { engine, desk })
    }

    /// Reads the whole journal from the disk and recomputes its chain, while commits go on.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] at the first wrong place; [`JournalError::Io`].
    pub fn verify(&self) -> Result<Verified, JournalError> {
        self.engine.reader.verify()
    }

    /// The last durable frame. Its hash, kept elsewhere, proves that the past was not rewritten.
    pub fn journal_head(&self) -> journal::Head {
        self.engine.reader.head()
    }
}

impl Embedded {
    fn start(journal: Journal, desk: Arc<Desk<Layers>>, limits: Limits) -> Result<Self, OpenError> {
        let reader = journal.reader();
        let (queue, waiting) = mpsc::channel(QUEUE_COMMITS);
        let committer = Committer::new(journal, desk, limits);
        let thread = std::thread::Builder::new()
            .name("committer".into())
            .spawn(move || committer.run(waiting))
            .map_err(OpenError::Thread)?;
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        Ok(Self { queue: Some(queue), room, limits, reader, thread: Some(thread) })
    }
}

#[async_trait]
#[allow(private_interfaces)]
impl sealed::Commits for Embedded {
    type View = Layers;

    fn limit_bytes(&self) -> u64 {
        self.limits.commit_bytes
    }

    async fn commit(&self, desk: &Arc<Desk<Layers>>, commit: Prepared) -> Result<Receipt, CommitError> {
        let gone = || {
            // Keeps an earlier reason; without one the thread ended by a fault of its own.
            desk.stop("the committing thread has ended unexpectedly");
            CommitError::Stopped(desk.stopped().borrow().clone().unwrap_or_default())
        };
        let permits = u32::try_from(commit.bytes + REQUEST_BYTES).unwrap_or(u32::MAX);
        let room = self.room.clone().acquire_many_owned(permits).await.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Request { commit, reply, _room: room }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Engine for Embedded {}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it was printed already, and everything it did not acknowledge is open.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
