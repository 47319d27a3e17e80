//! After a start: what was decided is served again, and what the plugin folder offers is taken in.

use ports::{Op, Package, RolloutError, Staged};
use process::{Cause, EventDraft};
use quoin_canonical::Id;
use rollout::{Decision, Rollout};
use serde_json::json;

use crate::fleet::{Fleet, Plan, ROLLOUTS, name_of, read};

/// Plugins of one host at most: each is a system, and a firm has a few dozen.
const PLUGINS_MAX: usize = 1_000;

/// Who decides what is not a person's decision.
const OURSELVES: &str = "the host";

/// A component that a folder offers.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Plugin id, as the folder names it.
    pub plugin: String,
    /// The component.
    pub package: Package,
}

/// What became of an offer.
#[derive(Debug)]
pub enum Offered {
    /// It serves now, and was made ready so.
    Serves(Box<Staged>),
    /// It was decided on before, and nothing changed.
    Known,
}

impl Fleet {
    /// Loads what was decided in earlier runs: the same versions serve again.
    ///
    /// # Errors
    /// When a version that must serve cannot be loaded; the text names it, and what to do. A version that only
    /// could serve (an earlier one, a trial) is taken out instead, with the reason.
    pub async fn restore(&self) -> Result<(), String> {
        let mut plans = self.plans.lock().await;
        for (plugin, _) in self.wiring.ledger.documents(ROLLOUTS, "", "", PLUGINS_MAX).await {
            let Some((value, document)) = self.wiring.ledger.document(ROLLOUTS, &plugin).await else { continue };
            let rollout = read(&plugin, value)?;
            let missing = self.load_all(&rollout).await?;
            plans.insert(plugin.clone(), Plan { rollout: rollout.clone(), document });
            let mut withdrawn = Vec::new();
            for (digest, reason) in missing {
                if rollout.serving.digests().contains(digest.as_str()) {
                    withdrawn.push(Decision::Withdraw { digest, reason });
                }
            }
            if withdrawn.is_empty() {
                self.wiring.versions.serve(&plugin, rollout.serving)?;
            } else {
                self.take(&mut plans, &plugin, &withdrawn, OURSELVES, Vec::new())
                    .await
                    .map_err(|error| format!("plugin '{plugin}': {error}"))?;
            }
        }
        Ok(())
    }

    /// Plugins that something was decided about.
    pub async fn plugins(&self) -> Vec<String> {
        self.plans.lock().await.keys().cloned().collect()
    }

    /// Records that a file could not be taken in.
    pub async fn refused(&self, plugin: &str, reason: &str) {
        let now = self.wiring.clock.now();
        let event = EventDraft {
            id: Id::derived(&["plugin.refused", plugin, reason, &now.to_string()]),
            kind: "plugin.refused".to_owned(),
            key: format!("plugin/{plugin}"),
            at: now,
            cause: Cause { by: Some("the plugin folder".to_owned()), ..Cause::default() },
            body: json!({"plugin": plugin, "reason": reason}),
        };
        self.write_down(vec![Op::Append(event)]).await;
    }

    /// Loads every version of a plugin that may run; those that could not be, with the reason.
    async fn load_all(&self, rollout: &Rollout) -> Result<Vec<(String, String)>, String> {
        let mut missing = Vec::new();
        for (digest, version) in rollout.versions.iter().filter(|(_, version)| version.revoked.is_none()) {
            let Err(reason) = self.load_kept(&rollout.plugin, digest).await else { continue };
            let named = format!("version {} of plugin '{}'", version.version, rollout.plugin);
            if rollout.serving.current() == Some(digest) {
                return Err(format!(
                    "{named} was promoted and must serve, but cannot be loaded: {reason}; put its file back, or take the plugin's decisions back by loading another version"
                ));
            }
            tracing::warn!(
                plugin = rollout.plugin,
                version = version.version,
                reason,
                "a kept version cannot be loaded"
            );
            missing.push((digest.clone(), reason));
        }
        Ok(missing)
    }

    async fn load_kept(&self, plugin: &str, digest: &str) -> Result<(), String> {
        let (component, manifest) = self.wiring.shelf.get(plugin, digest).map_err(|error| error.to_string())?;
        self.wiring.doorkeeper.admit(&component)?;
        self.wiring.versions.stage(component, manifest).await.map(|_| ())
    }

    /// Takes in what a folder offers. A component that nobody has decided on yet serves from now on: who puts a
    /// file there wants it to. One that was promoted, rolled back or taken out before stays as it was decided.
    ///
    /// # Errors
    /// Why it may not serve; what served before still does.
    pub async fn offer(&self, offer: Offer) -> Result<Offered, RolloutError> {
        let known = {
            let plans = self.plans.lock().await;
            let plan = plans.get(&offer.plugin);
            plan.is_some_and(|plan| plan.rollout.versions.contains_key(&name_of(&offer.package)))
        };
        if known {
            return Ok(Offered::Known);
        }
        let promote = |_: &Rollout, digest: &str| vec![Decision::Promote { digest: digest.to_owned() }];
        let named = offer.plugin.clone();
        let judge = move |_: &Self, _: &Rollout, staged: &Staged| {
            if staged.info.id == named {
                return Ok(());
            }
            let message = format!("the file is named '{named}', but its manifest says '{}'; rename it", staged.info.id);
            Err(RolloutError::Refused(message))
        };
        let staged = self.stage_and(offer.package, "the plugin folder", promote, judge).await?;
        Ok(Offered::Serves(Box::new(staged)))
    }
}
