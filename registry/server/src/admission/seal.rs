//! Signatures and certificates: manifests about a version, with a Sigstore bundle as their layer.

use quoin_trust::{BUNDLE_MEDIA_TYPE, Bundle, Certificate, MAX_BUNDLE_BYTES, PublicKey, SubjectDigests, TrustError};
use semver::Version;

use super::{Candidate, layout};
use crate::digest::{Algorithm, Digest};
use crate::error::{Code, Refusal};
use crate::log::Index;
use crate::manifest::Descriptor;
use crate::registry::Registry;

/// What may be attached to a version.
const ATTACHABLE: [&str; 4] =
    [BUNDLE_MEDIA_TYPE, "application/vnd.cyclonedx+json", "application/spdx+json", "application/vnd.in-toto+json"];

/// Attachments of one version: signatures of a few keys, a certificate, bills of materials.
const ATTACHMENTS_MAX: usize = 32;

/// Who signed this version, and the manifest of the signature.
///
/// # Errors
/// When nobody did whose key the namespace has.
pub fn signature(
    registry: &Registry,
    index: &Index,
    candidate: &Candidate,
    version: &Version,
) -> Result<(PublicKey, Digest), Refusal> {
    let namespace = candidate.plugin.namespace();
    let keys = keys(index, namespace);
    if keys.is_empty() {
        return Err(Refusal::denied(format!(
            "the namespace '{namespace}' has no key, so no signature can count; make one with `quoin registry key new`, and have an administrator add it with `quoin registry namespace new {namespace} --key …`"
        )));
    }
    let digests = digests(candidate)?;
    let wanted = quoin_trust::Release { plugin: candidate.plugin.clone(), version: version.to_string() };
    let mut failed = None;
    for (descriptor, bundle) in bundles(registry, candidate)? {
        match bundle.and_then(|bundle| bundle.verify_release(&keys, &wanted, &digests)) {
            Ok(key) => return Ok((key, descriptor.digest)),
            Err(error) => failed = Some(error),
        }
    }
    let why = failed.map_or_else(|| "no signature was pushed before it".to_owned(), |error| error.to_string());
    Err(Refusal::denied(format!(
        "{} {version} is not signed by a key of '{namespace}': {why}; publish with `quoin publish --key FILE`, which signs it",
        candidate.plugin
    )))
}

/// How the conformance suite ended, when a certificate was pushed.
///
/// # Errors
/// When the namespace needs one and there is none, or it tells of failures.
pub fn certificate(registry: &Registry, index: &Index, candidate: &Candidate) -> Result<Option<Certificate>, Refusal> {
    let namespace = candidate.plugin.namespace();
    let (keys, digests) = (keys(index, namespace), digests(candidate)?);
    for (_, bundle) in bundles(registry, candidate)? {
        match bundle.and_then(|bundle| bundle.verify_certificate(&keys, &digests)) {
            Ok((certificate, _)) if certificate.failed > 0 => {
                return Err(Refusal::denied(format!(
                    "the certificate says that {} cases of {} failed; mend the plugin, and attach the report of a run without failures",
                    certificate.failed, certificate.suite
                )));
            }
            Ok((certificate, _)) => return Ok(Some(certificate)),
            // Other statements about the version, its signature among them.
            Err(TrustError::OtherSubject { .. }) => {}
            Err(error) => return Err(Refusal::denied(format!("what is attached cannot be believed: {error}"))),
        }
    }
    let required = index.namespaces.get(namespace).is_some_and(|known| known.certificate_required);
    if required {
        return Err(Refusal::denied(format!(
            "'{namespace}' publishes with a certificate only; attach the report of the conformance suite with `quoin publish --certificate FILE`"
        )));
    }
    Ok(None)
}

/// Whether this may be attached.
///
/// # Errors
/// What may be.
pub fn attachable(registry: &Registry, candidate: &Candidate) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::invalid(Code::ManifestInvalid, message));
    let Some(subject) = &candidate.record.subject else {
        return refuse(format!(
            "a version of {} is pushed under its number, not under its digest; only what is about a version (with a subject) is",
            candidate.plugin
        ));
    };
    let kind = candidate.record.descriptor.artifact_type.as_deref().unwrap_or_default();
    if !ATTACHABLE.contains(&kind) {
        return refuse(format!("'{kind}' is nothing to attach to a plugin; these are: {}", ATTACHABLE.join(", ")));
    }
    let size: u64 = candidate.manifest.layers.iter().map(|layer| layer.size).sum();
    if size > MAX_BUNDLE_BYTES as u64 {
        let message = format!("the attachment has {size} bytes; at most {MAX_BUNDLE_BYTES} are taken");
        return Err(Refusal::too_large(Code::SizeInvalid, message));
    }
    let there = registry.store.referrers(&candidate.repository, subject)?;
    let known = there.iter().any(|descriptor| descriptor.digest == candidate.record.descriptor.digest);
    if !known && there.len() >= ATTACHMENTS_MAX {
        let message = format!("a version has at most {ATTACHMENTS_MAX} attachments, and {subject} has them all");
        return Err(Refusal::denied(message));
    }
    Ok(())
}

fn keys(index: &Index, namespace: &str) -> Vec<PublicKey> {
    index.namespaces.get(namespace).map(|known| known.keys.iter().copied().collect()).unwrap_or_default()
}

/// What a signature must be about.
fn digests(candidate: &Candidate) -> Result<SubjectDigests, Refusal> {
    let component = layout::component(&candidate.manifest, &candidate.plugin)?;
    let manifest = &candidate.record.descriptor.digest;
    if [manifest, &component.digest].iter().any(|digest| digest.algorithm() != Algorithm::Sha256) {
        let message = "plugins are signed by their sha256 digests; push them by those".to_owned();
        return Err(Refusal::invalid(Code::DigestInvalid, message));
    }
    Ok(SubjectDigests { manifest: manifest.hex().to_owned(), component: component.digest.hex().to_owned() })
}

/// A manifest that carries a bundle, and the bundle as far as it could be read.
type Carried = (Descriptor, Result<Bundle, TrustError>);

/// Bundles that were pushed about this manifest.
fn bundles(registry: &Registry, candidate: &Candidate) -> Result<Vec<Carried>, Refusal> {
    let subject = &candidate.record.descriptor.digest;
    let mut found = Vec::new();
    for descriptor in registry.store.referrers(&candidate.repository, subject)? {
        if descriptor.artifact_type.as_deref() != Some(BUNDLE_MEDIA_TYPE) {
            continue;
        }
        let Some(record) = registry.store.record(&candidate.repository, &descriptor.digest)? else { continue };
        // The config is named first, the bundle after it.
        if let Some(layer) = record.names.last()
            && let Some(bytes) = registry.store.blob_bytes(&candidate.repository, layer)?
        {
            found.push((descriptor, Bundle::read(&bytes)));
        }
    }
    Ok(found)
}
