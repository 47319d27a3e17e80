//! Runs a registry until it is told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::admission::{self, Examiner};
use crate::registry::{Registry, Settings};

/// How often what nothing names is collected.
const COLLECT_EVERY: Duration = Duration::from_secs(60 * 60);

/// Why a registry does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The folder.
    #[error("the registry's folder {folder}: {reason}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        reason: std::io::Error,
    },
    /// The address.
    #[error("the registry cannot listen on {address}: {reason}; choose another with --listen")]
    Listen {
        /// Which.
        address: String,
        /// Why.
        reason: std::io::Error,
    },
}

/// Opens a folder, listens, says where, and serves until `stop`; requests in flight are finished.
///
/// # Errors
/// When the folder cannot be used or the address is taken.
pub async fn serve(
    folder: PathBuf,
    listen: String,
    settings: Settings,
    examiner: Arc<dyn Examiner>,
    told: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let at_folder = |reason| ServeError::Folder { folder: folder.display().to_string(), reason };
    let at_address = |reason| ServeError::Listen { address: listen.clone(), reason };
    let registry = Arc::new(Registry::open(&folder, settings, examiner).map_err(at_folder)?);
    let listener = TcpListener::bind(&listen).await.map_err(at_address)?;
    told(listener.local_addr().map_err(at_address)?);
    let collector = tokio::spawn(collect(Arc::clone(&registry)));
    let served = axum::serve(listener, crate::http::router(registry)).with_graceful_shutdown(stop).await;
    collector.abort();
    served.map_err(at_address)
}

async fn collect(registry: Arc<Registry>) {
    let mut round = tokio::time::interval(COLLECT_EVERY);
    loop {
        round.tick().await;
        let registry = Arc::clone(&registry);
        match tokio::task::spawn_blocking(move || admission::collect(&registry)).await {
            Ok(Ok(collected)) => tracing::info!(?collected, "collected what nothing names"),
            Ok(Err(error)) => tracing::error!(%error, "collecting failed; the next round tries again"),
            Err(error) => tracing::error!(%error, "collecting ended early"),
        }
    }
}
