//! Reading worklogs through the change feeds.
//!
//! `worklog/updated` and `worklog/deleted` give ids and stamps, oldest first, a thousand at a time,
//! and leave out the last minute, so that nothing still being written is overtaken. The cursor holds
//! for each feed the stamp up to which it was read (Jira's `until`, which is the last row's stamp),
//! never "now": what happened in the minute before a poll comes with a later one.
//!
//! A poll begins a second before that stamp: rows are ordered by a stamp in milliseconds, and one may
//! join a stamp that was already read. What comes twice is equal, and the host knows it. Within a
//! poll each page goes on exactly behind the last row.

use std::collections::{BTreeMap, BTreeSet};

use quoin_sdk::{Change, Fault, FaultKind, Page, ReadRequest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::Api;
use crate::map;
use crate::wire::{ChangedWorklog, ChangedWorklogs, Worklog};

/// Worklogs per `worklog/list`: Jira's maximum.
const LIST_IDS: usize = 1_000;

/// Read again before the last stamp, in milliseconds; the manifest says the same in seconds.
const OVERLAP_MS: i64 = 1_000;

/// Worklogs that wait for their author's address. With more than these the configuration is at fault
/// rather than a person, and reading fails.
const MAX_WAITING: usize = 500;

/// A place in a feed: everything up to this stamp and id was reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    /// Milliseconds since 1970.
    until: i64,
    /// The last worklog with that stamp.
    id: u64,
}

/// How far a feed was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    #[serde(flatten)]
    place: Place,
    /// The poll has further pages, and an earlier one has read this feed.
    #[serde(default)]
    under_way: bool,
}

impl Progress {
    /// Behind which row to go on.
    fn from(self) -> Place {
        let before = Place { until: self.place.until.saturating_sub(OVERLAP_MS).max(0), id: 0 };
        if self.under_way { self.place } else { before }
    }

    /// Behind the last row; an empty page leaves it where it was.
    fn advance(&mut self, rows: &[ChangedWorklog]) {
        self.place = rows.last().map_or(self.place, place);
        self.under_way = true;
    }
}

/// Where a page ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    updated: Progress,
    deleted: Progress,
    /// Worklogs whose author hides the address and is not in `emails` yet. They are read again with
    /// every poll, because nothing changes in Jira when the configuration does.
    #[serde(default)]
    waiting: BTreeSet<u64>,
}

impl Position {
    fn beginning(api: &Api<'_>) -> Result<Self, Fault> {
        let Some(from) = &api.config.read_from else { return Ok(Self::default()) };
        let midnight: Timestamp = format!("{from}T00:00:00Z").parse().map_err(|_| {
            Fault::new(FaultKind::Config, "READ_FROM", format!("read_from '{from}' is no date such as 2026-01-01"))
        })?;
        let start = Progress { place: Place { until: midnight.as_millisecond(), id: 0 }, under_way: false };
        Ok(Self { updated: start, deleted: start, ..Self::default() })
    }
}

/// The changes after the cursor: updates first, and once there are no more, deletions.
///
/// # Errors
/// What Jira refuses; or that too many authors have no address.
pub fn changes(api: &Api<'_>, request: &ReadRequest) -> Result<Page, Fault> {
    let mut position = match request.position()? {
        Some(position) => position,
        None => Position::beginning(api)?,
    };
    let limit = usize::try_from(request.limit.max(1)).unwrap_or(LIST_IDS).min(LIST_IDS);
    let updated = feed(api, "worklog/updated", position.updated.from(), limit)?;
    let mut ids: BTreeSet<u64> = updated.rows.iter().map(|row| row.worklog_id).collect();
    let room = limit - ids.len();
    if !position.updated.under_way {
        ids.extend(position.waiting.iter().take(room));
    }
    let mut changes = upserts(api, ids, &mut position.waiting)?;
    let mut more = true;
    if !updated.more && room > 0 {
        let deleted = feed(api, "worklog/deleted", position.deleted.from(), room)?;
        changes.extend(
            deleted
                .rows
                .iter()
                .map(|row| Change::delete(row.worklog_id.to_string(), Some(row.updated_time.to_string()))),
        );
        position.waiting.retain(|id| !deleted.rows.iter().any(|row| row.worklog_id == *id));
        position.deleted.advance(&deleted.rows);
        more = deleted.more;
    }
    position.updated.advance(&updated.rows);
    if !more {
        position.updated.under_way = false;
        position.deleted.under_way = false;
    }
    let mut page = Page::of(changes).ending_at(&position)?;
    page.more = more;
    Ok(page)
}

