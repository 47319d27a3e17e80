//! Who serves a call.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Promotions remembered: so many times in a row an operator can roll back, and a process that began
/// before the oldest goes on with the oldest. More would keep code in memory that nobody asks for.
pub const TURNS_KEPT: usize = 4;

/// Who serves the calls of one plugin: replaced as a whole, never changed in place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Serving {
    /// Promotions, the latest last. A process that runs stays with the version that served when it began.
    pub turns: Vec<Turn>,
    /// A version on trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Connections that stay with one version whatever is promoted, by connection.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<String, String>,
    /// Nothing may be called, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barred: Option<String>,
}

/// A promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Number of the log's last event when it was decided.
    pub since: u64,
    /// SHA-256 of the component, hex.
    pub digest: String,
}

/// A version on trial: what it serves besides the version that was promoted last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Number of the log's last event when it was decided.
    pub since: u64,
    /// Of a hundred processes, deliveries or streams, so many.
    pub share_percent: u8,
    /// All of these connections.
    pub connections: BTreeSet<String>,
}

/// What a call is about, as far as it decides who serves it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Call<'a> {
    /// Connection id.
    pub connection: &'a str,
    /// What keeps to one version while a canary has a share: a process, a stream, a delivery.
    pub sticky: &'a [u8],
    /// Number of the event that began the process it belongs to; nothing for a call of no process.
    pub began: Option<u64>,
}

impl Serving {
    /// One version for everything.
    pub fn all(digest: impl Into<String>) -> Self {
        Self { turns: vec![Turn { since: 0, digest: digest.into() }], ..Self::default() }
    }

    /// The version that was promoted last.
    pub fn current(&self) -> Option<&str> {
        self.turns.last().map(|turn| turn.digest.as_str())
    }

    /// The version that serves a call.
    pub fn choose(&self, call: Call<'_>) -> Option<&str> {
        if let Some(pinned) = self.pins.get(call.connection) {
            return Some(pinned);
        }
        if let Some(canary) = &self.canary
            && canary.serves(call)
        {
            return Some(&canary.digest);
        }
        let Some(began) = call.began else { return self.current() };
        // Newest first; what began before everything that is remembered goes on with the oldest.
        let then = self.turns.iter().rev().find(|turn| turn.since < began).or(self.turns.first());
        then.map(|turn| turn.digest.as_str())
    }

    /// Whether a call is answered by more than one version, so that it matters when its process began.
    pub fn is_split(&self) -> bool {
        self.canary.is_some() || self.turns.windows(2).any(|pair| pair[0].digest != pair[1].digest)
    }

    /// Every version that may be chosen.
    pub fn digests(&self) -> BTreeSet<&str> {
        let turns = self.turns.iter().map(|turn| turn.digest.as_str());
        let canary = self.canary.iter().map(|canary| canary.digest.as_str());
        turns.chain(canary).chain(self.pins.values().map(String::as_str)).collect()
    }

    /// A version of its own serves from now on.
    pub(crate) fn promote(&mut self, digest: &str, since: u64) {
        self.turns.push(Turn { since, digest: digest.to_owned() });
        let over = self.turns.len().saturating_sub(TURNS_KEPT);
        self.turns.drain(..over);
        self.canary = self.canary.take().filter(|canary| canary.digest != digest);
    }

    /// Takes a version out of everything; what it served goes to whoever served before it.
    pub(crate) fn remove(&mut self, digest: &str) {
        self.turns.retain(|turn| turn.digest != digest);
        self.canary = self.canary.take().filter(|canary| canary.digest != digest);
        self.pins.retain(|_, pinned| pinned != digest);
    }
}

impl Canary {
    fn serves(&self, call: Call<'_>) -> bool {
        if call.began.is_some_and(|began| began <= self.since) {
            return false;
        }
        self.connections.contains(call.connection) || place(call.sticky) < u64::from(self.share_percent)
    }
}

/// Where of a hundred a name falls: FNV-1a with a last mixing (the low digits of plain FNV follow the last
/// letters too closely), the same on every machine and for ever.
fn place(name: &[u8]) -> u64 {
    let hash = name
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (mixed ^ (mixed >> 33)) % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<'a>(connection: &'a str, sticky: &'a str, began: Option<u64>) -> Call<'a> {
        Call { connection, sticky: sticky.as_bytes(), began }
    }

    #[test]
    fn a_process_stays_with_the_version_it_began_with() {
        let mut serving = Serving::all("a");
        serving.promote("b", 10);
        serving.promote("c", 20);
        for (began, digest) in [(Some(5), "a"), (Some(10), "a"), (Some(11), "b"), (Some(21), "c"), (None, "c")] {
            assert_eq!(serving.choose(call("crm", "p", began)), Some(digest), "{began:?}");
        }
        serving.remove("b");
        assert_eq!(serving.choose(call("crm", "p", Some(11))), Some("a"), "nobody is left with what was taken out");
    }

    #[test]
    fn a_pin_holds_against_everything() {
        let mut serving = Serving::all("a");
        serving.pins.insert("erp".into(), "a".into());
        serving.promote("b", 1);
        assert_eq!(serving.choose(call("erp", "p", None)), Some("a"));
        assert_eq!(serving.choose(call("crm", "p", None)), Some("b"));
    }

    #[test]
    fn a_canary_serves_its_share_of_what_began_after_it() {
        let mut serving = Serving::all("a");
        serving.canary =
            Some(Canary { digest: "b".into(), since: 100, share_percent: 10, connections: ["erp".to_owned()].into() });
        let of = |began| {
            let names: Vec<String> = (0..10_000).map(|n| format!("process-{n}")).collect();
            names.iter().filter(|name| serving.choose(call("crm", name, began)) == Some("b")).count()
        };
        assert!((850..1_150).contains(&of(Some(101))), "{} of 10,000", of(Some(101)));
        assert_eq!(of(Some(100)), 0, "a process that ran already stays");
        assert_eq!(serving.choose(call("erp", "p", None)), Some("b"), "a whole connection");
        assert_eq!(serving.choose(call("crm", "p7", None)), serving.choose(call("crm", "p7", Some(900))), "it sticks");
    }

    #[test]
    fn so_many_promotions_are_remembered() {
        let mut serving = Serving::all("0");
        for n in 1..10_u64 {
            serving.promote(&n.to_string(), n);
        }
        assert_eq!(serving.turns.len(), TURNS_KEPT);
        assert_eq!(serving.choose(call("crm", "p", Some(1))), Some("6"), "the oldest that is remembered");
    }
}
