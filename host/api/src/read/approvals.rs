//! Documents that wait for a person's approval.

use billing::approval::ApprovalNeed;
use billing::explain::{Explanation, Figure, explain};
use billing::{Account, Approver};
use ports::Ledger;
use process::Exception;
use process::calls::APPROVAL_NEEDED;
use quoin_canonical::{BillingMethod, ContractLine, Date, Decimal, Id, Invoice, InvoiceType, Money, Timestamp};
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
    /// Canonical id of the document, which has no number yet; of the contract, for a discount.
    pub document: String,
    /// Type: 380 invoice, 381 credit note, 386 prepayment (UNTDID 1001); none for a discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, examples("380"))]
    pub kind: Option<InvoiceType>,
    /// The largest discount, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, examples("15"))]
    pub percent: Option<Decimal>,
    /// Business key of its deal.
    pub key: String,
    /// Customer.
    pub customer: String,
    /// Issue date; of a discount, the day the deal was won.
    pub issued_on: Date,
    /// Net; for a discount, what the contract is worth as far as it is known.
    #[schema(value_type = schema::MoneySchema)]
    pub net: Money,
    /// Gross; for a discount, the same as net.
    #[schema(value_type = schema::MoneySchema)]
    pub gross: Money,
    /// What is asked: `release`, `credit` or `discount`.
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
    /// Who may decide, by the policy that asked.
    #[schema(value_type = Object)]
    pub need: ApprovalNeed,
    /// The canonical document; none for a discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub invoice: Option<Invoice>,
    /// Why each amount is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub explanation: Option<Explanation>,
    /// The figures to judge by: a document's totals, or each discount.
    #[schema(value_type = Vec<Object>)]
    pub figures: Vec<Figure>,
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
    let (need, figures) = (found.need, found.figures);
    Ok(ApprovalDetail { approval, need, invoice: found.invoice, explanation: found.explanation, figures })
}

/// A document with what it needs; explained where that is wanted.
struct Found {
    need: ApprovalNeed,
    customer: String,
    invoice: Option<Invoice>,
    explanation: Option<Explanation>,
    figures: Vec<Figure>,
}

impl Found {
    fn document(invoice: &Invoice, need: &ApprovalNeed, explanation: Option<Explanation>) -> Self {
        let figures = explanation.as_ref().map(|told| told.totals.clone()).unwrap_or_default();
        let customer = invoice.buyer.name.clone();
        Self { need: need.clone(), customer, invoice: Some(invoice.clone()), explanation, figures }
    }

    /// The discounts of a contract, line by line.
    fn discount(account: &Account, need: ApprovalNeed) -> Self {
        let of_line = |line: &ContractLine| {
            let given = line.terms.discount.as_ref()?;
            let because = format!("{} %: {}", given.percent.normalize(), given.reason);
            Some(Figure { name: format!("line {}", line.id), amount: worth(account, line), because })
        };
        let figures = account.contract.lines.iter().filter_map(of_line).collect();
        Self { need, customer: account.buyer.name.clone(), invoice: None, explanation: None, figures }
    }
}

/// What a line is sold for, discount taken off, as far as it is known.
fn worth(account: &Account, line: &ContractLine) -> Money {
    match &line.billing {
        BillingMethod::FixedFee { price, .. } => *price,
        BillingMethod::TimeAndMaterials { cap: Some(cap), .. } => cap.limit,
        BillingMethod::TimeAndMaterials { .. } => Money::new(Decimal::ZERO, account.contract.currency),
        BillingMethod::Retainer(term) => Money::new(term.hours_per_month * term.hourly_rate, account.contract.currency),
    }
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
        return Some(Found::document(&whole.invoice, whole.approval.as_ref()?, explanation));
    }
    let account = account::load(ledger, &exception.key).await?;
    if account.contract.header.id.as_ref() == Some(&id) {
        let need = account.discount.as_ref()?.judged.need.clone();
        return Some(Found::discount(&account, need));
    }
    let state = account.invoices.get(&id)?;
    let explanation = if explained { explain(&account, &id, None) } else { None };
    Some(Found::document(&state.invoice, state.approval.as_ref()?, explanation))
}

/// What a waiting document needs.
pub fn need(detail: &ApprovalDetail) -> Option<&ApprovalNeed> {
    Some(&detail.need)
}

async fn waiting(ledger: &dyn Ledger) -> Vec<Exception> {
    let open = ledger.exceptions(false, EXCEPTIONS_MAX).await;
    open.into_iter().filter(|exception| exception.fault.code == CODE).collect()
}

/// The document that an exception stands for.
fn document_of(exception: &Exception) -> Option<String> {
    let field = exception.fault.field.as_deref()?;
    let id = field.strip_prefix("/invoices/").or_else(|| field.strip_prefix("/discounts/"))?;
    Some(id.to_owned())
}

fn view(found: &Found, exception: &Exception) -> Option<ApprovalView> {
    let need = &found.need;
    let deed = serde_json::to_value(need.deed).ok()?.as_str()?.to_owned();
    let totals = found.invoice.as_ref().map(|invoice| (invoice.totals.net, invoice.totals.gross));
    let (net, gross) = totals.unwrap_or((need.amount, need.amount));
    let opened_on = exception.opened_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    Some(ApprovalView {
        document: document_of(exception)?,
        kind: found.invoice.as_ref().map(|invoice| invoice.kind),
        percent: need.percent.map(|percent| percent.normalize()),
        key: exception.key.clone(),
        customer: found.customer.clone(),
        issued_on: found.invoice.as_ref().map_or(opened_on, |invoice| invoice.issued_on),
        net,
        gross,
        deed,
        judged: need.amount,
        owner: need.role.clone(),
        roles: need.roles.clone(),
        since: exception.opened_at,
        due: exception.due,
        exception: exception.id.to_string(),
    })
}
