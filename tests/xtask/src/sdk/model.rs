//! What the schemas say, without JSON Schema's ways of saying it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// All types, and which one each kind of object is.
pub struct Model {
    /// Kind, such as `customer`, and its type.
    pub kinds: BTreeMap<String, String>,
    /// Types by name.
    pub types: BTreeMap<String, Type>,
}

/// A named type.
#[derive(PartialEq)]
pub struct Type {
    pub doc: String,
    pub body: Body,
}

/// What a type is made of.
#[derive(PartialEq)]
pub enum Body {
    Record(Vec<Field>),
    /// A closed list of codes, each with its meaning.
    Codes(Vec<(String, String)>),
    /// One of several records.
    Variants(Vec<Variant>),
    /// A text that follows a pattern.
    Text(Option<String>),
}

/// One record of several.
#[derive(PartialEq)]
pub struct Variant {
    /// What tells it apart: a field and its value, or the field that only it has.
    pub tag: (String, Option<String>),
    pub doc: String,
    /// The type whose fields it has too.
    pub base: Option<String>,
    pub fields: Vec<Field>,
}

#[derive(PartialEq)]
pub struct Field {
    pub name: String,
    pub doc: String,
    pub shape: Shape,
    pub required: bool,
    pub default: Option<Value>,
}

/// What a field holds.
#[derive(Clone, PartialEq)]
pub enum Shape {
    Text,
    Date,
    Instant,
    Integer,
    Boolean,
    Named(String),
    List(Box<Shape>),
    /// By text.
    Map(Box<Shape>),
    Maybe(Box<Shape>),
}

impl Model {
    /// Reads a folder of schemas, one per kind.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut model = Self { kinds: BTreeMap::new(), types: BTreeMap::new() };
        let mut files: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
        files.sort();
        for file in files {
            let schema: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
            let kind = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let title = schema["title"].as_str().with_context(|| format!("{kind} has no title"))?.to_owned();
            for (name, schema) in schema["$defs"].as_object().into_iter().flatten() {
                model.add(name, schema)?;
            }
            model.add(&title, &schema)?;
            model.kinds.insert(kind, title);
        }
        Ok(model)
    }

    fn add(&mut self, name: &str, schema: &Value) -> anyhow::Result<()> {
        let made = Type { doc: doc(schema), body: body(schema).with_context(|| name.to_owned())? };
        let before = self.types.insert(name.to_owned(), made);
        let same = before.is_none_or(|before| Some(&before) == self.types.get(name));
        ensure!(same, "two schemas define {name} differently");
        Ok(())
    }

    /// The fields of a variant, its base's first.
    pub fn fields<'a>(&'a self, variant: &'a Variant) -> Vec<&'a Field> {
        let base = variant.base.as_ref().and_then(|name| self.types.get(name));
        let inherited = match base.map(|base| &base.body) {
            Some(Body::Record(fields)) => fields.as_slice(),
            _ => &[],
        };
        inherited.iter().chain(&variant.fields).collect()
    }
}

fn doc(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn body(schema: &Value) -> anyhow::Result<Body> {
    if let Some(choices) = schema["oneOf"].as_array() {
        if choices.iter().all(|choice| choice["const"].is_string()) {
            let code = |choice: &Value| (choice["const"].as_str().unwrap_or_default().to_owned(), doc(choice));
            return Ok(Body::Codes(choices.iter().map(code).collect()));
        }
        return Ok(Body::Variants(choices.iter().map(variant).collect::<anyhow::Result<_>>()?));
    }
    if let Some(codes) = schema["enum"].as_array() {
        let code = |code: &Value| (code.as_str().unwrap_or_default().to_owned(), String::new());
        return Ok(Body::Codes(codes.iter().map(code).collect()));
    }
    match schema["type"].as_str() {
        Some("object") => Ok(Body::Record(fields(schema)?)),
        Some("string") => Ok(Body::Text(schema["pattern"].as_str().map(str::to_owned))),
        _ => bail!("a type of another shape: {schema}"),
    }
}

fn fields(schema: &Value) -> anyhow::Result<Vec<Field>> {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let members = schema["properties"].as_object().into_iter().flatten();
    members
        .filter(|(_, member)| member["const"].is_null())
        .map(|(name, member)| {
            Ok(Field {
                name: name.clone(),
                doc: doc(member),
                shape: shape(member).with_context(|| name.clone())?,
                required: required(name),
                default: member.get("default").cloned(),
            })
        })
        .collect()
}

fn variant(schema: &Value) -> anyhow::Result<Variant> {
    let members = schema["properties"].as_object().context("a variant without fields")?;
    let constant = members.iter().find_map(|(name, member)| Some((name.clone(), member["const"].as_str()?.to_owned())));
    let only = schema["required"][0].as_str().unwrap_or_default().to_owned();
    Ok(Variant {
        tag: constant.map_or((only, None), |(name, value)| (name, Some(value))),
        doc: doc(schema),
        base: schema["$ref"].as_str().map(named),
        fields: fields(schema)?,
    })
}

fn named(reference: &str) -> String {
    reference.trim_start_matches("#/$defs/").to_owned()
}

fn shape(schema: &Value) -> anyhow::Result<Shape> {
    if let Some(reference) = schema["$ref"].as_str() {
        return Ok(Shape::Named(named(reference)));
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let mut held = choices.iter().filter(|choice| choice["type"] != "null");
        let (Some(one), None) = (held.next(), held.next()) else { bail!("a choice of several: {schema}") };
        return Ok(Shape::Maybe(Box::new(shape(one)?)));
    }
    if let Some(names) = schema["type"].as_array() {
        let mut one = schema.clone();
        one["type"] = names.iter().find(|name| *name != "null").cloned().unwrap_or_default();
        return Ok(Shape::Maybe(Box::new(shape(&one)?)));
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("date")) => Ok(Shape::Date),
        (Some("string"), Some("date-time")) => Ok(Shape::Instant),
        (Some("string"), None) => Ok(Shape::Text),
        (Some("integer"), _) => Ok(Shape::Integer),
        (Some("boolean"), _) => Ok(Shape::Boolean),
        (Some("array"), _) => Ok(Shape::List(Box::new(shape(&schema["items"])?))),
        (Some("object"), _) if schema["additionalProperties"].is_object() => {
            Ok(Shape::Map(Box::new(shape(&schema["additionalProperties"])?)))
        }
        _ => bail!("a field of another shape: {schema}"),
    }
}
