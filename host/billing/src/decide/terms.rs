//! Opening an account, following a newer quote version, noting who works in which role.

use quoin_canonical::{Assignment, Id};

use super::{canonical_id, linked_id};
use crate::account::{Account, MilestoneStage};
use crate::event::AccountEvent;
use crate::policy::{Context, Refusal};
use crate::terms::Derived;

/// Opens the account of a contract. With a newer version of the quote the terms follow it (a
/// change order); the same or an older version has no effect.
///
/// # Errors
/// `ENTITY_MISMATCH`; `CONTRACT_MISMATCH` for another contract's terms; `MILESTONE_BILLED` when the
/// newer version would change the amount of a milestone that is on a document;
/// `LINE_BILLED` when it drops a line with money on it.
pub fn open(account: Option<&Account>, derived: &Derived, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    if derived.contract.selling_entity != ctx.entity.code {
        return Err(Refusal::new(
            "ENTITY_MISMATCH",
            format!(
                "contract {} is {}'s, not {}'s",
                derived.contract.number, derived.contract.selling_entity, ctx.entity.code
            ),
        )
        .field("/selling_entity")
        .owner(&ctx.policy.owners.master_data));
    }
    let Some(account) = account else {
        return Ok(vec![AccountEvent::Opened(Box::new(derived.opening()))]);
    };
    if account.contract.number != derived.contract.number {
        let message = format!("these are the terms of {}, not of {}", derived.contract.number, account.contract.number);
        return Err(Refusal::new("CONTRACT_MISMATCH", message).field("/number"));
    }
    if derived.contract.quote_version <= account.contract.quote_version {
        return Ok(Vec::new());
    }
    check_amendment(account, derived, ctx)?;
    Ok(vec![AccountEvent::Amended(Box::new(derived.opening()))])
}

fn check_amendment(account: &Account, derived: &Derived, ctx: &Context) -> Result<(), Refusal> {
    for (id, state) in &account.lines {
        let kept = derived.contract.lines.iter().any(|line| line.id == *id);
        let billed = state.invoiced - state.credited;
        if !kept && !billed.is_zero() {
            let message = format!("line {id} has {billed} billed on it; keep it in the new version");
            return Err(Refusal::new("LINE_BILLED", message).field("/lines").owner(&ctx.policy.owners.finance));
        }
    }
    for (id, state) in &account.milestones {
        if matches!(state.stage, MilestoneStage::NotReady | MilestoneStage::Ready) {
            continue;
        }
        let same = |id: &Id| {
            derived
                .project
                .milestones
                .iter()
                .any(|new| new.header.id.as_ref() == Some(id) && new.amount == state.milestone.amount)
        };
        if !same(id) {
            let message = format!(
                "milestone {} is billed; keep its amount and put the change into milestones of its own",
                state.milestone.code
            );
            return Err(Refusal::new("MILESTONE_BILLED", message)
                .field("/milestones")
                .owner(&ctx.policy.owners.finance));
        }
    }
    Ok(())
}

/// Notes that somebody works on the project in a role, so that their time finds its rate.
///
/// # Errors
/// `ID_MISSING`; `LINK_UNRESOLVED`; `PROJECT_MISMATCH` for another project's assignment.
pub fn assign(account: &Account, assignment: &Assignment, _ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let id = canonical_id(&assignment.header, "assignment")?;
    let project = linked_id(&assignment.project, "/project")?;
    if account.project.header.id.as_ref() != Some(project) {
        let message = format!("the assignment is for another project than {}", account.project.code);
        return Err(Refusal::new("PROJECT_MISMATCH", message).field("/project"));
    }
    if account.assignments.get(id) == Some(assignment) {
        return Ok(Vec::new());
    }
    Ok(vec![AccountEvent::Assigned(Box::new(assignment.clone()))])
}
