//! What people do in Kantata's user interface.

use quoin_simulator::{Kit, Refusal};
use serde_json::{Map, Value, json};

use crate::account::{Account, At as _, Record, State, id_of, stamp, text_of};
use crate::refusal::Refused;
use crate::schema::collection;

/// Offers the actions.
pub fn register(kit: &Kit, account: &Account) {
    offer(kit, account, "accept_milestone", ACCEPT_HELP, accept_milestone);
    offer(
        kit,
        account,
        "withdraw_acceptance",
        "{project, milestone}: opens the milestone again; the evidence stays on record",
        withdraw_acceptance,
    );
    offer(
        kit,
        account,
        "complete_milestone",
        "{project, milestone}: marks it completed, without evidence",
        complete_milestone,
    );
    offer(
        kit,
        account,
        "add_user",
        "{name, email, role?}: invites a person; the role is made when there is none",
        add_user,
    );
    offer(kit, account, "add_group", "{name, vat_id?}: makes a company group by hand", add_group);
    offer(
        kit,
        account,
        "add_template",
        "{title, stories?}: makes a project template; stories as in raw_json",
        add_template,
    );
    offer(kit, account, "grant_token", "{token?}: makes a token valid (again); default 'kantata-token'", grant_token);
}

const ACCEPT_HELP: &str = "{project, milestone, by, on, evidence_sha256}: completes the milestone and fills in the \
    evidence. project is the workspace's id, title, project code or canonical id; milestone its code (M1), line and \
    code (L2/M1), id or canonical id";

fn offer(kit: &Kit, account: &Account, name: &str, help: &str, call: fn(&mut State, &Value) -> Result<Value, Refusal>) {
    let account = account.clone();
    kit.action(name, help, move |input| {
        let answer = call(&mut account.lock(), &input);
        async move { answer }
    });
}

fn refused(refused: Refused) -> Refusal {
    Refusal::new(refused.words())
}

fn given<'a>(input: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    input[field].as_str().filter(|text| !text.is_empty()).ok_or_else(|| Refusal::new(format!("give '{field}' as text")))
}

/// The one record that answers to this name.
fn pick(state: &State, plural: &'static str, name: &str) -> Result<u64, Refusal> {
    let of = collection(plural).ok_or_else(|| Refusal::new("no such collection"))?;
    let answers = |id: u64, record: &Record| {
        let by_reference = state.references_of(of, id).any(|(_, row)| {
            let message = row.at("external_message").as_str().unwrap_or_default();
            text_of(row.at("service_model_ref")) == name || message == name
        });
        let title = text_of(record.at("title"));
        id.to_string() == name || title == name || title.split(' ').next() == Some(name) || by_reference
    };
    let found: Vec<u64> = state.table(plural).filter(|(id, record)| answers(*id, record)).map(|(id, _)| id).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Refusal::new(format!("no {plural} record answers to '{name}'"))),
        several => Err(Refusal::new(format!("'{name}' could be any of {several:?}; give the id"))),
    }
}

fn milestone(state: &State, input: &Value) -> Result<u64, Refusal> {
    let wanted = given(input, "milestone")?;
    let workspace = pick(state, "workspaces", given(input, "project")?)?;
    let stories: Vec<u64> = state
        .table("stories")
        .filter(|(_, story)| {
            id_of(story.at("workspace_id")) == Some(workspace) && story.at("story_type") == "milestone"
        })
        .map(|(id, _)| id)
        .collect();
    let of = collection("stories").ok_or_else(|| Refusal::new("no stories"))?;
    let answers = |id: &u64| {
        let title = state.record("stories", *id).map(|story| text_of(story.at("title"))).unwrap_or_default();
        let by_reference = state.references_of(of, *id).any(|(_, row)| {
            let message = row.at("external_message").as_str().unwrap_or_default();
            text_of(row.at("service_model_ref")) == wanted
                || message == wanted
                || message.ends_with(&format!("/{wanted}"))
        });
        id.to_string() == wanted || title == wanted || by_reference || title.split(' ').next() == Some(wanted)
    };
    let found: Vec<u64> = stories.into_iter().filter(answers).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Refusal::new(format!("the project has no milestone '{wanted}'"))),
        several => {
            Err(Refusal::new(format!("'{wanted}' could be any of {several:?}; give line and code, such as L2/M1")))
        }
    }
}

