//! The way of a version into the registry. Judged in this order, cheapest first: layout, place,
//! size and rate, the component itself (in a worker), what it says against where it was pushed, what
//! changed since the version before, signature, certificate. A refusal is one sentence with what to
//! do; it is logged, and what came with it is removed. The line in the log is what makes a version
//! exist: content without it is collected.

mod collect;
mod examine;
mod layout;
mod rules;
mod seal;

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use jiff::Timestamp;
use quoin_package::{Manifest as Connector, PluginName};
use semver::Version;

pub(crate) use collect::collect;
pub use examine::{Examination, Examiner, Verdict, Worker};

use crate::error::{Code, Refusal};
use crate::http::on_disk;
use crate::log::{Event, Evidence, Index, Published};
use crate::manifest::Manifest;
use crate::name::{Repository, Tag};
use crate::registry::Registry;
use crate::store::Record;

/// Versions that may be pushed into one namespace in an hour, admitted or not: each costs a compilation.
const ATTEMPTS_PER_HOUR_MAX: usize = 120;

/// Characters of a refusal that are logged: the whole sentence, but not a component's whole stderr.
const LOGGED_REASON_CHARS: usize = 400;

/// Something pushed into a plugin's repository.
pub struct Candidate {
    /// Whose repository.
    pub plugin: PluginName,
    /// The repository.
    pub repository: Repository,
    /// What was pushed.
    pub manifest: Manifest,
    /// How it is recorded.
    pub record: Record,
    /// Its exact bytes.
    pub bytes: Bytes,
    /// Who pushed it.
    pub by: String,
}

/// Admits a version under its tag, or refuses it and removes what came with it.
///
/// # Errors
/// What is wrong and what to do.
pub async fn admit(registry: &Arc<Registry>, candidate: Candidate, tag: &Tag) -> Result<(), Refusal> {
    let turn = registry.turn(&candidate.plugin);
    let _turn = turn.lock().await;
    let judged = match is_repeat(&*registry.index()?, &candidate, tag) {
        Ok(true) => return Ok(()),
        Ok(false) => judge(registry, &candidate, tag).await,
        Err(refusal) => Err(refusal),
    };
    let registry = Arc::clone(registry);
    let tag = tag.clone();
    on_disk(move || match judged {
        Ok(published) => publish(&registry, &candidate, published),
        Err(refusal) => {
            refuse(&registry, &candidate, &tag, &refusal)?;
            Err(refusal)
        }
    })
    .await
}

/// Whether this very manifest is published under this tag already; refused when another one is.
fn is_repeat(index: &Index, candidate: &Candidate, tag: &Tag) -> Result<bool, Refusal> {
    let plugin = index.plugin(&candidate.plugin);
    let known = Version::parse(tag.as_str()).ok().and_then(|version| plugin?.releases.get(&version));
    let Some(known) = known else { return Ok(false) };
    if known.published.manifest == candidate.record.descriptor.digest {
        return Ok(true);
    }
    let same = candidate.manifest.layers.first().is_some_and(|layer| layer.digest == known.published.component);
    let mend = if same {
        "the same component is published under it already, so there is nothing to do"
    } else {
        "a version never changes once it is out: raise `version` in connector.toml, rebuild, publish again"
    };
    Err(Refusal::new(
        StatusCode::CONFLICT,
        Code::Denied,
        format!("{} {tag} was published on {}; {mend}", candidate.plugin, known.at.strftime("%Y-%m-%d")),
    ))
}

async fn judge(registry: &Arc<Registry>, candidate: &Candidate, tag: &Tag) -> Result<Published, Refusal> {
    let index = registry.index()?;
    rate(&index, candidate)?;
    let version = rules::version(tag)?;
    let component = layout::component(&candidate.manifest, &candidate.plugin)?;
    crate::http::present(registry, &candidate.repository, &candidate.manifest)?;
    room(registry, &index, candidate, component.size)?;
    let sealed = seal::signature(registry, &index, candidate, &version)?;
    let certificate = seal::certificate(registry, &index, candidate)?;
    let path = registry.store.blob_path(&component.digest);
    let examined = registry.examiner.examine(&path).await.map_err(|reason| {
        Refusal::invalid(Code::ManifestInvalid, format!("{} {tag} is refused: {reason}", candidate.plugin))
    })?;
    let connector = Connector::parse(&examined.connector)
        .map_err(|error| Refusal::invalid(Code::ManifestInvalid, error.to_string()))?;
    rules::belongs(&connector, candidate, &version)?;
    let before = index.plugin(&candidate.plugin).and_then(|plugin| plugin.before(&version));
    let changes = rules::follows(before, &connector, &version)?;
    Ok(Published {
        plugin: candidate.plugin.clone(),
        version,
        manifest: candidate.record.descriptor.digest.clone(),
        component: component.digest.clone(),
        component_bytes: component.size,
        signed_by: sealed.0,
        signature: sealed.1,
        certificate,
        evidence: Evidence {
            contract: examined.contract,
            sdk: examined.sdk,
            powers: examined.powers,
            imports: examined.imports,
            compared_with: before.map(|release| release.published.version.clone()),
            changes,
        },
        connector: examined.connector,
    })
}

