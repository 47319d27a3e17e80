//! Discounts above the policy's limits: the deal waits, before anything is written anywhere, until
//! somebody whose limit covers it has decided.

use quoin_canonical::{Decimal, Money};

use crate::account::Account;
use crate::approval::{Approval, ApprovalNeed, Approver};
use crate::event::{AccountEvent, DiscountDecided, DiscountJudged, DiscountRefused};
use crate::policy::{Context, Refusal};

/// Where the discounts of a contract stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscountStanding {
    /// There are none, or nobody is asked, or somebody approved.
    Free,
    /// They wait for a person.
    Waits(ApprovalNeed),
    /// Somebody refused.
    Refused(DiscountRefused),
}

/// Judges the discounts that this version of the quote grants, by the policy in force: who must be asked
/// is fixed then. Judged once, and only where somebody is asked.
pub fn judge_discount(account: &Account, ctx: &Context) -> Vec<AccountEvent> {
    let quote_version = account.contract.quote_version;
    let judged = account.discount.as_ref().is_some_and(|known| known.judged.quote_version == quote_version);
    match needed(account, ctx).filter(|_| !judged) {
        Some(need) => vec![AccountEvent::DiscountJudged(DiscountJudged { quote_version, need })],
        None => Vec::new(),
    }
}

/// Where the discounts stand that this version of the quote grants.
pub fn discount_standing(account: &Account) -> DiscountStanding {
    let version = account.contract.quote_version;
    let Some(known) = account.discount.as_ref().filter(|known| known.judged.quote_version == version) else {
        return DiscountStanding::Free;
    };
    match &known.decided {
        None => DiscountStanding::Waits(known.judged.need.clone()),
        Some(DiscountDecided { refused: Some(refused), .. }) => DiscountStanding::Refused(refused.clone()),
        Some(_) => DiscountStanding::Free,
    }
}

/// Approves the discounts that wait, or refuses them where there is a reason. Asking again for what is
/// decided does nothing.
///
/// # Errors
/// `APPROVAL_ROLE` when this person may not decide about that much.
pub fn decide_discount(
    account: &Account,
    approver: &Approver,
    reason: Option<&str>,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let DiscountStanding::Waits(need) = discount_standing(account) else { return Ok(Vec::new()) };
    // Beyond all limits nobody can approve, but whoever is asked may refuse.
    let asked = reason.is_some() && need.roles.is_empty() && approver.roles.contains(&need.role);
    let role = if asked { need.role.clone() } else { need.role_of(approver)?.to_owned() };
    let by = approver.by.clone();
    let (approved, refused) = match reason {
        None => (Some(Approval { by, role, at: ctx.now }), None),
        Some(reason) => (None, Some(DiscountRefused { by, reason: reason.to_owned() })),
    };
    Ok(vec![AccountEvent::DiscountDecided(DiscountDecided {
        contract: account.contract.number.clone(),
        quote_version: account.contract.quote_version,
        percent: need.percent.unwrap_or_default(),
        approved,
        refused,
    })])
}

/// The largest discount of all lines is what counts: a limit cannot be passed by averaging.
fn needed(account: &Account, ctx: &Context) -> Option<ApprovalNeed> {
    let contract = &account.contract;
    let percents = contract.lines.iter().filter_map(|line| line.terms.discount.as_ref()).map(|given| given.percent);
    let most = percents.max()?;
    let worth = account.project.budget.unwrap_or_else(|| Money::new(Decimal::ZERO, contract.currency));
    ctx.policy.need_for_discount(most, worth)
}
