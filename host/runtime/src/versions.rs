//! Versions side by side: made ready, told whom to serve, taken away.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use ports::{
    Answer, Ask, CallError, CallTrace, Called, Clock, Connectors, LoadStep, Outbound, PluginInfo, Plugins, Staged,
    VersionStatus, Versions,
};
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use rollout::Serving;
use tokio::sync::watch;

use crate::Runtime;
use crate::load::{Shared, load};
use crate::plugin::Plugin;
use crate::routing::Routing;

impl Runtime {
    /// Whether anything is known of a plugin: a version that is ready, or that it was stopped.
    pub fn knows(&self, plugin: &str) -> bool {
        self.routing.load().plugins.contains_key(plugin)
    }

    /// Makes a component ready, or finds it ready.
    async fn ready(&self, component: Vec<u8>, manifest: String) -> Result<(Plugin, Vec<LoadStep>), String> {
        let _loading = self.loading.lock().await;
        load(&self.shared, component, manifest).await
    }

    /// Puts a version beside the others of its plugin; the one that is there already stays, with its record.
    fn put_beside(&self, plugin: Arc<Plugin>) -> Arc<Plugin> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Routing::clone(&self.routing.load_full());
        let known = next.plugins.get(&plugin.manifest.id).and_then(|versions| versions.ready.get(&plugin.digest));
        if let Some(known) = known {
            return Arc::clone(known);
        }
        next.add(&plugin);
        self.routing.store(Arc::new(next));
        tracing::info!(
            plugin = plugin.manifest.id,
            version = plugin.manifest.version,
            digest = plugin.digest,
            load_ms = plugin.load_ms,
            from_cache = plugin.from_cache,
            "a version is ready"
        );
        plugin
    }

    /// A sandbox beside this one, with the same engine and versions, in which one version serves one connection,
    /// through another way out and at another instant.
    fn rehearsal(&self, connection: &str, digest: &str, now: Timestamp, outbound: Arc<dyn Outbound>) -> Self {
        let mut routing = Routing::clone(&self.routing.load_full());
        let plugin = routing.connections.get(connection).map(|wired| wired.spec.plugin.clone());
        if let Some(versions) = plugin.and_then(|plugin| routing.plugins.get_mut(&plugin)) {
            versions.serving = Arc::new(Serving::all(digest));
        }
        let shared = Shared {
            engine: self.shared.engine.clone(),
            linker: self.shared.linker.clone(),
            options: self.shared.options.clone(),
            outbound,
            secrets: Arc::clone(&self.shared.secrets),
            clock: Arc::new(At(now)),
        };
        Self {
            shared,
            routing: ArcSwap::from_pointee(routing),
            changing: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            leaving: Mutex::default(),
            routed: watch::Sender::new(0),
            trouble: watch::Sender::new(0),
            rehearsal: true,
            // The same places: a rehearsal waits behind what is real.
            calls: Arc::clone(&self.calls),
            webhooks: Arc::clone(&self.webhooks),
        }
    }

    fn info(&self, plugin: &Plugin) -> PluginInfo {
        plugin.info(self.routing.load().served_by(&plugin.manifest.id, &plugin.digest))
    }
}

#[async_trait]
impl Versions for Runtime {
    async fn stage(&self, component: Vec<u8>, manifest: String) -> Result<Staged, String> {
        let (plugin, steps) = self.ready(component, manifest).await?;
        let plugin = self.put_beside(Arc::new(plugin));
        Ok(Staged { info: self.info(&plugin), manifest: Arc::clone(&plugin.manifest), steps })
    }

    fn fits(&self, plugin: &str, serving: &Serving) -> Result<(), String> {
        self.routing.load().fits(plugin, serving)
    }

