//! Process definitions as data: versioned YAML files, read and wholly checked before they run.
//!
//! A definition has flows. A flow starts when an event of its kind is recorded, at most once per
//! flow key, and walks its steps in order: gates, calls of pure functions, commands to connected
//! systems, timers, events. A process never blocks: what comes later starts the next flow.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::calls;
use crate::expression::Expression;
use crate::wheel::Retry;

/// Largest definition file, in bytes: a page or two of YAML is a few kilobytes.
pub const MAX_DEFINITION_BYTES: usize = 256 * 1024;

/// Variables an expression of a step may read.
const STEP_VARIABLES: [&str; 5] = ["event", "vars", "deal", "config", "now"];
/// The same inside `each`.
const EACH_VARIABLES: [&str; 6] = ["event", "vars", "deal", "config", "now", "item"];
/// Roles a command may name.
const ROLES: [&str; 4] = ["crm", "psa", "erp", "time"];

/// A checked definition.
#[derive(Debug)]
pub struct Definition {
    /// Name, such as `quote-to-project`.
    pub process: String,
    /// Version; running instances stay on theirs.
    pub version: u32,
    /// What it is for, in a sentence.
    pub purpose: String,
    /// What the business keys stand for whose events start its flows.
    pub about: About,
    /// Its flows.
    pub flows: Vec<Flow>,
}

/// What a business key stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// One deal: a quote and its contract.
    #[default]
    Deals,
    /// Contracts that are billed together.
    Groups,
}

impl About {
    /// Whether a business key stands for it.
    pub fn covers(self, key: &str) -> bool {
        (self == About::Groups) == billing::group::is_group(key)
    }
}

/// One way a definition reacts to an event.
#[derive(Debug)]
pub struct Flow {
    /// Name, unique in the definition.
    pub name: String,
    /// Event kind that starts it.
    pub on: String,
    /// Starts only when this holds.
    pub when: Option<Expression>,
    /// Gives the key under which it starts at most once.
    pub key: Expression,
    /// Events that let an instance that waits for a person try again by itself.
    pub resumes: Vec<Resume>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// An event that lets a halted instance of a flow try again.
#[derive(Debug)]
pub struct Resume {
    /// Event kind.
    pub on: String,
    /// Gives the flow key of the instance that is meant, from this event.
    pub key: Expression,
}

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Id, unique in the flow; its result is `vars.<id>`.
    pub id: String,
    /// Skipped unless this holds.
    pub when: Option<Expression>,
    /// What it does.
    pub action: Action,
    /// Who owns the exception when it cannot go on.
    pub owner: String,
    /// What that person should do.
    pub suggestion: String,
    /// Hours that person has.
    pub due_hours: u16,
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// Checks that must all pass; every result is recorded with its inputs.
    Gates(Vec<Gate>),
    /// A pure function of the core on the contract's account.
    Call {
        /// Its name.
        function: String,
        /// Its arguments.
        with: Expression,
    },
    /// Commands that run side by side; the step ends when all are done.
    Commands(Vec<CommandStep>),
    /// Records an event, once or for each item of a list.
    Emit {
        /// Its kind.
        kind: String,
        /// For each item of this list, when given.
        each: Option<Expression>,
        /// Under this business key; under the instance's own when absent.
        to: Option<Expression>,
        /// Its body.
        body: Expression,
    },
    /// Sets a timer that will record an event, once or for each item of a list.
    Timer {
        /// The event's kind.
        kind: String,
        /// For each item of this list, when given.
        each: Option<Expression>,
        /// When, as RFC 3339.
        at: Expression,
        /// The event's body.
        body: Expression,
    },
}

/// One check.
#[derive(Debug)]
pub struct Gate {
    /// Name.
    pub name: String,
    /// What must hold.
    pub check: Expression,
    /// What it was judged by, recorded beside the result.
    pub inputs: Expression,
    /// What is wrong when it does not hold.
    pub otherwise: String,
}

/// One command of a step.
#[derive(Debug)]
pub struct CommandStep {
    /// Name, unique in the step; with several commands its result is `vars.<step>.<name>`.
    pub name: String,
    /// Role that performs it.
    pub role: String,
    /// Canonical object kind to write.
    pub object: String,
    /// The objects, a list.
    pub objects: Expression,
    /// How to go on when it fails.
    pub retry: Retry,
    /// Lower goes first.
    pub priority: u8,
}

