//! CEL expressions of a process definition: read and checked when the definition is loaded,
//! evaluated on JSON without clock, IO or randomness.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, Program};
use serde_json::Value;

use crate::dates;
use crate::names::{Need, Needed, names};
use crate::plain::Plain;

/// Longest expression, in bytes: a definition is read by people, and a longer one hides a program.
const MAX_EXPRESSION_BYTES: usize = 4_096;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// The functions, once for all expressions: each evaluation adds its variables in a scope of its own.
static WITH_FUNCTIONS: LazyLock<Result<Context<'static, 'static>, String>> = LazyLock::new(|| {
    let mut context = Context::with_env(Arc::clone(&ENV));
    add_functions(&mut context).map_err(|error| error.to_string())?;
    Ok(context)
});

/// Functions an expression may call beside the standard ones.
pub const FUNCTIONS: [&str; 7] =
    ["merge", "pluck", "end_of_month", "start_of_next_month", "at_time", "date_of", "plus_days"];

/// Standard CEL functions a definition may use.
const STANDARD: [&str; 11] =
    ["size", "contains", "startsWith", "endsWith", "matches", "string", "int", "uint", "double", "bool", "type"];

/// A checked expression.
#[derive(Debug)]
pub struct Expression {
    source: String,
    program: Program,
    variables: BTreeMap<String, Need>,
    /// The short way to the same value, when there is one.
    plain: Option<Plain>,
}

/// What an expression may read, by variable name.
pub type Scope<'a> = BTreeMap<&'a str, &'a Value>;

impl Expression {
    /// Reads an expression and checks that every variable and function it names exists.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(source: &str, variables: &[&str]) -> Result<Self, String> {
        if source.len() > MAX_EXPRESSION_BYTES {
            return Err(format!("expression of {} bytes; the limit is {MAX_EXPRESSION_BYTES}", source.len()));
        }
        let program = ENV.compile(source).map_err(|error| format!("not a CEL expression: {error}"))?;
        let named = names(program.expression());
        if let Some(unknown) = named.variables.keys().find(|name| !variables.contains(&name.as_str())) {
            return Err(format!("unknown variable '{unknown}'; known here: {}", variables.join(", ")));
        }
        let known = |name: &str| FUNCTIONS.contains(&name) || STANDARD.contains(&name);
        if let Some(unknown) = named.functions.iter().find(|name| !known(name)) {
            return Err(format!(
                "unknown function '{unknown}'; known: {}, {}",
                FUNCTIONS.join(", "),
                STANDARD.join(", ")
            ));
        }
        let plain = Plain::of(program.expression());
        Ok(Self { source: source.to_owned(), program, variables: named.variables, plain })
    }

    /// The text it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it reads a variable.
    pub fn reads(&self, variable: &str) -> bool {
        self.variables.contains_key(variable)
    }

    /// Evaluates.
    ///
    /// # Errors
    /// Why there is no value, with the expression.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, String> {
        self.plain.as_ref().map_or_else(|| self.execute(scope), |plain| plain.evaluate(scope))
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// Why there is no answer, or that it is neither true nor false.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, String> {
        match self.evaluate(scope)? {
            Value::Bool(answer) => Ok(answer),
            other => Err(format!("'{}' must be true or false, is {other}", self.source)),
        }
    }

    fn execute(&self, scope: &Scope<'_>) -> Result<Value, String> {
        let mut context = WITH_FUNCTIONS.as_ref().map_err(Clone::clone)?.new_inner_scope();
        for (name, need) in &self.variables {
            let value = Needed(scope.get(name.as_str()).copied().unwrap_or(&Value::Null), need);
            context.add_variable(name.as_str(), value).map_err(|error| format!("variable '{name}': {error}"))?;
        }
        let value = self.program.execute(&context).map_err(|error| format!("'{}': {error}", self.source))?;
        value.json().map(sorted).map_err(|error| format!("'{}': {error}", self.source))
    }
}

/// CEL maps have no order; sorted keys keep the same input at the same bytes.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(map) => {
            let ordered: BTreeMap<String, Value> = map.into_iter().map(|(key, item)| (key, sorted(item))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        other => other,
    }
}

