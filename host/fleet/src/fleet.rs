//! A decision's way: judged, recorded, then followed by the sandbox. In this order, so that whatever is
//! served was recorded, and a kill between the two is made good by the next start.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ports::{
    Clock, Commit, CommitError, Expect, Ledger, Op, Package, PluginInfo, Plugins, RolloutError, RolloutStatus,
    Rollouts, ShadowReport, ShadowStatus, Staged, VersionStatus, VersionView, Versions, Wanted,
};
use process::{Cause, EventDraft};
use quoin_canonical::Id;
use quoin_package::Manifest;
use quoin_package::publication::changes;
use rollout::{Decision, Origin, Rollout, Version};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::shadow::Tap;
use crate::shelf::{Shelf, digest_of};

/// Collection of what was decided, by plugin.
pub(crate) const ROLLOUTS: &str = "rollout";

/// What only the house knows about plugins: whom it trusts, and which connections they have.
pub trait Doorkeeper: Send + Sync {
    /// Judges whoever made a component; where it came from, when a trusted key signed it.
    ///
    /// # Errors
    /// Why it must not run, and what to do.
    fn admit(&self, component: &[u8]) -> Result<Option<Origin>, String>;

    /// Lets these versions of a plugin out, each to where its manifest says. What does not fit a connection is
    /// told by the version's digest; such a version reaches nothing.
    fn open(&self, plugin: &str, versions: &[(String, Arc<Manifest>)]) -> BTreeMap<String, String>;
}

/// What the fleet is made of.
#[derive(Clone)]
pub struct Wiring {
    /// The truth.
    pub ledger: Arc<dyn Ledger>,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// The sandbox.
    pub versions: Arc<dyn Versions>,
    /// The same, as what lists everything that is loaded, transforms too.
    pub loaded: Arc<dyn Plugins>,
    /// Where components are kept.
    pub shelf: Shelf,
    /// The house.
    pub doorkeeper: Arc<dyn Doorkeeper>,
    /// What records calls, where calls are recorded.
    pub tap: Option<Arc<Tap>>,
    /// Connections, each with its plugin.
    pub connections: Vec<(String, String)>,
}

/// Everything decided about plugins.
pub struct Fleet {
    pub(crate) wiring: Wiring,
    /// Held while something is being decided: decisions come one after the other.
    pub(crate) plans: Mutex<BTreeMap<String, Plan>>,
}

/// What holds for one plugin, with the version of its document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) rollout: Rollout,
    pub(crate) document: u64,
}

pub(crate) type Plans = BTreeMap<String, Plan>;

impl Fleet {
    /// A fleet of which nothing is loaded yet: [`Fleet::restore`] does that.
    pub fn new(wiring: Wiring) -> Self {
        Self { wiring, plans: Mutex::default() }
    }

    /// Takes decisions about one plugin, together: recorded in one commit, then followed.
    pub(crate) async fn take(
        &self,
        plans: &mut Plans,
        plugin: &str,
        decisions: &[Decision],
        by: &str,
        more: Vec<Op>,
    ) -> Result<(), RolloutError> {
        let plan = plans.get(plugin).cloned().unwrap_or_else(|| Plan { rollout: Rollout::of(plugin), document: 0 });
        let since = *self.wiring.ledger.head().borrow();
        let mut next = plan.rollout.clone();
        for decision in decisions {
            next = next.decide(decision, since).map_err(|refusal| RolloutError::Refused(refusal.0))?;
        }
        self.wiring.versions.fits(plugin, &next.serving).map_err(RolloutError::Refused)?;
        let (collection, key) = (ROLLOUTS.to_owned(), plugin.to_owned());
        let value = serde_json::to_value(&next).map_err(|error| RolloutError::Store(error.to_string()))?;
        let mut ops = vec![Op::PutDocument { collection: collection.clone(), key: key.clone(), value: value.into() }];
        for (index, decision) in decisions.iter().enumerate() {
            ops.push(self.event(plugin, &plan, index, decision, &next, by));
        }
        ops.extend(more);
        if decisions.iter().any(|decision| matches!(decision, Decision::Promote { .. })) {
            ops.extend(self.settled(plugin, by).await);
        }
        let expect = vec![Expect::Document { collection, key, version: plan.document }];
        self.wiring.ledger.commit(Commit { expect, ops }).await.map_err(store)?;
        let serving = next.serving.clone();
        let gone: Vec<String> =
            plan.rollout.versions.keys().filter(|digest| !next.versions.contains_key(*digest)).cloned().collect();
        plans.insert(plugin.to_owned(), Plan { rollout: next, document: plan.document + 1 });
        // It was found to fit above, and connections change only while the host starts.
        if let Err(error) = self.wiring.versions.serve(plugin, serving) {
            tracing::error!(plugin, %error, "the sandbox does not follow a decision; it holds after the next start");
        }
        for digest in gone {
            self.wiring.versions.retire(plugin, &digest);
            self.wiring.shelf.remove(plugin, &digest);
        }
        Ok(())
    }

