//! Reading milestones: the stories of type `milestone` that this connection wrote, in the order of
//! their change.
//!
//! Kantata filters by `updated_after` and sorts by `updated_at` alone: records with one stamp come
//! in any order, page numbers shift while records change, a record may become visible after a later
//! stamp was seen, stamps are whole seconds, and nothing says that filling a custom field moves the
//! story's stamp. Therefore a page is continued by (stamp, id) and not by number; every sweep reads
//! the last five minutes again and leaves out what it saw there; records of Kantata's present second
//! are left for the next read, because they may change again under the same stamp; and completed
//! milestones without evidence are watched until the evidence is there.

use std::collections::{BTreeMap, BTreeSet};

use quoin_sdk::jiff::SignedDuration;
use quoin_sdk::{Change, Fault, FaultKind, Milestone, MilestoneStatus, Page, ReadRequest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{Api, PAGE_ROWS};
use crate::map::{self, Evidence};
use crate::wire::{CustomFieldValue, Envelope, ExternalReference, Story, Workspace};

/// Read again at each sweep, in seconds: a transaction that Kantata commits late carries the stamp of
/// its beginning. Also declared in `connector.toml`.
const OVERLAP_SECONDS: i64 = 300;

/// Records of the overlap remembered, so that they are not reported again. Beyond it they are
/// reported again, which the host recognises by their version.
const REMEMBERED: usize = 1_000;

/// Milestones watched for late evidence: one request's worth. An account with more completed
/// milestones without evidence than this has another problem; the oldest are dropped with a warning.
const WATCHED: usize = PAGE_ROWS as usize;

/// Pages read for one group of records with the same stamp (a bulk import makes 300 at a time).
const MAX_TIE_PAGES: u32 = 50;

/// Where a page ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// The highest stamp seen.
    high: Option<Timestamp>,
    /// Within an unfinished sweep: stamp and id of the last record reported.
    at: Option<(Timestamp, u64)>,
    /// Records of the overlap that were reported: id and stamp.
    recent: Vec<(u64, Timestamp)>,
    /// Completed milestones without evidence.
    watch: BTreeSet<u64>,
}

/// A story with what belongs to it.
struct Row {
    stamp: Timestamp,
    id: u64,
    story: Story,
    reference: Option<ExternalReference>,
    workspace: Option<Workspace>,
    evidence: Evidence,
    /// The latest of the story's stamp and its custom fields'.
    version: Timestamp,
}

/// The changes after the cursor.
pub fn changes(api: &Api<'_>, request: &ReadRequest) -> Result<Page, Fault> {
    let mut cursor: Cursor = request.position()?.unwrap_or_default();
    let limit = usize::try_from(request.limit.max(1)).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    if cursor.at.is_none() {
        rows = late_evidence(api, &mut cursor)?;
    }
    let (fresh, last_page) = fresh(api, &cursor)?;
    rows.retain(|row| fresh.iter().all(|other| other.id != row.id));
    rows.truncate(limit);
    let late = rows.len();
    let room = limit - late;
    let cut = fresh.len() > room;
    rows.extend(fresh.into_iter().take(room));
    advance(&mut cursor, &rows[late..], cut || !last_page);
    for row in &rows {
        watch(api, &mut cursor, row);
    }
    let more = cursor.at.is_some();
    let mut page = Page::of(report(api, rows)?).ending_at(&cursor)?;
    page.more = more;
    Ok(page)
}

/// Exactly these milestones. One that Kantata does not list is gone or not visible; only the change
/// feed says which, so nothing is reported for it.
pub fn by_ids(api: &Api<'_>, ids: &[String]) -> Result<Page, Fault> {
    let mut rows = Vec::new();
    for chunk in ids.chunks(PAGE_ROWS as usize) {
        let envelope = stories(api, &[("only", &chunk.join(",")), ("per_page", "200")])?;
        rows.extend(self::rows(api, &envelope)?);
    }
    Ok(Page::of(report(api, rows)?))
}

fn stories(api: &Api<'_>, query: &[(&str, &str)]) -> Result<Envelope, Fault> {
    let mut all = vec![
        ("story_types", "milestone"),
        ("include", "workspace,external_references,custom_field_values"),
        ("show_archived", "true"),
        ("show_deleted", "true"),
    ];
    all.extend_from_slice(query);
    api.get("stories", &all)
}