fn add_functions(context: &mut Context<'_, '_>) -> Result<(), cel::DeclarationError> {
    use cel::ExecutionError;
    let failed = |name: &'static str| move |message: String| ExecutionError::function_error(name, message);
    context.add_function("merge", |base: cel::Value, over: cel::Value| {
        let (base, over) = (to_json("merge", &base)?, to_json("merge", &over)?);
        to_cel("merge", merged(base, over))
    })?;
    context.add_function("pluck", |list: cel::Value, field: Arc<String>| {
        let list = to_json("pluck", &list)?;
        let found = list.as_array().into_iter().flatten().filter_map(|item| item.get(field.as_str()).cloned());
        to_cel("pluck", Value::Array(found.collect()))
    })?;
    context.add_function("end_of_month", move |date: Arc<String>| {
        dates::end_of_month(&date).map(Arc::new).map_err(failed("end_of_month"))
    })?;
    context.add_function("start_of_next_month", move |date: Arc<String>| {
        dates::start_of_next_month(&date).map(Arc::new).map_err(failed("start_of_next_month"))
    })?;
    context.add_function("date_of", move |instant: Arc<String>, zone: Arc<String>| {
        dates::date_of(&instant, &zone).map(Arc::new).map_err(failed("date_of"))
    })?;
    context.add_function("plus_days", move |instant: Arc<String>, days: cel::Value| {
        // A number of the configuration arrives without sign, one of the source with it.
        let whole = to_json("plus_days", &days)?.as_i64();
        let days = whole.ok_or_else(|| ExecutionError::function_error("plus_days", "days are a whole number"))?;
        dates::plus_days(&instant, days).map(Arc::new).map_err(failed("plus_days"))
    })?;
    context.add_function("at_time", move |date: Arc<String>, time: Arc<String>, zone: Arc<String>| {
        dates::at_time(&date, &time, &zone).map(Arc::new).map_err(failed("at_time"))
    })
}

fn to_json(function: &str, value: &cel::Value) -> Result<Value, cel::ExecutionError> {
    value.json().map_err(|error| cel::ExecutionError::function_error(function, error))
}

fn to_cel(function: &str, value: Value) -> Result<cel::Value, cel::ExecutionError> {
    cel::to_value(value).map_err(|error| cel::ExecutionError::function_error(function, error))
}

/// `over`'s fields laid over `base`'s.
pub(crate) fn merged(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(mut base), Value::Object(over)) => {
            for (key, value) in over {
                base.insert(key, value);
            }
            Value::Object(base)
        }
        (_, over) => over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_as_data() {
        let event =
            json!({"quote": {"number": "Q-1", "lines": [{"method": "a"}, {"method": "b"}]}, "day": "2026-03-02"});
        let vars = json!({"project": {"status": "requested", "code": "P-1"}});
        let scope: Scope<'_> = BTreeMap::from([("event", &event), ("vars", &vars)]);
        let table = [
            ("event.quote.number", json!("Q-1")),
            ("event.quote.lines.all(l, l.method in ['a', 'b'])", json!(true)),
            ("has(event.quote.missing)", json!(false)),
            ("merge(vars.project, {'status': 'active'})", json!({"code": "P-1", "status": "active"})),
            ("[vars.project]", json!([{"code": "P-1", "status": "requested"}])),
            ("end_of_month(event.day)", json!("2026-03-31")),
            ("at_time(end_of_month(event.day), '18:00', 'Europe/Berlin')", json!("2026-03-31T16:00:00Z")),
            ("pluck(event.quote.lines, 'method')", json!(["a", "b"])),
            ("true", json!(true)),
        ];
        for (source, expected) in table {
            let expression = Expression::parse(source, &["event", "vars"]).expect(source);
            assert_eq!(expression.evaluate(&scope).expect(source), expected, "{source}");
        }
    }

    #[test]
    fn the_short_way_gives_what_cel_gives() {
        let event = json!({"quote": {"number": "Q-1", "value": "12.50", "open": true, "none": null, "count": 3,
            "share": 0.25, "lines": [{"a": 1}, {"a": -2}]}});
        let scope: Scope<'_> = BTreeMap::from([("event", &event)]);
        let table = [
            ("event", true),
            ("event.quote.lines", true),
            ("event.quote.none", true),
            ("'text'", true),
            ("false", true),
            ("[]", true),
            ("[event.quote.count, event.quote.share, 'x']", true),
            ("{'z': event.quote.open, 'a': [event.quote.number]}", true),
            ("merge(event.quote, {'number': 'Q-2', 'extra': {}})", true),
            ("merge(event.quote.missing, {})", true),
            ("event.quote.number.deeper", true),
            ("[event.quote.lines[0].a]", false),
            ("has(event.quote.none)", false),
            ("event.quote.count + 1u", false),
            ("{event.quote.number: 1}", false),
        ];
        for (source, short) in table {
            let expression = Expression::parse(source, &["event"]).expect(source);
            assert_eq!(expression.plain.is_some(), short, "{source}: {:?}", expression.plain);
            match (expression.evaluate(&scope), expression.execute(&scope)) {
                (Ok(one), Ok(other)) => assert_eq!(one, other, "{source}"),
                (Err(_), Err(_)) => {}
                differ => panic!("{source}: {differ:?}"),
            }
        }
    }

    #[test]
    fn refusals_name_the_cause() {
        let table = [
            ("evnt.quote", "unknown variable 'evnt'"),
            ("event.quote ==", "not a CEL expression"),
            ("invent(event.quote)", "unknown function 'invent'"),
            ("event.lines.all(l, m.method == 'a')", "unknown variable 'm'"),
        ];
        for (source, part) in table {
            let error = Expression::parse(source, &["event"]).expect_err(source);
            assert!(error.contains(part), "{error}");
        }
    }
}
