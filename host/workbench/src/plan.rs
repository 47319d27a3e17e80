//! `tests/conform.toml`: how to try a connector without its vendor.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use quoin_package::{Manifest, Scheme};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How to try a connector. In every text, `{simulator}` is the simulator's address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The vendor's simulator; none for trying the vendor itself.
    #[serde(default)]
    pub simulator: Option<SimulatorPlan>,
    /// Configuration of the connection.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Credential slots, as in a host's `[connection.credential.<slot>]`.
    #[serde(default, rename = "credential")]
    pub credentials: BTreeMap<String, CredentialPlan>,
    /// Secrets by `<slot>/<part>`: a value that the simulator takes, or `{ env = "NAME" }`.
    #[serde(default, rename = "secret")]
    pub secrets: BTreeMap<String, SecretPlan>,
    /// What the suite needs to know of each object.
    #[serde(default, rename = "object")]
    pub objects: BTreeMap<String, ObjectPlan>,
    /// What may be missing.
    #[serde(default)]
    pub drift: DriftPlan,
    /// How the vendor is made to deliver a webhook.
    #[serde(default)]
    pub webhook: Option<WebhookPlan>,
    /// Rules that this vendor makes impossible to try, each with the reason that the report shows.
    #[serde(default)]
    pub skip: BTreeMap<String, String>,
}

/// The simulator's process, and what is done in it before each case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatorPlan {
    /// Program and arguments; run in the project's folder, with the kit's own arguments behind.
    pub command: Vec<String>,
    /// The kit's `--seed`.
    #[serde(default)]
    pub seed: Option<String>,
    /// The kit's `--option name=value`.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Done after every reset.
    #[serde(default)]
    pub before: Vec<Action>,
}

/// What a person does in the vendor's user interface.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its name at the simulator.
    pub action: String,
    /// Its input. `{n}` counts the times it was done, `{external}` is a record's vendor id.
    #[serde(default)]
    pub input: Value,
}

/// A credential slot.
#[derive(Debug, Clone, Deserialize)]
pub struct CredentialPlan {
    /// How it is attached.
    pub scheme: Scheme,
    /// What the scheme needs beside secrets.
    #[serde(flatten)]
    pub parameters: Map<String, Value>,
}

/// A secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum SecretPlan {
    /// What the simulator takes: no secret at all.
    Value(String),
    /// A real one, from the environment.
    Environment {
        /// The variable.
        env: String,
    },
}

/// How to try one canonical object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectPlan {
    /// Puts one more readable record there.
    #[serde(default)]
    pub make: Option<Action>,
    /// Removes the record `{external}`.
    #[serde(default)]
    pub remove: Option<Action>,
    /// A canonical object to write.
    #[serde(default)]
    pub item: Option<Value>,
    /// Members to change in it for a second write.
    #[serde(default)]
    pub change: Option<Value>,
    /// Members that make the vendor refuse it.
    #[serde(default)]
    pub refused: Option<Value>,
    /// Objects that must be written before it; it knows their vendor ids.
    #[serde(default)]
    pub after: Vec<String>,
    /// Done in the simulator before it is written.
    #[serde(default)]
    pub before: Vec<Action>,
    /// Vendor ids that it knows beside those of `after`.
    #[serde(default)]
    pub references: Vec<ports::Reference>,
    /// The vendor's id, for objects that are only ever changed there.
    #[serde(default)]
    pub external: Option<String>,
}

/// What may be missing without being drift.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftPlan {
    /// Members of the vendor's answers that it leaves out by right.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Members that carry their own type, so that another type is no drift.
    #[serde(default)]
    pub untyped: Vec<String>,
}

/// How a delivery comes about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookPlan {
    /// Tells the vendor where to deliver: `{hook}` is the address.
    pub register: Action,
    /// Makes it deliver.
    #[serde(default)]
    pub cause: Option<Action>,
    /// Instead of `cause`: a new record of this object, as its `make` says, makes it deliver.
    #[serde(default)]
    pub make: Option<String>,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| {
            format!("{} cannot be read; it says how to try the connector, and `quoin new` shows one", file.display())
        })?;
        toml::from_str(&text).with_context(|| format!("{} is not readable", file.display()))
    }

    /// Whether it fits the connector.
    ///
    /// # Errors
    /// What does not, and what to write.
    pub fn check(&self, manifest: &Manifest) -> anyhow::Result<()> {
        for name in self.objects.keys() {
            let known: Vec<&str> = manifest.objects.iter().map(|object| object.name.as_str()).collect();
            ensure!(
                manifest.object(name).is_some(),
                "tests/conform.toml, object.{name}: connector.toml has no such [[object]]; it has: {}",
                known.join(", ")
            );
        }
        for secret in self.secrets.keys() {
            let slot = secret.split('/').next().unwrap_or_default();
            ensure!(
                manifest.credentials.iter().any(|credential| credential.slot == slot),
                "tests/conform.toml, secret.\"{secret}\": connector.toml has no [[credential]] with slot = \"{slot}\""
            );
        }
        Ok(())
    }

    /// An object's plan; empty where there is none.
    pub fn object(&self, name: &str) -> ObjectPlan {
        self.objects.get(name).cloned().unwrap_or_default()
    }
}

/// A JSON value with every `{name}` in its texts replaced.
pub fn filled(value: &Value, names: &[(&str, &str)]) -> Value {
    match value {
        Value::String(text) => {
            let filled =
                names.iter().fold(text.clone(), |text, (name, with)| text.replace(&format!("{{{name}}}"), with));
            Value::String(filled)
        }
        Value::Array(items) => items.iter().map(|item| filled(item, names)).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), filled(value, names))).collect(),
        other => other.clone(),
    }
}

/// RFC 7396: the members of `patch` replace those of `target`, null removes.
pub fn merged(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut members = target.as_object().cloned().unwrap_or_default();
    for (name, value) in patch {
        if value.is_null() {
            members.shift_remove(name);
        } else {
            let before = members.get(name).cloned().unwrap_or(Value::Null);
            members.insert(name.clone(), merged(&before, value));
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_filled_at_any_depth() {
        let value = json!({"a": ["{n}-{external}", 1], "b": {"c": "{other}"}});
        let wanted = json!({"a": ["7-x", 1], "b": {"c": "{other}"}});
        assert_eq!(filled(&value, &[("n", "7"), ("external", "x")]), wanted);
    }

    #[test]
    fn a_patch_replaces_and_removes() {
        let target = json!({"a": 1, "b": {"c": 2, "d": 3}});
        assert_eq!(merged(&target, &json!({"b": {"c": null, "e": 4}})), json!({"a": 1, "b": {"d": 3, "e": 4}}));
    }

    #[test]
    fn a_plan_for_what_the_connector_does_not_have_is_refused() {
        let manifest = Manifest::parse(
            "id = \"x\"\nname = \"X\"\nversion = \"1.0.0\"\ncontract = \"1.0\"\ndescription = \"d\"\nlicense = \"MIT\"\n",
        )
        .unwrap();
        for (text, words) in
            [("[object.invoice]", "has no such [[object]]"), ("[secret]\n\"api/value\" = \"x\"", "slot = \"api\"")]
        {
            let plan: Plan = toml::from_str(text).unwrap();
            let error = plan.check(&manifest).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(toml::from_str::<Plan>("[simulater]").is_err());
    }
}
