//! What an account holds at the start.

use serde_json::{Value, json};

use crate::account::State;
use crate::schema::collection;

/// The account's project statuses: key, message, colour. Every account numbers its own.
pub const STATUSES: [(u64, &str, &str); 7] = [
    (100, "Not Started", "gray"),
    (110, "In Set-Up", "gray"),
    (305, "Active", "green"),
    (410, "On Hold", "yellow"),
    (500, "Completed", "blue"),
    (501, "Cancelled", "red"),
    (600, "Closed", "blue"),
];

/// Plants the account, and what the named seed adds.
pub fn plant(state: &mut State, seed: Option<&str>) {
    put(state, "users", 1, json!({"full_name": "Integration User", "email_address": "integration@advisory.example"}));
    let fields = [
        (9001, "WorkspaceGroup", "VAT ID", "string"),
        (9101, "Story", "Accepted by", "string"),
        (9102, "Story", "Accepted on", "date"),
        (9103, "Story", "Acceptance evidence SHA-256", "string"),
    ];
    for (id, subject, name, kind) in fields {
        put(state, "custom_fields", id, json!({"name": name, "subject_type": subject, "value_type": kind}));
    }
    if seed == Some("scenario") {
        scenario(state);
    }
    // Ids of what clients make do not depend on the seed.
    put(
        state,
        "custom_fields",
        10_000,
        json!({"name": "Reserved", "subject_type": "Estimate", "value_type": "string"}),
    );
}

fn scenario(state: &mut State) {
    put(state, "roles", 21, json!({"name": "Senior", "_default_rate_in_cents": 21_000}));
    put(state, "roles", 22, json!({"name": "Consultant", "_default_rate_in_cents": 16_000}));
    let people = [(11, "Ana Almeida", "ana@advisory.example", 21), (12, "Ben Berger", "ben@advisory.example", 22)];
    for (id, name, email, role) in people {
        put(
            state,
            "users",
            id,
            json!({"full_name": name, "email_address": email, "_default_role_id": role.to_string()}),
        );
    }
    let template = json!({"title": "PT-CONSULT v7", "description": "Consulting project", "raw_json": "[]"});
    put(state, "project_templates", 4711, template);
    let older = json!({"title": "PT-CONSULT v6", "description": "Consulting project, superseded", "raw_json": "[]"});
    put(state, "project_templates", 4710, older);
}

/// Puts a record in place.
pub fn put(state: &mut State, plural: &str, id: u64, fields: Value) {
    if let (Some(collection), Value::Object(fields)) = (collection(plural), fields) {
        state.plant(collection, id, fields);
    }
}
