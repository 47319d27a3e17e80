//! Money paid in advance and applied to invoices (rules RE1 and RE5; law 5).

use quoin_canonical::Decimal;
use serde::{Deserialize, Serialize};

use crate::policy::Refusal;

/// One advance, net. invoiced = applied + refunded + expired + left, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvanceLedger {
    /// Agreed, and perhaps not on a document yet.
    pub agreed: Decimal,
    /// On posted documents: only this may be applied (rule RE1).
    pub invoiced: Decimal,
    /// Set off against invoices.
    pub applied: Decimal,
    /// Given back.
    pub refunded: Decimal,
    /// Lapsed: revenue at expiry, never a credit by itself (rule RE4).
    pub expired: Decimal,
}

impl AdvanceLedger {
    /// What may be applied. Never negative (rule RE5).
    pub fn available(&self) -> Decimal {
        self.invoiced - self.applied - self.refunded - self.expired
    }

    /// Notes an agreed amount; it is not available until invoiced.
    pub fn agree(&mut self, amount: Decimal) {
        self.agreed += amount;
    }

    /// Its document is posted.
    pub fn post(&mut self, amount: Decimal) {
        self.invoiced += amount;
    }

    /// Applies as much as there is to an invoice; returns what was applied.
    pub fn apply(&mut self, invoice_net: Decimal) -> Decimal {
        let applied = self.available().min(invoice_net).max(Decimal::ZERO);
        self.applied += applied;
        applied
    }

    /// Gives all that is left back; returns it: the net of the credit note.
    pub fn refund(&mut self) -> Decimal {
        let left = self.available();
        self.refunded += left;
        left
    }

    /// Lets an amount lapse.
    ///
    /// # Errors
    /// `ADVANCE_EXCEEDED` when less is left.
    pub fn expire(&mut self, amount: Decimal) -> Result<(), Refusal> {
        if amount > self.available() {
            return Err(Refusal::new(
                "ADVANCE_EXCEEDED",
                format!("{amount} cannot expire, {} is left", self.available()),
            ));
        }
        self.expired += amount;
        Ok(())
    }
}