    fn event(&self, plugin: &str, plan: &Plan, index: usize, decision: &Decision, next: &Rollout, by: &str) -> Op {
        let digest = match decision {
            Decision::Stage { digest, .. }
            | Decision::Promote { digest }
            | Decision::Canary { digest, .. }
            | Decision::Pin { digest, .. }
            | Decision::Withdraw { digest, .. }
            | Decision::Revoke { digest, .. } => Some(digest.as_str()),
            Decision::Unpin { .. } | Decision::Rollback { .. } => next.serving.current(),
        };
        let version = digest.and_then(|digest| next.versions.get(digest)).map(|one| &one.version);
        Op::Append(EventDraft {
            id: Id::derived(&["rollout", plugin, &plan.document.to_string(), &index.to_string()]),
            kind: decision.event_kind().to_owned(),
            key: format!("plugin/{plugin}"),
            at: self.wiring.clock.now(),
            cause: Cause { by: Some(by.to_owned()), ..Cause::default() },
            body: json!({
                "plugin": plugin, "version": version, "digest": digest, "decision": decision, "serving": next.serving,
            }),
        })
    }

    /// Makes a component ready and keeps it; nothing is decided yet.
    pub(crate) async fn prepare(&self, package: &Package) -> Result<(Staged, Option<Origin>), RolloutError> {
        let origin = self.wiring.doorkeeper.admit(&package.component).map_err(RolloutError::Refused)?;
        if let Some(origin) = &origin
            && let Some(reason) = self.revoked(origin).await
        {
            return Err(RolloutError::Refused(format!(
                "{} {} was revoked and must not run: {reason}",
                origin.plugin, origin.version
            )));
        }
        let staged = self
            .wiring
            .versions
            .stage(package.component.clone(), package.manifest.clone())
            .await
            .map_err(RolloutError::Refused)?;
        let (shelf, id, package) = (self.wiring.shelf.clone(), staged.info.id.clone(), package.clone());
        let kept = tokio::task::spawn_blocking(move || shelf.put(&id, &package.component, &package.manifest)).await;
        match kept {
            Ok(Ok(())) => Ok((staged, origin)),
            Ok(Err(error)) => Err(RolloutError::Store(error.to_string())),
            Err(error) => Err(RolloutError::Store(error.to_string())),
        }
    }

    /// Lets every version of a plugin that is ready out, each to where its manifest says. What does not fit a
    /// connection is told by the version's digest.
    pub fn open_doors(&self, plugin: &str) -> BTreeMap<String, String> {
        let ready = self.wiring.versions.versions();
        let of = ready.iter().filter(|status| status.info.id == plugin);
        let manifests: Vec<(String, Arc<Manifest>)> = of
            .filter_map(|status| {
                let digest = status.info.digest.clone();
                Some((digest.clone(), self.wiring.versions.manifest(plugin, &digest)?))
            })
            .collect();
        self.wiring.doorkeeper.open(plugin, &manifests)
    }

