//! Who we are, and what is missing.

use anyhow::{bail, ensure};
use process::FaultKind;
use serde_json::json;

use super::stage::{Stage, skip, told};

/// Check says who we are, and does not hide what is missing.
pub async fn check(stage: &Stage<'_>) -> anyhow::Result<()> {
    let report = match stage.bench.check().await.0.result {
        Ok(report) => report,
        Err(ports::CallError::NotGranted(reason)) => return skip(reason),
        Err(error) => bail!("check failed on a vendor that is well: {error}"),
    };
    ensure!(
        report.account.as_deref().is_some_and(|account| !account.trim().is_empty()),
        "check does not say which account or user the credential belongs to: an operator could not tell two connections apart"
    );
    ensure!(
        !report.scopes.is_empty(),
        "check reports no scopes; say what the credential may do, in the vendor's words"
    );
    stage.plug("forbidden", &json!({})).await?;
    match stage.bench.check().await.0.result {
        Ok(report) if report.warnings.is_empty() => bail!(
            "the vendor refuses everything to this credential, and check finds nothing wrong; it must warn or fail with kind permission"
        ),
        Err(error) if error.as_fault().kind != FaultKind::Permission => {
            bail!("a missing right became {}; it is kind permission", told(&error.as_fault()))
        }
        _ => Ok(()),
    }
}
