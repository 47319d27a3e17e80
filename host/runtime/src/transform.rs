//! Transforms: components that convert canonical objects and can reach nothing at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ports::{CallError, CallTrace, Called, PluginInfo, Transforms};
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use serde_json::Value;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::Runtime;
use crate::bindings::transformer::TransformerPre;
use crate::border::kind_of;
use crate::call::{State, Ticket, run};
use crate::canonical::lower;
use crate::fault::guest;

/// One version of a transform, immutable.
pub struct TransformPlugin {
    pub manifest: Arc<Manifest>,
    /// SHA-256 of the component, hex.
    pub digest: String,
    pub pre: TransformerPre<State>,
    pub load_ms: u64,
    pub from_cache: bool,
    pub notes: BTreeMap<String, String>,
}

impl TransformPlugin {
    /// As it appears in lists.
    pub fn info(&self) -> PluginInfo {
        PluginInfo {
            id: self.manifest.id.clone(),
            name: self.manifest.name.clone(),
            version: self.manifest.version.clone(),
            digest: self.digest.clone(),
            powers: vec!["converts".to_owned()],
            connections: Vec::new(),
            load_ms: self.load_ms,
            from_cache: self.from_cache,
            notes: self.notes.clone(),
        }
    }
}

/// What a transform may import of the contract: nothing that reaches out of the call.
const IMPORTS: [&str; 3] = ["quoin:types/types@", "quoin:host/log@", "quoin:host/config@"];

/// Probes a component as a transform.
///
/// # Errors
/// When it exports no transform, or imports what would make it impure.
pub fn probe(
    engine: &Engine,
    component: &Component,
    pre: &InstancePre<State>,
    manifest: &Manifest,
) -> Result<TransformerPre<State>, String> {
    if !manifest.network.origins.is_empty() || !manifest.credentials.is_empty() || manifest.webhook.is_some() {
        return Err(
            "connector.toml: a transform has no network, credential or webhook; take them out, or make it a connector"
                .into(),
        );
    }
    let kind = component.component_type();
    for (name, _) in kind.imports(engine).filter(|(name, _)| name.starts_with("quoin:")) {
        if !IMPORTS.iter().any(|allowed| name.starts_with(allowed)) {
            return Err(format!(
                "the component imports {name}; a transform is pure: without network, clock and secrets"
            ));
        }
    }
    TransformerPre::new(pre.clone()).map_err(|error| {
        format!("the component does not export quoin:transform/transform@1.0.0: {error:#}; with the Rust SDK: quoin_sdk::register_transform!(…)")
    })
}

impl Runtime {
    /// A call of a transform: no network, and a clock that stands still, so that nothing but the
    /// input decides the output.
    fn transform_ticket(&self, plugin: &TransformPlugin) -> Ticket {
        let (options, shared) = (&self.shared.options, &self.shared);
        let limits = &plugin.manifest.limits;
        Ticket {
            manifest: Arc::clone(&plugin.manifest),
            digest: plugin.digest.clone(),
            connection: String::new(),
            config: Arc::from("{}"),
            access: None,
            deny_all: false,
            memory_bytes: crate::engine::bytes_of_mib(limits.memory_mib.min(options.memory_mib)),
            output_bytes: options.output_bytes,
            received_bytes: 0,
            requests: 0,
            cpu: std::time::Duration::from_millis(options.cpu_ms),
            wall: std::time::Duration::from_millis(u64::from(limits.call_ms).min(options.call_ms)),
            now: Timestamp::UNIX_EPOCH,
            outbound: Arc::clone(&shared.outbound),
            secrets: Arc::clone(&shared.secrets),
        }
    }
}

#[async_trait]
impl Transforms for Runtime {
    async fn convert(&self, transform: &str, object: &str, data: &Value) -> Called<String> {
        let refused = |error: CallError| Called { result: Err(error), trace: CallTrace::default() };
        let Some(plugin) = self.transform(transform) else {
            return refused(CallError::NoConnection(transform.to_owned()));
        };
        if plugin.manifest.object(object).is_none() {
            let message = format!("the transform '{transform}' does not take '{object}'");
            return refused(CallError::NotGranted(message));
        }
        let checked = kind_of(object).and_then(|kind| {
            lower(kind, data).map_err(|wrong| {
                let message = format!("{wrong}");
                CallError::Fault(process::Fault {
                    field: Some(wrong.path),
                    ..process::Fault::new(process::FaultKind::InvalidData, "NOT_CANONICAL", message)
                })
            })
        });
        let data = match checked {
            Ok(text) => text,
            Err(error) => return refused(error),
        };
        let Ok(_permit) = self.transform_place().await else {
            return refused(crate::fault::busy("no place for a conversion"));
        };
        let (pre, object) = (plugin.pre.clone(), object.to_owned());
        let ended = run(&self.shared.engine, self.transform_ticket(&plugin), |store| {
            Box::pin(async move {
                let instance = pre.instantiate_async(&mut *store).await?;
                instance.quoin_transform_transform().call_convert(store, &object, &data).await
            })
        })
        .await;
        let limit = self.shared.options.output_bytes;
        let result = ended.result.and_then(|text| {
            if text.len() > limit {
                let message = format!("returned {} bytes; one call may return {limit}", text.len());
                return Err(guest(ports::GuestFaultClass::OutputTooLarge, message));
            }
            Ok(text)
        });
        Called { result, trace: ended.trace }
    }

    fn transforms(&self, object: &str) -> Vec<String> {
        let takes = |plugin: &Arc<TransformPlugin>| plugin.manifest.object(object).map(|_| plugin.manifest.id.clone());
        self.loaded_transforms().iter().filter_map(takes).collect()
    }
}
