//! What waits for a person.

use ports::Ledger;
use process::{Exception, ExceptionStatus};
use quoin_canonical::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Exceptions read at most; a firm with more open ones has another problem than paging.
pub const EXCEPTIONS_MAX: usize = 10_000;

/// Something a person must look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExceptionView {
    /// Id.
    pub id: String,
    /// Business key of the deal.
    pub key: String,
    /// Customer.
    pub customer: String,
    /// The step that waits.
    pub step: String,
    /// What can be decided about it.
    #[schema(examples("invalid_data"))]
    pub fault_kind: String,
    /// The vendor's or our own code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Canonical field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Amount at risk, printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Who owns it.
    pub owner: String,
    /// When it must be solved.
    pub due: Timestamp,
    /// What to do.
    pub suggestion: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Whether it can be retried: a process waits behind it, and not for an approval.
    pub retriable: bool,
    /// When it was resolved, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// By whom it was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<String>,
}

impl ExceptionView {
    /// Whether it still waits.
    pub fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }
}

impl From<Exception> for ExceptionView {
    fn from(exception: Exception) -> Self {
        let retriable = retriable(&exception);
        let (resolved_at, resolved_by) = match exception.status {
            ExceptionStatus::Open => (None, None),
            ExceptionStatus::Resolved { at, by } => (Some(at), Some(by)),
        };
        let kind = serde_json::to_value(exception.fault.kind).ok();
        Self {
            id: exception.id.to_string(),
            key: exception.key,
            customer: exception.customer,
            step: exception.step,
            fault_kind: kind.and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default(),
            code: exception.fault.code,
            message: exception.fault.message,
            field: exception.fault.field,
            amount: exception.amount,
            owner: exception.owner,
            due: exception.due,
            suggestion: exception.suggestion,
            opened_at: exception.opened_at,
            retriable,
            resolved_at,
            resolved_by,
        }
    }
}

/// Whether another try can be asked for.
pub fn retriable(exception: &Exception) -> bool {
    exception.status == ExceptionStatus::Open
        && exception.holds_a_process()
        && exception.fault.code != super::approvals::CODE
}

/// Exceptions by their due time, open ones only unless `all`, of one deal when `key` is given.
pub async fn list(ledger: &dyn Ledger, all: bool, key: Option<&str>) -> Vec<ExceptionView> {
    let mut views: Vec<ExceptionView> = ledger
        .exceptions(all, EXCEPTIONS_MAX)
        .await
        .into_iter()
        .filter(|exception| key.is_none_or(|key| exception.key == key))
        .map(ExceptionView::from)
        .collect();
    views.sort_by(|a, b| (!a.is_open(), a.due, &a.id).cmp(&(!b.is_open(), b.due, &b.id)));
    views
}

/// One exception, open or not.
pub async fn one(ledger: &dyn Ledger, id: &Id) -> Option<Exception> {
    ledger.exceptions(true, EXCEPTIONS_MAX).await.into_iter().find(|exception| exception.id == *id)
}
