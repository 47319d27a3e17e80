//! `quoin invoice`

use std::path::Path;

use anyhow::Context;
use api::format;
use api::read::InvoiceDetail;
use comfy_table::Row;
use quoin_canonical::{InvoiceType, Money};
use serde_json::Value;

use crate::arguments::InvoiceCommand;
use crate::client::{Client, encode};
use crate::output::{Output, Paint, amount, trimmed};

/// Shows an invoice.
pub async fn invoice(client: &Client, number: &str, output: &Output) -> anyhow::Result<()> {
    let path = format!("/api/v1/invoices/{}", encode(number));
    if output.json {
        return output.print_json(&client.get::<Value>(&path).await?);
    }
    let detail: InvoiceDetail = client.get(&path).await?;
    print_head(&detail, output);
    let mut lines = output.table(&["LINE", "SERVICE", ">QUANTITY", ">PRICE", ">NET"]);
    for line in &detail.invoice.lines {
        lines.add_row(Row::from(vec![
            line.id.clone(),
            line.description.clone(),
            format::number(line.quantity.value),
            format::amount(&Money::new(line.unit_price, detail.invoice.currency)),
            amount(&line.net),
        ]));
    }
    say!("\n{}\n", trimmed(&lines));
    print_totals(&detail, output);
    Ok(())
}

/// Writes an invoice as a file.
pub async fn files(client: &Client, command: InvoiceCommand) -> anyhow::Result<()> {
    match command {
        InvoiceCommand::Export { number, format, out } => {
            let path = format!("/api/v1/invoices/{}/export?format={}", encode(&number), encode(&format));
            let bytes = client.bytes(&path).await?;
            match out {
                Some(out) => keep(&out, &bytes),
                None => {
                    say!("{}", String::from_utf8_lossy(&bytes).trim_end());
                    Ok(())
                }
            }
        }
        InvoiceCommand::Evidence { number, out } => {
            let bytes = client.bytes(&format!("/api/v1/invoices/{}/evidence", encode(&number))).await?;
            keep(&out, &bytes)
        }
    }
}

fn keep(out: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(out, bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    eprintln!("{} bytes written to {}", bytes.len(), out.display());
    Ok(())
}

fn print_head(detail: &InvoiceDetail, output: &Output) {
    let invoice = &detail.invoice;
    let title = match invoice.kind {
        InvoiceType::Invoice => "Invoice",
        InvoiceType::CreditNote => "Credit note",
        InvoiceType::Prepayment => "Prepayment invoice",
    };
    let status = serde_json::to_value(detail.status)
        .ok()
        .and_then(|status| status.as_str().map(|status| status.replace('_', " ")));
    say!("{}  {}", output.paint(Paint::Strong, &format!("{title} {}", detail.number)), status.unwrap_or_default());
    say!("{} to {}, contract {}", invoice.seller_name, invoice.buyer.name, invoice.contract_number);
    if !detail.contracts.is_empty() {
        say!("bills {}", detail.contracts.join(", "));
    }
    say!("issued {}, due {}", invoice.issued_on, invoice.due_on);
}

fn print_totals(detail: &InvoiceDetail, output: &Output) {
    let mut table = output.table(&["", ">"]);
    let mut row = |label: &str, money: &Money| {
        table.add_row(Row::from(vec![label.to_owned(), amount(money)]));
    };
    row("Net", &detail.invoice.totals.net);
    for tax in &detail.invoice.tax {
        let rate = tax.rate_percent.map_or(String::new(), |rate| format!(" {} %", format::number(rate)));
        row(&format!("VAT{rate} ({:?})", tax.category), &tax.tax);
    }
    row("Total", &detail.invoice.totals.gross);
    row("Open", &detail.open);
    say!("{}", trimmed(&table).trim_start_matches('\n'));
}
