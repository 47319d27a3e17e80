//! Simulator of Kantata OX.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    quoin_simulator::run("kantata", simulator_kantata::build).await
}
