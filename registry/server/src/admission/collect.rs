//! Removes what came with a refused version, and what was pushed for a version that never came.

use std::collections::HashSet;
use std::io;

use quoin_package::PluginName;

use super::Candidate;
use crate::digest::Digest;
use crate::registry::Registry;
use crate::store::{Collected, Record};

/// Removes a refused version's content, its signatures, and nothing that another version names.
pub fn discard(registry: &Registry, candidate: &Candidate) -> io::Result<()> {
    let (store, repository) = (&registry.store, &candidate.repository);
    let subject = &candidate.record.descriptor.digest;
    let mut gone = candidate.record.names.clone();
    gone.push(subject.clone());
    for descriptor in store.referrers(repository, subject)? {
        if let Some(record) = store.record(repository, &descriptor.digest)? {
            gone.extend(record.names);
        }
        store.delete_manifest(repository, &descriptor.digest)?;
        gone.push(descriptor.digest);
    }
    let kept: HashSet<Digest> = store.records(repository)?.into_iter().flat_map(|record| record.names).collect();
    gone.retain(|digest| !kept.contains(digest));
    for digest in &gone {
        store.unlink(repository, digest)?;
    }
    store.sweep(&gone).map(|_| ())
}

/// Removes manifests of plugins' repositories that no version in the log needs, then what nothing names.
///
/// # Errors
/// When the disk fails.
pub fn collect(registry: &Registry) -> io::Result<Collected> {
    let (store, grace) = (&registry.store, registry.settings.grace);
    for repository in store.repositories()? {
        let Some(plugin) = PluginName::of_repository(repository.as_str()) else { continue };
        let old = store.records_older(&repository, grace)?;
        // Read after the list: what is in the list is either in the log by now, or was left for `grace`.
        let index = registry.index()?;
        let published =
            |digest: &Digest| index.plugin(&plugin).is_some_and(|plugin| plugin.by_manifest(digest).is_some());
        let orphan = |record: &&Record| !published(record.subject.as_ref().unwrap_or(&record.descriptor.digest));
        for record in old.iter().filter(orphan) {
            store.delete_manifest(&repository, &record.descriptor.digest)?;
        }
    }
    store.collect(grace)
}
