//! What a version must be by its own words: itself, under its own number, and no surprise for those
//! who run the version before.

use quoin_package::Manifest as Connector;
use quoin_package::publication::{Changes, changes, publishable};
use semver::Version;

use super::Candidate;
use crate::error::{Code, Refusal};
use crate::log::Release;
use crate::name::Tag;

fn refuse(message: String) -> Refusal {
    Refusal::invalid(Code::ManifestInvalid, message)
}

/// The version that a tag says.
///
/// # Errors
/// When it is no semantic version; moving tags are made by the registry.
pub fn version(tag: &Tag) -> Result<Version, Refusal> {
    Version::parse(tag.as_str()).map_err(|error| {
        refuse(format!(
            "the tag '{tag}' is no version ({error}); push under the number in connector.toml, such as 1.4.0. Tags such as latest, 1 and 1.4 are moved by the registry"
        ))
    })
}

/// Whether the component says it is what it is pushed as.
///
/// # Errors
/// Both sides of the difference.
pub fn belongs(connector: &Connector, candidate: &Candidate, version: &Version) -> Result<(), Refusal> {
    let plugin = &candidate.plugin;
    if connector.id != plugin.name() {
        return Err(refuse(format!(
            "connector.toml says id = \"{}\", but it is pushed as {plugin}; push it as {}/{}, or change the id and rebuild",
            connector.id,
            plugin.namespace(),
            connector.id
        )));
    }
    if connector.version != version.to_string() {
        return Err(refuse(format!(
            "connector.toml says version = \"{}\", but it is pushed as {version}; push it as {}, or change the version and rebuild",
            connector.version, connector.version
        )));
    }
    publishable(connector).map_err(refuse)
}

/// What changed since the version before; whether the number says so.
///
/// # Errors
/// When something breaks and the number promises that nothing does.
pub fn follows(before: Option<&Release>, connector: &Connector, version: &Version) -> Result<Changes, Refusal> {
    let Some((before, old)) = before.and_then(|release| Some((release, release.manifest()?))) else {
        return Ok(Changes::default());
    };
    let found = changes(&old, connector);
    let was = &before.published.version;
    let breaking_allowed = version.major > was.major || (version.major == 0 && version.minor > was.minor);
    if !found.breaking.is_empty() && !breaking_allowed {
        let next = if was.major == 0 { format!("0.{}.0", was.minor + 1) } else { format!("{}.0.0", was.major + 1) };
        return Err(refuse(format!(
            "{version} breaks those who run {was}: it {}. Undo that, or publish it as {next}",
            found.breaking.join("; it ")
        )));
    }
    let widening_allowed = breaking_allowed || version.minor > was.minor || version.major == 0;
    if !found.wider.is_empty() && !widening_allowed {
        return Err(refuse(format!(
            "{version} asks for more than {was}: it {}. Operators take a patch unseen, so publish it as {}.{}.0",
            found.wider.join("; it "),
            was.major,
            was.minor + 1
        )));
    }
    Ok(found)
}
