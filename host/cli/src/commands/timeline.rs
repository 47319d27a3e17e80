//! `quoin timeline`

use api::format;
use api::read::{Entry, Timeline, Tone};
use serde_json::Value;

use crate::client::{Client, encode};
use crate::output::{Output, Paint};

/// Entries asked for at once.
const PAGE_ENTRIES: usize = 500;

/// Shows everything that happened to one deal.
pub async fn timeline(client: &Client, number: &str, calls: bool, output: &Output) -> anyhow::Result<()> {
    let mut cursor = String::new();
    let mut day = String::new();
    loop {
        let path = format!("/api/v1/timeline/{}?limit={PAGE_ENTRIES}{cursor}", encode(number));
        let answer: Value = client.get(&path).await?;
        let part: Timeline = serde_json::from_value(answer.clone())?;
        if output.json {
            for item in answer["items"].as_array().into_iter().flatten() {
                say!("{item}");
            }
        } else {
            part.items.iter().for_each(|entry| print_entry(entry, &mut day, calls, output));
        }
        match part.next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(()),
        }
    }
}

fn print_entry(entry: &Entry, day: &mut String, calls: bool, output: &Output) {
    let today = entry.at.strftime("%A, %-d %B %Y").to_string();
    if *day != today {
        say!("{}{}", if day.is_empty() { "" } else { "\n" }, output.paint(Paint::Strong, &today));
        *day = today;
    }
    let (paint, mark) = look(entry.tone);
    let mut notes: Vec<String> = entry.connection.clone().into_iter().collect();
    if !entry.calls.is_empty() {
        let micros = entry.calls.iter().map(|call| call.micros).sum();
        let plural = if entry.calls.len() == 1 { "" } else { "s" };
        notes.push(format!("{} call{plural}, {}", entry.calls.len(), format::micros(micros)));
    }
    let notes =
        if notes.is_empty() { String::new() } else { output.paint(Paint::Soft, &format!("  [{}]", notes.join(", "))) };
    let clock = output.paint(Paint::Soft, &entry.at.strftime("%H:%M:%S").to_string());
    say!(
        "{clock} {} {}{notes}",
        output.paint(paint, mark),
        output.paint(if entry.tone == Tone::Plain { Paint::Soft } else { paint }, &entry.summary)
    );
    for gate in &entry.gates {
        let (paint, mark) = if gate.passed { (Paint::Good, "\u{2713}") } else { (Paint::Bad, "\u{2715}") };
        say!("           {} {}", output.paint(paint, mark), gate.name);
    }
    for call in entry.calls.iter().filter(|_| calls) {
        let outcome = call.status.map_or_else(|| call.error.clone().unwrap_or_default(), |status| status.to_string());
        say!("           {} {} {} {}", call.method, call.target, outcome, format::micros(call.micros));
    }
}

fn look(tone: Tone) -> (Paint, &'static str) {
    match tone {
        Tone::Good => (Paint::Good, "\u{25cf}"),
        Tone::Bad => (Paint::Bad, "\u{2715}"),
        Tone::Warn => (Paint::Warn, "\u{25b2}"),
        Tone::Money => (Paint::Money, "\u{25c6}"),
        Tone::Plain => (Paint::Soft, "\u{00b7}"),
    }
}
