//! Timeline entries, by the day.

use api::format;
use api::read::{Entry, Tone};
use quoin_canonical::Timestamp;

use super::{Amount, When};

/// Entries of one day.
pub struct Day {
    /// `Monday, 2 March 2026`.
    pub title: String,
    /// They, in order.
    pub entries: Vec<EntryView>,
}

/// One entry.
pub struct EntryView {
    /// Position in the log.
    pub seq: u64,
    /// `10:15:02`.
    pub clock: String,
    /// When.
    pub when: When,
    /// `good`, `bad`, `warn`, `money`, `plain`.
    pub tone: &'static str,
    /// The tone in a word, for people who cannot see the colour.
    pub tone_word: &'static str,
    /// What happened.
    pub summary: String,
    /// Event kind.
    pub kind: String,
    /// System it came from or went to.
    pub connection: Option<String>,
    /// `2 calls, 140 ms`.
    pub calls_note: Option<String>,
    /// The figures.
    pub figures: Vec<(String, Amount)>,
    /// Facts.
    pub facts: Vec<(String, String)>,
    /// Gates.
    pub gates: Vec<GateView>,
    /// Vendor calls.
    pub calls: Vec<CallView>,
    /// The plugin that acted.
    pub plugin: Option<PluginStampView>,
    /// The whole content, indented.
    pub body: String,
    /// Event id.
    pub id: String,
}

/// One gate.
pub struct GateView {
    /// Name, in words.
    pub name: String,
    /// Passed.
    pub passed: bool,
    /// Why not.
    pub message: String,
    /// What it was judged on, indented.
    pub inputs: String,
}

/// One vendor call.
pub struct CallView {
    /// Method.
    pub method: String,
    /// Target.
    pub target: String,
    /// Status or error.
    pub outcome: String,
    /// `good`, `warn`, `bad`.
    pub tone: &'static str,
    /// How long.
    pub took: String,
    /// Bytes sent and received.
    pub bytes: String,
}

/// The plugin that acted.
pub struct PluginStampView {
    /// `psa 0.1.0`.
    pub name: String,
    /// The digest in full.
    pub digest: String,
    /// Its first twelve digits.
    pub digest_short: String,
    /// How long its call took.
    pub took: String,
    /// Peak memory, in MiB.
    pub memory: String,
}

/// Entries by the day, in the order given.
pub fn days(entries: &[Entry], now: Timestamp) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for entry in entries {
        let title = entry.at.strftime("%A, %-d %B %Y").to_string();
        let view = view(entry, now);
        match days.last_mut().filter(|day| day.title == title) {
            Some(day) => day.entries.push(view),
            None => days.push(Day { title, entries: vec![view] }),
        }
    }
    days
}

fn view(entry: &Entry, now: Timestamp) -> EntryView {
    let micros: u64 = entry.calls.iter().map(|call| call.micros).sum();
    let count = entry.calls.len();
    let calls = if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
    EntryView {
        seq: entry.seq,
        clock: entry.at.strftime("%H:%M:%S").to_string(),
        when: When::of(entry.at, now),
        tone: entry.tone.as_str(),
        tone_word: tone_word(entry.tone),
        summary: entry.summary.clone(),
        kind: entry.kind.clone(),
        connection: entry.connection.clone(),
        calls_note: (count > 0).then(|| format!("{calls}, {}", format::micros(micros))),
        figures: entry.figures.iter().map(|figure| (figure.label.clone(), Amount::from(&figure.value))).collect(),
        facts: entry.facts.iter().map(|fact| (fact.label.clone(), fact.value.clone())).collect(),
        gates: entry.gates.iter().map(gate).collect(),
        calls: entry.calls.iter().map(call).collect(),
        plugin: entry.plugin.as_ref().map(plugin),
        body: pretty(&entry.body),
        id: entry.id.clone(),
    }
}

fn tone_word(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "done",
        Tone::Bad => "needs attention",
        Tone::Warn => "notice",
        Tone::Money => "money",
        Tone::Plain => "",
    }
}

fn gate(gate: &api::read::GateCheck) -> GateView {
    GateView {
        name: super::words(&gate.name),
        passed: gate.passed,
        message: gate.message.clone().unwrap_or_default(),
        inputs: pretty(&gate.inputs),
    }
}

fn call(call: &api::read::Call) -> CallView {
    let tone = match call.status {
        Some(200..=399) => "good",
        Some(429) => "warn",
        _ => "bad",
    };
    let outcome = match (call.status, &call.error) {
        (Some(status), None) => status.to_string(),
        (Some(status), Some(error)) => format!("{status}, {error}"),
        (None, Some(error)) => error.clone(),
        (None, None) => "no answer".into(),
    };
    CallView {
        method: call.method.clone(),
        target: call.target.clone(),
        outcome,
        tone,
        took: format::micros(call.micros),
        bytes: format!("{} / {}", bytes(call.sent_bytes), bytes(call.received_bytes)),
    }
}

fn plugin(stamp: &api::read::PluginStamp) -> PluginStampView {
    PluginStampView {
        name: format!("{} {}", stamp.id, stamp.version),
        digest_short: stamp.digest.chars().take(12).collect(),
        digest: stamp.digest.clone(),
        took: format::micros(stamp.micros),
        memory: format!("{}.{} MiB", stamp.peak_memory_bytes >> 20, ((stamp.peak_memory_bytes % (1 << 20)) * 10) >> 20),
    }
}

/// `640 B`, `1.2 kB`.
fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{}.{} kB", count / 1_000, count % 1_000 / 100),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// JSON, indented; empty for nothing.
pub fn pretty(value: &serde_json::Value) -> String {
    if value.is_null() { String::new() } else { serde_json::to_string_pretty(value).unwrap_or_default() }
}
