//! Every developer command: `cargo xtask <command>`.
//!
//! Lives here: building plugins, running tests and checks, the demonstration, the laws as code.
//! Never enters: knowledge of the business.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its terminal")]

mod cargo;
mod check;
mod plugins;
mod sdk;
mod test;
mod tidy;
mod wasm_target;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Quoin's developer commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A first look: builds everything, starts the vendor simulators, plays the scenario with a
    /// visible timeline, and leaves the console open.
    Demo {
        /// Exit when the scenario is over; non-zero if any figure is wrong.
        #[arg(long)]
        once: bool,
        /// Write what was checked as JSON.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// The connected ERP: netsuite (simulated) or tryton (a real one, from PyPI).
        #[arg(long, value_name = "NAME")]
        erp: Option<String>,
    },
    /// Every test that a fresh machine can run.
    Test {
        /// Only tests, stories, rows and guests whose name contains this; fails when there is none.
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// Afterwards the laws of billing once more over 100,000 random histories, in release.
        #[arg(long)]
        nightly: bool,
    },
    /// Format, lints, laws and fast tests.
    Check,
    /// Builds every connector and test guest for Wasm.
    Plugins,
    /// The promised figures, as ratios against references of the same run.
    Bench {
        /// Handed to the bench: see `cargo xtask bench -- --help`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// The laws of the house alone.
    Tidy,
    /// Writes the canonical objects of the JavaScript and Python SDKs anew, from the schemas.
    Sdk,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo { once, report, erp } => demo(once, report, erp),
        Command::Test { only, nightly } => {
            test::run(only.as_deref()).and_then(|()| if nightly { test::nightly() } else { Ok(()) })
        }
        Command::Check => check::run(),
        Command::Plugins => plugins::build(),
        Command::Bench { arguments } => bench(&arguments),
        Command::Tidy => tidy::run(),
        Command::Sdk => sdk::write(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn demo(once: bool, report: Option<PathBuf>, erp: Option<String>) -> anyhow::Result<()> {
    plugins::build()?;
    cargo::step("building the host and the simulators");
    cargo::cargo(&["build", "--quiet", "--workspace", "--bins"])?;
    let mut arguments =
        vec!["run".to_owned(), "--quiet".to_owned(), "--package".to_owned(), "scenario".to_owned(), "--".to_owned()];
    if once {
        arguments.push("--once".to_owned());
    }
    if let Some(report) = report {
        let report = std::path::absolute(report)?;
        arguments.extend(["--report".to_owned(), report.display().to_string()]);
    }
    if let Some(erp) = erp {
        arguments.extend(["--erp".to_owned(), erp]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    cargo::cargo(&arguments)
}

fn bench(arguments: &[String]) -> anyhow::Result<()> {
    plugins::build()?;
    extism();
    cargo::step("building the bench in release");
    let mut run = vec!["run", "--release", "--quiet", "--package", "bench", "--"];
    run.extend(arguments.iter().map(String::as_str));
    cargo::cargo(&run)
}

/// What the conversion is compared with, in a workspace of its own: it brings a wasmtime of its own. Where it cannot
/// be built, the bench says so and goes without.
fn extism() {
    cargo::step("building Extism and its plugin, which stand beside our conversions");
    let folder = cargo::root().join("tests/bench/extism");
    let build = |arguments: &[&str]| {
        let mut command = cargo::command();
        command.current_dir(&folder).env("CARGO_TARGET_DIR", cargo::target().join("extism"));
        // Extism's wasmtime asks for a compiler one release newer than ours, and does without.
        command.args(["build", "--quiet", "--locked", "--ignore-rust-version"]).args(arguments);
        command.status().is_ok_and(|status| status.success())
    };
    // The plugin's target comes from rustup alone; a failure shows in the build.
    let _added = std::process::Command::new("rustup").args(["target", "add", EXTISM_TARGET]).status();
    let built = build(&["--release", "--package", "extism-host"])
        && build(&["--profile", "plugin", "--target", EXTISM_TARGET, "--package", "extism-plugin"]);
    if !built {
        cargo::step("Extism could not be built; see above. The bench goes without it");
    }
}

/// What Extism's plugins are built for.
const EXTISM_TARGET: &str = "wasm32-unknown-unknown";
