//! The address book as it behaves: a token, contacts ordered by their last change, a marker that
//! may occur once, names of at most eighty characters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quoin_simulator::axum::extract::{Path, Query, State};
use quoin_simulator::axum::http::{HeaderMap, StatusCode};
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::axum::routing::{get, put};
use quoin_simulator::axum::{Json, Router};
use quoin_simulator::{Kit, Refusal, Timestamp};
use serde_json::{Map, Value, json};

/// The token that is valid, unless `--option token=…` names another.
const TOKEN: &str = "address-book-token";
/// Longest name.
const NAME_CHARACTERS: usize = 80;
/// Fields that a contact may have.
const FIELDS: [&str; 5] = ["name", "vatNo", "creditLimit", "currencyCode", "marker"];

#[tokio::main]
async fn main() -> std::process::ExitCode {
    quoin_simulator::run("template", build).await
}

#[derive(Clone)]
struct Book {
    kit: Kit,
    contacts: Arc<Mutex<Vec<Contact>>>,
}

#[derive(Clone)]
struct Contact {
    id: String,
    fields: Map<String, Value>,
    changed: Timestamp,
    gone: bool,
}

pub fn build(kit: Kit) -> Router {
    let book = Book { kit: kit.clone(), contacts: Arc::default() };
    let for_reset = book.clone();
    kit.on_reset(move || for_reset.lock().clear());
    let adding = book.clone();
    kit.action("add_contact", "{name, vatNo?, creditLimit?, currencyCode?}: a person adds a contact", move |input| {
        let added = adding.add(&input).map_err(|(_, refusal)| Refusal::new(refusal.to_string()));
        async move { added.map(|id| json!({"id": id})) }
    });
    let removing = book.clone();
    kit.action("remove_contact", "{id}: a person removes a contact", move |input| {
        let removed = removing.remove(input["id"].as_str().unwrap_or_default());
        async move { removed }
    });
    Router::new()
        .route("/me", get(me))
        .route("/contacts", get(list).post(create))
        .route("/contacts/{id}", put(change))
        .with_state(book)
}

type Refused = (StatusCode, Value);

fn refused(status: StatusCode, error: &str) -> Refused {
    (status, json!({"error": error}))
}

fn answer(result: Result<Value, Refused>) -> Response {
    match result {
        Ok(body) => Json(body).into_response(),
        Err((status, body)) => (status, Json(body)).into_response(),
    }
}

impl Book {
    fn lock(&self) -> MutexGuard<'_, Vec<Contact>> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let wanted = format!("Bearer {}", self.kit.option("token").unwrap_or(TOKEN));
        let given = headers.get("authorization").and_then(|value| value.to_str().ok());
        if given == Some(wanted.as_str()) { Ok(()) } else { Err(refused(StatusCode::UNAUTHORIZED, "invalid_token")) }
    }

    fn add(&self, input: &Value) -> Result<String, Refused> {
        let fields = checked(input)?;
        let mut contacts = self.lock();
        let marker = fields.get("marker").and_then(Value::as_str).map(str::to_owned);
        let taken =
            marker.is_some() && contacts.iter().any(|contact| contact.fields.get("marker") == fields.get("marker"));
        if taken {
            return Err(refused(StatusCode::CONFLICT, "a contact with this marker exists"));
        }
        let id = format!("c-{}", contacts.len() + 1);
        self.kit.ledger.commit("customer", &id, marker.as_deref(), Value::Object(fields.clone()));
        contacts.push(Contact { id: id.clone(), fields, changed: self.kit.now(), gone: false });
        Ok(id)
    }

    fn update(&self, id: &str, input: &Value) -> Result<String, Refused> {
        let fields = checked(input)?;
        let mut contacts = self.lock();
        let contact = contacts.iter_mut().find(|contact| contact.id == id && !contact.gone);
        let contact = contact.ok_or_else(|| refused(StatusCode::NOT_FOUND, "there is no such contact"))?;
        self.kit.ledger.commit("customer_update", id, None, Value::Object(fields.clone()));
        contact.fields = fields;
        contact.changed = self.kit.now();
        Ok(id.to_owned())
    }

    fn remove(&self, id: &str) -> Result<Value, Refusal> {
        let mut contacts = self.lock();
        let contact = contacts.iter_mut().find(|contact| contact.id == id);
        let contact = contact.ok_or_else(|| Refusal::new(format!("there is no contact '{id}'")))?;
        contact.gone = true;
        contact.changed = self.kit.now();
        Ok(json!({"id": id}))
    }
}

/// The fields of a contact, when the address book takes them.
fn checked(input: &Value) -> Result<Map<String, Value>, Refused> {
    let invalid =
        |field: &str, error: String| (StatusCode::UNPROCESSABLE_ENTITY, json!({"error": error, "field": field}));
    let fields = input.as_object().ok_or_else(|| refused(StatusCode::BAD_REQUEST, "a contact is an object"))?;
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(invalid(unknown, format!("a contact has no field '{unknown}'")));
    }
    let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS {
        return Err(invalid("name", format!("a name has 1 to {NAME_CHARACTERS} characters")));
    }
    Ok(fields.clone())
}

fn shown(contact: &Contact) -> Value {
    let mut fields = contact.fields.clone();
    fields.insert("id".into(), json!(contact.id));
    fields.insert("changed".into(), json!(contact.changed));
    fields.insert("gone".into(), json!(contact.gone));
    Value::Object(fields)
}

async fn me(State(book): State<Book>, headers: HeaderMap) -> Response {
    answer(book.admit(&headers).map(|()| json!({"account": "demo", "scopes": ["contacts.read", "contacts.write"]})))
}

async fn list(State(book): State<Book>, Query(asked): Query<Vec<(String, String)>>, headers: HeaderMap) -> Response {
    answer(book.admit(&headers).and_then(|()| page(&book, &asked)))
}

/// Contacts by last change, then by id; removed ones as `gone`.
fn page(book: &Book, asked: &[(String, String)]) -> Result<Value, Refused> {
    let get = |name: &str| asked.iter().find(|(asked, _)| asked == name).map(|(_, value)| value.as_str());
    let mut found: Vec<Contact> = book.lock().clone();
    found.sort_by(|one, other| (one.changed, &one.id).cmp(&(other.changed, &other.id)));
    if let Some(ids) = get("ids") {
        found.retain(|contact| ids.split(',').any(|id| id == contact.id));
    }
    if let Some(marker) = get("marker") {
        found.retain(|contact| contact.fields.get("marker").and_then(Value::as_str) == Some(marker));
    }
    if let Some(from) = get("changed_from") {
        let from: Timestamp =
            from.parse().map_err(|_| refused(StatusCode::BAD_REQUEST, "changed_from is no instant"))?;
        let after = get("after_id").unwrap_or_default();
        found.retain(|contact| (contact.changed, contact.id.as_str()) > (from, after));
    }
    let limit = get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100_usize).clamp(1, 100);
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(json!({"contacts": found.iter().map(shown).collect::<Vec<_>>(), "more": more}))
}

async fn create(State(book): State<Book>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    answer(book.admit(&headers).and_then(|()| book.add(&body)).map(|id| json!({"id": id})))
}

async fn change(
    State(book): State<Book>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    answer(book.admit(&headers).and_then(|()| book.update(&id, &body)).map(|id| json!({"id": id})))
}
