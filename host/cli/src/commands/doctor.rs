//! `quoin doctor`: each thing that must hold, in the order in which it matters.

use std::path::Path;
use std::process::ExitCode;

use api::page::Page;
use api::read::{ConnectionView, ExceptionView, PluginView};
use api::{Principal, Version};
use serde::Serialize;

use crate::arguments::TargetArguments;
use crate::client::Client;
use crate::output::{Output, Paint};
use crate::target;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    name: &'static str,
    ok: bool,
    detail: String,
}

impl Finding {
    fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, ok: true, detail: detail.into() }
    }

    fn bad(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, ok: false, detail: detail.into() }
    }
}

/// Looks at everything; exit code 1 when something is wrong.
pub async fn doctor(target: &TargetArguments, config: Option<&Path>, output: &Output) -> anyhow::Result<ExitCode> {
    let mut findings = Vec::new();
    if let Some(config) = config {
        findings.push(match daemon::check(config).await {
            Ok(facts) => Finding::good("configuration", facts.join("; ")),
            Err(error) => Finding::bad("configuration", error.to_string()),
        });
    }
    match target::resolve(target).and_then(Client::new) {
        Ok(client) => host(&client, &mut findings).await,
        Err(error) => findings.push(Finding::bad("client", format!("{error:#}"))),
    }
    let well = findings.iter().all(|finding| finding.ok);
    if output.json {
        output.print_json(&findings)?;
    } else {
        for finding in &findings {
            let mark =
                if finding.ok { output.paint(Paint::Good, "\u{2713}") } else { output.paint(Paint::Bad, "\u{2715}") };
            say!("{mark} {:<14} {}", finding.name, finding.detail);
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn host(client: &Client, findings: &mut Vec<Finding>) {
    match client.text("/livez").await {
        Ok(_) => findings.push(Finding::good("host", format!("answers at {}", client.url()))),
        Err(error) => {
            findings.push(Finding::bad("host", format!("{error:#}")));
            return;
        }
    }
    if let Ok((status, checks)) = client.text("/readyz?verbose").await {
        let told = checks.trim().replace('\n', "; ");
        findings.push(if status == 200 { Finding::good("ready", told) } else { Finding::bad("ready", told) });
    }
    findings.push(version(client).await);
    match client.get::<Principal>("/api/v1/whoami").await {
        Ok(who) => findings.push(Finding::good("token", format!("{} ({})", who.name, who.role))),
        Err(error) => {
            let error = error
                .downcast_ref::<api::Problem>()
                .map_or_else(|| format!("{error:#}"), |problem| format!("{}; {}", problem.detail, problem.hint));
            findings.push(Finding::bad("token", error));
            return;
        }
    }
    findings.extend(systems(client).await);
    if let Ok(page) = client.get::<Page<ExceptionView>>("/api/v1/exceptions").await {
        let count = page.items.len();
        findings.push(if count == 0 {
            Finding::good("exceptions", "nothing waits for a person")
        } else {
            Finding::bad("exceptions", format!("{count} wait for a person; `quoin exceptions` lists them"))
        });
    }
}

async fn version(client: &Client) -> Finding {
    let ours = env!("CARGO_PKG_VERSION");
    match client.get::<Version>("/version").await {
        Ok(theirs) if theirs.version == ours => {
            Finding::good("version", format!("{ours} here and there, plugin contract {}", theirs.contract))
        }
        Ok(theirs) => Finding::bad(
            "version",
            format!("this command is {ours}, the host is {}; use the same version", theirs.version),
        ),
        Err(error) => Finding::bad("version", format!("{error:#}")),
    }
}

async fn systems(client: &Client) -> Option<Finding> {
    let plugins: Page<PluginView> = client.get("/api/v1/plugins").await.ok()?;
    let connections: Page<ConnectionView> = client.get("/api/v1/connections").await.ok()?;
    let orphan =
        connections.items.iter().find(|connection| !plugins.items.iter().any(|plugin| plugin.id == connection.plugin));
    Some(match orphan {
        None => Finding::good(
            "systems",
            format!("{} connections, {} plugins", connections.items.len(), plugins.items.len()),
        ),
        Some(orphan) => Finding::bad(
            "systems",
            format!(
                "connection '{}' needs the plugin '{}', which is not loaded; `quoin plugin load` loads it",
                orphan.id, orphan.plugin
            ),
        ),
    })
}
