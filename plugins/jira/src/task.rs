//! Tasks: an issue each, so that time becomes bookable.
//!
//! Jira takes no idempotency key, and its search shows a new issue only after a while. So every issue
//! carries a label with the canonical id: `apply` searches for it before it creates. After a lost
//! answer `lookup` also reads the project's latest issue numbers one by one, because reading an issue
//! by its key does not depend on the index.

use std::collections::BTreeMap;

use quoin_sdk::{Fault, FaultKind, Item, Outcome, Response, Task};
use serde_json::{Value, json};

use crate::api::Api;
use crate::wire::{Bulk, Created, Issue, Issues};
use crate::{fault, map};

/// Issues in one `issue/bulk`: Jira's maximum.
const BULK_ISSUES: usize = 50;

/// Issues that the search is asked for, newest first, to learn where the project's numbers stand.
const NEWEST_ISSUES: u32 = 100;

/// Issue numbers read again before the highest that the search shows: the index need not take issues
/// in the order of their numbers, but one that overtakes stands close to those it overtook.
const NUMBERS_BEFORE: u64 = 20;

/// Issue numbers read at once.
const NUMBERS_AT_ONCE: u64 = 40;

/// How often: a project that grows by more than 200 issues while its index lags is looked at later.
const ROUNDS: usize = 5;

/// So many free numbers in a row say that the newest issue was seen. A few are left free by
/// creations that failed and by issues that were removed at once.
const FREE_NUMBERS: usize = 20;

/// Pause before an unclear look-up is repeated, in milliseconds: the index lags by seconds.
const INDEX_PAUSE_MS: u64 = 15_000;

/// What is to be done for an item.
enum Step<'i> {
    Done(Outcome),
    Create(New<'i>),
}

/// An issue to create.
struct New<'i> {
    item: &'i Item,
    body: Value,
}

/// Brings the issues to what the items say.
pub fn apply(api: &Api<'_>, items: &[Item]) -> Vec<Outcome> {
    let after = |item| move |fault| Step::Done(Outcome::after_fault(item, fault));
    let steps: Vec<Step<'_>> = items.iter().map(|item| step(api, item).unwrap_or_else(after(item))).collect();
    let news: Vec<&New<'_>> =
        steps.iter().filter_map(|step| if let Step::Create(new) = step { Some(new) } else { None }).collect();
    let mut created = create(api, &news).into_iter();
    steps
        .iter()
        .map(|step| match step {
            Step::Done(outcome) => outcome.clone(),
            Step::Create(new) => created.next().unwrap_or_else(|| unpaired(new.item)),
        })
        .collect()
}

/// What became of items whose write was not answered.
///
/// # Errors
/// When Jira cannot be asked: that says nothing about the items.
pub fn lookup(api: &Api<'_>, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        found.push(if item.delete { None } else { find(api, item)? });
    }
    let open = items.iter().zip(&found).any(|(item, found)| found.is_none() && !item.delete);
    let latest = if open { Some(latest(api)?) } else { None };
    let ends = items.iter().zip(found).map(|(item, found)| {
        if item.delete {
            return no_deletion(item);
        }
        let label = map::label(&item.id);
        let seen = || latest.as_ref().and_then(|latest| latest.ids.get(&label).cloned());
        match found.map(|issue| issue.id).or_else(seen) {
            Some(id) => Outcome::created(item, id),
            None if latest.as_ref().is_some_and(|latest| latest.complete) => {
                let message = format!("no issue carries the label {label}");
                Outcome::absent(item, message)
            }
            None => {
                let message = "Jira's search lags behind the issues that are being created; look again";
                Outcome::unknown(item, Fault::unknown_outcome(message).after_ms(INDEX_PAUSE_MS))
            }
        }
    });
    Ok(ends.collect())
}

fn no_deletion(item: &Item) -> Outcome {
    let message = "an issue with booked time is closed in Jira by its project lead, not removed";
    Outcome::rejected(item, Fault::new(FaultKind::Unsupported, "DELETE_TASK", message))
}

fn step<'i>(api: &Api<'_>, item: &'i Item) -> Result<Step<'i>, Fault> {
    if item.delete {
        return Ok(Step::Done(no_deletion(item)));
    }
    let task: Task = item.object()?;
    let body = map::new_issue(&api.config, &item.id, &task);
    match (find(api, item)?, &item.external) {
        (Some(issue), _) => update(api, item, &task, issue).map(Step::Done),
        (None, None) => Ok(Step::Create(New { item, body })),
        // Booked time may hang on it; a second issue would tear the task in two.
        (None, Some(known)) => {
            let message =
                format!("issue {known} of this task is gone or hidden; restore it, or match another issue by hand");
            Err(Fault::new(FaultKind::Conflict, "ISSUE_GONE", message))
        }
    }
}

fn update(api: &Api<'_>, item: &Item, task: &Task, issue: Issue) -> Result<Outcome, Fault> {
    let Some(change) = map::changed_issue(&item.id, task, &issue.fields) else {
        return Ok(Outcome::unchanged(item, issue.id));
    };
    let response = api.put(&format!("issue/{}", issue.id), &change)?;
    if response.is_success() { Ok(Outcome::updated(item, issue.id)) } else { Err(fault::of(&response, true)) }
}

