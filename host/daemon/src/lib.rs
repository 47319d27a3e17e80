//! The house on one page: reads the configuration, builds every room, wires them, runs, drains.
//!
//! Lives here: configuration, wiring, start and stop. Never enters: logic worth a unit test.

mod billing_policy;
mod clock;
pub mod config;
mod doorkeeper;
mod plugins;
mod registries;
mod streams;
mod trust;
mod wiring;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ports::{SecretValue, Secrets};
use process::definition::Definition;
use process::machine::Catalogue;
use process::shipped;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use clock::{BusinessClock, TimeOrderedIds};
pub use config::{Config, ConfigError};
pub use runtime::{CompileWorker, compile};

use trust::Trust;
use wiring::House;

/// Why the host does not start, or cannot go on. Every variant names the file or field, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A process definition.
    #[error(transparent)]
    Definition(#[from] process::definition::DefinitionError),
    /// A plugin.
    #[error("plugin {file}: {reason}")]
    Plugin {
        /// Its file.
        file: String,
        /// Why it is refused.
        reason: String,
    },
    /// A connection.
    #[error("{0}")]
    Connection(String),
    /// The store stopped while the host served.
    #[error(
        "the store has stopped: {0}; nothing more can be recorded, so the host ends. Mend the disk (space, rights, \
         hardware), then start it again: what was under way is looked up"
    )]
    Store(String),
    /// The store, the vault, the sandbox or the listening socket.
    #[error("{what}: {reason}")]
    Room {
        /// Which.
        what: &'static str,
        /// Why it does not start.
        reason: String,
    },
}

impl StartError {
    pub(crate) fn room(what: &'static str) -> impl FnOnce(String) -> Self {
        move |reason| Self::Room { what, reason }
    }
}

/// Runs the host until it is told to stop (SIGINT or SIGTERM), then drains: no new work, work
/// under way is recorded. `ready` is told the address once everything serves.
///
/// Components are compiled by `compiler`, or in this process when there is none.
///
/// # Errors
/// [`StartError`]; nothing was changed in any connected system.
pub async fn serve(
    path: &Path,
    compiler: Option<CompileWorker>,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), StartError> {
    let config = Config::load(path)?;
    let (stop, stopped) = watch::channel(false);
    let listener = tokio::net::TcpListener::bind(&config.host.listen)
        .await
        .map_err(|error| StartError::room("cannot listen")(format!("{}: {error}", config.host.listen)))?;
    let address = listener.local_addr().map_err(|error| StartError::room("cannot listen")(error.to_string()))?;
    let house = House::build(&config, address, stopped.clone(), compiler).await?;
    let mut loops = house.start(&config, &stopped);
    let server = axum::serve(listener, house.router()).with_graceful_shutdown(wait_for_stop(stop.subscribe()));
    tracing::info!(%address, connections = config.connections.len(), "serving");
    ready(address);
    let serving = tokio::spawn(async move { server.await });
    let mut store = house.store_stopped();
    let died = tokio::select! {
        () = stop_signal() => None,
        reason = store_death(&mut store) => Some(reason),
    };
    tracing::info!("draining");
    // Nobody listens any more when every loop has ended already.
    let _unheard = stop.send(true);
    drain(&mut loops).await;
    serving.abort();
    match died {
        None => Ok(()),
        Some(reason) => Err(StartError::Store(reason)),
    }
}

/// Ends when the store has stopped, with the reason.
async fn store_death(stopped: &mut watch::Receiver<Option<String>>) -> String {
    match stopped.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        Err(_) => "its writer ended".to_owned(),
    }
}

/// Longest wait for work under way when the host stops; what is not recorded by then is repeated
/// or looked up after the next start.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(30);

async fn drain(loops: &mut JoinSet<()>) {
    let all = async { while loops.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, all).await.is_err() {
        tracing::warn!("work under way did not end in time; it is looked up after the next start");
    }
}

async fn wait_for_stop(mut stop: watch::Receiver<bool>) {
    // An error means the sender is gone: stopping as well.
    let _stopped = stop.wait_for(|stop| *stop).await;
}

/// Ends when this process is told to stop: SIGINT or SIGTERM.
pub async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM is not heard; only Ctrl-C stops this host");
            let _heard = interrupt.await;
        }
    }
}

/// Checks a configuration with everything it names, without touching any connected system.
///
/// # Errors
/// [`StartError`] as [`serve`] would give it.
pub async fn check(path: &Path) -> Result<Vec<String>, StartError> {
    let config = Config::load(path)?;
    catalogue(config.host.processes_dir.as_deref())?;
    let found = plugins::files(&config.host.plugins_dir)?;
    let mut facts = vec![format!("{} connections, {} routes", config.connections.len(), config.routes.len())];
    for connection in &config.connections {
        if !found.iter().any(|file| file.id == connection.plugin) {
            let message = format!(
                "connection '{}' needs the plugin '{}', but {} holds no {}.wasm",
                connection.id,
                connection.plugin,
                config.host.plugins_dir.display(),
                connection.plugin
            );
            return Err(StartError::Connection(message));
        }
        facts.push(format!("{}: {}", connection.id, connection.plugin));
    }
    facts.extend(billing_policy::facts(&config, &billing_policy::book(&config)?));
    let trust = Trust::of(&config);
    for file in &found {
        facts.extend(plugins::signed_by(&trust, file)?);
    }
    Ok(facts)
}

/// Stores a secret in the vault of a host. `name` is `<connection>/<slot>/<part>`.
///
/// # Errors
/// [`StartError`].
pub async fn secret_set(path: &Path, name: &str, value: Vec<u8>) -> Result<(), StartError> {
    let config = Config::load(path)?;
    let vault = wiring::vault(&config)?;
    vault.put(name, SecretValue::new(value)).await.map_err(|error| StartError::room("vault")(error.to_string()))
}

/// Checks a process definition file.
///
/// # Errors
/// The first thing wrong in it, with file and line.
pub fn process_check(path: &Path) -> Result<Definition, StartError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.display().to_string(), reason: error.to_string() })?;
    Ok(Definition::parse(&path.display().to_string(), &text)?)
}

/// The shipped definitions and those of a folder.
pub(crate) fn catalogue(folder: Option<&Path>) -> Result<Catalogue, StartError> {
    let mut catalogue = shipped::catalogue()?;
    for path in folder.map(yaml_files).transpose()?.unwrap_or_default() {
        let definition = process_check(&path)?;
        catalogue
            .add(definition)
            .map_err(|message| StartError::Connection(format!("{}: {message}", path.display())))?;
    }
    Ok(catalogue)
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, StartError> {
    let unreadable = |error: std::io::Error| ConfigError::Unreadable {
        path: folder.display().to_string(),
        reason: error.to_string(),
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A shared vault, as the wiring hands it out.
pub(crate) type Vault = Arc<dyn Secrets>;

/// Sends the host's log to standard error: lines for people, JSON where `QUOIN_LOG_FORMAT` is `json`.
pub fn log_to_stderr() {
    telemetry::log_to_stderr(std::env::var("QUOIN_LOG_FORMAT").is_ok_and(|format| format == "json"));
}