/// Watched milestones whose evidence has arrived; they leave the watch list.
fn late_evidence(api: &Api<'_>, cursor: &mut Cursor) -> Result<Vec<Row>, Fault> {
    if cursor.watch.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = cursor.watch.iter().map(u64::to_string).collect();
    let envelope = stories(api, &[("only", &ids.join(",")), ("per_page", "200")])?;
    let mut rows = rows(api, &envelope)?;
    rows.retain(|row| row.evidence.acceptance().is_some());
    Ok(rows)
}

/// Records after the cursor, sorted by stamp and id, without those already reported; and whether the
/// list ended. Of a page that did not end the list, records with its last stamp are left for the next
/// one, because more of them may follow.
fn fresh(api: &Api<'_>, cursor: &Cursor) -> Result<(Vec<Row>, bool), Fault> {
    let floor = match (cursor.at, cursor.high) {
        (Some((stamp, _)), _) => stamp.checked_sub(SignedDuration::from_secs(1)).ok(),
        (None, Some(high)) => high.checked_sub(SignedDuration::from_secs(OVERLAP_SECONDS)).ok(),
        (None, None) => None,
    };
    let floor = floor.map(|floor| floor.to_string());
    let mut found: BTreeMap<(Timestamp, u64), Row> = BTreeMap::new();
    let mut present = None;
    for number in 1..=MAX_TIE_PAGES {
        let (rows, page) = (PAGE_ROWS.to_string(), number.to_string());
        let mut query = vec![("order", "updated_at:asc"), ("per_page", rows.as_str()), ("page", page.as_str())];
        query.extend(floor.as_deref().map(|floor| ("updated_after", floor)));
        let envelope = stories(api, &query)?;
        let last_page = number >= envelope.meta.page_count;
        present = envelope.answered_at.or(present);
        found.extend(self::rows(api, &envelope)?.into_iter().map(|row| ((row.stamp, row.id), row)));
        if !last_page {
            // The group of the last stamp may go on; keep it only when a later stamp closed it.
            let open = found.last_key_value().map(|((stamp, _), _)| *stamp);
            let closed = found.keys().any(|key| Some(key.0) != open && is_new(cursor, key));
            if !closed {
                continue;
            }
            found.retain(|key, _| Some(key.0) != open);
        }
        found.retain(|key, _| is_new(cursor, key) && present.is_none_or(|present| key.0 < present));
        return Ok((found.into_values().collect(), last_page));
    }
    let message = format!("more than {MAX_TIE_PAGES} pages of milestones changed at the same moment");
    Err(Fault::new(FaultKind::Other, "TOO_MANY_TIES", message))
}

fn is_new(cursor: &Cursor, key: &(Timestamp, u64)) -> bool {
    let (stamp, id) = *key;
    cursor.at.is_none_or(|at| *key > at) && !cursor.recent.contains(&(id, stamp))
}

/// Moves the cursor behind the reported rows.
fn advance(cursor: &mut Cursor, reported: &[Row], more: bool) {
    let last = reported.iter().map(|row| (row.stamp, row.id)).max();
    cursor.high = cursor.high.max(last.map(|(stamp, _)| stamp));
    cursor.recent.extend(reported.iter().map(|row| (row.id, row.stamp)));
    let floor = cursor.high.and_then(|high| high.checked_sub(SignedDuration::from_secs(OVERLAP_SECONDS)).ok());
    // One second more, because the filter may compare whole seconds.
    let kept = floor.and_then(|floor| floor.checked_sub(SignedDuration::from_secs(1)).ok());
    cursor.recent.retain(|(_, stamp)| kept.is_none_or(|kept| *stamp >= kept));
    let surplus = cursor.recent.len().saturating_sub(REMEMBERED);
    cursor.recent.drain(..surplus);
    cursor.at = if more { last.or(cursor.at) } else { None };
}

fn watch(api: &Api<'_>, cursor: &mut Cursor, row: &Row) {
    let waits = row.story.state == "completed" && row.story.deleted_at.is_none() && row.evidence.acceptance().is_none();
    if !waits {
        cursor.watch.remove(&row.id);
        return;
    }
    cursor.watch.insert(row.id);
    if cursor.watch.len() > WATCHED
        && let Some(dropped) = cursor.watch.pop_first()
    {
        api.warn(
            "too many completed milestones without evidence; one is no longer watched",
            &[("story", &dropped.to_string())],
        );
    }
}

