//! What may be decided about the versions of a plugin, and what it leads to.

use std::collections::{BTreeMap, BTreeSet};

use quoin_canonical::Timestamp;
use serde::{Deserialize, Serialize};

use crate::serving::{Canary, Serving};

/// Versions kept beside those that serve: an operator looks back at a few, and each holds its code.
const VERSIONS_KEPT: usize = 8;

/// Everything decided about one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Plugin id.
    pub plugin: String,
    /// Versions that are there, by the digest of their component.
    pub versions: BTreeMap<String, Version>,
    /// Who serves.
    pub serving: Serving,
}

/// A version that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Semantic version, as its manifest says.
    pub version: String,
    /// When it was staged.
    pub staged_at: Timestamp,
    /// Where it came from, in words.
    pub source: String,
    /// The registry's name of it, where it came from one and a trusted key signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Why it was taken out; it may be promoted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// Why it must never run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

/// A registry's name of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The registry's address.
    pub registry: String,
    /// `<namespace>/<name>`.
    pub plugin: String,
    /// Semantic version.
    pub version: String,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Ready, and serves nothing.
    Staged,
    /// Serves whatever no other version serves.
    Serving,
    /// On trial.
    Canary,
    /// Serves what is pinned to it, and processes that began with it.
    Retained,
    /// Taken out.
    Withdrawn,
    /// Must never run again.
    Revoked,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decide", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// A version is there.
    Stage {
        /// SHA-256 of the component, hex.
        digest: String,
        /// Its facts.
        version: Box<Version>,
    },
    /// A version serves everything new.
    Promote {
        /// Which.
        digest: String,
    },
    /// A version is tried.
    Canary {
        /// Which.
        digest: String,
        /// Of a hundred processes, deliveries or streams, so many.
        share_percent: u8,
        /// All of these connections.
        connections: BTreeSet<String>,
    },
    /// A connection stays with a version.
    Pin {
        /// Which connection.
        connection: String,
        /// Which version.
        digest: String,
    },
    /// A connection goes with everybody again.
    Unpin {
        /// Which.
        connection: String,
    },
    /// The trial ends; without one, the promotion before the last holds again.
    Rollback {
        /// Why.
        reason: String,
    },
    /// A version is taken out; whoever served before it serves again.
    Withdraw {
        /// Which.
        digest: String,
        /// Why.
        reason: String,
    },
    /// A version must never run again, even if nobody is there to serve in its place.
    Revoke {
        /// Which.
        digest: String,
        /// Why.
        reason: String,
    },
}

/// Why a decision is refused, and what may be decided instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

fn no(reason: impl Into<String>) -> Refusal {
    Refusal(reason.into())
}

impl Decision {
    /// Kind of the event that records it.
    pub fn event_kind(&self) -> &'static str {
        match self {
            Self::Stage { .. } => "plugin.staged",
            Self::Promote { .. } => "plugin.promoted",
            Self::Canary { .. } => "plugin.canary_started",
            Self::Pin { .. } => "plugin.pinned",
            Self::Unpin { .. } => "plugin.unpinned",
            Self::Rollback { .. } => "plugin.rolled_back",
            Self::Withdraw { .. } => "plugin.withdrawn",
            Self::Revoke { .. } => "plugin.revoked",
        }
    }
}

impl Rollout {
    /// Nothing decided yet.
    pub fn of(plugin: &str) -> Self {
        Self { plugin: plugin.to_owned(), ..Self::default() }
    }

    /// Where a version stands.
    pub fn state(&self, digest: &str) -> State {
        let known = self.versions.get(digest);
        if known.is_some_and(|version| version.revoked.is_some()) {
            State::Revoked
        } else if self.serving.current() == Some(digest) {
            State::Serving
        } else if self.serving.canary.as_ref().is_some_and(|canary| canary.digest == digest) {
            State::Canary
        } else if known.is_some_and(|version| version.withdrawn.is_some()) {
            State::Withdrawn
        } else if self.serving.digests().contains(digest) {
            State::Retained
        } else {
            State::Staged
        }
    }

    /// The version that somebody means by a semantic version, or the beginning of a digest.
    ///
    /// # Errors
    /// When none or several fit.
    pub fn find(&self, wanted: &str) -> Result<String, Refusal> {
        let fits = |(digest, version): &(&String, &Version)| {
            version.version == wanted || (wanted.len() >= 6 && digest.starts_with(wanted))
        };
        let found: Vec<(&String, &Version)> = self.versions.iter().filter(fits).collect();
        match found.as_slice() {
            [(digest, _)] => Ok((*digest).clone()),
            [] => {
                let known: Vec<String> = self.versions.iter().map(|(digest, one)| named(digest, one)).collect();
                Err(no(format!(
                    "plugin '{}' has no version '{wanted}' here; there are {}",
                    self.plugin,
                    known.join(", ")
                )))
            }
            several => {
                let all: Vec<String> = several.iter().map(|(digest, one)| named(digest, one)).collect();
                Err(no(format!("'{wanted}' is one of {}; name it by its digest", all.join(", "))))
            }
        }
    }

