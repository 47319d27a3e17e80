//! The account: its records, and the three ways to change them. Ledger and feed are written under
//! the same lock as the records, so the three never disagree.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quoin_simulator::{Kit, Timestamp};
use serde_json::{Map, Value, json};

use crate::events::Feed;
use crate::query::Query;
use crate::refusal::{Answer, Refused};
use crate::schema::{Collection, REFERENCE_ATTRIBUTES, collection, of_subject};
use crate::{TOKEN, rules, seed};

/// A record; fields that begin with `_` are the simulator's own.
pub type Record = Map<String, Value>;

/// A member of a record or of JSON, `null` when it is not there.
pub trait At {
    /// The member.
    fn at(&self, name: &str) -> &Value;
}

impl At for Record {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }
}

impl At for Value {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }
}

/// The account; clones share it.
#[derive(Clone)]
pub struct Account {
    pub kit: Kit,
    state: Arc<Mutex<State>>,
}

/// What the account holds.
pub struct State {
    kit: Kit,
    tables: BTreeMap<&'static str, BTreeMap<u64, Record>>,
    /// References and custom field values by what they are about: collection, type name and id.
    about: HashMap<(&'static str, String, u64), Vec<u64>>,
    /// References by what they refer to.
    referring: HashMap<String, Vec<u64>>,
    /// Stories by workspace.
    stories: HashMap<u64, Vec<u64>>,
    next_id: u64,
    /// The feed of events.
    pub feed: Feed,
    token: Option<String>,
}

impl Account {
    /// An account as the seed says.
    pub fn new(kit: Kit) -> Self {
        let state = State::seeded(&kit);
        Self { kit, state: Arc::new(Mutex::new(state)) }
    }

    /// The records, locked.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Back to the beginning.
    pub fn reset(&self) {
        *self.lock() = State::seeded(&self.kit);
    }

    /// No token is valid any more.
    pub fn revoke_token(&self) {
        self.lock().token = None;
    }
}

impl State {
    fn seeded(kit: &Kit) -> Self {
        let token = kit.option("token").unwrap_or(TOKEN).to_owned();
        let mut state = Self {
            kit: kit.clone(),
            tables: BTreeMap::new(),
            about: HashMap::new(),
            referring: HashMap::new(),
            stories: HashMap::new(),
            next_id: 0,
            feed: Feed::default(),
            token: Some(token),
        };
        seed::plant(&mut state, kit.seed());
        state
    }

    /// Whether this is the valid token.
    pub fn accepts(&self, token: &str) -> bool {
        self.token.as_deref() == Some(token)
    }

    /// Makes this the valid token.
    pub fn grant(&mut self, token: &str) {
        self.token = Some(token.to_owned());
    }

    /// Now, at this vendor.
    pub fn now(&self) -> Timestamp {
        self.kit.now()
    }

    /// The records of a collection.
    pub fn table(&self, plural: &str) -> impl DoubleEndedIterator<Item = (u64, &Record)> {
        self.tables.get(plural).into_iter().flatten().map(|(id, record)| (*id, record))
    }

    /// A record by id.
    pub fn record(&self, plural: &str, id: u64) -> Option<&Record> {
        self.tables.get(plural)?.get(&id)
    }

    /// A record by the id in another record's field.
    pub fn linked(&self, plural: &str, record: &Record, field: &str) -> Option<&Record> {
        self.record(plural, id_of(record.get(field)?)?)
    }

    /// Puts a record in place without rules, ledger or feed: for seeds.
    pub fn plant(&mut self, collection: &'static Collection, id: u64, mut record: Record) -> u64 {
        let stamp = stamp(self.now());
        record.insert("id".into(), id.to_string().into());
        record.entry("created_at").or_insert_with(|| stamp.clone().into());
        record.entry("updated_at").or_insert_with(|| stamp.into());
        self.next_id = self.next_id.max(id);
        if let (Some(kind), Some(subject)) = (record.at("subject_type").as_str(), id_of(record.at("subject_id"))) {
            self.about.entry((collection.plural, kind.to_owned(), subject)).or_default().push(id);
        }
        match collection.plural {
            "external_references" => {
                self.referring.entry(text_of(record.at("service_model_ref"))).or_default().push(id)
            }
            "stories" => {
                let workspace = id_of(record.at("workspace_id")).unwrap_or_default();
                self.stories.entry(workspace).or_default().push(id);
            }
            _ => {}
        }
        self.tables.entry(collection.plural).or_default().insert(id, record);
        id
    }

