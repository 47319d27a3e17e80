//! Which variables a CEL expression reads, how much of each, and which functions it calls; leaving
//! out the variables it binds itself.

use std::collections::{BTreeMap, BTreeSet};

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// Free variables and called functions.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Variables that are not bound by a macro, and what is read of each.
    pub(crate) variables: BTreeMap<String, Need>,
    /// Functions, without operators.
    pub(crate) functions: BTreeSet<String>,
}

/// How much of a value an expression reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// All of it.
    Whole,
    /// These fields of it.
    Fields(BTreeMap<String, Need>),
}

impl Need {
    fn add(&mut self, path: &[&str]) {
        match (&mut *self, path) {
            (Self::Whole, _) => {}
            (_, []) => *self = Self::Whole,
            (Self::Fields(fields), [first, rest @ ..]) => {
                fields.entry((*first).to_owned()).or_insert_with(|| Self::Fields(BTreeMap::new())).add(rest);
            }
        }
    }
}

/// A value, cut down to what is needed of it: a deal's variables hold far more than one expression
/// reads, and each reading is a conversion.
pub(crate) struct Needed<'a>(pub(crate) &'a Value, pub(crate) &'a Need);

impl Serialize for Needed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (Value::Object(fields), Need::Fields(needs)) = (self.0, self.1) else {
            return self.0.serialize(serializer);
        };
        let mut map = serializer.serialize_map(None)?;
        for (name, need) in needs {
            if let Some(value) = fields.get(name) {
                map.serialize_entry(name, &Needed(value, need))?;
            }
        }
        map.end()
    }
}

/// Collects the names of an expression.
pub(crate) fn names(expression: &IdedExpr) -> Names {
    let mut names = Names::default();
    names.visit(expression, &mut Vec::new());
    names
}

impl Names {
    fn visit(&mut self, node: &IdedExpr, bound: &mut Vec<String>) {
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.reads(name, &[], bound),
            Expr::Select(select) => {
                let mut path = vec![select.field.as_str()];
                let mut operand = &select.operand;
                while let Expr::Select(inner) = &operand.expr {
                    path.push(&inner.field);
                    operand = &inner.operand;
                }
                path.reverse();
                match &operand.expr {
                    Expr::Ident(name) => self.reads(name, &path, bound),
                    _ => self.visit(operand, bound),
                }
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.visit(element, bound)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr, bound)),
            Expr::Struct(node) => node.entries.iter().for_each(|entry| self.entry(&entry.expr, bound)),
            Expr::Call(call) => {
                // Operators are spelled with signs: `_==_`, `!_`, `@in`.
                if call.func_name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                    && !call.func_name.starts_with('_')
                {
                    self.functions.insert(call.func_name.clone());
                }
                call.target.iter().for_each(|target| self.visit(target, bound));
                call.args.iter().for_each(|argument| self.visit(argument, bound));
            }
            Expr::Comprehension(node) => {
                self.visit(&node.iter_range, bound);
                self.visit(&node.accu_init, bound);
                let outer = bound.len();
                bound.extend([node.iter_var.clone(), node.accu_var.clone()]);
                bound.extend(node.iter_var2.clone());
                for part in [&node.loop_cond, &node.loop_step, &node.result] {
                    self.visit(part, bound);
                }
                bound.truncate(outer);
            }
        }
    }

    fn reads(&mut self, variable: &str, path: &[&str], bound: &[String]) {
        if !variable.starts_with('@') && !bound.iter().any(|name| name == variable) {
            let need = self.variables.entry(variable.to_owned());
            need.or_insert_with(|| Need::Fields(BTreeMap::new())).add(path);
        }
    }

    fn entry(&mut self, entry: &EntryExpr, bound: &mut Vec<String>) {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value, bound),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key, bound);
                self.visit(&entry.value, bound);
            }
        }
    }
}
