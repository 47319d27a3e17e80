//! Speaking to Kantata: configuration, requests, paging, and the search by external reference that
//! every write begins with.

use std::collections::BTreeMap;

use quoin_sdk::jiff::fmt::rfc2822;
use quoin_sdk::{Fault, FaultKind, Host, Level, Mode, Report, Request, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::fault;
use crate::wire::{Envelope, ExternalReference};

/// Rows per page: Kantata's maximum.
pub const PAGE_ROWS: u32 = 200;

/// Pages read of one list before giving up: 10,000 rows, more than any project or account search
/// in scope holds. Reaching it means that a filter does not filter.
const MAX_PAGES: u32 = 50;

/// Time a write needs at least, in milliseconds; with less left it is not begun.
const WRITE_NEEDS_MS: u64 = 1_000;

/// A connection's configuration; the fields are explained in `connector.toml`.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Config {
    pub base_url: String,
    pub service_name: String,
    pub vat_field_id: Option<String>,
    pub accepted_by_field: String,
    pub accepted_on_field: String,
    pub evidence_field: String,
    pub status_keys: BTreeMap<String, String>,
    pub templates: BTreeMap<String, String>,
    pub allocation_days: i32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            service_name: "quoin".into(),
            vat_field_id: None,
            accepted_by_field: "Accepted by".into(),
            accepted_on_field: "Accepted on".into(),
            evidence_field: "Acceptance evidence SHA-256".into(),
            status_keys: BTreeMap::new(),
            templates: BTreeMap::new(),
            allocation_days: 90,
        }
    }
}

/// A door to Kantata for one call.
pub struct Api<'a> {
    pub host: &'a dyn Host,
    pub config: Config,
    mode: Mode,
}

/// Query parameters.
pub type Query<'q> = &'q [(&'q str, &'q str)];

