//! Bytes on their way: a file that grows, and a note of whose it is. Both outlive a restart, so an
//! upload goes on where it was.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Store, durable};
use crate::name::Repository;

/// Name of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UploadId(Uuid);

impl UploadId {
    /// Reads one from an address.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl std::fmt::Display for UploadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Serialize, Deserialize)]
struct Note {
    repository: String,
}

/// An upload that this request alone may write to.
pub struct Upload {
    /// Its name.
    pub id: UploadId,
    /// Where its bytes are.
    pub path: PathBuf,
    busy: Arc<Busy>,
}

/// Uploads that a request writes to.
#[derive(Default)]
pub struct Busy(Mutex<HashSet<UploadId>>);

impl Drop for Upload {
    fn drop(&mut self) {
        self.busy.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Upload {
    /// Bytes that are there.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn size(&self) -> io::Result<u64> {
        fs::metadata(&self.path).map(|metadata| metadata.len())
    }
}

impl Store {
    fn upload_path(&self, id: UploadId) -> PathBuf {
        self.root.join("uploads").join(id.to_string())
    }

    /// Begins an upload into a repository.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin_upload(&self, repository: &Repository) -> io::Result<UploadId> {
        let id = UploadId(Uuid::from_bytes(crate::random()));
        let note = Note { repository: repository.to_string() };
        let path = self.upload_path(id);
        File::create(&path)?;
        durable::write(&self.temporary(), &path.with_extension("json"), &serde_json::to_vec(&note)?)?;
        Ok(id)
    }

    /// An upload into this repository; `None` when there is none.
    ///
    /// # Errors
    /// `ResourceBusy` when another request writes to it; else when the disk fails.
    pub fn upload(&self, busy: &Arc<Busy>, repository: &Repository, id: UploadId) -> io::Result<Option<Upload>> {
        let path = self.upload_path(id);
        let Some(note) = durable::read(&path.with_extension("json"))? else { return Ok(None) };
        let note: Note = serde_json::from_slice(&note)?;
        if note.repository != repository.as_str() || !path.is_file() {
            return Ok(None);
        }
        if !busy.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another request writes to this upload"));
        }
        Ok(Some(Upload { id, path, busy: Arc::clone(busy) }))
    }

    /// Ends an upload, whatever of it is left.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn end_upload(&self, upload: &Upload) -> io::Result<()> {
        durable::remove(&upload.path.with_extension("json"))?;
        durable::remove(&upload.path).map(|_| ())
    }
}
