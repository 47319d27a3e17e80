//! `quoin plugin`, `quoin connections`

use std::path::{Path, PathBuf};

use anyhow::Context;
use api::page::Page;
use api::read::{ConnectionView, PluginView};
use comfy_table::Row;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::arguments::PluginCommand;
use crate::client::Client;
use crate::output::{Output, Paint, trimmed};

/// Lists or loads plugins.
pub async fn plugin(client: &Client, command: PluginCommand, output: &Output) -> anyhow::Result<()> {
    match command {
        PluginCommand::List => list(client, output).await,
        PluginCommand::Load { file, manifest } => load(client, &file, manifest, output).await,
    }
}

async fn list(client: &Client, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.print_json(&client.get::<Value>("/api/v1/plugins").await?["items"]);
    }
    let page: Page<PluginView> = client.get("/api/v1/plugins").await?;
    let mut table = output.table(&["PLUGIN", "VERSION", "COMPONENT", "POWERS", "SERVES", ">LOADED IN"]);
    for plugin in page.items {
        table.add_row(Row::from(vec![
            plugin.id,
            plugin.version,
            short(&plugin.digest),
            plugin.powers.join(", "),
            plugin.connections.join(", "),
            format!("{} ms{}", plugin.load_ms, if plugin.from_cache { " (cached)" } else { "" }),
        ]));
    }
    say!("{}", trimmed(&table));
    Ok(())
}

/// Loads a component into the running host.
pub async fn load(client: &Client, file: &Path, manifest: Option<PathBuf>, output: &Output) -> anyhow::Result<()> {
    let manifest = manifest.unwrap_or_else(|| file.with_file_name("connector.toml"));
    let component = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let text = std::fs::read_to_string(&manifest)
        .with_context(|| format!("{} cannot be read; name the manifest with --manifest", manifest.display()))?;
    let form = Form::new()
        .part("component", Part::bytes(component).file_name("component.wasm").mime_str("application/wasm")?)
        .part("manifest", Part::text(text).file_name("connector.toml").mime_str("application/toml")?);
    let answer = client.upload("/api/v1/plugins", form).await?;
    if output.json {
        return output.print_json(&answer);
    }
    let plugin: PluginView = serde_json::from_value(answer)?;
    say!(
        "{} {} {} is loaded and serves ({} ms)",
        output.paint(Paint::Good, "ok"),
        plugin.id,
        plugin.version,
        plugin.load_ms
    );
    Ok(())
}

/// Lists connected systems.
pub async fn connections(client: &Client, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.print_json(&client.get::<Value>("/api/v1/connections").await?["items"]);
    }
    let page: Page<ConnectionView> = client.get("/api/v1/connections").await?;
    let mut table = output.table(&["CONNECTION", "SYSTEM", "PLUGIN", "COMPONENT", "READS", "WRITES"]);
    for connection in page.items {
        let names = |wanted: fn(&api::read::platform::ObjectView) -> bool| {
            let names: Vec<&str> =
                connection.objects.iter().filter(|object| wanted(object)).map(|object| object.name.as_str()).collect();
            names.join(", ")
        };
        let (reads, writes) = (names(|object| object.read), names(|object| object.write));
        let plugin = format!("{} {}", connection.plugin, connection.version);
        table.add_row(Row::from(vec![
            connection.id.clone(),
            connection.system.clone(),
            plugin,
            short(&connection.digest),
            reads,
            writes,
        ]));
    }
    say!("{}", trimmed(&table));
    Ok(())
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