    pub(crate) fn version(&self, staged: &Staged, origin: Option<Origin>, source: &str) -> Box<Version> {
        Box::new(Version {
            version: staged.info.version.clone(),
            staged_at: self.wiring.clock.now(),
            source: source.to_owned(),
            origin,
            withdrawn: None,
            revoked: None,
        })
    }

    /// Makes a version ready, records it, and the decisions after it.
    pub(crate) async fn stage_and(
        &self,
        package: Package,
        by: &str,
        and: impl FnOnce(&Rollout, &str) -> Vec<Decision>,
        judge: impl FnOnce(&Self, &Rollout, &Staged) -> Result<(), RolloutError>,
    ) -> Result<Staged, RolloutError> {
        let (staged, origin) = self.prepare(&package).await?;
        let (id, digest) = (staged.info.id.clone(), staged.info.digest.clone());
        let mut plans = self.plans.lock().await;
        let now = plans.get(&id).map(|plan| plan.rollout.clone()).unwrap_or_else(|| Rollout::of(&id));
        let decided = async {
            if let Some(problem) = self.open_doors(&id).remove(&digest) {
                return Err(RolloutError::Refused(problem));
            }
            judge(self, &now, &staged)?;
            let mut decisions = Vec::new();
            if !now.versions.contains_key(&digest) {
                let version = self.version(&staged, origin, &package.source);
                decisions.push(Decision::Stage { digest: digest.clone(), version });
            }
            decisions.extend(and(&now, &digest));
            if decisions.is_empty() { Ok(()) } else { self.take(&mut plans, &id, &decisions, by, Vec::new()).await }
        };
        if let Err(error) = decided.await {
            if !now.versions.contains_key(&digest) {
                self.wiring.versions.retire(&id, &digest);
                self.wiring.shelf.remove(&id, &digest);
            }
            return Err(error);
        }
        Ok(staged)
    }

    /// Refuses what asks for more than the version that serves, unless somebody took it.
    fn not_wider(&self, rollout: &Rollout, digest: &str, accept: bool) -> Result<(), RolloutError> {
        let manifest = |digest: &str| self.wiring.versions.manifest(&rollout.plugin, digest);
        let (Some(now), Some(new)) = (rollout.serving.current().and_then(manifest), manifest(digest)) else {
            return Ok(());
        };
        let wider = changes(&now, &new).wider;
        if accept || wider.is_empty() {
            return Ok(());
        }
        Err(RolloutError::Refused(format!(
            "{} {} asks for more than {}, which serves: it {}; take it with --accept",
            rollout.plugin,
            new.version,
            now.version,
            wider.join("; it ")
        )))
    }

    /// What a person asks for, as a decision.
    fn decision(&self, rollout: &Rollout, wanted: Wanted) -> Result<Decision, RolloutError> {
        let find = |version: &str| rollout.find(version).map_err(|refusal| RolloutError::Refused(refusal.0));
        Ok(match wanted {
            Wanted::Promote { version, accept, .. } => {
                let digest = find(&version)?;
                self.not_wider(rollout, &digest, accept)?;
                Decision::Promote { digest }
            }
            Wanted::Canary { version, share_percent, connections, accept } => {
                let digest = find(&version)?;
                self.not_wider(rollout, &digest, accept)?;
                Decision::Canary { digest, share_percent, connections }
            }
            Wanted::Pin { connection, version } => Decision::Pin { connection, digest: find(&version)? },
            Wanted::Unpin { connection } => Decision::Unpin { connection },
            Wanted::Rollback { reason } => Decision::Rollback { reason },
        })
    }

    pub(crate) fn status(&self, rollout: &Rollout) -> RolloutStatus {
        let statuses = self.wiring.versions.versions();
        let find = |digest: &str| -> Option<VersionStatus> {
            statuses.iter().find(|one| one.info.id == rollout.plugin && one.info.digest == digest).cloned()
        };
        let mut versions: Vec<VersionView> = rollout
            .versions
            .iter()
            .map(|(digest, one)| VersionView {
                digest: digest.clone(),
                version: one.version.clone(),
                state: rollout.state(digest),
                reason: one.revoked.clone().or_else(|| one.withdrawn.clone()),
                staged_at: one.staged_at,
                source: one.source.clone(),
                origin: one.origin.clone(),
                status: find(digest),
            })
            .collect();
        versions.sort_by(|a, b| (b.staged_at, &b.version).cmp(&(a.staged_at, &a.version)));
        RolloutStatus { rollout: rollout.clone(), versions }
    }
}

