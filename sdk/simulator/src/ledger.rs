//! What was really committed, whatever the client believes: the ground truth of every
//! exactly-once test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// One committed effect.
#[derive(Debug, Clone, Serialize)]
pub struct Effect {
    /// Position, from 1.
    pub seq: u64,
    /// Canonical word for what came into being (`customer`, `project`, `invoice`); for a change of
    /// something that was there before, the word with `_update` behind it.
    pub kind: String,
    /// The vendor's id of the record.
    pub id: String,
    /// The client's key, marker or external id, where it sent one.
    pub key: Option<String>,
    /// Simulator time of the commit.
    pub at: Timestamp,
    /// Whatever a test may want to look at.
    pub data: Value,
}

/// The list of committed effects. Cheap to clone; all clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    effects: Arc<Mutex<Vec<Effect>>>,
    clock: Arc<crate::Clock>,
}

impl Ledger {
    pub(crate) fn new(clock: Arc<crate::Clock>) -> Self {
        Self { effects: Arc::default(), clock }
    }

    /// Notes an effect. Call it while holding the lock under which the vendor's state changes, so
    /// that state and ledger never disagree.
    pub fn commit(&self, kind: &str, id: &str, key: Option<&str>, data: Value) {
        let at = self.clock.now();
        let mut effects = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = effects.len() as u64 + 1;
        effects.push(Effect { seq, kind: kind.into(), id: id.into(), key: key.map(Into::into), at, data });
    }

    /// How many effects of a kind there are.
    pub fn count(&self, kind: &str) -> usize {
        let effects = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        effects.iter().filter(|effect| effect.kind == kind).count()
    }

    /// All effects in order of commit.
    pub fn effects(&self) -> Vec<Effect> {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn reset(&self) {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn to_json(&self) -> Value {
        let effects = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for effect in effects.iter() {
            *counts.entry(effect.kind.as_str()).or_default() += 1;
        }
        json!({"effects": &*effects, "counts": counts})
    }
}
