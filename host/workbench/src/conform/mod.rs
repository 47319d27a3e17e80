//! The conformance suite: what the contract promises, tried on a component in the real sandbox
//! against the vendor's simulator. Which rules apply follows from what the manifest declares.
//!
//! A rule is a function that ends well or says what was seen and what to mend. Each starts from a
//! vendor as new, with both clocks standing. A transform has no vendor, and rules of its own.

mod drift;
mod faults;
mod identity;
mod limits;
mod reading;
mod report;
mod secrets;
mod stage;
mod transform;
mod webhook;
mod writing;

use std::path::Path;

use quoin_package::{Manifest, PackageKind};

pub use report::{Case, Report, Verdict};

use crate::bench::Bench;
use crate::plan::Plan;
use crate::simulator::Simulator;
use stage::Skip;
pub(crate) use stage::Stage;

/// Name and version of the suite, as certificates carry it.
pub const SUITE: &str = "quoin-conform 1";

/// Every rule for connectors, with what it holds one to.
pub const RULES: [(&str, &str); 19] = [
    ("describe-is-pure", "describe uses nothing, answers the same each time, and is the manifest"),
    ("check-reports-scopes", "check says who we are and what we may do, and what is missing"),
    ("pages-resume", "a reading can go on from any cursor, and loses and invents nothing"),
    ("ties-lose-nothing", "records of the same instant all arrive, whatever the page's size"),
    ("late-commits-lose-nothing", "a record that turns up late, within the declared overlap, arrives"),
    ("ids-read-exactly", "asked for ids, exactly these records come, and no cursor"),
    ("deletes-are-seen", "a record that was removed arrives as a delete"),
    ("apply-twice-changes-once", "the same write twice leaves one record"),
    ("change-is-written", "a changed object changes the vendor's record, and makes no second one"),
    ("unknown-is-found", "an answer lost anywhere is found by lookup, and nothing is doubled"),
    ("refusal-names-the-field", "what the vendor refuses is rejected, with the canonical field"),
    ("read-faults-map", "each failure of a reading becomes the decision it must lead to"),
    ("write-faults-map", "each failure of a write becomes the decision it must lead to"),
    ("drift-is-reported", "a field that the vendor takes away, renames or retypes is never lost in silence"),
    ("duplicates-do-no-harm", "a page that holds its rows twice is read like one that does not"),
    ("limits-are-kept", "no more requests at once than declared, and none hammered after a refusal"),
    ("waits-are-passed-on", "the vendor's wait reaches the host"),
    ("secrets-stay-secret", "no secret turns up in anything that comes back, even from a vendor that echoes it"),
    ("webhook-is-proven", "a delivery is believed only when its proof holds, and names what to read again"),
];

/// What a rule holds a plugin to.
fn words_of(rule: &str) -> &'static str {
    RULES.iter().chain(&transform::RULES).find(|(name, _)| *name == rule).map_or("", |(_, words)| *words)
}

/// Runs the suite. `only` keeps the rules whose name contains it.
///
/// # Errors
/// When the suite itself cannot run: no plan, no simulator. What is wrong with the component is in the report.
pub async fn conform(
    component: &Path,
    beside: Option<&str>,
    folder: &Path,
    plan: Plan,
    simulator: Option<Simulator>,
    only: Option<&str>,
) -> anyhow::Result<Report> {
    let mut report = Report::new();
    let wanted = |rule: &str| only.is_none_or(|only| rule.contains(only));
    let finding = match crate::examine::examine(component, beside).await {
        Ok(finding) => finding,
        Err(error) => {
            report.add("describe-is-pure", "", Err(error));
            return Ok(report);
        }
    };
    if finding.manifest.kind == PackageKind::Transform {
        transform::conform(component, finding, plan, only, &mut report).await?;
        return Ok(report);
    }
    let bench = Bench::set_up_examined(component, finding, folder, plan, simulator).await?;
    bench.vendor()?;
    report.about(&bench.manifest, bench.digest());
    if wanted("describe-is-pure") {
        report.add("describe-is-pure", "", Ok(()));
    }
    let stage = Stage::new(&bench);
    for (rule, object) in selected(&bench.manifest) {
        if !wanted(rule) {
            continue;
        }
        let result = match bench.plan.skip.get(rule) {
            Some(reason) => Err(Skip(reason.clone()).into()),
            None => tried(&stage, rule, &object).await,
        };
        report.add(rule, &object, result);
    }
    bench.run_clock();
    Ok(report)
}

