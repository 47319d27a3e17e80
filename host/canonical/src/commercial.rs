//! What was sold: quotes, contracts, their billing terms, and what sales sees of the delivery.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agreement::{Agreement, LineTerms};
use crate::details::{ContractDetails, QuoteDetails, QuoteLineDetails};
use crate::invoice::{InvoiceStatus, RevenueIndicator};
use crate::money::{Currency, Money};
use crate::object::canonical;
use crate::party::{Customer, TaxTreatment};
use crate::validate::{PAYMENT_TERMS_LIMIT_DAYS, Path, Problems};
use crate::{Date, Header, Link, Timestamp, agreed, terms};

/// An offer, and once accepted the approved terms. Canonical object `quote`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// Identity; `header.external` is the quote (or the opportunity, where the CRM has no quotes).
    #[serde(default)]
    pub header: Header,
    /// Quote number, unique within the selling firm: the business key of all that follows.
    pub number: String,
    /// Version; the highest accepted one counts, whatever the order of arrival.
    pub version: u32,
    /// The opportunity it closes.
    pub opportunity: Link,
    /// Where it stands.
    pub status: QuoteStatus,
    /// Title of the deal.
    pub name: String,
    /// When it was accepted (closed-won).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// The buyer, as the CRM knows it.
    pub customer: Customer,
    /// Code of the selling legal entity.
    pub selling_entity: String,
    /// Contract type: `sow`, `msa`, `change_order`.
    pub contract_type: String,
    /// Currency of every amount in it.
    pub currency: Currency,
    /// Project template to start from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateRef>,
    /// Planned start of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// Target margin in percent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub target_margin_percent: Option<Decimal>,
    /// What is sold, line by line.
    pub lines: Vec<QuoteLine>,
    /// What was agreed beside the lines.
    #[serde(default, skip_serializing_if = "Agreement::is_empty")]
    pub agreement: Agreement,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<QuoteDetails>>,
}

canonical!(Quote, Quote, |this, problems| {
    problems.text("/number", &this.number, "NUMBER_MISSING", "the quote's number");
    problems.require(
        !this.number.starts_with(['~', '+']),
        "/number",
        "NUMBER_RESERVED",
        "numbers that begin with ~ or + are the platform's own; give the quote another one",
    );
    problems.require(this.version > 0, "/version", "VERSION_MISSING", "versions count from 1");
    problems.link("/opportunity", &this.opportunity);
    if let Some(details) = &this.details {
        details.check(&mut problems, "/details", this.currency);
    }
    this.customer.check(&mut problems, "/customer");
    if let Some(margin) = this.target_margin_percent {
        problems.percent("/target_margin_percent", margin);
    }
    problems.require(!this.lines.is_empty(), "/lines", "LINES_MISSING", "a quote needs at least one line");
    problems.unique("/lines", "id", this.lines.iter().map(|line| line.id.as_str()));
    let complete = matches!(this.status, QuoteStatus::Accepted | QuoteStatus::Converted);
    for (at, line) in this.lines.iter().enumerate() {
        line.check(&mut problems, format_args!("/lines/{at}"), this.currency, complete);
    }
    let lines: Vec<&str> = this.lines.iter().map(|line| line.id.as_str()).collect();
    agreed::agreement(&mut problems, &this.agreement, &lines, this.currency);
});

/// draft -> in_review -> approved -> presented -> accepted | rejected | expired | superseded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum QuoteStatus {
    Draft,
    InReview,
    Approved,
    Presented,
    Accepted,
    Rejected,
    Expired,
    Superseded,
    Converted,
}

/// A project template and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateRef {
    /// Template id, such as `PT-CONSULT`.
    pub id: String,
    /// Its version.
    pub version: u32,
}

/// One sold item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteLine {
    /// Line id, unique in the quote, such as `L1`.
    pub id: String,
    /// What it is.
    pub description: String,
    /// How it is billed.
    pub billing: BillingMethod,
    /// Tax; absent when the selling entity's default applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<TaxTreatment>,
    /// Estimated cost at completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_estimate: Option<Money>,
    /// What was agreed beside how it is billed.
    #[serde(default, skip_serializing_if = "LineTerms::is_empty")]
    pub terms: LineTerms,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<QuoteLineDetails>>,
}

