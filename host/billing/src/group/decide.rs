//! The decisions on a group. Each is pure: group and input in, events out; a repeat finds it done.

use quoin_canonical::{Id, Invoice};
use serde::{Deserialize, Serialize};

use super::document::build;
use super::event::{
    Collected, GroupEvent, InvoiceDiscarded, InvoicePosted, InvoiceReleased, Joined, PartCredited, WholeDrafted,
};
use super::{Group, GroupTerms, Run, Whole};
use crate::account::DocumentStage;
use crate::approval::{Approval, Approver};
use crate::decide::Standing;
use crate::policy::{Context, Deed, Refusal};

/// What a contract reports to its group after a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The group.
    pub group: GroupTerms,
    /// The contract.
    pub contract: String,
    /// In which run.
    pub run: Run,
    /// Its parts; none where there was nothing to bill.
    pub parts: Vec<Invoice>,
}

/// A contract is billed with the group from now on; until it reports, a document waits for it.
pub fn join(group: Option<&Group>, terms: &GroupTerms, contract: &str) -> Vec<GroupEvent> {
    if group.is_some_and(|group| group.members.contains_key(contract)) {
        return Vec::new();
    }
    vec![GroupEvent::Joined(Joined { group: terms.clone(), contract: contract.to_owned() })]
}

/// Takes in what a contract reports. One that never joined does so now.
pub fn collect(group: Option<&Group>, report: &Report) -> Vec<GroupEvent> {
    let mut events = join(group, &report.group, &report.contract);
    let (contract, run) = (report.contract.clone(), report.run.clone());
    events.push(GroupEvent::Collected(Collected { contract, run, parts: report.parts.clone() }));
    events
}

/// Makes one document of the parts that wait. The sum of them is what needs approval: a limit cannot
/// be passed by spreading the work over contracts. Without parts there is no document.
///
/// # Errors
/// `EN16931`; `PAYMENT_TERMS`.
pub fn draft(group: &Group, ctx: &Context) -> Result<Vec<GroupEvent>, Refusal> {
    let Some((invoice, parts)) = build(group, ctx)? else { return Ok(Vec::new()) };
    let approval = ctx.policy.need(Deed::Release, invoice.totals.net);
    Ok(vec![GroupEvent::Drafted(Box::new(WholeDrafted { invoice, parts, approval }))])
}

/// Where a document stands.
///
/// # Errors
/// `INVOICE_UNKNOWN`.
pub fn standing(group: &Group, invoice: &Id) -> Result<Standing, Refusal> {
    let whole = find(group, invoice)?;
    Ok(match (whole.stage, &whole.approval) {
        (DocumentStage::Discarded, _) => Standing::Discarded,
        (DocumentStage::Draft, Some(need)) => Standing::Waits(need.clone()),
        _ => Standing::Free,
    })
}

/// Lets a document go out that waits for a person. Asking again for one that is out does nothing.
///
/// # Errors
/// `INVOICE_UNKNOWN`; `INVOICE_DISCARDED`; `APPROVAL_ROLE`.
pub fn approve(group: &Group, invoice: &Id, approver: &Approver, ctx: &Context) -> Result<Vec<GroupEvent>, Refusal> {
    let need = match standing(group, invoice)? {
        Standing::Free => return Ok(Vec::new()),
        Standing::Waits(need) => need,
        Standing::Discarded => {
            let message = "the draft was discarded; approve the one made in its place";
            return Err(Refusal::new("INVOICE_DISCARDED", message).field("/invoice"));
        }
    };
    let role = need.role_of(approver)?.to_owned();
    let approved = Some(Approval { by: approver.by.clone(), role, at: ctx.now });
    Ok(vec![GroupEvent::Released(InvoiceReleased { invoice: invoice.clone(), approved })])
}

/// Sends a draft back: each contract's work waits for a run again.
///
/// # Errors
/// `INVOICE_UNKNOWN`; `APPROVAL_ROLE`; `INVOICE_IMMUTABLE` when it went out.
pub fn reject(group: &Group, invoice: &Id, approver: &Approver, reason: &str) -> Result<Vec<GroupEvent>, Refusal> {
    let need = match standing(group, invoice)? {
        Standing::Discarded => return Ok(Vec::new()),
        Standing::Waits(need) => need,
        Standing::Free => {
            let message = "the document went out; correct it by a credit note";
            return Err(Refusal::new("INVOICE_IMMUTABLE", message).field("/invoice"));
        }
    };
    // Beyond all limits nobody can approve, but whoever is asked may send it back.
    if !need.roles.is_empty() || !approver.roles.contains(&need.role) {
        need.role_of(approver)?;
    }
    let parts = find(group, invoice)?.parts.clone();
    let (by, reason) = (approver.by.clone(), reason.to_owned());
    Ok(vec![GroupEvent::Discarded(InvoiceDiscarded { invoice: invoice.clone(), parts, by, reason })])
}

/// The document is in the books.
///
/// # Errors
/// `INVOICE_UNKNOWN`; `NUMBER_CHANGED`; `INVOICE_DISCARDED` when a draft was posted that was sent back.
pub fn posted(group: &Group, invoice: &Id, number: &str, ctx: &Context) -> Result<Vec<GroupEvent>, Refusal> {
    let whole = find(group, invoice)?;
    let wrong = |code: &str, message: String| {
        Err(Refusal::new(code, message).field("/number").owner(&ctx.policy.owners.finance))
    };
    match (whole.stage, whole.invoice.number.as_deref()) {
        (DocumentStage::Discarded, _) => {
            wrong("INVOICE_DISCARDED", format!("{number} is posted, but its draft was sent back: void it"))
        }
        (DocumentStage::Posted, Some(known)) if known == number => Ok(Vec::new()),
        (DocumentStage::Posted, known) => {
            let known = known.unwrap_or_default();
            wrong(
                "NUMBER_CHANGED",
                format!("the document is posted as {known} already, now again as {number}: void one"),
            )
        }
        _ => {
            let (invoice, number) = (invoice.clone(), number.to_owned());
            Ok(vec![GroupEvent::Posted(InvoicePosted { invoice, number, parts: whole.parts.clone() })])
        }
    }
}

/// A contract's credit note against its part is posted: less is open on the document.
///
/// # Errors
/// `INVOICE_UNKNOWN`.
pub fn credited(group: &Group, credited: &PartCredited) -> Result<Vec<GroupEvent>, Refusal> {
    let known = find(group, &credited.invoice)?.credits.contains_key(&credited.credit);
    Ok(if known { Vec::new() } else { vec![GroupEvent::Credited(credited.clone())] })
}

pub(super) fn find<'a>(group: &'a Group, invoice: &Id) -> Result<&'a Whole, Refusal> {
    group.documents.get(invoice).ok_or_else(|| {
        Refusal::new("INVOICE_UNKNOWN", format!("group {} has no document {invoice}", group.terms.name))
            .field("/invoice")
    })
}