/// Why a definition is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct DefinitionError {
    /// File.
    pub file: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: u64,
    /// What is wrong and how to mend it.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDefinition {
    process: String,
    version: u32,
    purpose: String,
    #[serde(default)]
    about: About,
    flows: Vec<RawFlow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFlow {
    name: Spanned<String>,
    on: Spanned<String>,
    when: Option<Spanned<String>>,
    key: Spanned<String>,
    #[serde(default)]
    resumes: Vec<RawResume>,
    steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawResume {
    on: Spanned<String>,
    key: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    id: Spanned<String>,
    when: Option<Spanned<String>>,
    gates: Option<Vec<RawGate>>,
    call: Option<Spanned<String>>,
    with: Option<Spanned<String>>,
    commands: Option<Vec<RawCommand>>,
    emit: Option<Spanned<String>>,
    timer: Option<Spanned<String>>,
    each: Option<Spanned<String>>,
    to: Option<Spanned<String>>,
    at: Option<Spanned<String>>,
    body: Option<Spanned<String>>,
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    suggestion: Option<String>,
    #[serde(default)]
    due_hours: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGate {
    name: String,
    check: Spanned<String>,
    inputs: Spanned<String>,
    otherwise: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCommand {
    name: String,
    role: Spanned<String>,
    object: Spanned<String>,
    objects: Spanned<String>,
    #[serde(default)]
    retry: Retry,
    #[serde(default)]
    priority: Option<u8>,
}

impl Definition {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// [`DefinitionError`] with file, line and what to do.
    pub fn parse(file: &str, text: &str) -> Result<Self, DefinitionError> {
        let reader = Reader { file };
        if text.len() > MAX_DEFINITION_BYTES {
            let message = format!("{} bytes; the limit is {MAX_DEFINITION_BYTES}", text.len());
            return Err(reader.error(0, message));
        }
        let raw: RawDefinition = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line());
            reader.error(line, error.without_snippet().to_string())
        })?;
        let mut flows = Vec::with_capacity(raw.flows.len());
        for flow in raw.flows {
            let flow = reader.flow(flow)?;
            if flows.iter().any(|other: &Flow| other.name == flow.name) {
                return Err(reader.error(0, format!("two flows are named '{}'", flow.name)));
            }
            flows.push(flow);
        }
        Ok(Self { process: raw.process, version: raw.version, purpose: raw.purpose, about: raw.about, flows })
    }
}

struct Reader<'a> {
    file: &'a str,
}

