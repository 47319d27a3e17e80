//! The performing loop: leases commands that are due, lets connectors carry them out, and records
//! how each ended. Commands of one deal to one system keep their order, and no two write the same object
//! of a system at once; all else runs side by side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ports::{CallTrace, Commit, CommitError, Expect, ItemOutcome, Op, XrefRow};
use process::{Cause, Command, CommandId, EventDraft, Fault, Operation};
use quoin_canonical::{Id, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::attempt::{End, attempt};
use crate::busy::Busy;
use crate::items::items;
use crate::{IDLE, Wheel};

/// Performs commands until `stop` turns true, then waits for those under way.
pub(crate) async fn perform_commands(wheel: Wheel, mut stop: watch::Receiver<bool>) {
    let flight = Arc::new(Semaphore::new(wheel.limits.commands_in_flight));
    let busy = Arc::new(Busy::new(Arc::clone(&flight)));
    let mut work = wheel.ledger.work();
    let mut running = JoinSet::new();
    while !*stop.borrow() {
        work.mark_unchanged();
        while running.try_join_next().is_some() {}
        let free = flight.available_permits();
        let now = wheel.clock.now();
        let until = now.saturating_add(wheel.limits.lease).unwrap_or(now);
        let leased = if free == 0 { Vec::new() } else { wheel.ledger.lease(now, until, free).await };
        if leased.is_empty() {
            let wait = wait_for_due(&wheel).await;
            tokio::select! {
                _ = work.changed() => {}
                _ = stop.changed() => {}
                Some(_) = running.join_next() => {}
                () = tokio::time::sleep(wait) => {}
            }
            continue;
        }
        for lane in lanes(leased) {
            // Taken here and not in the task, so that the next round sees what is really free.
            let Ok(place) = Arc::clone(&flight).acquire_owned().await else { return };
            let (wheel, busy) = (wheel.clone(), Arc::clone(&busy));
            running.spawn(async move { perform_lane(&wheel, &busy, place, lane, until).await });
        }
    }
    while running.join_next().await.is_some() {}
}

async fn wait_for_due(wheel: &Wheel) -> Duration {
    let Some(due) = wheel.ledger.next_due().await else { return IDLE };
    let wait = due.duration_since(wheel.clock.now());
    Duration::try_from(wait).unwrap_or(Duration::from_millis(1)).clamp(Duration::from_millis(1), IDLE)
}

/// Commands by deal and system, each lane in the order the commands were decided.
fn lanes(leased: Vec<Command>) -> Vec<Vec<Command>> {
    let mut lanes: BTreeMap<(String, String), Vec<Command>> = BTreeMap::new();
    for command in leased {
        lanes.entry((command.key.clone(), command.connection.clone())).or_default().push(command);
    }
    lanes
        .into_values()
        .map(|mut lane| {
            lane.sort_by_key(|command| command.decided_at);
            lane
        })
        .collect()
}

/// Performs a lane, as long as it is leased.
async fn perform_lane(wheel: &Wheel, busy: &Busy, place: OwnedSemaphorePermit, lane: Vec<Command>, until: Timestamp) {
    let (mut lane, mut place) = (lane.into_iter(), Some(place));
    while let Some(command) = lane.next() {
        let id = command.id.clone();
        let mut taken = busy.take(&command, place.take()).await;
        if wheel.clock.now() >= until {
            // It waited for so long that it is leased to somebody else, and so is what comes after it.
            tracing::debug!(command = %id, "a lease ran out");
            return;
        }
        if !perform(wheel, command).await {
            // What comes after it waits with it.
            let waiting: Vec<CommandId> = lane.map(|command| command.id).collect();
            tracing::debug!(command = %id, waiting = waiting.len(), "a command will be tried again");
            return wheel.ledger.release(&waiting).await;
        }
        place = taken.place.take();
    }
}

/// One attempt, recorded; false when the command stays open.
async fn perform(wheel: &Wheel, command: Command) -> bool {
    let Operation::Apply { object, objects } = &command.operation;
    let items = items(wheel.ledger.as_ref(), &command, object, objects).await;
    let (end, trace) = attempt(wheel.connectors.as_ref(), &command, object, &items).await;
    let now = wheel.clock.now();
    let (ended, ops) = match end {
        End::Done(outcomes) => (true, done(&command, object, objects, outcomes, &trace, now)),
        End::Refused(fault) => (true, finished(&command, "command.refused", &fault, &trace, now)),
        End::Again { fault, counted } => again(wheel, &command, fault, counted, command.unknown, &trace, now),
        End::Unknown(fault) => again(wheel, &command, fault, true, true, &trace, now),
    };
    let commit = Commit { expect: vec![Expect::OpenCommand(command.id.clone())], ops };
    match wheel.ledger.commit(commit).await {
        Ok(_) | Err(CommitError::Precondition(_)) => {}
        Err(error) => {
            tracing::error!(command = %command.id, %error, "an outcome could not be recorded; the command will be looked up again")
        }
    }
    ended
}

fn record(command: &Command, kind: &str, attempt: u32, body: Value, now: Timestamp) -> EventDraft {
    EventDraft {
        id: Id::derived(&["outcome", command.id.as_str(), kind, &attempt.to_string(), &now.to_string()]),
        kind: kind.to_owned(),
        key: command.key.clone(),
        at: now,
        cause: Cause {
            command: Some(command.id.clone()),
            step: Some(command.step.clone()),
            connection: Some(command.connection.clone()),
            ..Cause::default()
        },
        body,
    }
}

fn done(
    command: &Command,
    object: &str,
    objects: &[Value],
    outcomes: Vec<ItemOutcome>,
    trace: &CallTrace,
    now: Timestamp,
) -> Vec<Op> {
    let mut ops = vec![Op::FinishCommand(command.id.clone())];
    let mut results = Vec::with_capacity(outcomes.len());
    for (sent, outcome) in objects.iter().zip(outcomes) {
        let id = sent.pointer("/header/id").and_then(Value::as_str).and_then(Id::parse);
        let mut xref = |object: &str, id: Option<Id>, external: &str| {
            let Some(id) = id else { return };
            ops.push(Op::PutXref(XrefRow {
                connection: command.connection.clone(),
                object: object.to_owned(),
                external: external.to_owned(),
                id,
                key: Some(command.key.clone()),
            }));
        };
        if let Some(external) = &outcome.external {
            xref(object, id.clone(), external);
        }
        for reference in &outcome.references {
            xref(&reference.object, Id::parse(&reference.id), &reference.external);
        }
        results.push(json!({"id": id, "external": outcome.external, "status": outcome.status, "data": outcome.data}));
    }
    let body = json!({
        "instance": command.instance, "command": command.id, "object": object, "role": command.role,
        "connection": command.connection, "attempts": command.attempts + 1, "objects": results, "trace": trace,
    });
    ops.push(Op::Append(record(command, "command.done", command.attempts, body, now)));
    ops
}

fn finished(command: &Command, kind: &str, fault: &Fault, trace: &CallTrace, now: Timestamp) -> Vec<Op> {
    let body = outcome_body(command, fault, trace);
    vec![Op::FinishCommand(command.id.clone()), Op::Append(record(command, kind, command.attempts, body, now))]
}

fn outcome_body(command: &Command, fault: &Fault, trace: &CallTrace) -> Value {
    let Operation::Apply { object, .. } = &command.operation;
    json!({
        "instance": command.instance, "command": command.id, "object": object, "role": command.role,
        "connection": command.connection, "attempts": command.attempts + 1, "fault": fault, "trace": trace,
    })
}

/// Queues the command again with a pause, or gives up after its last attempt.
fn again(
    wheel: &Wheel,
    command: &Command,
    fault: Fault,
    counted: bool,
    unknown: bool,
    trace: &CallTrace,
    now: Timestamp,
) -> (bool, Vec<Op>) {
    let mut next = command.clone();
    next.attempts += u32::from(counted);
    next.unknown = unknown;
    if next.attempts >= command.retry.max_attempts {
        return (true, finished(command, "command.failed", &fault, trace, now));
    }
    let pause = pause(command, &fault, jitter(&wheel.ids.next()));
    let not_before = now.saturating_add(pause).unwrap_or(now);
    let event = record(command, "command.retried", command.attempts, outcome_body(command, &fault, trace), now);
    (false, vec![Op::PutCommand { command: next, not_before }, Op::Append(event)])
}

/// Full jitter over a doubling pause, but never sooner than the vendor asked.
fn pause(command: &Command, fault: &Fault, jitter: f64) -> Duration {
    let retry = &command.retry;
    let ceiling = retry.base_ms.saturating_mul(1 << command.attempts.min(20)).min(retry.cap_ms);
    let jittered = Duration::from_millis(ceiling).mul_f64(jitter);
    jittered.max(Duration::from_millis(fault.retry_after_ms.unwrap_or(0)))
}

/// A number from 0 to 1 out of an id's random tail.
fn jitter(id: &Id) -> f64 {
    let tail = id.as_str().rsplit('-').next().and_then(|hex| hex.get(4..)).unwrap_or("0");
    let value = u32::from_str_radix(tail, 16).unwrap_or(0);
    f64::from(value) / f64::from(u32::MAX)
}
