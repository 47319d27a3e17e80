//! The log itself, filtered.

use std::sync::Arc;

use ports::Ledger;
use process::Event;

/// Events looked through for one page of a filtered list, at most, so that a filter that matches
/// nothing does not read the whole log in one request.
const EVENTS_SCANNED_MAX: usize = 20_000;

/// Events read from the ledger at once.
const SCAN_PAGE: usize = 1_000;

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this business key.
    pub key: Option<String>,
    /// Of this kind, or of every kind that starts with it when it ends in `.`.
    pub kind: Option<String>,
}

impl Filter {
    /// Whether an event passes.
    pub fn admits(&self, event: &Event) -> bool {
        let kind = self
            .kind
            .as_deref()
            .is_none_or(|kind| event.kind == kind || (kind.ends_with('.') && event.kind.starts_with(kind)));
        kind && self.key.as_deref().is_none_or(|key| event.key == key)
    }
}

/// Some events, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// Where to go on; `None` when the log has no more for now.
    pub next: Option<u64>,
}

/// The first events after a sequence number that pass the filter.
pub async fn after(ledger: &dyn Ledger, filter: &Filter, after: u64, limit: usize) -> Found {
    let mut events = Vec::new();
    let mut position = after;
    for _ in 0..EVENTS_SCANNED_MAX / SCAN_PAGE {
        let page = match &filter.key {
            Some(key) => ledger.events_of_key(key, position, SCAN_PAGE).await.into_iter().map(Arc::new).collect(),
            None => ledger.log(position, SCAN_PAGE).await,
        };
        let last_page = page.len() < SCAN_PAGE;
        for event in page {
            position = event.seq;
            if filter.admits(&event) {
                events.push(Arc::unwrap_or_clone(event));
            }
            if events.len() == limit {
                return Found { events, next: Some(position) };
            }
        }
        if last_page {
            return Found { events, next: None };
        }
    }
    Found { events, next: Some(position) }
}
