//! Real time, which assertions and signatures are stamped with.

use jiff::Timestamp;
use ports::Clock;

/// The system's clock.
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
