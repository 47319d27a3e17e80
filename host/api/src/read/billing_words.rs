//! Billing events in words. An event without words of its own is told by its kind's name.

use billing::event::{AccountEvent, TimeRecorded};
use quoin_canonical::{Decimal, Invoice, InvoiceType, Money};
use serde_json::Value;

use super::account::in_words;
use super::entry::Tone;
use super::pick::{text, words};
use super::summary::Line;
use crate::format;

/// The line of `billing.<what>`. A body that cannot be read as that kind is told by the kind's name.
pub fn of(what: &str, body: &Value) -> Line {
    if what == "run_requested" {
        let as_of = text(body, &["/as_of"]).unwrap_or_default();
        return line(Tone::Plain, format!("Billing run asked for, up to {as_of}"));
    }
    match AccountEvent::from_kind_and_body(&format!("billing.{what}"), body) {
        Ok(Some(event)) => known(&event),
        Ok(None) | Err(_) => line(Tone::Plain, words(what)),
    }
}

fn line(tone: Tone, text: impl Into<String>) -> Line {
    Line { text: text.into(), tone }
}

/// Terms, time and expenses; what is none of these is a milestone, a document or money.
fn known(event: &AccountEvent) -> Line {
    use AccountEvent as E;
    match event {
        E::Opened(opened) => {
            line(Tone::Plain, format!("Billing account opened with {}", lines(opened.contract.lines.len())))
        }
        E::Amended(opened) => line(
            Tone::Plain,
            format!(
                "Terms follow quote version {}: {}",
                opened.contract.quote_version,
                lines(opened.contract.lines.len())
            ),
        ),
        E::Assigned(assignment) => {
            line(Tone::Plain, format!("{} assigned as {}", assignment.resource, assignment.role))
        }
        E::TimeRecorded(time) => line(if time.late { Tone::Warn } else { Tone::Plain }, time_recorded(time)),
        E::TimeReversed(time) => {
            line(Tone::Warn, format!("{} taken back: {}", in_words(time.minutes), words(&time.reason)))
        }
        E::EntryRefused(entry) => line(
            Tone::Bad,
            format!("Time of {} on {} held: {}", entry.terms.resource, entry.terms.date, entry.refusal.message),
        ),
        E::CorrectionPending(_) => line(Tone::Warn, "A correction waits until the document it is on is posted"),
        E::CreditProposed(credit) => line(
            Tone::Bad,
            format!("Credit of {} proposed to {}: {}", format::money(&credit.net), credit.owner, words(&credit.reason)),
        ),
        E::ExpenseRecorded(spent) => line(
            Tone::Plain,
            format!(
                "Expense on {}: {}, {} charged",
                spent.expense.date,
                spent.expense.description,
                format::number(spent.amount)
            ),
        ),
        E::ExpenseReversed(_) => line(Tone::Warn, "An expense was taken back"),
        E::ExpensePending(_) => line(Tone::Warn, "A change to an expense waits until the document it is on is posted"),
        E::RatesChanged(rates) => line(
            if rates.affected.is_empty() { Tone::Plain } else { Tone::Warn },
            format!("Rates changed; {} billed entries would have another rate today", rates.affected.len()),
        ),
        _ => documents(event),
    }
}

/// Milestones and documents before they are posted.
fn documents(event: &AccountEvent) -> Line {
    use AccountEvent as E;
    match event {
        E::MilestoneReady(milestone) => line(
            Tone::Money,
            format!(
                "Milestone {} accepted by {}: {} ready to invoice",
                milestone.code,
                milestone.acceptance.by,
                format::money(&milestone.amount)
            ),
        ),
        E::MilestoneWithdrawn(milestone) => {
            line(Tone::Warn, format!("Acceptance of milestone {} withdrawn", milestone.code))
        }
        E::MilestoneDisputed(milestone) => {
            line(Tone::Bad, format!("Milestone {} disputed after it was billed", milestone.code))
        }
        E::DiscountJudged(judged) => {
            line(Tone::Warn, format!("{} waits for {}", judged.need.judged(), judged.need.role))
        }
        E::DiscountDecided(decided) => match (&decided.approved, &decided.refused) {
            (Some(approved), _) => {
                line(Tone::Good, format!("Discount approved by {} as {}", approved.by, approved.role))
            }
            (_, Some(refused)) => line(Tone::Bad, format!("Discount refused by {}: {}", refused.by, refused.reason)),
            _ => line(Tone::Plain, "Discount decided"),
        },
        E::ForeignInvoiceFound(found) => {
            let tone = if found.milestones.is_empty() { Tone::Plain } else { Tone::Bad };
            let net = format::money(&found.net);
            line(tone, format!("Invoice {} of {net} net found in the ERP, written by hand", found.number))
        }
        E::ForeignInvoiceCleared(cleared) => {
            line(Tone::Good, format!("The invoice written by hand bills nothing of ours: {}", cleared.reason))
        }
        E::MilestoneHeld(held) => match &held.reason {
            Some(reason) => line(Tone::Warn, format!("Milestone held: {reason}")),
            None => line(Tone::Plain, "Milestone no longer held"),
        },
        E::InvoiceDrafted(drafted) => {
            line(Tone::Money, format!("{} drafted: {}", document(&drafted.invoice), totals(&drafted.invoice)))
        }
        E::InvoiceReleased(_) => line(Tone::Plain, "Draft released to the ERP"),
        E::InvoiceDiscarded(_) => line(Tone::Warn, "Draft thrown away before release"),
        E::CreditDrafted(drafted) => {
            line(Tone::Money, format!("Credit note drafted: {} ({})", totals(&drafted.credit), words(&drafted.reason)))
        }
        _ => money(event),
    }
}

