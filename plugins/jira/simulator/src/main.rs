//! Simulator of Jira Cloud.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    quoin_simulator::run("jira", simulator_jira::build).await
}
