//! The decisions, one file per kind of input. Each is pure: account and input in, events out.

mod advance;
mod approval;
mod credit;
mod discount;
mod documents;
mod expense;
mod foreign;
mod milestone;
mod progress;
mod rates;
mod retainer;
mod revenue;
mod run;
mod terms;
mod time;

pub use advance::close_advance;
pub use approval::{Standing, approve, reject, standing};
pub use credit::{CreditLine, approve_credit, credit_document, credit_line};
pub use discount::{DiscountStanding, decide_discount, discount_standing, judge_discount};
pub use documents::{Posting, discard, invoice_posted, part_returned, payment, recalculate};
pub use expense::record_expense;
pub use foreign::{foreign_invoice, no_double_billing};
pub use milestone::{accept_milestone, hold_milestone};
pub use progress::{Progress, report_progress};
pub use rates::{change_rates, re_rate, rebill};
pub use retainer::{close_retainer, retainer_due};
pub use revenue::compute_revenue;
pub use run::run;
pub use terms::{assign, open};
pub use time::{record_time, release_over_cap, retry_refused, write_off};

use quoin_canonical::Id;

use crate::account::Account;
use crate::event::AccountEvent;
use crate::policy::{Context, Refusal};

/// Collects the events of a decision of several steps. The account is the caller's until a step
/// asks for it as the earlier ones left it: most decisions never copy it.
struct Draft<'a> {
    base: &'a Account,
    copy: Option<Account>,
    applied: usize,
    events: Vec<AccountEvent>,
}

impl<'a> Draft<'a> {
    fn new(base: &'a Account) -> Self {
        Self { base, copy: None, applied: 0, events: Vec::new() }
    }

    /// The account with all events so far.
    fn account(&mut self) -> &Account {
        if self.applied < self.events.len() {
            let account = self.copy.get_or_insert_with(|| self.base.clone());
            for event in &self.events[self.applied..] {
                account.evolve(event);
            }
            self.applied = self.events.len();
        }
        self.copy.as_ref().unwrap_or(self.base)
    }

    fn push(&mut self, event: AccountEvent) {
        self.events.push(event);
    }

    fn extend(&mut self, events: Vec<AccountEvent>) {
        self.events.extend(events);
    }
}

/// The selling entity in the context must be the contract's: tax, rounding and periods are its.
fn check_entity(account: &Account, ctx: &Context) -> Result<(), Refusal> {
    if account.contract.selling_entity == ctx.entity.code {
        return Ok(());
    }
    Err(Refusal::new(
        "ENTITY_MISMATCH",
        format!(
            "contract {} is {}'s, not {}'s",
            account.contract.number, account.contract.selling_entity, ctx.entity.code
        ),
    )
    .field("/selling_entity")
    .owner(&ctx.policy.owners.master_data))
}

fn canonical_id<'a>(header: &'a quoin_canonical::Header, what: &str) -> Result<&'a Id, Refusal> {
    header.id.as_ref().ok_or_else(|| {
        Refusal::new("ID_MISSING", format!("the {what} has no canonical id; resolve it before billing"))
            .field("/header/id")
    })
}

fn linked_id<'a>(link: &'a quoin_canonical::Link, field: &str) -> Result<&'a Id, Refusal> {
    link.id().ok_or_else(|| {
        let message = format!("'{}' is not resolved to a canonical id", link.external().unwrap_or_default());
        Refusal::new("LINK_UNRESOLVED", message).field(field)
    })
}
