//! Verbs about objects as they come in: JSON that is read, or refused with code and field.

use quoin_canonical::{Canonical, Invalid, Invoice, ObjectKind, Payment, Quote, TimeEntry, read_batch};
use serde_json::Value;

/// `read KIND [objects]`: what becomes of each of a batch, in order.
pub fn step(text: &str) -> Option<Result<String, String>> {
    let (kind, json) = text.strip_prefix("read ")?.split_once(' ')?;
    let values: Vec<Value> = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    Some(match ObjectKind::parse(kind)? {
        ObjectKind::TimeEntry => Ok(told::<TimeEntry>(&values)),
        ObjectKind::Quote => Ok(told::<Quote>(&values)),
        ObjectKind::Invoice => Ok(told::<Invoice>(&values)),
        ObjectKind::Payment => Ok(told::<Payment>(&values)),
        other => Err(format!("no verb reads a {other} yet")),
    })
}

fn told<T: Canonical>(values: &[Value]) -> String {
    let one = |result: Result<T, Vec<Invalid>>| match result {
        Ok(_) => "read".to_owned(),
        Err(problems) => {
            assert!(problems.iter().all(|problem| problem.message.len() > 10), "{problems:?}");
            problems.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect::<Vec<_>>().join(" + ")
        }
    };
    read_batch::<T>(values).into_iter().map(one).collect::<Vec<_>>().join("; ")
}