impl Reader<'_> {
    fn error(&self, line: u64, message: impl Into<String>) -> DefinitionError {
        DefinitionError { file: self.file.to_owned(), line, message: message.into() }
    }

    fn expression(&self, text: &Spanned<String>, variables: &[&str]) -> Result<Expression, DefinitionError> {
        Expression::parse(&text.value, variables).map_err(|message| self.error(text.referenced.line(), message))
    }

    fn optional(&self, text: Option<&Spanned<String>>) -> Result<Option<Expression>, DefinitionError> {
        text.map(|text| self.expression(text, &STEP_VARIABLES)).transpose()
    }

    fn flow(&self, raw: RawFlow) -> Result<Flow, DefinitionError> {
        let mut steps: Vec<Step> = Vec::with_capacity(raw.steps.len());
        for step in raw.steps {
            let line = step.id.referenced.line();
            let step = self.step(step)?;
            if steps.iter().any(|other| other.id == step.id) {
                return Err(self.error(line, format!("two steps of '{}' have the id '{}'", raw.name.value, step.id)));
            }
            steps.push(step);
        }
        if steps.is_empty() {
            return Err(self.error(raw.name.referenced.line(), format!("flow '{}' has no steps", raw.name.value)));
        }
        let resume =
            |raw: &RawResume| Ok(Resume { on: raw.on.value.clone(), key: self.expression(&raw.key, &["event"])? });
        Ok(Flow {
            resumes: raw.resumes.iter().map(resume).collect::<Result<_, _>>()?,
            when: raw.when.as_ref().map(|when| self.expression(when, &["event", "config", "now"])).transpose()?,
            key: self.expression(&raw.key, &["event"])?,
            name: raw.name.value,
            on: raw.on.value,
            steps,
        })
    }

    fn step(&self, raw: RawStep) -> Result<Step, DefinitionError> {
        let line = raw.id.referenced.line();
        let kinds =
            [raw.gates.is_some(), raw.call.is_some(), raw.commands.is_some(), raw.emit.is_some(), raw.timer.is_some()];
        if kinds.iter().filter(|given| **given).count() != 1 {
            let message = format!("step '{}' needs exactly one of: gates, call, commands, emit, timer", raw.id.value);
            return Err(self.error(line, message));
        }
        Ok(Step {
            when: self.optional(raw.when.as_ref())?,
            action: self.action(&raw, line)?,
            id: raw.id.value,
            owner: raw.owner.unwrap_or_else(|| "operations".to_owned()),
            suggestion: raw.suggestion.unwrap_or_else(|| "Mend the cause named above, then retry.".to_owned()),
            due_hours: raw.due_hours.unwrap_or(24),
        })
    }

    fn action(&self, raw: &RawStep, line: u64) -> Result<Action, DefinitionError> {
        let needs = |field: &str| self.error(line, format!("step '{}' needs '{field}'", raw.id.value));
        if let Some(gates) = &raw.gates {
            return self.gates(gates);
        }
        if let Some(function) = &raw.call {
            if !calls::NAMES.contains(&function.value.as_str()) {
                let message = format!("no function '{}'; known: {}", function.value, calls::NAMES.join(", "));
                return Err(self.error(function.referenced.line(), message));
            }
            let with = raw.with.as_ref().ok_or_else(|| needs("with"))?;
            return Ok(Action::Call {
                function: function.value.clone(),
                with: self.expression(with, &STEP_VARIABLES)?,
            });
        }
        if let Some(commands) = &raw.commands {
            return self.commands(commands, line);
        }
        let body = raw.body.as_ref().ok_or_else(|| needs("body"))?;
        let variables: &[&str] = if raw.each.is_some() { &EACH_VARIABLES } else { &STEP_VARIABLES };
        if let Some(kind) = &raw.emit {
            return Ok(Action::Emit {
                kind: kind.value.clone(),
                each: self.optional(raw.each.as_ref())?,
                to: raw.to.as_ref().map(|to| self.expression(to, variables)).transpose()?,
                body: self.expression(body, variables)?,
            });
        }
        let kind = raw.timer.as_ref().ok_or_else(|| needs("timer"))?;
        let at = raw.at.as_ref().ok_or_else(|| needs("at"))?;
        Ok(Action::Timer {
            kind: kind.value.clone(),
            each: self.optional(raw.each.as_ref())?,
            at: self.expression(at, variables)?,
            body: self.expression(body, variables)?,
        })
    }

    fn gates(&self, raw: &[RawGate]) -> Result<Action, DefinitionError> {
        let gate = |raw: &RawGate| {
            Ok(Gate {
                name: raw.name.clone(),
                check: self.expression(&raw.check, &STEP_VARIABLES)?,
                inputs: self.expression(&raw.inputs, &STEP_VARIABLES)?,
                otherwise: raw.otherwise.clone(),
            })
        };
        raw.iter().map(gate).collect::<Result<_, _>>().map(Action::Gates)
    }

    fn commands(&self, raw: &[RawCommand], line: u64) -> Result<Action, DefinitionError> {
        if raw.is_empty() {
            return Err(self.error(line, "a commands step needs at least one command"));
        }
        let command = |raw: &RawCommand| {
            if !ROLES.contains(&raw.role.value.as_str()) {
                let message = format!("no role '{}'; known: {}", raw.role.value, ROLES.join(", "));
                return Err(self.error(raw.role.referenced.line(), message));
            }
            if quoin_canonical::ObjectKind::parse(&raw.object.value).is_none() {
                let message = format!("no canonical object '{}'", raw.object.value);
                return Err(self.error(raw.object.referenced.line(), message));
            }
            Ok(CommandStep {
                name: raw.name.clone(),
                role: raw.role.value.clone(),
                object: raw.object.value.clone(),
                objects: self.expression(&raw.objects, &STEP_VARIABLES)?,
                retry: raw.retry.clone(),
                priority: raw.priority.unwrap_or(50),
            })
        };
        raw.iter().map(command).collect::<Result<_, _>>().map(Action::Commands)
    }
}
