//! The powers found on a component: one tiny world each, probed by building it.

use quoin_package::{Manifest, PackageKind};
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::bindings::checks::ChecksPre;
use crate::bindings::describes::DescribesPre;
use crate::bindings::discovers::DiscoversPre;
use crate::bindings::listens::ListensPre;
use crate::bindings::reads::ReadsPre;
use crate::bindings::transformer::TransformerPre;
use crate::bindings::writes::WritesPre;
use crate::call::State;
use crate::transform;

/// How a component describes itself: each kind by an export of its own.
#[derive(Clone)]
pub enum Describes {
    Connector(DescribesPre<State>),
    Transform(TransformerPre<State>),
}

/// A component's powers, ready to be instantiated. A connector converts nothing, and a transform does nothing else.
pub struct Powers {
    pub describes: Describes,
    pub converts: Option<TransformerPre<State>>,
    pub checks: Option<ChecksPre<State>>,
    pub discovers: Option<DiscoversPre<State>>,
    pub reads: Option<ReadsPre<State>>,
    pub writes: Option<WritesPre<State>>,
    pub listens: Option<ListensPre<State>>,
}

impl Powers {
    /// Probes a component.
    ///
    /// # Errors
    /// When it exports an interface of the contract that is not of the contract's type, is no plugin or two, or is
    /// a transform that imports what would make it impure.
    pub fn probe(engine: &Engine, component: &Component, pre: &InstancePre<State>) -> Result<Self, String> {
        let exported: Vec<String> =
            component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
        let exports = |prefix: &str| exported.iter().any(|name| name.starts_with(prefix));
        let has = |interface: &str| exports(&format!("quoin:connector/{interface}@1."));
        match (has("describe"), exports("quoin:transform/")) {
            (true, false) => {}
            (false, true) => return transform::probe(engine, component, pre).map(Self::converting),
            (true, true) => return Err("the component exports both a connector and a transform; make two plugins of it, one with each".into()),
            (false, false) => return Err("the component does not export quoin:connector/describe@1.0.0, so it is no connector, nor quoin:transform/transform@1.0.0, so it is no transform; with the Rust SDK: quoin_sdk::register!(…) or quoin_sdk::register_transform!(…)".into()),
        }
        Ok(Self {
            describes: Describes::Connector(built("describe", DescribesPre::new(pre.clone()))?),
            converts: None,
            checks: has("check").then(|| built("check", ChecksPre::new(pre.clone()))).transpose()?,
            discovers: has("discover").then(|| built("discover", DiscoversPre::new(pre.clone()))).transpose()?,
            reads: has("source").then(|| built("source", ReadsPre::new(pre.clone()))).transpose()?,
            writes: has("sink").then(|| built("sink", WritesPre::new(pre.clone()))).transpose()?,
            listens: has("webhook").then(|| built("webhook", ListensPre::new(pre.clone()))).transpose()?,
        })
    }

    fn converting(pre: TransformerPre<State>) -> Self {
        Self {
            describes: Describes::Transform(pre.clone()),
            converts: Some(pre),
            checks: None,
            discovers: None,
            reads: None,
            writes: None,
            listens: None,
        }
    }

    /// The names of the optional powers.
    pub fn names(&self) -> Vec<String> {
        let all = [
            ("converts", self.converts.is_some()),
            ("checks", self.checks.is_some()),
            ("discovers", self.discovers.is_some()),
            ("reads", self.reads.is_some()),
            ("writes", self.writes.is_some()),
            ("listens", self.listens.is_some()),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(name, _)| name.to_owned()).collect()
    }

    /// Whether the component can do what its manifest says, and says what it can do.
    ///
    /// # Errors
    /// Both sides of the difference, and the line that mends it.
    pub fn agree_with(&self, manifest: &Manifest) -> Result<(), String> {
        match (self.converts.is_some(), manifest.kind) {
            (true, PackageKind::Connector) => {
                return Err(
                    "the component exports a transform, but connector.toml has not kind = \"transform\"; add it".into(),
                );
            }
            (false, PackageKind::Transform) => {
                return Err("connector.toml has kind = \"transform\", but the component does not export quoin:transform/transform@1.0.0; with the Rust SDK: quoin_sdk::register_transform!(…)".into());
            }
            _ => {}
        }
        let objects = &manifest.objects;
        let pairs = [
            (
                "source",
                self.reads.is_some(),
                objects.iter().any(|object| object.read),
                "an [[object]] with read = true",
            ),
            (
                "sink",
                self.writes.is_some(),
                objects.iter().any(|object| object.write),
                "an [[object]] with write = true",
            ),
            ("webhook", self.listens.is_some(), manifest.webhook.is_some(), "a [webhook] section"),
        ];
        for (power, exported, declared, line) in pairs {
            match (exported, declared) {
                (true, false) => {
                    return Err(format!(
                        "the component exports '{power}', but connector.toml has not {line}; add it, or take '{power}' out of the powers in register!"
                    ));
                }
                (false, true) => {
                    return Err(format!(
                        "connector.toml has {line}, but the component does not export '{power}'; add '{power}' to the powers in register!, or take it out of connector.toml"
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn built<T>(interface: &str, pre: wasmtime::Result<T>) -> Result<T, String> {
    pre.map_err(|error| format!("the export quoin:connector/{interface} is not of the contract's type: {error:#}; rebuild with an SDK of contract 1.0"))
}
