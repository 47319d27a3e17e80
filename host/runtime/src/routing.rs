//! Who serves what: plugins by id with their versions side by side, and connections. Replaced as a
//! whole, so that a call sees one consistent state, and keeps the one it started with.

use std::collections::BTreeMap;
use std::sync::Arc;

use rollout::{Call, Serving};
use tokio::sync::Semaphore;

use crate::bindings::transformer::TransformerPre;
use crate::call::State;
use crate::connection::{Connection, ConnectionError, ConnectionSpec, GrantFor};
use crate::plugin::Plugin;

/// The table.
#[derive(Default, Clone)]
pub struct Routing {
    pub plugins: BTreeMap<String, Versions>,
    pub connections: BTreeMap<String, Arc<Wired>>,
}

/// A plugin's versions, and which of them serves whom.
#[derive(Default, Clone)]
pub struct Versions {
    pub ready: BTreeMap<String, Arc<Plugin>>,
    pub serving: Arc<Serving>,
}

/// A connection with each version that is ready.
#[derive(Clone)]
pub struct Wired {
    pub spec: ConnectionSpec,
    pub grant: Option<GrantFor>,
    pub calls: Arc<Semaphore>,
    pub versions: BTreeMap<String, Result<Arc<Connection>, ConnectionError>>,
}

impl Wired {
    /// Wires a version up; what does not fit is kept as such, and said when somebody wants it to serve.
    pub fn add(&mut self, plugin: &Arc<Plugin>) {
        let mut spec = self.spec.clone();
        if let Some(grant) = &self.grant {
            spec.grant = grant(&plugin.manifest);
        }
        let connection = Connection::new(spec, Arc::clone(plugin), Arc::clone(&self.calls));
        self.versions.insert(plugin.digest.clone(), connection.map(Arc::new));
    }
}

/// Why nobody serves a call.
pub enum Nobody {
    /// There is no such connection, or no version of its plugin.
    Unknown,
    /// Its plugin was stopped, and why.
    Barred(String),
}

impl Routing {
    /// Who serves a call.
    pub fn route(&self, call: Call<'_>) -> Result<Arc<Connection>, Nobody> {
        let wired = self.connections.get(call.connection).ok_or(Nobody::Unknown)?;
        let plugin = self.plugins.get(&wired.spec.plugin).ok_or(Nobody::Unknown)?;
        if let Some(reason) = &plugin.serving.barred {
            return Err(Nobody::Barred(reason.clone()));
        }
        let fitting = |digest: &str| wired.versions.get(digest).and_then(|fit| fit.as_ref().ok()).map(Arc::clone);
        let chosen = plugin.serving.choose(call).and_then(fitting);
        // An old version that no longer fits the configuration leaves its processes to the one that serves.
        chosen.or_else(|| plugin.serving.current().and_then(fitting)).ok_or(Nobody::Unknown)
    }

    /// Who converts; `sticky` keeps to one version while another is on trial.
    pub fn transform(&self, id: &str, sticky: &[u8]) -> Result<(Arc<Plugin>, TransformerPre<State>), Nobody> {
        let versions = self.plugins.get(id).ok_or(Nobody::Unknown)?;
        if let Some(reason) = &versions.serving.barred {
            return Err(Nobody::Barred(reason.clone()));
        }
        let chosen = versions.serving.choose(Call { connection: "", sticky, began: None });
        let plugin = chosen.and_then(|digest| versions.ready.get(digest)).ok_or(Nobody::Unknown)?;
        let pre = plugin.powers.converts.clone().ok_or(Nobody::Unknown)?;
        Ok((Arc::clone(plugin), pre))
    }

    /// Whether a plugin's versions share this connection's calls.
    pub fn is_split(&self, connection: &str) -> bool {
        let plugin = self.connections.get(connection).and_then(|wired| self.plugins.get(&wired.spec.plugin));
        plugin.is_some_and(|plugin| plugin.serving.is_split())
    }

    /// Puts a version beside the others of its plugin.
    pub fn add(&mut self, plugin: &Arc<Plugin>) {
        let id = &plugin.manifest.id;
        self.plugins.entry(id.clone()).or_default().ready.insert(plugin.digest.clone(), Arc::clone(plugin));
        for wired in self.connections.values_mut().filter(|wired| wired.spec.plugin == *id) {
            let mut changed = Wired::clone(wired);
            changed.add(plugin);
            *wired = Arc::new(changed);
        }
    }

    /// Takes a version away.
    pub fn remove(&mut self, id: &str, digest: &str) -> Option<Arc<Plugin>> {
        let removed = self.plugins.get_mut(id)?.ready.remove(digest)?;
        for wired in self.connections.values_mut().filter(|wired| wired.spec.plugin == id) {
            let mut changed = Wired::clone(wired);
            changed.versions.remove(digest);
            *wired = Arc::new(changed);
        }
        Some(removed)
    }

    /// Whether everything that `serving` names is ready, and fits the connections that it would serve.
    pub fn fits(&self, id: &str, serving: &Serving) -> Result<(), String> {
        let none = BTreeMap::new();
        let ready = self.plugins.get(id).map_or(&none, |plugin| &plugin.ready);
        if let Some(missing) = serving.digests().into_iter().find(|digest| !ready.contains_key(*digest)) {
            return Err(format!("version {} of plugin '{id}' is not loaded", missing.get(..12).unwrap_or(missing)));
        }
        let canary = serving.canary.as_ref();
        for (name, wired) in self.connections.iter().filter(|(_, wired)| wired.spec.plugin == id) {
            let tried = canary.filter(|canary| canary.share_percent > 0 || canary.connections.contains(name));
            let pinned = serving.pins.get(name).map(String::as_str);
            let wanted = pinned.or(serving.current()).into_iter().chain(tried.map(|canary| canary.digest.as_str()));
            for digest in wanted {
                if let Some(Err(error)) = wired.versions.get(digest) {
                    return Err(format!("the new version does not fit {error}"));
                }
            }
        }
        Ok(())
    }

    /// Connections that a version serves now, whole or in part.
    pub fn served_by(&self, id: &str, digest: &str) -> Vec<String> {
        let Some(plugin) = self.plugins.get(id) else { return Vec::new() };
        let serving = &plugin.serving;
        let tried = serving.canary.as_ref().filter(|canary| canary.digest == digest);
        let serves = |name: &String| {
            let tries = |canary: &rollout::Canary| canary.share_percent > 0 || canary.connections.contains(name);
            let stays = serving.pins.get(name).map_or(serving.current() == Some(digest), |pinned| pinned == digest);
            stays || (tried.is_some_and(tries) && !serving.pins.contains_key(name))
        };
        let connections = self.connections.iter().filter(|(_, wired)| wired.spec.plugin == id);
        connections.map(|(name, _)| name).filter(|name| serves(name)).cloned().collect()
    }
}
