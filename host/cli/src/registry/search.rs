//! `quoin search`

use comfy_table::Row;
use serde::Deserialize;
use serde_json::Value;

use super::client::{Attention, Client};
use crate::client::encode;
use crate::output::{Output, Paint, trimmed};

#[derive(Deserialize)]
struct Answer {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    plugin: String,
    version: String,
    description: Option<String>,
    attention: Attention,
}

/// Looks for plugins.
pub async fn search(client: &Client, words: &str, output: &Output) -> anyhow::Result<()> {
    let path = format!("/api/v1/plugins?q={}", encode(words));
    if output.json {
        return output.print_json(&client.get::<Value>(&path).await?["items"]);
    }
    let answer: Answer = client.get(&path).await?;
    if answer.items.is_empty() {
        eprintln!("{} has no plugin that fits; `quoin search` lists all", client.url());
        return Ok(());
    }
    let mut table = output.table(&["PLUGIN", "VERSION", "WHAT IT DOES", ""]);
    for item in answer.items {
        let mut row = Row::from(vec![item.plugin, item.version, item.description.unwrap_or_default()]);
        row.add_cell(output.cell(Paint::Warn, item.attention.deprecated.as_deref().unwrap_or_default()));
        table.add_row(row);
    }
    say!("{}", trimmed(&table));
    Ok(())
}
