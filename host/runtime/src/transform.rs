//! Transforms: components that convert canonical objects and can reach nothing at all.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{CallError, CallTrace, Called, Transforms};
use quoin_canonical::Timestamp;
use serde_json::Value;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::Runtime;
use crate::bindings::transformer::TransformerPre;
use crate::border::kind_of;
use crate::call::{State, Ticket, run};
use crate::canonical::lower;
use crate::fault::guest;
use crate::plugin::Plugin;
use crate::routing::Nobody;

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
) -> Result<TransformerPre<State>, String> {
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
    fn transform_ticket(&self, plugin: &Plugin) -> Ticket {
        let (options, shared) = (&self.shared.options, &self.shared);
        Ticket {
            manifest: Arc::clone(&plugin.manifest),
            digest: plugin.digest.clone(),
            connection: String::new(),
            config: Arc::from("{}"),
            access: None,
            deny_all: false,
            memory_bytes: plugin.memory_bytes(options),
            output_bytes: options.output_bytes,
            received_bytes: 0,
            requests: 0,
            cpu: std::time::Duration::from_millis(options.cpu_ms),
            wall: plugin.wall(options),
            now: Timestamp::UNIX_EPOCH,
            outbound: Arc::clone(&shared.outbound),
            secrets: Arc::clone(&shared.secrets),
        }
    }
}

/// The object as a transform gets it.
fn lowered(plugin: &Plugin, object: &str, data: &Value) -> Result<String, CallError> {
    if plugin.manifest.object(object).is_none() {
        let message = format!("the transform '{}' does not take '{object}'", plugin.manifest.id);
        return Err(CallError::NotGranted(message));
    }
    lower(kind_of(object)?, data).map_err(|wrong| {
        let message = format!("{wrong}");
        CallError::Fault(process::Fault {
            field: Some(wrong.path),
            ..process::Fault::new(process::FaultKind::InvalidData, "NOT_CANONICAL", message)
        })
    })
}

#[async_trait]
impl Transforms for Runtime {
    async fn convert(&self, transform: &str, object: &str, data: &Value) -> Called<String> {
        let refused = |error: CallError| Called { result: Err(error), trace: CallTrace::default() };
        // The same object meets the same version while one is on trial.
        let sticky = data["header"]["id"].as_str().unwrap_or_default().as_bytes();
        let (plugin, pre) = match self.routing.load().transform(transform, sticky) {
            Ok(found) => found,
            Err(Nobody::Unknown) => return refused(CallError::NoConnection(transform.to_owned())),
            Err(Nobody::Barred(reason)) => {
                return refused(CallError::Barred { connection: transform.to_owned(), reason });
            }
        };
        let data = match lowered(&plugin, object, data) {
            Ok(text) => text,
            Err(error) => return refused(error),
        };
        let Ok(_permit) = self.transform_place().await else {
            return refused(crate::fault::busy("no place for a conversion"));
        };
        let object = object.to_owned();
        let _under_way = plugin.record.enter();
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
        if ended.ran {
            self.note(&plugin, &result, "");
        }
        Called { result, trace: ended.trace }
    }

    fn transforms(&self, object: &str) -> Vec<String> {
        let routing = self.routing.load();
        let takes =
            |id: &&String| routing.transform(id, &[]).is_ok_and(|(plugin, _)| plugin.manifest.object(object).is_some());
        routing.plugins.keys().filter(takes).cloned().collect()
    }
}
