//! The host's own rooms around the built component: vault, door out, sandbox. What a daemon does
//! from its configuration is done here for one connection.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use egress::{ConnectionConfig, CredentialConfig, Egress, WallClock};
use policy::network::{fill_origins, fill_path};
use ports::{Clock, Connectors, Item, ItemOutcome, Plugins, SecretValue, Secrets};
use quoin_canonical::Timestamp;
use quoin_package::{Manifest, Scheme};
use runtime::{CacheOptions, ConnectionSpec, Grant, Options, Runtime};
use serde_json::Value;
use tempfile::TempDir;
use vault::{FileVault, KeySource};

use tryton_chain::Books;
use tryton_chain::environment::target;

/// The connection's id.
pub const CONNECTION: &str = "erp";

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A sandbox with one connection to Tryton.
pub struct Host {
    runtime: Arc<Runtime>,
    _folder: TempDir,
}

impl Host {
    /// Loads the built component and connects it to a Tryton.
    ///
    /// # Errors
    /// When the component is not built, or a room refuses it.
    pub async fn connect(books: &Books) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let vault = FileVault::open(folder.path().join("vault"), KeySource::file(folder.path().join("vault.key")))?;
        let vault: Arc<dyn Secrets> = Arc::new(vault);
        let (login, password) = books.credential();
        for (part, value) in [("username", login), ("password", password)] {
            vault.put(&format!("{CONNECTION}/api/{part}"), SecretValue::new(value.into())).await?;
        }
        let egress = Arc::new(Egress::new(Arc::clone(&vault), Arc::new(WallClock)));
        // Compiled code is kept between runs: compiling is not what is tested.
        let cache = CacheOptions { dir: target().join("tryton/compiled"), key: [7; 32] };
        let options = Options { cache: Some(cache), ..Options::default() };
        let runtime = Runtime::new(options, Arc::clone(&egress) as _, vault, Arc::new(Now))
            .map_err(|error| anyhow!("{error}"))?;
        let text = include_str!("../../../../plugins/tryton/connector.toml");
        let manifest = Manifest::parse(text)?;
        runtime.load(component()?, text.to_owned()).await.map_err(|reason| anyhow!(reason))?;
        let config: Value = toml::from_str(&books.connection_config())?;
        let spec = ConnectionSpec {
            id: CONNECTION.into(),
            plugin: manifest.id.clone(),
            config: config.clone(),
            grant: Grant::everything(&manifest),
        };
        runtime.add_connection(spec).map_err(|error| anyhow!("{error}"))?;
        let door = door(&manifest, &config)?;
        door.check_slots(&manifest)?;
        egress.install(&door)?;
        Ok(Self { runtime, _folder: folder })
    }

    /// Asks the connector who we are.
    ///
    /// # Errors
    /// The connector's fault.
    pub async fn check(&self) -> anyhow::Result<ports::CheckReport> {
        Ok(self.runtime.check(CONNECTION).await.result?)
    }

    /// Writes one item.
    ///
    /// # Errors
    /// When the whole call failed.
    pub async fn apply(&self, object: &str, item: &Item) -> anyhow::Result<ItemOutcome> {
        let called = self.runtime.apply(CONNECTION, object, std::slice::from_ref(item)).await;
        called.result?.pop().context("one outcome per item")
    }

    /// Looks one item up, under the read grant.
    ///
    /// # Errors
    /// When the whole call failed.
    pub async fn lookup(&self, object: &str, item: &Item) -> anyhow::Result<ItemOutcome> {
        let called = self.runtime.lookup(CONNECTION, object, std::slice::from_ref(item)).await;
        called.result?.pop().context("one outcome per item")
    }
}

fn door(manifest: &Manifest, config: &Value) -> anyhow::Result<ConnectionConfig> {
    let values = config.as_object().context("the configuration is a table")?;
    let origins = fill_origins(&manifest.network.origins, values)?;
    let mut reading_posts = Vec::new();
    for template in &manifest.network.reading_posts {
        reading_posts.extend(fill_path(template, values)?);
    }
    Ok(ConnectionConfig {
        connection: CONNECTION.into(),
        manifest_origins: origins.clone(),
        granted_origins: origins,
        reading_posts,
        allow_private: vec!["127.0.0.1".into()],
        credentials: vec![CredentialConfig::new("api", Scheme::Basic)],
        max_concurrent_requests: manifest.limits.concurrent_requests,
        request_timeout_ms: manifest.limits.call_ms,
        ..ConnectionConfig::default()
    })
}

/// The newest built component.
fn component() -> anyhow::Result<Vec<u8>> {
    let places = ["plugins/tryton.wasm", "wasm32-wasip2/plugin/plugin_tryton.wasm"];
    let built = places.iter().map(|place| target().join(place)).filter_map(|path: PathBuf| {
        let modified = path.metadata().and_then(|meta| meta.modified()).ok()?;
        Some((modified, path))
    });
    let (_, path) = built.max().context("the Tryton component is not built; run cargo xtask plugins")?;
    std::fs::read(&path).with_context(|| path.display().to_string())
}