    /// What a decision leads to, when `since` is the number of the log's last event.
    ///
    /// # Errors
    /// Why not; nothing changes then.
    pub fn decide(&self, decision: &Decision, since: u64) -> Result<Self, Refusal> {
        let mut next = self.clone();
        match decision {
            Decision::Stage { digest, version } => next.stage(digest, version)?,
            Decision::Promote { digest } => next.promote(digest, since)?,
            Decision::Canary { digest, share_percent, connections } => {
                next.may_run(digest)?;
                next.try_out(digest, *share_percent, connections, since)?;
            }
            Decision::Pin { connection, digest } => {
                next.may_run(digest)?;
                next.serving.pins.insert(connection.clone(), digest.clone());
            }
            Decision::Unpin { connection } => {
                let was = next.serving.pins.remove(connection);
                was.ok_or_else(|| no(format!("connection '{connection}' is not pinned to a version")))?;
            }
            Decision::Rollback { reason } => next.roll_back(reason)?,
            Decision::Withdraw { digest, reason } => next.withdraw(digest, reason)?,
            Decision::Revoke { digest, reason } => next.revoke(digest, reason)?,
        }
        Ok(next)
    }

    fn stage(&mut self, digest: &str, version: &Version) -> Result<(), Refusal> {
        if let Some(reason) = self.versions.get(digest).and_then(|known| known.revoked.as_ref()) {
            return Err(no(format!("this component was revoked and must not run: {reason}")));
        }
        self.versions.entry(digest.to_owned()).or_insert_with(|| version.clone());
        self.forget_old(digest);
        Ok(())
    }

    /// Forgets the oldest versions that serve nothing. What was revoked is never forgotten.
    fn forget_old(&mut self, newest: &str) {
        let used = self.serving.digests();
        let mut idle: Vec<(Timestamp, String)> = self
            .versions
            .iter()
            .filter(|(digest, one)| one.revoked.is_none() && *digest != newest && !used.contains(digest.as_str()))
            .map(|(digest, one)| (one.staged_at, digest.clone()))
            .collect();
        idle.sort();
        let over = idle.len().saturating_sub(VERSIONS_KEPT - 1);
        for (_, digest) in idle.into_iter().take(over) {
            self.versions.remove(&digest);
        }
    }

    fn may_run(&self, digest: &str) -> Result<(), Refusal> {
        let known = self.versions.get(digest).ok_or_else(|| no(format!("there is no version {}", short(digest))))?;
        match &known.revoked {
            Some(reason) => Err(no(format!("{} was revoked and must not run: {reason}", known.version))),
            None => Ok(()),
        }
    }

    fn promote(&mut self, digest: &str, since: u64) -> Result<(), Refusal> {
        self.may_run(digest)?;
        if self.serving.current() == Some(digest) {
            return Err(no("this version serves already"));
        }
        self.serving.promote(digest, since);
        self.serving.barred = None;
        if let Some(version) = self.versions.get_mut(digest) {
            version.withdrawn = None;
        }
        Ok(())
    }

    fn try_out(
        &mut self,
        digest: &str,
        share_percent: u8,
        connections: &BTreeSet<String>,
        since: u64,
    ) -> Result<(), Refusal> {
        if self.serving.current().is_none() {
            return Err(no("no version serves yet; promote this one"));
        }
        if self.serving.current() == Some(digest) {
            return Err(no("this version serves everything already"));
        }
        if share_percent > 99 {
            return Err(no(format!("a share of {share_percent} % is no trial; give 1 to 99, or promote the version")));
        }
        if share_percent == 0 && connections.is_empty() {
            return Err(no("a trial needs a share of 1 to 99 %, or connections"));
        }
        // A trial that goes on with another share keeps what it had begun.
        let since = self.serving.canary.as_ref().filter(|one| one.digest == digest).map_or(since, |one| one.since);
        let (digest, connections) = (digest.to_owned(), connections.clone());
        if let Some(version) = self.versions.get_mut(&digest) {
            version.withdrawn = None;
        }
        self.serving.canary = Some(Canary { digest, since, share_percent, connections });
        Ok(())
    }

    fn roll_back(&mut self, reason: &str) -> Result<(), Refusal> {
        if let Some(canary) = self.serving.canary.take() {
            self.note_withdrawn(&canary.digest, reason);
            return Ok(());
        }
        let Some(current) = self.serving.current().map(str::to_owned) else { return Err(no("no version serves")) };
        if self.serving.turns.iter().all(|turn| turn.digest == current) {
            return Err(no("there is no version to go back to"));
        }
        while self.serving.current() == Some(current.as_str()) {
            self.serving.turns.pop();
        }
        self.note_withdrawn(&current, reason);
        Ok(())
    }

    fn withdraw(&mut self, digest: &str, reason: &str) -> Result<(), Refusal> {
        let mut serving = self.serving.clone();
        serving.remove(digest);
        if serving.turns.is_empty() {
            return Err(no("there is no version to go back to"));
        }
        self.serving = serving;
        self.note_withdrawn(digest, reason);
        Ok(())
    }

    fn revoke(&mut self, digest: &str, reason: &str) -> Result<(), Refusal> {
        let known =
            self.versions.get_mut(digest).ok_or_else(|| no(format!("there is no version {}", short(digest))))?;
        known.revoked = Some(reason.to_owned());
        let version = known.version.clone();
        let served = self.serving.current().is_some();
        self.serving.remove(digest);
        if served && self.serving.turns.is_empty() {
            self.serving.barred = Some(format!("{} {version} was revoked: {reason}", self.plugin));
        }
        Ok(())
    }

    fn note_withdrawn(&mut self, digest: &str, reason: &str) {
        // A version that still serves what is older, or what is pinned, was not taken out.
        let used = self.serving.digests().contains(digest);
        if let Some(version) = self.versions.get_mut(digest).filter(|_| !used) {
            version.withdrawn = Some(reason.to_owned());
        }
    }
}

fn named(digest: &str, version: &Version) -> String {
    format!("{} ({})", version.version, short(digest))
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
