//! The promised figures, each beside the limit that was measured in the same run.
//!
//! Lives here: what a plugin call costs (`calls.rs`), a conversion beside Extism's
//! (`transform.rs`), how long a plugin takes to serve (`load.rs`),
//! durable flows (`flows.rs`), a month of billing (`invoicing.rs`), idle connections (`idle.rs`) and what they are compared with (`reference.rs`, `disk.rs`), and the
//! table (`report.rs`). Never enters: a verdict. A figure is a ratio for a person to judge, because
//! absolute ones move from machine to machine.
//!
//! Each part runs as a process of its own, so that its peak memory is its own; so do the vendors.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it reports to a terminal")]

mod calls;
#[allow(missing_docs, reason = "the template's source, as it is")]
#[path = "../../../sdk/template-transform/src/card.rs"]
mod card;
mod disk;
mod flows;
mod house;
mod idle;
mod invoicing;
mod load;
mod memory;
mod reference;
mod report;
mod sandbox;
mod stats;
mod storm;
mod transform;
mod vendors;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Measures Quoin beside the limits of this machine.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Webhooks of the storm; the run at half of capacity takes as many again.
    #[arg(long, default_value_t = 400)]
    flows: u32,
    /// Webhooks in flight.
    #[arg(long, default_value_t = 16)]
    in_flight: u32,
    /// Prints JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// One part of the run, as a child of the whole.
    #[arg(long, hide = true)]
    part: Option<Part>,
    /// Folder of compiled components, shared by the parts.
    #[arg(long, hide = true)]
    compiled: Option<PathBuf>,
    /// What the compiling part reads and writes.
    #[arg(hide = true)]
    files: Vec<PathBuf>,
}

/// A part of the run.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Part {
    Compile,
    Load,
    Calls,
    Transform,
    Reference,
    Flows,
    Billing,
    Idle,
    Vendors,
}

/// Where things are, and how much to measure.
pub(crate) struct Setting {
    /// Cargo's target folder: components are there, and temporary files go there, so that flushes
    /// reach the disk the workspace is on.
    pub(crate) target: PathBuf,
    /// Compiled components.
    pub(crate) compiled: PathBuf,
    /// Webhooks.
    pub(crate) flows: u32,
    /// Webhooks in flight.
    pub(crate) in_flight: u32,
}

/// The same as the host's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let target = target_folder();
    let Some(part) = arguments.part else { return whole(&arguments, &target) };
    let compiled = arguments.compiled.unwrap_or_else(|| target.join("bench-compiled"));
    let setting = Setting { target, compiled, flows: arguments.flows.max(1), in_flight: arguments.in_flight.max(1) };
    match part {
        Part::Compile => compile(&arguments.files),
        Part::Load => print(&load::measure(&setting).await?),
        Part::Calls => print(&calls::measure(&setting).await?),
        Part::Transform => print(&transform::measure(&setting).await?),
        Part::Reference => print(&reference::measure(&setting).await?),
        Part::Flows => print(&flows::measure(&setting).await?),
        Part::Billing => print(&invoicing::measure()?),
        Part::Idle => print(&idle::measure(&setting).await?),
        Part::Vendors => vendors::serve().await,
    }
}

/// What the host's own worker does: one component into its code.
fn compile(files: &[PathBuf]) -> anyhow::Result<()> {
    let [component, compiled] = files else { bail!("compiling takes two files") };
    runtime::compile(component, compiled).map_err(anyhow::Error::msg)
}

fn print(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// Every part, one after the other, and the report.
fn whole(arguments: &Arguments, target: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(target)?;
    let compiled = tempfile::Builder::new().prefix("bench-compiled-").tempdir_in(target)?;
    let report = report::Report {
        load: child(arguments, Part::Load, compiled.path())?,
        calls: child(arguments, Part::Calls, compiled.path())?,
        conversions: child(arguments, Part::Transform, compiled.path())?,
        reference: child(arguments, Part::Reference, compiled.path())?,
        flows: child(arguments, Part::Flows, compiled.path())?,
        billing: child(arguments, Part::Billing, compiled.path())?,
        idle: child(arguments, Part::Idle, compiled.path())?,
    };
    if arguments.json {
        print(&report.to_json())
    } else {
        println!("{}", report.to_text());
        Ok(())
    }
}

fn child<T: DeserializeOwned>(arguments: &Arguments, part: Part, compiled: &Path) -> anyhow::Result<T> {
    let name = part.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    eprintln!("==> measuring: {name}");
    let output = Command::new(std::env::current_exe()?)
        .args([
            "--part",
            &name,
            "--flows",
            &arguments.flows.to_string(),
            "--in-flight",
            &arguments.in_flight.to_string(),
            "--compiled",
        ])
        .arg(compiled)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the part '{name}' failed; what it said stands above");
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("the part '{name}' printed no result"))
}

/// As Cargo has it, else the workspace's.
fn target_folder() -> PathBuf {
    let workspace = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(workspace, PathBuf::from)
}
