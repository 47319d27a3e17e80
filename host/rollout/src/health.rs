//! When a version is taken out by itself.

use serde::{Deserialize, Serialize};

/// Calls looked back on. Twenty are seen within a minute of ordinary traffic, and say more than the last one.
pub const WINDOW_CALLS: usize = 20;

/// Faults among them that take a version out. One can be one strange record, and its retries come seconds
/// apart; five in twenty is the version.
pub const WINDOW_FAULTS: usize = 5;

/// Calls after which a version has proven itself: then a fault is more likely the record's than the
/// version's, and the version before it would fault as well.
pub const PROBATION_CALLS: u64 = 1_000;

/// How the latest calls of a version ended: only the plugin's own misbehaviour counts (a trap, a loop, too
/// much memory, malformed output), never what a vendor answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Calls since it was loaded.
    pub calls: u64,
    /// Faults since it was loaded.
    pub faults: u64,
    /// The latest calls, one bit each, the latest lowest: 1 is a fault.
    window: u32,
}

impl Health {
    /// Notes how a call ended.
    pub fn note(&mut self, fault: bool) {
        self.calls = self.calls.saturating_add(1);
        self.faults = self.faults.saturating_add(u64::from(fault));
        self.window = ((self.window << 1) | u32::from(fault)) & ((1 << WINDOW_CALLS) - 1);
    }

    /// Faults among the latest calls.
    pub fn recent_faults(&self) -> usize {
        usize::try_from(self.window.count_ones()).unwrap_or(WINDOW_CALLS)
    }

    /// Why the version should be taken out, if it should.
    pub fn verdict(&self) -> Option<String> {
        let recent = self.recent_faults();
        if recent < WINDOW_FAULTS || self.calls > PROBATION_CALLS {
            return None;
        }
        let of = usize::try_from(self.calls).unwrap_or(WINDOW_CALLS).min(WINDOW_CALLS);
        Some(format!("{recent} of its last {of} calls ended in a fault of its own; {WINDOW_FAULTS} are the limit"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_faults_within_twenty_calls_are_too_many() {
        let mut health = Health::default();
        for _ in 0..4 {
            health.note(true);
        }
        assert_eq!(health.verdict(), None);
        health.note(false);
        health.note(true);
        assert_eq!(health.verdict().unwrap(), "5 of its last 6 calls ended in a fault of its own; 5 are the limit");
    }

    #[test]
    fn faults_that_come_far_apart_do_not_add_up() {
        let mut health = Health::default();
        for n in 0..200_u32 {
            health.note(n % 5 == 4);
            assert_eq!(health.verdict(), None, "call {n}: four of twenty");
        }
        assert_eq!((health.calls, health.faults), (200, 40));
    }

    #[test]
    fn a_version_that_has_proven_itself_stays() {
        let mut health = Health::default();
        for _ in 0..PROBATION_CALLS {
            health.note(false);
        }
        for _ in 0..20 {
            health.note(true);
        }
        assert_eq!(health.verdict(), None);
    }
}
