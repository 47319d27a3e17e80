//! `quoin plugin record`, `quoin plugin shadow`

use ports::{ShadowDifference, ShadowReport, ShadowStatus};
use serde_json::{Value, json};

use crate::client::{Client, encode};
use crate::output::{Output, Paint};

/// What is shown of a differing value, characters.
const SHOWN_CHARS: usize = 60;

/// Records the next calls.
pub async fn record(client: &Client, plugin: &str, calls: u32, output: &Output) -> anyhow::Result<()> {
    let path = format!("/api/v1/rollouts/{}/recording", encode(plugin));
    let answer = client.post(&path, &json!({ "calls": calls })).await?;
    if output.json {
        return output.print_json(&answer);
    }
    say!(
        "{} the next {calls} calls of each connection of {plugin} are kept in the host's memory",
        output.paint(Paint::Good, "ok")
    );
    say!("   compare then: quoin plugin shadow {plugin} VERSION");
    Ok(())
}

/// Compares versions by what was recorded, takes the differences, or shows the latest comparison.
pub async fn shadow(
    client: &Client,
    plugin: &str,
    version: Option<&str>,
    approve: bool,
    output: &Output,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/rollouts/{}/shadow", encode(plugin));
    let Some(version) = version else {
        let answer: Value = client.get(&path).await?;
        if output.json {
            return output.print_json(&answer);
        }
        let status: ShadowStatus = serde_json::from_value(answer)?;
        say!("{} calls of {plugin} are recorded, {} are still to come", status.recorded, status.to_come);
        status.report.iter().for_each(|report| told(report, output));
        return Ok(());
    };
    let answer = client.post(&path, &json!({ "version": version, "approve": approve })).await?;
    if output.json {
        return output.print_json(&answer);
    }
    told(&serde_json::from_value(answer)?, output);
    Ok(())
}

fn told(report: &ShadowReport, output: &Output) {
    let ShadowReport { plugin, baseline, candidate, calls, skipped, differing, .. } = report;
    let word = match differing {
        0 => output.paint(Paint::Good, "the same"),
        _ => output.paint(Paint::Warn, "differs"),
    };
    say!(
        "{word} {plugin} {candidate} beside {baseline}: {differing} of {calls} calls differ, {skipped} could not be compared"
    );
    for change in &report.money {
        say!("   {}: {} instead of {} ({})", change.currency, change.candidate, change.baseline, change.change);
    }
    report.differences.iter().for_each(line);
    match (&report.approved_by, differing) {
        (Some(by), _) => say!("   approved by {by}"),
        (None, 0) => {}
        (None, _) => say!("   take it: quoin plugin shadow {plugin} {candidate} --approve"),
    }
}

fn line(difference: &ShadowDifference) {
    let ShadowDifference { connection, call, of, path, .. } = difference;
    say!("   {connection} {call}, {of} {path}: {} -> {}", shown(&difference.baseline), shown(&difference.candidate));
}

fn shown(value: &Option<Value>) -> String {
    let text = value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