impl QuoteLine {
    /// What must hold for a line. A missing rate or tax is no matter of shape: the gates of the
    /// process find it, and ask its owner.
    fn check(&self, problems: &mut Problems, path: impl Path, currency: Currency, complete: bool) {
        problems.text(format_args!("{path}/id"), &self.id, "LINE_ID_MISSING", "the line's id");
        let milestones = complete && self.terms.progress.is_none();
        terms::billing(problems, format_args!("{path}/billing"), &self.billing, currency, milestones);
        agreed::line_terms(problems, format_args!("{path}/terms"), &self.terms, &self.billing, currency);
        if let Some(details) = &self.details {
            details.check(problems, format_args!("{path}/details"));
        }
        if let Some(tax) = &self.tax {
            terms::tax(problems, format_args!("{path}/tax"), tax);
        }
        if let Some(cost) = self.cost_estimate {
            problems.price(format_args!("{path}/cost_estimate"), cost, currency);
        }
    }
}

/// How a line turns work into invoices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum BillingMethod {
    /// Hours at rates, up to an optional cap.
    TimeAndMaterials {
        /// Agreed rates per role.
        roles: Vec<RoleRate>,
        /// Not-to-exceed limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cap: Option<Cap>,
    },
    /// A fixed price, billed by milestones, or by percent complete where the line's terms say so.
    FixedFee {
        /// The whole price, net.
        price: Money,
        /// Shares of it; percents total 100. None with progress billing.
        milestones: Vec<MilestoneTerm>,
    },
    /// A fixed amount per month for a number of hours, billed in advance.
    Retainer(RetainerTerm),
}

/// A rate agreed for a role, and optionally for one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoleRate {
    /// Role, such as `Senior`.
    pub role: String,
    /// Rate per hour, in the quote's currency.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub hourly_rate: Decimal,
    /// The person proposed for it: the resource's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Planned hours.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub hours: Option<Decimal>,
}

/// A not-to-exceed limit, net of tax, in contract currency (rules NX1 to NX6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cap {
    /// The limit.
    pub limit: Money,
    /// What happens at it.
    pub mode: CapMode,
}

/// What happens to work beyond a cap (rule NX2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapMode {
    /// The whole entry is refused.
    Block,
    /// The entry is split at the limit.
    Fit,
    /// The rest goes to the next rule.
    Spill,
    /// Billed all the same, with a warning.
    Warn,
}

/// One milestone as sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MilestoneTerm {
    /// Code, unique in the line, such as `M1`.
    pub code: String,
    /// Name.
    pub name: String,
    /// Share of the line's price in percent.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub percent: Decimal,
    /// Planned date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
}

/// A retainer as sold (rules RE1 to RE5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RetainerTerm {
    /// Hours included per month.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub hours_per_month: Decimal,
    /// Rate per included hour.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub hourly_rate: Decimal,
    /// Rate per hour beyond.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub overage_rate: Decimal,
    /// First day of the first period.
    pub starts_on: Date,
}

/// A signed agreement, as derived from the accepted quote. Canonical object `contract`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contract {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Contract number: the quote's number.
    pub number: String,
    /// Version of the quote it follows.
    pub quote_version: u32,
    /// Contract type.
    pub contract_type: String,
    /// Buyer.
    pub customer: Link,
    /// Code of the selling legal entity.
    pub selling_entity: String,
    /// Currency.
    pub currency: Currency,
    /// Days from issue to due date.
    pub payment_terms_days: u16,
    /// Lines.
    pub lines: Vec<ContractLine>,
    /// What was agreed beside the lines.
    #[serde(default, skip_serializing_if = "Agreement::is_empty")]
    pub agreement: Agreement,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<ContractDetails>>,
}

canonical!(Contract, Contract, |this, problems| {
    problems.text("/number", &this.number, "NUMBER_MISSING", "the contract's number");
    problems.link("/customer", &this.customer);
    check_payment_terms(&mut problems, "/payment_terms_days", this.payment_terms_days);
    if let Some(details) = &this.details {
        let lines: Vec<&str> = this.lines.iter().map(|line| line.id.as_str()).collect();
        details.check(&mut problems, "/details", &lines, this.currency);
    }
    terms::contract_lines(&mut problems, &this.lines, this.currency);
    let lines: Vec<&str> = this.lines.iter().map(|line| line.id.as_str()).collect();
    agreed::agreement(&mut problems, &this.agreement, &lines, this.currency);
});

