//! One entry of a timeline: an event with what a person wants to know about it.

use ports::{CallTrace, VendorCall};
use process::{Cause, Event};
use quoin_canonical::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{pick, schema, summary};

/// Figures taken from an event whose kind is not known here, at most: enough for any line, few enough
/// for a screen. The whole content is in `body` all the same.
const FIGURES_MAX: usize = 8;

/// How deep figures are looked for in a body of unknown shape.
const FIGURES_DEPTH_MAX: usize = 4;

/// One entry of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Position in the log.
    pub seq: u64,
    /// Event id.
    pub id: String,
    /// Event kind.
    #[schema(examples("command.done"))]
    pub kind: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened, in one line.
    pub summary: String,
    /// How it should be looked at.
    pub tone: Tone,
    /// Amounts in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<EntryFigure>,
    /// What else is worth reading at a glance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The gates that were checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateCheck>,
    /// The connection it came from or went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The plugin that acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginStamp>,
    /// The requests to the vendor, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// What led to it.
    #[schema(value_type = schema::CauseSchema)]
    pub cause: Cause,
    /// The whole content.
    pub body: Value,
}

/// How an entry should be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// A step of the business is done.
    Good,
    /// A person must act.
    Bad,
    /// Something to keep an eye on.
    Warn,
    /// Money moved.
    Money,
    /// Machinery.
    Plain,
}

impl Tone {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Warn => "warn",
            Tone::Money => "money",
            Tone::Plain => "plain",
        }
    }
}

/// An amount in an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryFigure {
    /// What it is.
    pub label: String,
    /// The amount.
    #[schema(value_type = schema::MoneySchema)]
    pub value: Money,
}

/// One fact in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// Its value, as text.
    pub value: String,
}

/// One gate that was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GateCheck {
    /// Name.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// Why not, when not.
    #[serde(default)]
    pub message: Option<String>,
    /// What it was judged on.
    #[serde(default)]
    pub inputs: Value,
}

/// The plugin that acted, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginStamp {
    /// Plugin id.
    pub id: String,
    /// Plugin version.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Wall time of its call in microseconds.
    pub micros: u64,
    /// Peak linear memory, bytes.
    pub peak_memory_bytes: u64,
}

/// One request to a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Call {
    /// Method.
    pub method: String,
    /// Host, port and path, without the query.
    pub target: String,
    /// Status, when an answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong, when none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Microseconds until the answer was whole.
    pub micros: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
}

impl From<VendorCall> for Call {
    fn from(call: VendorCall) -> Self {
        Self {
            method: call.method,
            target: call.target,
            status: call.status,
            error: call.error,
            micros: call.micros,
            sent_bytes: call.sent_bytes,
            received_bytes: call.received_bytes,
        }
    }
}

impl From<Event> for Entry {
    /// Reads an event. A kind that is not known here keeps its whole body and whatever amounts are in it.
    fn from(event: Event) -> Self {
        let line = summary::of(&event);
        let trace: Option<CallTrace> =
            event.body.get("trace").and_then(|trace| serde_json::from_value(trace.clone()).ok());
        let plugin = trace.as_ref().filter(|trace| !trace.plugin.is_empty()).map(|trace| PluginStamp {
            id: trace.plugin.clone(),
            version: trace.version.clone(),
            digest: trace.digest.clone(),
            micros: trace.micros,
            peak_memory_bytes: trace.peak_memory_bytes,
        });
        let connection = pick::text(&event.body, &["/connection"]).or_else(|| event.cause.connection.clone());
        Self {
            seq: event.seq,
            id: event.id.to_string(),
            at: event.at,
            summary: line.text,
            tone: line.tone,
            figures: figures(&event.body),
            facts: summary::facts(&event),
            gates: gates(&event.body),
            connection,
            plugin,
            calls: trace.map(|trace| trace.calls.into_iter().map(Call::from).collect()).unwrap_or_default(),
            cause: event.cause,
            kind: event.kind,
            body: event.body,
        }
    }
}

fn gates(body: &Value) -> Vec<GateCheck> {
    body.get("gates").and_then(|gates| serde_json::from_value(gates.clone()).ok()).unwrap_or_default()
}

/// The amounts in a body, by the name of their field; the same amount under the same name once.
fn figures(body: &Value) -> Vec<EntryFigure> {
    let mut found = Vec::new();
    collect(body, 0, &mut found);
    found
}

fn collect(value: &Value, depth: usize, found: &mut Vec<EntryFigure>) {
    let Some(fields) = value.as_object().filter(|_| depth < FIGURES_DEPTH_MAX) else { return };
    for (name, field) in fields {
        if found.len() >= FIGURES_MAX {
            return;
        }
        match pick::as_money(field) {
            Some(value) => {
                let figure = EntryFigure { label: pick::words(name), value };
                if !found.contains(&figure) {
                    found.push(figure);
                }
            }
            None => collect(field, depth + 1, found),
        }
    }
}
