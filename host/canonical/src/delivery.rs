//! What is delivered: projects, tasks, milestones, assignments, time.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commercial::TemplateRef;
use crate::details::{AssignmentDetails, MilestoneDetails, ProjectDetails, TaskDetails, TimeDetails};
use crate::money::{Currency, Money};
use crate::object::canonical;
use crate::validate::{Path, Problems};
use crate::{Date, Header, Link, Timestamp, terms};

/// A project. Canonical object `project`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Project {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Project code, unique in the firm.
    pub code: String,
    /// Name.
    pub name: String,
    /// The customer.
    pub customer: Link,
    /// Contract it delivers.
    pub contract_number: String,
    /// Template it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateRef>,
    /// Currency.
    pub currency: Currency,
    /// Start of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// Where it stands.
    pub status: ProjectStatus,
    /// Target margin in percent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub target_margin_percent: Option<Decimal>,
    /// Net value of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Money>,
    /// May time be booked?
    #[serde(default)]
    pub time_entry_allowed: bool,
    /// The work breakdown.
    #[serde(default)]
    pub tasks: Vec<Task>,
    /// The milestones of its fixed-fee lines.
    #[serde(default)]
    pub milestones: Vec<Milestone>,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<ProjectDetails>>,
}

canonical!(Project, Project, |this, problems| {
    problems.text("/code", &this.code, "CODE_MISSING", "the project's code");
    problems.text("/name", &this.name, "NAME_MISSING", "the project's name");
    if let Some(details) = &this.details {
        details.check(&mut problems, "/details", this.currency);
    }
    problems.link("/customer", &this.customer);
    if let Some(margin) = this.target_margin_percent {
        problems.percent("/target_margin_percent", margin);
    }
    if let Some(budget) = this.budget {
        problems.price("/budget", budget, this.currency);
    }
    problems.unique("/tasks", "code", this.tasks.iter().map(|task| task.code.as_str()));
    for (at, task) in this.tasks.iter().enumerate() {
        task.check(&mut problems, format_args!("/tasks/{at}"));
    }
    terms::milestones(&mut problems, "/milestones", &this.milestones, &[], this.currency);
});

/// requested -> shell_created -> billing_provisioned -> active -> on_hold -> completed -> closed; cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ProjectStatus {
    Requested,
    ShellCreated,
    BillingProvisioned,
    Active,
    OnHold,
    Completed,
    Closed,
    Cancelled,
}

/// A piece of the work breakdown. Canonical object `task`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// The project, when the task stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Link>,
    /// Project code, for systems that group tasks by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_code: Option<String>,
    /// Position in the work breakdown, such as `1.2`.
    pub code: String,
    /// Name.
    pub name: String,
    /// Contract line it delivers.
    pub contract_line: String,
    /// Whether its time is charged.
    pub billing_type: BillingType,
    /// Planned hours.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub planned_hours: Option<Decimal>,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<TaskDetails>>,
}

canonical!(Task, Task, |this, problems| {
    this.check(&mut problems, "");
});

impl Task {
    fn check(&self, problems: &mut Problems, path: impl Path) {
        if let Some(details) = &self.details {
            details.check(problems, format_args!("{path}/details"));
        }
        problems.text(format_args!("{path}/code"), &self.code, "CODE_MISSING", "the task's code");
        if let Some(project) = &self.project {
            problems.link(format_args!("{path}/project"), project);
        }
        if let Some(hours) = self.planned_hours {
            problems.not_negative(format_args!("{path}/planned_hours"), hours);
        }
    }
}

/// Whether time is charged (rule TM1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillingType {
    /// Charged.
    Chargeable,
    /// Not charged, kept for the margin only.
    NonChargeable,
    /// Shown on the invoice at 0.00.
    Complimentary,
}

/// A milestone of a fixed-fee line. Canonical object `milestone`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Milestone {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// The project, when the milestone stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Link>,
    /// Code, unique in its line.
    pub code: String,
    /// Name.
    pub name: String,
    /// Contract line.
    pub contract_line: String,
    /// Amount, net. Absent when read from a system that does not hold prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Planned date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    /// Where it stands.
    pub status: MilestoneStatus,
    /// The customer's acceptance, once given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Acceptance>,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<MilestoneDetails>>,
}