fn set_state(state: &mut State, story: u64, word: &str) -> Result<(), Refusal> {
    let of = collection("stories").ok_or_else(|| Refusal::new("no stories"))?;
    let fields = Map::from_iter([("state".to_owned(), Value::from(word))]);
    state.update(of, story, fields).map(drop).map_err(refused)
}

fn accept_milestone(state: &mut State, input: &Value) -> Result<Value, Refusal> {
    let story = milestone(state, input)?;
    let of = collection("custom_field_values").ok_or_else(|| Refusal::new("no custom fields"))?;
    let evidence = [("Accepted by", "by"), ("Accepted on", "on"), ("Acceptance evidence SHA-256", "evidence_sha256")];
    for (name, field) in evidence {
        let custom = state.table("custom_fields").find(|(_, row)| row.at("name") == name).map(|(id, _)| id);
        let value = given(input, field)?;
        let fields = json!({"subject_type": "Story", "subject_id": story, "custom_field_id": custom, "value": value});
        state.create(of, fields.as_object().cloned().unwrap_or_default()).map_err(refused)?;
    }
    set_state(state, story, "completed")?;
    Ok(json!({"story_id": story.to_string()}))
}

fn complete_milestone(state: &mut State, input: &Value) -> Result<Value, Refusal> {
    let story = milestone(state, input)?;
    set_state(state, story, "completed")?;
    Ok(json!({"story_id": story.to_string()}))
}

fn withdraw_acceptance(state: &mut State, input: &Value) -> Result<Value, Refusal> {
    let story = milestone(state, input)?;
    set_state(state, story, "started")?;
    Ok(json!({"story_id": story.to_string()}))
}

fn add_user(state: &mut State, input: &Value) -> Result<Value, Refusal> {
    let (name, email) = (given(input, "name")?.to_owned(), given(input, "email")?.to_owned());
    let next = |state: &State, plural: &str| state.table(plural).map(|(id, _)| id).max().unwrap_or(10) + 1;
    let role = input["role"].as_str().map(|role| {
        let found = state.table("roles").find(|(_, row)| row.at("name") == role).map(|(id, _)| id);
        found.unwrap_or_else(|| {
            let id = next(state, "roles").max(21);
            crate::seed::put(state, "roles", id, json!({ "name": role }));
            id
        })
    });
    let id = next(state, "users").max(11);
    let fields = json!({"full_name": name, "email_address": email, "_default_role_id": role.map(|id| id.to_string())});
    crate::seed::put(state, "users", id, fields);
    Ok(json!({"user_id": id.to_string(), "at": stamp(state.now())}))
}

fn add_group(state: &mut State, input: &Value) -> Result<Value, Refusal> {
    let groups = collection("workspace_groups").ok_or_else(|| Refusal::new("no groups"))?;
    let fields = json!({"name": given(input, "name")?, "company": true});
    let id = state.create(groups, fields.as_object().cloned().unwrap_or_default()).map_err(refused)?;
    if let Some(vat_id) = input["vat_id"].as_str() {
        let values = collection("custom_field_values").ok_or_else(|| Refusal::new("no custom fields"))?;
        let value =
            json!({"subject_type": "WorkspaceGroup", "subject_id": id, "custom_field_id": 9001, "value": vat_id});
        state.create(values, value.as_object().cloned().unwrap_or_default()).map_err(refused)?;
    }
    Ok(json!({"workspace_group_id": id.to_string()}))
}

fn add_template(state: &mut State, input: &Value) -> Result<Value, Refusal> {
    let id = state.table("project_templates").map(|(id, _)| id).max().unwrap_or(4_700) + 1;
    let stories = if input["stories"].is_array() { input["stories"].to_string() } else { "[]".to_owned() };
    crate::seed::put(state, "project_templates", id, json!({"title": given(input, "title")?, "raw_json": stories}));
    Ok(json!({"project_template_id": id.to_string()}))
}

fn grant_token(state: &mut State, input: &Value) -> Result<Value, Refusal> {
    let token = input["token"].as_str().unwrap_or(crate::TOKEN);
    state.grant(token);
    Ok(json!({"token": token}))
}
