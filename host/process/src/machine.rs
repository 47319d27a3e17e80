//! The machine: given what is loaded for a business key and one event, what happens next.

use std::collections::{BTreeMap, BTreeSet};

use billing::{Account, Group};
use quoin_canonical::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::calls::{self, Setting};
use crate::definition::{Action, CommandStep, Definition, Flow, Gate, Step};
use crate::expression::{Expression, Scope};
use crate::projection::Deal;
use crate::wheel::{
    Cause, Command, CommandId, Event, EventDraft, Exception, Fault, FaultKind, Operation, TimerEvent, TimerRow,
};

mod waiting;

/// One running (or ended) flow of a definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Id, derived from process, flow and flow key: a second start finds it and does nothing.
    pub id: Id,
    /// Process name.
    pub process: String,
    /// Definition version it is pinned to.
    pub version: u32,
    /// Flow name.
    pub flow: String,
    /// Business key.
    pub key: String,
    /// Where it stands.
    pub state: State,
    /// Index of the step it is at.
    pub step: usize,
    /// The event that started it.
    pub cause: Id,
    /// That event's body.
    pub event: Value,
    /// Results of its steps, by step id: an object.
    pub vars: Value,
    /// Commands of the present step that have not ended, by id: their names.
    #[serde(default)]
    pub pending: BTreeMap<CommandId, String>,
    /// Commands of the present step that ended badly.
    #[serde(default)]
    pub failed: BTreeSet<CommandId>,
    /// When it started.
    pub started_at: Timestamp,
}

impl Instance {
    /// Whether it waits for a person.
    pub fn is_halted(&self) -> bool {
        matches!(self.state, State::Halted { .. })
    }

    fn keep(&mut self, step: &str, result: Value) {
        if let Value::Object(vars) = &mut self.vars {
            vars.insert(step.to_owned(), result);
        }
    }
}

/// Where an instance stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Between steps; never stored.
    Running,
    /// Waits for commands.
    Waiting,
    /// Waits for a person.
    Halted {
        /// The exception that person sees.
        exception: Id,
        /// Since when: the same step may halt again under the same exception.
        since: Timestamp,
    },
    /// Nobody mended it in time: it was ended, and what it had done is undone by other flows.
    Withdrawn,
    /// At its end.
    Completed,
}

/// All definitions, by name and version.
#[derive(Debug, Default)]
pub struct Catalogue {
    definitions: BTreeMap<(String, u32), Definition>,
}

impl Catalogue {
    /// Adds a definition.
    ///
    /// # Errors
    /// When one of that name and version is there already.
    pub fn add(&mut self, definition: Definition) -> Result<(), String> {
        let key = (definition.process.clone(), definition.version);
        if self.definitions.contains_key(&key) {
            return Err(format!("process {}@{} is defined twice", key.0, key.1));
        }
        self.definitions.insert(key, definition);
        Ok(())
    }

    /// Every definition, by name and version.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.definitions.values()
    }

    /// The newest version of each process: what new instances start on.
    fn newest(&self) -> impl Iterator<Item = &Definition> {
        self.definitions.values().filter(|definition| {
            let next = (definition.process.clone(), definition.version + 1);
            self.definitions.range(next..).next().is_none_or(|((name, _), _)| *name != definition.process)
        })
    }

    fn flow(&self, instance: &Instance) -> Option<&Flow> {
        let definition = self.definitions.get(&(instance.process.clone(), instance.version))?;
        definition.flows.iter().find(|flow| flow.name == instance.flow)
    }

    /// Ids of the instances that an event may start or move: what must be loaded before the turn.
    pub fn touches(&self, event: &Event) -> Vec<Id> {
        let mut ids: Vec<Id> = self.starts(event).into_iter().map(|start| start.id).collect();
        ids.extend(self.resumes(event));
        if let Some(id) = event.body.get("instance").and_then(Value::as_str).and_then(Id::parse) {
            ids.push(id);
        }
        ids
    }

    /// Ids of the instances that may go on by themselves after an event, if they wait for a person.
    pub fn resumes(&self, event: &Event) -> Vec<Id> {
        let about = self.newest().filter(|definition| definition.about.covers(&event.key));
        let flows = about.flat_map(|definition| definition.flows.iter().map(move |flow| (definition, flow)));
        let meant = flows.flat_map(|(definition, flow)| {
            let fits = flow.resumes.iter().filter(|resume| resume.on == event.kind);
            fits.filter_map(move |resume| {
                let scope: Scope<'_> = BTreeMap::from([("event", &event.body)]);
                let key = resume.key.evaluate(&scope).ok()?.to_string();
                Some(instance_id(definition, flow, event, &key))
            })
        });
        meant.collect()
    }

    fn starts(&self, event: &Event) -> Vec<Start<'_>> {
        let scope: Scope<'_> = BTreeMap::from([("event", &event.body)]);
        let mut starts = Vec::new();
        for definition in self.newest().filter(|definition| definition.about.covers(&event.key)) {
            for flow in definition.flows.iter().filter(|flow| flow.on == event.kind) {
                let key = flow.key.evaluate(&scope).map(|key| key.to_string());
                // Without a key the event itself is the key: it must not vanish, see `start_flows`.
                let id = instance_id(definition, flow, event, key.as_deref().unwrap_or(event.id.as_str()));
                starts.push(Start { definition, flow, id, unkeyed: key.err() });
            }
        }
        starts
    }
}

