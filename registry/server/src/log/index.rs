//! What the log amounts to: namespaces, plugins, versions and how each stands.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use quoin_package::{Manifest, PluginName};
use quoin_trust::PublicKey;
use semver::Version;
use serde::Serialize;

use super::event::{Entry, Event, Published};
use crate::digest::Digest;

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Namespace {
    /// Who may publish there.
    pub owners: BTreeSet<String>,
    /// Whose signatures count.
    pub keys: BTreeSet<PublicKey>,
    /// Bytes its plugins may have together.
    pub quota_bytes: u64,
    /// Bytes they have.
    pub used_bytes: u64,
    /// Whether each version needs a certificate.
    pub certificate_required: bool,
    /// When versions were pushed of late, admitted or not.
    #[serde(skip)]
    attempts: Vec<Timestamp>,
}

impl Namespace {
    /// Versions pushed in the hour before `now`.
    pub fn attempts_last_hour(&self, now: Timestamp) -> usize {
        let hour_ago = now - SignedDuration::from_hours(1);
        self.attempts.iter().filter(|at| **at > hour_ago).count()
    }
}

/// How a version stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Attention {
    /// Why it is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
    /// Why something else should be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// Why it must not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

/// An admitted version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Release {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What was admitted.
    #[serde(flatten)]
    pub published: Published,
    /// How it stands.
    pub attention: Attention,
}

impl Release {
    /// Whether it is offered to those who look for a version.
    pub fn is_offered(&self) -> bool {
        self.attention.yanked.is_none() && self.attention.revoked.is_none()
    }

    /// Its manifest. It was readable when it was admitted.
    pub fn manifest(&self) -> Option<Manifest> {
        Manifest::parse(&self.published.connector).ok()
    }
}

/// All versions of a plugin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plugin {
    /// By number.
    pub releases: BTreeMap<Version, Release>,
}

impl Plugin {
    /// What a tag stands for: a version, `latest`, or the highest offered version of `1` or `1.2`.
    pub fn resolve(&self, tag: &str) -> Option<&Release> {
        if let Ok(version) = Version::parse(tag) {
            return self.releases.get(&version);
        }
        let parts: Option<Vec<u64>> = tag.split('.').map(|part| part.parse().ok()).collect();
        let fits = |version: &Version| match (tag, parts.as_deref()) {
            ("latest", _) => true,
            (_, Some([major])) => version.major == *major,
            (_, Some([major, minor])) => version.major == *major && version.minor == *minor,
            _ => false,
        };
        let offered = || self.releases.iter().rev().filter(|(version, release)| fits(version) && release.is_offered());
        let stable = offered().find(|(version, _)| version.pre.is_empty());
        stable.or_else(|| offered().next()).map(|(_, release)| release)
    }

    /// The version to take when none is named.
    pub fn latest(&self) -> Option<&Release> {
        self.resolve("latest")
    }

    /// Tags to list: offered versions, and what moves with them.
    pub fn tags(&self) -> Vec<String> {
        let offered = self.releases.iter().filter(|(_, release)| release.is_offered());
        let mut tags = BTreeSet::new();
        for (version, _) in offered {
            tags.insert(version.to_string());
            tags.insert("latest".to_owned());
            if version.pre.is_empty() {
                tags.insert(version.major.to_string());
                tags.insert(format!("{}.{}", version.major, version.minor));
            }
        }
        tags.into_iter().collect()
    }

    /// The release with this manifest.
    pub fn by_manifest(&self, digest: &Digest) -> Option<&Release> {
        self.releases.values().find(|release| release.published.manifest == *digest)
    }

    /// The highest version below this one that was not taken back.
    pub fn before(&self, version: &Version) -> Option<&Release> {
        self.releases.range(..version).rev().map(|(_, release)| release).find(|release| release.is_offered())
    }
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// By name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// By name.
    pub plugins: BTreeMap<PluginName, Plugin>,
}

impl Index {
    /// A plugin that has a version.
    pub fn plugin(&self, name: &PluginName) -> Option<&Plugin> {
        self.plugins.get(name)
    }