    /// The records that a query can mean at all, so that large accounts are not walked through.
    pub fn candidates(&self, of: &Collection, query: &Query) -> Vec<u64> {
        let asked = |name: &str| query.get(name).map(String::as_str);
        if let Some(only) = asked("only") {
            let mut ids: Vec<u64> = only.split(',').filter_map(|id| id.trim().parse().ok()).collect();
            ids.sort_unstable();
            ids.dedup();
            return ids;
        }
        match of.plural {
            "external_references" if asked("service_model_ref").is_some() => {
                asked("service_model_ref").and_then(|text| self.referring.get(text)).cloned().unwrap_or_default()
            }
            "stories" if asked("workspace_id").is_some() => {
                let workspace = asked("workspace_id").and_then(|text| text.parse().ok()).unwrap_or_default();
                self.stories.get(&workspace).cloned().unwrap_or_default()
            }
            plural => self.table(plural).map(|(id, _)| id).collect(),
        }
    }

    /// Changes fields of a record without rules, ledger or feed.
    pub fn patch(&mut self, plural: &str, id: u64, fields: Value) {
        if let (Some(record), Value::Object(fields)) =
            (self.tables.get_mut(plural).and_then(|t| t.get_mut(&id)), fields)
        {
            record.extend(fields);
        }
    }

    /// Creates several records, all or none.
    pub fn create_all(&mut self, collection: &'static Collection, all: Vec<Record>) -> Answer<Vec<u64>> {
        for fields in &all {
            check_attributes(collection, fields, collection.create)?;
            let missing: Vec<(String, String)> = collection
                .required
                .iter()
                .filter(|(field, _)| is_blank(fields.get(*field)))
                .map(|(field, words)| ((*field).to_owned(), (*words).to_owned()))
                .collect();
            if !missing.is_empty() {
                return Err(Refused::validations(missing));
            }
            if let Some(reference) = fields.get("external_reference") {
                check_nested_reference(reference)?;
            }
        }
        let prepared: Vec<Record> =
            all.into_iter().map(|fields| rules::prepare(self, collection, fields)).collect::<Answer<_>>()?;
        prepared.into_iter().map(|record| self.insert(collection, record)).collect()
    }

    /// Creates one record.
    pub fn create(&mut self, collection: &'static Collection, fields: Record) -> Answer<u64> {
        self.create_all(collection, vec![fields]).map(|ids| ids[0])
    }

    fn insert(&mut self, collection: &'static Collection, mut record: Record) -> Answer<u64> {
        if let Some(same) = rules::overrides(self, collection, &record) {
            return self.update(collection, same, rules::overriding(record));
        }
        let nested = record.remove("external_reference");
        let values = record.remove("custom_fields");
        let id = self.next_id + 1;
        let id = self.plant(collection, id, record);
        let key = self.write_reference(collection, id, nested)?;
        self.write_values(collection, id, values)?;
        rules::created(self, collection, id)?;
        let (kind, data) = (rules::ledger_kind(self, collection, id), self.shown(collection, id));
        self.kit.ledger.commit(&kind, &id.to_string(), key.as_deref(), data);
        self.notify(collection, id, "created");
        Ok(id)
    }

    /// Changes a record; the stamp moves only when something differs.
    pub fn update(&mut self, collection: &'static Collection, id: u64, fields: Record) -> Answer<u64> {
        if self.record(collection.plural, id).is_none() {
            return Err(Refused::not_found());
        }
        check_attributes(collection, &fields, collection.update)?;
        let mut fields = rules::prepare_change(self, collection, id, fields)?;
        let nested = fields.remove("external_reference");
        let values = fields.remove("custom_fields");
        let differs = self
            .record(collection.plural, id)
            .is_some_and(|record| fields.iter().any(|(name, value)| record.get(name) != Some(value)));
        if differs {
            let moved = stamp(self.now());
            self.patch(collection.plural, id, Value::Object(fields));
            self.patch(collection.plural, id, json!({ "updated_at": moved }));
        }
        self.write_reference(collection, id, nested)?;
        self.write_values(collection, id, values)?;
        if differs {
            let kind = format!("{}_update", rules::ledger_kind(self, collection, id));
            let (key, data) = (self.key(collection, id), self.shown(collection, id));
            self.kit.ledger.commit(&kind, &id.to_string(), key.as_deref(), data);
            self.notify(collection, id, "updated");
        }
        Ok(id)
    }

    /// Removes a record, with its references. Stories stay, marked as deleted.
    pub fn remove(&mut self, collection: &'static Collection, id: u64) -> Answer<()> {
        if self.record(collection.plural, id).is_none() {
            return Err(Refused::not_found());
        }
        let kind = format!("{}_delete", rules::ledger_kind(self, collection, id));
        let (key, data) = (self.key(collection, id), self.shown(collection, id));
        if collection.plural == "stories" {
            let stamp = stamp(self.now());
            self.patch("stories", id, json!({"deleted_at": stamp, "updated_at": stamp}));
        } else {
            let references: Vec<u64> = self.references_of(collection, id).map(|(id, _)| id).collect();
            if let Some(table) = self.tables.get_mut("external_references") {
                table.retain(|id, _| !references.contains(id));
            }
            self.tables.entry(collection.plural).or_default().remove(&id);
        }
        self.kit.ledger.commit(&kind, &id.to_string(), key.as_deref(), data);
        self.notify(collection, id, "deleted");
        Ok(())
    }

