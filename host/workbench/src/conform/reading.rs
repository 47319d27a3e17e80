//! Rules of reading.

use anyhow::{Context, ensure};
use ports::{ChangeOp, ReadRequest};
use serde_json::json;

use super::stage::{Reading, Stage, WHOLE, same, skip, state};

/// Seconds between records that shall have different stamps, whatever the vendor's resolution.
const APART_SECONDS: i64 = 10;
/// Records of a case: more than any page size that is tried.
const RECORDS: u32 = 5;

/// The whole of what was made, read in one go: what other ways of reading are held to.
async fn whole(stage: &Stage<'_>, object: &str, at_least: u32) -> anyhow::Result<Reading> {
    let whole = stage.read(object, None, WHOLE).await?;
    let found = whole.state().len();
    ensure!(
        found >= usize::try_from(at_least).unwrap_or(usize::MAX),
        "{at_least} records of {object} were made, and a reading from the beginning finds {found}"
    );
    Ok(whole)
}

/// A reading can go on from any cursor.
pub async fn resume(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    for record in 0..RECORDS {
        stage.clock(i64::from(record) * APART_SECONDS).await?;
        stage.make(object, 1).await?;
    }
    stage.settle().await?;
    let whole = whole(stage, object, RECORDS).await?;
    let single = stage.read(object, None, 1).await?;
    same(&whole.state(), &single.state(), "read one by one")?;
    ensure!(!single.cursors.is_empty(), "no page of {object} has a cursor, so every poll would read everything again");
    for (page, (cursor, before)) in single.cursors.iter().enumerate() {
        let rest = stage.read(object, Some(cursor.clone()), WHOLE).await?;
        let mut all = single.changes[..*before].to_vec();
        all.extend(rest.changes);
        same(&whole.state(), &state(&all), &format!("gone on after page {}", page + 1))?;
    }
    Ok(())
}

/// Records of the same instant all arrive.
pub async fn ties(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    stage.make(object, RECORDS).await?;
    stage.settle().await?;
    let whole = whole(stage, object, RECORDS).await?;
    for limit in [1, 2, 4] {
        let read = stage.read(object, None, limit).await?;
        same(&whole.state(), &read.state(), &format!("{RECORDS} records of one instant, read by {limit}"))
            .context("the cursor does not break ties; keep the last record's id beside its stamp")?;
    }
    Ok(())
}

/// A record that turns up late arrives.
pub async fn late(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    let contract = stage.bench.manifest.object(object).and_then(|object| object.cursor.clone());
    let cursor = contract.context("the object has no cursor")?;
    if cursor.overlap_seconds == 0 {
        return skip(format!(
            "connector.toml declares no overlap: '{}' is said to rise with every commit",
            cursor.field
        ));
    }
    let (late, on_time) = (i64::from(cursor.overlap_seconds) - 1, 300);
    stage.clock(on_time).await?;
    stage.make(object, 1).await?;
    stage.settle().await?;
    let before = stage.read(object, None, WHOLE).await?;
    let end = before.end().context("a reading to the end has no cursor")?;
    stage.clock(on_time - late).await?;
    stage.make(object, 1).await?;
    stage.settle().await?;
    let whole = stage.read(object, None, WHOLE).await?;
    let mut all = before.changes;
    all.extend(stage.read(object, Some(end), WHOLE).await?.changes);
    same(&whole.state(), &state(&all), &format!("a record that was committed {late} s late")).with_context(|| {
        format!("overlap_seconds = {} is declared; go back so far at the end of a reading", cursor.overlap_seconds)
    })
}

/// Asked for ids, exactly these come.
pub async fn exact(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    stage.make(object, 3).await?;
    stage.settle().await?;
    let whole = whole(stage, object, 3).await?.state();
    let ids: Vec<String> = whole.keys().take(2).cloned().collect();
    let request = ReadRequest { object: object.into(), cursor: None, ids: ids.clone(), limit: 10 };
    let (called, _) = stage.bench.read(request).await;
    let page = called.result.map_err(|error| anyhow::anyhow!("reading {} by id failed: {error}", ids.join(", ")))?;
    let wanted = whole.into_iter().filter(|(id, _)| ids.contains(id)).collect();
    same(&wanted, &state(&page.changes), "read by id")?;
    ensure!(page.next.is_none(), "a page of ids has a cursor; the host would store it and skip what lies between");
    Ok(())
}

/// A removed record arrives as a delete.
pub async fn deletes(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    let seen = stage.bench.manifest.object(object).and_then(|object| object.cursor.as_ref()).is_some_and(|c| c.deletes);
    if !seen {
        return skip("connector.toml declares that deletes are not seen");
    }
    let Some(remove) = stage.plan(object).remove else {
        return skip(format!("tests/conform.toml, object.{object}: no `remove` says how a record goes"));
    };
    stage.make(object, 2).await?;
    stage.settle().await?;
    let before = stage.read(object, None, WHOLE).await?;
    let external = before.state().into_keys().next().context("nothing was read")?;
    let end = before.end().context("a reading to the end has no cursor")?;
    stage.clock(1_200).await?;
    stage.act(&remove, &external).await?;
    stage.clock(1_800).await?;
    let after = stage.read(object, Some(end), WHOLE).await?;
    let deleted = after.changes.iter().any(|change| change.external == external && change.op == ChangeOp::Delete);
    ensure!(deleted, "record {external} was removed, and no delete arrived; connector.toml says that deletes are seen");
    Ok(())
}

/// Rows twice on a page are read like rows once.
pub async fn duplicates(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    stage.make(object, 3).await?;
    stage.settle().await?;
    let whole = whole(stage, object, 3).await?;
    stage.plug("duplicate_page", &json!({})).await?;
    let read = stage.read(object, None, WHOLE).await?;
    same(&whole.state(), &read.state(), "a page with every row twice")
}
