//! `quoin test`: recorded calls, played again to the component as it is now.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use cassette::{Asked, Body, Call, Cassette, Player, Returned, differences};
use ports::{Clock, Connectors, MacAlgorithm, Outbound, Plugins, ReadRequest, SecretError, SecretValue, Secrets};
use quoin_canonical::Timestamp;
use runtime::{ConnectionSpec, Grant, Options, Runtime};

/// The connection that is played to.
const CONNECTION: &str = "replay";

/// One played call.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Which: cassette and call.
    pub title: String,
    /// What differs from the recording; nothing when it is the same.
    pub differences: Vec<String>,
}

/// The cassettes of a folder, by name.
///
/// # Errors
/// When the folder cannot be read; one that is not there has none.
pub fn cassettes(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = folder.read_dir().with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    Ok(files)
}

/// Plays cassettes to a component, without any network.
///
/// # Errors
/// When the component or a cassette cannot be used at all.
pub async fn replay(component: &Path, files: &[PathBuf]) -> anyhow::Result<Vec<Replayed>> {
    let finding = crate::examine::examine(component, None).await?;
    let stage = Arc::new(Stage::default());
    let options = Options { cache: crate::bench::cache().await?, ..Options::default() };
    let runtime = Runtime::new(
        options,
        Arc::clone(&stage.player) as Arc<dyn Outbound>,
        Arc::clone(&stage) as Arc<dyn Secrets>,
        Arc::clone(&stage) as Arc<dyn Clock>,
    )?;
    let bytes = std::fs::read(component)?;
    runtime.load(bytes, finding.text).await.map_err(|reason| anyhow!("{reason}"))?;
    let mut played = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let cassette = Cassette::read(&text).with_context(|| file.display().to_string())?;
        runtime.add_connection(ConnectionSpec {
            id: CONNECTION.into(),
            plugin: finding.manifest.id.clone(),
            config: cassette.config.clone(),
            grant: Grant::everything(&finding.manifest),
        })?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for call in cassette.calls {
            played.push(one(&runtime, &stage, &name, call).await);
        }
    }
    Ok(played)
}

async fn one(runtime: &Runtime, stage: &Stage, name: &str, call: Call) -> Replayed {
    stage.player.load(call.exchanges);
    *stage.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = call.now;
    let title = format!("{name}: {}", call.asked.title());
    let now = asked_again(runtime, call.asked).await;
    let mut found: Vec<String> = differences(&call.returned, &now).iter().map(ToString::to_string).collect();
    let told = |what: &str, request: &cassette::RecordedRequest| format!("{what}: {} {}", request.method, request.url);
    found
        .extend(stage.player.unexpected().iter().map(|request| told("a request that is not on the cassette", request)));
    found.extend(stage.player.missed().iter().map(|request| told("a recorded request was not sent", request)));
    Replayed { title, differences: found }
}

async fn asked_again(runtime: &Runtime, asked: Asked) -> Returned {
    let failed = |error: ports::CallError| Returned::fault(&error);
    match asked {
        Asked::Read { object, cursor, ids, limit } => {
            let cursor = cursor.as_ref().map(Body::bytes);
            let called = runtime.read(CONNECTION, ReadRequest { object, cursor, ids, limit }).await;
            called.result.as_ref().map_or_else(Returned::fault, Returned::page)
        }
        Asked::Apply { object, items } => {
            runtime.apply(CONNECTION, &object, &items).await.result.map_or_else(failed, Returned::Outcomes)
        }
        Asked::Lookup { object, items } => {
            runtime.lookup(CONNECTION, &object, &items).await.result.map_or_else(failed, Returned::Outcomes)
        }
        Asked::Check => runtime.check(CONNECTION).await.result.map_or_else(failed, Returned::Report),
        Asked::Discover => runtime.discover(CONNECTION).await.result.map_or_else(failed, Returned::Schema),
    }
}

/// What a replay has instead of a world: a player, the recorded time, and no secrets, which no
/// cassette needs.
struct Stage {
    player: Arc<Player>,
    now: std::sync::Mutex<Timestamp>,
}

impl Default for Stage {
    fn default() -> Self {
        Self { player: Arc::default(), now: std::sync::Mutex::new(Timestamp::UNIX_EPOCH) }
    }
}

impl Clock for Stage {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Secrets for Stage {
    async fn get(&self, name: &str) -> Result<SecretValue, SecretError> {
        Err(SecretError::Missing(name.to_owned()))
    }

    async fn put(&self, name: &str, _: SecretValue) -> Result<(), SecretError> {
        Err(SecretError::Missing(name.to_owned()))
    }

    async fn verify_mac(&self, name: &str, _: MacAlgorithm, _: &[u8], _: &[u8]) -> Result<bool, SecretError> {
        Err(SecretError::Missing(name.to_owned()))
    }

    async fn equals(&self, name: &str, _: &[u8]) -> Result<bool, SecretError> {
        Err(SecretError::Missing(name.to_owned()))
    }

    async fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn redact(&self, text: &str) -> String {
        text.to_owned()
    }
}
