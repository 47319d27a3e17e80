//! Lifecycles: which state may follow which. Staying is always allowed; it changes nothing.

use std::fmt;

use serde::Serialize;

use crate::books::{CompanyStatus, RecognitionStatus};
use crate::commercial::QuoteStatus;
use crate::delivery::{AssignmentStatus, MilestoneStatus, ProjectStatus, TimeStatus};
use crate::details::{ContractStatus, TaskStatus};
use crate::expense::ExpenseStatus;
use crate::invoice::{InvoiceStatus, PaymentStatus};
use crate::party::{CreditStatus, CustomerStatus};
use crate::people::TemplateStatus;
use crate::rate_card::RateCardStatus;
use crate::schedule::{ChargeStatus, EntryStatus, ScheduleStatus};

/// A status with rules about what may follow it.
pub trait Lifecycle: Copy + PartialEq + fmt::Debug + Serialize + 'static {
    /// What it is the status of, for messages.
    const OF: &'static str;
    /// Every state, in the order of the usual path.
    const ALL: &'static [Self];

    /// The states that may follow this one directly.
    fn next(self) -> &'static [Self];

    /// Whether nothing follows.
    fn is_final(self) -> bool {
        self.next().is_empty()
    }

    /// Moves to another state.
    ///
    /// # Errors
    /// [`IllegalMove`] when that state may not follow this one.
    fn transition(self, to: Self) -> Result<Self, IllegalMove> {
        if self == to || self.next().contains(&to) {
            return Ok(to);
        }
        let word = |status: Self| match serde_json::to_value(status) {
            Ok(serde_json::Value::String(word)) => word,
            _ => format!("{status:?}"),
        };
        Err(IllegalMove {
            of: Self::OF,
            from: word(self),
            to: word(to),
            allowed: self.next().iter().map(|status| word(*status)).collect(),
        })
    }
}

/// A state that may not follow another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IllegalMove {
    /// What it is the status of.
    pub of: &'static str,
    /// The state it is in.
    pub from: String,
    /// The state it was to go to.
    pub to: String,
    /// The states it may go to.
    pub allowed: Vec<String>,
}

impl fmt::Display for IllegalMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} that is {} cannot become {}", self.of, self.from, self.to)?;
        match self.allowed.as_slice() {
            [] => write!(f, "; {} is final", self.from),
            allowed => write!(f, ", only {}", allowed.join(", ")),
        }
    }
}

impl std::error::Error for IllegalMove {}

/// One lifecycle per line: its name, its states, and what follows each. A state that is not named
/// on the left is final.
macro_rules! lifecycle {
    ($type:ident, $of:literal, [$($state:ident),+], { $($from:ident => $($to:ident)|+),+ $(,)? }) => {
        impl Lifecycle for $type {
            const OF: &'static str = $of;
            const ALL: &'static [Self] = &[$($type::$state),+];

            #[allow(unreachable_patterns)] // some lifecycles have no final state
            fn next(self) -> &'static [Self] {
                match self {
                    $($type::$from => &[$($type::$to),+],)+
                    _ => &[],
                }
            }
        }
    };
}

lifecycle!(QuoteStatus, "quote",
    [Draft, InReview, Approved, Presented, Accepted, Rejected, Expired, Superseded, Converted], {
    Draft => InReview | Approved | Superseded,
    InReview => Draft | Approved | Rejected | Superseded,
    Approved => Presented | Accepted | Rejected | Expired | Superseded,
    Presented => Accepted | Rejected | Expired | Superseded,
    Accepted => Converted | Superseded,
});

lifecycle!(CustomerStatus, "customer", [Prospect, Active, OnHold, Inactive, Merged], {
    Prospect => Active | Inactive | Merged,
    Active => OnHold | Inactive | Merged,
    OnHold => Active | Inactive | Merged,
    Inactive => Active | Merged,
});

// Credit standing moves either way, by review.
lifecycle!(CreditStatus, "credit standing", [Ok, Warn, Hold, Blocked], {
    Ok => Warn | Hold | Blocked,
    Warn => Ok | Hold | Blocked,
    Hold => Ok | Warn | Blocked,
    Blocked => Ok | Warn | Hold,
});

// Active only from billing_provisioned (both sides confirmed), or back from a hold.
lifecycle!(ProjectStatus, "project",
    [Requested, ShellCreated, BillingProvisioned, Active, OnHold, Completed, Closed, Cancelled], {
    Requested => ShellCreated | Cancelled,
    ShellCreated => BillingProvisioned | OnHold | Cancelled,
    BillingProvisioned => Active | OnHold | Cancelled,
    Active => OnHold | Completed | Cancelled,
    OnHold => BillingProvisioned | Active | Completed | Cancelled,
    Completed => Active | Closed,
});

