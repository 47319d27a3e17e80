//! Each way of failing becomes the decision it must lead to.

use anyhow::{bail, ensure};
use ports::ItemStatus;
use process::{Fault, FaultKind};
use serde_json::{Value, json};

use super::stage::{Stage, done, outcome_told, skip, told};

/// What a host may make of a failed reading.
struct Expected {
    fault: &'static str,
    further: fn() -> Value,
    kinds: &'static [FaultKind],
    why: &'static str,
}

const PASSES: &[FaultKind] = &[FaultKind::Transient, FaultKind::Unavailable];

/// Failures of a reading.
const READING: [Expected; 9] = [
    Expected {
        fault: "throttle",
        further: || json!({ "retry_after_seconds": 7 }),
        kinds: &[FaultKind::RateLimited],
        why: "too many requests",
    },
    Expected {
        fault: "expire_token",
        further: || json!({}),
        kinds: &[FaultKind::AuthExpired],
        why: "the credential is refused, also after it was renewed",
    },
    Expected { fault: "forbidden", further: || json!({}), kinds: &[FaultKind::Permission], why: "a right is missing" },
    Expected {
        fault: "server_error",
        further: || json!({ "status": 500 }),
        kinds: PASSES,
        why: "the vendor has a problem",
    },
    Expected { fault: "server_error", further: || json!({ "status": 503 }), kinds: PASSES, why: "the vendor is down" },
    Expected { fault: "html", further: || json!({}), kinds: PASSES, why: "a gateway answers" },
    Expected { fault: "drop_request", further: || json!({}), kinds: PASSES, why: "the connection is cut" },
    Expected { fault: "truncate", further: || json!({}), kinds: PASSES, why: "half of an answer comes" },
    Expected {
        fault: "version_retired",
        further: || json!({}),
        kinds: &[
            FaultKind::Config,
            FaultKind::Unsupported,
            FaultKind::NotFound,
            FaultKind::Permission,
            FaultKind::InvalidData,
            FaultKind::Other,
        ],
        why: "the API's version is retired, which no retry mends",
    },
];

/// Failures of a reading, or of a check where nothing can be read.
pub async fn reading(stage: &Stage<'_>) -> anyhow::Result<()> {
    let object = stage.readable();
    let mut wrong = Vec::new();
    for expected in &READING {
        stage.fresh().await?;
        // Tokens are fetched before anything fails: how that fails is the host's affair.
        if asked(stage, object.as_deref()).await.is_err_and(|fault| fault.code == "NOT_GRANTED") {
            return skip("nothing can be read, and there is no check");
        }
        let further = (expected.further)();
        stage.plug(expected.fault, &further).await?;
        match asked(stage, object.as_deref()).await {
            Ok(()) => wrong.push(format!("{} ({}) was not noticed", expected.fault, expected.why)),
            Err(fault) if !expected.kinds.contains(&fault.kind) => {
                wrong.push(format!("{} {further} ({}) became {}", expected.fault, expected.why, told(&fault)));
            }
            Err(_) => {}
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

/// Reads a page; without anything to read, checks.
async fn asked(stage: &Stage<'_>, object: Option<&str>) -> Result<(), Fault> {
    match object {
        Some(object) => stage.page(object, None, 10).await.0.map(|_| ()),
        None => stage.bench.check().await.0.result.map(|_| ()).map_err(|error| error.as_fault()),
    }
}

/// What must become of a write: the statuses that are right, and the kinds.
struct Decision {
    fault: &'static str,
    further: fn() -> Value,
    statuses: &'static [ItemStatus],
    kinds: &'static [FaultKind],
    why: &'static str,
}

/// Failures of a write; the vendor does nothing in any of them.
const WRITING: [Decision; 5] = [
    Decision {
        fault: "throttle",
        further: || json!({ "retry_after_seconds": 7 }),
        statuses: &[ItemStatus::Retry],
        kinds: &[FaultKind::RateLimited],
        why: "too many requests: nothing happened, try again",
    },
    Decision {
        fault: "forbidden",
        further: || json!({}),
        statuses: &[ItemStatus::Rejected],
        kinds: &[FaultKind::Permission],
        why: "a right is missing: a person must act",
    },
    Decision {
        fault: "expire_token",
        further: || json!({}),
        statuses: &[ItemStatus::Rejected, ItemStatus::Retry],
        kinds: &[FaultKind::AuthExpired],
        why: "the credential is refused",
    },
    Decision {
        fault: "new_required_field",
        further: || json!({ "field": "Conformance_Field__c" }),
        statuses: &[ItemStatus::Rejected],
        kinds: &[FaultKind::InvalidData],
        why: "the vendor wants a field that nobody sends",
    },
    Decision {
        fault: "server_error",
        further: || json!({ "status": 500 }),
        statuses: &[ItemStatus::Unknown, ItemStatus::Retry],
        kinds: &[FaultKind::Transient, FaultKind::Unavailable, FaultKind::Other],
        why: "it may or may not have happened",
    },
];

/// Failures of a write.
pub async fn writing(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for decision in &WRITING {
        stage.fresh().await?;
        let item = stage.item(object, "faults").await?;
        let before = stage.effects().await?;
        // Only what carries a body can lack a field.
        stage.plug(decision.fault, &(decision.further)()).await?;
        let ended = ended(stage, object, &item).await;
        if let Err(words) = judged(decision, ended) {
            wrong.push(format!("{} ({}): {words}", decision.fault, decision.why));
        }
        if stage.effects().await? != before {
            bail!("{}: the vendor refused everything, and its ledger has grown", decision.fault);
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

/// How a write ended: its status, none where the whole call failed, and the fault.
async fn ended(stage: &Stage<'_>, object: &str, item: &ports::Item) -> (Option<ItemStatus>, Option<Fault>, String) {
    match stage.apply(object, item).await.0 {
        Ok(outcome) => {
            let words = outcome_told(&outcome);
            (Some(outcome.status), outcome.fault, words)
        }
        Err(fault) => (None, Some(fault.clone()), format!("the call failed: {}", told(&fault))),
    }
}

fn judged(decision: &Decision, ended: (Option<ItemStatus>, Option<Fault>, String)) -> Result<(), String> {
    let (status, fault, words) = ended;
    if status.is_some_and(done) {
        return Err(format!("it ended as {words}, but the vendor did nothing"));
    }
    if status.is_some_and(|status| !decision.statuses.contains(&status)) {
        return Err(format!("it ended as {words}; it must be one of {:?}", decision.statuses));
    }
    match fault {
        None => Err(format!("it ended as {words}, without a fault that says why")),
        Some(fault) if !decision.kinds.contains(&fault.kind) => {
            Err(format!("the fault is {}; it must be one of {:?}", told(&fault), decision.kinds))
        }
        Some(_) => Ok(()),
    }
}
