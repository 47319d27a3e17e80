//! Why an amount is on an invoice: from the line down to entries, approvals, rates, rules, rounding.

use quoin_canonical::{
    Acceptance, Decimal, Id, Invoice, InvoiceLine, InvoiceType, Money, Period, Provenance, Quantity, TaxTreatment,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::account::{Account, AppliedAdvance, DocumentStage};
use crate::approval::{Approval, ApprovalNeed};
use crate::event::{BillingEvent, CapSplit, PricedBy, Source};
use crate::rates::Resolved;

/// A document, or one line of it, explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The document.
    pub invoice: Id,
    /// Its number, once posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Its type.
    pub kind: InvoiceType,
    /// How far it is.
    pub stage: DocumentStage,
    /// Contract.
    pub contract: String,
    /// The document it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Id>,
    /// Who had to approve it, where the policy asked somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalNeed>,
    /// Who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
    /// Net, tax, gross, set off in advance, due; each with how it came about.
    pub totals: Vec<Figure>,
    /// Its lines.
    pub lines: Vec<ExplainedLine>,
}

/// One figure of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Which, such as `net`.
    pub name: String,
    /// How much.
    pub amount: Money,
    /// The rule and the sum behind it.
    pub because: String,
}

/// One line and what it sums.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedLine {
    /// Line id on the document.
    pub id: String,
    /// What it is for.
    pub description: String,
    /// Contract, on a document that bills several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// Contract line.
    pub contract_line: String,
    /// Quantity.
    pub quantity: Quantity,
    /// Price.
    pub unit_price: Decimal,
    /// Net.
    pub net: Money,
    /// Tax.
    pub tax: TaxTreatment,
    /// Exact sum of its parts, before it was rounded (rule RD3).
    pub exact: Decimal,
    /// What it sums.
    pub parts: Vec<Part>,
    /// Billing events that the line names and the account does not hold; none in a sound account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// One billing event: the way from money to its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The billing event.
    pub event: Id,
    /// What is charged, in words.
    pub what: String,
    /// What is charged.
    pub source: Source,
    /// When the service was given.
    pub service: Period,
    /// Who worked, for time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Minutes as worked and as billed after the increment (rule RD2), for time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<Minutes>,
    /// Who approved it and when, for time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approved>,
    /// Where the source came from: system, event, plugin; for time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Provenance>,
    /// Who accepted, for milestones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
    /// Rate, level, row and its version, frozen at approval (rule RT5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Resolved>,
    /// Rule that priced it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priced_by: Option<PricedBy>,
    /// What a cap did to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<CapSplit>,
    /// Payer whose share it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Price per hour or per piece.
    pub unit_price: Decimal,
    /// Exact amount, six decimals.
    pub amount: Decimal,
    /// Share of the rounded line (rule RD-05).
    pub net: Decimal,
    /// The billing event it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversal_of: Option<Id>,
    /// Version of the billing policy that decided.
    pub policy_version: u32,
    /// How the amount came about, step by step.
    pub steps: Vec<String>,
}

/// Minutes of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minutes {
    /// Of the whole entry, as worked.
    pub worked: u32,
    /// Of the whole entry, as billed.
    pub billed: u32,
    /// On this line.
    pub here: Decimal,
}

/// An approval of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// By whom.
    pub by: String,
    /// When, where the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Explains a document, or one line of it; `None` when the account has no such document or line.
pub fn explain(account: &Account, invoice: &Id, line: Option<&str>) -> Option<Explanation> {
    let state = account.invoices.get(invoice)?;
    let document = &state.invoice;
    let wanted = document.lines.iter().filter(|row| line.is_none_or(|wanted| row.id == wanted));
    let lines: Vec<ExplainedLine> = wanted.map(|row| explained(account, row)).collect();
    if line.is_some() && lines.is_empty() {
        return None;
    }
    Some(Explanation {
        invoice: invoice.clone(),
        number: document.number.clone(),
        kind: document.kind,
        stage: state.stage,
        contract: account.contract.number.clone(),
        corrects: state.corrects.clone(),
        approval: state.approval.clone(),
        approved: state.approved.clone(),
        totals: figures(document, &state.applied),
        lines,
    })
}

