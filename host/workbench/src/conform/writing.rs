//! Rules of writing.

use anyhow::{Context, bail, ensure};
use cassette::Exchange;
use ports::{Item, ItemStatus};
use process::FaultKind;
use quoin_package::Repeat;
use serde_json::json;

use super::stage::{Stage, done, outcome_told, skip, told};
use crate::plan::merged;

/// How an answer can be lost, and whether the vendor carried the request out.
const LOSSES: [(&str, &str); 5] = [
    ("drop_answer_after_commit", "its answer was lost"),
    ("server_error_after_commit", "the vendor answered a server error after doing it"),
    ("truncate", "half of the answer came"),
    ("drop_request", "it never arrived"),
    ("html", "a gateway answered in its place"),
];

fn repeat(stage: &Stage<'_>, object: &str) -> Repeat {
    stage.bench.manifest.object(object).and_then(|object| object.repeat).unwrap_or(Repeat::None)
}

/// Writes an item that must succeed; its vendor id and its requests.
async fn written(stage: &Stage<'_>, object: &str, item: &Item) -> anyhow::Result<(String, Vec<Exchange>)> {
    let (outcome, recorded) = stage.apply(object, item).await;
    let outcome = outcome.map_err(|fault| anyhow::anyhow!("writing {object} failed: {}", told(&fault)))?;
    ensure!(done(outcome.status), "writing {object} on a vendor that is well ended as {}", outcome_told(&outcome));
    let external = outcome.external.or_else(|| item.external.clone());
    let external = external.with_context(|| format!("{object} was written, and no vendor id came back"))?;
    Ok((external, recorded.call.exchanges))
}

/// The same write twice leaves one record.
pub async fn twice(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    if repeat(stage, object) == Repeat::None {
        return skip("connector.toml declares that a repeat cannot be recognised, so the host never repeats by itself");
    }
    let item = stage.item(object, "twice").await?;
    let (external, _) = written(stage, object, &item).await?;
    let once = stage.created().await?;
    stage.clock(60).await?;
    let (again, _) = written(stage, object, &item).await.context("the second time")?;
    ensure!(again == external, "the second write of the same item is record {again}, the first was {external}");
    let twice = stage.created().await?;
    ensure!(
        once == twice,
        "the vendor's ledger after one write: {once:?}, after two: {twice:?}; recognise the first write by its marker before making another record"
    );
    Ok(())
}

/// A changed object changes the record.
pub async fn change(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    let Some(change) = stage.plan(object).change else {
        return skip(format!("tests/conform.toml, object.{object}: no `change` says what to change"));
    };
    let item = stage.item(object, "change").await?;
    let (external, _) = written(stage, object, &item).await?;
    let (created, effects) = (stage.created().await?, stage.effects().await?);
    stage.clock(60).await?;
    let changed = Item {
        key: format!("{}-changed", item.key),
        external: Some(external.clone()),
        data: merged(&item.data, &change),
        ..item
    };
    let (again, _) = written(stage, object, &changed).await.context("the changed object")?;
    ensure!(again == external, "a change of record {external} came back as record {again}");
    ensure!(stage.created().await? == created, "a change made another record at the vendor");
    ensure!(stage.effects().await? > effects, "a change was answered as done, and the vendor's ledger shows nothing");
    Ok(())
}

/// An answer lost anywhere is found, and nothing is doubled.
pub async fn unknown(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    let item = stage.item(object, "unknown").await?;
    let (_, exchanges) = written(stage, object, &item).await?;
    let wanted = stage.created().await?;
    let writes: Vec<(String, usize)> = positions(stage, &exchanges);
    ensure!(
        !writes.is_empty(),
        "{object} was written without a single writing request; is it read at the vendor at all?"
    );
    for (route, after) in &writes {
        for (fault, words) in LOSSES {
            stage.fresh().await?;
            let item = stage.item(object, "unknown").await?;
            let vendor = stage.bench.vendor()?;
            vendor.plug(&json!({ "route": route, "fault": fault, "times": 1, "after": after })).await?;
            let how = format!("{route}, request {}: {words}", after + 1);
            if repeat(stage, object) == Repeat::None {
                unrepeatable(stage, object, &item, &how).await?;
                continue;
            }
            stage.settled(object, &item).await.with_context(|| how.clone())?;
            let found = stage.created().await?;
            ensure!(found == wanted, "{how}; then the vendor's ledger shows {found:?} instead of {wanted:?}");
        }
    }
    Ok(())
}

/// Where nothing recognises a repeat, a lost answer must at least not look like a refusal.
async fn unrepeatable(stage: &Stage<'_>, object: &str, item: &Item, how: &str) -> anyhow::Result<()> {
    match stage.apply(object, item).await.0 {
        Ok(outcome) if outcome.status == ItemStatus::Retry => {
            bail!("{how}; the outcome is retry, but nothing recognises a repeat: it must be unknown")
        }
        _ => Ok(()),
    }
}

/// The writing requests of a call: route, and how many of the same route came before.
fn positions(stage: &Stage<'_>, exchanges: &[Exchange]) -> Vec<(String, usize)> {
    let route = |exchange: &Exchange| {
        let url = &exchange.request.url;
        let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
        let path = path.split(['?', '#']).next().unwrap_or(path);
        format!("{} {path}", exchange.request.method)
    };
    let routes: Vec<String> = exchanges.iter().map(route).collect();
    let mut found = Vec::new();
    for (at, exchange) in exchanges.iter().enumerate() {
        if !stage.bench.only_reads(exchange) {
            // The switchboard's routes are beginnings, so longer ones count as well.
            let before = routes[..at].iter().filter(|earlier| earlier.starts_with(routes[at].as_str())).count();
            found.push((routes[at].clone(), before));
        }
    }
    found
}

/// What the vendor refuses is rejected, with the field.
pub async fn refused(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    let Some(refused) = stage.plan(object).refused else {
        return skip(format!("tests/conform.toml, object.{object}: no `refused` says what the vendor does not take"));
    };
    let item = stage.item(object, "refused").await?;
    let item = Item { data: merged(&item.data, &refused), ..item };
    let before = stage.created().await?;
    let (outcome, _) = stage.apply(object, &item).await;
    let outcome = outcome.map_err(|fault| anyhow::anyhow!("the whole call failed: {}", told(&fault)))?;
    ensure!(outcome.status == ItemStatus::Rejected, "a refused {object} ended as {}", outcome_told(&outcome));
    let fault = outcome.fault.context("a rejected item has no fault")?;
    ensure!(fault.kind == FaultKind::InvalidData, "a refused {object} is {}; it is kind invalid-data", told(&fault));
    ensure!(
        fault.field.as_deref().is_some_and(|field| field.starts_with('/')),
        "the fault names no canonical field, which is what a person will look for: {}; use Fault::invalid(\"/name\", …) or set its field",
        told(&fault)
    );
    ensure!(stage.created().await? == before, "it was refused, and the vendor's ledger shows it");
    Ok(())
}
