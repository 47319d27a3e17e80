//! Runs a query: join, filter, group, project, order.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::functions::{AGGREGATES, aggregate, call};
use super::parser::{Expr, Join, Operator, Select, Source};
use super::value::{Cell, DateStyle};
use super::{QueryError, ResultRow, Row, Table, Tables};

/// One row of the joined tables: alias to row. A missing alias is an outer join without partner.
type Joined = BTreeMap<String, Row>;

/// Tables by alias, to know which columns exist.
struct Scope(Vec<(String, String, Table)>);

pub(super) fn run(select: &Select, tables: &dyn Tables, style: DateStyle) -> Result<Vec<ResultRow>, QueryError> {
    let scope = Scope::open(select, tables)?;
    for expr in expressions(select) {
        scope.check(expr)?;
    }
    let mut rows = scope.joined(select)?;
    if let Some(filter) = &select.filter {
        rows = keep(rows, |row| scope.holds(filter, std::slice::from_ref(row)))?;
    }
    let mut groups = group(&scope, select, rows)?;
    if let Some(having) = &select.having {
        groups = keep(groups, |group| scope.holds(having, group))?;
    }
    let mut sorted = Vec::with_capacity(groups.len());
    for group in groups {
        let keys = select.order.iter().map(|(expr, _)| order_key(&scope, select, expr, &group));
        sorted.push((keys.collect::<Result<Vec<_>, _>>()?, group));
    }
    sorted.sort_by(|(a, _), (b, _)| compare_keys(a, b, &select.order));
    sorted.iter().map(|(_, group)| project(&scope, select, group, style)).collect()
}

fn keep<T>(rows: Vec<T>, mut wanted: impl FnMut(&T) -> Result<bool, QueryError>) -> Result<Vec<T>, QueryError> {
    let mut kept = Vec::new();
    for row in rows {
        if wanted(&row)? {
            kept.push(row);
        }
    }
    Ok(kept)
}

fn expressions(select: &Select) -> Vec<&Expr> {
    let aliases: Vec<&str> = select.columns.iter().filter_map(|(_, alias)| alias.as_deref()).collect();
    let mut all: Vec<&Expr> = select.columns.iter().map(|(expr, _)| expr).collect();
    all.extend(select.joins.iter().map(|join| &join.on));
    all.extend(select.filter.iter().chain(&select.group).chain(&select.having));
    all.extend(
        select
            .order
            .iter()
            .map(|(expr, _)| expr)
            .filter(|expr| !matches!(expr, Expr::Column(None, name) if aliases.contains(&name.as_str()))),
    );
    all
}

/// ORDER BY may name a column of the result.
fn order_key(scope: &Scope, select: &Select, expr: &Expr, group: &[Joined]) -> Result<Cell, QueryError> {
    if let Expr::Column(None, name) = expr
        && let Some((shown, _)) = select.columns.iter().find(|(_, alias)| alias.as_ref() == Some(name))
    {
        return scope.value(shown, group);
    }
    scope.value(expr, group)
}

/// Nulls come last, as in the database behind the service.
fn compare_keys(a: &[Cell], b: &[Cell], order: &[(Expr, bool)]) -> Ordering {
    for ((left, right), (_, descending)) in a.iter().zip(b).zip(order) {
        let found = match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => left.compare(right).unwrap_or(Ordering::Equal),
        };
        if found != Ordering::Equal {
            return if *descending { found.reverse() } else { found };
        }
    }
    Ordering::Equal
}

fn group(scope: &Scope, select: &Select, rows: Vec<Joined>) -> Result<Vec<Vec<Joined>>, QueryError> {
    let aggregated = select.columns.iter().any(|(expr, _)| has_aggregate(expr));
    if select.group.is_empty() {
        // Without GROUP BY an aggregate folds everything into one row, even no rows at all.
        return Ok(if aggregated { vec![rows] } else { rows.into_iter().map(|row| vec![row]).collect() });
    }
    let mut groups: BTreeMap<Vec<Option<String>>, Vec<Joined>> = BTreeMap::new();
    for row in rows {
        let one = std::slice::from_ref(&row);
        let key: Result<Vec<_>, _> =
            select.group.iter().map(|expr| scope.value(expr, one).map(|cell| cell.key())).collect();
        groups.entry(key?).or_default().push(row);
    }
    Ok(groups.into_values().collect())
}

fn has_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Call(name, arguments) => AGGREGATES.contains(&name.as_str()) || arguments.iter().any(has_aggregate),
        Expr::Negate(inner) | Expr::Not(inner) => has_aggregate(inner),
        _ => false,
    }
}

fn project(scope: &Scope, select: &Select, group: &[Joined], style: DateStyle) -> Result<ResultRow, QueryError> {
    let mut row = ResultRow::new();
    for (number, (expr, alias)) in select.columns.iter().enumerate() {
        let name = match (alias, expr) {
            (Some(alias), _) => alias.clone(),
            (None, Expr::Column(_, column)) => column.clone(),
            (None, _) => format!("expr{}", number + 1),
        };
        if let Some(text) = scope.value(expr, group)?.print(style) {
            row.push((name, text));
        }
    }
    Ok(row)
}

