//! The laws that hold for any history of any contract, checked on the account it led to.

use std::collections::BTreeMap;

use billing::account::{DocumentStage, MilestoneStage};
use billing::event::{BillingEvent, Source};
use billing::{Account, AccountEvent, Context};
use quoin_canonical::*;

/// Laws 1 to 6 and the shape of law 9: what must be so after every single step.
pub fn check(account: &Account) {
    nothing_twice_or_lost(account);
    totals_equal_their_parts(account);
    hard_caps_hold(account);
    fixed_prices_hold(account);
    advances_add_up(account);
    credits_stay_below(account);
}

/// Laws 7 and 9: the log makes the same account again, and no document loses a field on its way
/// out and in.
pub fn survives(events: &[AccountEvent], account: &Account) {
    let stored: Vec<(String, String)> = events
        .iter()
        .map(|event| (event.kind().to_owned(), serde_json::to_string(&event.to_body().unwrap()).unwrap()))
        .collect();
    let read: Vec<AccountEvent> = stored
        .iter()
        .map(|(kind, body)| {
            AccountEvent::from_kind_and_body(kind, &serde_json::from_str(body).unwrap()).unwrap().unwrap()
        })
        .collect();
    let again = billing::replay(&read).unwrap();
    let bytes = |account: &Account| serde_json::to_string(account).unwrap();
    assert!(bytes(&again) == bytes(account), "law 7: the log makes another account");
    for state in account.invoices.values() {
        let text = serde_json::to_string(&state.invoice).unwrap();
        let back: Invoice = serde_json::from_str(&text).unwrap();
        assert_eq!(back, state.invoice, "law 9");
    }
    let back: Account = serde_json::from_str(&bytes(account)).unwrap();
    assert_eq!(&back, account, "law 9");
}

/// Law 10: asset less liability is revenue less billed, and never both.
pub fn positions_balance(account: &Account, on: Date, ctx: &Context) {
    for event in billing::compute_revenue(account, on, &[], ctx).unwrap() {
        let AccountEvent::RevenueComputed(computed) = event else { continue };
        for position in computed.positions {
            let i = &position.indicator;
            let net = i.contract_asset.amount - i.contract_liability.amount;
            assert_eq!(net, i.revenue.amount - i.billed.amount, "law 10");
            assert!(i.contract_asset.amount.is_zero() || i.contract_liability.amount.is_zero(), "law 10");
        }
    }
}

/// Law 4's second half, once everything is accepted, run and posted: the fixed prices are billed in full.
pub fn fixed_prices_are_billed(account: &Account) {
    for line in &account.contract.lines {
        let BillingMethod::FixedFee { price, .. } = &line.billing else { continue };
        let disputed = account
            .milestones
            .values()
            .any(|state| state.milestone.contract_line == line.id && state.stage == MilestoneStage::Disputed);
        if !disputed {
            assert_eq!(of_price(account, &line.id), price.amount, "law 4: line {} at completion", line.id);
        }
    }
}

/// Law 1: no minute is billed twice or lost, counted from the documents' own billing events.
fn nothing_twice_or_lost(account: &Account) {
    assert!(account.buckets(None).conserved(), "law 1");
    let mut billed: BTreeMap<&Id, Decimal> = BTreeMap::new();
    for event in account.billing_events.values() {
        if let Source::Time { entry, .. } = &event.source {
            *billed.entry(entry).or_default() += event.minutes;
        }
    }
    for (id, entry) in &account.entries {
        let on_documents = billed.get(id).copied().unwrap_or_default();
        assert_eq!(on_documents, entry.invoiced_minutes(), "law 1: entry {id}");
        assert!(on_documents <= Decimal::from(entry.terms.billed_minutes), "law 1: entry {id}");
        for portion in &entry.portions {
            assert!(portion.minutes > Decimal::ZERO && portion.amount >= Decimal::ZERO, "law 1: {portion:?}");
        }
    }
}

