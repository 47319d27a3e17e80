//! Rates that change after work was valued (rule RT5, test RT-09).

use quoin_canonical::{BillingMethod, Decimal, Id, Money};

use super::{Draft, check_entity, credit, time};
use crate::account::{Account, Bucket, Entry};
use crate::event::{AccountEvent, AffectedEntry, RatesChanged};
use crate::policy::{Context, Refusal};
use crate::rates::RateRow;
use crate::rounding::event_amount;

/// Takes in the rate rows that apply from now on: contract rows stay, all others are replaced.
/// No entry moves: unbilled ones keep their frozen rate until [`re_rate`], billed ones until
/// [`rebill`]. The event lists the billed ones that would have another rate today.
///
/// # Errors
/// `ENTITY_MISMATCH`.
pub fn change_rates(account: &Account, rows: &[RateRow], ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let sold = |row: &&RateRow| row.id.starts_with("contract_line:");
    let kept = account.rates.iter().filter(sold).cloned();
    let rates: Vec<RateRow> = kept.chain(rows.iter().filter(|row| !sold(row)).cloned()).collect();
    if rates == account.rates {
        return Ok(Vec::new());
    }
    let affected = account.entries.values().filter_map(|entry| affected(account, &rates, entry, ctx)).collect();
    Ok(vec![AccountEvent::RatesChanged(Box::new(RatesChanged { rates, affected }))])
}

fn affected(account: &Account, rates: &[RateRow], entry: &Entry, ctx: &Context) -> Option<AffectedEntry> {
    let billed: Decimal =
        entry.portions.iter().filter(|portion| portion.bucket.invoiced()).map(|portion| portion.amount).sum();
    let frozen = entry.rate.as_ref().filter(|_| !billed.is_zero())?;
    let today = time::find_rate(account, rates, &entry.terms, ctx).ok()?;
    let due = event_amount(entry.invoiced_minutes(), today.hourly_rate, ctx.entity.rounding);
    (today.hourly_rate != frozen.hourly_rate).then(|| AffectedEntry {
        entry: entry.terms.entry.clone(),
        billed_rate: frozen.hourly_rate,
        rate_now: today.hourly_rate,
        difference: Money::new(due - billed, account.contract.currency).rounded(ctx.entity.rounding),
    })
}

/// Values unbilled time of a line at today's rates, by a person's command.
///
/// # Errors
/// `LINE_UNKNOWN`; `ENTITY_MISMATCH`.
pub fn re_rate(account: &Account, line: &str, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let Some(contract_line) = account.line(line) else {
        return Err(Refusal::new("LINE_UNKNOWN", format!("contract {} has no line {line}", account.contract.number))
            .field("/line"));
    };
    if !matches!(contract_line.billing, BillingMethod::TimeAndMaterials { .. }) {
        return Ok(Vec::new());
    }
    let mut steps = Draft::new(account);
    for entry in account.entries.values().filter(|entry| entry.terms.line == line) {
        let unbilled_only =
            entry.portions.iter().all(|portion| portion.bucket == Bucket::Unbilled) && !entry.portions.is_empty();
        let Some(frozen) = entry.rate.as_ref().filter(|_| unbilled_only) else { continue };
        let today = time::find_rate(account, &account.rates, &entry.terms, ctx)?;
        if today != *frozen {
            steps.push(time::revalued(entry, today, ctx));
        }
    }
    Ok(steps.events)
}

/// Credits a billed entry at its old rate and records it anew at today's, for the next run.
///
/// # Errors
/// `ENTRY_UNKNOWN`; `RATE_NOT_FOUND` and its kin; what a credit refuses.
pub fn rebill(account: &Account, entry: &Id, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let state = account
        .entries
        .get(entry)
        .ok_or_else(|| Refusal::new("ENTRY_UNKNOWN", format!("there is no time entry {entry}")).field("/entry"))?;
    let today = time::find_rate(account, &account.rates, &state.terms, ctx)?;
    let same = state.rate.as_ref().is_some_and(|frozen| frozen.hourly_rate == today.hourly_rate);
    if same || state.invoiced_minutes().is_zero() {
        return Ok(Vec::new());
    }
    let mut steps = Draft::new(account);
    let credits = credit::credit_time(account, entry, state.invoiced_minutes(), "rate_corrected", ctx)?;
    steps.extend(credits);
    steps.push(time::revalued(state, today, ctx));
    Ok(steps.events)
}