canonical!(Milestone, Milestone, |this, problems| {
    terms::milestone(&mut problems, "", this, None);
});

/// planned -> delivered -> accepted -> invoiced; withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum MilestoneStatus {
    Planned,
    Delivered,
    Accepted,
    Invoiced,
    Withdrawn,
}

/// Proof that a customer accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acceptance {
    /// Who accepted.
    pub by: String,
    /// The day it counts from, in the legal entity's zone.
    pub on: Date,
    /// SHA-256 of the evidence, 64 hex digits.
    pub evidence_sha256: String,
}

/// Somebody planned on a project. Canonical object `assignment`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assignment {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// The project.
    pub project: Link,
    /// The task, where it is narrower than the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Link>,
    /// The person: e-mail address.
    pub resource: String,
    /// Role in this assignment.
    pub role: String,
    /// How firm it is.
    pub status: AssignmentStatus,
    /// Rate it will be billed at, per hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_rate: Option<Money>,
    /// Where that rate comes from, such as `contract_line:L1:role:Senior`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_source: Option<String>,
    /// Planned hours.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub hours: Option<Decimal>,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<AssignmentDetails>>,
}

canonical!(Assignment, Assignment, |this, problems| {
    problems.text("/resource", &this.resource, "RESOURCE_MISSING", "the person's e-mail address");
    if let Some(details) = &this.details {
        details.check(&mut problems, "/details");
    }
    problems.link("/project", &this.project);
    if let Some(task) = &this.task {
        problems.link("/task", task);
    }
    if let Some(rate) = this.bill_rate {
        problems.price("/bill_rate", rate, rate.currency);
    }
    if let Some(hours) = this.hours {
        problems.not_negative("/hours", hours);
    }
});

/// requested -> soft -> hard -> released; declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum AssignmentStatus {
    Requested,
    Soft,
    Hard,
    Declined,
    Released,
}

/// Work that somebody recorded. Canonical object `time_entry`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimeEntry {
    /// Identity; `header.external` is the source key, `header.version` its revision there.
    #[serde(default)]
    pub header: Header,
    /// The task it was booked on.
    pub task: Link,
    /// Who worked: e-mail address.
    pub resource: String,
    /// Date of work in the legal entity's zone (rule RT1).
    pub date: Date,
    /// Whole minutes worked (rule RD2).
    pub minutes: u32,
    /// Whether it is charged.
    pub billing_type: BillingType,
    /// Where it stands.
    pub status: TimeStatus,
    /// Approver, once approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// What the customer may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<TimeDetails>>,
}

canonical!(TimeEntry, TimeEntry, |this, problems| {
    problems.text("/resource", &this.resource, "RESOURCE_MISSING", "the address of who worked");
    if let Some(details) = &this.details {
        details.check(&mut problems, "/details");
    }
    problems.link("/task", &this.task);
    problems.require(this.minutes <= 24 * 60, "/minutes", "OVER_A_DAY", "one entry holds at most 1,440 minutes");
});

/// draft -> submitted -> approved | rejected; deleted at the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum TimeStatus {
    Draft,
    Submitted,
    Approved,
    Rejected,
    Deleted,
}

/// Cost and revenue of one contract line as the books have them. Canonical object `project_financials`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectFinancials {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// The project.
    pub project: Link,
    /// Contract line.
    pub contract_line: String,
    /// State of the books at the end of this day.
    pub as_of: Date,
    /// Cost from the start to then.
    pub cost_to_date: Money,
    /// Revenue recognised from the start to then, where the books say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue_to_date: Option<Money>,
}

canonical!(ProjectFinancials, ProjectFinancials, |this, problems| {
    problems.text("/contract_line", &this.contract_line, "LINE_MISSING", "the contract line");
    problems.link("/project", &this.project);
    problems.size("/cost_to_date/amount", this.cost_to_date.amount);
    if let Some(revenue) = this.revenue_to_date {
        problems.amount("/revenue_to_date", revenue, this.cost_to_date.currency);
    }
});