impl Scope {
    fn open(select: &Select, tables: &dyn Tables) -> Result<Self, QueryError> {
        let sources = std::iter::once(&select.from).chain(select.joins.iter().map(|join| &join.source));
        let mut found: Vec<(String, String, Table)> = Vec::new();
        for Source { table, alias } in sources {
            let content = tables.table(table).ok_or_else(|| {
                QueryError::new(format!("Invalid or unsupported search: Record '{table}' was not found."))
            })?;
            if found.iter().any(|(seen, _, _)| seen == alias) {
                return Err(QueryError::new(format!("Invalid or unsupported search: alias '{alias}' is used twice.")));
            }
            found.push((alias.clone(), table.clone(), content));
        }
        Ok(Self(found))
    }

    /// The alias that a column belongs to.
    fn owner(&self, alias: Option<&str>, column: &str) -> Result<&str, QueryError> {
        let mut owners = self.0.iter().filter(|(name, _, table)| {
            alias.is_none_or(|wanted| wanted == name) && table.columns.iter().any(|known| known == column)
        });
        match (owners.next(), owners.next()) {
            (Some((name, _, _)), None) => Ok(name),
            (Some(_), Some(_)) => Err(QueryError::new(format!("Column '{column}' is ambiguously defined."))),
            _ => {
                let record = self.0.iter().find(|(name, _, _)| Some(name.as_str()) == alias).or(self.0.first());
                let record = record.map_or("", |(_, table, _)| table.as_str());
                Err(QueryError::new(format!(
                    "Search error occurred: Field '{column}' for record '{record}' was not found. Reason: NOT_EXPOSED"
                )))
            }
        }
    }

    /// Refuses unknown columns before any row is read, so that an empty table hides no mistake.
    fn check(&self, expr: &Expr) -> Result<(), QueryError> {
        match expr {
            Expr::Column(alias, column) => self.owner(alias.as_deref(), column).map(|_| ()),
            Expr::Text(_) | Expr::Number(_) | Expr::Null | Expr::Star => Ok(()),
            Expr::Call(_, arguments) => arguments.iter().try_for_each(|argument| self.check(argument)),
            Expr::Negate(inner) | Expr::Not(inner) | Expr::IsNull(inner, _) | Expr::Like(inner, _, _) => {
                self.check(inner)
            }
            Expr::And(a, b) | Expr::Or(a, b) | Expr::Compare(a, _, b) => {
                self.check(a)?;
                self.check(b)
            }
            Expr::In(inner, list, _) => {
                self.check(inner)?;
                list.iter().try_for_each(|member| self.check(member))
            }
            Expr::Case(branches, fallback) => {
                for (condition, value) in branches {
                    self.check(condition)?;
                    self.check(value)?;
                }
                fallback.as_deref().map_or(Ok(()), |value| self.check(value))
            }
        }
    }

    fn joined(&self, select: &Select) -> Result<Vec<Joined>, QueryError> {
        let base = self.rows_of(&select.from.alias);
        let mut rows: Vec<Joined> =
            base.iter().map(|row| Joined::from([(select.from.alias.clone(), row.clone())])).collect();
        for join in &select.joins {
            rows = self.join(rows, join)?;
        }
        Ok(rows)
    }

    fn rows_of(&self, alias: &str) -> &[Row] {
        self.0.iter().find(|(name, _, _)| name == alias).map_or(&[], |(_, _, table)| table.rows.as_slice())
    }

    /// Joins by the first equality between the new table and the earlier ones, so that large
    /// tables do not meet row by row; the whole condition is then checked on each pair.
    fn join(&self, rows: Vec<Joined>, join: &Join) -> Result<Vec<Joined>, QueryError> {
        let alias = &join.source.alias;
        let partners = self.rows_of(alias);
        let equality = self.equality(&join.on, alias);
        let mut index: BTreeMap<Option<String>, Vec<&Row>> = BTreeMap::new();
        for partner in partners {
            let key = match &equality {
                Some((_, column)) => partner.get(column).and_then(Cell::key),
                None => None,
            };
            index.entry(key).or_default().push(partner);
        }
        let mut result = Vec::new();
        for row in rows {
            let key = match &equality {
                Some((earlier, _)) => self.value(earlier, std::slice::from_ref(&row))?.key(),
                None => None,
            };
            let candidates = if equality.is_some() && key.is_none() { None } else { index.get(&key) };
            let mut met = false;
            for partner in candidates.into_iter().flatten() {
                let mut pair = row.clone();
                pair.insert(alias.clone(), (*partner).clone());
                if self.holds(&join.on, std::slice::from_ref(&pair))? {
                    met = true;
                    result.push(pair);
                }
            }
            if join.outer && !met {
                result.push(row);
            }
        }
        Ok(result)
    }

