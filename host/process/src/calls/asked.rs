//! What people ask of an account: approvals, rejections, giving work up, progress, the end of an
//! advance.

use billing::{Account, ApprovalNeed, Approver, Context, DiscountStanding, Progress, Refusal, Standing};
use quoin_canonical::{Date, Decimal, Id};
use serde_json::{Value, json};

use super::{Called, answer, argument};

/// Code of the refusal that waits for an approval; its field is `/invoices/<document>`.
pub const APPROVAL_NEEDED: &str = "APPROVAL_NEEDED";

/// Whether a document may go out. One that waits for an approval halts here; one that was discarded
/// goes nowhere.
pub(super) fn standing(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let invoice: Id = argument(arguments, "invoice")?;
    stands(billing::standing(account, &invoice, context)?, &invoice)
}

/// Whether the quote's discounts are granted; halts the deal until somebody has decided.
pub(super) fn discount(account: &Account) -> Result<Called, Refusal> {
    match billing::discount_standing(account) {
        DiscountStanding::Free => answer(Vec::new()),
        DiscountStanding::Waits(need) => {
            let message = format!("{} waits for the approval of {}", need.judged(), who(&need));
            let contract = account.contract.header.id.as_ref().map(ToString::to_string).unwrap_or_default();
            Err(Refusal::new(APPROVAL_NEEDED, message).field(format!("/discounts/{contract}")).owner(&need.role))
        }
        DiscountStanding::Refused(refused) => {
            let message =
                format!("{} refused the discount: {}; win the deal again at another price", refused.by, refused.reason);
            Err(Refusal::new("DISCOUNT_REFUSED", message).field("/lines").owner("sales-operations"))
        }
    }
}

/// Approves discounts, or refuses them with a reason.
pub(super) fn decide_discount(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let approver: Approver = argument(arguments, "approver")?;
    let reason: Option<String> = argument(arguments, "reason")?;
    answer(billing::decide_discount(account, &approver, reason.as_deref(), context)?)
}

fn who(need: &ApprovalNeed) -> String {
    match need.roles.as_slice() {
        [] => "nobody: it is beyond every limit of the policy".to_owned(),
        roles => roles.join(" or "),
    }
}

/// Goes on with a document, or halts for the person it waits for.
pub(super) fn stands(standing: Standing, invoice: &Id) -> Result<Called, Refusal> {
    let free = match standing {
        Standing::Free => true,
        Standing::Discarded => false,
        Standing::Waits(need) => {
            let message = format!("{} net waits for the approval of {}", need.amount, who(&need));
            return Err(Refusal::new(APPROVAL_NEEDED, message).field(format!("/invoices/{invoice}")).owner(&need.role));
        }
    };
    Ok(Called::new(Vec::new(), json!({"released": free})))
}

/// Lets a document go out.
pub(super) fn approve(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let invoice: Id = argument(arguments, "invoice")?;
    answer(billing::approve(account, &invoice, &argument::<Approver>(arguments, "approver")?, context)?)
}

/// Sends a draft back.
pub(super) fn reject(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let invoice: Id = argument(arguments, "invoice")?;
    let (approver, reason): (Approver, String) = (argument(arguments, "approver")?, argument(arguments, "reason")?);
    answer(billing::reject(account, &invoice, &approver, &reason, context)?)
}

/// Gives up an entry's minutes beyond a cap.
pub(super) fn write_off(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let entry: Id = argument(arguments, "entry")?;
    let (approver, reason): (Approver, String) = (argument(arguments, "approver")?, argument(arguments, "reason")?);
    answer(billing::write_off(account, &entry, &reason, &approver, context)?)
}

/// Takes over how far a fixed price is earned.
pub(super) fn progress(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let report = Progress {
        line: argument(arguments, "line")?,
        percent: argument::<Decimal>(arguments, "percent")?,
        on: argument::<Date>(arguments, "on")?,
        by: argument(arguments, "by")?,
    };
    answer(billing::report_progress(account, &report, context)?)
}

/// Ends an advance: what is left of it is given back or lapses, as agreed.
pub(super) fn close_advance(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let code: String = argument(arguments, "code")?;
    answer(billing::close_advance(account, &code, argument::<Date>(arguments, "on")?, context)?)
}
