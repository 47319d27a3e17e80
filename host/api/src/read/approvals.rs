//! Documents that wait for a person's approval.

use billing::approval::ApprovalNeed;
use billing::explain::{Explanation, explain};
use billing::Approver;
use ports::Ledger;
use process::Exception;
use process::calls::APPROVAL_NEEDED;
use quoin_canonical::{Date, Id, Invoice, InvoiceType, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exceptions::EXCEPTIONS_MAX;
use super::{account, group, schema};
use crate::{Principal, Problem};

/// Code of the exceptions that stand for waiting documents.
pub const CODE: &str = APPROVAL_NEEDED;

/// A document that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalView {
    /// Canonical id of the document: it has no number yet.
    pub document: String,
    /// Type: 380 invoice, 381 credit note, 386 prepayment (UNTDID 1001).
    #[schema(value_type = String, examples("380"))]
    pub kind: InvoiceType,
    /// Business key of its deal.
    pub key: String,
    /// Customer.
    pub customer: String,
    /// Issue date.
    pub issued_on: Date,
    /// Net.
    #[schema(value_type = schema::MoneySchema)]
    pub net: Money,
    /// Gross.
    #[schema(value_type = schema::MoneySchema)]
    pub gross: Money,
    /// What is asked: `release` or `credit`.
    pub deed: String,
    /// The amount that is judged: of all payers together where several share the work.
    #[schema(value_type = schema::MoneySchema)]
    pub judged: Money,
    /// The role that is asked.
    pub owner: String,
    /// Every role that may decide; none when the amount is beyond all limits.
    pub roles: Vec<String>,
    /// Since when it waits.
    pub since: Timestamp,
    /// When it should be decided.
    pub due: Timestamp,
    /// The exception that stands for it.
    pub exception: String,
}

/// A waiting document in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalDetail {
    /// What waits.
    pub approval: ApprovalView,
    /// The canonical document.
    #[schema(value_type = Object)]
    pub invoice: Invoice,
    /// Why each amount is on it.
    #[schema(value_type = Object)]
    pub explanation: Explanation,
}

/// Somebody as the policy's roles see them.
pub fn approver(who: &Principal) -> Approver {
    Approver { by: who.name.clone(), roles: who.approves.clone() }
}

/// Every waiting document, the one due first before the others.
pub async fn list(ledger: &dyn Ledger) -> Vec<ApprovalView> {
    let mut views = Vec::new();
    for exception in waiting(ledger).await {
        let found = document(ledger, &exception, false).await;
        views.extend(found.and_then(|found| view(&found, &exception)));
    }
    views.sort_by(|a, b| (a.due, &a.document).cmp(&(b.due, &b.document)));
    views
}

/// A waiting document.
///
/// # Errors
/// 404 when no document of that id waits.
pub async fn one(ledger: &dyn Ledger, document: &str) -> Result<ApprovalDetail, Problem> {
    let unknown = || Problem::not_found("approval", document, "GET /api/v1/approvals lists the documents that wait");
    let found = waiting(ledger).await.into_iter().find(|exception| document_of(exception).as_deref() == Some(document));
    let exception = found.ok_or_else(unknown)?;
    let found = self::document(ledger, &exception, true).await.ok_or_else(unknown)?;
    let approval = view(&found, &exception).ok_or_else(unknown)?;
    let explanation = found.explanation.ok_or_else(unknown)?;
    Ok(ApprovalDetail { approval, invoice: found.invoice, explanation })
}

/// A document with what it needs; explained where that is wanted.
struct Found {
    invoice: Invoice,
    need: ApprovalNeed,
    explanation: Option<Explanation>,
}

/// The document that an exception stands for, from its contract's account or its group.
async fn document(ledger: &dyn Ledger, exception: &Exception, explained: bool) -> Option<Found> {
    let id = Id::parse(&document_of(exception)?)?;
    if group::is_group(&exception.key) {
        let group = group::load(ledger, &exception.key).await?;
        let whole = group.documents.get(&id)?;
        let explanation = match explained {
            true => {
                let accounts = group::accounts(ledger, &group::contracts(&group, &id)).await;
                billing::group::explain(&group, &id, None, &accounts)
            }
            false => None,
        };
        return Some(Found { invoice: whole.invoice.clone(), need: whole.approval.clone()?, explanation });
    }
    let account = account::load(ledger, &exception.key).await?;
    let state = account.invoices.get(&id)?;
    let explanation = if explained { explain(&account, &id, None) } else { None };
    Some(Found { invoice: state.invoice.clone(), need: state.approval.clone()?, explanation })
}

/// What a waiting document needs.
pub fn need(detail: &ApprovalDetail) -> Option<&ApprovalNeed> {
    detail.explanation.approval.as_ref()
}

async fn waiting(ledger: &dyn Ledger) -> Vec<Exception> {
    let open = ledger.exceptions(false, EXCEPTIONS_MAX).await;
    open.into_iter().filter(|exception| exception.fault.code == CODE).collect()
}

/// The document that an exception stands for.
fn document_of(exception: &Exception) -> Option<String> {
    exception.fault.field.as_deref()?.strip_prefix("/invoices/").map(str::to_owned)
}

fn view(found: &Found, exception: &Exception) -> Option<ApprovalView> {
    let (invoice, need) = (&found.invoice, &found.need);
    let deed = serde_json::to_value(need.deed).ok()?.as_str()?.to_owned();
    Some(ApprovalView {
        document: document_of(exception)?,
        kind: invoice.kind,
        key: exception.key.clone(),
        customer: invoice.buyer.name.clone(),
        issued_on: invoice.issued_on,
        net: invoice.totals.net,
        gross: invoice.totals.gross,
        deed,
        judged: need.amount,
        owner: need.role.clone(),
        roles: need.roles.clone(),
        since: exception.opened_at,
        due: exception.due,
        exception: exception.id.to_string(),
    })
}