/// The stories of an answer, each with its reference, workspace and evidence.
///
/// # Errors
/// When something of it is missing from the answer.
fn rows(api: &Api<'_>, envelope: &Envelope) -> Result<Vec<Row>, Fault> {
    let service = &api.config.service_name;
    let references: BTreeMap<&str, &ExternalReference> = envelope
        .external_references
        .values()
        .filter(|mark| mark.subject_type == "Story" && mark.service_name == *service)
        .map(|mark| (mark.subject_id.as_str(), mark))
        .collect();
    let stories = envelope.ordered("stories", &envelope.stories);
    stories.iter().try_for_each(|story| envelope.beside(story))?;
    let usable = stories.into_iter().filter_map(|story| Some((story.updated_at?, story.id.parse().ok()?, story)));
    usable
        .map(|(stamp, id, story)| {
            let values: Vec<_> =
                envelope.custom_field_values.values().filter(|value| value.subject_id == story.id).collect();
            let version = values.iter().filter_map(|value| value.updated_at).fold(stamp, Timestamp::max);
            let workspace = story.workspace_id.as_ref().and_then(|id| envelope.workspaces.get(id));
            Ok(Row {
                stamp,
                id,
                reference: references.get(story.id.as_str()).map(|mark| (*mark).clone()),
                workspace: workspace.cloned(),
                evidence: evidence(api, &values)?,
                version,
                story: story.clone(),
            })
        })
        .collect()
}

fn evidence(api: &Api<'_>, values: &[&CustomFieldValue]) -> Result<Evidence, Fault> {
    let value = |name: &str| {
        let found = values.iter().find(|value| value.custom_field_name == name);
        match found.map(|found| &found.value) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => {
                let message = format!("the custom field '{name}' holds {other}; it must be a text or a date");
                Err(Fault::new(FaultKind::Config, "FIELD_TYPE", message))
            }
        }
    };
    let config = &api.config;
    Ok(Evidence {
        by: value(&config.accepted_by_field)?,
        on: value(&config.accepted_on_field)?,
        sha256: value(&config.evidence_field)?,
    })
}

/// Canonical changes. Milestones without our reference were made by hand for purposes of their own
/// and stand for nothing that was sold: they are counted in the log and left out.
fn report(api: &Api<'_>, rows: Vec<Row>) -> Result<Vec<Change>, Fault> {
    let reopened = reopened(api, &rows)?;
    let mut changes = Vec::with_capacity(rows.len());
    let mut foreign = 0_usize;
    for row in rows {
        let Some(reference) = &row.reference else {
            foreign += 1;
            continue;
        };
        if row.story.deleted_at.is_some() {
            changes.push(Change::delete(&row.story.id, Some(version(&row))));
            continue;
        }
        let before = reopened.contains(&row.id);
        let milestone = map::milestone(&row.story, reference, row.workspace.as_ref(), &row.evidence, before)?;
        match milestone {
            Some(milestone) => changes.push(upsert(&row, &milestone)?),
            None => foreign += 1,
        }
    }
    if foreign > 0 {
        let count = foreign.to_string();
        api.host.log(
            quoin_sdk::Level::Info,
            "milestones without a usable reference of this connection were left out",
            &[("count", &count)],
        );
    }
    Ok(changes)
}

fn upsert(row: &Row, milestone: &Milestone) -> Result<Change, Fault> {
    debug_assert!(milestone.acceptance.is_some() == (milestone.status == MilestoneStatus::Accepted));
    Change::upsert(&row.story.id, Some(version(row)), milestone)
}

/// Always three decimals, so that versions sort as text.
fn version(row: &Row) -> String {
    format!("{:.3}", row.version)
}

/// Open milestones that carry evidence and were completed before: an acceptance taken back. Kantata
/// tells the never completed ones apart in one request.
fn reopened(api: &Api<'_>, rows: &[Row]) -> Result<BTreeSet<u64>, Fault> {
    let open = |row: &&Row| row.story.state != "completed" && row.evidence.acceptance().is_some();
    let mut doubtful: BTreeSet<u64> = rows.iter().filter(open).map(|row| row.id).collect();
    let ids: Vec<String> = doubtful.iter().map(u64::to_string).collect();
    for chunk in ids.chunks(PAGE_ROWS as usize) {
        let query = [("only", chunk.join(",")), ("without_past_completed", "true".into()), ("per_page", "200".into())];
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let envelope = stories(api, &query)?;
        for story in envelope.ordered("stories", &envelope.stories) {
            if let Ok(id) = story.id.parse() {
                doubtful.remove(&id);
            }
        }
    }
    Ok(doubtful)
}