impl<'a> Api<'a> {
    /// With the connection's configuration.
    pub fn new(host: &'a dyn Host, mode: Mode) -> Result<Self, Fault> {
        let config: Config = quoin_sdk::config(host)?;
        if config.base_url.is_empty() {
            return Err(Fault::new(FaultKind::Config, "CONFIG", "set base_url, such as https://api.mavenlink.com"));
        }
        Ok(Self { host, config, mode })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.config.base_url.trim_end_matches('/'))
    }

    /// One page.
    pub fn get(&self, path: &str, query: Query<'_>) -> Result<Envelope, Fault> {
        let mut request = Request::get(self.url(path)).credential("api");
        for (name, value) in query {
            request = request.query(name, value);
        }
        let response = self.host.send(request).map_err(fault::of_read)?;
        if !response.is_success() {
            return Err(fault::of(&response, false));
        }
        let mut envelope: Envelope = response.json().map_err(fault::of_read)?;
        envelope.complete()?;
        envelope.answered_at =
            response.header("date").and_then(|date| rfc2822::parse(date).ok()).map(|at| at.timestamp());
        Ok(envelope)
    }

    /// All pages, each handed to `take`.
    pub fn each_page(&self, path: &str, query: Query<'_>, mut take: impl FnMut(Envelope)) -> Result<(), Fault> {
        let rows = PAGE_ROWS.to_string();
        for page in 1..=MAX_PAGES {
            let number = page.to_string();
            let mut all = query.to_vec();
            all.extend([("per_page", rows.as_str()), ("page", number.as_str())]);
            let envelope = self.get(path, &all)?;
            let last = page >= envelope.meta.page_count;
            take(envelope);
            if last {
                return Ok(());
            }
        }
        let message = format!("{path} has more than {MAX_PAGES} pages for this query; narrow the connection's scope");
        Err(Fault::new(FaultKind::Other, "TOO_MANY_PAGES", message))
    }

    /// Creates; the body is `{singular: fields}` or, in bulk, `{plural: [fields]}`.
    pub fn post(&self, path: &str, body: &Value) -> Result<Envelope, Fault> {
        let response = self.write(Request::post(self.url(path)).json(body)?)?;
        response.json()
    }

    /// Changes one record.
    pub fn put(&self, collection: &str, id: &str, singular: &str, fields: Map<String, Value>) -> Result<(), Fault> {
        let body = json!({ singular: fields });
        self.write(Request::put(self.url(&format!("{collection}/{id}"))).json(&body)?).map(drop)
    }

    /// Removes one record.
    pub fn delete(&self, collection: &str, id: &str) -> Result<(), Fault> {
        self.write(Request::delete(self.url(&format!("{collection}/{id}")))).map(drop)
    }

    fn write(&self, request: Request) -> Result<Response, Fault> {
        self.mode.permit(self.host, WRITE_NEEDS_MS)?;
        let response = self.host.send(request.credential("api"))?;
        if response.is_success() { Ok(response) } else { Err(fault::of(&response, true)) }
    }

    /// A nested external reference, created in the same request as its record.
    pub fn reference(&self, model: &str, canonical_id: &str, message: &str) -> Value {
        json!({
            "service_name": self.config.service_name,
            "service_model": model,
            "service_model_ref": canonical_id,
            "status": "successful",
            "external_message": message,
        })
    }

    /// The records of a type that carry our mark for this canonical id. More than one means that
    /// somebody created by hand what we had created, or copied a record with its references.
    pub fn marked(&self, subject_type: &str, model: &str, canonical_id: &str) -> Result<Vec<ExternalReference>, Fault> {
        self.marked_as(&self.config.service_name, subject_type, model, canonical_id)
    }

    /// Like [`Api::marked`], under another service name.
    pub fn marked_as(
        &self,
        service: &str,
        subject_type: &str,
        model: &str,
        reference: &str,
    ) -> Result<Vec<ExternalReference>, Fault> {
        let query = [
            ("subject_type", subject_type),
            ("service_name", service),
            ("service_model", model),
            ("service_model_ref", reference),
            ("per_page", "20"),
        ];
        let envelope = self.get("external_references", &query)?;
        let rows = envelope.ordered("external_references", &envelope.external_references);
        // The filters are the vendor's; the decision to create is ours, so check what they returned.
        let ours = rows.into_iter().filter(|row| {
            row.subject_type == subject_type && row.service_model == model && row.service_model_ref == reference
        });
        Ok(ours.cloned().collect())
    }

    /// The one record with our mark; a conflict that names them when there are several.
    pub fn marked_once(
        &self,
        subject_type: &str,
        model: &str,
        canonical_id: &str,
    ) -> Result<Option<ExternalReference>, Fault> {
        let mut marked = self.marked(subject_type, model, canonical_id)?;
        if marked.len() > 1 {
            let ids: Vec<&str> = marked.iter().map(|row| row.subject_id.as_str()).collect();
            let message =
                format!("{} carry the reference of {model} {canonical_id}: remove it from all but one", ids.join(", "));
            return Err(Fault::new(
                FaultKind::Conflict,
                "AMBIGUOUS",
                format!("several {subject_type} records ({message})"),
            ));
        }
        Ok(marked.pop())
    }

    /// Marks an existing record, or changes the mark.
    pub fn mark(
        &self,
        subject: (&str, &str),
        service: &str,
        mark: (&str, &str),
        extra: &[(&str, &str)],
    ) -> Result<(), Fault> {
        let mut reference = json!({
            "subject_type": subject.0,
            "subject_id": number(subject.1),
            "service_name": service,
            "service_model": mark.0,
            "service_model_ref": mark.1,
            "status": "successful",
        });
        for (name, value) in extra {
            reference[*name] = Value::from(*value);
        }
        self.post("external_references/create_or_update", &json!({ "external_reference": reference })).map(drop)
    }

    /// A line for the operator.
    pub fn warn(&self, message: &str, fields: &[(&str, &str)]) {
        self.host.log(Level::Warn, message, fields);
    }
}

/// Kantata documents ids in requests as numbers.
pub fn number(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| Value::from(id), Value::from)
}

/// The collections that every object here is made of.
const READ: [&str; 4] = ["workspaces", "workspace_groups", "stories", "workspace_resources"];

/// Who we are, what we may read, and whether the custom fields of the acceptance are there.
pub fn check(api: &Api<'_>) -> Result<Report, Fault> {
    let me = api.get("users/me", &[])?;
    let account = me.users.values().next().map(|user| match &user.email_address {
        Some(email) => format!("{} <{email}>", user.full_name),
        None => user.full_name.clone(),
    });
    let mut present = Vec::new();
    api.each_page("custom_fields", &[], |page| {
        present.extend(
            page.custom_fields.into_values().filter(|field| field.subject_type == "Story").map(|field| field.name),
        );
    })?;
    let config = &api.config;
    let wanted = [&config.accepted_by_field, &config.accepted_on_field, &config.evidence_field];
    let missing = wanted.into_iter().filter(|name| !present.contains(name));
    let mut warnings: Vec<String> = missing
        .map(|name| {
            format!(
                "no milestone can be read as accepted: there is no Task custom field '{name}'; add it or name yours"
            )
        })
        .collect();
    let mut scopes = vec!["read custom_fields".to_owned()];
    // Kantata has no scopes: the user's access group decides, and only asking tells what it lets through.
    for collection in READ {
        match api.get(collection, &[("per_page", "1")]) {
            Ok(_) => scopes.push(format!("read {collection}")),
            Err(fault) if fault.kind == FaultKind::Permission => {
                warnings.push(format!("the user's access group does not let it read {collection}: {}", fault.message))
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(Report { account, scopes, warnings })
}
