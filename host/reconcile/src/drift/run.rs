//! One comparison for a period: what was asked, and what was found.

use std::collections::BTreeMap;

use quoin_canonical::{Date, Id, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Drift;

/// Business key of requests and answers: they belong to no deal.
pub const KEY: &str = "~reconcile";

/// What somebody asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Id of the run.
    pub run: Id,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// What one run found; kept as a document under its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Id of the run.
    pub run: Id,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// When it was asked for.
    pub at: Timestamp,
    /// Records that were compared.
    pub compared: usize,
    /// Differences.
    pub drifts: Vec<Drift>,
    /// Records that could not be compared, with the reason.
    pub unreachable: Vec<String>,
    /// Our side of each record that differs, by canonical id: what a repair writes.
    #[serde(skip)]
    pub records: BTreeMap<Id, Value>,
}