    /// The references of a record.
    pub fn references_of(&self, of: &Collection, id: u64) -> impl Iterator<Item = (u64, &Record)> {
        self.about("external_references", of.subject, id)
    }

    /// The custom field values of a record.
    pub fn values_of(&self, of: &Collection, id: u64) -> impl Iterator<Item = (u64, &Record)> {
        self.about("custom_field_values", of.subject, id)
    }

    /// The records of a collection that are about this subject.
    pub fn about(&self, plural: &'static str, subject: &str, id: u64) -> impl Iterator<Item = (u64, &Record)> {
        let ids = self.about.get(&(plural, subject.to_owned(), id));
        ids.into_iter().flatten().filter_map(move |id| Some((*id, self.record(plural, *id)?)))
    }

    fn key(&self, collection: &Collection, id: u64) -> Option<String> {
        let mut references = self.references_of(collection, id);
        references.next().and_then(|(_, row)| row.at("service_model_ref").as_str().map(Into::into))
    }

    fn shown(&self, collection: &Collection, id: u64) -> Value {
        let record = self.record(collection.plural, id).cloned().unwrap_or_default();
        Value::Object(record.into_iter().filter(|(name, _)| !name.starts_with('_')).collect())
    }

    fn notify(&mut self, collection: &Collection, id: u64, what: &str) {
        let payload = self.shown(collection, id);
        let now = self.now();
        self.feed.note(now, collection, id, what, payload);
    }

    fn write_reference(&mut self, of: &'static Collection, id: u64, nested: Option<Value>) -> Answer<Option<String>> {
        let Some(Value::Object(mut reference)) = nested else { return Ok(None) };
        reference.insert("subject_type".into(), of.subject.into());
        reference.insert("subject_id".into(), id.to_string().into());
        let key = reference.get("service_model_ref").map(text_of);
        self.create_or_update_reference(reference)?;
        Ok(key)
    }

    /// `POST /external_references/create_or_update`: one reference per subject and service name.
    pub fn create_or_update_reference(&mut self, fields: Record) -> Answer<u64> {
        let Some(references) = collection("external_references") else { return Err(Refused::not_found()) };
        self.create(references, fields)
    }

    fn write_values(&mut self, of: &'static Collection, id: u64, values: Option<Value>) -> Answer<()> {
        let Some(table) = collection("custom_field_values") else { return Err(Refused::not_found()) };
        for value in values.as_ref().and_then(Value::as_array).into_iter().flatten() {
            let mut fields = value.as_object().cloned().unwrap_or_default();
            fields.insert("subject_type".into(), of.subject.into());
            fields.insert("subject_id".into(), id.to_string().into());
            self.create(table, fields)?;
        }
        Ok(())
    }

    /// The record that a reference or value is about.
    pub fn subject(&self, fields: &Record) -> Option<(&'static Collection, u64)> {
        let collection = of_subject(fields.get("subject_type")?.as_str()?)?;
        let id = id_of(fields.get("subject_id")?)?;
        self.record(collection.plural, id).map(|_| (collection, id))
    }
}

fn check_attributes(collection: &Collection, fields: &Record, allowed: &[&str]) -> Answer<()> {
    match fields.keys().find(|name| !allowed.contains(&name.as_str())) {
        Some(name) => Err(Refused::bad_request(format!("Unknown attribute '{name}' for {}", collection.singular))),
        None => Ok(()),
    }
}

fn check_nested_reference(reference: &Value) -> Answer<()> {
    let Some(fields) = reference.as_object() else {
        return Err(Refused::bad_request("external_reference must be an object"));
    };
    if let Some(name) = fields.keys().find(|name| !REFERENCE_ATTRIBUTES[2..].contains(&name.as_str())) {
        return Err(Refused::bad_request(format!("Unknown attribute '{name}' for external_reference")));
    }
    let missing =
        ["service_name", "service_model", "service_model_ref"].into_iter().find(|name| is_blank(fields.get(*name)));
    missing.map_or(Ok(()), |name| Err(Refused::validation(name, format!("{name} can't be blank"))))
}

fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}

/// An id, written as number or text.
pub fn id_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Text, whatever the JSON type.
pub fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// Kantata writes stamps with an offset and whole seconds.
pub fn stamp(now: Timestamp) -> String {
    let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
    whole.to_string().replace('Z', "+00:00")
}
