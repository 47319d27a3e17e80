//! Durable flows through the real rooms: as fast as they go, then at half of that.

use std::sync::Arc;

use anyhow::Context;
use ports::Ledger;
use process::Event;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::house::House;
use crate::stats::Spread;
use crate::storm::{self, Pace};
use crate::vendors::{QUOTE_PREFIX, Vendors};
use crate::{Setting, memory};

/// Events read from the log at a time.
const LOG_EVENTS: usize = 1_000;
/// Flows before the clock starts: tokens are fetched, connections opened, pages touched.
const WARM_UP: u32 = 32;

/// The result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Flows {
    /// Flows of each run.
    pub(crate) flows: u32,
    /// Webhooks in flight.
    pub(crate) in_flight: u32,
    /// As fast as they go.
    pub(crate) per_second: f64,
    /// End to end, while as fast as they go: what waits in the queue included.
    pub(crate) storm: Spread,
    /// End to end at half of that rate.
    pub(crate) half: Spread,
    /// Requests to vendors per flow.
    pub(crate) requests: f64,
    /// Events recorded per flow.
    pub(crate) events: f64,
    /// Peak memory of the host with the load's sender, MiB.
    pub(crate) peak_mib: f64,
}

/// Measures both runs in one house.
pub(crate) async fn measure(setting: &Setting) -> anyhow::Result<Flows> {
    let vendors = Vendors::start()?;
    let house = House::start(setting, &vendors.url).await?;
    let (tell, mut ended) = mpsc::unbounded_channel();
    let follower = tokio::spawn(follow(Arc::clone(&house.ledger), tell));
    let result = runs(setting, &house, &vendors, &mut ended).await;
    let why = exceptions(house.ledger.as_ref()).await;
    follower.abort();
    house.stop().await;
    result.with_context(|| format!("open exceptions: {why}"))
}

async fn runs(
    setting: &Setting,
    house: &House,
    vendors: &Vendors,
    ended: &mut mpsc::UnboundedReceiver<u32>,
) -> anyhow::Result<Flows> {
    let first = WARM_UP + setting.flows;
    let in_flight = Pace::InFlight(setting.in_flight);
    storm::run(&house.hook, 0..WARM_UP, in_flight, ended).await?;
    let (asked, recorded) = (vendors.answered().await?, head(house));
    let fast = storm::run(&house.hook, WARM_UP..first, in_flight, ended).await?;
    let (requests, events) = (vendors.answered().await? - asked, head(house) - recorded);
    let paced = Pace::PerSecond(fast.per_second / 2.0);
    let half = storm::run(&house.hook, first..first + setting.flows, paced, ended).await?;
    let per_flow = |count: u64| count as f64 / f64::from(setting.flows);
    Ok(Flows {
        flows: setting.flows,
        in_flight: setting.in_flight,
        per_second: fast.per_second,
        storm: Spread::of(fast.took),
        half: Spread::of(half.took),
        requests: per_flow(requests),
        events: per_flow(events),
        peak_mib: memory::peak_mib()?,
    })
}

fn head(house: &House) -> u64 {
    *house.ledger.head().borrow()
}

/// Tells each flow whose last command was recorded as done.
async fn follow(ledger: Arc<dyn Ledger>, tell: mpsc::UnboundedSender<u32>) {
    let mut head = ledger.head();
    let mut at = 0;
    loop {
        head.mark_unchanged();
        let events = ledger.log(at, LOG_EVENTS).await;
        let Some(last) = events.last() else {
            if head.changed().await.is_err() {
                return;
            }
            continue;
        };
        at = last.seq;
        for flow in events.iter().filter_map(|event| ended(event)) {
            if tell.send(flow).is_err() {
                return;
            }
        }
    }
}

fn ended(event: &Event) -> Option<u32> {
    let last = event.kind == "command.done" && event.body.get("role")? == "erp";
    if last { event.key.strip_prefix(QUOTE_PREFIX)?.parse().ok() } else { None }
}

async fn exceptions(ledger: &dyn Ledger) -> String {
    let open = ledger.exceptions(false, 3).await;
    let said: Vec<String> = open
        .iter()
        .map(|exception| format!("{} {}: {}", exception.key, exception.step, exception.fault.message))
        .collect();
    if said.is_empty() { "none".to_owned() } else { said.join("; ") }
}
