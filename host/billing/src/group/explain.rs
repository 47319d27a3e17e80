//! Why an amount is on a document that bills several contracts: each line from its contract's account.

use std::collections::BTreeMap;

use quoin_canonical::{Id, InvoiceLine};

use super::Group;
use crate::account::Account;
use crate::explain::{ExplainedLine, Explanation, explained, figures};

/// Explains a document of a group, or one line of it; `None` when there is no such document or line, or
/// an account is missing. `accounts` are those of the parts, by contract.
pub fn explain(
    group: &Group,
    invoice: &Id,
    line: Option<&str>,
    accounts: &BTreeMap<String, Account>,
) -> Option<Explanation> {
    let whole = group.documents.get(invoice)?;
    let document = &whole.invoice;
    let wanted = document.lines.iter().filter(|row| line.is_none_or(|wanted| row.id == wanted));
    let of_account = |row: &InvoiceLine| Some(explained(accounts.get(row.contract_number.as_ref()?)?, row));
    let lines: Vec<ExplainedLine> = wanted.map(of_account).collect::<Option<_>>()?;
    if line.is_some() && lines.is_empty() {
        return None;
    }
    Some(Explanation {
        invoice: invoice.clone(),
        number: document.number.clone(),
        kind: document.kind,
        stage: whole.stage,
        contract: group.terms.name.clone(),
        corrects: None,
        approval: whole.approval.clone(),
        approved: whole.approved.clone(),
        totals: figures(document, &[]),
        lines,
    })
}
