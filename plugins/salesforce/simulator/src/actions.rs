//! What people do in the org: sales in the user interface, administrators in the set-up.

use jiff::Timestamp;
use quoin_simulator::Refusal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::org::{Org, stamp};
use crate::push::{self, Form, Repeats, Subscription};
use crate::{CLIENT_ID, Sim, deals};

fn input<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    let value = if value.is_null() { json!({}) } else { value };
    serde_json::from_value(value).map_err(|error| Refusal::new(format!("the input does not fit this action: {error}")))
}

/// Registers an action whose input is a type and whose code is an async function of it.
macro_rules! action {
    ($sim:expr, $name:literal, $help:literal, $run:path) => {{
        let sim = $sim.clone();
        $sim.kit.action($name, $help, move |value| {
            let sim = sim.clone();
            async move { $run(sim, input(value)?).await }
        });
    }};
}

pub(crate) fn register(sim: &Sim) {
    action!(
        sim,
        "close_won",
        "{quote | quotes | prefix, at?, deliveries?, gap_ms?, webhook?}: sales wins deals",
        close_won
    );
    action!(sim, "set_stage", "{quote, stage, deliveries?, gap_ms?, webhook?}: sales moves a deal", set_stage);
    action!(
        sim,
        "new_version",
        "{quote, version?, opportunity?, lines?, deliveries?, webhook?}: sales revises a quote",
        new_version
    );
    action!(sim, "edit", "{object, id | quote, fields, webhook?}: somebody edits a record", edit);
    action!(sim, "edit_line", "{quote, line, fields}: sales edits a line of a quote", edit_line);
    action!(sim, "delete", "{object, id}: somebody deletes a record", delete);
    action!(sim, "merge_accounts", "{winner, loser}: two accounts become one", merge_accounts);
    action!(sim, "send_webhook", "{quote | id, deliveries?, gap_ms?}: a push without a change", send_webhook);
    action!(
        sim,
        "register_webhook",
        "{url, secret, replace?} or {url, form: \"outbound_message\", replace?}: where changes are pushed to",
        register_webhook
    );
    action!(sim, "register_public_key", "{pem, client_id?}: certificate of JWT bearer assertions", register_public_key);
    action!(sim, "expire_tokens", "{}: every session ends", expire_tokens);
    action!(sim, "set_daily_limit", "{calls}: API calls allowed per day", set_daily_limit);
    action!(
        sim,
        "seed_deals",
        "{count, prefix?, customers?}: many deals in negotiation; answers their ids",
        seed_deals
    );
    action!(sim, "rename_field", "{object, field, to}: an administrator renames a field", rename_field);
    action!(sim, "change_field", "{object, field, type?, required?}: an administrator changes a field", change_field);
    action!(sim, "add_field", "{object, field, type, required?}: an administrator adds a field", add_field);
    action!(sim, "show", "{object, id | quote}: a record with all its fields", show);
}

#[derive(Deserialize)]
#[serde(default)]
struct Push {
    webhook: bool,
    deliveries: u32,
    gap_ms: u64,
}

impl Default for Push {
    fn default() -> Self {
        Self { webhook: true, deliveries: 1, gap_ms: 0 }
    }
}

impl Push {
    async fn send(&self, sim: &Sim, ids: &[String]) -> Vec<Value> {
        if !self.webhook {
            return Vec::new();
        }
        push::changed(sim, ids, Repeats { deliveries: self.deliveries, gap_ms: self.gap_ms }).await
    }
}

#[derive(Deserialize)]
struct CloseWon {
    quote: Option<String>,
    #[serde(default)]
    quotes: Vec<String>,
    prefix: Option<String>,
    at: Option<Timestamp>,
    #[serde(flatten)]
    push: Push,
}

