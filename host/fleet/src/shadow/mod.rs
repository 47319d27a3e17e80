//! Shadow: recorded calls replayed through a version that does not serve yet, and what differs.

mod private;
mod replay;
mod tap;

use ports::{Commit, Expect, Op, RolloutError, ShadowReport, ShadowStatus};
use process::{Cause, EventDraft};
use quoin_canonical::Id;
use rollout::Rollout;
use serde_json::json;

use crate::fleet::Fleet;
pub use tap::Tap;

/// Collection of the latest comparisons, by plugin.
const SHADOWS: &str = "shadow";

impl Fleet {
    async fn rollout(&self, plugin: &str) -> Result<Rollout, RolloutError> {
        let plans = self.plans.lock().await;
        let plan = plans.get(plugin).ok_or_else(|| RolloutError::Unknown(plugin.to_owned()))?;
        Ok(plan.rollout.clone())
    }

    fn tap(&self) -> Result<&Tap, RolloutError> {
        let none = || RolloutError::Refused("this host records no calls".into());
        self.wiring.tap.as_deref().ok_or_else(none)
    }

    /// Connections of a plugin.
    fn connections_of(&self, plugin: &str) -> Vec<String> {
        self.wiring.connections.iter().filter(|(_, of)| of == plugin).map(|(id, _)| id.clone()).collect()
    }

    /// Keeps the next calls of every connection of a plugin.
    pub(crate) async fn begin_recording(
        &self,
        plugin: &str,
        calls: u32,
        by: &str,
    ) -> Result<ShadowStatus, RolloutError> {
        self.rollout(plugin).await?;
        let connections = self.connections_of(plugin);
        if connections.is_empty() {
            return Err(RolloutError::Refused(format!(
                "plugin '{plugin}' serves no connection; there is nothing to record"
            )));
        }
        let calls = usize::try_from(calls).unwrap_or(usize::MAX);
        if !(1..=tap::CALLS_MAX).contains(&calls) {
            return Err(RolloutError::Refused(format!("record 1 to {} calls; they lie in memory", tap::CALLS_MAX)));
        }
        let tap = self.tap()?;
        connections.iter().for_each(|connection| tap.begin(connection, calls));
        let body = json!({"plugin": plugin, "connections": connections, "calls": calls});
        self.tell("plugin.recording_started", plugin, by, body).await;
        self.shadow_of(plugin).await
    }

    /// What was kept and compared.
    pub(crate) async fn shadow_of(&self, plugin: &str) -> Result<ShadowStatus, RolloutError> {
        self.rollout(plugin).await?;
        let (mut calls, mut left) = (0, 0);
        for connection in self.connections_of(plugin) {
            let (kept, to_come) = self.tap()?.kept(&connection);
            (calls, left) = (calls + kept.len(), left + to_come);
        }
        let report = self.wiring.ledger.document(SHADOWS, plugin).await;
        let report = report.and_then(|(value, _)| serde_json::from_value(value).ok());
        Ok(ShadowStatus { plugin: plugin.to_owned(), recorded: calls, to_come: left, report })
    }

    /// Replays what was recorded through the version that serves and through another.
    pub(crate) async fn replay(&self, plugin: &str, version: &str, by: &str) -> Result<ShadowReport, RolloutError> {
        let rollout = self.rollout(plugin).await?;
        let candidate = rollout.find(version).map_err(|refusal| RolloutError::Refused(refusal.0))?;
        let baseline = rollout.serving.current().ok_or_else(|| RolloutError::Refused("no version serves".into()))?;
        if candidate == baseline {
            return Err(RolloutError::Refused(format!(
                "{version} serves already; name the version to compare with it"
            )));
        }
        let mut compared = replay::Compared::default();
        for connection in self.connections_of(plugin) {
            let (calls, _) = self.tap()?.kept(&connection);
            let pair = (baseline, candidate.as_str());
            replay::compare(self.wiring.versions.as_ref(), pair, &connection, &calls, &mut compared).await;
        }
        if compared.calls == compared.skipped {
            return Err(RolloutError::Refused(format!(
                "there is nothing to compare: {} recorded calls, {} of which cannot be replayed; begin with `quoin plugin record {plugin}`",
                compared.calls, compared.skipped
            )));
        }
        let name = |digest: &str| rollout.versions.get(digest).map_or_else(String::new, |one| one.version.clone());
        let report = ShadowReport {
            plugin: plugin.to_owned(),
            baseline: name(baseline),
            baseline_digest: baseline.to_owned(),
            candidate: name(&candidate),
            candidate_digest: candidate.clone(),
            at: self.wiring.clock.now(),
            calls: compared.calls,
            skipped: compared.skipped,
            differing: compared.differing,
            money: compared.money_changes(),
            differences: compared.differences,
            approved_by: None,
        };
        self.keep(&report, "plugin.shadowed", by).await?;
        Ok(report)
    }

