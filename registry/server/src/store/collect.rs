//! Removes what nothing names: content without a repository, content that no manifest asked for in
//! time, uploads that nobody ended.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use super::{Store, durable};
use crate::digest::{Algorithm, Digest};
use crate::name::Repository;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Collected {
    /// Uploads that nobody ended.
    pub uploads: u64,
    /// Places in repositories of content that no manifest names.
    pub links: u64,
    /// Contents.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Removes what nothing names and is older than `grace`: clients push content first and the
    /// manifest that names it last.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn collect(&self, grace: Duration) -> io::Result<Collected> {
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut collected = Collected::default();
        self.collect_uploads(grace, &mut collected)?;
        let mut live = HashSet::new();
        for repository in self.repositories()? {
            self.collect_links(&repository, grace, &mut live, &mut collected)?;
        }
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let root = self.root.join("blobs").join(algorithm.as_str());
            for first in durable::names(&root)? {
                for hex in durable::names(&root.join(&first))? {
                    let digest: Option<Digest> = format!("{}:{hex}", algorithm.as_str()).parse().ok();
                    if digest.is_none_or(|digest| !live.contains(&digest)) {
                        remove_blob(&root.join(&first).join(&hex), &mut collected)?;
                    }
                }
            }
        }
        Ok(collected)
    }

    /// Removes these contents at once where no repository holds them.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sweep(&self, digests: &[Digest]) -> io::Result<Collected> {
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut collected = Collected::default();
        let repositories = self.repositories()?;
        for digest in digests {
            let mut held = false;
            for repository in &repositories {
                held =
                    held || self.blob_link(repository, digest).is_file() || self.record(repository, digest)?.is_some();
            }
            let path = self.blob_path(digest);
            if !held && path.is_file() {
                remove_blob(&path, &mut collected)?;
            }
        }
        Ok(collected)
    }

    /// Records of a repository that were written before `grace`.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn records_older(&self, repository: &Repository, grace: Duration) -> io::Result<Vec<super::Record>> {
        let folder = self.folder(repository).join("_manifests");
        let mut old = Vec::new();
        for record in self.records(repository)? {
            if is_older(&folder.join(record.descriptor.digest.file_name()), grace)? {
                old.push(record);
            }
        }
        Ok(old)
    }

    fn collect_uploads(&self, grace: Duration, collected: &mut Collected) -> io::Result<()> {
        let folder = self.root.join("uploads");
        for name in durable::names(&folder)? {
            let path = folder.join(&name);
            if is_older(&path, grace)? {
                durable::remove(&path)?;
                collected.uploads += u64::from(!name.ends_with(".json"));
            }
        }
        Ok(())
    }

    fn collect_links(
        &self,
        repository: &Repository,
        grace: Duration,
        live: &mut HashSet<Digest>,
        collected: &mut Collected,
    ) -> io::Result<()> {
        let mut named = HashSet::new();
        for record in self.records(repository)? {
            live.insert(record.descriptor.digest);
            named.extend(record.names);
        }
        let folder = self.folder(repository).join("_blobs");
        for name in durable::names(&folder)? {
            let path = folder.join(&name);
            let Some(digest) = Digest::of_file_name(&name) else { continue };
            if named.contains(&digest) || !is_older(&path, grace)? {
                live.insert(digest);
            } else {
                durable::remove(&path)?;
                collected.links += 1;
            }
        }
        Ok(())
    }

    /// Reads all content again and names what is not what its name says, one line each.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn check(&self) -> io::Result<Vec<String>> {
        let mut wrong = Vec::new();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let root = self.root.join("blobs").join(algorithm.as_str());
            for first in durable::names(&root)? {
                for hex in durable::names(&root.join(&first))? {
                    let found = super::blobs::digest_of(&root.join(&first).join(&hex), algorithm)?;
                    if found.hex() != hex {
                        wrong.push(format!("the content {}:{hex} is damaged: it is {found}", algorithm.as_str()));
                    }
                }
            }
        }
        for repository in self.repositories()? {
            self.check_repository(&repository, &mut wrong)?;
        }
        Ok(wrong)
    }

    fn check_repository(&self, repository: &Repository, wrong: &mut Vec<String>) -> io::Result<()> {
        for record in self.records(repository)? {
            if !self.blob_path(&record.descriptor.digest).is_file() {
                wrong.push(format!("{repository}: the manifest {} is missing", record.descriptor.digest));
            }
        }
        for name in self.tags(repository)? {
            let tagged = crate::name::Tag::parse(&name).map(|tag| self.tagged(repository, &tag)).transpose()?.flatten();
            let there = tagged.as_ref().map(|digest| self.record(repository, digest)).transpose()?.flatten();
            if there.is_none() {
                wrong.push(format!("{repository}: the tag {name} stands for nothing"));
            }
        }
        for name in durable::names(&self.folder(repository).join("_blobs"))? {
            let there = Digest::of_file_name(&name).is_some_and(|digest| self.blob_path(&digest).is_file());
            if !there {
                wrong.push(format!("{repository}: the content {name} is missing"));
            }
        }
        Ok(())
    }
}

fn is_older(path: &Path, grace: Duration) -> io::Result<bool> {
    let modified = fs::metadata(path)?.modified()?;
    Ok(SystemTime::now().duration_since(modified).is_ok_and(|age| age >= grace))
}

fn remove_blob(path: &Path, collected: &mut Collected) -> io::Result<()> {
    collected.bytes += fs::metadata(path)?.len();
    collected.blobs += 1;
    durable::remove(path).map(|_| ())
}
