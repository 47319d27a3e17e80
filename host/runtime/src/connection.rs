//! Connections: one tenant's configured use of a plugin, checked against its manifest.

use std::collections::BTreeSet;
use std::sync::Arc;

use ports::CallError;
use quoin_package::{ConfigField, ConfigKind, Manifest, PackageKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;

use crate::plugin::Plugin;

/// A connection to set up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectionSpec {
    /// Connection id.
    pub id: String,
    /// Plugin id; the plugin must be loaded.
    pub plugin: String,
    /// Values of the manifest's configuration fields: a JSON object.
    pub config: Value,
    /// What the operator allows.
    pub grant: Grant,
}

/// What an operator allows a connection: canonical object kinds, reading and writing apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grant {
    /// May be read.
    pub read: BTreeSet<String>,
    /// May be written.
    pub write: BTreeSet<String>,
}

impl Grant {
    /// Everything that a manifest declares.
    pub fn everything(manifest: &Manifest) -> Self {
        let names = |wanted: fn(&quoin_package::ObjectContract) -> bool| {
            manifest.objects.iter().filter(|object| wanted(object)).map(|object| object.name.clone()).collect()
        };
        Self { read: names(|object| object.read), write: names(|object| object.write) }
    }
}

/// What an operator allows each version of a plugin, where that depends on what the version declares.
pub type GrantFor = Arc<dyn Fn(&Manifest) -> Grant + Send + Sync>;

/// Why a connection cannot be set up: everything that is wrong, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("connection '{connection}': {}", problems.join("; "))]
pub struct ConnectionError {
    /// Which.
    pub connection: String,
    /// What is wrong, and how to mend it.
    pub problems: Vec<String>,
}

/// A connection in use.
pub struct Connection {
    pub spec: ConnectionSpec,
    pub plugin: Arc<Plugin>,
    /// The configuration as the plugin gets it, defaults filled in.
    pub config: Arc<str>,
    pub calls: Arc<Semaphore>,
}

impl Connection {
    /// Checks a connection against its plugin.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn new(spec: ConnectionSpec, plugin: Arc<Plugin>, calls: Arc<Semaphore>) -> Result<Self, ConnectionError> {
        let mut problems = Vec::new();
        if plugin.manifest.kind == PackageKind::Transform {
            problems
                .push(format!("plugin '{}' is a transform, which has no connections; remove this one", spec.plugin));
        }
        let config = effective(&plugin.manifest, &spec.config, &mut problems);
        ungranted(&plugin.manifest, &spec.grant, &mut problems);
        if problems.is_empty() {
            Ok(Self { spec, plugin, config: Value::Object(config).to_string().into(), calls })
        } else {
            Err(ConnectionError { connection: spec.id, problems })
        }
    }

    /// Whether this object may be read.
    ///
    /// # Errors
    /// Who does not allow it, and where to allow it.
    pub fn may_read(&self, object: &str) -> Result<(), CallError> {
        let declared = self.plugin.manifest.object(object).is_some_and(|object| object.read);
        self.may("read", object, declared, self.spec.grant.read.contains(object))
    }

    /// Whether this object may be written.
    ///
    /// # Errors
    /// Who does not allow it, and where to allow it.
    pub fn may_write(&self, object: &str) -> Result<(), CallError> {
        let declared = self.plugin.manifest.object(object).is_some_and(|object| object.write);
        self.may("write", object, declared, self.spec.grant.write.contains(object))
    }

    fn may(&self, verb: &str, object: &str, declared: bool, granted: bool) -> Result<(), CallError> {
        let (connection, plugin) = (&self.spec.id, &self.plugin.manifest.id);
        match (declared, granted) {
            (true, true) => Ok(()),
            (false, _) => Err(CallError::NotGranted(format!(
                "connector '{plugin}' cannot {verb} '{object}': its manifest has no [[object]] name = \"{object}\" with {verb} = true"
            ))),
            (true, false) => Err(CallError::NotGranted(format!(
                "connection '{connection}' may not {verb} '{object}'; add \"{object}\" to its grant.{verb}"
            ))),
        }
    }
}

/// Grants of what the plugin does not offer are mistakes: they would silently do nothing.
fn ungranted(manifest: &Manifest, grant: &Grant, problems: &mut Vec<String>) {
    let all = Grant::everything(manifest);
    for (verb, granted, offered) in [("read", &grant.read, &all.read), ("write", &grant.write, &all.write)] {
        for object in granted.difference(offered) {
            let offers = offered.iter().cloned().collect::<Vec<_>>().join(", ");
            problems.push(format!(
                "grant.{verb}: connector '{}' does not {verb} '{object}'; it offers: {offers}",
                manifest.id
            ));
        }
    }
}

