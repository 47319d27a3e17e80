//! What people do in Jira's user interface and in an approval app.

use std::collections::HashMap;

use jiff::SignedDuration;
use jiff::civil::Date;
use quoin_simulator::{Kit, Refusal, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::TOKEN;
use crate::hooks::{self, Hook};
use crate::property::Properties;
use crate::refusal::Refused;
use crate::site::{Site, State};
use crate::worklog::Worklog;

/// When work begins, by the site's clock on the wall.
const WORK_BEGINS_HOUR: i8 = 9;

/// Worklogs of one batch that share a millisecond: a feed's page must not consist of one moment.
const SAME_MILLISECOND: usize = 100;

/// Offers the actions.
pub fn register(kit: &Kit, site: &Site) {
    offer(kit, site, "log_work_batch", LOG_HELP, |state, input| {
        let entries: Vec<Entry> = parsed(input["entries"].clone())?;
        let ids = log_work(state, &entries)?;
        Ok(json!({"count": ids.len(), "ids": ids}))
    });
    offer(kit, site, "log_work", "one entry of log_work_batch", |state, input| {
        let ids = log_work(state, &[parsed(input)?])?;
        Ok(json!({"id": ids.first()}))
    });
    offer(kit, site, "approve", APPROVE_HELP, approve);
    offer(
        kit,
        site,
        "change_worklog",
        "{id | email, date; minutes}: corrects the hours; an approval stays, renewed now",
        change,
    );
    offer(kit, site, "delete_worklog", "{id | email, date}: deletes it", |state, input| {
        let id = pick(state, &parsed(input)?)?;
        state.delete_worklog(id).map_err(refused)?;
        Ok(json!({"id": id.to_string()}))
    });
    offer(kit, site, "hide_email", "{email}: the person's profile no longer shows the address", |state, input| {
        let email = input["email"].as_str().unwrap_or_default();
        let user = state.users.iter_mut().find(|user| user.email.eq_ignore_ascii_case(email));
        let user = user.ok_or_else(|| Refusal::new(format!("nobody has the address '{email}'")))?;
        user.email_visible = false;
        Ok(json!({"accountId": user.account}))
    });
    offer(kit, site, "index_lag", "{seconds}: from now on the search shows changes so much later", |state, input| {
        state.index_lag_seconds =
            input["seconds"].as_i64().ok_or_else(|| Refusal::new("give 'seconds' as a number"))?;
        Ok(json!({"seconds": state.index_lag_seconds}))
    });
    offer(
        kit,
        site,
        "grant_token",
        "{token?}: makes an API token valid, and only this one; default 'jira-token'",
        |state, input| {
            state.token = Some(input["token"].as_str().unwrap_or(TOKEN).to_owned());
            Ok(json!({"token": state.token}))
        },
    );
    offer(kit, site, "register_webhook", HOOK_HELP, register_webhook);
    let for_deliveries = site.clone();
    kit.action("webhook_deliveries", "sends what still waits, then lists every delivery with its answer", move |_| {
        let site = for_deliveries.clone();
        async move { Ok(hooks::deliver(&site).await) }
    });
    let for_retry = site.clone();
    kit.action("retry_webhooks", "sends again what was not answered 2xx, under the same identifiers", move |_| {
        let site = for_retry.clone();
        async move { Ok(hooks::retry(&site).await) }
    });
}

const LOG_HELP: &str = "{entries: [{project_code?, task, email, date, minutes, billing_type?, approved_by?, note?}]}: \
    people log work; task is a task code, a contract line (the first issue of that line), a canonical id or an issue key. \
    With approved_by it is approved now, else submitted. Who is not there yet is invited. All or nothing";

const APPROVE_HELP: &str = "{id | email, date; approved_by?, billing_type?, status?}: the approval app saves its decision \
    and the worklog; status is 'approved' unless given";

const HOOK_HELP: &str = "{url, secret?, events?, repeat?}: an administrator registers a webhook; events are beginnings of \
    names such as 'worklog_' (default all), repeat is how often every delivery is sent (default 1)";

fn offer(kit: &Kit, site: &Site, name: &str, help: &str, call: fn(&mut State, Value) -> Result<Value, Refusal>) {
    let site = site.clone();
    kit.action(name, help, move |input| {
        let answer = call(&mut site.lock(), input);
        hooks::deliver_soon(&site);
        async move { answer }
    });
}

fn parsed<T: serde::de::DeserializeOwned>(input: Value) -> Result<T, Refusal> {
    serde_json::from_value(input).map_err(|error| Refusal::new(format!("the input does not fit: {error}")))
}

fn refused(refused: Refused) -> Refusal {
    Refusal::new(refused.body().to_string())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    project_code: String,
    task: String,
    email: String,
    date: Date,
    minutes: u32,
    billing_type: Option<String>,
    approved_by: Option<String>,
    note: Option<String>,
}

/// Which worklog is meant.
#[derive(Debug, Deserialize)]
struct Which {
    /// Text or number.
    id: Option<Value>,
    email: Option<String>,
    date: Option<Date>,
}

fn approval_property(state: &State) -> String {
    state.kit.option("approval_property").unwrap_or("quoin.approval").to_owned()
}

/// Every name by which people call an issue, with the project's code where the name needs it.
fn names(state: &State) -> HashMap<(String, String), u64> {
    let property = state.kit.option("task_property").unwrap_or("quoin.task");
    let mut names = HashMap::new();
    let tasks = || state.issues.values().filter_map(|issue| Some((issue.id, issue.properties.get(property)?)));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for (id, task) in tasks() {
        let line = if task["contract_line"].is_null() { &task["line"] } else { &task["contract_line"] };
        names.entry((text(&task["project_code"]), text(line))).or_insert(id);
    }
    // A task's own code is more exact than the line it belongs to.
    for (id, task) in tasks() {
        names.insert((text(&task["project_code"]), text(&task["code"])), id);
        names.insert((String::new(), text(&task["id"])), id);
    }
    names.retain(|(_, name), _| !name.is_empty());
    names.extend(state.issues.values().map(|issue| ((String::new(), issue.key()), issue.id)));
    names
}

fn log_work(state: &mut State, entries: &[Entry]) -> Result<Vec<String>, Refusal> {
    let names = names(state);
    let find = |entry: &Entry| {
        let exact = names.get(&(entry.project_code.clone(), entry.task.clone()));
        let found = exact.or_else(|| names.get(&(String::new(), entry.task.clone())));
        found.copied().ok_or_else(|| {
            Refusal::new(format!("no issue answers to project '{}' and task '{}'", entry.project_code, entry.task))
        })
    };
    let issues: Vec<u64> = entries.iter().map(find).collect::<Result<_, _>>()?;
    let starts: Vec<Timestamp> = entries.iter().map(|entry| morning(state, entry.date)).collect::<Result<_, _>>()?;
    let (now, property) = (state.now(), approval_property(state));
    let flow = if entries.len() > 1 { "Secondary" } else { "Primary" };
    let mut ids = Vec::with_capacity(entries.len());
    for (number, ((entry, issue), started)) in entries.iter().zip(&issues).zip(starts).enumerate() {
        let earlier = i64::try_from((entries.len() - 1 - number) / SAME_MILLISECOND).unwrap_or_default();
        let at = now.checked_sub(SignedDuration::from_millis(earlier)).unwrap_or(now);
        let billing = entry.billing_type.as_deref().unwrap_or("chargeable");
        let author = state.person(&entry.email, None);
        let value = match &entry.approved_by {
            Some(by) => json!({"status": "approved", "approved_by": by, "approved_at": now, "billing_type": billing}),
            None => json!({"status": "submitted", "billing_type": billing}),
        };
        let paragraph = |note: &String| json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": note}]}]});
        let comment = entry.note.as_ref().filter(|note| !note.is_empty()).map(paragraph);
        let worklog = Worklog {
            id: 0,
            issue: *issue,
            author,
            editor: author,
            comment,
            created: at,
            updated: at,
            started,
            seconds: i64::from(entry.minutes) * 60,
            properties: Properties::from_iter([(property.clone(), value)]),
        };
        ids.push(state.add_worklog(worklog, flow).to_string());
    }
    let mut touched = issues;
    touched.sort_unstable();
    touched.dedup();
    for issue in touched {
        state.touch_issue(issue, None);
    }
    Ok(ids)
}

fn morning(state: &State, date: Date) -> Result<Timestamp, Refusal> {
    let civil = date.at(WORK_BEGINS_HOUR, 0, 0, 0);
    state.zone.to_ambiguous_timestamp(civil).compatible().map_err(|error| Refusal::new(format!("{date}: {error}")))
}

fn pick(state: &State, which: &Which) -> Result<u64, Refusal> {
    if let Some(id) = &which.id {
        let number = id.as_u64().or_else(|| id.as_str().and_then(|text| text.parse().ok()));
        let found = number.filter(|id| state.worklogs.contains_key(id));
        return found.ok_or_else(|| Refusal::new(format!("there is no worklog {id}")));
    }
    let (Some(email), Some(date)) = (&which.email, which.date) else {
        return Err(Refusal::new("give 'id', or 'email' and 'date'"));
    };
    let of_person =
        |worklog: &&Worklog| state.users.get(worklog.author).is_some_and(|user| user.email.eq_ignore_ascii_case(email));
    let on_day = |worklog: &&Worklog| worklog.started.to_zoned(state.zone.clone()).date() == date;
    let found: Vec<u64> = state.worklogs.values().filter(of_person).filter(on_day).map(|worklog| worklog.id).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Refusal::new(format!("{email} logged nothing on {date}"))),
        several => Err(Refusal::new(format!("{email} logged {several:?} on {date}; give the id"))),
    }
}

