//! The vendor changes its shapes without telling.

use std::collections::BTreeSet;

use anyhow::ensure;
use cassette::{Body, Exchange, Reply};
use serde_json::{Value, json};

use super::stage::{Stage, WHOLE, skip};

/// Every member of the vendor's answers is taken away, renamed and retyped, one at a time: the same
/// objects must be read, or a fault must say that something is wrong.
pub async fn drift(stage: &Stage<'_>, object: &str) -> anyhow::Result<()> {
    stage.make(object, 2).await?;
    stage.settle().await?;
    let (page, recorded) = stage.page(object, None, WHOLE).await;
    let page = page.map_err(|fault| anyhow::anyhow!("reading {object} failed: {}", fault.message))?;
    ensure!(!page.changes.is_empty(), "two records of {object} were made, and the first page is empty");
    let members = members(&recorded.call.exchanges);
    if members.is_empty() {
        return skip("the vendor's answers are no JSON, so the switchboard cannot change their members");
    }
    let plan = &stage.bench.plan.drift;
    let mut silent = Vec::new();
    for (fault, excused) in
        [("field_removed", &plan.optional), ("field_renamed", &plan.optional), ("field_retyped", &plan.untyped)]
    {
        for member in members.iter().filter(|member| !excused.contains(member)) {
            stage.bench.vendor()?.unplug().await?;
            stage.plug(fault, &json!({ "field": member })).await?;
            let (after, _) = stage.page(object, None, WHOLE).await;
            if after.is_ok_and(|after| after.changes != page.changes || after.more != page.more) {
                silent.push(format!("{member} ({})", fault.trim_start_matches("field_")));
            }
        }
    }
    ensure!(
        silent.is_empty(),
        "other objects are read, and no fault says why, when the vendor changes: {}. Make the member required in the \
         connector's wire types; what the vendor leaves out by right belongs into tests/conform.toml, [drift] optional",
        silent.join(", ")
    );
    Ok(())
}

/// Names of the members in JSON answers that never are null: null has no type to change.
fn members(exchanges: &[Exchange]) -> BTreeSet<String> {
    let (mut found, mut null) = (BTreeSet::new(), BTreeSet::new());
    for exchange in exchanges {
        let Reply::Answer(answer) = &exchange.reply else { continue };
        let value = match &answer.body {
            Body::Json(value) => value.clone(),
            Body::Text(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            Body::Base64(_) => Value::Null,
        };
        collect(&value, &mut found, &mut null);
    }
    found.difference(&null).cloned().collect()
}

fn collect(value: &Value, found: &mut BTreeSet<String>, null: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found, null)),
        Value::Object(members) => {
            for (name, value) in members {
                // A table by record id has ids for names: data, not fields.
                if !name.bytes().all(|byte| byte.is_ascii_digit()) {
                    found.insert(name.clone());
                }
                if value.is_null() {
                    null.insert(name.clone());
                }
                collect(value, found, null);
            }
        }
        _ => {}
    }
}
