//! What comparisons with the connected systems found.

use std::time::Duration;

use ports::Ledger;
use quoin_canonical::Id;
use reconcile::drift::Findings;
pub use reconcile::drift::{Drift, Proposal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApiState, Problem};

/// Longest wait for a comparison in one request.
pub const WAIT_SECONDS_MAX: u64 = 60;

/// Comparisons listed at most.
const LISTED_MAX: usize = 50;

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FindingsView {
    /// What was found.
    #[schema(value_type = Object)]
    #[serde(flatten)]
    pub findings: Findings,
    /// Whether the systems hold what we hold.
    pub clean: bool,
}

impl From<Findings> for FindingsView {
    fn from(findings: Findings) -> Self {
        Self { clean: findings.drifts.is_empty() && findings.unreachable.is_empty(), findings }
    }
}

/// One comparison, once it is done; waits for it up to `wait_seconds`.
///
/// # Errors
/// 404 while there is none of that id.
pub async fn one(state: &ApiState, run: &str, wait_seconds: u64) -> Result<FindingsView, Problem> {
    let hint = "a comparison has a result once every system answered; ask again, or wait with ?wait_seconds=60";
    let unknown = || Problem::not_found("reconciliation", run, hint);
    Id::parse(run).ok_or_else(unknown)?;
    let mut head = state.ledger.head();
    let waiting = async {
        loop {
            head.mark_unchanged();
            if let Some((value, _)) = state.ledger.document("reconciliation", run).await {
                return serde_json::from_value::<Findings>(value).ok();
            }
            if head.changed().await.is_err() {
                return None;
            }
        }
    };
    let wait = Duration::from_secs(wait_seconds.min(WAIT_SECONDS_MAX));
    let found = tokio::time::timeout(wait, waiting).await.ok().flatten();
    found.map(FindingsView::from).ok_or_else(unknown)
}

/// The latest comparisons, by their last day, the newest first.
pub async fn latest(ledger: &dyn Ledger) -> Vec<FindingsView> {
    let rows = ledger.documents("reconciliation", "", "", 1_000).await;
    let mut found: Vec<Findings> = rows.into_iter().filter_map(|(_, row)| serde_json::from_value(row).ok()).collect();
    found.sort_by(|a, b| (b.at, &b.run).cmp(&(a.at, &a.run)));
    found.truncate(LISTED_MAX);
    found.into_iter().map(FindingsView::from).collect()
}
