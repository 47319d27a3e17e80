//! The types for TypeScript, and the same as data that checks objects at run time.

use serde_json::{Map, Value, json};

use super::model::{Body, Field, Model, Shape, Type, Variant};

const HEAD: &str = "// Made from host/canonical/schemas by `cargo xtask sdk`; do not edit.\n";

/// The declarations.
pub fn types(model: &Model) -> String {
    let mut text = String::from(HEAD);
    text.push_str(
        "\n/** An exact decimal as its digits, such as `1000.50`; made by `decimal()`. Never a float. */\n\
         export type Decimal = string & { readonly __decimal: unique symbol };\n\
         /** A calendar day, `2026-03-02`. */\nexport type Day = string;\n\
         /** An instant with its zone, `2026-03-02T10:15:00Z`. */\nexport type Instant = string;\n",
    );
    for (name, made) in model.types.iter().filter(|(name, _)| *name != "Decimal") {
        text.push('\n');
        comment(&mut text, &made.doc, "");
        declare(&mut text, model, name, made);
    }
    text.push_str("\n/** Every kind of canonical object, and its type. */\nexport interface Objects {\n");
    for (kind, name) in &model.kinds {
        text.push_str(&format!("  {kind}: {name};\n"));
    }
    text.push_str("}\n\n/** A kind of canonical object. */\nexport type ObjectKind = keyof Objects;\n\n/** All kinds. */\nexport const KINDS: readonly ObjectKind[];\n");
    text
}

fn declare(text: &mut String, model: &Model, name: &str, made: &Type) {
    match &made.body {
        Body::Record(fields) => {
            text.push_str(&format!("export interface {name} {{\n"));
            fields.iter().for_each(|field| member(text, field));
            text.push_str("}\n");
        }
        Body::Codes(codes) => {
            text.push_str(&format!("export type {name} =\n"));
            for (at, (code, meaning)) in codes.iter().enumerate() {
                comment(text, meaning, "  ");
                let end = if at + 1 == codes.len() { ";" } else { "" };
                text.push_str(&format!("  | {code:?}{end}\n"));
            }
        }
        Body::Variants(variants) => {
            text.push_str(&format!("export type {name} =\n"));
            for (at, variant) in variants.iter().enumerate() {
                comment(text, &variant.doc, "  ");
                text.push_str("  | ");
                one_of(text, model, variant);
                text.push_str(if at + 1 == variants.len() { ";\n" } else { "\n" });
            }
        }
        Body::Text(_) => text.push_str(&format!("export type {name} = string;\n")),
    }
}

fn one_of(text: &mut String, model: &Model, variant: &Variant) {
    let mut parts = Vec::new();
    if let (tag, Some(value)) = &variant.tag {
        parts.push(format!("{tag}: {value:?}"));
    }
    for field in model.fields(variant) {
        parts.push(format!("{}{}: {}", field.name, optional(field), written(&field.shape)));
    }
    text.push_str(&format!("{{ {} }}", parts.join("; ")));
}

fn member(text: &mut String, field: &Field) {
    comment(text, &field.doc, "  ");
    text.push_str(&format!("  {}{}: {};\n", field.name, optional(field), written(&field.shape)));
}

fn optional(field: &Field) -> &'static str {
    if field.required { "" } else { "?" }
}

fn written(shape: &Shape) -> String {
    match shape {
        Shape::Text => "string".into(),
        Shape::Date => "Day".into(),
        Shape::Instant => "Instant".into(),
        Shape::Integer => "number".into(),
        Shape::Boolean => "boolean".into(),
        Shape::Named(name) => name.clone(),
        Shape::List(item) if matches!(**item, Shape::Maybe(_)) => format!("({})[]", written(item)),
        Shape::List(item) => format!("{}[]", written(item)),
        Shape::Map(value) => format!("Record<string, {}>", written(value)),
        Shape::Maybe(one) => format!("{} | null", written(one)),
    }
}

fn comment(text: &mut String, words: &str, indent: &str) {
    if !words.is_empty() {
        text.push_str(&format!("{indent}/** {} */\n", words.replace("*/", "* /")));
    }
}

/// The types as data: what `check` of the SDK walks along.
pub fn shapes(model: &Model) -> anyhow::Result<String> {
    let mut text = String::from(HEAD);
    text.push_str("\n/** Every kind of canonical object, and the name of its type. */\nexport const OBJECTS = {\n");
    for (kind, name) in &model.kinds {
        text.push_str(&format!("  {kind}: {name:?},\n"));
    }
    text.push_str("};\n\nexport const KINDS = Object.freeze(Object.keys(OBJECTS));\n\n/** Types by name: `fields` (a `!` behind the name: required), `codes`, `variants` or `pattern`. */\nexport const TYPES = {\n");
    for (name, made) in &model.types {
        let shape = match &made.body {
            Body::Record(fields) => json!({ "fields": members(fields.iter()) }),
            Body::Codes(codes) => json!({ "codes": codes.iter().map(|(code, _)| code).collect::<Vec<_>>() }),
            Body::Text(pattern) => json!({ "pattern": pattern }),
            Body::Variants(variants) => json!({ "variants": variants.iter().map(|variant| {
                let (field, value) = &variant.tag;
                json!({ "tag": field, "value": value, "fields": members(model.fields(variant).into_iter()) })
            }).collect::<Vec<_>>() }),
        };
        text.push_str(&format!("  {name}: {},\n", serde_json::to_string(&shape)?));
    }
    text.push_str("};\n");
    Ok(text)
}

fn members<'a>(fields: impl Iterator<Item = &'a Field>) -> Map<String, Value> {
    fields
        .map(|field| (format!("{}{}", field.name, if field.required { "!" } else { "" }), data(&field.shape)))
        .collect()
}

fn data(shape: &Shape) -> Value {
    match shape {
        Shape::Text => json!("text"),
        Shape::Date => json!("date"),
        Shape::Instant => json!("instant"),
        Shape::Integer => json!("integer"),
        Shape::Boolean => json!("boolean"),
        Shape::Named(name) => json!(name),
        Shape::List(item) => json!({ "list": data(item) }),
        Shape::Map(value) => json!({ "map": data(value) }),
        Shape::Maybe(one) => json!({ "maybe": data(one) }),
    }
}
