//! Speaking to NetSuite: the record service by external id, and SuiteQL.

use quoin_sdk::{Fault, FaultKind, Host, Level, Mode, Request, Response, code};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::config::{Config, Custom};
use crate::fault::{self, About};
use crate::wire::{Identity, QueryPage};

const RECORDS: &str = "/services/rest/record/v1";
const SUITEQL: &str = "/services/rest/query/v1/suiteql";

/// Rows of a SuiteQL page: NetSuite's maximum.
pub const MAX_ROWS: u32 = 1_000;

/// Time a write needs at least, in milliseconds; with less left it is not begun.
const WRITE_NEEDS_MS: u64 = 1_500;

/// A record with what identifies it.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// Internal id, external id, modification stamp.
    pub identity: Identity,
    /// Its fields.
    pub fields: T,
}

/// The sublists of a write that replace the record's own. Without this NetSuite adds lines.
pub type Replace = &'static [&'static str];

/// A door to NetSuite for one call.
pub struct Api<'a> {
    /// The host.
    pub host: &'a dyn Host,
    /// The connection's configuration.
    pub config: Config,
    mode: Mode,
}

impl<'a> Api<'a> {
    /// With the connection's configuration.
    pub fn new(host: &'a dyn Host, mode: Mode) -> Result<Self, Fault> {
        let config: Config = quoin_sdk::config(host)?;
        Ok(Self { host, config: config.checked()?, mode })
    }

    /// The script id of a custom field.
    pub fn field(&self, custom: Custom) -> &str {
        self.config.field(custom)
    }

    /// An address of the account.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.base_url.trim_end_matches('/'))
    }

    fn record_url(&self, record: &str, key: &str) -> String {
        self.url(&format!("{RECORDS}/{record}/{}", segment(key)))
    }

    /// A read of any address.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        self.answer(self.host.send(Request::get(self.url(path)).credential("api")))?.json()
    }

    fn answer(&self, answer: Result<Response, Fault>) -> Result<Response, Fault> {
        let answer = answer.map_err(lost_read)?;
        if answer.is_success() { Ok(answer) } else { Err(fault::of_read(&answer)) }
    }

    /// A record by external id.
    pub fn by_external<T: DeserializeOwned>(&self, record: &str, external_id: &str) -> Result<Option<Found<T>>, Fault> {
        self.find(record, &format!("eid:{external_id}"))
    }

    /// A record by internal id, or by `eid:` and external id, with its lines.
    pub fn find<T: DeserializeOwned>(&self, record: &str, key: &str) -> Result<Option<Found<T>>, Fault> {
        let request = Request::get(self.record_url(record, key)).query("expandSubResources", "true").credential("api");
        match self.answer(self.host.send(request)) {
            Ok(answer) => {
                let found =
                    Found { identity: answer.json().map_err(lost_read)?, fields: answer.json().map_err(lost_read)? };
                Ok(Some(found))
            }
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Creates or replaces a record under its external id; gives its internal id.
    pub fn upsert(
        &self,
        record: &str,
        external_id: &str,
        body: &impl Serialize,
        replace: Replace,
        about: About,
    ) -> Result<String, Fault> {
        let request = Request::put(self.record_url(record, &format!("eid:{external_id}")));
        let answer = self.write(request, body, replace, about)?;
        let id = answer.header("location").and_then(|url| url.rsplit('/').next()).filter(|id| !id.is_empty());
        match id {
            Some(id) => Ok(id.to_owned()),
            None => match self.by_external::<serde::de::IgnoredAny>(record, external_id)? {
                Some(found) => Ok(found.identity.id),
                None => Err(Fault::unknown_outcome(format!(
                    "{record} eid:{external_id} was accepted but cannot be read yet"
                ))),
            },
        }
    }

    /// Changes fields of a record.
    pub fn patch(
        &self,
        record: &str,
        id: &str,
        body: &impl Serialize,
        replace: Replace,
        about: About,
    ) -> Result<(), Fault> {
        self.write(Request::patch(self.record_url(record, id)), body, replace, about).map(drop)
    }

    fn write(
        &self,
        request: Request,
        body: &impl Serialize,
        replace: Replace,
        about: About,
    ) -> Result<Response, Fault> {
        self.mode.permit(self.host, WRITE_NEEDS_MS)?;
        let request = if replace.is_empty() { request } else { request.query("replace", replace.join(",")) };
        let request = request.json(body)?.header("X-NetSuite-PropertyNameValidation", "Error").credential("api");
        let answer = self.host.send(request)?;
        match answer.status {
            200 | 204 => Ok(answer),
            _ => Err(fault::of_write(&answer, about)),
        }
    }

    /// The request of a query: at most so many rows, from the start.
    pub fn question(&self, query: &str, limit: u32) -> Result<Request, Fault> {
        let request = Request::post(self.url(SUITEQL)).query("limit", limit.clamp(1, MAX_ROWS)).query("offset", 0);
        Ok(request.header("Prefer", "transient").json(&json!({"q": query}))?.credential("api"))
    }

    /// Runs a query.
    pub fn ask<T: DeserializeOwned>(&self, query: &str, limit: u32) -> Result<QueryPage<T>, Fault> {
        self.answer(self.host.send(self.question(query, limit)?))?.json()
    }

    /// A line for the operator.
    pub fn warn(&self, message: &str, fields: &[(&str, &str)]) {
        self.host.log(Level::Warn, message, fields);
    }
}

/// A read changes nothing, so a lost or unreadable answer to one leaves nothing unknown.
fn lost_read(fault: Fault) -> Fault {
    match fault.code.as_str() {
        code::UNKNOWN_OUTCOME | code::UNREADABLE_ANSWER => Fault { code: "READ_FAILED".into(), ..fault },
        _ => fault,
    }
}

/// One segment of a path: everything percent-encoded but RFC 3986's unreserved characters and the
/// colon of `eid:`. Contract lines may be called anything.
fn segment(key: &str) -> String {
    let mut path = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

/// A text in a query: quotes doubled.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
