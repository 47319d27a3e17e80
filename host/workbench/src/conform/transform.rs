//! What the contract promises of a transform, tried on objects of its plan. There is no vendor and no
//! simulator: an object goes in, a document comes out, or a reason in words.

use std::path::Path;

use anyhow::{bail, ensure};
use ports::{CallError, Transforms};
use process::{Fault, FaultKind};
use serde_json::Value;

use super::report::Report;
use super::stage::{Skip, skip, told};
use crate::bench::Conversion;
use crate::examine::Finding;
use crate::plan::{Plan, merged};

/// Every rule for transforms, with what it holds one to.
pub const RULES: [(&str, &str); 6] = [
    ("objects-convert", "every declared object converts into something"),
    ("same-in-same-out", "the same object gives the same document, byte for byte, in every instance"),
    ("lack-names-the-field", "an object that the document cannot say is refused, with the canonical field"),
    ("gaps-are-answered", "an object without any one of its optional members is converted or refused, never a crash"),
    ("texts-stay-texts", "no text of an object becomes markup or a line of the document"),
    ("large-objects-convert", "a thousand rows are converted, or refused in words, within the limits"),
];

/// Instances that must agree.
const INSTANCES: usize = 3;
/// Rows of a large object: an invoice over a month of entries has hundreds.
const ROWS: usize = 1_000;
/// The code with which the host refuses what is no canonical object, before the transform sees it.
const NOT_CANONICAL: &str = "NOT_CANONICAL";
/// A text that means something in every format that forgets to escape it.
const MEANING: &str = "Quoin <quoin a='1'>&b; \\ \", ;\nQUOIN:injected";

/// Runs the rules on every object.
pub(super) async fn conform(
    component: &Path,
    finding: Finding,
    plan: Plan,
    only: Option<&str>,
    report: &mut Report,
) -> anyhow::Result<()> {
    plan.check(&finding.manifest)?;
    let bench = Conversion::set_up(component, finding).await?;
    report.about(&bench.manifest, &bench.digest);
    let wanted = |rule: &str| only.is_none_or(|only| rule.contains(only));
    if wanted("describe-is-pure") {
        report.add("describe-is-pure", "", Ok(()));
    }
    for object in &bench.manifest.objects {
        let trial = Trial { bench: &bench, plan: &plan, object: &object.name };
        for (rule, _) in RULES.iter().filter(|(rule, _)| wanted(rule)) {
            let result = match plan.skip.get(*rule) {
                Some(reason) => Err(Skip(reason.clone()).into()),
                None => trial.tried(rule).await,
            };
            report.add(rule, &object.name, result);
        }
    }
    Ok(())
}

/// One object of the plan.
struct Trial<'a> {
    bench: &'a Conversion,
    plan: &'a Plan,
    object: &'a str,
}

/// How a conversion ended, as far as it is the transform's own doing.
enum Ended {
    Converted(String),
    Refused(Fault),
    /// The object was none: the transform never saw it.
    NoObject,
}

