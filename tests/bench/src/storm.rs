//! The load: signed webhooks, so many in flight or so many a second, and when each flow ended.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use aws_lc_rs::hmac;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::vendors;

/// What proves the webhooks.
pub(crate) const SECRET: &[u8] = b"a-shared-secret-of-the-bench";
/// Longest silence before the run is given up: far beyond what one flow needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// How webhooks are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many in flight, each followed at once by the next.
    InFlight(u32),
    /// So many a second, whatever becomes of those before.
    PerSecond(f64),
}

/// What came of a storm.
pub(crate) struct Outcome {
    /// Flows per second, from the first webhook to the last end.
    pub(crate) per_second: f64,
    /// How long each flow took, from the webhook's sending to its end.
    pub(crate) took: Vec<Duration>,
}

/// Sends webhooks for a range of flows to an address, and waits until `ended` has told each.
pub(crate) async fn run(
    url: &str,
    flows: Range<u32>,
    pace: Pace,
    ended: &mut mpsc::UnboundedReceiver<u32>,
) -> anyhow::Result<Outcome> {
    let sender = Arc::new(Sender::new(url, flows.clone())?);
    let start = Instant::now();
    let sending = match pace {
        Pace::InFlight(number) => in_flight(&sender, number),
        Pace::PerSecond(rate) => per_second(&sender, rate),
    };
    let took = tokio::select! {
        took = collect(&sender, ended) => took?,
        error = failed(sending) => return Err(error),
    };
    let seconds = start.elapsed().as_secs_f64();
    Ok(Outcome { per_second: took.len() as f64 / seconds, took })
}

/// Waits for the first webhook that is not taken; for ever when all are.
async fn failed(mut sending: JoinSet<anyhow::Result<()>>) -> anyhow::Error {
    while let Some(ended) = sending.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error,
            Err(error) => return error.into(),
        }
    }
    std::future::pending().await
}

async fn collect(sender: &Sender, ended: &mut mpsc::UnboundedReceiver<u32>) -> anyhow::Result<Vec<Duration>> {
    let mut took = Vec::with_capacity(sender.sent.len());
    while took.len() < sender.sent.len() {
        let next = tokio::time::timeout(PATIENCE, ended.recv()).await;
        let Ok(next) = next else {
            bail!("{} of {} flows ended, then nothing for {PATIENCE:?}", took.len(), sender.sent.len())
        };
        let flow = next.context("whoever told the ends of flows has gone")?;
        let index = flow.checked_sub(sender.flows.start).map(usize::try_from).transpose()?;
        let sent = index.and_then(|index| sender.sent.get(index)).and_then(OnceLock::get);
        took.push(sent.with_context(|| format!("flow {flow} ended but was never begun"))?.elapsed());
    }
    Ok(took)
}

fn in_flight(sender: &Arc<Sender>, number: u32) -> JoinSet<anyhow::Result<()>> {
    let next = Arc::new(AtomicU32::new(sender.flows.start));
    let mut workers = JoinSet::new();
    for _ in 0..number {
        let (sender, next) = (Arc::clone(sender), Arc::clone(&next));
        workers.spawn(async move {
            loop {
                let flow = next.fetch_add(1, Ordering::Relaxed);
                if flow >= sender.flows.end {
                    return Ok(());
                }
                sender.send(flow).await?;
            }
        });
    }
    workers
}

fn per_second(sender: &Arc<Sender>, rate: f64) -> JoinSet<anyhow::Result<()>> {
    let sender = Arc::clone(sender);
    let mut pacer = JoinSet::new();
    pacer.spawn(async move {
        let start = tokio::time::Instant::now();
        let mut under_way = JoinSet::new();
        for flow in sender.flows.clone() {
            let after = f64::from(flow - sender.flows.start) / rate;
            tokio::time::sleep_until(start + Duration::from_secs_f64(after)).await;
            let sender = Arc::clone(&sender);
            under_way.spawn(async move { sender.send(flow).await });
        }
        while let Some(ended) = under_way.join_next().await {
            ended??;
        }
        Ok(())
    });
    pacer
}

struct Sender {
    url: String,
    flows: Range<u32>,
    sent: Vec<OnceLock<Instant>>,
    client: reqwest::Client,
    key: hmac::Key,
}

impl Sender {
    fn new(url: &str, flows: Range<u32>) -> anyhow::Result<Self> {
        Ok(Self {
            url: url.to_owned(),
            sent: flows.clone().map(|_| OnceLock::new()).collect(),
            flows,
            client: reqwest::Client::builder().timeout(PATIENCE).build()?,
            key: hmac::Key::new(hmac::HMAC_SHA256, SECRET),
        })
    }

    async fn send(&self, flow: u32) -> anyhow::Result<()> {
        let record = json!({"object": "Opportunity", "id": vendors::opportunity_id(flow)});
        let body = json!({"delivery_id": format!("delivery-{flow}"), "records": [record]}).to_string();
        let signature = format!("sha256={}", hex::encode(hmac::sign(&self.key, body.as_bytes())));
        if let Some(sent) = self.sent.get(usize::try_from(flow - self.flows.start)?) {
            sent.get_or_init(Instant::now);
        }
        let request = self
            .client
            .post(&self.url)
            .header("x-quoin-signature", signature)
            .header("content-type", "application/json");
        let answer = request.body(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "the webhook of flow {flow} was not taken: {status} {text}");
        Ok(())
    }
}

/// The flow behind an opportunity's id.
pub(crate) fn flow_of(opportunity: &str) -> Option<u32> {
    opportunity.get(3..15)?.parse().ok()
}
