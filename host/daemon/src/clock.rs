//! The clocks and ids of a running host.

use std::sync::Mutex;

use ports::{Clock, Ids};
use quoin_canonical::{Id, Timestamp};

/// The business clock: real time, moved forward by an offset where the configuration allows it.
/// It never runs behind what was set, nor backwards.
pub struct BusinessClock {
    settable: bool,
    ahead: Mutex<jiff::SignedDuration>,
}

impl BusinessClock {
    /// A clock that shows `start` now, or real time.
    pub fn new(settable: bool, start: Option<Timestamp>) -> Self {
        let ahead = start.map_or(jiff::SignedDuration::ZERO, |start| start.duration_since(Timestamp::now()));
        Self { settable, ahead: Mutex::new(ahead) }
    }

    /// Whether [`Self::advance`] may be called.
    pub fn is_settable(&self) -> bool {
        self.settable
    }

    /// Moves the clock forward to `to`.
    ///
    /// # Errors
    /// When it is not settable, or `to` has passed.
    pub fn advance(&self, to: Timestamp) -> Result<Timestamp, String> {
        if !self.settable {
            return Err("this host runs on real time; set [clock] settable = true to rehearse".to_owned());
        }
        let mut ahead = self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = shifted(*ahead);
        if to < now {
            return Err(format!("it is {now} already; time goes forward only"));
        }
        *ahead = to.duration_since(Timestamp::now());
        Ok(to)
    }

    /// Makes sure the clock is not behind what the log already holds.
    pub fn not_before(&self, at: Timestamp) {
        let mut ahead = self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if shifted(*ahead) < at {
            *ahead = at.duration_since(Timestamp::now());
        }
    }
}

fn shifted(ahead: jiff::SignedDuration) -> Timestamp {
    let now = Timestamp::now();
    now.saturating_add(ahead).unwrap_or(now)
}

impl Clock for BusinessClock {
    fn now(&self) -> Timestamp {
        shifted(*self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// UUID version 7 ids.
pub struct TimeOrderedIds;

impl Ids for TimeOrderedIds {
    fn next(&self) -> Id {
        Id::from_uuid(uuid::Uuid::now_v7())
    }
}
