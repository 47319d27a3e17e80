//! `quoin deals`, `quoin deal`

use api::read::{Deal, DealDetail, StageState};
use comfy_table::{Cell, Row};
use serde_json::Value;

use crate::client::{Client, encode};
use crate::output::{Output, Paint, amount, trimmed};

/// Lists deals.
pub async fn deals(client: &Client, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.print_json(&client.all::<Value>("/api/v1/deals", None).await?);
    }
    let deals: Vec<Deal> = client.all("/api/v1/deals", None).await?;
    if deals.is_empty() {
        eprintln!("no deal yet; one appears when an accepted quote is seen in a connected system");
        return Ok(());
    }
    let mut table = output.table(&["KEY", "CUSTOMER", "DEAL", "STAGE", ">VALUE", ">OPEN CASES", "PROJECT"]);
    for deal in deals {
        let cases = if deal.open_exceptions > 0 { deal.open_exceptions.to_string() } else { String::new() };
        table.add_row(Row::from(vec![
            Cell::new(deal.key),
            Cell::new(deal.customer),
            Cell::new(deal.name),
            Cell::new(deal.stage.replace('_', " ")),
            Cell::new(deal.value.as_ref().map_or(String::new(), amount)),
            output.cell(Paint::Bad, &cases),
            Cell::new(deal.project_code.unwrap_or_default()),
        ]));
    }
    say!("{}", trimmed(&table));
    Ok(())
}

/// Shows one deal.
pub async fn deal(client: &Client, key: &str, output: &Output) -> anyhow::Result<()> {
    let path = format!("/api/v1/deals/{}", encode(key));
    if output.json {
        return output.print_json(&client.get::<Value>(&path).await?);
    }
    let detail: DealDetail = client.get(&path).await?;
    let deal = &detail.deal;
    say!("{}  {}, {}", output.paint(Paint::Strong, &deal.name), deal.customer, deal.key);
    say!("\n{}\n", stages(&detail, output));
    let mut figures = output.table(&["", ">", ""]);
    for figure in &detail.figures {
        figures.add_row(Row::from(vec![
            Cell::new(&figure.label),
            Cell::new(amount(&figure.value)),
            output.cell(Paint::Soft, &figure.source),
        ]));
    }
    say!("{}", trimmed(&figures).trim_start_matches('\n'));
    if let Some(hours) = &detail.hours {
        let told: Vec<String> = hours
            .rows
            .iter()
            .map(|row| format!("{} h {}", api::format::number(row.hours), row.label.to_lowercase()))
            .collect();
        let sum = if hours.conserved {
            output.paint(Paint::Good, "adds up")
        } else {
            output.paint(Paint::Bad, "does not add up")
        };
        say!("\n{} h approved: {} ({sum})", api::format::number(hours.approved), told.join(", "));
    }
    if !detail.invoices.is_empty() {
        let mut table = output.table(&["INVOICE", "ISSUED", "DUE", ">NET", ">TAX", ">GROSS", ">OPEN"]);
        for row in &detail.invoices {
            table.add_row(Row::from(vec![
                row.number.clone(),
                row.issued_on.to_string(),
                row.due_on.to_string(),
                amount(&row.net),
                amount(&row.tax),
                amount(&row.gross),
                amount(&row.open),
            ]));
        }
        say!("\n{}", trimmed(&table));
    }
    for exception in &detail.exceptions {
        say!("\n{} {}\n  {}", output.paint(Paint::Bad, "needs attention:"), exception.message, exception.suggestion);
    }
    Ok(())
}

/// `● Sold  ● Checked  ◌ Paid`: the wheel on one line.
fn stages(detail: &DealDetail, output: &Output) -> String {
    let told = detail.stages.iter().map(|stage| match stage.state {
        StageState::Done => output.paint(Paint::Good, &format!("\u{25cf} {}", stage.label)),
        StageState::Current => output.paint(Paint::Strong, &format!("\u{25d4} {}", stage.label)),
        StageState::Blocked => output.paint(Paint::Bad, &format!("\u{2715} {}", stage.label)),
        StageState::Ahead => output.paint(Paint::Soft, &format!("\u{25cb} {}", stage.label)),
    });
    told.collect::<Vec<_>>().join("  ")
}
