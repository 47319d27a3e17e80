//! The simulator's clock: the machine's, moved by an offset that a test sets, or standing still.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Means: it runs.
const RUNS: i64 = i64::MIN;

/// A clock that runs at the normal pace from wherever it was set, or stands still there.
#[derive(Debug)]
pub struct Clock {
    offset_ms: AtomicI64,
    /// Where it stands still, milliseconds since 1970; [`RUNS`] while it runs.
    stands_ms: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { offset_ms: AtomicI64::new(0), stands_ms: AtomicI64::new(RUNS) }
    }
}

impl Clock {
    /// Now, as the simulated vendor sees it. Millisecond resolution.
    pub fn now(&self) -> Timestamp {
        let stands = self.stands_ms.load(Ordering::SeqCst);
        if stands != RUNS {
            return Timestamp::from_millisecond(stands).unwrap_or(Timestamp::MAX);
        }
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::SeqCst));
        let shifted = Timestamp::now().checked_add(offset).unwrap_or(Timestamp::MAX);
        Timestamp::from_millisecond(shifted.as_millisecond()).unwrap_or(shifted)
    }

    /// Makes it `now`; it runs on from there.
    pub fn set(&self, now: Timestamp) {
        let offset = now.as_millisecond() - Timestamp::now().as_millisecond();
        self.offset_ms.store(offset, Ordering::SeqCst);
        self.stands_ms.store(RUNS, Ordering::SeqCst);
    }

    /// Makes it `now` and stops it there: what happens from here on has the same stamp.
    pub fn stand_at(&self, now: Timestamp) {
        self.stands_ms.store(now.as_millisecond(), Ordering::SeqCst);
    }

    /// Moves it by so many seconds; negative moves it back.
    pub fn advance_seconds(&self, seconds: i64) {
        let moved_ms = seconds.saturating_mul(1000);
        self.offset_ms.fetch_add(moved_ms, Ordering::SeqCst);
        // An error means that it runs, and the offset is all there is to move.
        let _ran = self.stands_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |stands| {
            (stands != RUNS).then(|| stands.saturating_add(moved_ms))
        });
    }

    /// Back to the machine's time.
    pub fn reset(&self) {
        self.offset_ms.store(0, Ordering::SeqCst);
        self.stands_ms.store(RUNS, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_stands_gives_equal_stamps_and_can_be_moved() {
        let clock = Clock::default();
        let at: Timestamp = "2026-03-02T10:15:00Z".parse().unwrap();
        clock.stand_at(at);
        assert_eq!((clock.now(), clock.now()), (at, at));
        clock.advance_seconds(60);
        assert_eq!(clock.now().to_string(), "2026-03-02T10:16:00Z");
        clock.set(at);
        assert!(clock.now() >= at && clock.now().as_second() - at.as_second() < 60);
        clock.reset();
        assert!(clock.now().as_second() > at.as_second());
    }
}
