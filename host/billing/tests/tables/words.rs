//! What the words of a rule table mean.

use billing::policy::ApprovalLimit;
use billing::{Approver, Expense};
use quoin_canonical::*;

use crate::common::{day, dec, eur, id, option};

pub(super) fn expense(key: &str, line: &str, date: &str, paid: &str, rest: &[&str]) -> Expense {
    Expense {
        id: id(key),
        revision: option(rest, "rev").map(str::to_owned),
        line: line.into(),
        date: day(date),
        description: "Travel".into(),
        paid: Money::new(dec(paid), option(rest, "currency").map_or(eur(), |code| Currency::from_code(code).unwrap())),
        reclaimable_percent: option(rest, "tax").map(dec),
        markup_percent: option(rest, "markup").map(dec),
        fx: None,
        billable: !rest.contains(&"own"),
        approved: !rest.contains(&"rejected"),
    }
}

pub(super) fn json<T: serde::de::DeserializeOwned>(word: &str) -> T {
    serde_json::from_value(word.into()).unwrap()
}

/// Somebody who holds the role that the default policy asks.
pub(super) fn everybody() -> Approver {
    person(&["finance", "operations"])
}

/// Somebody who holds one role.
pub(super) fn person(role: &[&str]) -> Approver {
    Approver { by: "mia".into(), roles: vec![role.join(" ")] }
}

/// `release:1000.00:automatic`, `credit::manager`.
pub(super) fn limit(row: &str) -> ApprovalLimit {
    let parts: Vec<&str> = row.split(':').collect();
    let [deed, up_to, role] = parts.as_slice() else { panic!("limit={row}?") };
    ApprovalLimit {
        deed: serde_json::from_value((*deed).into()).unwrap(),
        up_to: (!up_to.is_empty()).then(|| dec(up_to)),
        role: (*role).into(),
    }
}

/// `free`, `rate:185.00` or `line:L2`.
pub(super) fn beyond(value: &str) -> BeyondCap {
    match value.split_once(':') {
        Some(("rate", rate)) => BeyondCap::Rate { hourly_rate: dec(rate) },
        Some((_, line)) => BeyondCap::Line { line: line.into() },
        None => BeyondCap::NonBillable,
    }
}

/// `40@0.00`, `rest@185.00`, `rest`.
pub(super) fn step(value: &str) -> HoursStep {
    let (hours, rate) = value.split_once('@').map_or((value, None), |(hours, rate)| (hours, Some(dec(rate))));
    HoursStep { up_to_hours: (hours != "rest").then(|| dec(hours)), hourly_rate: rate }
}

pub(super) fn in_currency(mut billing: BillingMethod, currency: Currency) -> BillingMethod {
    match &mut billing {
        BillingMethod::TimeAndMaterials { cap: Some(cap), .. } => cap.limit.currency = currency,
        BillingMethod::FixedFee { price, .. } => price.currency = currency,
        _ => {}
    }
    billing
}