impl Trial<'_> {
    async fn tried(&self, rule: &str) -> anyhow::Result<()> {
        match rule {
            "objects-convert" => self.converts().await,
            "same-in-same-out" => self.same().await,
            "lack-names-the-field" => self.lack().await,
            "gaps-are-answered" => self.gaps().await,
            "texts-stay-texts" => self.texts().await,
            "large-objects-convert" => self.large().await,
            other => bail!("there is no rule '{other}'"),
        }
    }

    fn item(&self) -> anyhow::Result<Value> {
        let item = self.plan.object(self.object).item;
        item.map_or_else(
            || skip(format!("tests/conform.toml, object.{}: no `item` says what to convert", self.object)),
            Ok,
        )
    }

    async fn convert(&self, data: &Value, what: &str) -> anyhow::Result<Ended> {
        match self.bench.runtime.convert(&self.bench.manifest.id, self.object, data).await.result {
            Ok(text) => Ok(Ended::Converted(text)),
            Err(CallError::Fault(fault)) if fault.code == NOT_CANONICAL => Ok(Ended::NoObject),
            Err(CallError::Fault(fault)) => Ok(Ended::Refused(fault)),
            Err(error) => bail!("{what}: {error}"),
        }
    }

    /// The plan's item, which must be an object, converted.
    async fn document(&self) -> anyhow::Result<String> {
        match self.convert(&self.item()?, "the plan's item").await? {
            Ended::Converted(text) => Ok(text),
            Ended::Refused(fault) => bail!("the plan's item is refused: {}", told(&fault)),
            Ended::NoObject => {
                bail!("tests/conform.toml, object.{0}.item is no canonical {0}", self.object)
            }
        }
    }

    async fn converts(&self) -> anyhow::Result<()> {
        let document = self.document().await?;
        ensure!(!document.trim().is_empty(), "the document is empty; refuse what cannot be said, naming the field");
        Ok(())
    }

    async fn same(&self) -> anyhow::Result<()> {
        let first = self.document().await?;
        for _ in 1..INSTANCES {
            let again = self.document().await?;
            ensure!(
                again == first,
                "the same object gave two documents, which part at byte {}; hash tables and random numbers differ from instance to instance: use a BTreeMap, or sort",
                first.bytes().zip(again.bytes()).take_while(|(one, other)| one == other).count()
            );
        }
        Ok(())
    }

    async fn lack(&self) -> anyhow::Result<()> {
        let Some(patch) = self.plan.object(self.object).refused else {
            return skip(format!(
                "tests/conform.toml, object.{}: no `refused` says which members the document cannot say",
                self.object
            ));
        };
        match self.convert(&merged(&self.item()?, &patch), "the object to refuse").await? {
            Ended::Converted(_) => bail!("an object with {patch} was converted, and should be refused"),
            Ended::Refused(fault) => named(&fault),
            Ended::NoObject => bail!(
                "tests/conform.toml, object.{}.refused makes it no canonical object at all, so the transform never sees it; change a member that is allowed and cannot be said",
                self.object
            ),
        }
    }

    async fn gaps(&self) -> anyhow::Result<()> {
        let item = self.item()?;
        let mut tried = 0;
        for path in places(&item) {
            let Some(without) = removed(&item, &path) else { continue };
            match self.convert(&without, &format!("without {path}")).await? {
                Ended::NoObject => continue,
                Ended::Converted(text) => {
                    ensure!(!text.trim().is_empty(), "without {path} the document is empty");
                }
                Ended::Refused(fault) => {
                    named(&fault).map_err(|error| anyhow::anyhow!("without {path}: {error}"))?;
                }
            }
            tried += 1;
        }
        if tried == 0 {
            return skip("the plan's item has no optional member; give it more");
        }
        Ok(())
    }

    async fn texts(&self) -> anyhow::Result<()> {
        let item = self.item()?;
        let mut tried = 0;
        for path in places(&item) {
            let mut changed = item.clone();
            match changed.pointer_mut(&path) {
                Some(Value::String(text)) => MEANING.clone_into(text),
                _ => continue,
            }
            match self.convert(&changed, &format!("with a text of signs at {path}")).await? {
                Ended::NoObject => continue,
                Ended::Converted(document) => escaped(&document, &path)?,
                Ended::Refused(fault) => named(&fault)?,
            }
            tried += 1;
        }
        if tried == 0 {
            return skip("the plan's item has no free text; give it one");
        }
        Ok(())
    }

    async fn large(&self) -> anyhow::Result<()> {
        let mut item = self.item()?;
        let lists = places(&item).into_iter().filter(|path| item.pointer(path).is_some_and(Value::is_array));
        // Of equally long ones the first, which is the outermost.
        let Some(path) =
            lists.rev().max_by_key(|path| item.pointer(path).and_then(Value::as_array).map_or(0, Vec::len))
        else {
            return skip("the plan's item has no list");
        };
        let Some(Value::Array(rows)) = item.pointer_mut(&path) else { return skip("the plan's item has no list") };
        let Some(row) = rows.first().cloned() else { return skip("the plan's item has only empty lists") };
        *rows = (1..=ROWS).map(|number| numbered(&row, number)).collect();
        match self.convert(&item, &format!("with {ROWS} rows at {path}")).await? {
            Ended::NoObject => skip(format!("{ROWS} copies of a row at {path} make no canonical object")),
            Ended::Converted(_) => Ok(()),
            Ended::Refused(fault) => named(&fault),
        }
    }
}

