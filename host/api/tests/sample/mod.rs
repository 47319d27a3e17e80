//! A house with two deals in it, for tests of the API and the console: the acceptance scenario up to
//! the first payment, with its figures decided by billing itself, and a deal that a gate stopped.
#![allow(dead_code)] // every test uses a part of it

pub mod cast;
pub mod story;

use std::sync::{Arc, Mutex};

use api::state::Wiring;
use api::{ApiState, Check, Token};
use async_trait::async_trait;
use policy::access::Role;
use ports::{
    CallError, CallTrace, Called, Clock, ConnectionInfo, Connectors, Inbound, Item, ItemOutcome, Ledger, Page,
    PluginInfo, Plugins, ReadRequest, Reply,
};
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use store::MemoryStore;
use tokio::sync::watch;

/// Tokens of the three roles.
pub const VIEWER: &str = "viewer-token";
pub const OPERATOR: &str = "operator-token";
pub const ADMIN: &str = "admin-token";

/// A house: its ledger, its API state, and the switch that stops it.
pub struct House {
    pub ledger: Arc<MemoryStore>,
    pub api: ApiState,
    pub stop: watch::Sender<bool>,
    pub ready: Arc<Mutex<Result<(), String>>>,
}

/// A house with nothing in it.
pub fn empty() -> House {
    let ledger = Arc::new(MemoryStore::new());
    let (stop, shutdown) = watch::channel(false);
    let clock = Arc::new(SetClock(Mutex::new("2026-04-20T09:30:00Z".parse().unwrap())));
    let ready = Arc::new(Mutex::new(Ok(())));
    let (setter, check) = (clock.clone(), ready.clone());
    let wiring = Wiring {
        ledger: ledger.clone(),
        connectors: Arc::new(Connected),
        plugins: Arc::new(Loaded::default()),
        clock,
        shutdown,
    };
    let api = ApiState::new(wiring)
        .with_tokens(vec![
            Token::from_text("vera", Role::Viewer, VIEWER),
            Token::from_text("olaf", Role::Operator, OPERATOR),
            Token::from_text("ada", Role::Admin, ADMIN),
        ])
        .with_checks(vec![Check::new("store", move || check.lock().unwrap().clone())])
        .with_settable_clock(Arc::new(move |to| {
            *setter.0.lock().unwrap() = to;
            Ok(())
        }));
    House { ledger, api, stop, ready }
}

/// A house with the two deals.
pub async fn furnished() -> House {
    let house = empty();
    for commit in story::commits() {
        house.ledger.commit(commit).await.unwrap();
    }
    house
}

