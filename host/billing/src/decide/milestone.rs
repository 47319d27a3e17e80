//! Acceptance of milestones (rules FM1, FM2, FM8).

use quoin_canonical::{Id, Milestone, MilestoneStatus, Money};

use crate::account::{Account, MilestoneStage, MilestoneState};
use crate::event::{AccountEvent, MilestoneHeld, MilestoneReady, MilestoneRef};
use crate::policy::{Context, Refusal};

/// Takes in a milestone as delivery holds it. Accepted with proof: it may be billed, at the amount
/// of the contract. Withdrawn: before billing it may not be billed any more, after billing it is
/// disputed and nothing is credited by itself. Any other status has no effect.
///
/// # Errors
/// `MILESTONE_UNKNOWN`; `ACCEPTANCE_MISSING` for an acceptance without proof (rule FM2).
pub fn accept_milestone(account: &Account, milestone: &Milestone, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let (id, state) = find(account, milestone).ok_or_else(|| {
        Refusal::new(
            "MILESTONE_UNKNOWN",
            format!("contract {} has no milestone {}", account.contract.number, milestone.code),
        )
        .field("/code")
        .owner(&ctx.policy.owners.finance)
    })?;
    let named = || MilestoneRef {
        milestone: id.clone(),
        code: state.milestone.code.clone(),
        line: state.milestone.contract_line.clone(),
    };
    match (milestone.status, state.stage) {
        (MilestoneStatus::Accepted | MilestoneStatus::Invoiced, MilestoneStage::NotReady) => {
            let acceptance =
                milestone.acceptance.clone().filter(|proof| !proof.evidence_sha256.is_empty()).ok_or_else(|| {
                    Refusal::new(
                        "ACCEPTANCE_MISSING",
                        format!(
                            "milestone {} is accepted without who, when and the hash of the evidence",
                            milestone.code
                        ),
                    )
                    .field("/acceptance")
                    .owner(&ctx.policy.owners.over_cap)
                })?;
            Ok(vec![AccountEvent::MilestoneReady(MilestoneReady {
                milestone: id.clone(),
                code: state.milestone.code.clone(),
                line: state.milestone.contract_line.clone(),
                amount: state.milestone.amount.unwrap_or_else(|| Money::zero(account.contract.currency)),
                acceptance,
            })])
        }
        (MilestoneStatus::Withdrawn, MilestoneStage::Ready) => Ok(vec![AccountEvent::MilestoneWithdrawn(named())]),
        (
            MilestoneStatus::Withdrawn,
            MilestoneStage::OnInvoice | MilestoneStage::Posted | MilestoneStage::Crediting,
        ) => Ok(vec![AccountEvent::MilestoneDisputed(named())]),
        _ => Ok(Vec::new()),
    }
}

/// Keeps a milestone out of runs, or lets it in again when `reason` is absent. Used when a
/// reconciliation finds a hand-made invoice for it: better unbilled for a day than billed twice.
///
/// # Errors
/// `MILESTONE_UNKNOWN`.
pub fn hold_milestone(
    account: &Account,
    id: &Id,
    reason: Option<&str>,
    _ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let state = account
        .milestones
        .get(id)
        .ok_or_else(|| Refusal::new("MILESTONE_UNKNOWN", format!("there is no milestone {id}")).field("/milestone"))?;
    if state.hold.as_deref() == reason {
        return Ok(Vec::new());
    }
    Ok(vec![AccountEvent::MilestoneHeld(MilestoneHeld { milestone: id.clone(), reason: reason.map(str::to_owned) })])
}

/// By canonical id, else by line and code: systems that number milestones themselves keep those.
fn find<'a>(account: &'a Account, milestone: &Milestone) -> Option<(&'a Id, &'a MilestoneState)> {
    let by_id = milestone.header.id.as_ref().and_then(|id| account.milestones.get_key_value(id));
    by_id.or_else(|| {
        account.milestones.iter().find(|(_, state)| {
            state.milestone.contract_line == milestone.contract_line && state.milestone.code == milestone.code
        })
    })
}