async fn close_won(sim: Sim, wish: CloseWon) -> Result<Value, Refusal> {
    let now = sim.kit.now();
    let ids = {
        let mut org = sim.org();
        let mut ids = Vec::new();
        for quote in wish.quote.iter().chain(&wish.quotes) {
            ids.push(opportunity_of(&org, quote)?);
        }
        if let Some(prefix) = &wish.prefix {
            let open = org
                .rows("Opportunity")
                .filter(|row| !row.deleted && row.text("Quote_Number__c").starts_with(prefix.as_str()));
            ids.extend(open.map(|row| row.id.clone()));
        }
        if ids.is_empty() {
            return Err(Refusal::new("name a deal: give 'quote', 'quotes' or 'prefix'"));
        }
        for id in &ids {
            move_to(&mut org, id, "Closed Won", wish.at, now);
        }
        ids
    };
    let pushed = wish.push.send(&sim, &ids).await;
    Ok(json!({"ids": ids, "pushed": pushed}))
}

/// Moves a deal; `at` is what the stage history says, while the record's own stamps are of now.
fn move_to(org: &mut Org, id: &str, stage: &str, at: Option<Timestamp>, now: Timestamp) {
    org.update("Opportunity", id, Map::from_iter([("StageName".to_owned(), json!(stage))]), now);
    if let Some(at) = at {
        org.update("Opportunity", id, Map::from_iter([("LastStageChangeDate".to_owned(), json!(stamp(at)))]), now);
    }
}

fn opportunity_of(org: &Org, quote: &str) -> Result<String, Refusal> {
    let found = org.find_quote(quote).map(|row| row.id.clone());
    found.ok_or_else(|| Refusal::new(format!("no opportunity carries quote number '{quote}'")))
}

#[derive(Deserialize)]
struct SetStage {
    quote: String,
    stage: String,
    at: Option<Timestamp>,
    #[serde(flatten)]
    push: Push,
}

async fn set_stage(sim: Sim, wish: SetStage) -> Result<Value, Refusal> {
    if !crate::schema::STAGES.iter().any(|(stage, ..)| *stage == wish.stage) {
        return Err(Refusal::new(format!("no stage is called '{}'", wish.stage)));
    }
    let now = sim.kit.now();
    let id = {
        let mut org = sim.org();
        let id = opportunity_of(&org, &wish.quote)?;
        move_to(&mut org, &id, &wish.stage, wish.at, now);
        id
    };
    let pushed = wish.push.send(&sim, std::slice::from_ref(&id)).await;
    Ok(json!({"id": id, "pushed": pushed}))
}

#[derive(Deserialize)]
struct NewVersion {
    quote: String,
    version: Option<u32>,
    /// Changes to the opportunity's own fields.
    #[serde(default)]
    opportunity: Map<String, Value>,
    /// Changes to lines, by line id.
    #[serde(default)]
    lines: Map<String, Value>,
    #[serde(flatten)]
    push: Push,
}

async fn new_version(sim: Sim, wish: NewVersion) -> Result<Value, Refusal> {
    let now = sim.kit.now();
    let (id, version) = {
        let mut org = sim.org();
        let id = opportunity_of(&org, &wish.quote)?;
        let held = org.row("Opportunity", &id).and_then(|row| row.get("Quote_Version__c").as_f64()).unwrap_or(0.0);
        let version = wish.version.map_or(held + 1.0, f64::from);
        for (line, fields) in &wish.lines {
            change_line(&mut org, &id, line, fields, now)?;
        }
        let mut fields = wish.opportunity.clone();
        fields.insert("Quote_Version__c".into(), json!(version));
        org.update("Opportunity", &id, fields, now);
        (id, version)
    };
    let pushed = wish.push.send(&sim, std::slice::from_ref(&id)).await;
    Ok(json!({"id": id, "version": version, "pushed": pushed}))
}

/// Changes a line; its opportunity is touched too, as the vendor does when totals roll up.
fn change_line(org: &mut Org, opportunity: &str, line: &str, fields: &Value, now: Timestamp) -> Result<(), Refusal> {
    let id = org
        .rows("OpportunityLineItem")
        .find(|row| row.text("OpportunityId") == opportunity && row.text("Line_Id__c") == line)
        .map(|row| row.id.clone())
        .ok_or_else(|| Refusal::new(format!("the quote has no line '{line}'")))?;
    org.update("OpportunityLineItem", &id, fields.as_object().cloned().unwrap_or_default(), now);
    org.update("Opportunity", opportunity, Map::new(), now);
    Ok(())
}

