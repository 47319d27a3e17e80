//! What happened, in the words of the rule tables.

use billing::account::Bucket;
use billing::{Account, AccountEvent, Refusal};
use quoin_canonical::*;

use crate::common;

pub(super) fn said(refusal: &Refusal) -> String {
    format!("refused {} {} {} ({})", refusal.code, refusal.field, refusal.message, refusal.owner)
}

pub(super) fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap_or_default().to_owned()
}

pub(super) fn bucket(account: &Account, name: &str) -> String {
    let bucket: Bucket = serde_json::from_value(name.into()).unwrap();
    let (minutes, amount) = account.buckets(None).buckets.get(&bucket).copied().unwrap_or_default();
    format!("{} min {:.2}", minutes.normalize(), amount)
}

pub(super) fn printed(line: &InvoiceLine) -> String {
    format!(
        "{} {} x {:.2} = {:.2}",
        line.contract_line,
        line.quantity.value.normalize(),
        line.unit_price,
        line.net.amount
    )
}

pub(super) fn document(invoice: &Invoice) -> String {
    let (net, tax, gross) = common::totals(invoice);
    format!("{net} + {tax} = {gross}")
}

fn hours(parts: &[(Date, Decimal)]) -> Decimal {
    parts.iter().map(|(_, hours)| *hours).sum::<Decimal>().normalize()
}

pub(super) fn told(event: &AccountEvent) -> String {
    match event {
        AccountEvent::TimeRecorded(recorded) => {
            let rate = recorded.rate.as_ref().map_or("no rate".into(), |rate| format!("at {:.2}", rate.hourly_rate));
            format!("recorded {rate}{}", if recorded.late { " late" } else { "" })
        }
        AccountEvent::EntryRefused(refused) => {
            let refusal = &refused.refusal;
            format!("held {}: {} ({})", refusal.code, refusal.message, refusal.owner)
        }
        AccountEvent::CreditProposed(proposed) => {
            format!("credit proposed {:.2} ({})", proposed.net.amount, proposed.owner)
        }
        AccountEvent::MilestoneReady(ready) => format!("ready {:.2}", ready.amount.amount),
        AccountEvent::InvoiceDrafted(drafted) => {
            format!("{} {}", word(drafted.invoice.kind), document(&drafted.invoice))
        }
        AccountEvent::CreditDrafted(drafted) => format!("credit {}", document(&drafted.credit)),
        AccountEvent::InvoicePosted(posted) => {
            let booked = posted.booked.as_ref().map_or(String::new(), |booked| format!(", booked {}", booked.gross));
            format!("posted, open {:.2}{booked}", posted.open.amount)
        }
        AccountEvent::OverCapHeld(held) => format!("held {} {:.2}", held.line, held.amount.amount),
        AccountEvent::ProgressReported(report) => format!("{} % reported", report.percent),
        AccountEvent::AdvanceUsable(usable) => format!("advance {} usable {:.2}", usable.code, usable.amount),
        AccountEvent::AdvanceClosed(closed) => {
            format!("advance closed, refunded {:.2}, breakage {:.2}", closed.refunded.amount, closed.breakage.amount)
        }
        AccountEvent::BeyondCapFreed(freed) => {
            let minutes: Decimal = freed.entries.iter().map(|part| part.minutes).sum();
            format!("not charged {} min", minutes.normalize())
        }
        AccountEvent::ExpenseHeld(held) => format!("expense held {:.2}", held.amount.amount),
        AccountEvent::CapAlert(alert) => format!("alert {} %", alert.percent),
        AccountEvent::PaymentApplied(applied) => {
            let gain = applied.gain.map_or(String::new(), |gain| format!(", gain {gain}"));
            format!("open {:.2} {}{gain}", applied.open.amount, word(applied.status))
        }
        AccountEvent::AdvanceAvailable(advance) => format!("available {} h", advance.bought.hours),
        AccountEvent::RetainerSettled(settled) => format!(
            "drawn {} h, rolled {} h, expired {} h, breakage {:.2}",
            hours(&settled.drawn),
            settled.rolled_hours.normalize(),
            hours(&settled.expired),
            settled.breakage.amount
        ),
        AccountEvent::RetainerClosed(closed) => {
            format!("closed, refunded {} h, expired {} h", hours(&closed.refunded), hours(&closed.expired))
        }
        AccountEvent::RetainerReturned(returned) => format!("returned {} h", hours(&returned.hours)),
        AccountEvent::ExpenseRecorded(recorded) => format!("expense {:.2}", recorded.amount),
        AccountEvent::RatesChanged(changed) => {
            let of = |a: &billing::event::AffectedEntry| {
                format!("{:.2} was {:.2}: {:.2}", a.rate_now, a.billed_rate, a.difference.amount)
            };
            format!("rates changed, affected [{}]", changed.affected.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        AccountEvent::RevenueComputed(computed) => {
            computed.positions.iter().map(position).collect::<Vec<_>>().join(" | ")
        }
        AccountEvent::RevenueDiffers(differs) => {
            format!("books differ by {:.2} ({})", differs.difference.amount, differs.owner)
        }
        other => other.kind().trim_start_matches("billing.").replace('_', " "),
    }
}

pub(super) fn position(position: &billing::event::LinePosition) -> String {
    let i = &position.indicator;
    format!(
        "{} {} {:.2} billed {:.2} asset {:.2} liability {:.2}",
        i.contract_line,
        i.method,
        i.revenue.amount,
        i.billed.amount,
        i.contract_asset.amount,
        i.contract_liability.amount
    )
}
