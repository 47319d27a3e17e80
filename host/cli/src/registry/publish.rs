//! `quoin publish`

use std::path::Path;

use anyhow::{Context, bail, ensure};
use quoin_package::Manifest;
use quoin_package::publication::publishable;
use quoin_registry::digest::Digest;
use quoin_trust::{Bundle, CERTIFICATE_TYPE, Certificate, PUBLISH_TYPE, Release, SigningKey, SubjectDigests};
use serde_json::json;

use super::arguments::PublishArguments;
use super::client::Client;
use super::package::{EMPTY, Package, attachment, lay_out};
use super::{examine, keys};
use crate::output::{Output, Paint};

/// Checks, signs and pushes: content first, then what is signed about it, and the version last, because that is what
/// the registry judges.
pub async fn publish(wanted: &PublishArguments, output: &Output) -> anyhow::Result<()> {
    let plugin = &wanted.plugin;
    let component = std::fs::read(&wanted.file).with_context(|| format!("{} cannot be read", wanted.file.display()))?;
    let examined = examine::look(&component, examine::COMPONENT_BYTES_MAX).await?;
    let about = Manifest::parse(&examined.manifest)?;
    ensure!(
        about.id == plugin.name(),
        "the component says it is '{}'; publish it as {}/{}, or change the id in connector.toml and rebuild",
        about.id,
        plugin.namespace(),
        about.id
    );
    publishable(&about).map_err(anyhow::Error::msg)?;
    let certificate = wanted.certificate.as_deref().map(report).transpose()?;
    let Some(key) = wanted.key.as_deref().filter(|_| !wanted.check) else {
        say!("{} {plugin} {} can be published", output.paint(Paint::Good, "ok"), about.version);
        return Ok(());
    };
    let key = keys::read(key)?;
    let client = Client::new(&wanted.from)?;
    if let Some(listing) = client.plugin(plugin).await?
        && let Some(known) = listing.releases.iter().find(|release| release.version.to_string() == about.version)
        && known.component == Digest::sha256(&component)
    {
        return told(wanted, output, &about.version, &known.manifest, "is published already");
    }
    let created = quoin_registry::now();
    let package = lay_out(plugin, &component, &examined, &about, &created)?;
    push(&client, wanted, component, &about.version, &package, &key, certificate.as_ref()).await?;
    told(wanted, output, &about.version, &package.digest, "is published")
}

async fn push(
    client: &Client,
    wanted: &PublishArguments,
    component: Vec<u8>,
    version: &str,
    package: &Package,
    key: &SigningKey,
    certificate: Option<&Certificate>,
) -> anyhow::Result<()> {
    let (plugin, repository) = (&wanted.plugin, wanted.plugin.repository());
    let digests = SubjectDigests {
        manifest: package.digest.hex().to_owned(),
        component: Digest::sha256(&component).hex().to_owned(),
    };
    client.push_blob(&repository, component).await?;
    client.push_blob(&repository, package.config.clone()).await?;
    let release = Release { plugin: plugin.clone(), version: version.to_owned() };
    let mut signed = vec![(PUBLISH_TYPE, Bundle::release(key, &release, &digests)?)];
    if let Some(certificate) = certificate {
        signed.push((CERTIFICATE_TYPE, Bundle::certificate(key, plugin, certificate, &digests)?));
    }
    client.push_blob(&repository, EMPTY.to_vec()).await?;
    for (predicate, bundle) in signed {
        let bytes = bundle.to_json()?;
        let (manifest, digest) = attachment(package, &bytes, predicate)?;
        client.push_blob(&repository, bytes).await?;
        client.push_manifest(&repository, &digest.to_string(), manifest).await?;
    }
    client.push_manifest(&repository, version, package.manifest.clone()).await
}

fn report(file: &Path) -> anyhow::Result<Certificate> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let report: Certificate = serde_json::from_str(&text).with_context(|| {
        format!("{} is no report of the conformance suite; it has suite, contract, passed, failed", file.display())
    })?;
    if report.failed > 0 {
        bail!("{}: {} cases failed; mend the plugin and run the suite again", file.display(), report.failed);
    }
    Ok(report)
}

fn told(
    wanted: &PublishArguments,
    output: &Output,
    version: &str,
    manifest: &Digest,
    what: &str,
) -> anyhow::Result<()> {
    let plugin = &wanted.plugin;
    if output.json {
        return output.print_json(&json!({ "plugin": plugin, "version": version, "manifest": manifest }));
    }
    say!("{} {plugin} {version} {what}", output.paint(Paint::Good, "ok"));
    say!("   {manifest}");
    say!("   install it with `quoin install {plugin}@{version}`");
    Ok(())
}
