//! What the fleet does by itself: takes out a version that keeps failing, and follows the registries.

use std::collections::BTreeSet;
use std::sync::Arc;

use rollout::Decision;
use tokio::sync::watch;

use crate::exceptions;
use crate::fleet::{Fleet, Plans};
use crate::revocations::{self, Registry};

/// Who takes a version out.
const OURSELVES: &str = "automatic rollback";

/// Open exceptions looked through when a plugin serves well again.
const EXCEPTIONS_MAX: usize = 10_000;

/// Runs until `stop` turns true.
pub async fn run(fleet: Arc<Fleet>, registries: Vec<Registry>, stop: watch::Receiver<bool>) {
    let mut following = tokio::task::JoinSet::new();
    for registry in registries {
        following.spawn(revocations::follow(Arc::clone(&fleet), registry, stop.clone()));
    }
    watch_faults(&fleet, stop).await;
    while following.join_next().await.is_some() {}
}

async fn watch_faults(fleet: &Fleet, mut stop: watch::Receiver<bool>) {
    let mut trouble = fleet.wiring.versions.trouble();
    // Versions that fail while there is nothing to go back to: a person is asked once.
    let mut told = BTreeSet::new();
    while !*stop.borrow() {
        tokio::select! {
            changed = trouble.changed() => if changed.is_err() { return },
            _ = stop.changed() => return,
        }
        fleet.judge(&mut told).await;
    }
}

impl Fleet {
    /// Takes out every version that serves and keeps failing.
    async fn judge(&self, told: &mut BTreeSet<String>) {
        let mut plans = self.plans.lock().await;
        for status in self.wiring.versions.versions() {
            let Some(verdict) = status.health.verdict() else { continue };
            let (plugin, digest) = (&status.info.id, &status.info.digest);
            let serves = plans.get(plugin).is_some_and(|plan| plan.rollout.serving.digests().contains(digest.as_str()));
            if !serves || told.contains(digest) {
                continue;
            }
            let last = status.last_faults.first().map(|fault| format!(" The last: {} {}", fault.code, fault.message));
            let reason = format!("{verdict}.{}", last.unwrap_or_default());
            self.take_out(&mut plans, plugin, digest, &status.info.version, reason, told).await;
        }
    }

    async fn take_out(
        &self,
        plans: &mut Plans,
        plugin: &str,
        digest: &str,
        version: &str,
        reason: String,
        told: &mut BTreeSet<String>,
    ) {
        let now = self.wiring.clock.now();
        let message = format!("{plugin} {version} was taken out: {reason}");
        let suggestion = format!(
            "The version before it serves again. Report the fault to the plugin's author; promote it again with `quoin plugin promote {plugin} {version}` once it is understood."
        );
        let more = exceptions::opened(plugin, digest, "PLUGIN_WITHDRAWN", &message, &suggestion, now);
        let decision = Decision::Withdraw { digest: digest.to_owned(), reason: reason.clone() };
        match self.take(plans, plugin, &[decision], OURSELVES, more).await {
            Ok(()) => tracing::error!(plugin, version, reason, "a version keeps failing and was taken out"),
            Err(error) => {
                tracing::error!(plugin, version, reason, %error, "a version keeps failing and cannot be taken out");
                told.insert(digest.to_owned());
                let message = format!("{plugin} {version} keeps failing, and {error}: {reason}");
                let suggestion = format!(
                    "Load a version that works: `quoin plugin load FILE`. Commands to {plugin} are repeated until then."
                );
                let ops = exceptions::opened(plugin, digest, "PLUGIN_FAILING", &message, &suggestion, now);
                self.write_down(ops).await;
            }
        }
    }

    pub(crate) async fn write_down(&self, ops: Vec<ports::Op>) {
        let commit = ports::Commit { expect: Vec::new(), ops };
        if let Err(error) = self.wiring.ledger.commit(commit).await {
            tracing::error!(%error, "what happened to a plugin could not be recorded");
        }
    }

    /// What resolves the open exceptions of a plugin, when somebody has put a version in service.
    pub(crate) async fn settled(&self, plugin: &str, by: &str) -> Vec<ports::Op> {
        let key = format!("plugin/{plugin}");
        let open = self.wiring.ledger.exceptions(false, EXCEPTIONS_MAX).await;
        let now = self.wiring.clock.now();
        let mine = open.iter().filter(|exception| exception.key == key);
        mine.flat_map(|exception| exceptions::resolved(exception, by, now)).collect()
    }
}
