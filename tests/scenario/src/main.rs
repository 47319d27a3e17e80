//! Plays the acceptance script and says what came of it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it reports to a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use scenario::{ErpChoice, Report, Stage, StageOptions, script};

/// A closed-won quote becomes a posted, paid invoice.
#[derive(Parser)]
struct Arguments {
    /// Exit when the script is over; non-zero if any figure is wrong.
    #[arg(long)]
    once: bool,
    /// Write what was checked as JSON.
    #[arg(long)]
    report: Option<PathBuf>,
    /// The connected ERP.
    #[arg(long, value_enum, default_value_t)]
    erp: ErpChoice,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<bool> {
    println!("starting the vendor simulators and the host");
    let mut stage = Stage::set(StageOptions::from_workspace().with_erp(arguments.erp)).await?;
    println!("the host serves at {}\n", stage.api.url);
    let mut report = script::happy_path(&mut stage).await?;
    let march_ms = report.wall_ms;
    script::april(&mut stage, &mut report).await?;
    let report = report.finish();
    println!(
        "\n{} checks, {} wrong; the script to the first payment took {march_ms} ms",
        report.checks.len(),
        report.failures().len()
    );
    if let Some(path) = &arguments.report {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    summary(&report);
    if !arguments.once {
        println!("\nThe console is open at {}/console?token={}\nPress Ctrl-C to stop.", stage.api.url, stage.token());
        tokio::signal::ctrl_c().await?;
    }
    Ok(report.ok)
}

fn summary(report: &Report) {
    for failure in report.failures() {
        println!("wrong: {failure}");
    }
    for (system, counts) in &report.ledgers {
        println!("committed in {system}: {counts}");
    }
}
