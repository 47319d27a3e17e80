//! The types for Python: a dataclass per record, an enumeration per list of codes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::model::{Body, Field, Model, Shape, Type, Variant};

const HEAD: &str = r#"# Made from host/canonical/schemas by `cargo xtask sdk`; do not edit.
"""The canonical objects. `quoin_sdk.shapes` reads and writes them as JSON."""

from __future__ import annotations

import datetime
import decimal
import enum
import typing
from dataclasses import dataclass, field

#: A text that names an instant with its zone, such as `2026-03-02T10:15:00Z`; kept as it came.
Instant = typing.NewType("Instant", str)
#: An exact decimal; in JSON a text of its digits.
Decimal = decimal.Decimal
"#;

/// The module.
pub fn types(model: &Model) -> String {
    let mut text = String::from(HEAD);
    let mut done = BTreeSet::from(["Decimal".to_owned()]);
    for (name, made) in &model.types {
        declare(&mut text, model, name, made, &mut done);
    }
    text.push_str("\n\n#: Every kind of canonical object, and its type.\nOBJECTS: dict[str, type] = {\n");
    for (kind, name) in &model.kinds {
        text.push_str(&format!("    {kind:?}: {name},\n"));
    }
    text.push_str("}\n");
    text
}

/// Writes a type once, behind the types that it is derived from.
fn declare(text: &mut String, model: &Model, name: &str, made: &Type, done: &mut BTreeSet<String>) {
    if !done.insert(name.to_owned()) {
        return;
    }
    match &made.body {
        Body::Record(fields) => record(text, name, "", &made.doc, None, fields),
        Body::Codes(codes) => {
            text.push_str(&format!("\n\nclass {name}(enum.StrEnum):\n{}", docstring(&made.doc)));
            for (code, meaning) in codes {
                if !meaning.is_empty() {
                    text.push_str(&format!("    #: {meaning}\n"));
                }
                text.push_str(&format!("    {} = {code:?}\n", constant(code)));
            }
        }
        Body::Variants(variants) => {
            for variant in variants {
                if let Some((base, made)) = variant.base.as_ref().and_then(|base| model.types.get_key_value(base)) {
                    declare(text, model, base, made, done);
                }
                let base = variant.base.as_deref().unwrap_or_default();
                record(text, &named(name, variant), base, &variant.doc, tag(variant), &variant.fields);
            }
            let names: Vec<String> = variants.iter().map(|variant| named(name, variant)).collect();
            text.push_str(&format!("\n\n#: {}\n{name} = typing.Union[{}]\n", made.doc, names.join(", ")));
        }
        Body::Text(_) => text.push_str(&format!("\n\n#: {}\n{name} = typing.NewType({name:?}, str)\n", made.doc)),
    }
}

fn tag(variant: &Variant) -> Option<(&str, &str)> {
    variant.tag.1.as_deref().map(|value| (variant.tag.0.as_str(), value))
}

/// `BillingMethod` with the tag `fixed_fee` is `BillingMethodFixedFee`.
fn named(name: &str, variant: &Variant) -> String {
    let tag = variant.tag.1.as_deref().unwrap_or(&variant.tag.0);
    let capital = |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
    format!("{name}{}", tag.split('_').map(capital).collect::<Vec<String>>().concat())
}

fn record(text: &mut String, name: &str, base: &str, doc: &str, tag: Option<(&str, &str)>, fields: &[Field]) {
    let base = if base.is_empty() { String::new() } else { format!("({base})") };
    text.push_str(&format!("\n\n@dataclass(kw_only=True)\nclass {name}{base}:\n{}", docstring(doc)));
    if let Some((field, value)) = tag {
        text.push_str(&format!("    {field}: typing.Literal[{value:?}] = {value:?}\n"));
    }
    for field in fields {
        if !field.doc.is_empty() {
            text.push_str(&format!("    #: {}\n", field.doc));
        }
        let written = written(&field.shape);
        let optional = !field.required && !matches!(field.shape, Shape::Maybe(_)) && unsaid(field);
        let written = if optional { format!("{written} | None") } else { written };
        text.push_str(&format!("    {}: {written}{}\n", attribute(&field.name), default(field)));
    }
    if tag.is_none() && fields.is_empty() {
        text.push_str("    pass\n");
    }
}

/// Names of the schemas that Python keeps for itself get an underscore behind.
fn attribute(name: &str) -> String {
    let kept = ["from", "class", "global", "import", "in", "is", "not", "pass", "return", "with", "yield"];
    if kept.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// Neither required nor with a default of its own.
fn unsaid(field: &Field) -> bool {
    default(field) == " = None"
}

fn default(field: &Field) -> String {
    if field.required {
        return String::new();
    }
    match (&field.shape, &field.default) {
        (Shape::List(_), _) => " = field(default_factory=list)".into(),
        (Shape::Map(_), _) => " = field(default_factory=dict)".into(),
        (Shape::Named(name), Some(Value::Object(empty))) if empty.is_empty() => {
            format!(" = field(default_factory=lambda: {name}())")
        }
        (Shape::Named(name), Some(Value::String(code))) => {
            format!(" = field(default_factory=lambda: {name}({code:?}))")
        }
        (Shape::Text, Some(Value::String(text))) => format!(" = {text:?}"),
        (Shape::Integer, Some(Value::Number(number))) => format!(" = {number}"),
        (Shape::Boolean, Some(Value::Bool(value))) => format!(" = {}", if *value { "True" } else { "False" }),
        _ => " = None".into(),
    }
}

fn written(shape: &Shape) -> String {
    match shape {
        Shape::Text => "str".into(),
        Shape::Date => "datetime.date".into(),
        Shape::Instant => "Instant".into(),
        Shape::Integer => "int".into(),
        Shape::Boolean => "bool".into(),
        Shape::Named(name) => name.clone(),
        Shape::List(item) => format!("list[{}]", written(item)),
        Shape::Map(value) => format!("dict[str, {}]", written(value)),
        Shape::Maybe(one) => format!("{} | None", written(one)),
    }
}

/// A code as a name: `on_hold` is `ON_HOLD`, `380` is `CODE_380`.
fn constant(code: &str) -> String {
    let name: String = code
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' })
        .collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("CODE_{name}") } else { name }
}

fn docstring(doc: &str) -> String {
    format!("    \"\"\"{}\"\"\"\n\n", doc.replace('\\', "\\\\").replace("\"\"\"", "'''"))
}
