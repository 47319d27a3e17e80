//! `quoin registry serve`

use std::sync::Arc;

use anyhow::Context;
use quoin_registry::access::Anonymous;
use quoin_registry::{Settings, Worker};

use super::arguments::{AnonymousArgument, ServeArguments};

/// Runs a registry until it is told to stop.
pub async fn serve(wanted: ServeArguments) -> anyhow::Result<()> {
    daemon::log_to_stderr();
    let component_bytes_max = wanted.max_component_mib.saturating_mul(1 << 20);
    let settings = Settings {
        public_url: wanted.public_url,
        anonymous: match wanted.anonymous {
            AnonymousArgument::None => Anonymous::None,
            AnonymousArgument::Pull => Anonymous::Pull,
            AnonymousArgument::Push => Anonymous::Push,
        },
        deletion: !wanted.no_delete,
        blob_bytes_max: wanted.max_blob_mib.saturating_mul(1 << 20),
        component_bytes_max,
        ..Settings::default()
    };
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let arguments = ["registry", "examine", "--component-bytes-max", &component_bytes_max.to_string()].map(Into::into);
    let worker = Arc::new(Worker::new(program, arguments.into()));
    let told = |address| say!("serving a registry at http://{address}");
    quoin_registry::serve(wanted.dir, wanted.listen, settings, worker, told, daemon::stop_signal()).await?;
    Ok(())
}
