//! What a person may ask for. Each request is recorded as an event and answered at once; the wheel
//! does the work.

pub mod approval;
pub mod ask;
pub mod billing_run;
pub mod clock;
pub mod contract_request;
pub mod plugin;
pub mod reconcile;
pub mod retry;
pub mod rollout;
pub mod shadow;

use ports::Op;
use process::{Cause, EventDraft};
use quoin_canonical::{Id, Timestamp};
use serde_json::Value;

use crate::Principal;

/// An event that says what a person asked for.
fn asked(id: Id, kind: &str, key: &str, at: Timestamp, by: &Principal, body: Value) -> Op {
    let cause = Cause { by: Some(by.name.clone()), ..Cause::default() };
    Op::Append(EventDraft { id, kind: kind.into(), key: key.into(), at, cause, body })
}
