//! What can be wrong with a journal, where, and how to mend it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a journal cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has the journal open.
    #[error("{path} is locked: another process uses this store; stop it first, or choose another folder")]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Bytes that were durable have changed. Nothing is repaired by guessing.
    #[error(
        "{path} is damaged at byte {offset} (after frame {after}): {reason}. Nothing was changed. \
         Put this file back from a backup of the journal folder, then start again"
    )]
    Damaged {
        /// The segment file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// Number of the last whole frame before it; 0 when unknown.
        after: u64,
        /// What was found.
        reason: &'static str,
    },
    /// A segment between others is not there.
    #[error("{path} is missing, but later segments exist. Put it back from a backup of the journal folder")]
    Missing {
        /// The file that should be there.
        path: PathBuf,
    },
    /// More than one frame can hold.
    #[error("a frame of {bytes} bytes is over the limit of {limit_bytes}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// An earlier write or flush failed, so what the disk holds is unknown until it is read again.
    #[error("the journal has stopped after an earlier failure: {0}")]
    Stopped(String),
}

impl JournalError {
    /// Names the deed and the file of an I/O error.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { doing, path, source }
    }
}