/// A refusal that a person can act on.
fn named(fault: &Fault) -> anyhow::Result<()> {
    ensure!(
        fault.kind == FaultKind::InvalidData,
        "what cannot be said became {}; it is kind invalid-data: in Rust, Fault::invalid(\"/path\", …)",
        told(fault)
    );
    ensure!(
        fault.field.as_deref().is_some_and(|field| field.starts_with('/')),
        "the refusal names no canonical field: {}; in Rust: Fault::invalid(\"/path\", …)",
        told(fault)
    );
    Ok(())
}

/// Whether [`MEANING`] stayed a text in a document of a format that is known by its beginning.
fn escaped(document: &str, path: &str) -> anyhow::Result<()> {
    let start = document.trim_start();
    if start.starts_with('<') {
        ensure!(!document.contains("<quoin"), "a text at {path} became markup; escape it");
    } else if start.starts_with(['{', '[']) {
        let read = serde_json::from_str::<serde::de::IgnoredAny>(document);
        ensure!(read.is_ok(), "a text at {path} broke the JSON; escape it");
    } else if start.starts_with("BEGIN:") {
        let injected = document.lines().any(|line| line.starts_with("QUOIN:"));
        ensure!(!injected, "a text at {path} became a line of the document; escape its line break");
    }
    Ok(())
}

/// JSON pointers to everything in a value, the value itself left out.
fn places(value: &Value) -> Vec<String> {
    let below = |name: String, value: &Value| {
        let here = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let deeper: Vec<String> = places(value).into_iter().map(|path| format!("{here}{path}")).collect();
        std::iter::once(here).chain(deeper).collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) => members.iter().flat_map(|(name, value)| below(name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().flat_map(|(at, value)| below(at.to_string(), value)).collect(),
        _ => Vec::new(),
    }
}

/// A value without what a pointer points at.
fn removed(value: &Value, path: &str) -> Option<Value> {
    let (parent, name) = path.rsplit_once('/')?;
    let mut without = value.clone();
    match without.pointer_mut(parent)? {
        Value::Object(members) => members.shift_remove(&name.replace("~1", "/").replace("~0", "~")).map(|_| ()),
        Value::Array(items) => name.parse::<usize>().ok().filter(|at| *at < items.len()).map(|at| {
            items.remove(at);
        }),
        _ => None,
    }?;
    Some(without)
}

/// A row with an id of its own, where rows have ids.
fn numbered(row: &Value, number: usize) -> Value {
    let mut row = row.clone();
    if let Some(Value::String(id)) = row.get_mut("id") {
        *id = number.to_string();
    }
    row
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_place_can_be_taken_out() {
        let value = json!({"a": {"b/c": 1}, "d": [{"e": 2}, 3]});
        let paths = places(&value);
        assert_eq!(paths, ["/a", "/a/b~1c", "/d", "/d/0", "/d/0/e", "/d/1"]);
        assert_eq!(removed(&value, "/a/b~1c"), Some(json!({"a": {}, "d": [{"e": 2}, 3]})));
        assert_eq!(removed(&value, "/d/0"), Some(json!({"a": {"b/c": 1}, "d": [3]})));
        assert!(paths.iter().all(|path| removed(&value, path).is_some()));
    }

    #[test]
    fn a_text_that_became_part_of_the_document_is_noticed() {
        let good = ["<a>&lt;quoin</a>", "{\"a\": \"<quoin\"}", "BEGIN:X\nA:\\nQUOIN:1", "a;b\nQUOIN:injected"];
        assert!(good.iter().all(|document| escaped(document, "/a").is_ok()));
        let bad = ["<a><quoin a='1'></a>", "{\"a\": \"\n\"}", "BEGIN:X\nQUOIN:injected"];
        assert!(bad.iter().all(|document| escaped(document, "/a").is_err()));
    }
}