/// The issue of an item, by its known id or by its label as far as the index knows.
fn find(api: &Api<'_>, item: &Item) -> Result<Option<Issue>, Fault> {
    if let Some(known) =
        item.external.as_deref().filter(|known| known.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
    {
        let request = api.get(&format!("issue/{known}")).query("fields", "summary,labels");
        match api.read(request) {
            Ok(issue) => return Ok(Some(issue)),
            Err(fault) if fault.kind == FaultKind::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    let label = map::label(&item.id);
    let mut found = search(api, &format!("labels = \"{label}\""), 10)?;
    found.retain(|issue| issue.fields.labels.contains(&label));
    if found.len() > 1 {
        let keys: Vec<&str> = found.iter().map(|issue| issue.key.as_str()).collect();
        let message = format!("{} carry the label {label}; remove it from all but one", keys.join(", "));
        return Err(Fault::new(FaultKind::Conflict, "AMBIGUOUS", message));
    }
    Ok(found.pop())
}

/// The search answers with bare ids unless fields are asked for.
fn search(api: &Api<'_>, jql: &str, max_results: u32) -> Result<Vec<Issue>, Fault> {
    let body = json!({"jql": jql, "fields": ["summary", "labels"], "maxResults": max_results});
    let found: Issues = api.ask("search/jql", &body)?;
    Ok(found.issues)
}

/// The project's latest issues, read by their keys.
struct Latest {
    /// Issue ids by label.
    ids: BTreeMap<String, String>,
    /// The newest issue is among them.
    complete: bool,
}

fn latest(api: &Api<'_>) -> Result<Latest, Fault> {
    let key = &api.config.project_key;
    let shown = search(api, &format!("project = \"{key}\" ORDER BY created DESC"), NEWEST_ISSUES)?;
    let number = |issue: &Issue| issue.key.rsplit_once('-')?.1.parse::<u64>().ok();
    let highest = shown.iter().filter_map(number).max().unwrap_or(0);
    let mut next = highest.saturating_sub(NUMBERS_BEFORE).max(1);
    let (mut ids, mut free) = (BTreeMap::new(), 0);
    for _ in 0..ROUNDS {
        let numbers = next..next.saturating_add(NUMBERS_AT_ONCE);
        next = numbers.end;
        let requests = numbers.map(|number| api.get(&format!("issue/{key}-{number}")).query("fields", "labels"));
        for answer in api.read_all::<Issue>(requests.collect()) {
            match answer {
                Ok(issue) => {
                    free = 0;
                    ids.extend(issue.fields.labels.into_iter().map(|label| (label, issue.id.clone())));
                }
                Err(fault) if fault.kind == FaultKind::NotFound => free += 1,
                Err(fault) => return Err(fault),
            }
        }
        if next > highest && free >= FREE_NUMBERS {
            return Ok(Latest { ids, complete: true });
        }
    }
    Ok(Latest { ids, complete: false })
}

/// Creates issues: one alone, several in bulk. One outcome for each, in order.
fn create(api: &Api<'_>, news: &[&New<'_>]) -> Vec<Outcome> {
    if let [new] = news {
        let created = api.post("issue", &new.body).and_then(|response| one(&response));
        return vec![created.map_or_else(
            |fault| Outcome::after_fault(new.item, fault),
            |created| Outcome::created(new.item, created.id),
        )];
    }
    news.chunks(BULK_ISSUES).flat_map(|chunk| bulk(api, chunk)).collect()
}

fn one(response: &Response) -> Result<Created, Fault> {
    if response.is_success() { response.json() } else { Err(fault::of(response, true)) }
}

fn bulk(api: &Api<'_>, news: &[&New<'_>]) -> Vec<Outcome> {
    let bodies: Vec<&Value> = news.iter().map(|new| &new.body).collect();
    let answer = api.post("issue/bulk", &json!({ "issueUpdates": bodies })).and_then(|response| some(&response));
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => return news.iter().map(|new| Outcome::after_fault(new.item, fault.clone())).collect(),
    };
    let ids = by_label(api, &answer.issues);
    news.iter()
        .enumerate()
        .map(|(at, new)| {
            if let Some(error) = answer.errors.iter().find(|error| error.failed_element_number == at) {
                return Outcome::after_fault(new.item, fault::of_element(error.status, &error.element_errors));
            }
            ids.get(&map::label(&new.item.id)).map_or_else(|| unpaired(new.item), |id| Outcome::created(new.item, id))
        })
        .collect()
}

/// The answer to a bulk creation. When every element is refused its status is 400.
fn some(response: &Response) -> Result<Bulk, Fault> {
    if response.is_success() {
        return response.json();
    }
    match response.json::<Bulk>() {
        Ok(answer) if response.status == 400 && !answer.errors.is_empty() => Ok(answer),
        _ => Err(fault::of(response, true)),
    }
}

/// Ids of created issues by label. Jira does not promise the order of its answer, and a mix-up would
/// book time on another contract line.
fn by_label(api: &Api<'_>, created: &[Created]) -> BTreeMap<String, String> {
    let requests = created.iter().map(|created| api.get(&format!("issue/{}", created.id)).query("fields", "labels"));
    let issues = api.read_all::<Issue>(requests.collect()).into_iter().flatten();
    issues.flat_map(|issue| issue.fields.labels.into_iter().map(move |label| (label, issue.id.clone()))).collect()
}

fn unpaired(item: &Item) -> Outcome {
    Outcome::unknown(item, Fault::unknown_outcome("the issue may have been created, but could not be read back"))
}
