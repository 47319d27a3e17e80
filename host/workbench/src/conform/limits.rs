//! The vendor's limits, and its wishes.

use anyhow::ensure;
use cassette::{Exchange, Reply};
use process::FaultKind;
use serde_json::json;

use super::stage::{Stage, skip};

/// What a throttled vendor asks for in these cases, seconds.
const WAIT_SECONDS: u32 = 7;

/// Reads a page, or writes, or checks: whatever the connector can do; its requests and its fault.
async fn any(stage: &Stage<'_>) -> (Vec<Exchange>, Option<process::Fault>) {
    if let Some(object) = stage.readable() {
        let (page, recorded) = stage.page(&object, None, 10).await;
        return (recorded.call.exchanges, page.err());
    }
    let (called, recorded) = stage.bench.check().await;
    (recorded.call.exchanges, called.result.err().map(|error| error.as_fault()))
}

/// No more requests at once than declared; a refusal is not hammered at.
pub async fn kept(stage: &Stage<'_>) -> anyhow::Result<()> {
    let limit = stage.bench.manifest.limits.concurrent_requests;
    if let Some(object) = stage.readable() {
        stage.make(&object, 5).await?;
        stage.settle().await?;
        stage.read(&object, None, 2).await?;
    }
    if let Some(object) = stage.writable() {
        let item = stage.item(&object, "base").await?;
        stage.settled(&object, &item).await?;
    }
    let log = stage.bench.vendor()?.requests().await?;
    let peak = log["peak_in_flight"].as_u64().unwrap_or(0);
    ensure!(
        peak <= u64::from(limit),
        "{peak} requests were under way at once; limits.concurrent_requests declares {limit}"
    );
    stage.plug("throttle", &json!({ "retry_after_seconds": WAIT_SECONDS })).await?;
    let (sent, fault) = any(stage).await;
    ensure!(fault.is_some(), "the vendor throttles everything, and the call succeeded");
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    ensure!(
        sent.len() <= most,
        "after the vendor said 'too many requests' the call went on: {} requests, of which at most {most} can have been under way; return the fault, the host waits",
        sent.len()
    );
    Ok(())
}

/// The vendor's wait reaches the host.
pub async fn waits(stage: &Stage<'_>) -> anyhow::Result<()> {
    any(stage).await;
    stage.plug("throttle", &json!({ "retry_after_seconds": WAIT_SECONDS })).await?;
    let (sent, fault) = any(stage).await;
    let said = sent.iter().any(|exchange| match &exchange.reply {
        Reply::Answer(answer) => answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("retry-after")),
        _ => false,
    });
    if !said {
        return skip("this vendor does not say how long to wait (its simulator sends no Retry-After)");
    }
    let Some(fault) = fault.filter(|fault| fault.kind == FaultKind::RateLimited) else {
        return skip("a throttled call is not rate-limited: see read-faults-map");
    };
    let wanted = u64::from(WAIT_SECONDS) * 1_000;
    ensure!(
        fault.retry_after_ms.is_some_and(|wait| wait >= wanted),
        "the vendor said Retry-After: {WAIT_SECONDS}, and the fault says {:?} ms; in Rust: fault.after_ms({wanted})",
        fault.retry_after_ms
    );
    Ok(())
}
