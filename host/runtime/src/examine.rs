//! A look at a component that nobody installed yet: everything that loading checks, without a
//! manifest beside it. The component describes itself, twice, and must say the same.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest;
use ports::{
    CallContext, Clock, HttpRequest, HttpResponse, MacAlgorithm, Outbound, SecretError, SecretValue, Secrets, SendError,
};
use quoin_canonical::Timestamp;
use quoin_package::{Limits, Manifest, Network, PackageKind};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine;
use crate::inspect::{Stamp, inspect};
use crate::load::{Shared, Trial, manifest};
use crate::power::Powers;
use crate::{CacheOptions, Options, cache};

/// What was found on a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// `connector.toml`, as the component describes itself.
    pub manifest: String,
    /// Contract version that its SDK stamped into it; empty without a stamp.
    pub contract: String,
    /// SDK and language, from the same stamp.
    pub sdk: String,
    /// Optional powers: `reads`, `writes`, `listens`, `checks`, `discovers`; of a transform `converts`.
    pub powers: Vec<String>,
    /// Interfaces it imports, with their versions.
    pub imports: Vec<String>,
}

/// Inspects, compiles and probes a component with every import denied. Compiling a hostile one can take
/// gigabytes: call this in a process of its own, under limits.
///
/// # Errors
/// What is wrong and how to mend it.
pub async fn examine(bytes: &[u8], component_bytes_max: usize) -> Result<Examined, String> {
    let stamp = inspect(bytes, component_bytes_max)?;
    let engine = engine::frugal().map_err(internal)?;
    let component = Component::from_binary(&engine, bytes).map_err(invalid)?;
    looked_into(engine, component, bytes, component_bytes_max, stamp).await
}

/// The same for a component of one's own: its code is compiled as a host would, and kept, so that a sandbox with the
/// same cache need not compile it again.
///
/// # Errors
/// What is wrong and how to mend it.
pub async fn examine_kept(bytes: &[u8], component_bytes_max: usize, cache: &CacheOptions) -> Result<Examined, String> {
    let stamp = inspect(bytes, component_bytes_max)?;
    let engine = engine::single().map_err(internal)?;
    let digest = hex::encode(digest::digest(&digest::SHA256, bytes));
    let (component, _) = cache::component(&engine, bytes, &digest, Some(cache), None).map_err(invalid)?;
    looked_into(engine, component, bytes, component_bytes_max, stamp).await
}

fn internal(error: wasmtime::Error) -> String {
    format!("this machine cannot run components: {error:#}")
}

fn invalid(error: wasmtime::Error) -> String {
    format!("the component is not valid: {error:#}; build or download it again")
}

async fn looked_into(
    engine: Engine,
    component: Component,
    bytes: &[u8],
    component_bytes_max: usize,
    stamp: Option<Stamp>,
) -> Result<Examined, String> {
    let linker = engine::linker(&engine).map_err(internal)?;
    let pre = linker.instantiate_pre(&component).map_err(|error| {
        format!("the component does not fit this host: {error:#}; rebuild with an SDK of contract 1.0")
    })?;
    let powers = Powers::probe(&engine, &component, &pre)?;
    let imports = component.component_type().imports(&engine).map(|(name, _)| name.to_owned()).collect();
    let shared = Shared {
        engine,
        linker,
        options: Options { component_bytes: component_bytes_max, ..Options::default() },
        outbound: Arc::new(Nothing),
        secrets: Arc::new(Nothing),
        clock: Arc::new(Nothing),
    };
    let digest = hex::encode(digest::digest(&digest::SHA256, bytes));
    let unknown = Arc::new(stranger());
    let text = Trial { shared: &shared, manifest: &unknown, digest: &digest }.described(&powers).await?;
    let manifest = Arc::new(manifest(&text)?);
    powers.agree_with(&manifest)?;
    let trial = Trial { shared: &shared, manifest: &manifest, digest: &digest };
    if trial.described(&powers).await? != text {
        return Err("describe returns another text each time; return the manifest's text and nothing else".into());
    }
    trial.instantiate(&powers).await?;
    let (contract, sdk) = stamp.map_or_else(Default::default, |stamp| {
        (stamp.contract, format!("{} {}", stamp.language, stamp.sdk).trim().to_owned())
    });
    Ok(Examined { manifest: text, contract, sdk, powers: powers.names(), imports })
}

/// Whoever a component is before it said so.
fn stranger() -> Manifest {
    Manifest {
        id: "unknown".into(),
        name: "unknown".into(),
        version: "0.0.0".into(),
        kind: PackageKind::Connector,
        contract: "1.0".into(),
        description: String::new(),
        license: String::new(),
        network: Network::default(),
        credentials: Vec::new(),
        config: Vec::new(),
        objects: Vec::new(),
        webhook: None,
        limits: Limits::default(),
    }
}

/// No network, no secrets, and a clock that stands still: what a component has that is only looked at.
struct Nothing;

#[async_trait]
impl Outbound for Nothing {
    async fn send(&self, _: &CallContext, _: HttpRequest) -> Result<HttpResponse, SendError> {
        Err(SendError::Denied("a component that is looked at reaches nothing".into()))
    }
}

#[async_trait]
impl Secrets for Nothing {
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

impl Clock for Nothing {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}
