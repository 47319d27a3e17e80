//! The laws that hold for any history: random orders, repeats and corrections (256 histories each).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use billing::account::{Bucket, DocumentStage};
use billing::{Account, AccountEvent};
use common::*;
use proptest::prelude::*;
use quoin_canonical::*;

const LIMIT: &str = "3000.00";

/// One thing that can happen.
#[derive(Debug, Clone)]
enum Step {
    Time { key: u8, line: u8, who: u8, day: u8, minutes: u32, kind: u8 },
    Run { day: u8 },
    Post { which: u8 },
    Accept { milestone: u8 },
    Reevaluate,
    CreditMoney { cents: u32 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let time = (0..8u8, 0..4u8, 0..2u8, 0..60u8, 1..700u32, 0..8u8)
        .prop_map(|(key, line, who, day, minutes, kind)| Step::Time { key, line, who, day, minutes, kind });
    let step = prop_oneof![
        6 => time,
        2 => (0..70u8).prop_map(|day| Step::Run { day }),
        2 => any::<u8>().prop_map(|which| Step::Post { which }),
        1 => (0..3u8).prop_map(|milestone| Step::Accept { milestone }),
        1 => Just(Step::Reevaluate),
        1 => (1..50_000u32).prop_map(|cents| Step::CreditMoney { cents }),
    ];
    proptest::collection::vec(step, 1..24)
}

fn contract() -> Quote {
    let roles = || vec![role("Senior", "195.50", Some("ana@x")), role("Junior", "99.99", Some("ben@x"))];
    quote(vec![
        line("L1", "Discovery", hourly(roles(), Some(LIMIT), CapMode::Fit)),
        line("L2", "Build", fixed("10000.00", &["33.333", "33.334", "33.333"])),
        line("L3", "Other", hourly(roles(), None, CapMode::Fit)),
    ])
}

fn date(offset: u8) -> String {
    day("2026-03-02").checked_add(jiff::Span::new().days(i64::from(offset))).unwrap().to_string()
}

/// A history under way.
struct History {
    book: Book,
    revision: u32,
    credits: u32,
}

impl History {
    fn new(policy: billing::BillingPolicy) -> Self {
        Self { book: Book::open_with(&contract(), entity(), policy), revision: 0, credits: 0 }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Time { key, line, who, day, minutes, kind } => self.time(*key, *line, *who, *day, *minutes, *kind),
            Step::Run { day } => {
                self.book.run(&date(*day));
            }
            Step::Post { which } => self.post(*which),
            Step::Accept { milestone } => {
                self.book.accept("L2", &format!("M{}", milestone + 1), "2026-03-20");
            }
            Step::Reevaluate => {
                self.book.decide(|account, ctx| billing::release_over_cap(account, "L1", "command", ctx));
            }
            Step::CreditMoney { cents } => self.credit_money(*cents),
        }
    }

    fn time(&mut self, key: u8, line: u8, who: u8, day: u8, minutes: u32, kind: u8) {
        self.revision += 1;
        let line = ["L1", "L1", "L2", "L3"][usize::from(line)];
        let who = ["ana@x", "ben@x"][usize::from(who)];
        let mut entry = self.book.entry(&format!("entry {key}"), line, who, &date(day), minutes);
        entry.header.version = Some(self.revision.to_string());
        match kind {
            0 => entry.billing_type = BillingType::NonChargeable,
            1 => entry.billing_type = BillingType::Complimentary,
            2 => entry.status = TimeStatus::Rejected,
            3 => entry.status = TimeStatus::Deleted,
            _ => {}
        }
        self.book.time(&entry);
    }

    /// Posts one of the documents that are out, whichever: the ERP's order is not ours.
    fn post(&mut self, which: u8) {
        let open: Vec<Invoice> = self
            .book
            .account()
            .invoices
            .values()
            .filter(|state| state.stage == DocumentStage::Released)
            .map(|state| state.invoice.clone())
            .collect();
        if let Some(invoice) = open.get(usize::from(which) % open.len().max(1)) {
            self.book.post(invoice);
        }
    }

