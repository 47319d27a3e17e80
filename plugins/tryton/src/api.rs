//! Speaking to Tryton: one address, methods by name, one transaction per call.

use std::cell::RefCell;
use std::collections::BTreeMap;

use quoin_sdk::{Fault, FaultKind, Host, Level, Mode, Request, code};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::fault::{self, WARNING};
use crate::wire::Id;

/// Time a write needs at least, in milliseconds; with less left it is not begun.
const WRITE_NEEDS_MS: u64 = 1_500;

/// Warnings confirmed for one write at most: a write that raises more is not understood.
const MAX_CONFIRMED: usize = 3;

/// The last parameter of every method. The language is fixed, because the configuration names
/// things by name and names are translated.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Context {
    language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<Id>,
}

impl Context {
    /// Of no company.
    pub const PLAIN: Self = Self { language: "en", company: None };

    /// Of a company: its accounts, its taxes, its journals.
    pub fn of(company: Id) -> Self {
        Self { company: Some(company), ..Self::PLAIN }
    }
}

#[derive(Serialize)]
struct Call<'c, P> {
    id: u32,
    method: &'c str,
    params: P,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<Value>,
}

/// A door to Tryton for one call of the connector.
pub struct Api<'a> {
    /// The host.
    pub host: &'a dyn Host,
    /// The connection's configuration.
    pub config: Config,
    mode: Mode,
    /// Answers about names, kept for this call: lines share taxes, products and units.
    kept: RefCell<BTreeMap<String, Box<RawValue>>>,
}

impl<'a> Api<'a> {
    /// With the connection's configuration.
    pub fn new(host: &'a dyn Host, mode: Mode) -> Result<Self, Fault> {
        let config: Config = quoin_sdk::config(host)?;
        Ok(Self { host, config: config.checked()?, mode, kept: RefCell::default() })
    }

    /// A method that only reads.
    pub fn ask<T: DeserializeOwned>(&self, method: &str, params: impl Serialize) -> Result<T, Fault> {
        self.call(method, &params, false).map_err(lost_read)
    }

    /// Records that fit a domain, by id.
    pub fn search<T: DeserializeOwned>(
        &self,
        model: &str,
        domain: Value,
        fields: &[&str],
        limit: u32,
        context: Context,
    ) -> Result<Vec<T>, Fault> {
        let order = [("id", "ASC")];
        self.ask(&format!("model.{model}.search_read"), (domain, 0, limit, order, fields, context))
    }

    /// The same for what does not change while this call lasts; asked once.
    pub fn search_kept<T: DeserializeOwned>(
        &self,
        model: &str,
        domain: Value,
        fields: &[&str],
        limit: u32,
        context: Context,
    ) -> Result<Vec<T>, Fault> {
        let unreadable = |error: serde_json::Error| {
            Fault::new(FaultKind::Other, "READ_FAILED", format!("{model} is not read as Tryton 8.0 has it: {error}"))
        };
        let key = serde_json::to_string(&(model, &domain, fields, limit, context)).map_err(unreadable)?;
        if let Some(kept) = self.kept.borrow().get(&key) {
            return serde_json::from_str(kept.get()).map_err(unreadable);
        }
        let params = (domain, 0, limit, [("id", "ASC")], fields, context);
        let answer: Box<RawValue> = self.ask(&format!("model.{model}.search_read"), params)?;
        let found = serde_json::from_str(answer.get()).map_err(unreadable)?;
        self.kept.borrow_mut().insert(key, answer);
        Ok(found)
    }

    /// A record by id; `None` when it is not there or may not be seen.
    pub fn find<T: DeserializeOwned>(
        &self,
        model: &str,
        id: Id,
        fields: &[&str],
        context: Context,
    ) -> Result<Option<T>, Fault> {
        let found = self.search(model, serde_json::json!([["id", "=", id]]), fields, 1, context)?;
        Ok(found.into_iter().next())
    }

    /// Makes records in one transaction; their ids, in order.
    pub fn create(&self, model: &str, records: &[impl Serialize], context: Context) -> Result<Vec<Id>, Fault> {
        self.write(&format!("model.{model}.create"), (records, context))
    }

    /// Makes one record.
    pub fn create_one(&self, model: &str, record: &impl Serialize, context: Context) -> Result<Id, Fault> {
        let ids = self.create(model, std::slice::from_ref(record), context)?;
        ids.first().copied().ok_or_else(|| Fault::unknown_outcome(format!("Tryton names no new {model}")))
    }

    /// Changes fields of a record.
    pub fn update(&self, model: &str, id: Id, values: &impl Serialize, context: Context) -> Result<(), Fault> {
        self.write::<Option<Value>>(&format!("model.{model}.write"), ([id], values, context)).map(drop)
    }

    /// Presses a button: `quote`, `confirm`, `post`, `delete`. A warning that the configuration
    /// accepts is confirmed as a person would, and the button pressed again.
    pub fn press(&self, model: &str, button: &str, id: Id, context: Context) -> Result<(), Fault> {
        let method = format!("model.{model}.{button}");
        let mut confirmed = 0;
        loop {
            let fault = match self.write::<Option<Value>>(&method, ([id], context)) {
                Ok(_) => return Ok(()),
                Err(fault) => fault,
            };
            let Some(warning) = fault.code.strip_prefix(WARNING) else { return Err(fault) };
            if !self.config.accepts(warning) || confirmed == MAX_CONFIRMED {
                return Err(fault);
            }
            self.host.log(Level::Info, "a warning is confirmed", &[("warning", warning), ("text", &fault.message)]);
            self.write::<Option<Value>>("model.res.user.warning.skip", (warning, false, context))?;
            confirmed += 1;
        }
    }

    fn write<T: DeserializeOwned>(&self, method: &str, params: impl Serialize) -> Result<T, Fault> {
        self.mode.permit(self.host, WRITE_NEEDS_MS)?;
        self.call(method, &params, true)
    }

    fn call<T: DeserializeOwned>(&self, method: &str, params: &impl Serialize, writing: bool) -> Result<T, Fault> {
        let url = format!("{}/{}/rpc/", self.config.base_url.trim_end_matches('/'), self.config.database);
        let request = Request::post(url).json(&Call { id: 1, method, params })?.credential("api");
        let answer = self.host.send(request)?;
        if !answer.is_success() {
            return Err(fault::of_status(&answer, writing));
        }
        let answer: Answer = answer.json()?;
        if let Some(error) = answer.error {
            return Err(fault::of_error(&error));
        }
        let text = answer.result.as_deref().map_or("null", RawValue::get);
        serde_json::from_str(text).map_err(|error| {
            let message = format!("{method} answered something else than Tryton 8.0 does: {error}");
            Fault::new(FaultKind::Other, code::UNREADABLE_ANSWER, message)
        })
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
