//! What flows are compared with: the same webhooks, a journal with group flush, and the vendors'
//! requests, in plain Rust; once with a fresh plugin instance where the host would call one.

use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use runtime::Runtime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::disk::{self, Flush, RECORD_BYTES, Ready};
use crate::sandbox::{AtOnce, runtime, vault};
use crate::stats::Spread;
use crate::storm::{self, Pace};
use crate::vendors::Vendors;
use crate::{Setting, calls, memory};

/// Fewest flows of a run: the reference is fast, and shorter runs say nothing.
const FEWEST: u32 = 3_000;
/// Records that share a flush.
const GROUP: usize = 256;
/// Requests per flow: one for the project, one for the billing set-up.
const REQUESTS: u32 = 2;
/// The same as the connectors make: each looks before it writes, and the set-up has two records.
const CONNECTOR_REQUESTS: u32 = 6;
/// Plugin calls per flow: proof, read, and a write for each system.
const PLUGIN_CALLS: u32 = 4;

/// The result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reference {
    /// The disk.
    pub(crate) flush: Flush,
    /// Plain Rust, two requests a flow.
    pub(crate) native: Run,
    /// Plain Rust, as many requests as the connectors make.
    pub(crate) as_many: Run,
    /// Two requests a flow and four fresh plugin instances.
    pub(crate) wasm: Run,
    /// Peak memory, MiB.
    pub(crate) peak_mib: f64,
}

/// One reference.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Flows per second.
    pub(crate) per_second: f64,
    /// End to end.
    pub(crate) took: Spread,
}

/// Measures all of them.
pub(crate) async fn measure(setting: &Setting) -> anyhow::Result<Reference> {
    let folder = tempfile::tempdir_in(&setting.target)?;
    let path = folder.path().to_path_buf();
    let flush = tokio::task::spawn_blocking(move || disk::measure(&path)).await??;
    let sandbox = runtime(setting, Arc::new(AtOnce), vault(folder.path(), &[]).await?)?;
    calls::add_guests(setting, &sandbox).await?;
    let vendors = Vendors::start()?;
    let work = |requests, plugin_calls| Work { requests, plugin_calls, vendors: vendors.url.clone() };
    Ok(Reference {
        native: run(setting, &sandbox, work(REQUESTS, 0)).await?,
        wasm: run(setting, &sandbox, work(REQUESTS, PLUGIN_CALLS)).await?,
        as_many: run(setting, &sandbox, work(CONNECTOR_REQUESTS, 0)).await?,
        flush,
        peak_mib: memory::peak_mib()?,
    })
}

/// What a flow does.
#[derive(Debug, Clone)]
struct Work {
    requests: u32,
    plugin_calls: u32,
    vendors: String,
}

struct Door {
    work: Work,
    key: hmac::Key,
    journal: mpsc::Sender<Record>,
    client: reqwest::Client,
    sandbox: Arc<Runtime>,
    tell: mpsc::UnboundedSender<u32>,
}

/// A record, and who waits for it to be durable.
struct Record {
    bytes: Vec<u8>,
    durable: oneshot::Sender<()>,
}

async fn run(setting: &Setting, sandbox: &Arc<Runtime>, work: Work) -> anyhow::Result<Run> {
    let folder = tempfile::tempdir_in(&setting.target)?;
    let ready = Ready::create(&folder.path().join("journal"))?;
    let (journal, records) = mpsc::channel(GROUP * 4);
    std::thread::spawn(move || {
        // Whoever waits for a flush then hears that nobody will answer, and the run ends with that.
        if let Err(error) = write(ready, records) {
            eprintln!("the journal of the reference failed: {error}");
        }
    });
    let (tell, mut ended) = mpsc::unbounded_channel();
    let key = hmac::Key::new(hmac::HMAC_SHA256, storm::SECRET);
    let door = Door { work, key, journal, client: reqwest::Client::new(), sandbox: Arc::clone(sandbox), tell };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let router = Router::new().route("/hook", post(receive)).with_state(Arc::new(door));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let flows = setting.flows.max(FEWEST);
    let outcome = storm::run(&url, 0..flows, Pace::InFlight(setting.in_flight), &mut ended).await;
    serving.abort();
    let outcome = outcome?;
    Ok(Run { per_second: outcome.per_second, took: Spread::of(outcome.took) })
}

/// Group flush: everything that waits is written and flushed together.
fn write(mut ready: Ready, mut records: mpsc::Receiver<Record>) -> std::io::Result<()> {
    let mut waiting = Vec::with_capacity(GROUP);
    while records.blocking_recv_many(&mut waiting, GROUP) > 0 {
        let bytes: Vec<u8> = waiting.iter().flat_map(|record| record.bytes.iter().copied()).collect();
        ready.flush(&bytes)?;
        for record in waiting.drain(..) {
            // Whoever waited has gone: the record is durable all the same.
            let _gone = record.durable.send(());
        }
    }
    Ok(())
}

/// Proof, durable envelope, answer; then the flow.
async fn receive(State(door): State<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, StatusCode> {
    let mac = headers
        .get("x-quoin-signature")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix("sha256="));
    let mac = mac.and_then(|text| hex::decode(text).ok()).ok_or(StatusCode::UNAUTHORIZED)?;
    hmac::verify(&door.key, &body, &mac).map_err(|_| StatusCode::UNAUTHORIZED)?;
    let delivery: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let flow = delivery
        .pointer("/records/0/id")
        .and_then(Value::as_str)
        .and_then(storm::flow_of)
        .ok_or(StatusCode::BAD_REQUEST)?;
    if door.work.plugin_calls > 0 {
        calls::bare(&door.sandbox).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    }
    door.append(&body).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    tokio::spawn(async move {
        // A flow that fails is never told, and the run ends with that.
        if let Err(error) = door.flow(flow).await {
            eprintln!("flow {flow} of the reference failed: {error:#}");
        }
    });
    Ok(StatusCode::OK)
}

impl Door {
    async fn append(&self, content: &[u8]) -> anyhow::Result<()> {
        let mut bytes = content.to_vec();
        bytes.resize(RECORD_BYTES.max(content.len()), 0);
        let (durable, waiting) = oneshot::channel();
        self.journal.send(Record { bytes, durable }).await?;
        Ok(waiting.await?)
    }

    /// The requests, each depending on the one before and recorded after it.
    async fn flow(&self, flow: u32) -> anyhow::Result<()> {
        let mut last = Value::from(flow);
        for number in 0..self.work.requests {
            if number + 1 < self.work.plugin_calls {
                calls::bare(&self.sandbox).await?;
            }
            let body = json!({"workspace": {"title": format!("Deal {flow}"), "after": last, "terms": "x".repeat(600)}});
            let answer =
                self.client.post(format!("{}/api/v1/workspaces", self.work.vendors)).json(&body).send().await?;
            let answer: Value = answer.json().await?;
            last = answer.pointer("/results/0/id").cloned().unwrap_or_default();
            self.append(answer.to_string().as_bytes()).await?;
        }
        for _ in (self.work.requests + 1)..self.work.plugin_calls {
            calls::bare(&self.sandbox).await?;
        }
        // Nobody listens any more once the run has failed.
        let _gone = self.tell.send(flow);
        Ok(())
    }
}