pub struct SetClock(Mutex<Timestamp>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Four systems, listed and never called.
pub struct Connected;

fn never<T>() -> Called<T> {
    Called { result: Err(CallError::NotGranted("the API calls no system".into())), trace: CallTrace::default() }
}

#[async_trait]
impl Connectors for Connected {
    async fn read(&self, _: &str, _: ReadRequest) -> Called<Page> {
        never()
    }
    async fn apply(&self, _: &str, _: &str, _: &[Item]) -> Called<Vec<ItemOutcome>> {
        never()
    }
    async fn lookup(&self, _: &str, _: &str, _: &[Item]) -> Called<Vec<ItemOutcome>> {
        never()
    }
    async fn handle(&self, _: &str, _: Inbound) -> Called<Reply> {
        never()
    }
    async fn check(&self, connection: &str) -> Called<ports::CheckReport> {
        let report = ports::CheckReport {
            account: Some("integration@advisory.example".into()),
            scopes: vec!["read".into()],
            warnings: vec!["no tax code for S:7".into()],
        };
        match connection {
            "erp-de" => Called { result: Ok(report), trace: CallTrace::default() },
            "nowhere" => Called { result: Err(CallError::NoConnection("nowhere".into())), trace: CallTrace::default() },
            _ => never(),
        }
    }
    async fn discover(&self, connection: &str) -> Called<serde_json::Value> {
        if connection == "erp-de" {
            return Called { result: Ok(serde_json::json!({"customer": {}})), trace: CallTrace::default() };
        }
        let fault = process::Fault::new(process::FaultKind::AuthExpired, "401", "the token is not valid any more");
        Called { result: Err(CallError::Fault(fault)), trace: CallTrace::default() }
    }
    fn connection(&self, id: &str) -> Option<ConnectionInfo> {
        self.connections().into_iter().find(|connection| connection.id == id)
    }
    fn connections(&self) -> Vec<ConnectionInfo> {
        let connection = |(id, plugin, name, reads, writes): (&str, &str, &str, &[&str], &[&str])| ConnectionInfo {
            id: id.into(),
            plugin: plugin.into(),
            manifest: Arc::new(manifest(plugin, name, reads, writes)),
            digest: digest(plugin),
        };
        vec![
            connection(("crm-eu", "crm", "Customer relations", &["quote"], &["deal_status"])),
            connection(("psa-eu", "psa", "Project delivery", &["milestone"], &["customer", "project", "assignment"])),
            connection(("time-eu", "time", "Time sheets", &["time_entry"], &["task"])),
            connection((
                "erp-de",
                "erp",
                "Books of the German company",
                &["payment", "project_financials"],
                &["customer", "billing_setup", "invoice"],
            )),
        ]
    }
}

/// A component digest for a plugin of these tests.
pub fn digest(plugin: &str) -> String {
    plugin.bytes().cycle().take(32).map(|byte| format!("{byte:02x}")).collect()
}

fn manifest(id: &str, name: &str, reads: &[&str], writes: &[&str]) -> Manifest {
    let mut text = format!(
        "id = \"{id}\"\nname = \"{name}\"\nversion = \"1.2.0\"\ncontract = \"1.0\"\ndescription = \"For tests.\"\nlicense = \"Apache-2.0\"\n"
    );
    text += "[[credential]]\nslot = \"api\"\nschemes = [\"bearer\"]\nhelp = \"A token.\"\n";
    for object in reads {
        text += &format!(
            "[[object]]\nname = \"{object}\"\nread = true\ncursor = {{ field = \"updated\", tie_break = \"id\" }}\n"
        );
    }
    for object in writes {
        text += &format!("[[object]]\nname = \"{object}\"\nwrite = true\nrepeat = \"native_upsert\"\n");
    }
    Manifest::parse(&text).unwrap()
}

/// Plugins that load when their bytes begin like a component's.
#[derive(Default)]
pub struct Loaded(Mutex<Vec<PluginInfo>>);

#[async_trait]
impl Plugins for Loaded {
    async fn load(&self, component: Vec<u8>, manifest: String) -> Result<PluginInfo, String> {
        if !component.starts_with(b"\0asm") {
            return Err("the file is no WebAssembly component: it does not begin with \\0asm".into());
        }
        let manifest = Manifest::parse(&manifest).map_err(|error| error.to_string())?;
        let info = info(&manifest.id, &manifest.name, &manifest.version, Vec::new());
        self.0.lock().unwrap().push(info.clone());
        Ok(info)
    }

    fn plugins(&self) -> Vec<PluginInfo> {
        let mut plugins: Vec<PluginInfo> = Connected
            .connections()
            .into_iter()
            .map(|connection| info(&connection.plugin, &connection.manifest.name, "1.2.0", vec![connection.id]))
            .collect();
        plugins.extend(self.0.lock().unwrap().iter().cloned());
        plugins
    }
}

fn info(id: &str, name: &str, version: &str, connections: Vec<String>) -> PluginInfo {
    PluginInfo {
        id: id.into(),
        name: name.into(),
        version: version.into(),
        digest: digest(id),
        powers: vec!["reads".into(), "writes".into()],
        connections,
        load_ms: 212,
        from_cache: true,
        notes: Default::default(),
    }
}
