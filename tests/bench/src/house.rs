//! The real rooms in this process, wired as the host wires them: store, vault, egress, sandbox with
//! the three connectors, webhook door, wheel.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use conductor::{Limits, Wheel};
use egress::{ConnectionConfig, CredentialConfig, Egress};
use ingress::Doors;
use policy::network::{fill_origins, fill_path};
use ports::{Clock, Commit, Connectors, Ledger, Op, Secrets, XrefRow};
use process::calls::{EntityCalendar, Parameters, RouteRow};
use process::definition::Definition;
use process::machine::Catalogue;
use quoin_canonical::{Id, LegalEntity};
use quoin_package::Manifest;
use runtime::{ConnectionSpec, Grant, Runtime};
use serde_json::{Value, json};
use store::EmbeddedStore;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::sandbox::{Package, TimeOrderedIds, WallClock, runtime, vault};
use crate::{Setting, storm, vendors};

/// A running house.
pub(crate) struct House {
    /// Its truth.
    pub(crate) ledger: Arc<dyn Ledger>,
    /// Where the CRM delivers.
    pub(crate) hook: String,
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
    _folder: TempDir,
}

/// A connection of the house.
struct Line {
    id: &'static str,
    plugin: &'static str,
    config: Value,
    credential: Value,
}

impl House {
    /// Builds and starts everything; vendors answer at `origin`.
    pub(crate) async fn start(setting: &Setting, origin: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(&setting.target)?;
        let path = folder.path().join("store");
        let store = tokio::task::spawn_blocking(move || EmbeddedStore::open(path, store::Options::default())).await??;
        let ledger: Arc<dyn Ledger> = Arc::new(store);
        let secrets = secrets(folder.path()).await?;
        let egress = Arc::new(Egress::new(Arc::clone(&secrets), Arc::new(egress::WallClock)));
        let sandbox = runtime(setting, Arc::clone(&egress) as _, secrets)?;
        for line in lines(origin) {
            connect(setting, &line, &egress, &sandbox).await?;
        }
        know_customer(ledger.as_ref()).await?;
        let (stop, stopped) = watch::channel(false);
        let mut loops = JoinSet::new();
        loops.spawn(conductor::run(wheel(&ledger, &sandbox)?, stopped.clone()));
        let hook = open_door(&mut loops, &ledger, &sandbox, stopped).await?;
        Ok(Self { ledger, hook, stop, loops, _folder: folder })
    }

    /// Stops, with everything under way recorded.
    pub(crate) async fn stop(mut self) {
        // Nobody listens any more when every loop has ended already.
        let _unheard = self.stop.send(true);
        while self.loops.join_next().await.is_some() {}
    }
}

fn lines(origin: &str) -> [Line; 3] {
    let token = |path: &str| format!("{origin}{path}");
    [
        Line {
            id: "crm",
            plugin: "salesforce",
            config: json!({"base_url": origin}),
            credential: json!({"slot": "api", "scheme": "oauth2_client_credentials", "token_url": token("/services/oauth2/token")}),
        },
        Line {
            id: "psa",
            plugin: "kantata",
            config: json!({"base_url": origin}),
            credential: json!({"slot": "api", "scheme": "bearer"}),
        },
        Line {
            id: "erp",
            plugin: "netsuite",
            config: json!({
                "base_url": origin, "account": "1234567_SB1", "subsidiaries": {"DE01": "2"}, "currencies": {"EUR": "1"},
                "items": {"time_and_materials": "101"}, "tax_codes": {"S:19": "5"}, "terms": {"30": "2"},
            }),
            credential: json!({
                "slot": "api", "scheme": "oauth2_client_assertion", "token_url": token("/services/rest/auth/oauth2/v1/token"),
                "key_id": "bench", "algorithm": "ES256", "scope": "rest_webservices",
            }),
        },
    ]
}

async fn secrets(folder: &Path) -> anyhow::Result<Arc<dyn Secrets>> {
    let key = rcgen::KeyPair::generate()?.serialize_pem();
    let secrets: [(&str, &[u8]); 6] = [
        ("crm/api/client_id", b"client"),
        ("crm/api/client_secret", b"client-secret-of-the-bench"),
        ("crm/webhook/value", storm::SECRET),
        ("psa/api/value", b"token-of-the-bench"),
        ("erp/api/client_id", b"client"),
        ("erp/api/private_key", key.as_bytes()),
    ];
    vault(folder, &secrets).await
}

async fn connect(setting: &Setting, line: &Line, egress: &Egress, sandbox: &Runtime) -> anyhow::Result<()> {
    let package = Package::connector(setting, line.plugin)?;
    let manifest = Manifest::parse(&package.manifest)?;
    package.load(sandbox).await?;
    let spec = ConnectionSpec {
        id: line.id.to_owned(),
        plugin: line.plugin.to_owned(),
        config: line.config.clone(),
        grant: Grant::everything(&manifest),
    };
    sandbox.add_connection(spec)?;
    egress.install(&door(line, &manifest)?)?;
    Ok(())
}

