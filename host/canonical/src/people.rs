//! Who delivers, and from which patterns: resources and project templates.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::delivery::BillingType;
use crate::money::Money;
use crate::object::canonical;
use crate::{Date, Header};

/// A person, a contractor or a placeholder that work is planned for. Canonical object `resource`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// What it is.
    pub kind: ResourceKind,
    /// Name; of a placeholder the role it stands for.
    pub name: String,
    /// E-mail address: the key of people across systems. Absent for placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Employee number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_id: Option<String>,
    /// Code of the legal entity that employs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employer: Option<String>,
    /// Home unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Roles they work in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Grade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// Skills.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// What an hour costs, from when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost_rates: Vec<CostRate>,
    /// Working-time calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// Hours a week.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub weekly_hours: Option<Decimal>,
    /// Where they work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<Date>,
    /// The supplier of a contractor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
    /// Whether they can be planned.
    pub active: bool,
}

canonical!(Resource, Resource, |this, problems| {
    problems.text("/name", &this.name, "NAME_MISSING", "the name");
    problems.require(
        this.kind == ResourceKind::Placeholder || this.email.as_deref().is_some_and(|email| email.contains('@')),
        "/email",
        "EMAIL_MISSING",
        "a person has an e-mail address: systems know them by it",
    );
    if let (Some(from), Some(to)) = (this.starts_on, this.ends_on) {
        problems.ordered("/ends_on", from, to);
    }
    if let Some(hours) = this.weekly_hours {
        let fits = hours >= Decimal::ZERO && hours <= Decimal::from(168);
        problems.require(fits, "/weekly_hours", "HOURS_RANGE", "a week has 168 hours");
    }
    for (at, rate) in this.cost_rates.iter().enumerate() {
        problems.price(format_args!("/cost_rates/{at}/hourly"), rate.hourly, rate.hourly.currency);
        if let Some(before) = at.checked_sub(1).and_then(|before| this.cost_rates.get(before)) {
            let later = before.from < rate.from;
            problems.require(
                later,
                format_args!("/cost_rates/{at}/from"),
                "ORDER",
                "cost rates follow each other by day",
            );
        }
    }
});

/// What a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ResourceKind {
    Employee,
    Contractor,
    Placeholder,
}

/// What an hour of somebody costs from a day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostRate {
    /// First day.
    pub from: Date,
    /// Per hour.
    pub hourly: Money,
}

/// The pattern of a project. Canonical object `project_template`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectTemplate {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Template id, such as `PT-CONSULT`.
    pub id: String,
    /// Its version: projects keep the one they were made from.
    pub version: u32,
    /// Name.
    pub name: String,
    /// The work breakdown it lays out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TemplateTask>,
    /// Roles and their usual hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<TemplateRole>,
    /// Milestones as shares of the price; they total 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<TemplateMilestone>,
    /// How it is billed by default: `time_and_materials`, `fixed_fee` or `retainer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_method: Option<String>,
    /// Rate card by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_card: Option<String>,
    /// What must be done before the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<String>,
    /// Known risks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// Documents that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// Where it stands.
    pub status: TemplateStatus,
}

canonical!(ProjectTemplate, ProjectTemplate, |this, problems| {
    problems.text("/id", &this.id, "ID_MISSING", "the template's id");
    problems.text("/name", &this.name, "NAME_MISSING", "the template's name");
    problems.require(this.version > 0, "/version", "VERSION_MISSING", "versions count from 1");
    problems.unique("/tasks", "code", this.tasks.iter().map(|task| task.code.as_str()));
    problems.unique("/milestones", "code", this.milestones.iter().map(|one| one.code.as_str()));
    let total: Decimal = this.milestones.iter().map(|one| one.percent).sum();
    problems.require(
        this.milestones.is_empty() || total == Decimal::ONE_HUNDRED,
        "/milestones",
        "MILESTONES_NOT_100",
        format_args!("the shares total {total}, not 100"),
    );
    for (at, role) in this.roles.iter().enumerate() {
        problems.text(format_args!("/roles/{at}/role"), &role.role, "ROLE_MISSING", "the role");
        problems.not_negative(format_args!("/roles/{at}/hours"), role.hours);
    }
    if let Some(method) = &this.billing_method {
        let known = ["time_and_materials", "fixed_fee", "retainer"].contains(&method.as_str());
        problems.require(known, "/billing_method", "METHOD", format_args!("'{method}' is no billing method"));
    }
});

/// draft -> published -> deprecated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum TemplateStatus {
    Draft,
    Published,
    Deprecated,
}

/// One task of a pattern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateTask {
    /// Position in the work breakdown, such as `1.2`.
    pub code: String,
    /// Name.
    pub name: String,
    /// Whether its time is charged.
    pub billing_type: BillingType,
    /// Usual hours.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub hours: Option<Decimal>,
}

/// One role of a pattern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateRole {
    /// Role.
    pub role: String,
    /// Usual hours.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub hours: Decimal,
}

/// One milestone of a pattern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateMilestone {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Share of the price in percent.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub percent: Decimal,
}
