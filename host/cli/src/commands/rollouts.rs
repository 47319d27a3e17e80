//! `quoin plugin list`, `canary`, `promote`, `rollback`, `pin`, `unpin`

use api::page::Page;
use api::read::rollouts::{RolloutView, VersionRow};
use comfy_table::Row;
use serde_json::{Value, json};

use super::plugins::short;
use crate::arguments::PluginCommand;
use crate::client::{Client, encode};
use crate::output::{Output, Paint, trimmed};

/// Lists plugins with their versions; transforms, which have one, below.
pub async fn list(client: &Client, output: &Output) -> anyhow::Result<()> {
    let loaded: Value = client.get("/api/v1/plugins").await?;
    if output.json {
        let rollouts: Value = client.get("/api/v1/rollouts").await?;
        return output.print_json(&json!({ "plugins": loaded["items"], "rollouts": rollouts["items"] }));
    }
    let page: Page<RolloutView> = client.get("/api/v1/rollouts").await?;
    let mut table = output.table(&[
        "PLUGIN",
        "VERSION",
        "STATE",
        "COMPONENT",
        "SERVES",
        ">CALLS",
        ">FAULTS",
        ">UNDER WAY",
        "STAGED",
    ]);
    for plugin in &page.items {
        for version in &plugin.versions {
            table.add_row(row(plugin, version));
        }
    }
    for plugin in loaded["items"].as_array().into_iter().flatten() {
        let text = |field: &str| plugin[field].as_str().unwrap_or_default().to_owned();
        if !page.items.iter().any(|known| known.plugin == text("id")) {
            let powers = plugin["powers"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let powers = powers.collect::<Vec<_>>().join(", ");
            let cells = vec![text("id"), text("version"), "serving".into(), short(&text("digest")), powers];
            table.add_row(Row::from(cells));
        }
    }
    say!("{}", trimmed(&table));
    page.items.iter().for_each(|plugin| remarks(plugin, output));
    Ok(())
}

fn row(plugin: &RolloutView, version: &VersionRow) -> Row {
    let canary = plugin.canary.as_ref().filter(|canary| canary.digest == version.digest);
    let state = match canary {
        Some(canary) if canary.share_percent > 0 => format!("canary {} %", canary.share_percent),
        _ => version.state.clone(),
    };
    Row::from(vec![
        plugin.plugin.clone(),
        version.version.clone(),
        state,
        short(&version.digest),
        version.connections.join(", "),
        version.calls.to_string(),
        version.faults.to_string(),
        version.in_flight.to_string(),
        format!("{:.0}", version.staged_at),
    ])
}

/// What the table has no room for.
fn remarks(plugin: &RolloutView, output: &Output) {
    let id = &plugin.plugin;
    if let Some(reason) = &plugin.barred {
        say!("{} {id}: {reason}", output.paint(Paint::Bad, "stopped"));
    }
    for (connection, version) in &plugin.pins {
        say!("   {id}: connection {connection} stays with {version}");
    }
    for version in &plugin.versions {
        if let Some(reason) = &version.reason {
            say!("   {id} {} ({}): {reason}", version.version, version.state);
        }
        if let Some(fault) = version.last_faults.first() {
            say!("   {id} {}, last fault at {}: {} {}", version.version, fault.at, fault.code, fault.message);
        }
    }
}

/// Takes a decision.
pub async fn decide(client: &Client, command: PluginCommand, output: &Output) -> anyhow::Result<()> {
    let (plugin, wanted) = match command {
        PluginCommand::Canary { plugin, version, share, connections, accept } => {
            let wanted = json!({
                "decide": "canary", "version": version, "share_percent": share, "connections": connections,
                "accept": accept,
            });
            (plugin, wanted)
        }
        PluginCommand::Promote { plugin, version, accept, require_shadow } => {
            let wanted = json!({
                "decide": "promote", "version": version, "accept": accept, "require_shadow": require_shadow,
            });
            (plugin, wanted)
        }
        PluginCommand::Rollback { plugin, reason } => (plugin, json!({ "decide": "rollback", "reason": reason })),
        PluginCommand::Pin { plugin, version, connection } => {
            (plugin, json!({ "decide": "pin", "version": version, "connection": connection }))
        }
        PluginCommand::Unpin { plugin, connection } => (plugin, json!({ "decide": "unpin", "connection": connection })),
        PluginCommand::List
        | PluginCommand::Load { .. }
        | PluginCommand::Record { .. }
        | PluginCommand::Shadow { .. } => return Ok(()),
    };
    let answer = client.post(&format!("/api/v1/rollouts/{}", encode(&plugin)), &wanted).await?;
    if output.json {
        return output.print_json(&answer);
    }
    let view: RolloutView = serde_json::from_value(answer)?;
    let serving = view.serving.as_deref().unwrap_or("no version");
    say!("{} {plugin}: {serving} serves", output.paint(Paint::Good, "ok"));
    if let Some(canary) = &view.canary {
        let mut on: Vec<String> = canary.connections.iter().cloned().collect();
        if canary.share_percent > 0 {
            on.push(format!("{} % of what is new", canary.share_percent));
        }
        say!("   {} is tried on {}", canary.version, on.join(", "));
    }
    let draining: Vec<&VersionRow> =
        view.versions.iter().filter(|version| version.in_flight > 0 && version.state != "serving").collect();
    for version in draining {
        say!("   {} still finishes {} calls", version.version, version.in_flight);
    }
    remarks(&view, output);
    Ok(())
}
