//! Discounts above the policy's limits: judged once by the policy in force, decided by who may.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use billing::policy::{ApprovalLimit, Deed};
use billing::{Approver, BillingPolicy, DiscountStanding};
use common::*;
use quoin_canonical::*;

fn policy() -> BillingPolicy {
    let limit =
        |up_to: &str, role: &str| ApprovalLimit { deed: Deed::Discount, up_to: Some(dec(up_to)), role: role.into() };
    let approvals = vec![limit("5", "automatic"), limit("20", "practice lead"), limit("40", "director")];
    BillingPolicy { approvals, ..BillingPolicy::default() }
}

fn sold_at(percents: &[&str]) -> Book {
    let lines = percents.iter().enumerate().map(|(at, percent)| {
        let mut sold = line(&format!("L{}", at + 1), "Build", fixed("10000.00", &["100"]));
        let given = Discount { percent: dec(percent), reason: "first project".into() };
        sold.terms.discount = Some(given).filter(|given| !given.percent.is_zero());
        sold
    });
    Book::open_with(&quote(lines.collect()), entity(), policy())
}

fn approver(role: &str) -> Approver {
    Approver { by: "dora".into(), roles: vec![role.into()] }
}

fn waits(book: &mut Book) -> Option<(String, Vec<String>)> {
    let events = book.decide(|account, ctx| Ok(billing::judge_discount(account, ctx)));
    survives_the_log(&events);
    match billing::discount_standing(book.account()) {
        DiscountStanding::Waits(need) => Some((need.judged(), need.roles)),
        _ => None,
    }
}

#[test]
fn the_largest_discount_decides_who_is_asked() {
    assert_eq!(waits(&mut sold_at(&["0", "0"])), None);
    assert_eq!(waits(&mut sold_at(&["5", "3"])), None, "up to the limit nobody is asked");
    let (judged, roles) = waits(&mut sold_at(&["3", "12.50"])).unwrap();
    assert_eq!(judged, "a discount of 12.5 % on EUR 18450.00");
    assert_eq!(roles, ["practice lead", "director"]);
    assert_eq!(waits(&mut sold_at(&["50"])).unwrap().1, Vec::<String>::new(), "beyond every limit");
}

#[test]
fn who_may_decide_approves_once() {
    let mut book = sold_at(&["30"]);
    assert!(waits(&mut book).is_some());
    let lead = approver("practice lead");
    let refused = book.try_decide(|account, ctx| billing::decide_discount(account, &lead, None, ctx)).unwrap_err();
    assert_eq!(refused.code, "APPROVAL_ROLE");
    assert!(refused.message.contains("a discount of 30 %"), "{}", refused.message);
    book.at("2026-03-02T11:00:00Z");
    let director = approver("director");
    let events = book.decide(|account, ctx| billing::decide_discount(account, &director, None, ctx));
    assert_eq!(kinds(&events), ["billing.discount_decided"]);
    survives_the_log(&events);
    assert_eq!(billing::discount_standing(book.account()), DiscountStanding::Free);
}

#[test]
fn refused_it_stays_refused_and_a_policy_that_comes_later_changes_nothing() {
    let mut book = sold_at(&["50"]);
    assert!(waits(&mut book).is_some());
    book.ctx.policy = BillingPolicy::default();
    assert!(matches!(billing::discount_standing(book.account()), DiscountStanding::Waits(_)));
    let asked = approver(&book.ctx.policy.owners.finance);
    assert!(billing::decide_discount(book.account(), &asked, None, &book.ctx).is_err(), "nobody may approve");
    book.decide(|account, ctx| billing::decide_discount(account, &asked, Some("too much"), ctx));
    let DiscountStanding::Refused(refused) = billing::discount_standing(book.account()) else { panic!("refused") };
    assert_eq!((refused.by.as_str(), refused.reason.as_str()), ("dora", "too much"));
}