/// The rest: caps, postings, payments, retainers, revenue.
fn money(event: &AccountEvent) -> Line {
    use AccountEvent as E;
    match event {
        E::OverCapHeld(held) => line(
            Tone::Warn,
            format!(
                "{} over the cap of {} on {}, held for {}",
                format::money(&held.amount),
                format::money(&held.limit),
                held.line,
                held.owner
            ),
        ),
        E::OverCapReleased(released) => line(
            Tone::Plain,
            format!("Held work on {} waits for the next run: {}", released.line, words(&released.reason)),
        ),
        E::WrittenOff(entry) => line(Tone::Warn, format!("Held work written off: {}", entry.reason)),
        E::CapAlert(alert) => line(
            Tone::Warn,
            format!(
                "{} % of the cap on {} in use: {} of {}",
                format::number(alert.percent),
                alert.line,
                format::money(&alert.used),
                format::money(&alert.limit)
            ),
        ),
        E::InvoicePosted(posted) => {
            line(Tone::Money, format!("{} booked as posted, {} open", posted.number, format::money(&posted.open)))
        }
        E::PaymentApplied(payment) => line(Tone::Money, payment_applied(&payment.amount, &payment.open)),
        E::AdvanceAvailable(advance) => line(
            Tone::Plain,
            format!(
                "{} hours of the retainer on {} may be drawn",
                format::number(advance.bought.hours),
                advance.bought.line
            ),
        ),
        E::RetainerSettled(settled) => {
            let drawn: Decimal = settled.drawn.iter().map(|(_, hours)| *hours).sum();
            let (drawn, rolled) = (format::number(drawn), format::number(settled.rolled_hours));
            line(Tone::Plain, format!("Retainer on {} settled: {drawn} h drawn, {rolled} h roll on", settled.line))
        }
        E::RetainerClosed(closed) => line(
            Tone::Plain,
            format!(
                "Retainer on {} closed on {}, {} of unused hours expired",
                closed.line,
                closed.on,
                format::money(&closed.breakage)
            ),
        ),
        E::RevenueComputed(computed) => line(
            Tone::Plain,
            format!("Revenue indicators to {} computed for {}", computed.as_of, lines(computed.positions.len())),
        ),
        E::RevenueDiffers(differs) => line(
            Tone::Bad,
            format!(
                "Revenue on {} differs from the books by {}; the books win, {} looks",
                differs.line,
                format::money(&differs.difference),
                differs.owner
            ),
        ),
        E::RevenueAgrees(agrees) => line(Tone::Good, format!("Revenue on {} agrees with the books again", agrees.line)),
        other => agreed(other),
    }
}

/// What contracts agree beside their lines: progress, advances, work beyond a cap.
fn agreed(event: &AccountEvent) -> Line {
    use AccountEvent as E;
    match event {
        E::ProgressReported(report) => line(
            Tone::Plain,
            format!("{} reported {} % complete by {}", report.line, format::number(report.percent), report.by),
        ),
        E::AdvanceUsable(advance) => line(
            Tone::Money,
            format!("Advance {} of {} may be set off against invoices", advance.code, format::number(advance.amount)),
        ),
        E::AdvanceClosed(closed) => line(
            Tone::Money,
            format!(
                "Advance {} ended: {} given back, {} lapsed",
                closed.code,
                format::money(&closed.refunded),
                format::money(&closed.breakage)
            ),
        ),
        E::BeyondCapFreed(freed) => {
            let minutes: Decimal = freed.entries.iter().map(|part| part.minutes).sum();
            line(Tone::Warn, format!("{} beyond the cap on {} not charged, as agreed", in_words(minutes), freed.line))
        }
        E::ExpenseHeld(held) => line(
            Tone::Warn,
            format!("Expense of {} on {} held by a cap, for {}", format::money(&held.amount), held.line, held.owner),
        ),
        other => line(Tone::Plain, words(other.kind().trim_start_matches("billing."))),
    }
}

fn lines(count: usize) -> String {
    if count == 1 { "1 line".into() } else { format!("{count} lines") }
}

fn time_recorded(time: &TimeRecorded) -> String {
    let terms = &time.terms;
    let role = terms.role.as_deref().map_or(String::new(), |role| format!(" ({role})"));
    let hours = in_words(Decimal::from(terms.billed_minutes));
    let rate = match &time.rate {
        Some(rate) => format!(" at {}", format::number(rate.hourly_rate)),
        None => String::new(),
    };
    let late = if time.late { ", late: its period is closed" } else { "" };
    format!("{}{role}: {hours} on {}{rate}, line {}{late}", terms.resource, terms.date, terms.line)
}

fn document(invoice: &Invoice) -> &'static str {
    match invoice.kind {
        InvoiceType::Invoice => "Invoice",
        InvoiceType::CreditNote => "Credit note",
        InvoiceType::Prepayment => "Retainer invoice",
    }
}

fn totals(invoice: &Invoice) -> String {
    let totals = &invoice.totals;
    format!(
        "{} net, {} tax, {}",
        format::amount(&totals.net),
        format::amount(&totals.tax),
        format::money(&totals.gross)
    )
}

fn payment_applied(amount: &Money, open: &Money) -> String {
    let what = if amount.amount.is_sign_negative() { "Payment taken back" } else { "Payment applied" };
    format!("{what}: {}, {} still open", format::money(amount), format::money(open))
}
