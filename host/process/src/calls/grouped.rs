//! Contracts that are billed together: what a contract reports to its group, what the group decides,
//! and what comes back to the contract.

use billing::group::{self, GroupTerms, PartCredited, Report};
use billing::{Account, AccountEvent, Approver, Context, Group, GroupEvent, Posting, Refusal};
use quoin_canonical::{Id, Invoice, InvoiceStatus};
use serde_json::{Value, json};

use super::{Called, Decided, Setting, answer, argument, asked, check, context, with_all_paid};

/// What a run reports to the contract's group: its parts, or that there are none; nothing where the
/// contract is billed on its own.
pub(super) fn report(account: &Account, events: &[AccountEvent]) -> Value {
    let Some(group) = GroupTerms::of(&account.contract) else { return Value::Null };
    let part = |event: &AccountEvent| match event {
        AccountEvent::InvoiceDrafted(drafted) if drafted.group.is_some() => Some(drafted.invoice.clone()),
        _ => None,
    };
    let parts: Vec<Invoice> = events.iter().filter_map(part).collect();
    json!({"group": group, "contract": account.contract.number, "parts": parts})
}

/// What the group must know of a posted credit note against a part; nothing for any other document.
pub(super) fn credited(account: &Account, document: &Invoice) -> Value {
    let id = document.header.id.as_ref();
    let state = id.and_then(|id| account.invoices.get(id));
    let part = state.and_then(|state| account.invoices.get_key_value(state.corrects.as_ref()?));
    let Some((part, whole, key)) = part.and_then(|(id, part)| Some((id, part.whole.as_ref()?, part.group.as_ref()?)))
    else {
        return Value::Null;
    };
    json!({"group": key, "invoice": whole, "part": part, "credit": id, "gross": document.totals.gross})
}

/// The document that bills this contract with others is posted: so is its part.
pub(super) fn part_posted(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let part: group::Part = argument(arguments, "part")?;
    let number: String = argument(arguments, "number")?;
    let posting = Posting {
        invoice: part.invoice.clone(),
        number: number.clone(),
        on: part.share.issued_on,
        share: Some(part.share.clone()),
    };
    let events = billing::invoice_posted(account, &posting, context)?;
    let mut document = account.invoices.get(&part.invoice).map(|state| state.invoice.clone());
    if let Some(document) = &mut document {
        document.number = Some(number.clone());
        document.status = InvoiceStatus::Posted;
        document.issued_on = part.share.issued_on;
        document.due_on = part.share.due_on;
        document.tax = part.share.tax;
        document.totals = part.share.totals;
    }
    let result = json!({"invoice": document, "number": number, "part_of": part.share.document});
    Ok(with_all_paid(account, Called::new(events, result)))
}

/// The document was sent back: the part's work waits for a run again.
pub(super) fn part_returned(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let part: group::Part = argument(arguments, "part")?;
    let reason: String = argument(arguments, "reason")?;
    answer(billing::part_returned(account, &part.invoice, &reason, context)?)
}

/// Calls a function on a group by its name.
pub(super) fn call(
    function: &str,
    group: Option<&Group>,
    arguments: &Value,
    setting: &Setting<'_>,
) -> Result<Called, Refusal> {
    let entity = match group {
        Some(group) => group.terms.selling_entity.clone(),
        None => argument::<GroupTerms>(arguments, "group")?.selling_entity,
    };
    let context = context(&entity, setting)?;
    let called = match (function, group) {
        ("join", group) => {
            let terms: GroupTerms = argument(arguments, "group")?;
            decided(group::join(group, &terms, &argument::<String>(arguments, "contract")?))
        }
        ("collect", group) => collect(group, arguments)?,
        (_, None) => return Err(Refusal::new("NO_GROUP", "no contract has joined this group yet")),
        (function, Some(group)) => on_group(function, group, arguments, &context)?,
    };
    Ok(Called { policy_version: context.policy.version, ..called })
}

fn on_group(function: &str, group: &Group, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let invoice = || argument::<Id>(arguments, "invoice");
    match function {
        "draft" => {
            // A close that comes late, after its round was drafted, closes nothing.
            let due = argument::<String>(arguments, "round")? == group.round().to_string();
            Ok(decided(if due { group::draft(group, context)? } else { Vec::new() }))
        }
        "approval" => {
            let id = invoice()?;
            asked::stands(group::standing(group, &id)?, &id)
        }
        "approve" => {
            Ok(decided(group::approve(group, &invoice()?, &argument::<Approver>(arguments, "approver")?, context)?))
        }
        "reject" => {
            let (approver, reason): (Approver, String) =
                (argument(arguments, "approver")?, argument(arguments, "reason")?);
            Ok(decided(group::reject(group, &invoice()?, &approver, &reason)?))
        }
        "check" => check(arguments, context),
        "posted" => posted(group, arguments, context),
        "credited" => Ok(decided(group::credited(group, &argument::<PartCredited>(arguments, "credited")?)?)),
        "payment" => {
            let events = group::payment(group, &argument(arguments, "payment")?, context)?;
            let parts = events.iter().find_map(|event| match event {
                GroupEvent::Paid(paid) => Some(json!(paid.parts)),
                _ => None,
            });
            let mut called = decided(events);
            called.result["parts"] = parts.unwrap_or_else(|| json!([]));
            Ok(called)
        }
        other => Err(Refusal::new("NO_FUNCTION", format!("there is no function 'group.{other}'"))),
    }
}

/// Takes in a report. A round is complete once every member has reported the same run.
fn collect(group: Option<&Group>, arguments: &Value) -> Result<Called, Refusal> {
    let report = Report {
        group: argument(arguments, "group")?,
        contract: argument(arguments, "contract")?,
        run: argument(arguments, "run")?,
        parts: argument(arguments, "parts")?,
    };
    let waited = group.is_some_and(|group| !group.waiting.is_empty());
    let events = group::collect(group, &report);
    let mut after = group.cloned();
    events.iter().for_each(|event| group::evolve(&mut after, event));
    let waits = after.as_ref().is_some_and(|group| !group.waiting.is_empty());
    let mut called = decided(events);
    called.result["round"] = json!(after.as_ref().map_or(0, Group::round).to_string());
    called.result["first"] = json!(waits && !waited);
    called.result["complete"] = json!(waits && after.is_some_and(|group| group.is_complete(&report.run)));
    Ok(called)
}

/// The ERP posted the document: its number comes from the ERP.
fn posted(group: &Group, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let mut invoice: Invoice = argument(arguments, "invoice")?;
    let outcome = arguments.get("posted").cloned().unwrap_or(Value::Null);
    let number = super::posted_number(&outcome)?.to_owned();
    let id = invoice.header.id.clone().ok_or_else(|| Refusal::new("ID_MISSING", "the document has no id"))?;
    let events = group::posted(group, &id, &number, context)?;
    let parts = group.documents.get(&id).map(|whole| whole.parts.clone()).unwrap_or_default();
    invoice.number = Some(number.clone());
    invoice.status = InvoiceStatus::Posted;
    let mut called = decided(events);
    called.result = json!({"invoice": invoice, "number": number, "external": outcome.get("external"), "parts": parts});
    Ok(called)
}

fn decided(events: Vec<GroupEvent>) -> Called {
    let kinds: Vec<&str> = events.iter().map(GroupEvent::kind).collect();
    let result = json!({"events": kinds});
    Called { events: events.into_iter().map(Decided::Group).collect(), result, policy_version: 0 }
}
