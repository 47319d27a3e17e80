//! From lines to documents: one per group of lines and payer, advances set off.

use quoin_canonical::{Date, Decimal, Id, Invoice, InvoiceType, Link, Money, Payer, Period, Unit};

use super::super::approval;
use super::lines::{lump_event, lump_line};
use crate::account::{Account, AdvanceState, AppliedAdvance};
use crate::document::{Cover, DraftLine, assemble, build, document_id, prepaid};
use crate::event::{AccountEvent, BillingEvent, InvoiceDrafted, Source};
use crate::group::GroupTerms;
use crate::policy::{Context, Deed, Refusal};
use crate::rounding::{EVENT_PLACES, hours, quantity_for, split};

/// Advances whose day has come and that are on no document: a prepayment invoice each.
pub(super) fn advances_due(account: &Account, as_of: Date, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let due = account
        .advances
        .values()
        .filter(|state| state.invoice.is_none() && state.closed_on.is_none() && state.term.due_on <= as_of);
    let mut events = Vec::new();
    for (at, state) in due.enumerate() {
        let term = &state.term;
        let Some(line) = account.line(&term.line) else { continue };
        let id = document_id(account, ordinal(account, at));
        let service = Period { from: term.due_on, to: term.due_on };
        let steps = vec![format!("advance {} of {}, due on {}", term.code, term.amount, term.due_on)];
        let event =
            lump_event(line, Source::Advance { code: term.code.clone() }, term.amount.amount, service, steps, ctx);
        let description = format!("{}, advance {}", line.description, term.code);
        let lines = vec![lump_line(line, description, Unit::LumpSum, event)];
        let cover =
            Cover { kind: InvoiceType::Prepayment, issued_on: ctx.posting_date(as_of), preceding: None, buyer: None };
        let (invoice, billing_events) = build(account, ctx, &id, cover, lines)?;
        events.push(AccountEvent::InvoiceDrafted(drafted(invoice, billing_events, as_of, ctx)));
    }
    Ok(events)
}

/// The documents of a run. `drafted_before` documents came before them in the same run.
pub(super) fn documents(
    account: &Account,
    as_of: Date,
    lines: Vec<DraftLine>,
    drafted_before: usize,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let mut purse = Purse::of(account);
    let mut events: Vec<Box<InvoiceDrafted>> = Vec::new();
    for group in groups(account, lines) {
        let shares = payers(account, group, ctx)?;
        let several = shares.len() > 1;
        let mut set: Option<Id> = None;
        let first = events.len();
        for (payer, lines) in shares {
            let id = document_id(account, ordinal(account, drafted_before + events.len()));
            if several {
                set.get_or_insert_with(|| id.clone());
            }
            let cover = Cover {
                kind: InvoiceType::Invoice,
                issued_on: ctx.posting_date(as_of),
                preceding: None,
                buyer: payer.map(buyer).transpose()?,
            };
            let (mut invoice, billing_events) = assemble(account, ctx, &id, cover, lines)?;
            let applied = purse.apply(&invoice);
            prepaid(&mut invoice, applied.iter().map(|part| part.gross).sum(), ctx)?;
            let mut event = self::drafted(invoice, billing_events, as_of, ctx);
            event.set.clone_from(&set);
            event.applied = applied;
            if let Some(group) = GroupTerms::of(&account.contract) {
                part_of(&mut event, group);
            }
            events.push(event);
        }
        if several {
            together(&mut events[first..], ctx);
        }
    }
    Ok(events.into_iter().map(AccountEvent::InvoiceDrafted).collect())
}

fn ordinal(account: &Account, offset: usize) -> u32 {
    account.documents.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX))
}

fn drafted(invoice: Invoice, billing_events: Vec<BillingEvent>, as_of: Date, ctx: &Context) -> Box<InvoiceDrafted> {
    let approval = approval::needed(Deed::Release, [invoice.totals.net], ctx);
    Box::new(InvoiceDrafted {
        invoice,
        billing_events,
        as_of,
        released: approval.is_none(),
        approval,
        advances: Vec::new(),
        set: None,
        applied: Vec::new(),
        group: None,
    })
}

