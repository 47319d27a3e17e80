//! What an agreement may say beyond how its lines are billed: discounts, retention, progress,
//! what becomes of work beyond a cap; several payers, advances, exchange rates, wider caps.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Date;
use crate::commercial::CapMode;
use crate::money::{Currency, Money};
use crate::party::{Customer, TaxTreatment};

/// Terms of one line beside its billing method. Each is absent where nothing was agreed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LineTerms {
    /// A discount on the line's prices (rule RT6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    /// Share of each milestone kept back until final acceptance, in percent (rule FM3).
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub retention_percent: Option<Decimal>,
    /// The fixed price is billed by percent complete instead of by milestones (rule FM4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<OverBilled>,
    /// Where work beyond the cap goes, with cap mode `spill` (rule NX2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond_cap: Option<BeyondCap>,
    /// Prices by hours worked in a calendar month, in order (test NX-06).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monthly_hours: Vec<HoursStep>,
    /// Markup on expenses that name none themselves, in percent (rule TM3).
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub expense_markup_percent: Option<Decimal>,
    /// Lines of the same group share an invoice, lines of other groups have invoices of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_group: Option<String>,
    /// What rolls over of a retainer's unused hours, where it is not the policy's (rule RE2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollover: Option<Rollover>,
    /// How revenue is recognised, where it is not by the billing method (rule RR1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revenue: Option<RevenueMethod>,
    /// Price at which it would be sold alone: what a common price is allocated by (rule RR4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standalone_price: Option<Money>,
}

impl LineTerms {
    /// Whether nothing was agreed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Terms of a contract beside its lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Agreement {
    /// Limits over the whole contract, or on what one payer pays (rule NX1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<LevelCap>,
    /// Expenses count against caps too (rule NX6).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub expenses_count: bool,
    /// Who pays, when several do; percents total 100. None: the customer pays all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payers: Vec<Payer>,
    /// Money paid before the work (rule RE1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advances: Vec<AdvanceTerm>,
    /// Exchange rates that may be used, each from its day until the next of the same pair (RD7, RT4).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fx: Vec<FxRate>,
    /// Contracts of one customer that name the same key here are billed together, on one invoice;
    /// often the number of the frame agreement they stand under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billed_with: Option<String>,
}

impl Agreement {
    /// Whether nothing was agreed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The rate from one currency to another that holds on a day. Never the inverse of one.
    pub fn fx(&self, from: Currency, to: Currency, on: Date) -> Option<&FxRate> {
        self.fx.iter().filter(|rate| rate.from == from && rate.to == to && rate.on <= on).max_by_key(|rate| rate.on)
    }
}

/// A discount on prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Discount {
    /// How much, in percent.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub percent: Decimal,
    /// Why, for who looks at the margin later.
    pub reason: String,
}

/// What a lower percentage than the one billed leads to (rule FM4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverBilled {
    /// Nothing is billed until the work has caught up.
    #[default]
    CarryForward,
    /// The difference is credited.
    Credit,
}

/// Where work beyond a cap goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum BeyondCap {
    /// It is billed on the same line at another rate, outside the line's cap.
    Rate {
        /// Rate per hour.
        #[serde(with = "crate::exact")]
        #[schemars(with = "crate::exact::Digits")]
        hourly_rate: Decimal,
    },
    /// It is billed on another line, at its own rate, under that line's cap.
    Line {
        /// That line's id.
        line: String,
    },
    /// It is not charged, and counts for the margin only.
    NonBillable,
}

/// One step of hours within a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoursStep {
    /// Hours it takes at most; absent for all that come.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub up_to_hours: Option<Decimal>,
    /// Rate per hour; zero for hours that a fee has paid for, absent for the work's own rate.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub hourly_rate: Option<Decimal>,
}

/// What rolls over of a retainer's unused hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rollover {
    /// Hours at most.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub cap_hours: Decimal,
    /// For how many periods they live.
    pub periods: u32,
}

/// How revenue is recognised (rule RR1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum RevenueMethod {
    /// Hours times rate when worked, billed or not.
    AsInvoiceable,
    /// By cost to date over the cost estimate.
    PercentOfCost,
    /// By hours worked over planned hours.
    PercentOfHours {
        /// Hours at completion.
        #[serde(with = "crate::exact")]
        #[schemars(with = "crate::exact::Digits")]
        planned_hours: Decimal,
    },
    /// By reported percent complete.
    ByOutput,
    /// Evenly over days, the first and the last included.
    StraightLine {
        /// First day.
        from: Date,
        /// Last day.
        to: Date,
    },
    /// When accepted.
    OnAcceptance,
}

/// A limit wider than a line, or on one payer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LevelCap {
    /// Contract line; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Code of the payer; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// The limit, net.
    pub limit: Money,
    /// What happens at it.
    pub mode: CapMode,
}

/// Somebody who pays a share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Payer {
    /// Code, unique in the contract, such as `A`.
    pub code: String,
    /// Who it is, as printed on documents; `header.id` is the customer's canonical id.
    pub customer: Customer,
    /// Share of every line, in percent.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub percent: Decimal,
    /// Takes what the others' rounded shares leave (rule RD5). Exactly one does.
    #[serde(default)]
    pub takes_remainder: bool,
    /// Tax on this payer's documents, where it is not the lines'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<TaxTreatment>,
}

/// Money to be paid before the work, and set off against later invoices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AdvanceTerm {
    /// Code, unique in the contract, such as `ADV1`.
    pub code: String,
    /// Contract line that it is booked on; its tax applies.
    pub line: String,
    /// Amount, net.
    pub amount: Money,
    /// The day from which it is invoiced.
    pub due_on: Date,
    /// What becomes of a rest at the end.
    #[serde(default)]
    pub at_end: AdvanceEnd,
}

/// What becomes of the rest of an advance (rules RE1 and RE4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdvanceEnd {
    /// A credit note gives it back.
    #[default]
    Refund,
    /// It lapses: revenue, never a credit.
    Expire,
}

/// An exchange rate as it was used or agreed: stored, never looked up again, never inverted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FxRate {
    /// Currency converted from.
    pub from: Currency,
    /// Currency converted to.
    pub to: Currency,
    /// Units of `to` for one of `from`.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub rate: Decimal,
    /// The day it holds from.
    pub on: Date,
    /// Who published it.
    pub source: String,
}
