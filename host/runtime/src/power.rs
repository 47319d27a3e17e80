//! The powers found on a component: one tiny world each, probed by building it.

use quoin_package::Manifest;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::bindings::checks::ChecksPre;
use crate::bindings::describes::DescribesPre;
use crate::bindings::discovers::DiscoversPre;
use crate::bindings::listens::ListensPre;
use crate::bindings::reads::ReadsPre;
use crate::bindings::writes::WritesPre;
use crate::call::State;

/// A component's powers, ready to be instantiated.
pub struct Powers {
    pub describes: DescribesPre<State>,
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
    /// When it exports an interface of the contract that is not of the contract's type.
    pub fn probe(engine: &Engine, component: &Component, pre: &InstancePre<State>) -> Result<Self, String> {
        let exported: Vec<String> =
            component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
        let has = |interface: &str| {
            let prefix = format!("quoin:connector/{interface}@1.");
            exported.iter().any(|name| name.starts_with(&prefix))
        };
        if !has("describe") {
            return Err("the component does not export quoin:connector/describe@1.0.0, so it is no connector; with the Rust SDK: quoin_sdk::register!(…)".into());
        }
        Ok(Self {
            describes: built("describe", DescribesPre::new(pre.clone()))?,
            checks: has("check").then(|| built("check", ChecksPre::new(pre.clone()))).transpose()?,
            discovers: has("discover").then(|| built("discover", DiscoversPre::new(pre.clone()))).transpose()?,
            reads: has("source").then(|| built("source", ReadsPre::new(pre.clone()))).transpose()?,
            writes: has("sink").then(|| built("sink", WritesPre::new(pre.clone()))).transpose()?,
            listens: has("webhook").then(|| built("webhook", ListensPre::new(pre.clone()))).transpose()?,
        })
    }

    /// The names of the optional powers.
    pub fn names(&self) -> Vec<String> {
        let all = [
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