/// A flow that an event starts.
struct Start<'a> {
    definition: &'a Definition,
    flow: &'a Flow,
    id: Id,
    /// Why the flow's key could not be read from the event.
    unkeyed: Option<String>,
}

fn instance_id(definition: &Definition, flow: &Flow, event: &Event, key: &str) -> Id {
    Id::derived(&["instance", &definition.process, &flow.name, &event.key, key])
}

/// What is loaded for one business key, and changed by turns on it.
#[derive(Debug, Default)]
pub struct World {
    /// Instances, by id.
    pub instances: BTreeMap<Id, Instance>,
    /// The contract's account.
    pub account: Option<Account>,
    /// The group, where the key is one's.
    pub group: Option<Group>,
    /// The deal's summary.
    pub deal: Option<Deal>,
    /// Exceptions that are open on loaded instances, by id.
    pub exceptions: BTreeMap<Id, Exception>,
}

/// What a turn decided, to be committed with the changed world.
#[derive(Debug, Default)]
pub struct Effects {
    /// Instances that changed.
    pub instances: BTreeSet<Id>,
    /// The account changed.
    pub account: bool,
    /// The group changed.
    pub group: bool,
    /// Events to record.
    pub events: Vec<EventDraft>,
    /// Commands to queue.
    pub commands: Vec<Command>,
    /// Timers to set.
    pub timers: Vec<TimerRow>,
    /// Exceptions opened or resolved.
    pub exceptions: Vec<Exception>,
}

/// One turn of the wheel, decided. Pure: the same catalogue, world, event and setting give the
/// same effects, byte for byte.
pub fn turn(catalogue: &Catalogue, world: &mut World, event: &Event, setting: &Setting<'_>) -> Effects {
    let mut turn = Turn { catalogue, world, event, setting, effects: Effects::default(), drafts: 0 };
    match event.kind.as_str() {
        "command.done" | "command.refused" | "command.failed" => turn.command_ended(),
        "exception.retry_requested" => turn.retry_requested(),
        "exception.overdue" => turn.overdue(),
        _ => {}
    }
    turn.resume_halted();
    turn.start_flows();
    turn.effects
}

struct Turn<'a> {
    catalogue: &'a Catalogue,
    world: &'a mut World,
    event: &'a Event,
    setting: &'a Setting<'a>,
    effects: Effects,
    drafts: u32,
}

/// How a step left its instance.
enum After {
    /// Done; go on.
    Next,
    /// Stays at this step.
    Stop,
}

/// Why a step cannot go on without a person.
struct Halt {
    fault: Fault,
    owner: Option<String>,
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self { fault, owner: None }
    }
}

