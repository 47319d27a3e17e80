//! Properties of single rules over random amounts (256 cases each): series, allocations, retainers.
//! Whole histories are in `laws/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use billing::account::Bucket;
use common::*;
use proptest::prelude::*;
use quoin_canonical::*;

/// A fixed seed, so that a red test is red again. `LAWS_SEED` tries others.
fn config() -> ProptestConfig {
    let seed = std::env::var("LAWS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(42);
    ProptestConfig {
        cases: 256,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn milestones_total_the_price(cents in 1..100_000_000i64, cuts in proptest::collection::vec(1..5_000u32, 1..12)) {
        let sum: u32 = cuts.iter().sum();
        let mut percents: Vec<Decimal> = cuts.iter().map(|cut| (Decimal::from(*cut) * dec("100") / Decimal::from(sum)).round_dp(3)).collect();
        let others: Decimal = percents[1..].iter().sum();
        percents[0] = dec("100") - others;
        prop_assume!(percents[0] > Decimal::ZERO);
        let price = Money::new(Decimal::new(cents, 2), eur());
        let amounts = billing::rounding::cumulative(price, &percents, Rounding::HalfUp);
        prop_assert_eq!(amounts.iter().map(|amount| amount.amount).sum::<Decimal>(), price.amount);
        prop_assert!(amounts.iter().all(|amount| amount.amount >= Decimal::ZERO));
    }

    #[test]
    fn a_line_is_given_back_exactly(minutes in proptest::collection::vec(1..600u32, 1..20), cents in 1..40_000i64) {
        let rate = Decimal::new(cents, 2);
        let exact: Vec<Decimal> = minutes.iter().map(|m| billing::rounding::event_amount(Decimal::from(*m), rate, Rounding::HalfUp)).collect();
        let line = Rounding::HalfUp.round(exact.iter().sum(), 2);
        let shares = billing::rounding::allocate(line, &exact, eur());
        prop_assert_eq!(shares.iter().sum::<Decimal>(), line);
        for (share, part) in shares.iter().zip(&exact) {
            prop_assert!((share - part).abs() <= dec("0.02"), "{} for {}", share, part);
        }
    }

    #[test]
    fn retainer_hours_are_conserved(work in proptest::collection::vec((0..4u8, 1..1500u32), 0..12), cap in 0..20u32, refund in any::<bool>()) {
        retainer_history(&work, cap, refund);
    }
}

fn policy() -> billing::BillingPolicy {
    use billing::policy::DeletedAfterBilling;
    billing::BillingPolicy { deleted_after_billing: DeletedAfterBilling::Credit, ..billing::BillingPolicy::default() }
}

/// Law 5, in hours: bought = drawn + expired + refunded + left, and what was worked is covered or billed.
fn retainer_history(work: &[(u8, u32)], cap: u32, refund: bool) {
    let mut policy = policy();
    policy.retainer.rollover_cap_hours = Decimal::from(cap);
    policy.retainer.at_end =
        if refund { billing::policy::RetainerEnd::Refund } else { billing::policy::RetainerEnd::Expire };
    let quote = quote(vec![line("L3", "Support", retainer("40", "160.00", "185.00", "2026-03-01"))]);
    let mut book = Book::open_with(&quote, entity(), policy);
    for month in 0..4u8 {
        let start = day("2026-03-01").checked_add(jiff::Span::new().months(i64::from(month))).unwrap();
        let events = book.decide(|account, ctx| billing::retainer_due(account, "L3", start, ctx));
        let fee = drafted(&events).unwrap();
        book.post(&fee);
        for (at, (_, minutes)) in work.iter().enumerate().filter(|(_, (of, _))| *of == month) {
            let entry = book.entry(&format!("w{at}"), "L3", "ana@x", &start.to_string(), *minutes);
            book.time(&entry);
        }
    }
    book.decide(|account, ctx| billing::close_retainer(account, "L3", day("2026-06-30"), ctx));
    let account = book.account();
    for advance in account.retainers["L3"].advances.values() {
        assert!(advance.left().is_zero(), "{advance:?}");
        assert!(
            advance.drawn >= Decimal::ZERO && advance.expired >= Decimal::ZERO && advance.refunded >= Decimal::ZERO
        );
        assert_eq!(advance.bought.hours, advance.drawn + advance.expired + advance.refunded);
    }
    let buckets = account.buckets(Some("L3"));
    let of = |bucket: Bucket| buckets.buckets.get(&bucket).map(|(minutes, _)| *minutes).unwrap_or_default();
    let drawn: Decimal = account.retainers["L3"].advances.values().map(|advance| advance.drawn).sum();
    assert!((of(Bucket::Covered) - drawn * dec("60")).abs() < dec("0.001"), "covered minutes are drawn hours");
    assert!(of(Bucket::Unbilled).is_zero(), "nothing waits after the end");
    common::laws::check(account);
}
