//! The org's data: records, tokens, open query cursors, what it pushes to.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::push::Subscription;
use crate::schema::{STAGES, Schema, default_value};

/// Id of the simulated organisation.
pub const ORGANIZATION_ID: &str = "00D000000000001EAA";

/// Query cursors a user can have open; the oldest is closed first.
const OPEN_CURSORS: usize = 10;

/// One record.
#[derive(Debug, Clone)]
pub struct Row {
    /// 18-character id.
    pub id: String,
    /// In the recycle bin.
    pub deleted: bool,
    /// Field values by API name.
    pub fields: Map<String, Value>,
}

impl Row {
    /// A field's value; `Null` when it has none.
    pub fn get(&self, field: &str) -> &Value {
        self.fields.get(field).unwrap_or(&Value::Null)
    }

    /// A text field.
    pub fn text(&self, field: &str) -> &str {
        self.get(field).as_str().unwrap_or_default()
    }
}

/// The org.
#[derive(Debug)]
pub struct Org {
    /// Objects and fields.
    pub schema: Schema,
    /// When the schema last changed.
    pub schema_changed: Timestamp,
    tables: BTreeMap<&'static str, BTreeMap<String, Row>>,
    next_id: u64,
    tokens: BTreeMap<String, Timestamp>,
    tokens_issued: u64,
    cursors: VecDeque<(String, Vec<Value>)>,
    cursors_opened: u64,
    api_calls: u64,
    /// Calls allowed per day.
    pub daily_limit: u64,
    /// Public keys that sign JWT bearer assertions, by consumer key.
    pub public_keys: BTreeMap<String, String>,
    /// Where changes are pushed to.
    pub subscriptions: Vec<Subscription>,
    /// Deliveries sent, to number them.
    pub deliveries: u64,
}

/// Salesforce writes moments like `2026-03-02T10:15:00.000+0000`, to the second.
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

impl Org {
    /// A new org, with data when a seed is named.
    pub fn seeded(seed: Option<&str>) -> Self {
        let mut org = Self {
            schema: Schema::new(),
            schema_changed: Timestamp::UNIX_EPOCH,
            tables: BTreeMap::new(),
            next_id: 1,
            tokens: BTreeMap::new(),
            tokens_issued: 0,
            cursors: VecDeque::new(),
            cursors_opened: 0,
            api_calls: 0,
            daily_limit: 5_000_000,
            public_keys: BTreeMap::new(),
            subscriptions: Vec::new(),
            deliveries: 0,
        };
        if seed == Some("scenario") {
            crate::deals::seed_scenario(&mut org);
        }
        org
    }

