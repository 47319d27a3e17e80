//! Which variables and functions a CEL expression names, leaving out those it binds itself.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

/// Free variables and called functions.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Variables that are not bound by a macro.
    pub(crate) variables: BTreeSet<String>,
    /// Functions, without operators.
    pub(crate) functions: BTreeSet<String>,
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
            Expr::Ident(name) => {
                if !name.starts_with('@') && !bound.contains(name) {
                    self.variables.insert(name.clone());
                }
            }
            Expr::Select(select) => self.visit(&select.operand, bound),
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
