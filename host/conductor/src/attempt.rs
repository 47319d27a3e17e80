//! One attempt at a command, judged: done, try again, look first, or a person must act.

use ports::{CallError, CallTrace, Called, Connectors, Item, ItemOutcome, ItemStatus, Process};
use process::{Command, Fault, FaultKind};
use quoin_package::Repeat;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Every object is where it should be.
    Done(Vec<ItemOutcome>),
    /// Nothing happened, or only part; the same again later.
    Again {
        /// Why.
        fault: Fault,
        /// A vendor's limit is no failure: the attempt is not counted.
        counted: bool,
    },
    /// It may have happened: look before the next attempt.
    Unknown(Fault),
    /// The system said no for good.
    Refused(Fault),
}

/// Performs one attempt: a look-up first when the last outcome is unknown, then the write.
pub(crate) async fn attempt(
    connectors: &dyn Connectors,
    command: &Command,
    object: &str,
    items: &[Item],
) -> (End, CallTrace) {
    let process = Process { key: &command.key, instance: command.instance.as_str(), began: None };
    let mut trace = CallTrace::default();
    if command.unknown {
        if repeat_of(connectors, command, object) == Some(Repeat::None) {
            let message = "the last attempt may have succeeded, and this system offers no way to find out; check there before retrying";
            return (End::Refused(Fault::new(FaultKind::Conflict, "CANNOT_PROBE", message)), trace);
        }
        let looked = connectors.lookup_for(process, &command.connection, object, items).await;
        trace = looked.trace.clone();
        match judge(looked, items.len()) {
            // Surely not there: the write below is the first one.
            End::Again { fault, .. } if surely_not_there(&fault) => {}
            other => return (other, trace),
        }
    }
    let called = connectors.apply_for(process, &command.connection, object, items).await;
    let mut write = called.trace.clone();
    trace.calls.append(&mut write.calls);
    let trace = CallTrace { calls: trace.calls, micros: trace.micros + write.micros, ..write };
    (judge(called, items.len()), trace)
}

/// Whether a look-up's `retry` means: the vendor was asked, and it is not there. A connector says so
/// without a fault, or with one of kind not-found; a throttled look-up proves nothing.
fn surely_not_there(fault: &Fault) -> bool {
    fault.kind == FaultKind::NotFound || fault.code == NO_REASON
}

/// Code of a `retry` that came without a fault.
const NO_REASON: &str = "RETRY";

fn repeat_of(connectors: &dyn Connectors, command: &Command, object: &str) -> Option<Repeat> {
    connectors.connection(&command.connection)?.manifest.object(object)?.repeat
}

fn judge(called: Called<Vec<ItemOutcome>>, expected: usize) -> End {
    let outcomes = match called.result {
        Ok(outcomes) => outcomes,
        Err(error) => return judge_error(&error),
    };
    if outcomes.len() != expected {
        let message = format!("the connector answered {} outcomes for {expected} items", outcomes.len());
        return End::Unknown(Fault::new(FaultKind::Internal, "OUTCOME_COUNT", message));
    }
    let find = |wanted: &[ItemStatus]| outcomes.iter().find(|outcome| wanted.contains(&outcome.status));
    let fault = |outcome: &ItemOutcome, code: &str| {
        outcome.fault.clone().unwrap_or_else(|| Fault::new(FaultKind::Other, code, "the connector gave no reason"))
    };
    if let Some(refused) = find(&[ItemStatus::Rejected, ItemStatus::Conflict]) {
        return End::Refused(fault(refused, "REFUSED"));
    }
    if let Some(unknown) = find(&[ItemStatus::Unknown]) {
        return End::Unknown(fault(unknown, "UNKNOWN_OUTCOME"));
    }
    if let Some(retry) = find(&[ItemStatus::Retry]) {
        let fault = fault(retry, NO_REASON);
        return End::Again { counted: fault.kind != FaultKind::RateLimited, fault };
    }
    End::Done(outcomes)
}

fn judge_error(error: &CallError) -> End {
    let fault = error.as_fault();
    match error {
        // It was stopped in the middle: what it had sent by then is unknown.
        CallError::Guest(_) => End::Unknown(fault),
        CallError::NoConnection(_) | CallError::Barred { .. } => End::Again { fault, counted: false },
        CallError::NotGranted(_) => End::Refused(fault),
        CallError::Fault(_) => match fault.kind {
            FaultKind::RateLimited => End::Again { fault, counted: false },
            FaultKind::Transient | FaultKind::Unavailable => End::Again { fault, counted: true },
            _ => End::Refused(fault),
        },
    }
}
