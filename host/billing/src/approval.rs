//! Approvals: what waits for a person because of its size, and who may let it go.

use quoin_canonical::{Decimal, Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::policy::{BillingPolicy, Deed, Refusal};

/// What a policy writes in place of a role up to where nobody is asked.
pub const AUTOMATIC: &str = "automatic";

/// Why something waits, and who may let it go: fixed by the policy when it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalNeed {
    /// What.
    pub deed: Deed,
    /// How much, net; of all payers together where several share the work. For a discount, what the
    /// contract is worth as far as it is known.
    pub amount: Money,
    /// The largest discount, in percent, where that is what is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Decimal>,
    /// Who is asked: the role with the smallest limit that covers it.
    pub role: String,
    /// Every role that may decide. Empty when the amount is beyond all limits.
    pub roles: Vec<String>,
}

/// A person's approval, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// When.
    pub at: Timestamp,
}

/// Somebody who wants to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// Who.
    pub by: String,
    /// The roles they hold.
    pub roles: Vec<String>,
}

impl ApprovalNeed {
    /// What is judged, in words.
    pub fn judged(&self) -> String {
        match self.percent {
            Some(percent) => format!("a discount of {} % on {}", percent.normalize(), self.amount),
            None => self.amount.to_string(),
        }
    }

    /// The role in which somebody may decide this.
    ///
    /// # Errors
    /// `APPROVAL_ROLE` when they hold none of the roles that may.
    pub fn role_of(&self, approver: &Approver) -> Result<&str, Refusal> {
        let held = self.roles.iter().find(|role| approver.roles.contains(role));
        held.map(String::as_str).ok_or_else(|| {
            let who = match self.roles.as_slice() {
                [] => "it is beyond every limit of the policy; raise one and bill anew".to_owned(),
                roles => format!("it needs {}", roles.join(" or ")),
            };
            let message = format!("{} may not decide about {}: {who}", approver.by, self.judged());
            Refusal::new("APPROVAL_ROLE", message).field("/roles").owner(&self.role)
        })
    }
}

impl BillingPolicy {
    /// Who must be asked before that much goes on; `None`: nobody.
    pub fn need(&self, deed: Deed, amount: Money) -> Option<ApprovalNeed> {
        let size = amount.amount.abs();
        let need =
            |role: &str, roles: Vec<String>| ApprovalNeed { deed, amount, percent: None, role: role.to_owned(), roles };
        match self.approver(deed, size) {
            Ok(Some(role)) => Some(need(role, self.roles_for(deed, size))),
            Ok(None) if deed == Deed::Release && self.review_drafts => {
                Some(need(&self.owners.finance, vec![self.owners.finance.clone()]))
            }
            Ok(None) => None,
            Err(_) => Some(need(&self.owners.finance, Vec::new())),
        }
    }

    /// Who must be asked before a discount of that many percent is granted; `None`: nobody.
    pub fn need_for_discount(&self, percent: Decimal, worth: Money) -> Option<ApprovalNeed> {
        let need = |role: &str, roles: Vec<String>| ApprovalNeed {
            deed: Deed::Discount,
            amount: worth,
            percent: Some(percent),
            role: role.to_owned(),
            roles,
        };
        match self.approver(Deed::Discount, percent) {
            Ok(Some(role)) => Some(need(role, self.roles_for(Deed::Discount, percent))),
            Ok(None) => None,
            Err(_) => Some(need(&self.owners.finance, Vec::new())),
        }
    }

    /// Every role whose limit covers the amount, the smallest limit first.
    fn roles_for(&self, deed: Deed, amount: Decimal) -> Vec<String> {
        let covers = |up_to: Option<Decimal>| up_to.is_none_or(|up_to| amount <= up_to);
        let mut limits: Vec<_> =
            self.approvals.iter().filter(|limit| limit.deed == deed && covers(limit.up_to)).collect();
        limits.sort_by_key(|limit| (limit.up_to.is_none(), limit.up_to));
        limits.into_iter().filter(|limit| limit.role != AUTOMATIC).map(|limit| limit.role.clone()).collect()
    }
}
