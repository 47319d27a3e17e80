//! `quoin conform`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use workbench::conform::{Report, Verdict};

use super::Trial;
use super::arguments::TrialArguments;
use crate::output::{Output, Paint};

/// Runs the suite and tells.
pub async fn conform(
    folder: &Path,
    wanted: &TrialArguments,
    only: Option<&str>,
    file: Option<&Path>,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let Trial { component, folder, beside, plan, simulator, .. } = Trial::of(folder, wanted)?;
    let report = workbench::conform::conform(&component, beside.as_deref(), &folder, plan, simulator, only).await?;
    if let Some(file) = file {
        let text = serde_json::to_string_pretty(&report)? + "\n";
        std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    if output.json {
        output.print_json(&report)?;
    } else {
        shown(&report, output);
        if let Some(file) = file.filter(|_| report.certificate.failed == 0) {
            say!("   the certificate is {}: quoin publish --certificate {}", file.display(), file.display());
        }
    }
    Ok(if report.certificate.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn shown(report: &Report, output: &Output) {
    let width = report.cases.iter().map(|case| case.title().len()).max().unwrap_or(0);
    for case in &report.cases {
        let title = format!("{:width$}", case.title());
        match &case.verdict {
            Verdict::Passed => {
                say!("{} {title}  {}", output.paint(Paint::Good, "●"), output.paint(Paint::Soft, case.words))
            }
            Verdict::Skipped(reason) => {
                say!("{} {title}  {}", output.paint(Paint::Soft, "○"), output.paint(Paint::Soft, reason));
            }
            Verdict::Failed(why) => {
                say!("{} {title}  {}", output.paint(Paint::Bad, "✗"), case.words);
                say!("  {:width$}  {}", "", output.paint(Paint::Bad, why));
            }
        }
    }
    let certificate = &report.certificate;
    let (passed, failed, skipped) = (certificate.passed, certificate.failed, certificate.skipped.len());
    let all = usize::try_from(passed + failed).unwrap_or(0) + skipped;
    let bar: String = report
        .cases
        .iter()
        .map(|case| match case.verdict {
            Verdict::Passed => '█',
            Verdict::Failed(_) => '✗',
            Verdict::Skipped(_) => '·',
        })
        .collect();
    say!("\n{bar}  {} passed, {failed} failed, {skipped} skipped of {all}", passed);
    say!("{}, contract {}, {}", certificate.suite, certificate.contract, report.plugin);
}