/// Whether the namespace did not push too often.
fn rate(index: &Index, candidate: &Candidate) -> Result<(), Refusal> {
    let namespace = candidate.plugin.namespace();
    let attempts = index.namespaces.get(namespace).map_or(0, |known| known.attempts_last_hour(Timestamp::now()));
    if attempts < ATTEMPTS_PER_HOUR_MAX {
        return Ok(());
    }
    let message = format!(
        "'{namespace}' pushed {attempts} versions in the last hour; wait, and check locally with `quoin publish --check`"
    );
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::TooManyRequests, message);
    Err(refusal.with_header("retry-after", "3600"))
}

/// Whether the namespace has room.
fn room(registry: &Registry, index: &Index, candidate: &Candidate, bytes: u64) -> Result<(), Refusal> {
    let namespace = candidate.plugin.namespace();
    let Some(known) = index.namespaces.get(namespace) else {
        return Err(Refusal::denied(format!(
            "there is no namespace '{namespace}'; an administrator makes one with `quoin registry namespace new {namespace}`"
        )));
    };
    let limit = registry.settings.component_bytes_max;
    if bytes > limit {
        let message = format!(
            "the component has {bytes} bytes; at most {limit} are taken; build it in release, or leave engine features out"
        );
        return Err(Refusal::too_large(Code::SizeInvalid, message));
    }
    if known.used_bytes.saturating_add(bytes) > known.quota_bytes {
        return Err(Refusal::denied(format!(
            "'{namespace}' has {} of {} bytes; this version has {bytes}. An administrator gives more with `quoin registry namespace new {namespace} --quota-mib …`",
            known.used_bytes, known.quota_bytes
        )));
    }
    Ok(())
}

/// The version exists from the moment its line is in the log.
fn publish(registry: &Registry, candidate: &Candidate, published: Published) -> Result<(), Refusal> {
    registry.store.put_manifest(&candidate.repository, &candidate.record, &candidate.bytes)?;
    registry.record(&candidate.by, |index| {
        let plugin = index.plugin(&published.plugin);
        if plugin.is_some_and(|plugin| plugin.releases.contains_key(&published.version)) {
            let message = format!("{} {} was just published by another push", published.plugin, published.version);
            return Err(Refusal::new(StatusCode::CONFLICT, Code::Denied, message));
        }
        Ok(Event::VersionPublished(Box::new(published)))
    })
}

fn refuse(registry: &Registry, candidate: &Candidate, tag: &Tag, refusal: &Refusal) -> Result<(), Refusal> {
    let known = registry.index()?.namespaces.contains_key(candidate.plugin.namespace());
    // Whoever pushes too often must not be able to fill the log either.
    if known && refusal.status != StatusCode::TOO_MANY_REQUESTS {
        let event = Event::VersionRefused {
            plugin: candidate.plugin.to_string(),
            version: tag.to_string(),
            manifest: candidate.record.descriptor.digest.clone(),
            reason: refusal.message.chars().take(LOGGED_REASON_CHARS).collect(),
        };
        registry.record(&candidate.by, |_| Ok::<_, Refusal>(event))?;
    }
    collect::discard(registry, candidate).map_err(Refusal::from)
}

/// Takes in something about a version: a signature, a certificate, a bill of materials. It may come before the version.
///
/// # Errors
/// What is wrong and what to do.
pub async fn attach(registry: &Arc<Registry>, candidate: Candidate) -> Result<(), Refusal> {
    let registry = Arc::clone(registry);
    on_disk(move || {
        crate::http::present(&registry, &candidate.repository, &candidate.manifest)?;
        seal::attachable(&registry, &candidate)?;
        registry.store.put_manifest(&candidate.repository, &candidate.record, &candidate.bytes)?;
        Ok(())
    })
    .await
}
