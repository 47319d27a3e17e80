//! `quoin plugin`, `quoin connections`, `quoin connection`

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use api::page::Page;
use api::read::{ConnectionView, PluginView};
use comfy_table::Row;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::{rollouts, shadow};
use crate::arguments::{ConnectionCommand, PluginCommand};
use crate::client::{Client, encode};
use crate::output::{Output, Paint, trimmed};

/// Lists plugins, loads them, and decides which version serves whom.
pub async fn plugin(client: &Client, command: PluginCommand, output: &Output) -> anyhow::Result<()> {
    match command {
        PluginCommand::List => rollouts::list(client, output).await,
        PluginCommand::Load { file, manifest, stage, accept } => {
            load(client, &Upload { file: &file, manifest, stage, accept }, output).await
        }
        PluginCommand::Record { plugin, calls } => shadow::record(client, &plugin, calls, output).await,
        PluginCommand::Shadow { plugin, version, approve } => {
            shadow::shadow(client, &plugin, version.as_deref(), approve, output).await
        }
        other => rollouts::decide(client, other, output).await,
    }
}

/// A component to load.
pub struct Upload<'a> {
    /// The component.
    pub file: &'a Path,
    /// Its manifest; `connector.toml` beside it when not given.
    pub manifest: Option<PathBuf>,
    /// Only make it ready.
    pub stage: bool,
    /// Take a version that asks for more.
    pub accept: bool,
}

/// Loads a component into the running host.
pub async fn load(client: &Client, upload: &Upload<'_>, output: &Output) -> anyhow::Result<()> {
    let file = upload.file;
    let manifest = upload.manifest.clone().unwrap_or_else(|| file.with_file_name("connector.toml"));
    let component = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let text = std::fs::read_to_string(&manifest)
        .with_context(|| format!("{} cannot be read; name the manifest with --manifest", manifest.display()))?;
    let form = Form::new()
        .part("component", Part::bytes(component).file_name("component.wasm").mime_str("application/wasm")?)
        .part("manifest", Part::text(text).file_name("connector.toml").mime_str("application/toml")?);
    let path = format!("/api/v1/plugins?stage={}&accept={}", upload.stage, upload.accept);
    let began = Instant::now();
    let answer = client.upload(&path, form).await?;
    let took = began.elapsed().as_millis();
    if output.json {
        return output.print_json(&answer);
    }
    let plugin: PluginView = serde_json::from_value(answer)?;
    for step in &plugin.steps {
        say!("   {:<22} {:>9.1} ms", step.step, step.micros as f64 / 1_000.0);
    }
    let (good, then) =
        (output.paint(Paint::Good, "ok"), if upload.stage { "is ready" } else { "is loaded and serves" });
    let from = if plugin.from_cache { ", from the cache" } else { "" };
    say!(
        "{good} {} {} {then} ({} ms{from}; {took} ms with the way there and the record)",
        plugin.id,
        plugin.version,
        plugin.load_ms
    );
    if upload.stage {
        say!("   try it: quoin plugin canary {} {} --share 10", plugin.id, plugin.version);
    }
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

/// Asks one connected system.
pub async fn connection(client: &Client, command: ConnectionCommand, output: &Output) -> anyhow::Result<()> {
    let (name, question) = match &command {
        ConnectionCommand::Check { name } => (name, "check"),
        ConnectionCommand::Discover { name } => (name, "discover"),
    };
    let answer = client.post(&format!("/api/v1/connections/{}/{question}", encode(name)), &json!({})).await?;
    if output.json || matches!(command, ConnectionCommand::Discover { .. }) {
        return output.print_json(&answer);
    }
    let texts = |field: &str| answer[field].as_array().cloned().unwrap_or_default();
    let account = answer["account"].as_str().unwrap_or("an account that it does not name");
    say!("{} {name} answers; we are {account}", output.paint(Paint::Good, "ok"));
    for scope in texts("scopes").iter().filter_map(Value::as_str) {
        say!("   may: {scope}");
    }
    for warning in texts("warnings").iter().filter_map(Value::as_str) {
        say!("{} {warning}", output.paint(Paint::Warn, "missing:"));
    }
    Ok(())
}

pub(super) fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