fn door(line: &Line, manifest: &Manifest) -> anyhow::Result<ConnectionConfig> {
    let values = line.config.as_object().cloned().unwrap_or_default();
    let origins = fill_origins(&manifest.network.origins, &values)?;
    let mut reading_posts = Vec::new();
    for template in &manifest.network.reading_posts {
        reading_posts.extend(fill_path(template, &values)?);
    }
    Ok(ConnectionConfig {
        connection: line.id.to_owned(),
        granted_origins: origins.clone(),
        manifest_origins: origins,
        reading_posts,
        allow_private: vec!["127.0.0.1".to_owned()],
        credentials: vec![serde_json::from_value::<CredentialConfig>(line.credential.clone())?],
        max_concurrent_requests: manifest.limits.concurrent_requests,
        response_limit_bytes: u64::from(manifest.limits.response_bytes),
        request_timeout_ms: manifest.limits.call_ms,
        ..ConnectionConfig::default()
    })
}

/// The customer of all deals is known in delivery and finance already.
async fn know_customer(ledger: &dyn Ledger) -> anyhow::Result<()> {
    let row = |connection: &str| {
        Op::PutXref(XrefRow {
            connection: connection.to_owned(),
            object: "customer".to_owned(),
            external: "700".to_owned(),
            id: Id::derived(&["crm", "customer", vendors::ACCOUNT]),
            key: None,
        })
    };
    ledger.commit(Commit { expect: Vec::new(), ops: vec![row("psa"), row("erp")] }).await?;
    Ok(())
}

fn wheel(ledger: &Arc<dyn Ledger>, sandbox: &Arc<Runtime>) -> anyhow::Result<Wheel> {
    let mut catalogue = Catalogue::default();
    let definition = Definition::parse("bench.yaml", include_str!("../bench.yaml"))?;
    catalogue.add(definition).map_err(|reason| anyhow::anyhow!(reason))?;
    Ok(Wheel {
        ledger: Arc::clone(ledger),
        connectors: Arc::clone(sandbox) as Arc<dyn Connectors>,
        clock: Arc::new(WallClock),
        ids: Arc::new(TimeOrderedIds),
        catalogue: Arc::new(catalogue),
        parameters: Arc::new(parameters()?),
        limits: Limits::default(),
    })
}

fn parameters() -> anyhow::Result<Parameters> {
    let entity: LegalEntity = serde_json::from_value(json!({
        "code": "DE01", "name": "Advisory DE GmbH", "country": "DE", "currency": "EUR", "zone": "Europe/Berlin",
        "vat_id": "DE123456789", "default_tax": {"category": "S", "rate_percent": "19"},
        "address": {"purpose": "registered", "lines": ["Hafenstrasse 1"], "city": "Hamburg", "postal_code": "20457", "country": "DE"},
    }))?;
    let calendar = EntityCalendar { entity, close_day: 5, close_time: "18:00".to_owned() };
    let route = |role: &str| RouteRow { role: role.to_owned(), entity: None, connection: role.to_owned() };
    Ok(Parameters {
        config: json!({"entities": ["DE01"], "tax_countries": ["DE"], "contract_types": ["sow"], "withdraw_after_days": 14}),
        entities: BTreeMap::from([("DE01".to_owned(), calendar)]),
        routes: ["crm", "psa", "erp"].map(route).into(),
        ..Parameters::default()
    })
}

/// Opens the webhook door on a free port and follows what it lets in; gives the CRM's address.
async fn open_door(
    loops: &mut JoinSet<()>,
    ledger: &Arc<dyn Ledger>,
    sandbox: &Arc<Runtime>,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let doors = Doors {
        ledger: Arc::clone(ledger),
        connectors: Arc::clone(sandbox) as Arc<dyn Connectors>,
        clock: Arc::new(WallClock) as Arc<dyn Clock>,
        ids: Arc::new(TimeOrderedIds),
        public_url: origin.clone(),
    };
    let router = ingress::router(doors.clone());
    loops.spawn(ingress::follow_nudges(doors, "crm".to_owned(), stopped.clone()));
    let mut closing = stopped;
    let closed = async move {
        // An error means the sender is gone: closing as well.
        let _closed = closing.wait_for(|stop| *stop).await;
    };
    loops.spawn(async move {
        tokio::select! {
            // It ends with the house; nothing of a bench is served after that.
            _served = async { axum::serve(listener, router).await } => {}
            () = closed => {}
        }
    });
    Ok(format!("{origin}/hooks/crm"))
}
