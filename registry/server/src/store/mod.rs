//! Content on the local disk, addressed by its digest.
//!
//! ```text
//! blobs/<algorithm>/<first two digits>/<digits>      every content once, manifests too
//! repositories/<name>/_blobs/<digest>                this repository holds that content
//! repositories/<name>/_manifests/<digest>            and that manifest (a record of what it names)
//! repositories/<name>/_tags/<tag>                    the digest it stands for
//! repositories/<name>/_referrers/<subject>/<digest>  manifests about another one
//! uploads/<id>, uploads/<id>.json                    bytes on their way
//! ```
//!
//! A file is there whole or not at all. Content comes before what names it, so a kill at any instant
//! leaves nothing that names missing content; what nothing names is collected later.

mod blobs;
mod collect;
pub mod durable;
mod repositories;
mod uploads;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

pub use blobs::digest_of;
pub use collect::Collected;
pub use repositories::Record;
pub use uploads::{Busy, Upload, UploadId};

use durable::make_folder;

/// The folder of a registry. One process at a time writes to it.
pub struct Store {
    root: PathBuf,
    /// Held for reading while content gets its first name, for writing while unnamed content is removed.
    gate: RwLock<()>,
    _lock: File,
}

impl Store {
    /// Opens a folder, or makes it.
    ///
    /// # Errors
    /// When it cannot be written, or another process serves it.
    pub fn open(root: &Path) -> io::Result<Self> {
        for part in ["blobs", "repositories", "uploads", "temporary"] {
            make_folder(&root.join(part))?;
        }
        let lock = File::create(root.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    format!("{} is in use by another process; stop it, or use another folder", root.display()),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let store = Self { root: root.to_owned(), gate: RwLock::new(()), _lock: lock };
        store.clear_temporary()?;
        Ok(store)
    }

    /// What a killed process left half written has no name yet.
    fn clear_temporary(&self) -> io::Result<()> {
        for name in durable::names(&self.temporary())? {
            std::fs::remove_file(self.temporary().join(name))?;
        }
        Ok(())
    }

    fn temporary(&self) -> PathBuf {
        self.root.join("temporary")
    }
}
