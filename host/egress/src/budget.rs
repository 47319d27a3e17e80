//! A connection's budget: requests in flight, and requests per second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ports::SendError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout_at};

pub(crate) struct Budget {
    in_flight: Semaphore,
    rate: Option<Rate>,
}

/// Generic cell rate algorithm (ITU-T I.371): one instant holds the whole state.
struct Rate {
    /// What a request of cost 1 takes.
    interval: Duration,
    /// When the budget would be full again; ahead of now by what has been spent.
    spent_until: Mutex<Option<Instant>>,
}

/// A burst may spend this much of the rate at once, in seconds.
const BURST_SECONDS: u64 = 1;

impl Budget {
    pub(crate) fn new(max_concurrent: u32, requests_per_second: Option<f64>) -> Self {
        let rate = requests_per_second
            .map(|rate| Rate { interval: Duration::from_secs_f64(1.0 / rate), spent_until: Mutex::new(None) });
        let permits = usize::try_from(max_concurrent).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self { in_flight: Semaphore::new(permits), rate }
    }

    /// Waits its turn. The permit is held as long as the request is in flight.
    ///
    /// # Errors
    /// [`SendError::NotSent`] when the turn would come after the deadline.
    pub(crate) async fn enter(&self, cost: u32, deadline: Instant) -> Result<SemaphorePermit<'_>, SendError> {
        let busy = || SendError::NotSent("the connection's requests in flight left no room before the deadline".into());
        let permit = match self.in_flight.try_acquire() {
            Ok(permit) => permit,
            Err(_) => timeout_at(deadline, self.in_flight.acquire()).await.map_err(|_| busy())?.map_err(|_| busy())?,
        };
        if let Some(rate) = &self.rate {
            let turn = rate.reserve(cost, Instant::now(), deadline)?;
            sleep_until(turn).await;
        }
        Ok(permit)
    }
}

impl Rate {
    /// When a request of this cost may leave. Nothing is spent when that is too late.
    fn reserve(&self, cost: u32, now: Instant, deadline: Instant) -> Result<Instant, SendError> {
        let price = self.interval.saturating_mul(cost);
        let mut spent_until = self.spent_until.lock().unwrap_or_else(PoisonError::into_inner);
        let start = spent_until.unwrap_or(now).max(now);
        // A request dearer than a whole burst leaves when the budget is full, and pays afterwards.
        let burst = Duration::from_secs(BURST_SECONDS).max(price).max(self.interval);
        let turn = (start + price).checked_sub(burst).unwrap_or(now).max(now);
        if turn > deadline {
            let wait_ms = turn.duration_since(now).as_millis();
            return Err(SendError::NotSent(format!(
                "the connection's rate budget frees up in {wait_ms} ms, after the deadline"
            )));
        }
        *spent_until = Some(start + price);
        Ok(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_passes_and_the_rest_is_spread() {
        let rate = Rate { interval: ms(100), spent_until: Mutex::new(None) };
        let start = Instant::now();
        // (asked at, cost, leaves at), all in milliseconds from the start.
        let rows = [
            (0, 10, 0),
            (0, 1, 100),
            (0, 1, 200),
            (250, 3, 500),
            (5_000, 1, 5_000),
            (5_000, 9, 5_000),
            (5_000, 1, 5_100),
            (9_000, 20, 9_000),
            (9_000, 1, 10_100),
        ];
        for (asked, cost, leaves) in rows {
            let turn = rate.reserve(cost, start + ms(asked), start + ms(60_000)).unwrap();
            assert_eq!(turn.duration_since(start), ms(leaves), "{asked} {cost}");
        }
    }

    #[test]
    fn what_comes_too_late_is_not_sent_and_costs_nothing() {
        let rate = Rate { interval: ms(1_000), spent_until: Mutex::new(None) };
        let start = Instant::now();
        assert_eq!(rate.reserve(1, start, start).unwrap(), start);
        for _ in 0..3 {
            let refused = rate.reserve(1, start, start + ms(999)).unwrap_err();
            assert!(matches!(&refused, SendError::NotSent(text) if text.contains("1000 ms")), "{refused}");
        }
        assert_eq!(rate.reserve(1, start, start + ms(1_000)).unwrap(), start + ms(1_000));
    }

    #[tokio::test]
    async fn requests_in_flight_are_bounded() {
        let budget = Budget::new(1, None);
        let held = budget.enter(1, Instant::now()).await.unwrap();
        let late = budget.enter(1, Instant::now()).await;
        assert!(matches!(late, Err(SendError::NotSent(_))));
        drop(held);
        assert!(budget.enter(1, Instant::now()).await.is_ok());
    }
}