/// A part goes to its group at once: the whole is what waits for an approval, and what goes out.
fn part_of(drafted: &mut InvoiceDrafted, group: GroupTerms) {
    drafted.group = Some(group.key);
    drafted.released = true;
    drafted.approval = None;
}

/// Documents that share the same work go out together, so the sum of them is what needs approval:
/// a limit cannot be passed by splitting the bill.
fn together(set: &mut [Box<InvoiceDrafted>], ctx: &Context) {
    let approval = approval::needed(Deed::Release, set.iter().map(|drafted| drafted.invoice.totals.net), ctx);
    for drafted in set {
        drafted.released = approval.is_none();
        drafted.approval.clone_from(&approval);
    }
}

fn buyer(payer: &Payer) -> Result<(quoin_canonical::Customer, Link), Refusal> {
    let id = payer.customer.header.id.clone().ok_or_else(|| {
        Refusal::new("CUSTOMER_UNKNOWN", format!("payer {} has no canonical id; resolve it before billing", payer.code))
            .field("/agreement/payers")
    })?;
    Ok((payer.customer.clone(), Link::Id(id)))
}

/// Lines by their contract line's invoice group, in the order the groups come up; all together where
/// the contract is billed with others.
fn groups(account: &Account, lines: Vec<DraftLine>) -> Vec<Vec<DraftLine>> {
    let alone = account.contract.agreement.billed_with.is_none();
    let own = |line: &DraftLine| account.line(&line.contract_line).and_then(|line| line.terms.invoice_group.clone());
    let key = |line: &DraftLine| own(line).filter(|_| alone);
    let mut found: Vec<(Option<String>, Vec<DraftLine>)> = Vec::new();
    for line in lines {
        let key = key(&line);
        match found.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(line),
            None => found.push((key, vec![line])),
        }
    }
    found.into_iter().map(|(_, group)| group).collect()
}

/// The lines of one payer; of the customer where there is none.
type Share<'a> = (Option<&'a Payer>, Vec<DraftLine>);

/// The lines as each payer gets them; all of them as they are where the customer pays alone.
fn payers<'a>(account: &'a Account, lines: Vec<DraftLine>, ctx: &Context) -> Result<Vec<Share<'a>>, Refusal> {
    let payers = &account.contract.agreement.payers;
    if payers.is_empty() {
        return Ok(vec![(None, lines)]);
    }
    let mut shares: Vec<(Option<&Payer>, Vec<DraftLine>)> =
        payers.iter().map(|payer| (Some(payer), Vec::new())).collect();
    for line in lines {
        for ((_, share), part) in shares.iter_mut().zip(split_line(account, &line, ctx)?) {
            if !part.net.is_zero() || part.events.iter().any(|event| !event.minutes.is_zero()) {
                share.push(part);
            }
        }
    }
    shares.retain(|(_, lines)| !lines.is_empty());
    Ok(shares)
}

/// One line as several payers share it (rule RD5): nets, minutes and exact amounts each total it.
fn split_line(account: &Account, line: &DraftLine, ctx: &Context) -> Result<Vec<DraftLine>, Refusal> {
    let payers = &account.contract.agreement.payers;
    let (currency, rounding) = (account.contract.currency, ctx.entity.rounding);
    let percents: Vec<Decimal> = payers.iter().map(|payer| payer.percent).collect();
    let last = payers.iter().position(|payer| payer.takes_remainder).unwrap_or_default();
    let nets = split(Money::new(line.net, currency), &percents, last, rounding, &line.contract_line)?;
    let mut parts = Vec::with_capacity(payers.len());
    for (at, (payer, net)) in payers.iter().zip(nets).enumerate() {
        let share = |value: Decimal| exact_share(value, &percents, at, last);
        let events: Vec<BillingEvent> = line.events.iter().map(|event| shared_event(event, payer, &share)).collect();
        let minutes: Decimal = events.iter().map(|event| event.minutes).sum();
        let by_hours = line.unit == Unit::Hour;
        let quantity = match by_hours {
            true => quantity_for(net.amount, line.unit_price, hours(minutes), currency, rounding).ok_or_else(|| {
                let message = format!("no quantity makes {} at {} an hour; correct the rate", net, line.unit_price);
                Refusal::new("LINE_EQUATION", message)
                    .field(format!("/lines/{}", line.contract_line))
                    .owner(&ctx.policy.owners.finance)
            })?,
            false => Decimal::ONE,
        };
        parts.push(DraftLine {
            description: format!("{}, {} %", line.description, payer.percent.normalize()),
            quantity,
            unit_price: if by_hours { line.unit_price } else { net.amount },
            net: net.amount,
            tax: payer.tax.clone().unwrap_or_else(|| line.tax.clone()),
            events,
            ..line.clone()
        });
    }
    Ok(parts)
}

