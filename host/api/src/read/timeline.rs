//! The timeline of one deal: every event of its key, in order.

use ports::Ledger;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entry::Entry;
use crate::Problem;

/// Deals looked through for a project code, at most: a firm signs fewer in a decade, and the read is
/// a scan because people look up project codes seldom.
const DEALS_SCANNED_MAX: usize = 50_000;

/// Deals read at once while looking through them.
const SCAN_PAGE: usize = 500;

/// Entries that a whole deal is read to, at most: hundreds of time entries a month for years.
pub const WHOLE_ENTRIES_MAX: usize = 10_000;

/// A part of a deal's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    /// Business key of the deal.
    #[schema(examples("Q-2026-0042"))]
    pub key: String,
    /// What happened, oldest first.
    pub items: Vec<Entry>,
    /// The cursor of the next part; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The business key behind a quote, invoice or project number.
///
/// # Errors
/// 404 when it is none of them.
pub async fn resolve(ledger: &dyn Ledger, number: &str) -> Result<String, Problem> {
    if ledger.document("deal", number).await.is_some() {
        return Ok(number.to_owned());
    }
    if let Some((invoice, _)) = ledger.document("invoice", number).await
        && let Some(key) = invoice["key"].as_str()
    {
        return Ok(key.to_owned());
    }
    if !ledger.events_of_key(number, 0, 1).await.is_empty() {
        return Ok(number.to_owned());
    }
    key_of_project(ledger, number).await.ok_or_else(|| {
        Problem::not_found("deal", number, "give a quote, invoice or project number; `quoin deals` lists the quotes")
    })
}

async fn key_of_project(ledger: &dyn Ledger, code: &str) -> Option<String> {
    let mut after = String::new();
    for _ in 0..DEALS_SCANNED_MAX / SCAN_PAGE {
        let page = ledger.documents("deal", "", &after, SCAN_PAGE).await;
        if let Some((key, _)) = page.iter().find(|(_, deal)| deal["project_code"] == *code) {
            return Some(key.clone());
        }
        after = page.last()?.0.clone();
    }
    None
}

/// A part of the timeline of a key, after a sequence number.
pub async fn part(ledger: &dyn Ledger, key: &str, after: u64, limit: usize) -> Timeline {
    let items: Vec<Entry> = ledger.events_of_key(key, after, limit).await.into_iter().map(Entry::from).collect();
    let next = items.last().filter(|_| items.len() >= limit).map(|last| last.seq.to_string());
    Timeline { key: key.to_owned(), items, next }
}

/// The whole timeline of a key, up to [`WHOLE_ENTRIES_MAX`].
pub async fn whole(ledger: &dyn Ledger, key: &str) -> Timeline {
    part(ledger, key, 0, WHOLE_ENTRIES_MAX).await
}
