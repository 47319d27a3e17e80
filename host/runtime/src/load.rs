//! From bytes to a plugin that serves: inspected, compiled, probed, and made to describe itself
//! with every import denied. Every refusal is one sentence with the way to mend it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use ports::{Clock, LoadStep, Outbound, Secrets};
use quoin_canonical::ObjectKind;
use quoin_package::Manifest;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::Options;
use crate::cache;
use crate::call::{Ended, State, Ticket, run};
use crate::door::micros_since;
use crate::engine::bytes_of_mib;
use crate::inspect::{Stamp, check_contract, inspect};
use crate::plugin::{Plugin, Record};
use crate::power::{Describes, Powers};

/// `describe` only returns a text: a second of processor time is a thousand times what it needs.
const DESCRIBE_CPU: Duration = Duration::from_secs(1);
const DESCRIBE_WALL: Duration = Duration::from_secs(5);

/// What loading and calling share.
pub struct Shared {
    pub engine: Engine,
    pub linker: Linker<State>,
    pub options: Options,
    pub outbound: Arc<dyn Outbound>,
    pub secrets: Arc<dyn Secrets>,
    pub clock: Arc<dyn Clock>,
}

/// Loads a component with its manifest.
///
/// # Errors
/// What is wrong and how to mend it.
pub async fn load(shared: &Shared, bytes: Vec<u8>, text: String) -> Result<(Plugin, Vec<LoadStep>), String> {
    let mut steps = Steps::begin();
    let manifest = Arc::new(manifest(&text)?);
    let stamp = inspect(&bytes, shared.options.component_bytes)?;
    let digest = hex::encode(digest::digest(&digest::SHA256, &bytes));
    steps.done("inspected");
    let (component, from_cache) = compiled(shared, bytes, digest.clone()).await?;
    steps.done(if from_cache { "taken from the cache" } else { "compiled" });
    let pre = shared.linker.instantiate_pre(&component).map_err(|error| {
        format!("the component does not fit this host: {error:#}; rebuild with an SDK of contract 1.0")
    })?;
    let trial = Trial { shared, manifest: &manifest, digest: &digest };
    let powers = Powers::probe(&shared.engine, &component, &pre)?;
    powers.agree_with(&manifest)?;
    trial.describe(&powers, &text).await?;
    steps.done("described");
    trial.instantiate(&powers).await?;
    steps.done("started once");
    let (load_ms, notes) = (steps.millis(), notes(stamp));
    let plugin = Plugin { manifest, digest, powers, load_ms, from_cache, notes, record: Record::default() };
    Ok((plugin, steps.steps))
}

/// What was done on the way, and how long it took.
struct Steps {
    begun: Instant,
    last: Instant,
    steps: Vec<LoadStep>,
}

impl Steps {
    fn begin() -> Self {
        let now = Instant::now();
        Self { begun: now, last: now, steps: Vec::new() }
    }

