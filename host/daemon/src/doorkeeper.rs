//! What the house knows about plugins and the fleet does not: whom it trusts, and which connections each has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use egress::{ConnectionConfig, CredentialConfig, Egress, VersionNetwork};
use fleet::Doorkeeper;
use policy::network::{fill_origins, fill_path};
use quoin_package::Manifest;
use rollout::Origin;
use serde_json::{Map, Value, json};

use crate::config::Connection;
use crate::trust::Trust;

/// Judges components, and opens the way out for the versions of a plugin.
pub(crate) struct House {
    trust: Trust,
    connections: Vec<Connection>,
    egress: Arc<Egress>,
    /// Doors as they were opened last, by connection: one that stays the same keeps its sockets and tokens.
    opened: Mutex<BTreeMap<String, ConnectionConfig>>,
}

impl House {
    pub(crate) fn new(trust: Trust, connections: Vec<Connection>, egress: Arc<Egress>) -> Self {
        Self { trust, connections, egress, opened: Mutex::default() }
    }

    fn open_one(
        &self,
        connection: &Connection,
        versions: &[(String, Arc<Manifest>)],
        problems: &mut BTreeMap<String, String>,
    ) {
        let mut fitting = Vec::new();
        for (digest, manifest) in versions {
            match judged(connection, manifest) {
                Ok(door) => fitting.push((digest.clone(), door)),
                Err(problem) => {
                    problems.insert(digest.clone(), problem);
                }
            }
        }
        let Some(door) = together(fitting, versions.len()) else { return };
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.get(&connection.id) == Some(&door) {
            return;
        }
        match self.egress.install(&door) {
            Ok(()) => {
                opened.insert(connection.id.clone(), door);
            }
            Err(error) => {
                problems.extend(versions.iter().map(|(digest, _)| (digest.clone(), error.to_string())));
            }
        }
    }
}

impl Doorkeeper for House {
    fn admit(&self, component: &[u8]) -> Result<Option<Origin>, String> {
        self.trust.origin(component)
    }

    fn open(&self, plugin: &str, versions: &[(String, Arc<Manifest>)]) -> BTreeMap<String, String> {
        let mut problems = BTreeMap::new();
        for connection in self.connections.iter().filter(|connection| connection.plugin == plugin) {
            self.open_one(connection, versions, &mut problems);
        }
        problems
    }
}

/// A connection's door for one version, checked.
fn judged(connection: &Connection, manifest: &Manifest) -> Result<ConnectionConfig, String> {
    let values: Map<String, Value> = connection.config.clone().into_iter().collect();
    let at = |message: String| format!("connection '{}': {message}", connection.id);
    let door = door(connection, manifest, &values).map_err(at)?;
    door.check_slots(manifest).map_err(|error| error.to_string())?;
    Ok(door)
}

/// One door for all versions that fit; each may reach what it declares itself, and they share sockets, tokens
/// and the rate budget. Nothing when none fits.
fn together(fitting: Vec<(String, ConnectionConfig)>, of: usize) -> Option<ConnectionConfig> {
    let mut doors = fitting.iter().map(|(_, door)| door);
    let mut all = doors.next()?.clone();
    for door in doors {
        all.manifest_origins = union(&all.manifest_origins, &door.manifest_origins);
        all.granted_origins = union(&all.granted_origins, &door.granted_origins);
        all.reading_posts = union(&all.reading_posts, &door.reading_posts);
        all.max_concurrent_requests = all.max_concurrent_requests.max(door.max_concurrent_requests);
        all.response_limit_bytes = all.response_limit_bytes.max(door.response_limit_bytes);
        all.request_timeout_ms = all.request_timeout_ms.max(door.request_timeout_ms);
    }
    let same = |door: &ConnectionConfig| {
        door.manifest_origins == all.manifest_origins && door.reading_posts == all.reading_posts
    };
    if fitting.len() < of || !fitting.iter().all(|(_, door)| same(door)) {
        let network = |door: ConnectionConfig| VersionNetwork {
            origins: door.manifest_origins,
            reading_posts: door.reading_posts,
        };
        all.versions = fitting.into_iter().map(|(digest, door)| (digest, network(door))).collect();
    }
    Some(all)
}

fn union(a: &[String], b: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    a.iter().chain(b).filter(|item| seen.insert(*item)).cloned().collect()
}

/// What a connection may reach, and how it shows who it is.
fn door(connection: &Connection, manifest: &Manifest, values: &Map<String, Value>) -> Result<ConnectionConfig, String> {
    let mut filled = values.clone();
    for field in &manifest.config {
        if let (false, Some(default)) = (filled.contains_key(&field.field), &field.default) {
            filled.insert(field.field.clone(), default.clone());
        }
    }
    let origins = fill_origins(&manifest.network.origins, &filled).map_err(|error| error.to_string())?;
    let mut reading_posts = Vec::new();
    for template in &manifest.network.reading_posts {
        reading_posts.extend(fill_path(template, &filled).map_err(|error| error.to_string())?);
    }
    let credentials = connection.credentials.iter().map(|(slot, credential)| {
        let mut value = Value::Object(credential.parameters.clone().into_iter().collect());
        value["slot"] = json!(slot);
        value["scheme"] = json!(credential.scheme);
        serde_json::from_value::<CredentialConfig>(value).map_err(|error| format!("credential.{slot}: {error}"))
    });
    Ok(ConnectionConfig {
        connection: connection.id.clone(),
        granted_origins: connection.origins.clone().unwrap_or_else(|| origins.clone()),
        manifest_origins: origins,
        token_origins: connection.token_origins.clone(),
        reading_posts,
        allow_private: connection.allow_private.clone(),
        credentials: credentials.collect::<Result<_, _>>()?,
        max_concurrent_requests: manifest.limits.concurrent_requests,
        response_limit_bytes: u64::from(manifest.limits.response_bytes),
        request_timeout_ms: manifest.limits.call_ms,
        requests_per_second: connection.requests_per_second,
        idempotency_header: connection.idempotency_header.clone(),
        extra_ca_pem: connection.extra_ca_pem.clone(),
        ..ConnectionConfig::default()
    })
}
