//! Expenses coming in: approved, changed, rejected later (rule TM3, test CO-07).

use quoin_canonical::Decimal;
use quoin_canonical::validate::AMOUNT_LIMIT;

use super::{Draft, check_entity, credit, documents, run};
use crate::account::{Account, DocumentStage, ExpenseStage, ExpenseState};
use crate::event::{AccountEvent, ExpenseRecorded, ExpenseReversed, Source};
use crate::expense::Expense;
use crate::policy::{Context, Refusal};

/// Takes in an expense as its source holds it now. A change before it is billed reverts it; after
/// that it is credited, and recorded anew where value remains.
///
/// # Errors
/// `ENTITY_MISMATCH`; `LINE_UNKNOWN`; `CURRENCY_MISMATCH`: it must be converted first (rule RD7).
pub fn record_expense(account: &Account, expense: &Expense, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let expense = &completed(account, expense, ctx)?;
    let Some(state) = account.expenses.get(&expense.id) else {
        return Ok(if expense.approved { vec![recorded(account, expense, ctx)] } else { Vec::new() });
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
            let again = record_expense(steps.account(), expense, ctx)?;
            steps.extend(again);
            let anew = run(steps.account(), as_of, ctx)?;
            steps.extend(anew);
            Ok(steps.events)
        }
        Some(DocumentStage::Released) => Ok(vec![AccountEvent::ExpensePending(Box::new(expense.clone()))]),
        Some(DocumentStage::Posted) => credited(account, state, expense, ctx),
        Some(DocumentStage::Discarded) | None => Ok(replaced(account, expense, ctx)),
    }
}

/// The expense with what the contract says where it says nothing itself: markup, exchange rate.
fn completed(account: &Account, expense: &Expense, ctx: &Context) -> Result<Expense, Refusal> {
    let refuse = |code: &str, field: &str, message: String| {
        Err(Refusal::new(code, message).field(field).owner(&ctx.policy.owners.finance))
    };
    let Some(line) = account.line(&expense.line) else {
        let message = format!("contract {} has no line {}", account.contract.number, expense.line);
        return refuse("LINE_UNKNOWN", "/line", message);
    };
    if expense.paid.amount < Decimal::ZERO || expense.paid.amount > AMOUNT_LIMIT {
        let message = format!("{} is no amount from 0 to {AMOUNT_LIMIT}; withdraw an expense instead", expense.paid);
        return refuse("AMOUNT_RANGE", "/paid/amount", message);
    }
    let (paid, wanted) = (expense.paid.currency, account.contract.currency);
    let known = account.expenses.get(&expense.id).and_then(|state| state.expense.fx.clone());
    let agreed = || account.contract.agreement.fx(paid, wanted, expense.date).cloned();
    let fx = match paid == wanted {
        true => None,
        false => expense.fx.clone().or_else(|| known.filter(|fx| fx.from == paid)).or_else(agreed),
    };
    if paid != wanted && fx.as_ref().is_none_or(|fx| fx.from != paid || fx.to != wanted) {
        let message = format!("paid in {paid}, billed in {wanted}: convert it first, or agree an exchange rate");
        return refuse("CURRENCY_MISMATCH", "/paid/currency", message);
    }
    let markup_percent = expense.markup_percent.or(line.terms.expense_markup_percent);
    Ok(Expense { fx, markup_percent, ..expense.clone() })
}

/// Equal in all but the revision.
fn same(known: &Expense, now: &Expense) -> bool {
    Expense { revision: None, ..known.clone() } == Expense { revision: None, ..now.clone() }
}

fn recorded(account: &Account, expense: &Expense, ctx: &Context) -> AccountEvent {
    let charged = || expense.charged(account.contract.currency, ctx.entity.rounding);
    let amount = if expense.billable { charged() } else { Decimal::ZERO };
    AccountEvent::ExpenseRecorded(Box::new(ExpenseRecorded { expense: expense.clone(), amount }))
}

fn reversed(expense: &Expense) -> AccountEvent {
    AccountEvent::ExpenseReversed(ExpenseReversed { expense: expense.id.clone(), revision: expense.revision.clone() })
}

fn replaced(account: &Account, expense: &Expense, ctx: &Context) -> Vec<AccountEvent> {
    if expense.approved { vec![recorded(account, expense, ctx)] } else { vec![reversed(expense)] }
}

fn document_stage(account: &Account, state: &ExpenseState) -> Option<DocumentStage> {
    if !matches!(state.stage, ExpenseStage::OnInvoice | ExpenseStage::Billed) {
        return None;
    }
    let event = account.billing_events.get(state.event.as_ref()?)?;
    account.stage_of_set(&event.invoice)
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
    // All payers' shares of it, where several pay.
    let id = &state.expense.id;
    let billed: Vec<quoin_canonical::Id> = account
        .billing_events
        .values()
        .filter(|event| {
            event.reversal_of.is_none() && matches!(&event.source, Source::Expense { expense, .. } if expense == id)
        })
        .map(|event| event.id.clone())
        .collect();
    for event in billed {
        let credit = credit::credit_event(steps.account(), &event, "expense_withdrawn", ctx)?;
        steps.extend(credit);
    }
    steps.extend(replaced(account, expense, ctx));
    Ok(steps.events)
}