/// Which rules a manifest brings upon itself, each with the object it is about.
fn selected(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let mut rules: Vec<(&'static str, String)> = vec![("check-reports-scopes", String::new())];
    for object in manifest.objects.iter().filter(|object| object.read) {
        let reading = [
            "pages-resume",
            "ties-lose-nothing",
            "late-commits-lose-nothing",
            "ids-read-exactly",
            "deletes-are-seen",
            "duplicates-do-no-harm",
            "drift-is-reported",
        ];
        rules.extend(reading.map(|rule| (rule, object.name.clone())));
    }
    for object in manifest.objects.iter().filter(|object| object.write) {
        let writing = [
            "apply-twice-changes-once",
            "change-is-written",
            "unknown-is-found",
            "refusal-names-the-field",
            "write-faults-map",
        ];
        rules.extend(writing.map(|rule| (rule, object.name.clone())));
    }
    for rule in
        ["read-faults-map", "waits-are-passed-on", "limits-are-kept", "webhook-is-proven", "secrets-stay-secret"]
    {
        rules.push((rule, String::new()));
    }
    rules
}

async fn tried(stage: &Stage<'_>, rule: &str, object: &str) -> anyhow::Result<()> {
    stage.fresh().await?;
    match rule {
        "check-reports-scopes" => identity::check(stage).await,
        "pages-resume" => reading::resume(stage, object).await,
        "ties-lose-nothing" => reading::ties(stage, object).await,
        "late-commits-lose-nothing" => reading::late(stage, object).await,
        "ids-read-exactly" => reading::exact(stage, object).await,
        "deletes-are-seen" => reading::deletes(stage, object).await,
        "duplicates-do-no-harm" => reading::duplicates(stage, object).await,
        "drift-is-reported" => drift::drift(stage, object).await,
        "apply-twice-changes-once" => writing::twice(stage, object).await,
        "change-is-written" => writing::change(stage, object).await,
        "unknown-is-found" => writing::unknown(stage, object).await,
        "refusal-names-the-field" => writing::refused(stage, object).await,
        "write-faults-map" => faults::writing(stage, object).await,
        "read-faults-map" => faults::reading(stage).await,
        "waits-are-passed-on" => limits::waits(stage).await,
        "limits-are-kept" => limits::kept(stage).await,
        "webhook-is-proven" => webhook::proven(stage).await,
        "secrets-stay-secret" => secrets::secret(stage).await,
        other => anyhow::bail!("there is no rule '{other}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_selected_rule_is_one_of_the_list() {
        let manifest = Manifest::parse(
            "id = \"x\"\nname = \"X\"\nversion = \"1.0.0\"\ncontract = \"1.0\"\ndescription = \"d\"\nlicense = \"MIT\"\n\
             [[object]]\nname = \"customer\"\nread = true\nwrite = true\nrepeat = \"none\"\n\
             cursor = { field = \"a\", tie_break = \"b\" }\n",
        )
        .unwrap();
        let mut selected: Vec<&str> = selected(&manifest).into_iter().map(|(rule, _)| rule).collect();
        selected.push("describe-is-pure");
        selected.sort_unstable();
        let mut all: Vec<&str> = RULES.iter().map(|(rule, _)| *rule).collect();
        all.sort_unstable();
        assert_eq!(selected, all);
    }
}