    /// Credits money on the first line of the first posted invoice; more than is left is refused.
    fn credit_money(&mut self, cents: u32) {
        let posted = self
            .book
            .account()
            .invoices
            .values()
            .find(|state| state.stage == DocumentStage::Posted && state.invoice.kind == InvoiceType::Invoice);
        let Some(state) = posted else { return };
        self.credits += 1;
        let wanted = billing::CreditLine {
            key: self.credits.to_string(),
            invoice: state.invoice.header.id.clone().unwrap(),
            line: "1".into(),
            net: Decimal::new(i64::from(cents), 2),
            reason: "goodwill".into(),
        };
        let _ = self.book.try_decide(|account, ctx| billing::credit_line(account, &wanted, ctx));
    }
}

/// Law 1: no minute is billed twice or lost, counted from the documents' own billing events.
fn nothing_twice_or_lost(account: &Account) {
    assert!(account.buckets(None).conserved());
    let mut billed: BTreeMap<&Id, Decimal> = BTreeMap::new();
    for event in account.billing_events.values() {
        if let billing::event::Source::Time { entry, .. } = &event.source {
            *billed.entry(entry).or_default() += event.minutes;
        }
    }
    for (id, entry) in &account.entries {
        let on_documents = billed.get(id).copied().unwrap_or_default();
        assert_eq!(on_documents, entry.invoiced_minutes(), "entry {id}");
        assert!(on_documents <= Decimal::from(entry.terms.billed_minutes));
        for portion in &entry.portions {
            assert!(portion.minutes > Decimal::ZERO && portion.amount >= Decimal::ZERO, "{portion:?}");
        }
    }
}

/// Law 2: totals equal their parts, down to the billing events.
fn totals_equal_their_parts(account: &Account) {
    for state in account.invoices.values() {
        billing::en16931::check(&state.invoice).unwrap();
        for line in &state.invoice.lines {
            let sign = if state.invoice.kind == InvoiceType::CreditNote { -Decimal::ONE } else { Decimal::ONE };
            let parts: Decimal = line
                .billing_events
                .iter()
                .filter_map(|id| account.billing_events.get(&Id::parse(id)?))
                .map(|event| event.net * sign)
                .sum();
            if state.stage != DocumentStage::Discarded {
                assert_eq!(parts, line.net.amount, "line {} of {:?}", line.id, state.invoice.header.id);
            }
        }
    }
}

/// Law 3: a hard cap holds, counted from the documents.
fn the_cap_holds(account: &Account) {
    let mut used = Decimal::ZERO;
    for state in account.invoices.values().filter(|state| state.stage != DocumentStage::Discarded) {
        let net: Decimal =
            state.invoice.lines.iter().filter(|line| line.contract_line == "L1").map(|line| line.net.amount).sum();
        match (state.invoice.kind, state.stage) {
            (InvoiceType::CreditNote, DocumentStage::Posted) => used -= net,
            (InvoiceType::CreditNote, _) => {}
            _ => used += net,
        }
    }
    assert!(used <= dec(LIMIT), "{used} of {LIMIT}");
}

/// Laws 4 and 6: the fixed price is never exceeded; credits never exceed what they credit.
fn nothing_exceeds_its_whole(account: &Account) {
    let mut credited: BTreeMap<(&Id, &str), Decimal> = BTreeMap::new();
    for event in account.billing_events.values() {
        if let Some(original) = event.reversal_of.as_ref().and_then(|id| account.billing_events.get(id)) {
            *credited.entry((&original.invoice, &original.line)).or_default() -= event.net;
        }
    }
    for ((invoice, line), sum) in credited {
        let line = account.invoices[invoice].invoice.lines.iter().find(|candidate| candidate.id == line).unwrap();
        assert!(sum <= line.net.amount, "{sum} credited on {}", line.net);
    }
    let build = &account.lines["L2"];
    assert!(build.invoiced - build.credited <= dec("10000.00"));
}

/// Law 10: asset less liability is revenue less billed, and never both.
fn positions_balance(book: &mut Book) {
    let events = billing::compute_revenue(book.account(), day("2026-05-31"), &[], &book.ctx).unwrap();
    book.apply(events);
    for position in book.account().revenue.values() {
        let i = &position.indicator;
        assert_eq!(i.contract_asset.amount - i.contract_liability.amount, i.revenue.amount - i.billed.amount);
        assert!(i.contract_asset.amount.is_zero() || i.contract_liability.amount.is_zero());
    }
}

