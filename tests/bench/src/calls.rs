//! What a plugin call costs: a fresh instance, one object or a hundred, against the same object
//! read, checked and written natively.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use ports::{Connectors, Item, ReadRequest};
use quoin_canonical::{Canonical, Customer, Id};
use runtime::{ConnectionSpec, Grant, Runtime};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::{AtOnce, Package, runtime, vault};
use crate::stats::{LOOP, WARM_UP, micros};
use crate::{Setting, memory, vendors};

/// Objects of a batch.
const BATCH: usize = 100;
/// Connection to the guest that answers with what it was sent.
pub(crate) const ECHO: &str = "sink_polite";
/// Origin of the vendors behind [`AtOnce`].
const ORIGIN: &str = "http://127.0.0.1:9";

/// The result; times in microseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Calls {
    /// Size of the object, bytes.
    pub(crate) object_bytes: usize,
    /// Read, checked and written natively, per object.
    pub(crate) native_us: f64,
    /// One call with one object, there and back.
    pub(crate) single_us: f64,
    /// One call with a hundred, per object.
    pub(crate) batch_us: f64,
    /// A call that carries nothing: instance, entry, exit.
    pub(crate) bare_us: f64,
    /// A quote read through a real connector, page of a hundred, per quote.
    pub(crate) quote_us: f64,
    /// Peak memory, MiB.
    pub(crate) peak_mib: f64,
}

/// A customer of about one KiB.
pub(crate) fn customer() -> Value {
    let address = |purpose: &str| {
        json!({"purpose": purpose, "lines": ["Lindenallee 12", "Building C, third floor, reception on the left"],
               "city": "Hamburg", "postal_code": "20095", "country": "DE"})
    };
    let ext = json!({"industry": "Mechanical engineering", "account_manager": "ana@advisory.example", "segment": "mid-market",
                     "remark": "Prefers one invoice a month with the time sheet attached; purchase order number on every line."});
    json!({
        "header": {"id": Id::derived(&["bench"]), "external": vendors::ACCOUNT, "version": "2026-03-02T10:15:00.000+0000", "ext": ext},
        "name": "Aster Maschinenbau GmbH & Co. KG", "parent_name": "Aster Group AG", "vat_id": "DE811907980", "country": "DE",
        "addresses": [address("registered"), address("billing"), address("shipping")],
        "payment_terms_days": 30, "currency": "EUR", "credit": {"status": "ok"}, "status": "active",
    })
}

/// Measures all of it.
pub(crate) async fn measure(setting: &Setting) -> anyhow::Result<Calls> {
    let object = customer();
    let text = object.to_string();
    let native_us = micros(|| native(black_box(&text)))?;
    let folder = tempfile::tempdir_in(&setting.target)?;
    let secrets = [("crm/api/value", b"token".as_slice())];
    let sandbox = runtime(setting, Arc::new(AtOnce), vault(folder.path(), &secrets).await?)?;
    add_guests(setting, &sandbox).await?;
    add_crm(setting, &sandbox).await?;
    let one = items(&object, 1);
    let many = items(&object, BATCH);
    let single_us = timed(|| echo(&sandbox, &one)).await?;
    let batch_us = timed(|| echo(&sandbox, &many)).await? / BATCH as f64;
    let bare_us = timed(|| bare(&sandbox)).await?;
    let quote_us = timed(|| quotes(&sandbox)).await? / BATCH as f64;
    Ok(Calls {
        object_bytes: text.len(),
        native_us,
        single_us,
        batch_us,
        bare_us,
        quote_us,
        peak_mib: memory::peak_mib()?,
    })
}

/// What a connector and the host do with an object, without the border between them.
fn native(text: &str) -> anyhow::Result<()> {
    let object: Customer = serde_json::from_str(text)?;
    object.validate().map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    black_box(serde_json::to_string(&object)?);
    Ok(())
}

/// Loads the guests, with connections to those that behave.
pub(crate) async fn add_guests(setting: &Setting, sandbox: &Runtime) -> anyhow::Result<()> {
    Package::guests(setting)?.load(sandbox).await?;
    for guest in [ECHO, "polite"] {
        let names = || ["customer".to_owned()].into();
        let grant = Grant { read: names(), write: names() };
        sandbox.add_connection(ConnectionSpec {
            id: guest.into(),
            plugin: "guests".into(),
            config: json!({"guest": guest}),
            grant,
        })?;
    }
    Ok(())
}

async fn add_crm(setting: &Setting, sandbox: &Runtime) -> anyhow::Result<()> {
    Package::connector(setting, "salesforce")?.load(sandbox).await?;
    let grant = Grant { read: ["quote".to_owned()].into(), write: [].into() };
    sandbox.add_connection(ConnectionSpec {
        id: "crm".into(),
        plugin: "salesforce".into(),
        config: json!({"base_url": ORIGIN}),
        grant,
    })?;
    Ok(())
}

fn items(object: &Value, count: usize) -> Vec<Item> {
    let item = |number: usize| Item {
        key: format!("key-{number}"),
        id: Id::derived(&["bench"]).to_string(),
        external: None,
        data: object.clone(),
        delete: false,
        references: Vec::new(),
    };
    (0..count).map(item).collect()
}

async fn echo(sandbox: &Runtime, items: &[Item]) -> anyhow::Result<()> {
    let outcomes = sandbox.lookup(ECHO, "customer", items).await.result?;
    anyhow::ensure!(outcomes.iter().all(|outcome| outcome.data.is_some()), "the guest answered without the object");
    Ok(())
}

/// The smallest call there is: a read whose answer is one short customer.
pub(crate) async fn bare(sandbox: &Runtime) -> anyhow::Result<()> {
    let request = ReadRequest { object: "customer".into(), limit: 1, ..ReadRequest::default() };
    sandbox.read("polite", request).await.result?;
    Ok(())
}

async fn quotes(sandbox: &Runtime) -> anyhow::Result<()> {
    let ids = (0..BATCH).map(|flow| vendors::opportunity_id(u32::try_from(flow).unwrap_or_default())).collect();
    let request = ReadRequest { object: "quote".into(), ids, limit: 500, cursor: None };
    let page = sandbox.read("crm", request).await.result?;
    anyhow::ensure!(page.changes.len() == BATCH, "{} quotes of {BATCH} were read", page.changes.len());
    Ok(())
}

/// Microseconds per round, one after the other.
pub(crate) async fn timed<F: Future<Output = anyhow::Result<()>>>(mut round: impl FnMut() -> F) -> anyhow::Result<f64> {
    for _ in 0..WARM_UP {
        round().await?;
    }
    let (start, mut rounds) = (Instant::now(), 0_u32);
    while start.elapsed() < LOOP {
        round().await?;
        rounds += 1;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds))
}