    /// Plugins in whose name, title or description every word occurs.
    pub fn search(&self, words: &str) -> Vec<(&PluginName, &Release)> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let offered = self.plugins.iter().filter_map(|(name, plugin)| Some((name, plugin.latest()?)));
        let fits = |(name, release): &(&PluginName, &Release)| {
            let text = release.manifest().map_or_else(
                || name.to_string(),
                |manifest| {
                    let objects: Vec<&str> = manifest.objects.iter().map(|object| object.name.as_str()).collect();
                    format!("{name} {} {} {}", manifest.name, manifest.description, objects.join(" ")).to_lowercase()
                },
            );
            words.iter().all(|word| text.contains(word.as_str()))
        };
        offered.filter(fits).collect()
    }

    /// Takes in what happened.
    pub fn apply(&mut self, entry: &Entry) {
        match &entry.event {
            Event::NamespaceCreated { namespace, quota_bytes, certificate_required } => {
                let made = self.namespaces.entry(namespace.clone()).or_default();
                (made.quota_bytes, made.certificate_required) = (*quota_bytes, *certificate_required);
            }
            Event::OwnerAdded { namespace, owner } => {
                self.namespaces.entry(namespace.clone()).or_default().owners.insert(owner.clone());
            }
            Event::OwnerRemoved { namespace, owner } => {
                self.namespaces.entry(namespace.clone()).or_default().owners.remove(owner);
            }
            Event::KeyAdded { namespace, key } => {
                self.namespaces.entry(namespace.clone()).or_default().keys.insert(*key);
            }
            Event::KeyRemoved { namespace, key } => {
                self.namespaces.entry(namespace.clone()).or_default().keys.remove(key);
            }
            Event::TokenIssued { .. } | Event::TokenRevoked { .. } => {}
            Event::VersionPublished(published) => self.publish(entry, published),
            Event::VersionRefused { plugin, .. } => {
                let namespace = plugin.split('/').next().unwrap_or_default();
                self.namespaces.entry(namespace.to_owned()).or_default().attempts.push(entry.at);
            }
            Event::VersionYanked { plugin, version, reason } => {
                self.note(plugin, version, |attention| attention.yanked = Some(reason.clone()));
            }
            Event::VersionRestored { plugin, version } => {
                self.note(plugin, version, |attention| attention.yanked = None);
            }
            Event::VersionDeprecated { plugin, version, reason } => {
                self.note(plugin, version, |attention| attention.deprecated = Some(reason.clone()));
            }
            Event::VersionRevoked { plugin, version, reason } => {
                self.note(plugin, version, |attention| attention.revoked = Some(reason.clone()));
            }
        }
    }

    fn publish(&mut self, entry: &Entry, published: &Published) {
        let namespace = self.namespaces.entry(published.plugin.namespace().to_owned()).or_default();
        namespace.used_bytes += published.component_bytes;
        namespace.attempts.push(entry.at);
        let release = Release {
            at: entry.at,
            by: entry.by.clone(),
            published: published.clone(),
            attention: Attention::default(),
        };
        let plugin = self.plugins.entry(published.plugin.clone()).or_default();
        plugin.releases.insert(published.version.clone(), release);
    }

    fn note(&mut self, plugin: &PluginName, version: &Version, change: impl FnOnce(&mut Attention)) {
        let release = self.plugins.get_mut(plugin).and_then(|plugin| plugin.releases.get_mut(version));
        if let Some(release) = release {
            change(&mut release.attention);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Evidence;
    use quoin_trust::SigningKey;

    fn index(versions: &[&str]) -> Index {
        let key = SigningKey::generate().unwrap().public();
        let mut index = Index::default();
        for (seq, version) in versions.iter().enumerate() {
            let published = Published {
                plugin: "acme/books".parse().unwrap(),
                version: version.parse().unwrap(),
                manifest: Digest::sha256(version.as_bytes()),
                component: Digest::sha256(b"c"),
                component_bytes: 10,
                signed_by: key,
                signature: Digest::sha256(b"s"),
                certificate: None,
                evidence: Evidence::default(),
                connector: String::new(),
            };
            index.apply(&entry(seq, Event::VersionPublished(Box::new(published))));
        }
        index
    }

    fn entry(seq: usize, event: Event) -> Entry {
        Entry { seq: seq as u64, at: Timestamp::UNIX_EPOCH, prev: String::new(), by: "ana".into(), event }
    }

    #[test]
    fn tags_move_over_what_is_offered() {
        let mut index = index(&["1.0.0", "1.0.1", "1.1.0", "2.0.0-rc.1"]);
        let name: PluginName = "acme/books".parse().unwrap();
        let resolved = |index: &Index, tag: &str| {
            index.plugins[&name].resolve(tag).map(|release| release.published.version.to_string())
        };
        for (tag, version) in
            [("latest", "1.1.0"), ("1", "1.1.0"), ("1.0", "1.0.1"), ("2", "2.0.0-rc.1"), ("1.0.0", "1.0.0")]
        {
            assert_eq!(resolved(&index, tag).as_deref(), Some(version), "{tag}");
        }
        assert_eq!(resolved(&index, "3"), None);
        assert_eq!(resolved(&index, "edge"), None);
        let version: Version = "1.1.0".parse().unwrap();
        index.apply(&entry(9, Event::VersionYanked { plugin: name.clone(), version, reason: "bug".into() }));
        assert_eq!(resolved(&index, "latest").as_deref(), Some("1.0.1"));
        assert_eq!(resolved(&index, "1.1.0").as_deref(), Some("1.1.0"), "who names it still gets it");
        assert_eq!(index.plugins[&name].tags(), ["1", "1.0", "1.0.0", "1.0.1", "2.0.0-rc.1", "latest"]);
        assert_eq!(index.namespaces["acme"].used_bytes, 40);
    }
}
