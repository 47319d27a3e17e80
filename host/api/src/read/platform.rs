//! Which plugins are loaded and which systems are connected.

use std::collections::BTreeMap;

use ports::{ConnectionInfo, PluginInfo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiState;
use crate::read::rollouts::StepView;

/// A loaded plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginView {
    /// Plugin id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// What it can do.
    pub powers: Vec<String>,
    /// Connections it serves.
    pub connections: Vec<String>,
    /// Milliseconds from bytes to serving.
    pub load_ms: u64,
    /// Whether the compiled form came from the cache.
    pub from_cache: bool,
    /// Further facts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
    /// What was done when it was loaded, told to whoever loaded it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepView>,
}

impl From<PluginInfo> for PluginView {
    fn from(info: PluginInfo) -> Self {
        Self {
            id: info.id,
            name: info.name,
            version: info.version,
            digest: info.digest,
            powers: info.powers,
            connections: info.connections,
            load_ms: info.load_ms,
            from_cache: info.from_cache,
            notes: info.notes,
            steps: Vec::new(),
        }
    }
}

/// A connected system. Carries no configuration value and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionView {
    /// Connection id.
    pub id: String,
    /// Plugin that serves it.
    pub plugin: String,
    /// The system's name, as its plugin spells it.
    pub system: String,
    /// Plugin version.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// What is exchanged with it.
    pub objects: Vec<ObjectView>,
    /// Whether it sends webhooks.
    pub webhook: bool,
    /// Names of the credential slots it uses.
    pub credentials: Vec<String>,
}

/// What a connection does with one canonical object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObjectView {
    /// Canonical object kind.
    pub name: String,
    /// Whether it is read.
    pub read: bool,
    /// Whether it is written.
    pub write: bool,
    /// How a repeated write is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<String>,
}

impl From<ConnectionInfo> for ConnectionView {
    fn from(info: ConnectionInfo) -> Self {
        let object = |object: &quoin_package::ObjectContract| ObjectView {
            name: object.name.clone(),
            read: object.read,
            write: object.write,
            repeat: object.repeat.and_then(|repeat| Some(serde_json::to_value(repeat).ok()?.as_str()?.to_owned())),
        };
        Self {
            objects: info.manifest.objects.iter().map(object).collect(),
            webhook: info.manifest.webhook.is_some(),
            credentials: info.manifest.credentials.iter().map(|slot| slot.slot.clone()).collect(),
            system: info.manifest.name.clone(),
            version: info.manifest.version.clone(),
            id: info.id,
            plugin: info.plugin,
            digest: info.digest,
        }
    }
}

/// Loaded plugins by id.
pub fn plugins(state: &ApiState) -> Vec<PluginView> {
    let mut views: Vec<PluginView> = state.plugins.plugins().into_iter().map(PluginView::from).collect();
    views.sort_by(|a, b| a.id.cmp(&b.id));
    views
}

/// Connections by id.
pub fn connections(state: &ApiState) -> Vec<ConnectionView> {
    let mut views: Vec<ConnectionView> = state.connectors.connections().into_iter().map(ConnectionView::from).collect();
    views.sort_by(|a, b| a.id.cmp(&b.id));
    views
}