    /// Takes the differences of the latest comparison with a version.
    pub(crate) async fn approve_difference(
        &self,
        plugin: &str,
        version: &str,
        by: &str,
    ) -> Result<ShadowReport, RolloutError> {
        let rollout = self.rollout(plugin).await?;
        let candidate = rollout.find(version).map_err(|refusal| RolloutError::Refused(refusal.0))?;
        let report = self.shadow_of(plugin).await?.report.filter(|report| report.candidate_digest == candidate);
        let mut report = report.ok_or_else(|| {
            RolloutError::Refused(format!(
                "{version} was not compared yet; `quoin plugin shadow {plugin} {version}` does"
            ))
        })?;
        report.approved_by = Some(by.to_owned());
        self.keep(&report, "plugin.difference_approved", by).await?;
        Ok(report)
    }

    /// Refuses a version whose replay showed a difference that nobody approved.
    pub(crate) async fn shown_harmless(&self, rollout: &Rollout, candidate: &str) -> Result<(), RolloutError> {
        let kept = self.wiring.ledger.document(SHADOWS, &rollout.plugin).await;
        let report = kept.and_then(|(value, _)| serde_json::from_value::<ShadowReport>(value).ok());
        let of_these = |report: &ShadowReport| {
            report.candidate_digest == candidate && Some(report.baseline_digest.as_str()) == rollout.serving.current()
        };
        let plugin = &rollout.plugin;
        match report.filter(of_these) {
            None => Err(RolloutError::Refused(format!(
                "this version was not compared with the one that serves; `quoin plugin record {plugin}`, then `quoin plugin shadow`"
            ))),
            Some(report) if report.differing > 0 && report.approved_by.is_none() => {
                Err(RolloutError::Refused(format!(
                    "{} of {} replayed calls differ, and nobody approved that; look with `quoin plugin shadow {plugin} {}`, then --approve",
                    report.differing, report.calls, report.candidate
                )))
            }
            Some(_) => Ok(()),
        }
    }

    async fn keep(&self, report: &ShadowReport, kind: &str, by: &str) -> Result<(), RolloutError> {
        let store = |error: String| RolloutError::Store(error);
        let value = serde_json::to_value(report).map_err(|error| store(error.to_string()))?;
        let version = self.wiring.ledger.document(SHADOWS, &report.plugin).await.map_or(0, |(_, version)| version);
        let (collection, key) = (SHADOWS.to_owned(), report.plugin.clone());
        let body = json!({
            "plugin": report.plugin, "baseline": report.baseline, "candidate": report.candidate, "calls": report.calls,
            "skipped": report.skipped, "differing": report.differing, "money": report.money,
        });
        let told = self.event_of(kind, &report.plugin, by, body, &version.to_string());
        let expect = vec![Expect::Document { collection: collection.clone(), key: key.clone(), version }];
        let commit = Commit { expect, ops: vec![Op::PutDocument { collection, key, value: value.into() }, told] };
        self.wiring.ledger.commit(commit).await.map(|_| ()).map_err(|error| store(error.to_string()))
    }

    async fn tell(&self, kind: &str, plugin: &str, by: &str, body: serde_json::Value) {
        let now = self.wiring.clock.now().to_string();
        let head = self.wiring.ledger.head().borrow().to_string();
        let op = self.event_of(kind, plugin, by, body, &format!("{now}-{head}"));
        self.write_down(vec![op]).await;
    }

    fn event_of(&self, kind: &str, plugin: &str, by: &str, body: serde_json::Value, once: &str) -> Op {
        Op::Append(EventDraft {
            id: Id::derived(&["shadow", kind, plugin, once]),
            kind: kind.to_owned(),
            key: format!("plugin/{plugin}"),
            at: self.wiring.clock.now(),
            cause: Cause { by: Some(by.to_owned()), ..Cause::default() },
            body,
        })
    }
}
