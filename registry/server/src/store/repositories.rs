//! Manifests, tags and referrers of a repository.

use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use super::{Store, durable};
use crate::digest::Digest;
use crate::manifest::Descriptor;
use crate::name::{Repository, Tag};

/// What a repository knows of one of its manifests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// How it is listed among referrers: media type, digest, size, artifact type, annotations.
    pub descriptor: Descriptor,
    /// Content and manifests that it names.
    pub names: Vec<Digest>,
    /// The manifest it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Digest>,
}

impl Store {
    pub(super) fn folder(&self, repository: &Repository) -> PathBuf {
        self.root.join("repositories").join(repository.as_str())
    }

    fn record_path(&self, repository: &Repository, digest: &Digest) -> PathBuf {
        self.folder(repository).join("_manifests").join(digest.file_name())
    }

    fn tag_path(&self, repository: &Repository, tag: &Tag) -> PathBuf {
        self.folder(repository).join("_tags").join(tag.as_str())
    }

    fn referrers_path(&self, repository: &Repository, subject: &Digest) -> PathBuf {
        self.folder(repository).join("_referrers").join(subject.file_name())
    }

    /// Whether anything was ever pushed there.
    pub fn knows(&self, repository: &Repository) -> bool {
        ["_blobs", "_manifests"].iter().any(|part| self.folder(repository).join(part).is_dir())
    }

    /// What is known of a manifest.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn record(&self, repository: &Repository, digest: &Digest) -> io::Result<Option<Record>> {
        let bytes = durable::read(&self.record_path(repository, digest))?;
        bytes.map(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from)).transpose()
    }

    /// Stores a manifest: its bytes, then where it is listed as a referrer, then its record.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn put_manifest(&self, repository: &Repository, record: &Record, bytes: &[u8]) -> io::Result<()> {
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let digest = &record.descriptor.digest;
        let path = self.blob_path(digest);
        if !path.is_file() {
            durable::write(&self.temporary(), &path, bytes)?;
        }
        if let Some(subject) = &record.subject {
            let link = self.referrers_path(repository, subject).join(digest.file_name());
            durable::write(&self.temporary(), &link, b"")?;
        }
        durable::write(&self.temporary(), &self.record_path(repository, digest), &serde_json::to_vec(record)?)
    }

    /// Lets a tag stand for a manifest.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn put_tag(&self, repository: &Repository, tag: &Tag, digest: &Digest) -> io::Result<()> {
        durable::write(&self.temporary(), &self.tag_path(repository, tag), digest.to_string().as_bytes())
    }

    /// What a tag stands for.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn tagged(&self, repository: &Repository, tag: &Tag) -> io::Result<Option<Digest>> {
        let text = durable::read(&self.tag_path(repository, tag))?;
        Ok(text.and_then(|text| String::from_utf8(text).ok()).and_then(|text| text.trim().parse().ok()))
    }

    /// All tags, in the order of their bytes.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn tags(&self, repository: &Repository) -> io::Result<Vec<String>> {
        durable::names(&self.folder(repository).join("_tags"))
    }

    /// Removes a tag; whether it was there.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn delete_tag(&self, repository: &Repository, tag: &Tag) -> io::Result<bool> {
        durable::remove(&self.tag_path(repository, tag))
    }

    /// Removes a manifest with its tags and its place among referrers; whether it was there.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn delete_manifest(&self, repository: &Repository, digest: &Digest) -> io::Result<bool> {
        let Some(record) = self.record(repository, digest)? else { return Ok(false) };
        for name in self.tags(repository)? {
            if let Some(tag) = Tag::parse(&name)
                && self.tagged(repository, &tag)?.as_ref() == Some(digest)
            {
                self.delete_tag(repository, &tag)?;
            }
        }
        if let Some(subject) = &record.subject {
            durable::remove(&self.referrers_path(repository, subject).join(digest.file_name()))?;
        }
        durable::remove(&self.record_path(repository, digest))
    }

    /// Manifests about another one.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn referrers(&self, repository: &Repository, subject: &Digest) -> io::Result<Vec<Descriptor>> {
        let mut found = Vec::new();
        for name in durable::names(&self.referrers_path(repository, subject))? {
            let Some(digest) = Digest::of_file_name(&name) else { continue };
            // A kill between list and record leaves a name without a manifest: it was never acknowledged.
            if let Some(record) = self.record(repository, &digest)? {
                found.push(record.descriptor);
            }
        }
        Ok(found)
    }

    /// Records of all manifests of a repository.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn records(&self, repository: &Repository) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        for name in durable::names(&self.folder(repository).join("_manifests"))? {
            let Some(digest) = Digest::of_file_name(&name) else { continue };
            records.extend(self.record(repository, &digest)?);
        }
        Ok(records)
    }

    /// Every repository.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn repositories(&self) -> io::Result<Vec<Repository>> {
        let mut found = Vec::new();
        let mut open = vec![String::new()];
        while let Some(prefix) = open.pop() {
            for name in durable::names(&self.root.join("repositories").join(&prefix))? {
                if name.starts_with('_') {
                    continue;
                }
                let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                if let Some(repository) = Repository::parse(&path).filter(|repository| self.knows(repository)) {
                    found.push(repository);
                }
                open.push(path);
            }
        }
        found.sort();
        Ok(found)
    }
}