/// The configuration with defaults filled in; what is wrong goes to `problems`.
fn effective(manifest: &Manifest, given: &Value, problems: &mut Vec<String>) -> Map<String, Value> {
    let empty = Map::new();
    let given = match given {
        Value::Object(given) => given,
        Value::Null => &empty,
        _ => {
            problems.push("config: must be a table of fields".into());
            &empty
        }
    };
    for name in given.keys().filter(|name| !manifest.config.iter().any(|field| &field.field == *name)) {
        let known = manifest.config.iter().map(|field| field.field.as_str()).collect::<Vec<_>>().join(", ");
        problems.push(format!("config.{name}: connector '{}' has no such field; it has: {known}", manifest.id));
    }
    let mut config = Map::new();
    for field in &manifest.config {
        match given.get(&field.field).filter(|value| !value.is_null()).or(field.default.as_ref()) {
            Some(value) => match checked(field.kind, value) {
                Ok(value) => {
                    config.insert(field.field.clone(), value);
                }
                Err(wanted) => problems.push(described(field, &format!("{wanted}, not {value}"))),
            },
            None if field.required => problems.push(described(field, "is required")),
            None => {}
        }
    }
    config
}

fn described(field: &ConfigField, problem: &str) -> String {
    let example =
        field.example.as_ref().map(|example| format!(" Example: {} = {example:?}", field.field)).unwrap_or_default();
    format!("config.{}: {problem}. {}{example}", field.field, field.help)
}

/// The value in the form the plugin gets it, or what was wanted.
fn checked(kind: ConfigKind, value: &Value) -> Result<Value, &'static str> {
    match (kind, value) {
        (ConfigKind::String, Value::String(_)) | (ConfigKind::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (ConfigKind::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(value.clone()),
        (ConfigKind::Map, Value::Object(fields)) if fields.values().all(Value::is_string) => Ok(value.clone()),
        (ConfigKind::Url, Value::String(text)) => {
            origin(text).map(Value::String).ok_or("must be an http(s) URL without a path")
        }
        (ConfigKind::String, _) => Err("must be a text"),
        (ConfigKind::Boolean, _) => Err("must be true or false"),
        (ConfigKind::Integer, _) => Err("must be a whole number"),
        (ConfigKind::Map, _) => Err("must be a table of texts"),
        (ConfigKind::Url, _) => Err("must be an http(s) URL"),
    }
}

/// `scheme://host[:port]`, without a trailing slash, so that plugins can append paths.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    plain.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        Manifest::parse(
            r#"
            id = "x"
            name = "X"
            version = "1.0.0"
            contract = "1.0"
            description = "d"
            license = "Apache-2.0"
            [[config]]
            field = "base_url"
            kind = "url"
            required = true
            help = "Where it answers."
            example = "https://x.example.com"
            [[config]]
            field = "page"
            kind = "integer"
            default = 50
            help = "Rows."
            [[config]]
            field = "fields"
            kind = "map"
            help = "Names."
            [[object]]
            name = "customer"
            read = true
            cursor = { field = "a", tie_break = "b" }
            "#,
        )
        .unwrap()
    }

    fn problems(config: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        effective(&manifest(), config, &mut problems);
        problems
    }

    #[test]
    fn defaults_are_filled_in_and_urls_lose_their_slash() {
        let mut problems = Vec::new();
        let config = effective(&manifest(), &json!({"base_url": "https://X.example.com/"}), &mut problems);
        assert_eq!(
            (Value::Object(config), problems),
            (json!({"base_url": "https://x.example.com", "page": 50}), vec![])
        );
    }

    #[test]
    fn everything_wrong_is_said_with_an_example() {
        let cases = [
            (
                json!({}),
                "config.base_url: is required. Where it answers. Example: base_url = \"https://x.example.com\"",
            ),
            (json!({"base_url": "x.example.com"}), "must be an http(s) URL without a path, not \"x.example.com\""),
            (json!({"base_url": "https://u:p@x.example.com"}), "without a path"),
            (json!({"base_url": "https://x.example.com/api"}), "without a path"),
            (json!({"base_url": "https://x.example.com", "page": "50"}), "config.page: must be a whole number"),
            (
                json!({"base_url": "https://x.example.com", "fields": {"a": 1}}),
                "config.fields: must be a table of texts",
            ),
            (
                json!({"base_url": "https://x.example.com", "url": 1}),
                "config.url: connector 'x' has no such field; it has: base_url, page, fields",
            ),
            (json!(7), "config: must be a table"),
        ];
        for (config, problem) in cases {
            let found = problems(&config);
            assert!(found.iter().any(|found| found.contains(problem)), "{config}: {found:?}");
        }
    }

    #[test]
    fn a_grant_of_what_is_not_offered_is_a_mistake() {
        let mut problems = Vec::new();
        let grant = Grant { read: ["customer".into()].into(), write: ["customer".into()].into() };
        ungranted(&manifest(), &grant, &mut problems);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("grant.write: connector 'x' does not write 'customer'"), "{problems:?}");
    }
}
