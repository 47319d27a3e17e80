//! `simulator-netsuite`: the simulated account as a process. See `README.md`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    quoin_simulator::run("netsuite", simulator_netsuite::build).await
}
