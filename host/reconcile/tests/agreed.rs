//! The ledger against billing over the histories in which billing's own laws are proven: several payers,
//! advances, retention, progress, spill, steps of hours, wider caps, expenses, currencies, approvals.
//! After each step the book balances and says what the account says; at the end it is what a replay
//! of the log makes it.
//!
//! `LAWS_HISTORIES` says how many (half of it; 1,000 if nothing is said), `LAWS_SEED` tries others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../billing/tests/common/mod.rs"]
mod common;
#[path = "../../billing/tests/laws/history.rs"]
#[allow(dead_code, reason = "every runner uses a part of it")]
mod history;
#[path = "../../billing/tests/tables/story.rs"]
#[allow(dead_code, reason = "every runner uses a part of it")]
mod story;

use std::cell::RefCell;
use std::collections::BTreeSet;

use billing::AccountEvent;
use history::History;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use reconcile::conservation::{ContractBook, EventRef, statement};

/// One in so many histories of billing's laws is kept as a book too.
const SHARE: u32 = 2;

/// What must have happened somewhere, or the histories prove nothing about it.
const SEEN: [&str; 15] = [
    "billing.advance_usable",
    "billing.advance_closed",
    "billing.amended",
    "billing.beyond_cap_freed",
    "billing.credit_drafted",
    "billing.credited_at_zero",
    "billing.expense_held",
    "billing.expense_reversed",
    "billing.invoice_discarded",
    "billing.invoice_released",
    "billing.milestone_ready",
    "billing.over_cap_held",
    "billing.over_cap_released",
    "billing.progress_reported",
    "billing.written_off",
];

fn number(variable: &str) -> Option<u32> {
    std::env::var(variable).ok()?.parse().ok()
}

fn post(book: &mut Option<ContractBook>, at: usize, event: &AccountEvent) {
    let seq = u64::try_from(at).unwrap() + 1;
    ContractBook::post(book, EventRef { seq, kind: event.kind().to_owned() }, event);
}

fn holds(history: &History, seen: &RefCell<BTreeSet<&'static str>>) -> Result<(), TestCaseError> {
    let mut kept = None;
    let mut posted = 0;
    let mut wrong = None;
    let story = history::play(&history.lines(), |story| {
        let Some(book) = story.book().filter(|book| book.events.len() > posted && wrong.is_none()) else { return };
        for (at, event) in book.events.iter().enumerate().skip(posted) {
            post(&mut kept, at, event);
            seen.borrow_mut().insert(event.kind());
        }
        posted = book.events.len();
        let ledger = kept.as_ref().unwrap();
        let told = book.events.last().map_or("", AccountEvent::kind);
        let parts = ledger.against(book.account());
        let imbalances = statement(ledger).imbalances;
        if !parts.is_empty() {
            wrong = Some(format!("after {told} book and account part: {parts:#?}"));
        } else if !imbalances.is_empty() {
            wrong = Some(format!("after {told}: {imbalances:#?}"));
        }
    });
    if let Some(wrong) = wrong {
        return Err(TestCaseError::fail(format!("{wrong}\n  {}", history.lines().join("\n  "))));
    }
    let mut again = None;
    for (at, event) in story.book().unwrap().events.iter().enumerate() {
        post(&mut again, at, event);
        post(&mut again, at, event);
    }
    prop_assert_eq!(again, kept);
    Ok(())
}

#[test]
fn what_contracts_agree_beside_their_lines_is_conserved_too() {
    let cases = number("LAWS_HISTORIES").unwrap_or(2_000) / SHARE;
    let seed = u64::from(number("LAWS_SEED").unwrap_or(42));
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let seen = RefCell::new(BTreeSet::new());
    TestRunner::new(config).run(&history::histories(), |history| holds(&history, &seen)).unwrap();
    let unseen: Vec<&str> = SEEN.into_iter().filter(|kind| !seen.borrow().contains(kind)).collect();
    assert!(unseen.is_empty() || cases < 500, "no history had {unseen:?}");
}