fn approve(state: &mut State, input: Value) -> Result<Value, Refusal> {
    let id = pick(state, &parsed(input.clone())?)?;
    let (now, property) = (state.now(), approval_property(state));
    state.change_worklog(id, |worklog| {
        let before = worklog.properties.get(&property).cloned().unwrap_or_default();
        let kept = |name: &str, default: &str| -> Value {
            let given = input.get(name).filter(|value| value.is_string());
            given.or(before.get(name)).cloned().unwrap_or_else(|| default.into())
        };
        let status = input["status"].as_str().unwrap_or("approved");
        let value = json!({"status": status, "approved_by": kept("approved_by", "lead@advisory.example"), "approved_at": now,
            "billing_type": kept("billing_type", "chargeable")});
        worklog.properties.insert(property, value);
    });
    Ok(json!({"id": id.to_string()}))
}

fn change(state: &mut State, input: Value) -> Result<Value, Refusal> {
    let minutes = input["minutes"].as_u64().and_then(|minutes| u32::try_from(minutes).ok());
    let minutes =
        minutes.filter(|minutes| *minutes > 0).ok_or_else(|| Refusal::new("give 'minutes' as a number above 0"))?;
    let id = pick(state, &parsed(input)?)?;
    let (now, property) = (state.now(), approval_property(state));
    state.change_worklog(id, |worklog| {
        worklog.editor = worklog.author;
        worklog.seconds = i64::from(minutes) * 60;
        if let Some(approval) =
            worklog.properties.get_mut(&property).filter(|approval| approval["status"] == "approved")
        {
            approval["approved_at"] = json!(now);
        }
    });
    Ok(json!({"id": id.to_string()}))
}

fn register_webhook(state: &mut State, input: Value) -> Result<Value, Refusal> {
    let url = input["url"].as_str().ok_or_else(|| Refusal::new("give 'url'"))?;
    let events = input["events"].as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect();
    let repeat = input["repeat"].as_u64().and_then(|repeat| u32::try_from(repeat).ok()).unwrap_or(1);
    let hook = Hook { url: url.to_owned(), secret: input["secret"].as_str().map(Into::into), events, repeat };
    state.hooks.registered.push(hook);
    Ok(json!({"registered": state.hooks.registered.len()}))
}
