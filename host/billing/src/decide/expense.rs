//! Expenses coming in: approved, changed, rejected later (rule TM3, test CO-07).

use quoin_canonical::Decimal;

use super::{Draft, check_entity, credit, documents, run};
use crate::account::{Account, DocumentStage, ExpenseStage, ExpenseState};
use crate::event::{AccountEvent, ExpenseRecorded, ExpenseReversed};
use crate::expense::Expense;
use crate::policy::{Context, Refusal};

/// Takes in an expense as its source holds it now. A change before it is billed reverts it; after
/// that it is credited, and recorded anew where value remains.
///
/// # Errors
/// `ENTITY_MISMATCH`; `LINE_UNKNOWN`; `CURRENCY_MISMATCH`: it must be converted first (rule RD7).
pub fn record_expense(account: &Account, expense: &Expense, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    check(account, expense, ctx)?;
    let Some(state) = account.expenses.get(&expense.id) else {
        return Ok(if expense.approved { vec![recorded(expense, ctx)] } else { Vec::new() });
    };
    let current = state.pending.as_ref().unwrap_or(&state.expense);
    let gone = state.stage == ExpenseStage::Reversed && state.pending.is_none();
    if (gone && !expense.approved) || (!gone && same(current, expense)) {
        return Ok(Vec::new());
    }
    settle(account, state, expense, ctx)
}

/// Makes a change that waited for a posting, now that there was one.
pub(super) fn resume(account: &Account, expense: &Expense, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    match account.expenses.get(&expense.id) {
        Some(state) => settle(account, state, expense, ctx),
        None => Ok(Vec::new()),
    }
}

/// Brings an expense to the state its source has now, in the way its document allows.
fn settle(
    account: &Account,
    state: &ExpenseState,
    expense: &Expense,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    match document_stage(account, state) {
        Some(DocumentStage::Draft) => {
            let mut steps = Draft::new(account);
            let (id, as_of) = draft_of(account, state)?;
            steps.extend(documents::discard(account, &id, ctx)?);
            let again = record_expense(&steps.account, expense, ctx)?;
            steps.extend(again);
            let anew = run(&steps.account, as_of, ctx)?;
            steps.extend(anew);
            Ok(steps.events)
        }
        Some(DocumentStage::Released) => Ok(vec![AccountEvent::ExpensePending(Box::new(expense.clone()))]),
        Some(DocumentStage::Posted) => credited(account, state, expense, ctx),
        Some(DocumentStage::Discarded) | None => Ok(replaced(expense, ctx)),
    }
}

fn check(account: &Account, expense: &Expense, ctx: &Context) -> Result<(), Refusal> {
    if account.line(&expense.line).is_none() {
        let message = format!("contract {} has no line {}", account.contract.number, expense.line);
        return Err(Refusal::new("LINE_UNKNOWN", message).field("/line").owner(&ctx.policy.owners.finance));
    }
    if expense.paid.currency != account.contract.currency {
        let message =
            format!("paid in {}, billed in {}: convert it first", expense.paid.currency, account.contract.currency);
        return Err(Refusal::new("CURRENCY_MISMATCH", message)
            .field("/paid/currency")
            .owner(&ctx.policy.owners.finance));
    }
    Ok(())
}

/// Equal in all but the revision.
fn same(known: &Expense, now: &Expense) -> bool {
    Expense { revision: None, ..known.clone() } == Expense { revision: None, ..now.clone() }
}

fn recorded(expense: &Expense, ctx: &Context) -> AccountEvent {
    let amount = if expense.billable { expense.charged(ctx.entity.rounding) } else { Decimal::ZERO };
    AccountEvent::ExpenseRecorded(Box::new(ExpenseRecorded { expense: expense.clone(), amount }))
}

fn reversed(expense: &Expense) -> AccountEvent {
    AccountEvent::ExpenseReversed(ExpenseReversed { expense: expense.id.clone(), revision: expense.revision.clone() })
}

fn replaced(expense: &Expense, ctx: &Context) -> Vec<AccountEvent> {
    if expense.approved { vec![recorded(expense, ctx)] } else { vec![reversed(expense)] }
}

fn document_stage(account: &Account, state: &ExpenseState) -> Option<DocumentStage> {
    if !matches!(state.stage, ExpenseStage::OnInvoice | ExpenseStage::Billed) {
        return None;
    }
    let event = account.billing_events.get(state.event.as_ref()?)?;
    Some(account.invoices.get(&event.invoice)?.stage)
}

fn draft_of(account: &Account, state: &ExpenseState) -> Result<(quoin_canonical::Id, quoin_canonical::Date), Refusal> {
    let event = state.event.as_ref().and_then(|id| account.billing_events.get(id));
    let event = event.ok_or_else(|| Refusal::new("INVOICE_UNKNOWN", "the expense is on no document"))?;
    Ok((event.invoice.clone(), documents::find(account, &event.invoice)?.as_of))
}

fn credited(
    account: &Account,
    state: &ExpenseState,
    expense: &Expense,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let mut steps = Draft::new(account);
    if let Some(event) = &state.event {
        let credit = credit::credit_event(account, event, "expense_withdrawn", ctx)?;
        steps.extend(credit);
    }
    steps.extend(replaced(expense, ctx));
    Ok(steps.events)
}