// Amended as often as needed; cancelled from anywhere before it is completed.
lifecycle!(ContractStatus, "contract",
    [Draft, PendingSignature, Active, Amended, Suspended, Completed, Closed, Cancelled], {
    Draft => PendingSignature | Cancelled,
    PendingSignature => Draft | Active | Cancelled,
    Active => Amended | Suspended | Completed | Cancelled,
    Amended => Suspended | Completed | Cancelled,
    Suspended => Active | Amended | Completed | Cancelled,
    Completed => Closed,
});

lifecycle!(TaskStatus, "task", [Planned, Ready, InProgress, Done, Cancelled], {
    Planned => Ready | Cancelled,
    Ready => Planned | InProgress | Cancelled,
    InProgress => Ready | Done | Cancelled,
    Done => InProgress,
});

lifecycle!(MilestoneStatus, "milestone", [Planned, Delivered, Accepted, Invoiced, Withdrawn], {
    Planned => Delivered | Accepted | Withdrawn,
    Delivered => Planned | Accepted | Withdrawn,
    Accepted => Invoiced | Withdrawn,
    Invoiced => Withdrawn,
    Withdrawn => Planned | Delivered | Accepted,
});

lifecycle!(AssignmentStatus, "assignment", [Requested, Soft, Hard, Declined, Released], {
    Requested => Soft | Hard | Declined,
    Soft => Hard | Declined | Released,
    Hard => Soft | Released,
    Declined => Requested,
});

// An approval is not final: systems take it back, and delete what was approved.
lifecycle!(TimeStatus, "time entry", [Draft, Submitted, Approved, Rejected, Deleted], {
    Draft => Submitted | Approved | Deleted,
    Submitted => Draft | Approved | Rejected | Deleted,
    Approved => Draft | Submitted | Rejected | Deleted,
    Rejected => Draft | Submitted | Approved | Deleted,
});

// Void before posting only; from there on a credit note corrects.
lifecycle!(InvoiceStatus, "invoice",
    [Draft, Approved, Posted, PartiallyPaid, Paid, Void, Disputed, Credited, WrittenOff], {
    Draft => Approved | Posted | Void,
    Approved => Draft | Posted | Void,
    Posted => PartiallyPaid | Paid | Disputed | Credited | WrittenOff,
    PartiallyPaid => Posted | Paid | Disputed | Credited | WrittenOff,
    Paid => Posted | PartiallyPaid | Disputed | Credited,
    Disputed => Posted | PartiallyPaid | Paid | Credited | WrittenOff,
});

lifecycle!(PaymentStatus, "payment", [Pending, Settled, Failed, Reversed, Refunded], {
    Pending => Settled | Failed,
    Settled => Reversed | Refunded,
});

lifecycle!(CompanyStatus, "legal entity", [Draft, Active, Closing, Dissolved], {
    Draft => Active,
    Active => Closing,
    Closing => Active | Dissolved,
});

// Published cards never change; a new version supersedes them.
lifecycle!(RateCardStatus, "rate card", [Draft, Published, Superseded, Retired], {
    Draft => Published | Retired,
    Published => Superseded | Retired,
    Superseded => Retired,
});

lifecycle!(ScheduleStatus, "billing schedule", [Draft, Ready, InProgress, OnHold, Completed, Cancelled], {
    Draft => Ready | Cancelled,
    Ready => Draft | InProgress | OnHold | Cancelled,
    InProgress => OnHold | Completed | Cancelled,
    OnHold => Ready | InProgress | Cancelled,
});

// An invoice that was thrown away gives its entries back.
lifecycle!(EntryStatus, "schedule entry", [Planned, Ready, Invoiced, Posted, Reversed], {
    Planned => Ready,
    Ready => Planned | Invoiced,
    Invoiced => Ready | Posted,
    Posted => Reversed,
});

// Reverted returns the source to unbilled; what is posted is reverted by a credit note.
lifecycle!(ChargeStatus, "billing event", [Generated, Recalculated, Approved, Released, Invoiced, Posted, Reverted], {
    Generated => Recalculated | Approved | Reverted,
    Recalculated => Approved | Reverted,
    Approved => Recalculated | Released | Reverted,
    Released => Invoiced | Reverted,
    Invoiced => Posted | Reverted,
    Posted => Reverted,
});

lifecycle!(TemplateStatus, "project template", [Draft, Published, Deprecated], {
    Draft => Published,
    Published => Deprecated,
});

// As time: an approval is not final. What was reimbursed stays so.
lifecycle!(ExpenseStatus, "expense", [Draft, Submitted, Approved, Rejected, Reimbursed, Deleted], {
    Draft => Submitted | Approved | Deleted,
    Submitted => Draft | Approved | Rejected | Deleted,
    Approved => Draft | Submitted | Rejected | Reimbursed | Deleted,
    Rejected => Draft | Submitted | Approved | Deleted,
});

lifecycle!(RecognitionStatus, "revenue recognition", [Planned, Calculated, Posted, Reversed, Eliminated], {
    Planned => Calculated,
    Calculated => Planned | Posted | Eliminated,
    Posted => Reversed | Eliminated,
});
