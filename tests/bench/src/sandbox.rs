//! Components as they were built, and a sandbox whose only way out answers at once.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use async_trait::async_trait;
use ports::{CallContext, Clock, HttpRequest, HttpResponse, Ids, Outbound, Plugins, SecretValue, Secrets, SendError};
use quoin_canonical::{Id, Timestamp};
use runtime::{CacheOptions, CompileWorker, Options, Runtime};
use vault::{FileVault, KeySource};

use crate::{Setting, vendors};

/// A component and its manifest.
pub(crate) struct Package {
    /// The component.
    pub(crate) component: Vec<u8>,
    /// Its manifest.
    pub(crate) manifest: String,
}

impl Package {
    /// A connector from the plugin folder.
    pub(crate) fn connector(setting: &Setting, id: &str) -> anyhow::Result<Self> {
        let folder = setting.target.join("plugins");
        Self::read(&folder.join(format!("{id}.wasm")), &folder.join(format!("{id}.toml")))
    }

    /// The guests of the sandbox's tests.
    pub(crate) fn guests(setting: &Setting) -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/connector.toml");
        Self::read(&setting.target.join("wasm32-wasip2/plugin/guests.wasm"), &manifest)
    }

    /// A transform of the tests.
    pub(crate) fn transform(setting: &Setting, id: &str) -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{id}/connector.toml"));
        Self::read(&setting.target.join(format!("wasm32-wasip2/plugin/{id}.wasm")), &manifest)
    }

    fn read(component: &Path, manifest: &Path) -> anyhow::Result<Self> {
        let missing = |path: &Path| format!("{} is missing; run `cargo xtask plugins`", path.display());
        Ok(Self {
            component: std::fs::read(component).with_context(|| missing(component))?,
            manifest: std::fs::read_to_string(manifest).with_context(|| missing(manifest))?,
        })
    }

    /// Puts it into service.
    pub(crate) async fn load(self, runtime: &Runtime) -> anyhow::Result<ports::PluginInfo> {
        runtime.load(self.component, self.manifest).await.map_err(|reason| anyhow!(reason))
    }
}

/// A sandbox with limits as in production, and compiled code in the shared folder.
pub(crate) fn runtime(
    setting: &Setting,
    outbound: Arc<dyn Outbound>,
    secrets: Arc<dyn Secrets>,
) -> anyhow::Result<Arc<Runtime>> {
    let cache = CacheOptions { dir: setting.compiled.clone(), key: [7; 32] };
    let arguments = ["--part", "compile"].map(Into::into).to_vec();
    let compiler = CompileWorker { program: std::env::current_exe()?, arguments };
    let options = Options { cache: Some(cache), compiler: Some(compiler), ..Options::default() };
    Ok(Runtime::new(options, outbound, secrets, Arc::new(WallClock))?)
}

/// The vendors of the bench without a wire.
pub(crate) struct AtOnce;

#[async_trait]
impl Outbound for AtOnce {
    async fn send(&self, _: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let url = url::Url::parse(&request.url).map_err(|error| SendError::Denied(error.to_string()))?;
        let body = request.body.unwrap_or_default();
        let answer = vendors::answer(&request.method, url.path(), url.query().unwrap_or_default(), &body);
        Ok(HttpResponse { status: answer.status, headers: Vec::new(), body: answer.body.to_string().into() })
    }
}

/// A vault in a folder, with these secrets.
pub(crate) async fn vault(folder: &Path, secrets: &[(&str, &[u8])]) -> anyhow::Result<Arc<dyn Secrets>> {
    let source = KeySource::from_environment(|_| None, folder.join("vault.key"))?;
    let vault = FileVault::open(folder.join("vault"), source)?;
    for (name, value) in secrets {
        vault.put(name, SecretValue::new(value.to_vec())).await?;
    }
    Ok(Arc::new(vault))
}

/// Real time.
pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// UUID version 7 ids.
pub(crate) struct TimeOrderedIds;

impl Ids for TimeOrderedIds {
    fn next(&self) -> Id {
        Id::from_uuid(uuid::Uuid::now_v7())
    }
}