pub(crate) fn check_payment_terms(problems: &mut Problems, path: impl Path, days: u16) {
    problems.require(
        days <= PAYMENT_TERMS_LIMIT_DAYS,
        path,
        "PAYMENT_TERMS",
        format_args!("{days} days are beyond {PAYMENT_TERMS_LIMIT_DAYS}"),
    );
}

/// One line of a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContractLine {
    /// The quote line's id.
    pub id: String,
    /// What it is.
    pub description: String,
    /// How it is billed.
    pub billing: BillingMethod,
    /// Tax.
    pub tax: TaxTreatment,
    /// Estimated cost at completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_estimate: Option<Money>,
    /// What was agreed beside how it is billed.
    #[serde(default, skip_serializing_if = "LineTerms::is_empty")]
    pub terms: LineTerms,
}

/// What the ERP must hold before anything can be billed. Canonical object `billing_setup`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BillingSetup {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Contract it serves.
    pub contract_number: String,
    /// Project code and name, for the ERP's own project record.
    pub project_code: String,
    /// Project name.
    pub project_name: String,
    /// The project.
    pub project: Link,
    /// The customer.
    pub customer: Link,
    /// Code of the selling legal entity.
    pub selling_entity: String,
    /// Currency.
    pub currency: Currency,
    /// Days from issue to due date.
    pub payment_terms_days: u16,
    /// Start of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// Contract lines with their billing terms: rates, cap, milestones, retainer.
    pub lines: Vec<ContractLine>,
    /// Milestones with their amounts, per fixed-fee line.
    #[serde(default)]
    pub milestones: Vec<crate::delivery::Milestone>,
}

canonical!(BillingSetup, BillingSetup, |this, problems| {
    problems.text("/contract_number", &this.contract_number, "NUMBER_MISSING", "the contract's number");
    problems.text("/project_code", &this.project_code, "CODE_MISSING", "the project's code");
    problems.link("/project", &this.project);
    problems.link("/customer", &this.customer);
    check_payment_terms(&mut problems, "/payment_terms_days", this.payment_terms_days);
    terms::contract_lines(&mut problems, &this.lines, this.currency);
    terms::milestones(&mut problems, "/milestones", &this.milestones, &this.lines, this.currency);
});

/// What sales sees of a deal after it closed. Canonical object `deal_status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DealStatus {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// The opportunity to write it to.
    pub opportunity: Link,
    /// Quote number.
    pub quote_number: String,
    /// How far delivery is.
    pub stage: DealStage,
    /// Why, where the stage needs a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Project code, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_code: Option<String>,
    /// The last invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceSummary>,
    /// Revenue indicators, per contract line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revenue: Vec<RevenueIndicator>,
}

canonical!(DealStatus, DealStatus, |this, problems| {
    problems.text("/quote_number", &this.quote_number, "NUMBER_MISSING", "the quote's number");
    problems.link("/opportunity", &this.opportunity);
    if let Some(invoice) = &this.invoice {
        problems.text("/invoice/number", &invoice.number, "NUMBER_MISSING", "the invoice's number");
        problems.currency("/invoice/gross/currency", invoice.gross.currency, invoice.net.currency);
        problems.currency("/invoice/open/currency", invoice.open.currency, invoice.net.currency);
    }
    problems.unique("/revenue", "contract_line", this.revenue.iter().map(|row| row.contract_line.as_str()));
    for (at, row) in this.revenue.iter().enumerate() {
        row.check(&mut problems, format_args!("/revenue/{at}"));
    }
});

/// How far delivery of a deal is, in sales' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum DealStage {
    SetUpStarted,
    OnHold,
    ImplementationStarted,
    Invoiced,
    PartiallyPaid,
    Paid,
    Cancelled,
}

/// An invoice in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceSummary {
    /// Number.
    pub number: String,
    /// Net.
    pub net: Money,
    /// Gross.
    pub gross: Money,
    /// Still to pay.
    pub open: Money,
    /// Due date.
    pub due_on: Date,
    /// Status.
    pub status: InvoiceStatus,
}