pub(crate) fn explained(account: &Account, row: &InvoiceLine) -> ExplainedLine {
    let find = |id: &String| Id::parse(id).and_then(|id| account.billing_events.get(&id));
    let events: Vec<&BillingEvent> = row.billing_events.iter().filter_map(find).collect();
    ExplainedLine {
        id: row.id.clone(),
        description: row.description.clone(),
        contract: row.contract_number.clone(),
        contract_line: row.contract_line.clone(),
        quantity: row.quantity,
        unit_price: row.unit_price,
        net: row.net,
        tax: row.tax.clone(),
        exact: events.iter().map(|event| event.amount).sum(),
        parts: events.into_iter().map(|event| part(account, event)).collect(),
        missing: row.billing_events.iter().filter(|id| find(id).is_none()).cloned().collect(),
    }
}

fn part(account: &Account, event: &BillingEvent) -> Part {
    let entry = match &event.source {
        Source::Time { entry, .. } => account.entries.get(entry),
        _ => None,
    };
    let proof = match &event.source {
        Source::Milestone { milestone, .. } => {
            account.milestones.get(milestone).and_then(|state| state.acceptance.as_ref())
        }
        _ => None,
    };
    Part {
        event: event.id.clone(),
        what: what(account, event),
        source: event.source.clone(),
        service: event.service,
        resource: entry.map(|entry| entry.terms.resource.clone()),
        minutes: entry.map(|entry| Minutes {
            worked: entry.terms.worked_minutes,
            billed: entry.terms.billed_minutes,
            here: event.minutes,
        }),
        approved: entry
            .and_then(|entry| Some(Approved { by: entry.terms.approved_by.clone()?, at: entry.terms.approved_at })),
        origin: entry.and_then(|entry| entry.terms.origin.clone()),
        accepted: proof.cloned(),
        rate: event.rate.clone(),
        priced_by: event.repriced.as_ref().map(|repriced| repriced.by),
        cap: event.cap.clone(),
        payer: event.payer.clone(),
        unit_price: event.unit_price,
        amount: event.amount,
        net: event.net,
        reversal_of: event.reversal_of.clone(),
        policy_version: event.policy_version,
        steps: event.steps.clone(),
    }
}

/// What a billing event charges, in words.
fn what(account: &Account, event: &BillingEvent) -> String {
    let charged = match &event.source {
        Source::Time { entry, role, .. } => {
            let person = account.entries.get(entry).map_or("Time", |entry| entry.terms.resource.as_str());
            role.as_deref().map_or_else(|| person.to_owned(), |role| format!("{person}, {role}"))
        }
        Source::Milestone { milestone, .. } => account.milestones.get(milestone).map_or_else(
            || "Milestone".to_owned(),
            |state| format!("{} {}", state.milestone.code, state.milestone.name),
        ),
        Source::Expense { expense, .. } => account
            .expenses
            .get(expense)
            .map_or_else(|| "Expense".to_owned(), |state| state.expense.description.clone()),
        Source::Retainer { period_start } => format!("Retainer fee, period from {period_start}"),
        Source::Progress { percent, on } => format!("{} % complete on {on}", percent.normalize()),
        Source::Advance { code } => format!("Advance {code}"),
    };
    if event.reversal_of.is_some() { format!("Taken back: {charged}") } else { charged }
}

/// The totals of a document, each with the rule and the sum behind it.
pub(crate) fn figures(document: &Invoice, applied: &[AppliedAdvance]) -> Vec<Figure> {
    let figure = |name: &str, amount: Money, because: String| Figure { name: name.into(), amount, because };
    let taxes: Vec<String> = document
        .tax
        .iter()
        .map(|row| {
            let rate = row.rate_percent.map_or("no rate".into(), |rate| format!("{} %", rate.normalize()));
            format!("{:?} {rate} of {} = {}", row.category, row.taxable, row.tax)
        })
        .collect();
    let applied: Vec<String> =
        applied.iter().map(|part| format!("advance {}: {} net", part.code, part.net.normalize())).collect();
    let totals = &document.totals;
    vec![
        figure("net", totals.net, format!("sum of {} rounded lines (BR-CO-10)", document.lines.len())),
        figure("tax", totals.tax, format!("per category and rate (BR-CO-17): {}", taxes.join("; "))),
        figure("gross", totals.gross, "net and tax (BR-CO-15)".into()),
        figure(
            "prepaid",
            totals.prepaid,
            match (applied.is_empty(), totals.prepaid.amount.is_zero()) {
                (false, _) => applied.join("; "),
                (true, true) => "nothing set off".into(),
                (true, false) => "set off in its parts".into(),
            },
        ),
        figure("due", totals.due, "gross less what was paid in advance (BR-CO-16)".into()),
    ]
}
