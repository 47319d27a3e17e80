//! Expressions that only take values apart and put them together: paths, texts, truths, lists,
//! maps, `merge`. Most of a definition is that; they are followed on the JSON itself, without a
//! detour through CEL's own values. What they give is what CEL gives, which a test holds.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue};
use serde_json::{Map, Value};

use crate::expression::{Scope, merged};

/// A plain expression.
#[derive(Debug)]
pub(crate) enum Plain {
    /// `a.b.c`
    Path(Vec<String>),
    /// A text or a truth.
    Literal(Value),
    /// `[...]`
    List(Vec<Plain>),
    /// `{'name': ...}`, by name: maps have no order of their own.
    Map(Vec<(String, Plain)>),
    /// `merge(base, over)`
    Merge(Box<(Plain, Plain)>),
}

impl Plain {
    /// The expression, when it is a plain one.
    pub(crate) fn of(node: &IdedExpr) -> Option<Self> {
        match &node.expr {
            Expr::Ident(name) => Some(Self::Path(vec![name.clone()])),
            // `has(a.b)` is a selection that only tests.
            Expr::Select(select) if !select.test => match Self::of(&select.operand)? {
                Self::Path(mut path) => {
                    path.push(select.field.clone());
                    Some(Self::Path(path))
                }
                _ => None,
            },
            Expr::Literal(LiteralValue::String(text)) => Some(Self::Literal(text.inner().into())),
            Expr::Literal(LiteralValue::Boolean(truth)) => Some(Self::Literal((*truth.inner()).into())),
            Expr::List(list) if list.optional_indices.is_empty() => {
                list.elements.iter().map(Self::of).collect::<Option<_>>().map(Self::List)
            }
            Expr::Map(map) => {
                let mut fields =
                    map.entries.iter().map(|entry| Self::field(&entry.expr)).collect::<Option<Vec<_>>>()?;
                fields.sort_by(|one, other| one.0.cmp(&other.0));
                Some(Self::Map(fields))
            }
            Expr::Call(call) if call.func_name == "merge" && call.target.is_none() => match call.args.as_slice() {
                [base, over] => Some(Self::Merge(Box::new((Self::of(base)?, Self::of(over)?)))),
                _ => None,
            },
            _ => None,
        }
    }

    fn field(entry: &EntryExpr) -> Option<(String, Self)> {
        let EntryExpr::MapEntry(entry) = entry else { return None };
        match &entry.key.expr {
            Expr::Literal(LiteralValue::String(name)) if !entry.optional => {
                Some((name.inner().to_owned(), Self::of(&entry.value)?))
            }
            _ => None,
        }
    }

    /// Its value.
    ///
    /// # Errors
    /// The path that leads nowhere.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, String> {
        Ok(match self {
            Self::Path(path) => follow(path, scope)?.clone(),
            Self::Literal(value) => value.clone(),
            Self::List(items) => Value::Array(items.iter().map(|item| item.evaluate(scope)).collect::<Result<_, _>>()?),
            Self::Map(fields) => {
                let field = |(name, value): &(String, Self)| Ok((name.clone(), value.evaluate(scope)?));
                Value::Object(fields.iter().map(field).collect::<Result<Map<_, _>, String>>()?)
            }
            Self::Merge(parts) => merged(parts.0.evaluate(scope)?, parts.1.evaluate(scope)?),
        })
    }
}

fn follow<'a>(path: &[String], scope: &Scope<'a>) -> Result<&'a Value, String> {
    let missing = || format!("'{}' is not there", path.join("."));
    let (first, rest) = path.split_first().ok_or_else(missing)?;
    let mut value: &Value = scope.get(first.as_str()).copied().ok_or_else(missing)?;
    for part in rest {
        value = value.get(part).ok_or_else(missing)?;
    }
    Ok(value)
}
