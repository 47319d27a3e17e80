//! Money paid before the work: its end (rules RE1 and RE4). It is invoiced and set off by the run.

use quoin_canonical::{AdvanceEnd, Date, Decimal, Money};

use super::{Draft, check_entity, credit};
use crate::account::Account;
use crate::event::{AccountEvent, AdvanceClosed, Source};
use crate::policy::{Context, Refusal};

/// Ends an advance: what is left is given back by a credit note, or lapses, as the contract says.
///
/// # Errors
/// `ADVANCE_UNKNOWN`; `INVOICE_NOT_POSTED` while its document is out and not posted; `EN16931`.
pub fn close_advance(account: &Account, code: &str, on: Date, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let state = account.advances.get(code).ok_or_else(|| {
        let message = format!("contract {} has no advance {code}", account.contract.number);
        Refusal::new("ADVANCE_UNKNOWN", message).field("/code").owner(&ctx.policy.owners.finance)
    })?;
    if state.closed_on.is_some() {
        return Ok(Vec::new());
    }
    if state.invoice.is_some() && state.ledger.invoiced.is_zero() {
        let message = format!("the document of advance {code} is not posted; post it first, or discard its draft");
        return Err(Refusal::new("INVOICE_NOT_POSTED", message).field("/code").owner(&ctx.policy.owners.finance));
    }
    let left = state.ledger.available();
    let money = |amount| Money::new(amount, account.contract.currency);
    let mut steps = Draft::new(account);
    let refund = state.term.at_end == AdvanceEnd::Refund;
    if refund && left > Decimal::ZERO {
        let billed = account
            .billing_events
            .values()
            .find(|event| event.reversal_of.is_none() && event.source == Source::Advance { code: code.to_owned() });
        if let Some(event) = billed {
            let credits = credit::credit_part(account, &event.id, Decimal::ZERO, left, "advance_ended", ctx)?;
            steps.extend(credits);
        }
    }
    let (refunded, breakage) = if refund { (left, Decimal::ZERO) } else { (Decimal::ZERO, left) };
    steps.push(AccountEvent::AdvanceClosed(AdvanceClosed {
        code: code.to_owned(),
        on,
        refunded: money(refunded),
        breakage: money(breakage),
    }));
    Ok(steps.events)
}