fn laws(account: &Account) {
    nothing_twice_or_lost(account);
    totals_equal_their_parts(account);
    the_cap_holds(account);
    nothing_exceeds_its_whole(account);
}

fn policy(review: bool, full: bool) -> billing::BillingPolicy {
    use billing::policy::{CreditMode, DeletedAfterBilling};
    billing::BillingPolicy {
        review_drafts: review,
        credit_mode: if full { CreditMode::FullAndRebill } else { CreditMode::Partial },
        deleted_after_billing: DeletedAfterBilling::Credit,
        ..billing::BillingPolicy::default()
    }
}

/// 256 histories from a fixed seed, so that a red test is red again. `LAWS_SEED` tries others.
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
    fn the_laws_hold_after_every_step(steps in steps(), review in any::<bool>(), full in any::<bool>()) {
        let mut history = History::new(policy(review, full));
        for step in &steps {
            history.step(step);
            if review {
                release_all(&mut history.book);
            }
            laws(history.book.account());
        }
        positions_balance(&mut history.book);
    }

    #[test]
    fn the_same_events_make_the_same_bytes(steps in steps()) {
        let mut history = History::new(policy(false, false));
        for step in &steps {
            history.step(step);
        }
        let stored: Vec<(String, String)> = history.book.events.iter()
            .map(|event| (event.kind().to_owned(), serde_json::to_string(&event.to_body().unwrap()).unwrap())).collect();
        let read: Vec<AccountEvent> = stored.iter()
            .map(|(kind, body)| AccountEvent::from_kind_and_body(kind, &serde_json::from_str(body).unwrap()).unwrap().unwrap()).collect();
        let again = billing::replay(&read).unwrap();
        let bytes = |account: &Account| serde_json::to_string(account).unwrap();
        prop_assert!(bytes(&again) == bytes(history.book.account()), "the log makes another account");
    }

    #[test]
    fn the_order_of_delivery_changes_nothing(entries in entries(), seed in any::<u64>()) {
        let deliver = |order: &[usize]| {
            let mut history = History::new(policy(false, false));
            for at in order {
                let (line, who, day, minutes, kind) = entries[*at];
                let key = u8::try_from(*at).unwrap();
                history.revision = u32::from(key); // the source's revision, whatever the order
                history.time(key, line, who, day, minutes, kind);
            }
            history.book.accept("L2", "M1", "2026-03-20");
            let events = history.book.run("2026-04-30");
            serde_json::to_string(&events).unwrap()
        };
        let order: Vec<usize> = (0..entries.len()).collect();
        let (one, other) = (deliver(&order), deliver(&shuffled(order.clone(), seed)));
        prop_assert!(one == other, "{} is not {}", one, other);
    }

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

fn entries() -> impl Strategy<Value = Vec<(u8, u8, u8, u32, u8)>> {
    proptest::collection::vec((0..4u8, 0..2u8, 0..60u8, 1..700u32, 0..8u8), 1..20)
}

/// A shuffle that depends on the seed alone.
fn shuffled(mut order: Vec<usize>, mut seed: u64) -> Vec<usize> {
    for at in (1..order.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, usize::try_from(seed >> 33).unwrap() % (at + 1));
    }
    order
}

fn release_all(book: &mut Book) {
    let drafts: Vec<Id> = book
        .account()
        .invoices
        .iter()
        .filter(|(_, state)| state.stage == DocumentStage::Draft)
        .map(|(id, _)| id.clone())
        .collect();
    // Every second draft goes out; the others stay open to change.
    for draft in drafts.iter().step_by(2) {
        book.decide(|account, ctx| billing::release(account, draft, ctx));
    }
}

/// Law 5, in hours: bought = drawn + expired + refunded + left, and what was worked is covered or billed.
fn retainer_history(work: &[(u8, u32)], cap: u32, refund: bool) {
    let mut policy = policy(false, false);
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
    laws_without_cap(account);
}

fn laws_without_cap(account: &Account) {
    nothing_twice_or_lost(account);
    totals_equal_their_parts(account);
}
