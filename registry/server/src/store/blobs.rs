//! Content and which repository holds it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::{Store, durable};
use crate::digest::{Digest, Hasher};
use crate::name::Repository;

/// Bytes read at once while hashing.
const PIECE_BYTES: usize = 256 << 10;

impl Store {
    /// Where content lies.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        let (first, hex) = (digest.hex().get(..2).unwrap_or_default(), digest.hex());
        self.root.join("blobs").join(digest.algorithm().as_str()).join(first).join(hex)
    }

    pub(super) fn blob_link(&self, repository: &Repository, digest: &Digest) -> PathBuf {
        self.folder(repository).join("_blobs").join(digest.file_name())
    }

    /// The file and size of content that a repository holds.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn blob(&self, repository: &Repository, digest: &Digest) -> io::Result<Option<(PathBuf, u64)>> {
        let named = self.blob_link(repository, digest).is_file() || self.record(repository, digest)?.is_some();
        if !named {
            return Ok(None);
        }
        let path = self.blob_path(digest);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some((path, metadata.len()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The bytes of content that a repository holds.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn blob_bytes(&self, repository: &Repository, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        match self.blob(repository, digest)? {
            Some((path, _)) => durable::read(&path),
            None => Ok(None),
        }
    }

    /// Takes a flushed file in as content of a repository. The caller has checked its digest.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn admit(&self, repository: &Repository, digest: &Digest, file: &Path) -> io::Result<()> {
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let path = self.blob_path(digest);
        if path.is_file() {
            fs::remove_file(file)?;
        } else {
            durable::rename(file, &path)?;
        }
        self.link(repository, digest)
    }

    /// Lets a repository hold content that `from` holds, or any repository when it is not given; whether it could.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn mount(&self, repository: &Repository, digest: &Digest, from: Option<&Repository>) -> io::Result<bool> {
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let there = match from {
            Some(from) => self.blob(from, digest)?.is_some(),
            None => self.blob_path(digest).is_file(),
        };
        if there {
            self.link(repository, digest)?;
        }
        Ok(there)
    }

    fn link(&self, repository: &Repository, digest: &Digest) -> io::Result<()> {
        durable::write(&self.temporary(), &self.blob_link(repository, digest), b"")
    }

    /// Takes content away from a repository; whether it was there. The bytes go when nothing names them.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn unlink(&self, repository: &Repository, digest: &Digest) -> io::Result<bool> {
        durable::remove(&self.blob_link(repository, digest))
    }
}

/// The digest of a file's bytes.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(path: &Path, algorithm: crate::digest::Algorithm) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::new(algorithm);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&piece[..read]),
        }
    }
}