fn store(error: CommitError) -> RolloutError {
    match error {
        CommitError::Precondition(_) => {
            RolloutError::Refused("somebody else decided first; look, and ask again".into())
        }
        other => RolloutError::Store(other.to_string()),
    }
}

#[async_trait]
impl Rollouts for Fleet {
    async fn rollouts(&self) -> Vec<RolloutStatus> {
        let rollouts: Vec<Rollout> = self.plans.lock().await.values().map(|plan| plan.rollout.clone()).collect();
        rollouts.iter().map(|rollout| self.status(rollout)).collect()
    }

    async fn stage(&self, package: Package, by: &str) -> Result<Staged, RolloutError> {
        self.stage_and(package, by, |_, _| Vec::new(), |_, _, _| Ok(())).await
    }

    async fn load(&self, package: Package, accept: bool, by: &str) -> Result<Staged, RolloutError> {
        let promote = |now: &Rollout, digest: &str| match now.serving.current() == Some(digest) {
            true => Vec::new(),
            false => vec![Decision::Promote { digest: digest.to_owned() }],
        };
        self.stage_and(package, by, promote, |fleet, now, staged| fleet.not_wider(now, &staged.info.digest, accept))
            .await
    }

    async fn decide(&self, plugin: &str, wanted: Wanted, by: &str) -> Result<RolloutStatus, RolloutError> {
        let mut plans = self.plans.lock().await;
        let plan = plans.get(plugin).ok_or_else(|| RolloutError::Unknown(plugin.to_owned()))?;
        let required = matches!(wanted, Wanted::Promote { require_shadow: true, .. });
        let decision = self.decision(&plan.rollout, wanted)?;
        if let (true, Decision::Promote { digest }) = (required, &decision) {
            self.shown_harmless(&plan.rollout, digest).await?;
        }
        self.take(&mut plans, plugin, &[decision], by, Vec::new()).await?;
        let plan = plans.get(plugin).ok_or_else(|| RolloutError::Unknown(plugin.to_owned()))?;
        Ok(self.status(&plan.rollout))
    }

    async fn record(&self, plugin: &str, calls: u32, by: &str) -> Result<ShadowStatus, RolloutError> {
        self.begin_recording(plugin, calls, by).await
    }

    async fn shadow(&self, plugin: &str) -> Result<ShadowStatus, RolloutError> {
        self.shadow_of(plugin).await
    }

    async fn compare(&self, plugin: &str, version: &str, by: &str) -> Result<ShadowReport, RolloutError> {
        self.replay(plugin, version, by).await
    }

    async fn approve(&self, plugin: &str, version: &str, by: &str) -> Result<ShadowReport, RolloutError> {
        self.approve_difference(plugin, version, by).await
    }
}

#[async_trait]
impl Plugins for Fleet {
    async fn load(&self, component: Vec<u8>, manifest: String) -> Result<PluginInfo, String> {
        let package = Package { component, manifest, source: "an upload".to_owned() };
        let staged = Rollouts::load(self, package, false, "an upload").await.map_err(|error| error.to_string())?;
        Ok(self
            .wiring
            .loaded
            .plugins()
            .into_iter()
            .find(|info| info.digest == staged.info.digest)
            .unwrap_or(staged.info))
    }

    fn plugins(&self) -> Vec<PluginInfo> {
        self.wiring.loaded.plugins()
    }
}

/// A digest that the shelf and the ledger name a component by.
pub(crate) fn name_of(package: &Package) -> String {
    digest_of(&package.component)
}

/// A document as it was kept.
pub(crate) fn read(key: &str, value: Value) -> Result<Rollout, String> {
    serde_json::from_value(value)
        .map_err(|error| format!("what was decided about plugin '{key}' cannot be read: {error}"))
}