    /// Inserts a record as the user interface would, without looking at what may be written.
    pub fn insert(&mut self, object: &str, fields: Value, now: Timestamp) -> String {
        let Some(described) = self.schema.object(object) else { return String::new() };
        let (name, prefix) = (described.name, described.prefix);
        let mut all: Map<String, Value> =
            described.fields.iter().map(|field| (field.name.clone(), default_value(&field.kind))).collect();
        if let Value::Object(given) = fields {
            all.extend(given);
        }
        let id = make_id(prefix, self.next_id);
        self.next_id += 1;
        let moment = json!(stamp(now));
        all.insert("Id".into(), json!(id));
        for field in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
            all.insert(field.into(), moment.clone());
        }
        if name == "Opportunity" {
            set_stage_flags(&mut all, now);
        }
        self.tables.entry(name).or_default().insert(id.clone(), Row { id: id.clone(), deleted: false, fields: all });
        id
    }

    /// Changes a record; `false` when there is none.
    pub fn update(&mut self, object: &str, id: &str, changes: Map<String, Value>, now: Timestamp) -> bool {
        let Some(row) = self.row_mut(object, id) else { return false };
        let stage_before = row.get("StageName").clone();
        row.fields.extend(changes);
        row.fields.insert("LastModifiedDate".into(), json!(stamp(now)));
        row.fields.insert("SystemModstamp".into(), json!(stamp(now)));
        if object == "Opportunity" && *row.get("StageName") != stage_before {
            set_stage_flags(&mut row.fields, now);
        }
        true
    }

    /// Moves a record to the recycle bin.
    pub fn delete(&mut self, object: &str, id: &str, now: Timestamp) -> bool {
        let Some(row) = self.row_mut(object, id).filter(|row| !row.deleted) else { return false };
        row.deleted = true;
        row.fields.insert("IsDeleted".into(), json!(true));
        row.fields.insert("SystemModstamp".into(), json!(stamp(now)));
        true
    }

    /// A record, deleted ones included; ids may have 15 or 18 characters.
    pub fn row(&self, object: &str, id: &str) -> Option<&Row> {
        self.tables.get(object)?.get(&long_id(id))
    }

    fn row_mut(&mut self, object: &str, id: &str) -> Option<&mut Row> {
        self.tables.get_mut(object)?.get_mut(&long_id(id))
    }

    /// All records of an object in order of id, deleted ones included.
    pub fn rows(&self, object: &str) -> impl Iterator<Item = &Row> {
        self.tables.get(object).into_iter().flat_map(BTreeMap::values)
    }

    /// The live opportunity with the highest version of a quote.
    pub fn find_quote(&self, quote: &str) -> Option<&Row> {
        let version = |row: &&Row| row.get("Quote_Version__c").as_f64().unwrap_or_default();
        self.rows("Opportunity")
            .filter(|row| !row.deleted && row.text("Quote_Number__c") == quote)
            .max_by(|a, b| version(a).total_cmp(&version(b)))
    }

    /// Values follow a renamed field.
    pub fn rename_values(&mut self, object: &str, field: &str, to: &str) {
        for row in self.tables.get_mut(object).into_iter().flat_map(BTreeMap::values_mut) {
            if let Some(value) = row.fields.remove(field) {
                row.fields.insert(to.into(), value);
            }
        }
    }

    /// Issues a token.
    pub fn issue_token(&mut self, now: Timestamp, lifetime: SignedDuration) -> String {
        self.tokens_issued += 1;
        let token = format!("{}!AQ.simulated.{:08}", &ORGANIZATION_ID[..15], self.tokens_issued);
        self.tokens.insert(token.clone(), now.checked_add(lifetime).unwrap_or(Timestamp::MAX));
        token
    }

    /// Whether a token is good.
    pub fn token_is_good(&self, token: &str, now: Timestamp) -> bool {
        self.tokens.get(token).is_some_and(|until| now < *until)
    }

    /// Ends one session.
    pub fn forget_token(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    /// Ends all sessions.
    pub fn forget_all_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Counts one API call; `false` when the day's allowance is used up.
    pub fn count_call(&mut self) -> bool {
        if self.api_calls >= self.daily_limit {
            return false;
        }
        self.api_calls += 1;
        true
    }

    /// Calls used and allowed.
    pub fn api_usage(&self) -> (u64, u64) {
        (self.api_calls, self.daily_limit)
    }

    /// Keeps the rest of a result for later pages and returns its locator.
    pub fn open_cursor(&mut self, rows: Vec<Value>) -> String {
        self.cursors_opened += 1;
        let locator = make_id("01g", self.cursors_opened);
        if self.cursors.len() == OPEN_CURSORS {
            self.cursors.pop_front();
        }
        self.cursors.push_back((locator.clone(), rows));
        locator
    }

    /// The rows of an open cursor.
    pub fn cursor(&self, locator: &str) -> Option<&[Value]> {
        self.cursors.iter().find(|(open, _)| open == locator).map(|(_, rows)| rows.as_slice())
    }
}

/// `IsClosed`, `IsWon` and `LastStageChangeDate` follow from the stage.
fn set_stage_flags(fields: &mut Map<String, Value>, now: Timestamp) {
    let name = fields.get("StageName").and_then(Value::as_str).unwrap_or_default();
    let (closed, won) = STAGES.iter().find(|(stage, ..)| *stage == name).map_or((false, false), |s| (s.1, s.2));
    fields.insert("IsClosed".into(), json!(closed));
    fields.insert("IsWon".into(), json!(won));
    fields.insert("LastStageChangeDate".into(), json!(stamp(now)));
}

/// An 18-character id: object prefix, a number in 12 digits, and the three check characters that
/// make it safe to compare without regard to case.
fn make_id(prefix: &str, number: u64) -> String {
    long_id(&format!("{prefix}{number:012}"))
}

/// The 18-character form of a 15-character id: each check character encodes which of five
/// characters are upper case.
pub fn long_id(id: &str) -> String {
    if id.len() != 15 || !id.is_ascii() {
        return id.to_owned();
    }
    let mut long = id.to_owned();
    for chunk in id.as_bytes().chunks(5) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0_usize, |bits, (i, byte)| bits | usize::from(byte.is_ascii_uppercase()) << i);
        long.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]));
    }
    long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_get_their_check_characters() {
        // A published example of the algorithm.
        assert_eq!(long_id("00D000000000062"), "00D000000000062EAA");
        assert_eq!(long_id("001000000000001"), "001000000000001AAA");
        assert_eq!(long_id(ORGANIZATION_ID), ORGANIZATION_ID);
    }

    #[test]
    fn moments_are_written_to_the_second() {
        assert_eq!(stamp("2026-03-02T10:15:00.987Z".parse().unwrap()), "2026-03-02T10:15:00.000+0000");
    }
}
