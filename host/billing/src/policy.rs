//! What a decision may depend on beside the account: the moment, the legal entity, the policy.

use std::collections::BTreeMap;

use jiff::tz::TimeZoneDatabase;
use quoin_canonical::{CapMode, Date, Decimal, LegalEntity, Rounding, Timestamp};
use serde::{Deserialize, Serialize};

use crate::approval::AUTOMATIC;
use crate::rates::RateLevel;
use crate::tax::TaxRule;

/// Everything a decision reads that is not the account. The caller takes `now` from its clock.
#[derive(Debug, Clone)]
pub struct Context {
    /// The moment of the decision.
    pub now: Timestamp,
    /// The selling entity, with its zone, rounding, tax and closed periods as of `now`.
    pub entity: LegalEntity,
    /// The tenant's billing policy.
    pub policy: BillingPolicy,
}

impl Context {
    /// The business date of `now`, in the legal entity's zone.
    ///
    /// # Errors
    /// `ZONE_UNKNOWN` when the entity's zone is not in the IANA database that is compiled in.
    pub fn today(&self) -> Result<Date, Refusal> {
        let zone = TimeZoneDatabase::bundled().get(&self.entity.zone).map_err(|_| {
            Refusal::new(
                "ZONE_UNKNOWN",
                format!("'{}' is no IANA time zone; correct the legal entity", self.entity.zone),
            )
            .field("/zone")
            .owner(&self.policy.owners.master_data)
        })?;
        Ok(self.now.to_zoned(zone).date())
    }

    /// The date a document gets: the wished one, or the first open day when its period is closed
    /// (rule CO4).
    pub fn posting_date(&self, wished: Date) -> Date {
        match self.entity.closed_through {
            Some(closed) if wished <= closed => closed.tomorrow().unwrap_or(wished),
            _ => wished,
        }
    }
}

/// Why nothing happens, and who can mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// Stable code, such as `RATE_NOT_FOUND`.
    pub code: String,
    /// JSON pointer to the field at fault in the input, empty when there is none.
    #[serde(default)]
    pub field: String,
    /// What is wrong and how to mend it.
    pub message: String,
    /// The role that can mend it.
    #[serde(default)]
    pub owner: String,
}

impl Refusal {
    /// A refusal without field and owner.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), field: String::new(), message: message.into(), owner: String::new() }
    }

    /// Names the field at fault.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// Names who can mend it.
    pub fn owner(mut self, owner: &str) -> Self {
        self.owner = owner.into();
        self
    }
}

/// The choices a tenant makes. Every field has the default that the rules name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BillingPolicy {
    /// Version of this policy, kept on everything decided under it.
    pub version: u32,
    /// Order of rate levels, first hit wins (rule RT7).
    pub rate_levels: Vec<RateLevel>,
    /// Rounding of time to an increment, per entry, at approval (rule RD2).
    pub increment: Option<Increment>,
    /// What one line of time on an invoice stands for (rule TM2).
    pub group_by: GroupBy,
    /// Shares of a cap at which an alert is raised, in percent, ascending.
    pub cap_alert_percents: Vec<Decimal>,
    /// Every draft waits for a person's approval before it goes out. Without it a draft within the
    /// approval limits counts as released the moment it is drafted, and is never discarded.
    pub review_drafts: bool,
    /// How posted documents are corrected.
    pub credit_mode: CreditMode,
    /// What happens when billed time is deleted at its source.
    pub deleted_after_billing: DeletedAfterBilling,
    /// Rules of retainers.
    pub retainer: RetainerPolicy,
    /// Difference between our revenue and the books that is still called equal, in the contract's
    /// currency (rule RR6).
    pub revenue_tolerance: Decimal,
    /// Decimal places kept of a percentage of completion: a tenth of a thousandth of a percent
    /// moves less than a cent on a contract of 10 million.
    pub percent_places: u32,
    /// Tax per legal entity (its code), first row that fits; without rows an entity's default tax
    /// is charged to buyers of its own country, and every other case is refused.
    pub tax: BTreeMap<String, Vec<TaxRule>>,
    /// How each legal entity (its code) rounds, where the policy says it (rule RD1).
    pub rounding: BTreeMap<String, Rounding>,
    /// What happens at every cap, whatever the contract says; absent where the contract decides.
    pub cap_mode: Option<CapMode>,
    /// Who may decide about how much money.
    pub approvals: Vec<ApprovalLimit>,
    /// Payment terms where neither customer nor contract name any, in days.
    pub default_payment_terms_days: u16,
    /// Who is asked when something is refused or held.
    pub owners: Owners,
}

impl Default for BillingPolicy {
    fn default() -> Self {
        Self {
            version: 1,
            rate_levels: RateLevel::ALL.to_vec(),
            increment: None,
            group_by: GroupBy::Role,
            cap_alert_percents: vec![Decimal::from(80), Decimal::from(100)],
            review_drafts: false,
            credit_mode: CreditMode::Partial,
            deleted_after_billing: DeletedAfterBilling::Propose,
            retainer: RetainerPolicy::default(),
            revenue_tolerance: Decimal::ONE,
            percent_places: 6,
            tax: BTreeMap::new(),
            rounding: BTreeMap::new(),
            cap_mode: None,
            approvals: Vec::new(),
            default_payment_terms_days: 30,
            owners: Owners::default(),
        }
    }
}