impl Turn<'_> {
    fn start_flows(&mut self) {
        let catalogue = self.catalogue;
        for Start { definition, flow, id, unkeyed } in catalogue.starts(self.event) {
            if self.world.instances.contains_key(&id) || !self.wanted(flow) {
                continue;
            }
            let mut instance = Instance {
                id,
                process: definition.process.clone(),
                version: definition.version,
                flow: flow.name.clone(),
                key: self.event.key.clone(),
                state: State::Running,
                step: 0,
                cause: self.event.id.clone(),
                event: self.event.body.clone(),
                vars: json!({}),
                pending: BTreeMap::new(),
                failed: BTreeSet::new(),
                started_at: self.setting.now,
            };
            match (unkeyed, flow.steps.first()) {
                (Some(reason), Some(step)) => {
                    self.halt(&mut instance, step, wrong_expression(reason).into());
                    self.keep(instance);
                }
                _ => self.drive(instance, flow),
            }
        }
    }

    fn wanted(&self, flow: &Flow) -> bool {
        let Some(when) = &flow.when else { return true };
        let now = Value::from(self.setting.now.to_string());
        let scope: Scope<'_> =
            BTreeMap::from([("event", &self.event.body), ("config", &self.setting.parameters.config), ("now", &now)]);
        when.holds(&scope).unwrap_or(false)
    }

    /// Walks an instance from the step it is at until it must wait.
    fn drive(&mut self, mut instance: Instance, flow: &Flow) {
        instance.state = State::Running;
        while let Some(step) = flow.steps.get(instance.step) {
            match self.run(&mut instance, step) {
                Ok(After::Next) => {
                    instance.step += 1;
                    instance.pending.clear();
                    instance.failed.clear();
                }
                Ok(After::Stop) => {
                    instance.state = State::Waiting;
                    return self.keep(instance);
                }
                Err(halt) => {
                    self.halt(&mut instance, step, halt);
                    return self.keep(instance);
                }
            }
        }
        instance.state = State::Completed;
        let body = json!({"process": instance.process, "version": instance.version, "flow": instance.flow});
        let label = format!("{}@{}/{}", instance.process, instance.version, instance.flow);
        self.draft("process.completed", body, Some(label));
        self.keep(instance);
    }

    fn keep(&mut self, instance: Instance) {
        self.effects.instances.insert(instance.id.clone());
        self.world.instances.insert(instance.id.clone(), instance);
    }

    fn run(&mut self, instance: &mut Instance, step: &Step) -> Result<After, Halt> {
        if let Some(when) = &step.when
            && !self.holds(instance, when).map_err(wrong_expression)?
        {
            return Ok(After::Next);
        }
        match &step.action {
            Action::Gates(gates) => self.gates(instance, step, gates),
            Action::Call { function, with } => {
                let arguments = self.value(instance, None, with)?;
                self.call(instance, step, function, &arguments)
            }
            Action::Commands(commands) => self.commands(instance, step, commands),
            Action::Emit { kind, each, to, body } => {
                for item in &self.items(instance, each.as_ref())? {
                    let key = to.as_ref().map(|to| self.value(instance, Some(item), to)).transpose()?;
                    let key = match &key {
                        None => None,
                        Some(Value::String(key)) => Some(key.as_str()),
                        Some(other) => {
                            return Err(wrong_expression(format!("'to' must give a key, gives {other}")).into());
                        }
                    };
                    let body = self.value(instance, Some(item), body)?;
                    self.draft_to(key, kind, body, Some(label(instance, step)));
                }
                Ok(After::Next)
            }
            Action::Timer { kind, each, at, body } => {
                for (index, item) in self.items(instance, each.as_ref())?.iter().enumerate() {
                    let at = self.value(instance, Some(item), at)?;
                    let body = self.value(instance, Some(item), body)?;
                    self.timer(instance, step, index, kind, &at, body)?;
                }
                Ok(After::Next)
            }
        }
    }

    /// The items a step is done for; one that is nothing where it is done once.
    fn items(&self, instance: &Instance, each: Option<&Expression>) -> Result<Vec<Value>, Halt> {
        match each.map(|each| self.value(instance, None, each)).transpose()? {
            None => Ok(vec![Value::Null]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(wrong_expression(format!("'each' must give a list, gives {other}")).into()),
        }
    }

    fn timer(
        &mut self,
        instance: &Instance,
        step: &Step,
        index: usize,
        kind: &str,
        at: &Value,
        body: Value,
    ) -> Result<(), Halt> {
        let due: Timestamp = at
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| wrong_expression(format!("'at' must give an RFC 3339 instant, gives {at}")))?;
        self.effects.timers.push(TimerRow {
            id: Id::derived(&["timer", instance.id.as_str(), &step.id, &index.to_string()]),
            due,
            event: TimerEvent { kind: kind.to_owned(), key: instance.key.clone(), body },
        });
        Ok(())
    }

    fn gates(&mut self, instance: &mut Instance, step: &Step, gates: &[Gate]) -> Result<After, Halt> {
        let mut results = Vec::with_capacity(gates.len());
        let mut failed = Vec::new();
        for gate in gates {
            let passed = self.holds(instance, &gate.check).unwrap_or(false);
            let inputs = self.value(instance, None, &gate.inputs).unwrap_or(Value::Null);
            if !passed {
                failed.push(format!("{}: {}", gate.name, gate.otherwise));
            }
            let message = if passed { Value::Null } else { gate.otherwise.clone().into() };
            results.push(json!({"name": gate.name, "passed": passed, "inputs": inputs, "message": message}));
        }
        self.draft(
            "gates.checked",
            json!({"gates": results, "passed": failed.is_empty()}),
            Some(label(instance, step)),
        );
        if failed.is_empty() {
            return Ok(After::Next);
        }
        Err(Fault::new(FaultKind::InvalidData, "GATE_FAILED", failed.join("; ")).into())
    }

    fn call(&mut self, instance: &mut Instance, step: &Step, function: &str, arguments: &Value) -> Result<After, Halt> {
        let halt = |refusal: billing::Refusal| Halt {
            fault: Fault {
                kind: FaultKind::InvalidData,
                code: refusal.code,
                message: refusal.message,
                field: Some(refusal.field).filter(|field| !field.is_empty()),
                retry_after_ms: None,
            },
            owner: Some(refusal.owner).filter(|owner| !owner.is_empty()),
        };
        let subject = calls::Subject { account: self.world.account.as_ref(), group: self.world.group.as_ref() };
        let done = calls::call(function, subject, arguments, self.setting).map_err(halt)?;
        for event in &done.events {
            let mut body = event.to_body().map_err(|error| wrong_expression(error.to_string()))?;
            if let Value::Object(fields) = &mut body {
                fields.entry("policy_version").or_insert_with(|| done.policy_version.into());
            }
            self.draft(event.kind(), body, Some(label(instance, step)));
            match event {
                calls::Decided::Account(event) => {
                    billing::evolve(&mut self.world.account, event);
                    self.effects.account = true;
                }
                calls::Decided::Group(event) => {
                    billing::group::evolve(&mut self.world.group, event);
                    self.effects.group = true;
                }
            }
        }
        instance.keep(&step.id, done.result);
        Ok(After::Next)
    }

    fn commands(&mut self, instance: &mut Instance, step: &Step, commands: &[CommandStep]) -> Result<After, Halt> {
        let mut queued = Vec::new();
        for command in commands {
            let objects = self.value(instance, None, &command.objects)?;
            let Value::Array(objects) = objects else {
                return Err(wrong_expression(format!("'objects' of '{}' must give a list", command.name)).into());
            };
            if objects.is_empty() {
                self.result(instance, step, &command.name, commands.len(), Value::Array(Vec::new()));
                continue;
            }
            queued.push(self.command(instance, step, command, objects)?);
        }
        for command in queued {
            let body = decided(&command);
            self.draft("command.decided", body, Some(command.step.clone()));
            self.effects.commands.push(command);
        }
        Ok(if instance.pending.is_empty() { After::Next } else { After::Stop })
    }

    fn command(
        &self,
        instance: &mut Instance,
        step: &Step,
        command: &CommandStep,
        objects: Vec<Value>,
    ) -> Result<Command, Halt> {
        let of_group = || self.world.group.as_ref().map(|group| group.terms.selling_entity.as_str());
        let entity = self.world.account.as_ref().map(|account| account.contract.selling_entity.as_str());
        let entity = entity.or_else(of_group);
        let connection = self.setting.parameters.route(&command.role, entity).ok_or_else(|| {
            let message = format!("no connection serves the role '{}'; add a [[route]] for it", command.role);
            Fault::new(FaultKind::Config, "NO_ROUTE", message)
        })?;
        let id = Id::derived(&["command", instance.id.as_str(), &step.id, &command.name]);
        instance.pending.insert(id.clone(), command.name.clone());
        Ok(Command {
            id,
            key: instance.key.clone(),
            instance: instance.id.clone(),
            step: format!("{}/{}", label(instance, step), command.name),
            role: command.role.clone(),
            connection: connection.to_owned(),
            operation: Operation::Apply { object: command.object.clone(), objects },
            retry: command.retry.clone(),
            priority: command.priority,
            decided_at: self.setting.now,
            attempts: 0,
            unknown: false,
        })
    }

    fn command_ended(&mut self) {
        let catalogue = self.catalogue;
        let Some((found, command)) = self.addressed("command") else { return };
        let Some(name) = found.pending.get(&command).cloned() else { return };
        let Some(flow) = catalogue.flow(found) else { return };
        let Some(step) = flow.steps.get(found.step) else { return };
        let id = found.id.clone();
        // Out of the world while it changes; `keep` and `drive` put it back.
        let Some(mut instance) = self.world.instances.remove(&id) else { return };
        if self.event.kind == "command.done" {
            instance.pending.remove(&command);
            let siblings = if let Action::Commands(commands) = &step.action { commands.len() } else { 1 };
            let objects = self.event.body.get("objects").cloned().unwrap_or(Value::Null);
            self.result(&mut instance, step, &name, siblings, objects);
            if instance.pending.is_empty() {
                instance.step += 1;
                return self.drive(instance, flow);
            }
        } else {
            instance.failed.insert(command);
            let fault = self.event.body.get("fault").cloned().and_then(|fault| serde_json::from_value(fault).ok());
            let fault =
                fault.unwrap_or_else(|| Fault::new(FaultKind::Other, "UNKNOWN", "the command ended without a reason"));
            self.halt(&mut instance, step, fault.into());
        }
        self.keep(instance);
    }

    /// With one command a step's result is its objects; with several, a map by command name.
    fn result(&self, instance: &mut Instance, step: &Step, name: &str, siblings: usize, objects: Value) {
        if siblings == 1 {
            return instance.keep(&step.id, objects);
        }
        let mut results = instance.vars.get(&step.id).cloned().unwrap_or_else(|| json!({}));
        if let Value::Object(results) = &mut results {
            results.insert(name.to_owned(), objects);
        }
        instance.keep(&step.id, results);
    }

    /// The instance and the id in `field` that the event is about.
    fn addressed(&self, field: &str) -> Option<(&Instance, Id)> {
        let id = |name: &str| self.event.body.get(name).and_then(Value::as_str).and_then(Id::parse);
        Some((self.world.instances.get(&id("instance")?)?, id(field)?))
    }

    fn draft(&mut self, kind: &str, body: Value, step: Option<String>) {
        self.draft_to(None, kind, body, step);
    }

    /// Records an event under another business key: it is decided in the same commit, and turned when
    /// that key's turn comes.
    fn draft_to(&mut self, key: Option<&str>, kind: &str, body: Value, step: Option<String>) {
        let id = Id::derived(&["event", self.event.id.as_str(), &self.drafts.to_string()]);
        self.drafts += 1;
        self.effects.events.push(EventDraft {
            id,
            kind: kind.to_owned(),
            key: key.unwrap_or(&self.event.key).to_owned(),
            at: self.setting.now,
            cause: Cause { event: Some(self.event.id.clone()), step, ..Cause::default() },
            body,
        });
    }

    /// What an expression gives; `item` is the element of a list it is evaluated for.
    fn value(&self, instance: &Instance, item: Option<&Value>, expression: &Expression) -> Result<Value, Fault> {
        self.in_scope(instance, item, expression, |scope| expression.evaluate(scope)).map_err(wrong_expression)
    }

    fn holds(&self, instance: &Instance, condition: &Expression) -> Result<bool, String> {
        self.in_scope(instance, None, condition, |scope| condition.holds(scope))
    }

    /// Gives an expression its variables; what must be made for that is made only when it is read.
    fn in_scope<R>(
        &self,
        instance: &Instance,
        item: Option<&Value>,
        expression: &Expression,
        evaluate: impl FnOnce(&Scope<'_>) -> R,
    ) -> R {
        let made = |name: &str, make: &dyn Fn() -> Value| if expression.reads(name) { make() } else { Value::Null };
        let now = made("now", &|| Value::from(self.setting.now.to_string()));
        let deal = made("deal", &|| serde_json::to_value(&self.world.deal).unwrap_or(Value::Null));
        let mut scope: Scope<'_> = BTreeMap::from([
            ("event", &instance.event),
            ("vars", &instance.vars),
            ("deal", &deal),
            ("config", &self.setting.parameters.config),
            ("now", &now),
        ]);
        if let Some(item) = item {
            scope.insert("item", item);
        }
        evaluate(&scope)
    }
}

fn label(instance: &Instance, step: &Step) -> String {
    format!("{}@{}/{}/{}", instance.process, instance.version, instance.flow, step.id)
}

fn wrong_expression(message: String) -> Fault {
    Fault::new(FaultKind::Config, "DEFINITION", message)
}

fn decided(command: &Command) -> Value {
    let Operation::Apply { object, objects } = &command.operation;
    let ids: Vec<&Value> = objects.iter().filter_map(|object| object.pointer("/header/id")).collect();
    json!({
        "command": command.id, "instance": command.instance, "role": command.role,
        "connection": command.connection, "object": object, "ids": ids,
    })
}
