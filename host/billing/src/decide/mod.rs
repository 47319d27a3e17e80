//! The decisions, one file per kind of input. Each is pure: account and input in, events out.

mod credit;
mod documents;
mod expense;
mod milestone;
mod rates;
mod retainer;
mod revenue;
mod run;
mod terms;
mod time;

pub use credit::{CreditLine, approve_credit, credit_document, credit_line};
pub use documents::{Posting, discard, invoice_posted, payment, recalculate, release};
pub use expense::record_expense;
pub use milestone::{accept_milestone, hold_milestone};
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

/// Collects events while a decision of several steps looks at what the earlier ones did.
struct Draft {
    account: Account,
    events: Vec<AccountEvent>,
}

impl Draft {
    fn new(account: &Account) -> Self {
        Self { account: account.clone(), events: Vec::new() }
    }

    fn push(&mut self, event: AccountEvent) {
        self.account.evolve(&event);
        self.events.push(event);
    }

    fn extend(&mut self, events: Vec<AccountEvent>) {
        for event in events {
            self.push(event);
        }
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