/// A payer's share of an exact value, six decimals; one of them takes what the others leave.
fn exact_share(value: Decimal, percents: &[Decimal], at: usize, remainder: usize) -> Decimal {
    let of = |percent: &Decimal| (value * percent / Decimal::ONE_HUNDRED).round_dp(EVENT_PLACES);
    if at != remainder {
        return percents.get(at).map(of).unwrap_or_default();
    }
    let others = percents.iter().enumerate().filter(|(other, _)| *other != at);
    value - others.map(|(_, percent)| of(percent)).sum::<Decimal>()
}

fn shared_event(event: &BillingEvent, payer: &Payer, share: &impl Fn(Decimal) -> Decimal) -> BillingEvent {
    let mut part = event.clone();
    part.minutes = share(event.minutes);
    part.amount = share(event.amount);
    if let Some(repriced) = &mut part.repriced {
        repriced.replaces = share(repriced.replaces);
    }
    if let Some(tax) = &payer.tax {
        part.tax = tax.clone();
    }
    if event.minutes.is_zero() {
        part.unit_price = part.amount;
    }
    part.payer = Some(payer.code.clone());
    part.steps.push(format!("payer {}: {} % = {}", payer.code, payer.percent.normalize(), part.amount.normalize()));
    part
}

/// Advances while a run sets them off.
struct Purse<'a> {
    left: Vec<(&'a AdvanceState, Decimal, Decimal)>,
}

impl<'a> Purse<'a> {
    /// What may be set off: net, and gross with the tax that each advance's document charged.
    fn of(account: &'a Account) -> Self {
        let usable = account.advances.values().filter(|state| state.closed_on.is_none());
        let left = usable.map(|state| (state, state.ledger.available(), state.gross - state.gross_applied));
        Self { left: left.filter(|(_, net, _)| *net > Decimal::ZERO).collect() }
    }

    /// Applies as much as the document takes, the oldest advance first (rule RE1).
    fn apply(&mut self, invoice: &Invoice) -> Vec<AppliedAdvance> {
        let (mut net, mut gross) = (invoice.totals.net.amount, invoice.totals.gross.amount);
        let places = invoice.currency.minor_units();
        self.left.sort_by(|(a, ..), (b, ..)| (a.term.due_on, &a.term.code).cmp(&(b.term.due_on, &b.term.code)));
        let mut applied = Vec::new();
        for (state, left_net, left_gross) in &mut self.left {
            let whole = state.ledger.invoiced;
            let mut part = (*left_net).min(net);
            if part <= Decimal::ZERO || whole.is_zero() {
                continue;
            }
            let with_tax = |part: Decimal| (part * state.gross / whole).round_dp(places);
            let mut due = if part == *left_net { *left_gross } else { with_tax(part) };
            if due > gross {
                // Less tax on this document than on the advance: no more than is due is set off.
                part = (gross * whole / state.gross).trunc_with_scale(places);
                due = with_tax(part).min(gross);
            }
            net -= part;
            gross -= due;
            *left_net -= part;
            *left_gross -= due;
            applied.push(AppliedAdvance { code: state.term.code.clone(), net: part, gross: due });
        }
        applied.retain(|part| !part.net.is_zero());
        applied
    }
}