impl BillingPolicy {
    /// The role that a deed of that size needs: the one with the smallest limit that covers it.
    /// `None`: the policy asks nobody.
    ///
    /// # Errors
    /// `BEYOND_ALL_LIMITS` when the policy asks for this deed, and nobody may do so much.
    pub fn approver(&self, deed: Deed, amount: Decimal) -> Result<Option<&str>, Refusal> {
        let mut limits = self.approvals.iter().filter(|limit| limit.deed == deed).peekable();
        if limits.peek().is_none() {
            return Ok(None);
        }
        let covers = limits.filter(|limit| limit.up_to.is_none_or(|up_to| amount <= up_to));
        // An absent limit is the largest.
        let least = covers.min_by_key(|limit| (limit.up_to.is_none(), limit.up_to));
        least.map(|limit| Some(limit.role.as_str()).filter(|role| *role != AUTOMATIC)).ok_or_else(|| {
            Refusal::new("BEYOND_ALL_LIMITS", format!("nobody may decide about {amount}; add an approval limit"))
                .field("/approvals")
                .owner(&self.owners.finance)
        })
    }

    /// A legal entity as the policy wants it: with its own way to round.
    pub fn entity(&self, mut entity: LegalEntity) -> LegalEntity {
        if let Some(rounding) = self.rounding.get(&entity.code) {
            entity.rounding = *rounding;
        }
        entity
    }
}

/// Something that needs a person's approval above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Money given back on a posted document.
    Credit,
    /// Work beyond a cap given up.
    WriteOff,
    /// A draft sent out.
    Release,
    /// A discount agreed, in percent.
    Discount,
}

/// Up to where a role may decide alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalLimit {
    /// What.
    pub deed: Deed,
    /// Net amount in the contract's currency, or percent for a discount; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Decimal>,
    /// Who; `automatic` up to where nobody is asked.
    pub role: String,
}

/// Rounding of worked minutes to an increment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Increment {
    /// Size in minutes.
    pub minutes: u32,
    /// Direction.
    pub mode: IncrementMode,
    /// Entries above zero count at least one increment.
    #[serde(default)]
    pub at_least_one: bool,
}

/// Direction of increment rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncrementMode {
    /// To the next full increment.
    Up,
    /// To the nearer increment; half goes up.
    Nearest,
}

/// What one line of time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// One role at one rate.
    Role,
    /// One person at one rate; prints e-mail addresses on the invoice.
    Person,
}

/// How posted documents are corrected (rules CO1 and CO6); the net effect is equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditMode {
    /// A credit note for the difference.
    Partial,
    /// A credit note for the whole document; what remains is billed again by the next run. For
    /// ERPs that can't credit part of a line.
    FullAndRebill,
}

/// What happens when billed time is deleted at its source (failure branch "worklog deleted").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletedAfterBilling {
    /// A credit is proposed to a person; nothing is credited by itself.
    Propose,
    /// The credit note is drafted at once.
    Credit,
}

/// Rules of retainers (RE1 to RE5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetainerPolicy {
    /// When an advance may be drawn from.
    pub usable: AdvanceUsable,
    /// Most unused hours that roll into the next period.
    pub rollover_cap_hours: Decimal,
    /// What becomes of hours left when the retainer ends.
    pub at_end: RetainerEnd,
    /// For how many periods rolled hours live.
    pub rollover_periods: u32,
    /// Hours drawn per hour worked, by role; 1 where none is named.
    pub role_multipliers: BTreeMap<String, Decimal>,
    /// Share of a period's hours left at which a low balance is reported, in percent.
    pub low_balance_percent: Decimal,
}

impl Default for RetainerPolicy {
    fn default() -> Self {
        Self {
            usable: AdvanceUsable::AfterPosting,
            rollover_cap_hours: Decimal::ZERO,
            at_end: RetainerEnd::Refund,
            rollover_periods: 1,
            role_multipliers: BTreeMap::new(),
            low_balance_percent: Decimal::from(20),
        }
    }
}

/// What becomes of hours left when a retainer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetainerEnd {
    /// A credit note gives them back.
    Refund,
    /// They expire: revenue, never a credit (rule RE4).
    Expire,
}

/// When an advance may be drawn from (rule RE1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvanceUsable {
    /// Once its invoice is posted.
    AfterPosting,
    /// Once its invoice is paid in full.
    AfterPayment,
}

/// Roles that own what cannot go on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Owners {
    /// Missing or ambiguous rates.
    pub rates: String,
    /// Work beyond a cap.
    pub over_cap: String,
    /// Undetermined tax.
    pub tax: String,
    /// Set-up and documents.
    pub finance: String,
    /// Differences in revenue.
    pub revenue: String,
    /// Entities, customers, zones.
    pub master_data: String,
}

impl Default for Owners {
    fn default() -> Self {
        Self {
            rates: "rate-card steward".into(),
            over_cap: "engagement manager".into(),
            tax: "tax".into(),
            finance: "finance operations".into(),
            revenue: "revenue accounting".into(),
            master_data: "master data".into(),
        }
    }
}
