//! The `quoin` command: runs a host, looks after its configuration and secrets, and reads and asks
//! what the API offers.
//!
//! Lives here: arguments, words, tables. Never enters: a power the API lacks, a second copy of a
//! rule. Data goes to standard output, talk to standard error; exit code 0 is done, 1 is an error,
//! 2 is a command line that cannot be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its terminal")]

#[macro_use]
mod output;
mod arguments;
mod author;
mod client;
mod commands;
mod follow;
mod registry;
mod target;

use std::process::ExitCode;

use api::Problem;
use clap::Parser;

use arguments::{Arguments, Command};
use author::arguments::AuthorCommand;
use client::Client;
use output::Output;
use registry::arguments::ShopCommand;

/// JSON in many small pieces on two kinds of threads: the C library's allocator costs a fifth of
/// the processor there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json);
    match run(arguments, &output).await {
        Ok(code) => code,
        Err(error) => {
            tell(&error, &output);
            ExitCode::FAILURE
        }
    }
}

/// Says what went wrong, and what to do about it where the host said so.
fn tell(error: &anyhow::Error, output: &Output) {
    let problem = error.downcast_ref::<Problem>();
    if output.json {
        let body = problem.map_or_else(
            || serde_json::json!({ "detail": format!("{error:#}") }),
            |problem| serde_json::json!(problem),
        );
        eprintln!("{body}");
        return;
    }
    match problem {
        None => eprintln!("error: {error:#}"),
        Some(problem) => {
            eprintln!("error: {} ({})", problem.detail, problem.code);
            for field in problem.errors.iter().filter(|field| field.detail != problem.detail) {
                eprintln!("  {}: {}", field.pointer, field.detail);
            }
            eprintln!("hint: {}", problem.hint);
        }
    }
}

async fn run(arguments: Arguments, output: &Output) -> anyhow::Result<ExitCode> {
    let target = arguments.target;
    let client = || Client::new(target::resolve(&target)?);
    match arguments.command {
        Command::Serve { config } => commands::host::serve(&config).await?,
        Command::Compile { component, compiled } => commands::host::compile(&component, &compiled)?,
        Command::Check { connector: Some(connector), .. } => author::check(&connector, output).await?,
        Command::Check { connector: None, config } => commands::host::check(&config, output).await?,
        Command::Secret { command } => commands::host::secret(command).await?,
        Command::Policy { command } => commands::policy::policy(command, output)?,
        Command::Process { command } => commands::host::process(command, output)?,
        Command::Deals => commands::deals::deals(&client()?, output).await?,
        Command::Deal { key } => commands::deals::deal(&client()?, &key, output).await?,
        Command::Timeline { number, calls } => commands::timeline::timeline(&client()?, &number, calls, output).await?,
        Command::Events(wanted) => commands::events::events(&client()?, &wanted, output).await?,
        Command::Invoice { number, explain, line, command } => match (command, number.unwrap_or_default()) {
            (Some(command), _) => commands::invoice::files(&client()?, command).await?,
            (None, number) if explain => {
                commands::explain::explain(&client()?, &number, line.as_deref(), output).await?;
            }
            (None, number) => commands::invoice::invoice(&client()?, &number, output).await?,
        },
        Command::Approvals { command } => commands::approvals::approvals(&client()?, command, output).await?,
        Command::Contract { command } => commands::contract::contract(&client()?, command, output).await?,
        Command::Conservation { contract, recompute } => {
            return commands::conservation::conservation(&client()?, contract.as_deref(), recompute, output).await;
        }
        Command::Reconcile { from, to, command } => {
            return commands::reconcile::reconcile(&client()?, from.zip(to), command, output).await;
        }
        Command::Exceptions { all, command } => {
            commands::exceptions::exceptions(&client()?, all, command, output).await?
        }
        Command::Plugin { command } => commands::plugins::plugin(&client()?, command, output).await?,
        Command::Connections => commands::plugins::connections(&client()?, output).await?,
        Command::Connection { command } => commands::plugins::connection(&client()?, command, output).await?,
        Command::Billing { command } => commands::billing::billing(&client()?, command, output).await?,
        Command::Clock { command } => commands::clock::clock(&client()?, command, output).await?,
        Command::Author(mut command) => {
            if let AuthorCommand::Dev { target: host, .. } = &mut command {
                *host = target;
            }
            return author::author(command, output).await;
        }
        Command::Shop(mut command) => {
            if let ShopCommand::Install(wanted) = &mut command {
                wanted.target = target;
            }
            return registry::shop(command, output).await;
        }
        Command::Registry { command } => return registry::registry(command, output).await,
        Command::Doctor { config } => return commands::doctor::doctor(&target, config.as_deref(), output).await,
    }
    Ok(ExitCode::SUCCESS)
}
