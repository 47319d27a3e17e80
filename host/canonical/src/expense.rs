//! Expenses and timesheets: what people claim and hand in.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agreement::FxRate;
use crate::delivery::TimeStatus;
use crate::money::{Money, Quantity};
use crate::object::canonical;
use crate::{Date, Header, Id, Link, Timestamp};

/// Money that somebody spent for a project. Canonical object `expense`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpenseItem {
    /// Identity; `header.external` is the source key, `header.version` its revision there.
    #[serde(default)]
    pub header: Header,
    /// Number of the report it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Line of the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_line: Option<String>,
    /// The project.
    pub project: Link,
    /// The task, where it is narrower than the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Link>,
    /// Contract line it is charged on.
    pub contract_line: String,
    /// Who spent it: e-mail address.
    pub resource: String,
    /// The day it was incurred.
    pub date: Date,
    /// Category, such as `travel`.
    pub category: String,
    /// Who was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<String>,
    /// What it was for.
    pub description: String,
    /// As spent, input tax included.
    pub amount: Money,
    /// Input tax in it that comes back from the tax office: comes off before the markup (rule TM3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reclaimable_tax: Option<Money>,
    /// Rate into the contract's currency, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fx: Option<FxRate>,
    /// SHA-256 of the receipt, 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_sha256: Option<String>,
    /// Whether the person gets it back.
    #[serde(default)]
    pub reimbursable: bool,
    /// Whether the customer pays it.
    pub billable: bool,
    /// Markup in percent on the base without reclaimable tax.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub markup_percent: Option<Decimal>,
    /// What the expense policy says.
    #[serde(default)]
    pub policy: ExpensePolicy,
    /// How it was paid, such as `company_card`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// Kilometres or days, where it is counted by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Quantity>,
    /// Where it stands.
    pub status: ExpenseStatus,
    /// Approver, once approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
}

canonical!(ExpenseItem, Expense, |this, problems| {
    problems.link("/project", &this.project);
    problems.text("/contract_line", &this.contract_line, "LINE_MISSING", "the contract line");
    problems.text("/resource", &this.resource, "RESOURCE_MISSING", "the address of who spent it");
    problems.text("/category", &this.category, "CATEGORY_MISSING", "the category");
    problems.text("/description", &this.description, "DESCRIPTION_MISSING", "what it was for");
    problems.price("/amount", this.amount, this.amount.currency);
    if let Some(tax) = this.reclaimable_tax {
        problems.price("/reclaimable_tax", tax, this.amount.currency);
        let fits = tax.amount <= this.amount.amount;
        problems.require(fits, "/reclaimable_tax/amount", "OVER_AMOUNT", format_args!("{tax} is more than was spent"));
    }
    if let Some(markup) = this.markup_percent {
        problems.not_negative("/markup_percent", markup);
    }
    if let Some(digest) = &this.receipt_sha256 {
        let fits = digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit());
        problems.require(fits, "/receipt_sha256", "SHA256", "a SHA-256 has 64 hexadecimal digits");
    }
    let decided = matches!(this.status, ExpenseStatus::Approved | ExpenseStatus::Reimbursed);
    problems.require(
        !decided || this.approved_by.is_some(),
        "/approved_by",
        "APPROVER_MISSING",
        "an approved expense says who approved it",
    );
});

/// What an expense policy says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpensePolicy {
    /// Not looked at.
    #[default]
    NotChecked,
    /// Within it.
    Within,
    /// Against it, and allowed by somebody.
    Exception,
    /// Against it.
    Violation,
}

/// draft -> submitted -> approved -> reimbursed | rejected; deleted at the source. An approval is not
/// final: some systems reject what was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ExpenseStatus {
    Draft,
    Submitted,
    Approved,
    Rejected,
    Reimbursed,
    Deleted,
}

/// A person's time of a period, handed in together. Canonical object `timesheet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timesheet {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Whose: e-mail address.
    pub resource: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Where it stands: as its entries.
    pub status: TimeStatus,
    /// When it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// Minutes in all.
    pub minutes: u32,
    /// Its entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Id>,
}

canonical!(Timesheet, Timesheet, |this, problems| {
    problems.text("/resource", &this.resource, "RESOURCE_MISSING", "the person's e-mail address");
    problems.ordered("/to", this.from, this.to);
    problems.require(
        this.status != TimeStatus::Approved || this.approved_by.is_some(),
        "/approved_by",
        "APPROVER_MISSING",
        "an approved sheet says who approved it",
    );
    problems.unique("/entries", "", this.entries.iter().map(Id::as_str));
});
