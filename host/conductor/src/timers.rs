//! Timers: at its due time, the event a timer carries is recorded and the timer goes, together.

use ports::{Commit, CommitError, Expect, Op};
use process::{Cause, EventDraft, TimerRow};
use quoin_canonical::{Id, Timestamp};
use tokio::sync::watch;

use crate::{IDLE, Wheel};

/// Timers fired in one round.
const BATCH: usize = 256;

/// Fires timers until `stop` turns true.
pub(crate) async fn fire_timers(wheel: Wheel, mut stop: watch::Receiver<bool>) {
    let mut work = wheel.ledger.work();
    while !*stop.borrow() {
        work.mark_unchanged();
        let now = wheel.clock.now();
        let due = wheel.ledger.due_timers(now, BATCH).await;
        if due.is_empty() {
            // A settable clock may jump, so a far due time is looked at again soon.
            tokio::select! { _ = work.changed() => {}, _ = stop.changed() => {}, () = tokio::time::sleep(IDLE.min(POLL)) => {} }
            continue;
        }
        for timer in due {
            fire(&wheel, timer, now).await;
        }
    }
}

/// How often due times are compared with the clock.
const POLL: std::time::Duration = std::time::Duration::from_millis(100);

async fn fire(wheel: &Wheel, timer: TimerRow, now: Timestamp) {
    let event = EventDraft {
        id: Id::derived(&["timer", timer.id.as_str(), &timer.due.to_string()]),
        kind: timer.event.kind,
        key: timer.event.key,
        at: now,
        cause: Cause { by: Some("timer".to_owned()), ..Cause::default() },
        body: timer.event.body,
    };
    let commit = Commit {
        expect: vec![Expect::SetTimer(timer.id.clone())],
        ops: vec![Op::Append(event), Op::RemoveTimer(timer.id)],
    };
    match wheel.ledger.commit(commit).await {
        Ok(_) | Err(CommitError::Precondition(_)) => {}
        Err(error) => tracing::error!(%error, "a timer could not be fired"),
    }
}