#[derive(Deserialize)]
struct EditLine {
    quote: String,
    line: String,
    fields: Value,
}

async fn edit_line(sim: Sim, wish: EditLine) -> Result<Value, Refusal> {
    let now = sim.kit.now();
    let mut org = sim.org();
    let id = opportunity_of(&org, &wish.quote)?;
    change_line(&mut org, &id, &wish.line, &wish.fields, now)?;
    Ok(json!({"id": id}))
}

#[derive(Deserialize)]
struct Record {
    object: Option<String>,
    id: Option<String>,
    quote: Option<String>,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(flatten)]
    push: Push,
}

impl Record {
    /// Object and id: given, or the opportunity of a quote.
    fn find(&self, org: &Org) -> Result<(String, String), Refusal> {
        let object = self.object.clone().unwrap_or_else(|| "Opportunity".into());
        let id = match (&self.id, &self.quote) {
            (Some(id), _) => id.clone(),
            (None, Some(quote)) if object == "Account" => {
                let id = opportunity_of(org, quote)?;
                org.row("Opportunity", &id).map(|row| row.text("AccountId").to_owned()).unwrap_or_default()
            }
            (None, Some(quote)) => opportunity_of(org, quote)?,
            (None, None) => return Err(Refusal::new("name the record: give 'id' or 'quote'")),
        };
        org.row(&object, &id).ok_or_else(|| Refusal::new(format!("there is no {object} {id}")))?;
        Ok((object, id))
    }
}

async fn edit(sim: Sim, wish: Record) -> Result<Value, Refusal> {
    let now = sim.kit.now();
    let (object, id) = {
        let mut org = sim.org();
        let (object, id) = wish.find(&org)?;
        org.update(&object, &id, wish.fields.clone(), now);
        (object, id)
    };
    let touched = if object == "Opportunity" { vec![id.clone()] } else { Vec::new() };
    let pushed = wish.push.send(&sim, &touched).await;
    Ok(json!({"id": id, "pushed": pushed}))
}

async fn delete(sim: Sim, wish: Record) -> Result<Value, Refusal> {
    let now = sim.kit.now();
    let mut org = sim.org();
    let (object, id) = wish.find(&org)?;
    Ok(json!({"id": id, "deleted": org.delete(&object, &id, now)}))
}

async fn show(sim: Sim, wish: Record) -> Result<Value, Refusal> {
    let org = sim.org();
    let (object, id) = wish.find(&org)?;
    Ok(org.row(&object, &id).map(|row| Value::Object(row.fields.clone())).unwrap_or_default())
}

#[derive(Deserialize)]
struct Merge {
    winner: String,
    loser: String,
}

/// The loser's opportunities move to the winner; the loser goes to the recycle bin.
async fn merge_accounts(sim: Sim, wish: Merge) -> Result<Value, Refusal> {
    let now = sim.kit.now();
    let mut org = sim.org();
    for account in [&wish.winner, &wish.loser] {
        org.row("Account", account).ok_or_else(|| Refusal::new(format!("there is no account {account}")))?;
    }
    let moved: Vec<String> =
        org.rows("Opportunity").filter(|row| row.text("AccountId") == wish.loser).map(|row| row.id.clone()).collect();
    for id in &moved {
        org.update("Opportunity", id, Map::from_iter([("AccountId".to_owned(), json!(wish.winner))]), now);
    }
    org.delete("Account", &wish.loser, now);
    Ok(json!({"moved": moved}))
}

async fn send_webhook(sim: Sim, wish: Record) -> Result<Value, Refusal> {
    let id = wish.find(&sim.org())?.1;
    let pushed = wish.push.send(&sim, std::slice::from_ref(&id)).await;
    Ok(json!({"id": id, "pushed": pushed}))
}

#[derive(Deserialize)]
struct Register {
    url: String,
    secret: Option<String>,
    form: Option<String>,
    /// Forget every other address.
    #[serde(default)]
    replace: bool,
}

