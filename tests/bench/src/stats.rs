//! Percentiles, and loops that are timed.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How long something took, milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Spread {
    /// Half took no longer.
    pub(crate) p50_ms: f64,
    /// All but one in a hundred took no longer.
    pub(crate) p99_ms: f64,
}

impl Spread {
    /// Of these times, in any order.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        Self { p50_ms: at(50), p99_ms: at(99) }
    }
}

/// How long a loop is timed: long enough that one scheduling pause is lost in it.
pub(crate) const LOOP: Duration = Duration::from_millis(800);
/// Rounds before the clock starts.
pub(crate) const WARM_UP: u32 = 100;

/// Microseconds per round of something that does not wait.
pub(crate) fn micros(mut round: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    for _ in 0..WARM_UP {
        round()?;
    }
    let (start, mut rounds) = (Instant::now(), 0_u32);
    while start.elapsed() < LOOP {
        round()?;
        rounds += 1;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds))
}
