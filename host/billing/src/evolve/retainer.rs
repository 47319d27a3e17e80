//! Retainers: hours drawn, expired, given back.

use quoin_canonical::Decimal;

use super::sources::{settle_entry, take};
use crate::account::{Account, Advance, Bucket, Portion};
use crate::event::{RetainerClosed, RetainerSettled};

impl Account {
    pub(super) fn retainer_settled(&mut self, settled: &RetainerSettled) {
        for (start, hours) in &settled.drawn {
            if let Some(advance) = self.advance_mut(&settled.line, *start) {
                advance.drawn += hours;
            }
        }
        for (start, hours) in &settled.expired {
            if let Some(advance) = self.advance_mut(&settled.line, *start) {
                advance.expired += hours;
            }
        }
        self.retainers.entry(settled.line.clone()).or_default().settled_through = Some(settled.period.to);
        for part in &settled.entries {
            let Some(entry) = self.entries.get_mut(&part.entry) else { continue };
            take(entry, Bucket::Unbilled, part.covered_minutes, Decimal::ZERO);
            entry.portions.push(Portion {
                bucket: Bucket::Covered,
                minutes: part.covered_minutes,
                amount: Decimal::ZERO,
                net: Decimal::ZERO,
                event: None,
            });
            for portion in entry.portions.iter_mut().filter(|portion| portion.bucket == Bucket::Unbilled) {
                portion.amount = part.over_amount;
            }
            settle_entry(entry);
        }
    }

    pub(super) fn retainer_closed(&mut self, closed: &RetainerClosed) {
        for (start, hours) in &closed.refunded {
            if let Some(advance) = self.advance_mut(&closed.line, *start) {
                advance.refunded += hours;
            }
        }
        for (start, hours) in &closed.expired {
            if let Some(advance) = self.advance_mut(&closed.line, *start) {
                advance.expired += hours;
            }
        }
        self.retainers.entry(closed.line.clone()).or_default().closed_on = Some(closed.on);
    }

    pub(super) fn advance_mut(&mut self, line: &str, start: quoin_canonical::Date) -> Option<&mut Advance> {
        self.retainers.get_mut(line)?.advances.get_mut(&start)
    }
}