    fn serve(&self, plugin: &str, serving: Serving) -> Result<(), String> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Routing::clone(&self.routing.load_full());
        next.fits(plugin, &serving)?;
        let versions = next.plugins.entry(plugin.to_owned()).or_default();
        let newly = serving.digests().into_iter().filter(|digest| !versions.serving.digests().contains(digest));
        newly.filter_map(|digest| versions.ready.get(digest)).for_each(|version| version.record.reset());
        versions.serving = Arc::new(serving);
        self.routing.store(Arc::new(next));
        self.routed.send_modify(|turns| *turns = turns.wrapping_add(1));
        Ok(())
    }

    fn retire(&self, plugin: &str, digest: &str) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Routing::clone(&self.routing.load_full());
        let serves = next.plugins.get(plugin).is_some_and(|versions| versions.serving.digests().contains(digest));
        if serves {
            return;
        }
        let Some(removed) = next.remove(plugin, digest) else { return };
        self.routing.store(Arc::new(next));
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|plugin| plugin.strong_count() > 0);
        leaving.push(Arc::downgrade(&removed));
    }

    fn versions(&self) -> Vec<VersionStatus> {
        let routing = self.routing.load();
        let ready = routing.plugins.iter().flat_map(|(id, versions)| {
            let status = |plugin: &Arc<Plugin>| plugin.status(routing.served_by(id, &plugin.digest));
            versions.ready.values().map(status).collect::<Vec<_>>()
        });
        let leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        let finishing = leaving.iter().filter_map(std::sync::Weak::upgrade).map(|plugin| plugin.status(Vec::new()));
        ready.chain(finishing.filter(|status| status.in_flight > 0)).collect()
    }

    fn manifest(&self, plugin: &str, digest: &str) -> Option<Arc<Manifest>> {
        let routing = self.routing.load();
        Some(Arc::clone(&routing.plugins.get(plugin)?.ready.get(digest)?.manifest))
    }

    fn routed(&self) -> watch::Receiver<u64> {
        self.routed.subscribe()
    }

    fn trouble(&self) -> watch::Receiver<u64> {
        self.trouble.subscribe()
    }

    async fn replay(
        &self,
        connection: &str,
        digest: &str,
        ask: Ask,
        now: Timestamp,
        outbound: Arc<dyn Outbound>,
    ) -> Called<Answer> {
        let stage = self.rehearsal(connection, digest, now, outbound);
        let answered = |result: Result<Answer, CallError>, trace: CallTrace| Called { result, trace };
        match ask {
            Ask::Read(request) => {
                let called = stage.read(connection, request).await;
                answered(called.result.map(Answer::Page), called.trace)
            }
            Ask::Apply { object, items } => {
                let called = stage.apply(connection, &object, &items).await;
                answered(called.result.map(Answer::Outcomes), called.trace)
            }
            Ask::Lookup { object, items } => {
                let called = stage.lookup(connection, &object, &items).await;
                answered(called.result.map(Answer::Outcomes), called.trace)
            }
        }
    }
}

/// Stands still at an instant.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// One version at a time: what is loaded serves at once, and what served before is forgotten.
#[async_trait]
impl Plugins for Runtime {
    async fn load(&self, component: Vec<u8>, manifest: String) -> Result<PluginInfo, String> {
        let plugin = self.put_beside(Arc::new(self.ready(component, manifest).await?.0));
        let id = &plugin.manifest.id;
        if let Err(error) = self.serve(id, Serving::all(&plugin.digest)) {
            self.retire(id, &plugin.digest);
            return Err(error);
        }
        let others: Vec<String> = self.routing.load().plugins.get(id).map_or_else(Vec::new, |versions| {
            versions.ready.keys().filter(|digest| **digest != plugin.digest).cloned().collect()
        });
        others.iter().for_each(|digest| self.retire(id, digest));
        Ok(self.info(&plugin))
    }

    fn plugins(&self) -> Vec<PluginInfo> {
        let routing = self.routing.load();
        let serving = |versions: &crate::routing::Versions| {
            versions.serving.current().and_then(|digest| versions.ready.get(digest)).map(Arc::clone)
        };
        routing.plugins.values().filter_map(serving).map(|plugin| self.info(&plugin)).collect()
    }
}
