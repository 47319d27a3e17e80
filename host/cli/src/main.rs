//! The `quoin` command: runs a host, and looks after its configuration and secrets.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its terminal")]

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Quoin keeps quotes, projects, time and invoices in step.
#[derive(Parser)]
#[command(name = "quoin", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the host.
    Serve {
        /// Configuration file.
        #[arg(long, env = "QUOIN_CONFIG", default_value = "quoin.toml")]
        config: PathBuf,
    },
    /// Look after secrets.
    Secret {
        #[command(subcommand)]
        command: SecretCommand,
    },
}

#[derive(Subcommand)]
enum SecretCommand {
    /// Store a secret; its value is read from standard input.
    Set {
        /// `<connection>/<slot>/<part>`, such as `erp/api/private_key`.
        name: String,
        /// Configuration file of the host.
        #[arg(long, env = "QUOIN_CONFIG", default_value = "quoin.toml")]
        config: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve { config } => {
            daemon::log_to_stderr();
            daemon::serve(&config, |address| println!("serving at http://{address}")).await?;
        }
        Command::Secret { command: SecretCommand::Set { name, config } } => {
            let mut value = Vec::new();
            std::io::stdin().read_to_end(&mut value)?;
            daemon::secret_set(&config, &name, value).await?;
        }
    }
    Ok(())
}