    fn done(&mut self, step: &str) {
        self.steps.push(LoadStep { step: step.to_owned(), micros: micros_since(self.last) });
        self.last = Instant::now();
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Reads the manifest and checks what only this host knows.
///
/// # Errors
/// The field, and what to write.
pub fn manifest(text: &str) -> Result<Manifest, String> {
    let manifest = Manifest::parse(text).map_err(|error| error.to_string())?;
    check_contract(&manifest.contract, "connector.toml, contract: built for")?;
    for object in &manifest.objects {
        if ObjectKind::parse(&object.name).is_none() {
            let known = ObjectKind::ALL.map(ObjectKind::as_str).join(", ");
            return Err(format!(
                "connector.toml, object.{}: there is no such canonical object; there are {known}",
                object.name
            ));
        }
    }
    Ok(manifest)
}

async fn compiled(shared: &Shared, bytes: Vec<u8>, digest: String) -> Result<(Component, bool), String> {
    let (engine, cache, worker) =
        (shared.engine.clone(), shared.options.cache.clone(), shared.options.compiler.clone());
    let compiling = tokio::task::spawn_blocking(move || {
        cache::component(&engine, &bytes, &digest, cache.as_ref(), worker.as_ref())
    });
    compiling
        .await
        .map_err(|error| format!("compiling the component failed: {error}"))?
        .map_err(|error| format!("the component is not valid: {error:#}; build or download it again"))
}

fn notes(stamp: Option<Stamp>) -> BTreeMap<String, String> {
    match stamp {
        Some(stamp) => [("contract", stamp.contract), ("sdk", stamp.sdk), ("language", stamp.language)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        None => [("contract".to_owned(), "not stamped: built without a Quoin SDK".to_owned())].into(),
    }
}

/// Runs a component before it serves, with every import denied.
pub struct Trial<'a> {
    pub shared: &'a Shared,
    pub manifest: &'a Arc<Manifest>,
    pub digest: &'a str,
}

impl Trial<'_> {
    fn ticket(&self) -> Ticket {
        let options = &self.shared.options;
        Ticket {
            manifest: Arc::clone(self.manifest),
            digest: self.digest.to_owned(),
            connection: String::new(),
            config: Arc::from("{}"),
            access: None,
            deny_all: true,
            memory_bytes: bytes_of_mib(self.manifest.limits.memory_mib.min(options.memory_mib)),
            output_bytes: options.output_bytes,
            received_bytes: 0,
            requests: 0,
            cpu: DESCRIBE_CPU,
            wall: DESCRIBE_WALL,
            now: self.shared.clock.now(),
            outbound: Arc::clone(&self.shared.outbound),
            secrets: Arc::clone(&self.shared.secrets),
        }
    }

    /// `describe` must be pure and return the manifest, byte for byte.
    async fn describe(&self, powers: &Powers, text: &str) -> Result<(), String> {
        let described = self.described(powers).await?;
        if described != text {
            return Err(difference(&described, text));
        }
        Ok(())
    }

    /// What `describe` returns with every import denied.
    ///
    /// # Errors
    /// When it fails, or used an import.
    pub async fn described(&self, powers: &Powers) -> Result<String, String> {
        let describes = powers.describes.clone();
        let ended = run(&self.shared.engine, self.ticket(), |store| {
            Box::pin(async move {
                match describes {
                    Describes::Connector(pre) => {
                        let instance = pre.instantiate_async(&mut *store).await?;
                        instance.quoin_connector_describe().call_describe(store).await.map(Ok)
                    }
                    Describes::Transform(pre) => {
                        let instance = pre.instantiate_async(&mut *store).await?;
                        instance.quoin_transform_describe().call_describe(store).await.map(Ok)
                    }
                }
            })
        })
        .await;
        pure(ended)
    }

    /// Each power is instantiated once: some mismatches only show then.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn instantiate(&self, powers: &Powers) -> Result<(), String> {
        macro_rules! tried {
            ($($power:ident),*) => {$(
                if let Some(pre) = powers.$power.clone() {
                    let ended = run(&self.shared.engine, self.ticket(), |store| {
                        Box::pin(async move { pre.instantiate_async(store).await.map(|_| Ok(())) })
                    })
                    .await;
                    ended.result.map_err(|error| format!("the component does not start: {error}"))?;
                }
            )*};
        }
        tried!(converts, checks, discovers, reads, writes, listens);
        Ok(())
    }
}

/// What `describe` returned.
///
/// # Errors
/// When it failed, or used an import.
fn pure(ended: Ended<String>) -> Result<String, String> {
    let described = ended.result.map_err(|error| format!("describe failed: {error}"))?;
    if let Some(import) = ended.imports_used.first() {
        return Err(format!("describe used {import}; it must be pure: return the manifest's text and nothing else"));
    }
    Ok(described)
}

/// Where two manifests part.
fn difference(described: &str, text: &str) -> String {
    let line = described.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
    let shown =
        |text: &str| text.lines().nth(line).map_or_else(|| "nothing more".to_owned(), |line| format!("`{line}`"));
    format!(
        "describe and connector.toml differ at line {}: the component says {}, the file says {}; rebuild the component after changing its manifest",
        line + 1,
        shown(described),
        shown(text)
    )
}