/// Law 2: totals equal their parts, down to the billing events.
fn totals_equal_their_parts(account: &Account) {
    for state in account.invoices.values().filter(|state| state.stage != DocumentStage::Discarded) {
        billing::en16931::check(&state.invoice).unwrap();
        let sign = if state.corrects.is_some() { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
        for line in &state.invoice.lines {
            let parts: Decimal = line
                .billing_events
                .iter()
                .filter_map(|id| account.billing_events.get(&Id::parse(id)?))
                .map(|event| event.net * sign)
                .sum();
            assert_eq!(parts, line.net.amount, "law 2: line {} of {:?}", line.id, state.invoice.header.id);
        }
    }
}

/// What stands: drafts and documents that are out, and credits once they are posted.
fn stands(account: &Account, event: &BillingEvent) -> bool {
    let stage = account.invoices.get(&event.invoice).map(|state| state.stage);
    event.reversal_of.is_none() || stage == Some(DocumentStage::Posted)
}

/// Law 3: hard caps hold, counted from the documents.
fn hard_caps_hold(account: &Account) {
    let agreed = &account.contract.agreement;
    let used = |line: Option<&str>, payer: Option<&str>| -> Decimal {
        let counts = |event: &&BillingEvent| {
            let kind = event.capped() || (agreed.expenses_count && matches!(event.source, Source::Expense { .. }));
            kind && line.is_none_or(|line| event.contract_line == line)
                && payer.is_none_or(|payer| event.payer.as_deref() == Some(payer))
        };
        let events = account.billing_events.values().filter(counts).filter(|event| stands(account, event));
        events.map(|event| event.net).sum()
    };
    for line in &account.contract.lines {
        if let BillingMethod::TimeAndMaterials { cap: Some(cap), .. } = &line.billing
            && cap.mode != CapMode::Warn
        {
            let used = used(Some(&line.id), None);
            assert!(used <= cap.limit.amount, "law 3: {used} on line {}, limit {}", line.id, cap.limit);
        }
    }
    for cap in agreed.caps.iter().filter(|cap| cap.mode != CapMode::Warn) {
        // Beyond a line's own cap work may go on at another rate, but not beyond a wider limit.
        let beyond: Decimal = account
            .billing_events
            .values()
            .filter(|event| cap.line.is_none() && matches!(event.source, Source::Time { .. }) && !event.capped())
            .filter(|event| cap.payer.is_none() || event.payer == cap.payer)
            .filter(|event| stands(account, event))
            .map(|event| event.net)
            .sum();
        let used = used(cap.line.as_deref(), cap.payer.as_deref()) + beyond;
        assert!(used <= cap.limit.amount, "law 3: {used} of {} ({:?}, {:?})", cap.limit, cap.line, cap.payer);
    }
}

/// Whether nothing is left of the milestone that a credit takes from: taken back as a whole it is billed
/// anew in full, and goodwill given on it before is undone with it. Progress bills what is earned and
/// not billed, so its goodwill stands.
fn undone(account: &Account, credit: &BillingEvent) -> bool {
    let Some(original) = credit.reversal_of.as_ref().and_then(|id| account.billing_events.get(id)) else {
        return false;
    };
    if !matches!(original.source, Source::Milestone { .. }) {
        return false;
    }
    let of = |event: &&BillingEvent| event.reversal_of.as_ref() == Some(&original.id) && stands(account, event);
    let taken: Decimal = account.billing_events.values().filter(of).map(|event| event.amount).sum();
    (original.amount + taken).is_zero()
}

/// Milestones and progress of a line on documents, less posted credits; goodwill that stands aside.
fn of_price(account: &Account, line: &str) -> Decimal {
    account
        .billing_events
        .values()
        .filter(|event| event.contract_line == line && stands(account, event))
        .filter(|event| !event.goodwill || undone(account, event))
        .filter(|event| matches!(event.source, Source::Milestone { .. } | Source::Progress { .. }))
        .map(|event| event.net)
        .sum()
}

/// Law 4: a fixed price is never exceeded.
fn fixed_prices_hold(account: &Account) {
    for line in &account.contract.lines {
        if let BillingMethod::FixedFee { price, .. } = &line.billing {
            let billed = of_price(account, &line.id);
            assert!(billed <= price.amount, "law 4: {billed} of {price} on line {}", line.id);
        }
    }
}

/// Law 5: invoiced = applied + refunded + expired + available, and what is applied is on documents.
fn advances_add_up(account: &Account) {
    for (code, state) in &account.advances {
        let ledger = &state.ledger;
        assert!(ledger.available() >= Decimal::ZERO, "law 5: {code} {ledger:?}");
        let parts = ledger.applied + ledger.refunded + ledger.expired + ledger.available();
        assert_eq!(ledger.invoiced, parts, "law 5: {code}");
        let on_documents: Decimal = account
            .invoices
            .values()
            .flat_map(|state| &state.applied)
            .filter(|part| part.code == *code)
            .map(|part| part.net)
            .sum();
        assert_eq!(ledger.applied, on_documents, "law 5: {code}");
    }
    for advance in account.retainers.values().flat_map(|state| state.advances.values()) {
        assert!(advance.left() >= Decimal::ZERO, "law 5: {advance:?}");
    }
    for state in account.invoices.values() {
        assert!(state.invoice.totals.due.amount >= Decimal::ZERO, "law 5: {:?}", state.invoice.totals);
    }
}

/// Law 6: credits never exceed what they credit.
fn credits_stay_below(account: &Account) {
    let mut credited: BTreeMap<(&Id, &str), Decimal> = BTreeMap::new();
    for event in account.billing_events.values() {
        if let Some(original) = event.reversal_of.as_ref().and_then(|id| account.billing_events.get(id)) {
            *credited.entry((&original.invoice, &original.line)).or_default() -= event.net;
        }
    }
    for ((invoice, line), sum) in credited {
        let line = account.invoices[invoice].invoice.lines.iter().find(|candidate| candidate.id == line).unwrap();
        assert!(sum <= line.net.amount, "law 6: {sum} credited on {}", line.net);
    }
}