async fn register_webhook(sim: Sim, wish: Register) -> Result<Value, Refusal> {
    let form = match (wish.form.as_deref(), wish.secret) {
        (None | Some("signed_json"), Some(secret)) => Form::SignedJson { secret },
        (Some("outbound_message"), _) => Form::OutboundMessage,
        _ => return Err(Refusal::new("give 'secret', or 'form': \"outbound_message\"")),
    };
    let mut org = sim.org();
    org.subscriptions.retain(|subscription| !wish.replace && subscription.url != wish.url);
    org.subscriptions.push(Subscription { url: wish.url, form });
    Ok(json!({"subscriptions": org.subscriptions.len()}))
}

#[derive(Deserialize)]
struct PublicKey {
    pem: String,
    client_id: Option<String>,
}

async fn register_public_key(sim: Sim, wish: PublicKey) -> Result<Value, Refusal> {
    let client = wish.client_id.unwrap_or_else(|| sim.kit.option("client_id").unwrap_or(CLIENT_ID).to_owned());
    sim.org().public_keys.insert(client.clone(), wish.pem);
    Ok(json!({"client_id": client}))
}

#[derive(Deserialize)]
struct Nothing {}

async fn expire_tokens(sim: Sim, _: Nothing) -> Result<Value, Refusal> {
    sim.org().forget_all_tokens();
    Ok(json!({"expired": true}))
}

#[derive(Deserialize)]
struct DailyLimit {
    calls: u64,
}

async fn set_daily_limit(sim: Sim, wish: DailyLimit) -> Result<Value, Refusal> {
    sim.org().daily_limit = wish.calls;
    Ok(json!({"calls": wish.calls}))
}

#[derive(Deserialize)]
struct SeedDeals {
    count: u32,
    prefix: Option<String>,
    customers: Option<u32>,
}

async fn seed_deals(sim: Sim, wish: SeedDeals) -> Result<Value, Refusal> {
    let now = sim.kit.now();
    let prefix = wish.prefix.as_deref().unwrap_or("Q-BENCH");
    let made = deals::seed_many(&mut sim.org(), prefix, wish.count, wish.customers.unwrap_or(wish.count), now);
    let deals: Vec<Value> = made.into_iter().map(|(id, quote)| json!({"id": id, "quote": quote})).collect();
    Ok(json!({"deals": deals}))
}

#[derive(Deserialize)]
struct FieldChange {
    object: String,
    field: String,
    to: Option<String>,
    r#type: Option<String>,
    required: Option<bool>,
}

async fn rename_field(sim: Sim, wish: FieldChange) -> Result<Value, Refusal> {
    let to = wish.to.clone().ok_or_else(|| Refusal::new("give 'to', the field's new name"))?;
    schema_change(&sim, &wish, |org, wish| {
        let done = org.schema.rename(&wish.object, &wish.field, &to);
        org.rename_values(&wish.object, &wish.field, &to);
        done
    })
}

async fn change_field(sim: Sim, wish: FieldChange) -> Result<Value, Refusal> {
    schema_change(&sim, &wish, |org, wish| {
        org.schema.change(&wish.object, &wish.field, wish.r#type.as_deref(), wish.required)
    })
}

async fn add_field(sim: Sim, wish: FieldChange) -> Result<Value, Refusal> {
    let kind = wish.r#type.clone().unwrap_or_else(|| "string".into());
    schema_change(&sim, &wish, |org, wish| {
        org.schema.add(&wish.object, &wish.field, &kind, wish.required.unwrap_or(false))
    })
}

fn schema_change(
    sim: &Sim,
    wish: &FieldChange,
    change: impl FnOnce(&mut Org, &FieldChange) -> bool,
) -> Result<Value, Refusal> {
    let now = sim.kit.now();
    let mut org = sim.org();
    if !change(&mut org, wish) {
        return Err(Refusal::new(format!(
            "{}.{} cannot be changed so; check object, field and type",
            wish.object, wish.field
        )));
    }
    org.schema_changed = now;
    Ok(json!({"object": wish.object, "field": wish.field}))
}
