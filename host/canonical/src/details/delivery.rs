//! What is known of projects, tasks, milestones, people's assignments and time beside what is billed.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ordered, percent};
use crate::money::{Currency, Money};
use crate::validate::{Path, Problems};
use crate::{Date, Id, Link, Timestamp};

/// Further facts about a project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)] // the names say it
pub struct ProjectDetails {
    /// Code of the company that delivers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivering_entity: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast_end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_start: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub budget_hours: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_cost: Option<Money>,
    /// Estimated cost at completion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate_at_completion: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub percent_complete: Option<Decimal>,
    /// What the percentage is taken by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent_method: Option<PercentMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practice: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Why it is not billed, while it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_hold: Option<String>,
    /// Nothing is booked on it up to this day any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_through: Option<Date>,
}

impl ProjectDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path, currency: Currency) {
        percent(problems, format_args!("{path}/percent_complete"), self.percent_complete);
        ordered(problems, format_args!("{path}/actual_end"), self.actual_start, self.actual_end);
        for (field, money) in
            [("budget_cost", self.budget_cost), ("estimate_at_completion", self.estimate_at_completion)]
        {
            if let Some(money) = money {
                problems.price(format_args!("{path}/{field}"), money, currency);
            }
        }
        if let Some(hours) = self.budget_hours {
            problems.not_negative(format_args!("{path}/budget_hours"), hours);
        }
        problems.optional_text(
            format_args!("{path}/billing_hold"),
            self.billing_hold.as_deref(),
            "why it is not billed",
        );
    }
}

/// How a project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Health {
    Green,
    Amber,
    Red,
}

/// What percent complete is taken by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum PercentMethod {
    Cost,
    Hours,
    Output,
    Reported,
}

/// Further facts about a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)] // the names say it
pub struct TaskDetails {
    /// Code of the task above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<TaskKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<TaskStatus>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub predecessors: Vec<TaskLink>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_start: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub actual_hours: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub remaining_hours: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub percent_complete: Option<Decimal>,
    /// What is sold when it is worked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_item: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_code: Option<String>,
    /// Whether its cost may be capitalised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capitalisable: Option<bool>,
    /// Such as `not before 2026-04-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// Its key in an issue tracker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue_key: Option<String>,
    /// No more time on it: it is billed whole.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
}

impl TaskDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path) {
        percent(problems, format_args!("{path}/percent_complete"), self.percent_complete);
        ordered(problems, format_args!("{path}/planned_end"), self.planned_start, self.planned_end);
        for (field, hours) in [("actual_hours", self.actual_hours), ("remaining_hours", self.remaining_hours)] {
            if let Some(hours) = hours {
                problems.not_negative(format_args!("{path}/{field}"), hours);
            }
        }
        for (at, link) in self.predecessors.iter().enumerate() {
            problems.text(format_args!("{path}/predecessors/{at}/task"), &link.task, "TASK_MISSING", "the task's code");
        }
    }
}

/// What a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum TaskKind {
    Phase,
    Task,
    Milestone,
    Summary,
}

/// planned -> ready -> in_progress -> done; cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum TaskStatus {
    Planned,
    Ready,
    InProgress,
    Done,
    Cancelled,
}

/// A task that another waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskLink {
    /// Its code.
    pub task: String,
    /// Which end waits for which.
    pub precedence: Precedence,
    /// Days between them; negative where they overlap.
    #[serde(default)]
    pub lag_days: i16,
}

/// Which end of a task waits for which end of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Precedence {
    FinishToStart,
    StartToStart,
    FinishToFinish,
    StartToFinish,
}

/// Further facts about a milestone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MilestoneDetails {
    /// Share of its line, in percent.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub percent: Option<Decimal>,
    /// Whether the customer must accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance_required: Option<bool>,
    /// Who pays which share of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payers: Vec<PayerShare>,
    /// Share kept back until final acceptance, in percent (rule FM3).
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub retention_percent: Option<Decimal>,
    /// How far it is billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing: Option<MilestoneBilling>,
}

impl MilestoneDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path) {
        percent(problems, format_args!("{path}/percent"), self.percent);
        percent(problems, format_args!("{path}/retention_percent"), self.retention_percent);
        if !self.payers.is_empty() {
            let total: Decimal = self.payers.iter().map(|payer| payer.percent).sum();
            let message = format!("the payers' shares total {total} %; make them total 100 %");
            problems.require(total == Decimal::ONE_HUNDRED, format!("{path}/payers"), "SPLIT_NOT_100", message);
        }
    }
}

/// A payer's share of a milestone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PayerShare {
    /// Code of the payer.
    pub payer: String,
    /// Share in percent.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub percent: Decimal,
}

/// not_ready -> ready -> created -> posted; with several payers in_progress until all are posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum MilestoneBilling {
    NotReady,
    Ready,
    Created,
    InProgress,
    PartiallyInvoiced,
    Posted,
}

/// Further facts about an assignment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AssignmentDetails {
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<Date>,
    /// Share of the person's time, in percent.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub allocation_percent: Option<Decimal>,
    /// How the hours spread over the days, such as `even` or `front_loaded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<String>,
    /// What an hour costs us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_rate: Option<Money>,
    /// Who agreed to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Share of the person's time that should be charged, in percent.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub utilisation_target_percent: Option<Decimal>,
}

impl AssignmentDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path) {
        ordered(problems, format_args!("{path}/ends_on"), self.starts_on, self.ends_on);
        percent(problems, format_args!("{path}/utilisation_target_percent"), self.utilisation_target_percent);
        if let Some(cost) = self.cost_rate {
            problems.price(format_args!("{path}/cost_rate"), cost, cost.currency);
        }
        if let Some(share) = self.allocation_percent {
            problems.not_negative(format_args!("{path}/allocation_percent"), share);
        }
    }
}

/// Further facts about an entry of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeDetails {
    /// The timesheet it stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timesheet: Option<Link>,
    /// When the work began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// Zone that its day is meant in (IANA).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Link>,
    /// Assignment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Link>,
    /// Role it was worked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What kind of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_type: Option<WorkType>,
    /// Minutes that are charged, where they are not the minutes worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billable_minutes: Option<u32>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// A note that the customer does not see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_note: Option<String>,
    /// Its key where it was first written, such as a worklog's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_key: Option<String>,
    /// Minutes that rounding to an increment added, or took when negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding_minutes: Option<i32>,
    /// Rate, frozen at approval (rule RT5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_rate: Option<TimeRate>,
    /// What an hour costs us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_rate: Option<Money>,
    /// The entry it corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction_of: Option<Id>,
    /// The entry it was split from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_of: Option<Id>,
    /// The invoice line it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoiced_line: Option<String>,
}

impl TimeDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path) {
        if let (Some(started), Some(stopped)) = (self.started_at, self.stopped_at) {
            let message = format!("{stopped} lies before {started}");
            problems.require(started <= stopped, format!("{path}/stopped_at"), "DATES_REVERSED", message);
        }
        if let Some(rate) = &self.bill_rate {
            problems.price(format_args!("{path}/bill_rate/hourly"), rate.hourly, rate.hourly.currency);
        }
        if let Some(cost) = self.cost_rate {
            problems.price(format_args!("{path}/cost_rate"), cost, cost.currency);
        }
    }
}

/// What kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum WorkType {
    Normal,
    Overtime,
    Weekend,
    Travel,
}

/// A rate as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeRate {
    /// Per hour.
    pub hourly: Money,
    /// Row it comes from.
    pub row: String,
}
