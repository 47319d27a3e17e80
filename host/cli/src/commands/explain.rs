//! `quoin invoice NUMBER --explain`: why each amount is on an invoice.

use api::format;
use api::read::explanation::{ExplainedLine, Explanation, InvoiceExplanation, trail};
use serde_json::Value;

use crate::client::{Client, encode};
use crate::output::{Output, Paint, amount};

/// Explains an invoice, or one line of it.
pub async fn explain(client: &Client, number: &str, line: Option<&str>, output: &Output) -> anyhow::Result<()> {
    if !output.json && line.is_none() {
        super::invoice::invoice(client, number, output).await?;
    }
    let line = line.map_or(String::new(), |line| format!("?line={}", encode(line)));
    let path = format!("/api/v1/invoices/{}/explanation{line}", encode(number));
    if output.json {
        return output.print_json(&client.get::<Value>(&path).await?);
    }
    let explained: InvoiceExplanation = client.get(&path).await?;
    print(&explained.explanation, line.is_empty(), output);
    Ok(())
}

/// Prints an explanation, with the document's totals where wanted.
pub fn print(explanation: &Explanation, totals: bool, output: &Output) {
    for line in &explanation.lines {
        told(line, output);
    }
    if !totals {
        return;
    }
    say!("\n{}", output.paint(Paint::Strong, "Totals"));
    for figure in &explanation.totals {
        say!("  {:>7}  {}: {}", figure.name, amount(&figure.amount), figure.because);
    }
    if let Some(approved) = &explanation.approved {
        say!("\nApproved by {} as {}, {}", approved.by, approved.role, format::absolute(approved.at));
    }
}

fn told(line: &ExplainedLine, output: &Output) {
    let title = format!("Line {}  {}  {}", line.id, line.description, amount(&line.net));
    say!("\n{}", output.paint(Paint::Strong, &title));
    let (count, exact) = (line.parts.len(), format::price(line.exact));
    let contract = line.contract.as_ref().map_or(String::new(), |contract| format!(" of {contract}"));
    let of = format!("contract line {}{contract}", line.contract_line);
    say!("  {count} amounts, exactly {exact} together, rounded once (RD3); {of}");
    for part in &line.parts {
        let amounts = format!("{} (exactly {})", format::price(part.net), format::price(part.amount));
        say!("\n  {}  {amounts}", output.paint(Paint::Strong, &part.what));
        for reason in trail(part) {
            say!("    {} {}", output.paint(Paint::Soft, &format!("{:<10}", reason.label)), reason.text);
        }
    }
    if !line.missing.is_empty() {
        let text = format!("  {} of its billing events are not in the account", line.missing.len());
        say!("{}", output.paint(Paint::Warn, &text));
    }
}
