//! `quoin reconcile`

use std::process::ExitCode;

use anyhow::Context;
use api::read::reconciliation::FindingsView;
use comfy_table::Row;
use quoin_canonical::Date;
use serde_json::{Value, json};

use crate::arguments::ReconcileCommand;
use crate::client::{Client, encode};
use crate::output::{Output, Paint, trimmed};

/// Seconds to wait for the systems in one request; asked again until they answered.
const WAIT_SECONDS: u32 = 60;

/// Requests until it is given up: systems that answer slower than this are down.
const WAITS: u32 = 10;

/// Compares with the connected systems, or repairs one difference. Exit code 1 when there is one.
pub async fn reconcile(
    client: &Client,
    period: Option<(Date, Date)>,
    command: Option<ReconcileCommand>,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    if let Some(ReconcileCommand::Apply { id }) = command {
        let answer = client.post(&format!("/api/v1/drifts/{}/apply", encode(&id)), &json!({})).await?;
        if output.json {
            output.print_json(&answer)?;
        } else {
            let key = answer["key"].as_str().unwrap_or("");
            say!("asked for the repair of {id}; `quoin timeline {key}` shows what becomes of it");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (from, to) = period.context("give the period with --from and --to")?;
    let answer = client.post("/api/v1/reconciliations", &json!({"from": from, "to": to})).await?;
    let run = answer["run"].as_str().context("the host named no run")?;
    let found = wait(client, run).await?;
    if output.json {
        output.print_json(&found)?;
    } else {
        print(&serde_json::from_value(found.clone())?, output);
    }
    Ok(if found["clean"] == true { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn wait(client: &Client, run: &str) -> anyhow::Result<Value> {
    let path = format!("/api/v1/reconciliations/{}?wait_seconds={WAIT_SECONDS}", encode(run));
    let mut last = None;
    for _ in 0..WAITS {
        match client.get::<Value>(&path).await {
            Ok(found) => return Ok(found),
            Err(error) => match error.downcast::<api::Problem>() {
                Ok(problem) if problem.code == "reconciliation-not-found" => last = Some(problem),
                Ok(problem) => return Err(problem.into()),
                Err(error) => return Err(error),
            },
        }
    }
    Err(last.map_or_else(|| anyhow::anyhow!("the systems did not answer"), Into::into))
}

fn print(view: &FindingsView, output: &Output) {
    let findings = &view.findings;
    let told = if view.clean {
        output.paint(Paint::Good, "nothing differs")
    } else {
        output.paint(Paint::Bad, &format!("{} differ", findings.drifts.len()))
    };
    say!("{} records compared, {} to {}: {told}", findings.compared, findings.from, findings.to);
    if !findings.drifts.is_empty() {
        let mut table =
            output.table(&["ID", "DEAL", "SYSTEM", "RECORD", "FIELD", "OURS", "THEIRS", "OWNER", "PROPOSAL"]);
        for drift in &findings.drifts {
            table.add_row(Row::from(vec![
                drift.id.to_string(),
                drift.key.clone(),
                drift.connection.clone(),
                format!("{} {}", drift.object, drift.external),
                drift.field.clone(),
                drift.ours.clone(),
                drift.theirs.clone(),
                format!("{} ({})", drift.owner, drift.team),
                drift.proposal.words().to_owned(),
            ]));
        }
        say!("\n{}", trimmed(&table));
        say!("\n{}", output.paint(Paint::Soft, "`quoin reconcile apply ID` does what is proposed"));
    }
    for reason in &findings.unreachable {
        say!("{} {reason}", output.paint(Paint::Warn, "not compared:"));
    }
}
