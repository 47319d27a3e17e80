//! Logs and metrics out.
//!
//! Lives here: the exporters and their set-up. Never enters: the names of signals (each room owns
//! its own), personal data.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Sends logs to standard error: as JSON for machines, or as lines for people. `QUOIN_LOG` sets
/// levels in the syntax of `tracing_subscriber::EnvFilter`; without it, `info`, and of single requests
/// to vendors only what went wrong.
pub fn log_to_stderr(json: bool) {
    let filter = EnvFilter::try_from_env("QUOIN_LOG").unwrap_or_else(|_| EnvFilter::new("info,egress=warn"));
    let registry = tracing_subscriber::registry().with(filter);
    let writer = std::io::stderr;
    // A second call (tests start several hosts in one process) keeps the first set-up.
    let _already_set = if json {
        registry.with(tracing_subscriber::fmt::layer().json().with_writer(writer)).try_init()
    } else {
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(writer)
                    .with_target(false)
                    .with_ansi(std::io::stderr().is_terminal()),
            )
            .try_init()
    };
}

/// Counters and histograms in the Prometheus text format.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts collecting; `None` when another part of the process collects already.
    pub fn install() -> Option<Self> {
        PrometheusBuilder::new().install_recorder().ok().map(Self)
    }

    /// What `/metrics` answers.
    pub fn render(&self) -> String {
        self.0.render()
    }
}
