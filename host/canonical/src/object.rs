//! The closed list of canonical objects, by the names that cross the plugin border.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::validate::Invalid;

/// Kinds of canonical objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // each variant is documented on its struct
pub enum ObjectKind {
    Customer,
    Quote,
    Contract,
    Project,
    Task,
    Milestone,
    Assignment,
    TimeEntry,
    BillingSetup,
    Invoice,
    Payment,
    ProjectFinancials,
    DealStatus,
    LegalEntity,
    RateCard,
    BillingSchedule,
    ProjectTemplate,
    Resource,
    Timesheet,
    Expense,
    BillingEvent,
    RevenueRecognition,
}

impl ObjectKind {
    /// Every kind, in order.
    pub const ALL: [ObjectKind; 22] = [
        ObjectKind::Customer,
        ObjectKind::Quote,
        ObjectKind::Contract,
        ObjectKind::Project,
        ObjectKind::Task,
        ObjectKind::Milestone,
        ObjectKind::Assignment,
        ObjectKind::TimeEntry,
        ObjectKind::BillingSetup,
        ObjectKind::Invoice,
        ObjectKind::Payment,
        ObjectKind::ProjectFinancials,
        ObjectKind::DealStatus,
        ObjectKind::LegalEntity,
        ObjectKind::RateCard,
        ObjectKind::BillingSchedule,
        ObjectKind::ProjectTemplate,
        ObjectKind::Resource,
        ObjectKind::Timesheet,
        ObjectKind::Expense,
        ObjectKind::BillingEvent,
        ObjectKind::RevenueRecognition,
    ];

    /// The name on the wire, such as `time_entry`.
    pub fn as_str(self) -> &'static str {
        match self {
            ObjectKind::Customer => "customer",
            ObjectKind::Quote => "quote",
            ObjectKind::Contract => "contract",
            ObjectKind::Project => "project",
            ObjectKind::Task => "task",
            ObjectKind::Milestone => "milestone",
            ObjectKind::Assignment => "assignment",
            ObjectKind::TimeEntry => "time_entry",
            ObjectKind::BillingSetup => "billing_setup",
            ObjectKind::Invoice => "invoice",
            ObjectKind::Payment => "payment",
            ObjectKind::ProjectFinancials => "project_financials",
            ObjectKind::DealStatus => "deal_status",
            ObjectKind::LegalEntity => "legal_entity",
            ObjectKind::RateCard => "rate_card",
            ObjectKind::BillingSchedule => "billing_schedule",
            ObjectKind::ProjectTemplate => "project_template",
            ObjectKind::Resource => "resource",
            ObjectKind::Timesheet => "timesheet",
            ObjectKind::Expense => "expense",
            ObjectKind::BillingEvent => "billing_event",
            ObjectKind::RevenueRecognition => "revenue_recognition",
        }
    }

    /// The kind of a wire name; `None` when there is none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A canonical object: knows its kind, its header and what makes it valid.
pub trait Canonical: Serialize + DeserializeOwned {
    /// Its kind.
    const KIND: ObjectKind;

    /// Its header.
    fn header(&self) -> &crate::Header;

    /// Its header, to change.
    fn header_mut(&mut self) -> &mut crate::Header;

    /// Checks what types alone cannot: sums, orders, required combinations.
    ///
    /// # Errors
    /// All that is wrong, each with the path to the field.
    fn validate(&self) -> Result<(), Vec<Invalid>>;
}

/// Implements the parts of [`Canonical`] that are the same for every object.
macro_rules! canonical {
    ($type:ty, $kind:ident, |$this:ident, $problems:ident| $check:block) => {
        impl $crate::object::Canonical for $type {
            const KIND: $crate::ObjectKind = $crate::ObjectKind::$kind;
            fn header(&self) -> &$crate::Header {
                &self.header
            }
            fn header_mut(&mut self) -> &mut $crate::Header {
                &mut self.header
            }
            fn validate(&self) -> Result<(), Vec<$crate::Invalid>> {
                let $this = self;
                let mut $problems = $crate::Problems::new();
                $problems.header(&$this.header);
                $check
                $problems.into_result()
            }
        }
    };
}
pub(crate) use canonical;
