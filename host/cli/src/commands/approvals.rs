//! `quoin approvals`: documents that wait for somebody.

use api::handlers::approvals::Approvals;
use api::read::approvals::{ApprovalDetail, ApprovalView};
use comfy_table::Row;
use serde_json::{Value, json};

use crate::arguments::ApprovalCommand;
use crate::client::{Client, encode};
use crate::output::{Output, Paint, amount, trimmed};

/// Lists what waits, or decides about one document.
pub async fn approvals(client: &Client, command: Option<ApprovalCommand>, output: &Output) -> anyhow::Result<()> {
    let path = |id: &str, deed: &str| format!("/api/v1/approvals/{}{deed}", encode(id));
    match command {
        None => list(client, output).await,
        Some(ApprovalCommand::Show { document }) => {
            let detail: Value = client.get(&path(&document, "")).await?;
            if output.json {
                return output.print_json(&detail);
            }
            let detail: ApprovalDetail = serde_json::from_value(detail)?;
            match &detail.explanation {
                Some(explanation) => super::explain::print(explanation, true, output),
                None => discounts(&detail, output),
            }
            say!("\nwaits for {}", who(&detail.approval));
            Ok(())
        }
        Some(ApprovalCommand::Approve { document }) => {
            told(client.post(&path(&document, "/approve"), &json!({})).await?, "approved", output)
        }
        Some(ApprovalCommand::Reject { document, reason }) => {
            told(client.post(&path(&document, "/reject"), &json!({ "reason": reason })).await?, "rejected", output)
        }
    }
}

/// The discounts of a deal, line by line.
fn discounts(detail: &ApprovalDetail, output: &Output) {
    let title = format!("Discounts to {}, {}", detail.approval.customer, detail.approval.key);
    say!("{}", output.paint(Paint::Strong, &title));
    for figure in &detail.figures {
        say!("  {:>7}  {}: {}", figure.name, amount(&figure.amount), figure.because);
    }
}

async fn list(client: &Client, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.print_json(&client.get::<Value>("/api/v1/approvals").await?["items"]);
    }
    let waiting: Approvals = client.get("/api/v1/approvals").await?;
    if waiting.items.is_empty() {
        eprintln!("no document waits for an approval");
        return Ok(());
    }
    let mut table = output.table(&["DOCUMENT", "DEAL", "CUSTOMER", "WHAT", ">NET", "WAITS FOR", "DUE"]);
    for item in &waiting.items {
        let what = match (item.deed.as_str(), item.percent) {
            ("discount", Some(percent)) => format!("discount of {} %", percent.normalize()),
            ("credit", _) => "credit note".to_owned(),
            _ => "invoice".to_owned(),
        };
        table.add_row(Row::from(vec![
            item.document.clone(),
            item.key.clone(),
            item.customer.clone(),
            what,
            amount(&item.net),
            who(item),
            item.due.strftime("%Y-%m-%d %H:%M").to_string(),
        ]));
    }
    say!("{}", trimmed(&table));
    say!("{}", output.paint(Paint::Soft, "quoin approvals show DOCUMENT says where each amount comes from"));
    Ok(())
}

fn who(item: &ApprovalView) -> String {
    if item.roles.is_empty() { "nobody: beyond every limit".to_owned() } else { item.roles.join(" or ") }
}

fn told(answer: Value, word: &str, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.print_json(&answer);
    }
    let (document, key) = (answer["document"].as_str().unwrap_or(""), answer["key"].as_str().unwrap_or(""));
    say!("{word} {document}; `quoin timeline {key}` shows what becomes of it");
    Ok(())
}
