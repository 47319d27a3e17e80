//! `quoin install`

use anyhow::{Context, bail, ensure};
use quoin_package::publication::changes;
use quoin_package::{Manifest, PluginName};
use quoin_registry::digest::Digest;
use quoin_trust::{BUNDLE_MEDIA_TYPE, Bundle, MAX_BUNDLE_BYTES, Provenance};
use serde_json::json;

use super::arguments::InstallArguments;
use super::client::{Client, Listed, Listing, coordinate};
use super::examine;
use super::installed::Place;
use super::package::{Pulled, Referrers};
use crate::commands::plugins;
use crate::output::{Output, Paint};

/// Largest manifest of a version, bytes.
const MANIFEST_BYTES_MAX: usize = 64 << 10;

/// A version that was pulled and believed.
struct Believed {
    component: Vec<u8>,
    connector: String,
    manifest: Manifest,
    provenance: Provenance,
}

/// Pulls a version, verifies it, and puts it into the plugin folder.
pub async fn install(wanted: &InstallArguments, output: &Output) -> anyhow::Result<()> {
    let (plugin, version) = coordinate(&wanted.plugin)?;
    let place = Place::of(&wanted.place)?;
    let trusted = place.publishers.iter().any(|publisher| publisher.namespace == plugin.namespace());
    ensure!(trusted, "{}", place.how_to_trust(plugin.namespace()));
    let client = Client::new(&wanted.from)?;
    let listing = client.plugin(&plugin).await?.with_context(|| {
        format!("the registry at {} has no plugin {plugin}; look for it with `quoin search`", client.url())
    })?;
    let listed = chosen(&plugin, &listing, version.as_ref())?;
    let believed = pull(&client, &place, &plugin, listed).await?;
    let id = believed.manifest.id.clone();
    if let Some(now) = place.manifest(&id) {
        let wider = changes(&now, &believed.manifest).wider;
        ensure!(
            wider.is_empty() || wanted.accept,
            "{plugin} {} asks for more than {}, which is installed: it {}. Take it with --accept",
            listed.version,
            now.version,
            wider.join("; it ")
        );
    }
    // The note first, the component last: a host that starts in between refuses the mixture and says so.
    let note = serde_json::to_vec_pretty(&believed.provenance)?;
    place.write(&place.file(&id, "provenance.json"), &note)?;
    place.write(&place.file(&id, "toml"), believed.connector.as_bytes())?;
    place.write(&place.file(&id, "wasm"), &believed.component)?;
    told(&place, &plugin, &believed, output)?;
    if wanted.load {
        let client = crate::client::Client::new(crate::target::resolve(&wanted.target)?)?;
        let manifest = Some(place.file(&id, "toml"));
        let file = place.file(&id, "wasm");
        let upload = plugins::Upload { file: &file, manifest, stage: false, accept: wanted.accept };
        plugins::load(&client, &upload, output).await?;
    }
    Ok(())
}

fn chosen<'l>(
    plugin: &PluginName,
    listing: &'l Listing,
    version: Option<&semver::Version>,
) -> anyhow::Result<&'l Listed> {
    let named = version.is_some();
    let version = version.or(listing.latest.as_ref()).with_context(|| {
        format!("{plugin} has no version that is offered; name one to take it anyway: {plugin}@1.0.0")
    })?;
    let listed = listing.release(version).with_context(|| {
        let all: Vec<String> = listing.releases.iter().map(|release| release.version.to_string()).collect();
        format!("{plugin} has no version {version}; there are {}", all.join(", "))
    })?;
    if let Some(reason) = &listed.attention.revoked {
        bail!("{plugin} {version} was revoked and must not run: {reason}");
    }
    if let Some(reason) = listed.attention.yanked.as_ref().filter(|_| named) {
        eprintln!("warning: {plugin} {version} was yanked: {reason}");
    }
    if let Some(reason) = &listed.attention.deprecated {
        eprintln!("warning: {plugin} {version} is deprecated: {reason}");
    }
    Ok(listed)
}

/// Pulls by digest, and believes nothing that a trusted key did not sign.
async fn pull(client: &Client, place: &Place, plugin: &PluginName, listed: &Listed) -> anyhow::Result<Believed> {
    let repository = plugin.repository();
    let bytes = client.pull(&repository, "manifests", &listed.manifest, MANIFEST_BYTES_MAX).await?;
    let pulled: Pulled = serde_json::from_slice(&bytes).context("the version's manifest is not readable")?;
    let [layer] = pulled.layers.as_slice() else { bail!("the version's manifest has not one layer, the component") };
    let component = client.pull(&repository, "blobs", &layer.digest, examine::COMPONENT_BYTES_MAX).await?;
    let provenance = signed(client, place, plugin, listed, &component).await?;
    let examined = examine::look(&component, examine::COMPONENT_BYTES_MAX).await?;
    let manifest = Manifest::parse(&examined.manifest)?;
    ensure!(
        manifest.id == plugin.name() && manifest.version == listed.version.to_string(),
        "the component says it is {} {}, not {plugin} {}",
        manifest.id,
        manifest.version,
        listed.version
    );
    Ok(Believed { component, connector: examined.manifest, manifest, provenance })
}

async fn signed(
    client: &Client,
    place: &Place,
    plugin: &PluginName,
    listed: &Listed,
    component: &[u8],
) -> anyhow::Result<Provenance> {
    let repository = plugin.repository();
    let found: Referrers = client.get(&format!("/v2/{repository}/referrers/{}", listed.manifest)).await?;
    let mut why = "the registry has no signature of it".to_owned();
    for referrer in found.manifests.iter().filter(|found| found.artifact_type.as_deref() == Some(BUNDLE_MEDIA_TYPE)) {
        let bytes = client.pull(&repository, "manifests", &referrer.digest, MANIFEST_BYTES_MAX).await?;
        let attached: Pulled = serde_json::from_slice(&bytes).context("a signature's manifest is not readable")?;
        let Some(layer) = attached.layers.first() else { continue };
        let bundle = Bundle::read(&client.pull(&repository, "blobs", &layer.digest, MAX_BUNDLE_BYTES).await?)?;
        let note = Provenance {
            registry: client.url().to_owned(),
            plugin: plugin.clone(),
            version: listed.version.to_string(),
            manifest_sha256: listed.manifest.hex().to_owned(),
            component_sha256: Digest::sha256(component).hex().to_owned(),
            bundle,
        };
        match note.verify(component, &place.publishers) {
            Ok(_) => return Ok(note),
            Err(error) => why = error.to_string(),
        }
    }
    bail!("{plugin} {} was not installed: {why}", listed.version)
}

fn told(place: &Place, plugin: &PluginName, believed: &Believed, output: &Output) -> anyhow::Result<()> {
    let Manifest { id, version, .. } = &believed.manifest;
    let file = place.file(id, "wasm");
    if output.json {
        return output.print_json(&json!({ "plugin": plugin, "version": version, "file": file }));
    }
    say!("{} {plugin} {version} is installed in {}", output.paint(Paint::Good, "ok"), file.display());
    for line in believed.manifest.asks() {
        say!("   {line}");
    }
    Ok(())
}
