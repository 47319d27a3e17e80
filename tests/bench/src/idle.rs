//! Many connections that do nothing: a thousand of twenty plugins held by one host, and what each costs in memory.

use std::sync::Arc;

use anyhow::Context;
use egress::{ConnectionConfig, Egress};
use ports::{Connectors, Plugins, ReadRequest};
use quoin_package::Manifest;
use runtime::{ConnectionSpec, Grant};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sandbox::{Package, runtime, vault};
use crate::{Setting, memory};

/// Plugins.
const PLUGINS: usize = 20;
/// Connections of all plugins together.
const CONNECTIONS: usize = 1_000;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Idle {
    /// Connections.
    pub(crate) connections: usize,
    /// Plugins.
    pub(crate) plugins: usize,
    /// Memory of a loaded plugin, KiB.
    pub(crate) plugin_kib: f64,
    /// Memory of a connection that was set up and never used, KiB: its settings, door and TLS client.
    pub(crate) connection_kib: f64,
    /// Memory of a connection after a call, KiB.
    pub(crate) used_kib: f64,
    /// The whole process then, MiB.
    pub(crate) resident_mib: f64,
}

/// Measures it: resident memory before and after.
pub(crate) async fn measure(setting: &Setting) -> anyhow::Result<Idle> {
    let folder = tempfile::tempdir_in(&setting.target)?;
    let secrets = vault(folder.path(), &[]).await?;
    let egress = Arc::new(Egress::new(Arc::clone(&secrets), Arc::new(egress::WallClock)));
    let sandbox = runtime(setting, Arc::clone(&egress) as _, secrets)?;
    let guests = Package::guests(setting)?;
    let start = memory::resident_kib()?;
    for number in 0..PLUGINS {
        let package = numbered(&guests, number)?;
        sandbox.load(package.component, package.manifest).await.map_err(|reason| anyhow::anyhow!(reason))?;
    }
    let loaded = memory::resident_kib()?;
    for number in 0..CONNECTIONS {
        let plugin = id(number % PLUGINS);
        let connection = format!("connection-{number}");
        let manifest = Manifest::parse(&guests.manifest)?;
        let origins = vec![format!("https://tenant-{number}.vendor.example")];
        egress.install(&ConnectionConfig {
            connection: connection.clone(),
            manifest_origins: origins.clone(),
            granted_origins: origins,
            ..ConnectionConfig::default()
        })?;
        let (config, grant) = (json!({"guest": "polite"}), Grant::everything(&manifest));
        sandbox.add_connection(ConnectionSpec { id: connection, plugin, config, grant })?;
    }
    let held = memory::resident_kib()?;
    for number in 0..CONNECTIONS {
        let request = ReadRequest { object: "customer".into(), limit: 10, ..ReadRequest::default() };
        sandbox.read(&format!("connection-{number}"), request).await.result.context("an idle connection wakes up")?;
    }
    let used = memory::resident_kib()?;
    let each = |from: f64, to: f64, of: usize| (to - from) / of as f64;
    Ok(Idle {
        connections: CONNECTIONS,
        plugins: PLUGINS,
        plugin_kib: each(start, loaded, PLUGINS),
        connection_kib: each(loaded, held, CONNECTIONS),
        used_kib: each(loaded, used, CONNECTIONS),
        resident_mib: used / 1024.0,
    })
}

fn id(number: usize) -> String {
    format!("gues{number:02}")
}

/// The guests under another id of the same length: another component, as another vendor's is.
fn numbered(guests: &Package, number: usize) -> anyhow::Result<Package> {
    let (from, to) = ("id = \"guests\"", format!("id = \"{}\"", id(number)));
    let mut component = guests.component.clone();
    let places: Vec<usize> = component
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(at, _)| at)
        .collect();
    places.into_iter().for_each(|at| component[at..at + from.len()].copy_from_slice(to.as_bytes()));
    Ok(Package { component, manifest: guests.manifest.replacen(from, &to, 1) })
}