/// Exactly these worklogs, as far as they are there. One that is missing may be removed or hidden: a
/// removal comes with the feed, which alone can tell.
///
/// # Errors
/// What Jira refuses; or that an id is none.
pub fn by_ids(api: &Api<'_>, ids: &[String]) -> Result<Page, Fault> {
    let mut wanted = BTreeSet::new();
    for id in ids {
        let number =
            id.parse().map_err(|_| Fault::invalid("/header/external", format!("'{id:.40}' is no worklog id")))?;
        wanted.insert(number);
    }
    upserts(api, wanted, &mut BTreeSet::new()).map(Page::of)
}

/// Some rows of a feed.
struct Rows {
    rows: Vec<ChangedWorklog>,
    more: bool,
}

fn place(row: &ChangedWorklog) -> Place {
    Place { until: row.updated_time, id: row.worklog_id }
}

/// At most `limit` rows behind a place, in order of stamp and id. Jira orders by stamp alone: the rows
/// of a full page's last millisecond wait for the next request, where they are all together.
fn feed(api: &Api<'_>, path: &str, after: Place, limit: usize) -> Result<Rows, Fault> {
    // One millisecond earlier, because nothing says whether the feed's bound is included.
    let mut since = after.until.saturating_sub(1).max(0);
    loop {
        let page: ChangedWorklogs = api.read(api.get(path).query("since", since))?;
        let mut rows = page.values;
        rows.sort_by_key(place);
        rows.dedup_by_key(|row| row.worklog_id);
        let open = rows.last().filter(|_| !page.last_page).map(|row| row.updated_time);
        rows.retain(|row| Some(row.updated_time) != open && place(row) > after);
        if let (Some(open), true) = (open, rows.is_empty()) {
            // All before that millisecond was read already: begin with it.
            if open.saturating_sub(1) > since {
                since = open - 1;
                continue;
            }
            let message = format!("{path}: more than a full page of worklogs changed in millisecond {open}");
            return Err(Fault::new(FaultKind::Other, "TOO_MANY_TIES", message));
        }
        let more = !page.last_page || rows.len() > limit;
        rows.truncate(limit);
        return Ok(Rows { rows, more });
    }
}

/// These worklogs with their properties, as far as Jira gives them: not those that were removed since
/// (the other feed tells) or that the integration user may not see.
fn upserts(api: &Api<'_>, ids: BTreeSet<u64>, waiting: &mut BTreeSet<u64>) -> Result<Vec<Change>, Fault> {
    let ids: Vec<u64> = ids.into_iter().collect();
    let mut worklogs = BTreeMap::new();
    for chunk in ids.chunks(LIST_IDS) {
        let found: Vec<Worklog> = api.ask("worklog/list?expand=properties", &json!({ "ids": chunk }))?;
        worklogs.extend(found.into_iter().map(|worklog| (worklog.id.clone(), worklog)));
    }
    let mut changes = Vec::with_capacity(worklogs.len());
    for id in ids {
        waiting.remove(&id);
        let Some(worklog) = worklogs.remove(&id.to_string()) else { continue };
        let complain =
            |reason: &str| api.complain("a worklog must be mended", &[("worklog", &worklog.id), ("reason", reason)]);
        let translated = match map::time_entry(&api.config, &worklog) {
            Ok(translated) => translated,
            // Without a day it is no entry at all; the rest of the page comes through.
            Err(fault) => {
                complain(&fault.to_string());
                continue;
            }
        };
        translated.remarks.iter().for_each(|remark| complain(remark));
        if translated.without_address {
            waiting.insert(id);
        }
        changes.push(Change::upsert(&worklog.id, translated.version, &translated.entry)?);
    }
    if waiting.len() > MAX_WAITING {
        let message = format!("the authors of {} worklogs hide their addresses; add them to 'emails'", waiting.len());
        return Err(Fault::new(FaultKind::Config, "EMAILS", message));
    }
    Ok(changes)
}
