//! The laws of billing over random histories: retries, repeats out of order, corrections, change
//! orders, several payers and currencies. A history is a case in the words of the rule tables, so
//! the shortest one that breaks a law is printed as a story: save it under `tests/stories/`, and
//! it runs with the tables for ever.
//!
//! `LAWS_HISTORIES` says how many (2,000 if nothing is said; `cargo xtask test --nightly` takes
//! 100,000), `LAWS_SEED` tries others than the fixed ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod history;
#[path = "../tables/story.rs"]
#[allow(dead_code, reason = "every runner uses a part of it")]
mod story;

use history::{History, Order};
use std::panic::AssertUnwindSafe;

use libtest_mimic::{Arguments, Failed, Trial};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// Parts of the run, side by side.
const PARTS: u32 = 8;

/// Histories of a run that says nothing else.
const HISTORIES: u32 = 2_000;

fn number(variable: &str) -> Option<u32> {
    std::env::var(variable).ok()?.parse().ok()
}

fn main() {
    let arguments = Arguments::from_args();
    // A broken law panics once per try while it is made shorter; it is told once, as a story.
    std::panic::set_hook(Box::new(|_| {}));
    let histories = number("LAWS_HISTORIES").unwrap_or(HISTORIES);
    let seed = u64::from(number("LAWS_SEED").unwrap_or(42));
    let mut trials = Vec::new();
    for part in 0..PARTS {
        let cases = histories / PARTS + u32::from(part < histories % PARTS);
        let name = format!("billing::laws hold after every step, part {} of {PARTS}: {cases} histories", part + 1);
        trials.push(Trial::test(name, move || {
            prove(history::histories(), cases, seed + u64::from(part), History::lines, history::keeps_the_laws)
        }));
    }
    let cases = histories / 8;
    trials
        .push(Trial::test(format!("billing::laws: order of delivery changes nothing, {cases} histories"), move || {
            prove(history::orders(), cases, seed, Order::lines, history::order_changes_nothing)
        }));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Tries random cases, and tells the shortest that breaks a law as a story.
fn prove<S: Strategy>(
    strategy: S,
    cases: u32,
    seed: u64,
    lines: fn(&S::Value) -> Vec<String>,
    check: fn(&S::Value),
) -> Result<(), Failed>
where
    S::Value: std::fmt::Debug,
{
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let told = TestRunner::new(config).run(&strategy, |value| {
        let caught = std::panic::catch_unwind(AssertUnwindSafe(|| check(&value)));
        caught.map_err(|panic| TestCaseError::fail(said(&*panic)))
    });
    match told {
        Ok(()) => Ok(()),
        Err(TestError::Abort(reason)) => Err(format!("gave up: {reason}").into()),
        Err(TestError::Fail(reason, value)) => {
            let mut steps = lines(&value);
            steps.push("laws => hold".into());
            let story =
                format!("LAW-{seed} {}\n  {}\n", reason.message().lines().next().unwrap_or(""), steps.join("\n  "));
            Err(format!("{reason}\n\nThe story of it, for tests/stories/law-{seed}.txt:\n\n{story}").into())
        }
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "a panic".into())
}
