//! Follows the logs of registries: a version that was revoked there stops serving here, without anybody asking.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{Commit, Op};
use rollout::{Decision, Origin};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use crate::exceptions;
use crate::fleet::Fleet;
use crate::shelf::digest_of;

/// Collection of revoked versions, by `<plugin>@<version>`: one that was revoked before it was loaded is
/// refused then.
const REVOKED: &str = "revoked";

/// The log of a registry, wherever it is.
#[async_trait]
pub trait RegistryLog: Send + Sync {
    /// The log's lines after a number, as they are.
    ///
    /// # Errors
    /// Why they cannot be had now.
    async fn after(&self, number: u64) -> Result<String, String>;
}

/// A registry that is followed.
#[derive(Clone)]
pub struct Registry {
    /// Its address, as notes of origin name it.
    pub url: String,
    /// Its log.
    pub log: Arc<dyn RegistryLog>,
    /// Time between two looks: so long a revoked version may still serve.
    pub every: Duration,
}

/// A line of a registry's log, as far as it matters here.
#[derive(Deserialize)]
struct Line {
    seq: u64,
    prev: String,
    event: String,
    #[serde(default)]
    plugin: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    reason: String,
}

/// Where we are in a log: the number of the last line, and the digest that the next one must name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Head {
    seq: u64,
    hash: String,
}

impl Head {
    fn read(kept: Option<Vec<u8>>) -> Self {
        let text = kept.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let parsed = text.split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, hash.to_owned())));
        parsed.map_or_else(Self::default, |(seq, hash)| Self { seq, hash })
    }

    /// Steps over a line, which must follow the one before it.
    fn step(&mut self, text: &str) -> Result<Line, String> {
        let line: Line = serde_json::from_str(text).map_err(|error| format!("line {}: {error}", self.seq + 1))?;
        if line.seq != self.seq + 1 || (self.seq > 0 && line.prev != self.hash) {
            return Err(format!("line {} does not follow the one we knew: the log was rewritten", self.seq + 1));
        }
        *self = Self { seq: line.seq, hash: digest_of(text.as_bytes()) };
        Ok(line)
    }
}

/// Follows one registry until `stop` turns true.
pub(crate) async fn follow(fleet: Arc<Fleet>, registry: Registry, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match registry.log.after(fleet.head(&registry).await.seq).await {
            Ok(text) => fleet.take_in(&registry, &text).await,
            Err(error) => tracing::warn!(registry = registry.url, error, "the registry's log cannot be read now"),
        }
        tokio::select! { () = tokio::time::sleep(registry.every) => {}, _ = stop.changed() => {} }
    }
}

impl Fleet {
    async fn head(&self, registry: &Registry) -> Head {
        Head::read(self.wiring.ledger.cursor(&cursor(registry)).await)
    }

    /// Takes in lines of a registry's log.
    async fn take_in(&self, registry: &Registry, text: &str) {
        let before = self.head(registry).await;
        let mut head = before.clone();
        let mut ops = Vec::new();
        let mut revoked = Vec::new();
        for line in text.lines() {
            match head.step(line) {
                Ok(line) if line.event == "version_revoked" => revoked.push(line),
                Ok(_) => {}
                Err(error) => return self.distrust(registry, &before, &error).await,
            }
        }
        if head == before {
            return;
        }
        for line in revoked {
            if let Err(error) = self.revoke(registry, &line).await {
                tracing::error!(plugin = line.plugin, version = line.version, error, "a revocation is tried again");
                return;
            }
            let key = format!("{}@{}", line.plugin, line.version);
            let value = json!({"registry": registry.url, "reason": line.reason});
            ops.push(Op::PutDocument { collection: REVOKED.to_owned(), key, value: value.into() });
        }
        ops.push(Op::PutCursor { name: cursor(registry), value: format!("{}:{}", head.seq, head.hash).into_bytes() });
        if let Err(error) = self.wiring.ledger.commit(Commit { expect: Vec::new(), ops }).await {
            tracing::error!(%error, "the place in a registry's log could not be kept; it is read again");
        }
    }

    /// Stops the versions that a line revokes.
    async fn revoke(&self, registry: &Registry, line: &Line) -> Result<(), String> {
        let is_it = |origin: &Origin| {
            origin.plugin == line.plugin
                && origin.version == line.version
                && origin.registry.trim_end_matches('/') == registry.url.trim_end_matches('/')
        };
        let mut plans = self.plans.lock().await;
        let found: Vec<(String, String)> = plans
            .values()
            .flat_map(|plan| {
                let plugin = &plan.rollout.plugin;
                let versions = plan.rollout.versions.iter();
                let hit = versions.filter(|(_, one)| one.revoked.is_none() && one.origin.as_ref().is_some_and(is_it));
                hit.map(move |(digest, _)| (plugin.clone(), digest.clone())).collect::<Vec<_>>()
            })
            .collect();
        for (plugin, digest) in found {
            let served =
                plans.get(&plugin).is_some_and(|plan| plan.rollout.serving.digests().contains(digest.as_str()));
            let decision = Decision::Revoke { digest: digest.clone(), reason: line.reason.clone() };
            let more = if served { self.alarm(&plugin, &digest, line) } else { Vec::new() };
            let by = format!("the registry {}", registry.url);
            self.take(&mut plans, &plugin, &[decision], &by, more).await.map_err(|error| error.to_string())?;
            tracing::error!(plugin, version = line.version, reason = line.reason, "a version was revoked");
        }
        Ok(())
    }

    fn alarm(&self, plugin: &str, digest: &str, line: &Line) -> Vec<Op> {
        let message = format!("{} {} was revoked by its registry: {}", line.plugin, line.version, line.reason);
        let suggestion = format!(
            "It serves nothing any more. Where an earlier version was kept, that one serves; else commands to {plugin} wait. Install another version: `quoin install {} --load`.",
            line.plugin
        );
        exceptions::opened(plugin, digest, "PLUGIN_REVOKED", &message, &suggestion, self.wiring.clock.now())
    }

    /// A log that does not follow from what we knew: somebody must look. What serves goes on.
    async fn distrust(&self, registry: &Registry, before: &Head, error: &str) {
        tracing::error!(registry = registry.url, error, "a registry's log is not to be trusted");
        let message = format!("the log of the registry {} is not to be trusted: {error}", registry.url);
        let suggestion = format!(
            "Ask who runs the registry. Compare with `quoin registry log --verify --remembered {}:{}`; until the log is whole again, no revocation from there is heard.",
            before.seq, before.hash
        );
        let id = digest_of(registry.url.as_bytes());
        let now = self.wiring.clock.now();
        self.write_down(exceptions::opened("registry", &id, "REGISTRY_LOG", &message, &suggestion, now)).await;
    }

    /// Why a version may not be loaded any more.
    pub(crate) async fn revoked(&self, origin: &Origin) -> Option<String> {
        let key = format!("{}@{}", origin.plugin, origin.version);
        let (value, _) = self.wiring.ledger.document(REVOKED, &key).await?;
        let of = value["registry"].as_str().unwrap_or_default();
        let same = of.trim_end_matches('/') == origin.registry.trim_end_matches('/');
        same.then(|| value["reason"].as_str().unwrap_or_default().to_owned())
    }
}

fn cursor(registry: &Registry) -> String {
    format!("registry/{}", registry.url)
}