    fn equality(&self, on: &Expr, alias: &str) -> Option<(Expr, String)> {
        match on {
            Expr::And(a, b) => self.equality(a, alias).or_else(|| self.equality(b, alias)),
            Expr::Compare(a, Operator::Equal, b) => {
                let own = |expr: &Expr| match expr {
                    Expr::Column(name, column) if self.owner(name.as_deref(), column).ok()? == alias => {
                        Some(column.clone())
                    }
                    _ => None,
                };
                match (own(a), own(b), a.as_ref(), b.as_ref()) {
                    (Some(column), None, _, Expr::Column(..)) => Some((b.as_ref().clone(), column)),
                    (None, Some(column), Expr::Column(..), _) => Some((a.as_ref().clone(), column)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn holds(&self, expr: &Expr, group: &[Joined]) -> Result<bool, QueryError> {
        Ok(self.truth(expr, group)? == Some(true))
    }

    /// Three-valued: a comparison with null is neither true nor false.
    fn truth(&self, expr: &Expr, group: &[Joined]) -> Result<Option<bool>, QueryError> {
        Ok(match expr {
            Expr::And(a, b) => match (self.truth(a, group)?, self.truth(b, group)?) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Expr::Or(a, b) => match (self.truth(a, group)?, self.truth(b, group)?) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Expr::Not(inner) => self.truth(inner, group)?.map(|truth| !truth),
            Expr::IsNull(inner, negated) => Some(self.value(inner, group)?.is_null() != *negated),
            Expr::Compare(a, operator, b) => {
                let order = self.value(a, group)?.compare(&self.value(b, group)?);
                order.map(|order| matches(order, *operator))
            }
            Expr::In(inner, list, negated) => {
                let value = self.value(inner, group)?;
                let mut found = false;
                for member in list {
                    found |= value.compare(&self.value(member, group)?) == Some(Ordering::Equal);
                }
                (!value.is_null()).then_some(found != *negated)
            }
            Expr::Like(inner, pattern, negated) => match self.value(inner, group)? {
                Cell::Text(text) => Some(like(&text, pattern) != *negated),
                _ => None,
            },
            _ => return Err(QueryError::new("Invalid or unsupported search: a condition was expected.")),
        })
    }

    fn value(&self, expr: &Expr, group: &[Joined]) -> Result<Cell, QueryError> {
        Ok(match expr {
            Expr::Text(text) => Cell::Text(text.clone()),
            Expr::Number(number) => Cell::Number(*number),
            Expr::Null => Cell::Null,
            Expr::Column(alias, column) => self.cell(alias.as_deref(), column, column, group)?,
            Expr::Negate(inner) => match self.value(inner, group)? {
                Cell::Number(number) => Cell::Number(-number),
                other => other,
            },
            Expr::Call(name, arguments) => self.call(name, arguments, group)?,
            Expr::Case(branches, fallback) => {
                for (condition, value) in branches {
                    if self.holds(condition, group)? {
                        return self.value(value, group);
                    }
                }
                match fallback {
                    Some(value) => self.value(value, group)?,
                    None => Cell::Null,
                }
            }
            _ => return Err(QueryError::new("Invalid or unsupported search: a value was expected.")),
        })
    }

    fn call(&self, name: &str, arguments: &[Expr], group: &[Joined]) -> Result<Cell, QueryError> {
        if let ("builtin.df", [Expr::Column(alias, column)]) = (name, arguments) {
            return self.cell(alias.as_deref(), column, &format!("df:{column}"), group);
        }
        if AGGREGATES.contains(&name) {
            let [argument] = arguments else {
                return Err(QueryError::new(format!("Invalid number of arguments for '{name}'.")));
            };
            let mut values = Vec::with_capacity(group.len());
            for row in group {
                values.push(match argument {
                    Expr::Star => Cell::flag(true),
                    value => self.value(value, std::slice::from_ref(row))?,
                });
            }
            return aggregate(name, values);
        }
        let values: Result<Vec<Cell>, _> = arguments.iter().map(|argument| self.value(argument, group)).collect();
        call(name, &values?)
    }

    /// The value of a column in the first row of the group (all rows of a group agree on what it
    /// is grouped by). `stored` is the key in the row: the column, or its display value.
    fn cell(&self, alias: Option<&str>, column: &str, stored: &str, group: &[Joined]) -> Result<Cell, QueryError> {
        let owner = self.owner(alias, column)?;
        let row = group.first().and_then(|row| row.get(owner));
        Ok(row.and_then(|row| row.get(stored)).cloned().unwrap_or(Cell::Null))
    }
}

fn matches(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::NotEqual => order != Ordering::Equal,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterOrEqual => order != Ordering::Less,
    }
}

/// SQL LIKE: `%` any run of characters, `_` any one.
fn like(text: &str, pattern: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let tail = rest.as_str();
            std::iter::successors(Some(text), |text| {
                let mut chars = text.chars();
                chars.next().map(|_| chars.as_str())
            })
            .any(|candidate| like(candidate, tail))
        }
        Some(wanted) => {
            let mut chars = text.chars();
            chars.next().is_some_and(|found| (wanted == '_' || found == wanted) && like(chars.as_str(), rest.as_str()))
        }
    }
}
