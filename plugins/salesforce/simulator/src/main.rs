//! The simulator as a process. See `README.md` beside it for its options and actions.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    quoin_simulator::run("salesforce", simulator_salesforce::build).await
}
