//! Explaining an amount: from the document down to entry, approval, rate, rule and rounding.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use billing::explain::{Explanation, explain};
use common::*;
use quoin_canonical::*;

#[test]
fn a_line_leads_to_entry_approval_rate_cap_and_rounding() {
    let roles = vec![role("Senior", "180.00", Some("ana@x"))];
    let mut book = Book::open(&quote(vec![
        line("L1", "Discovery", hourly(roles, Some("700.00"), CapMode::Fit)),
        line("L2", "Build", fixed("1000.00", &["100"])),
    ]));
    let entry = book.entry("a", "L1", "ana@x", "2026-03-02", 300);
    book.time(&entry);
    book.accept("L2", "M1", "2026-03-20");
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    let id = invoice.header.id.unwrap();
    let whole = explain(book.account(), &id, None).unwrap();
    assert_eq!(whole.lines.len(), 2);
    for line in &whole.lines {
        assert_eq!(line.parts.iter().map(|part| part.net).sum::<Decimal>(), line.net.amount);
        assert_eq!(line.parts.iter().map(|part| part.amount).sum::<Decimal>(), line.exact);
    }
    let one = explain(book.account(), &id, Some("1")).unwrap();
    let part = &one.lines[0].parts[0];
    assert_eq!(part.resource.as_deref(), Some("ana@x"));
    assert_eq!(part.approved.as_ref().unwrap().by, "lead@advisory.example");
    let rate = part.rate.as_ref().unwrap();
    assert_eq!((rate.hourly_rate, rate.row.as_str()), (dec("180.00"), "contract_line:L1:role:Senior"));
    let cap = part.cap.as_ref().unwrap();
    assert_eq!((cap.limit, cap.available, cap.over), (dec("700.00"), dec("700.00"), dec("200.00")));
    assert_eq!((part.net, part.policy_version), (dec("700.00"), 1));
    assert!(part.steps.iter().any(|step| step.contains("its share 700.00")), "{:?}", part.steps);
    let milestone = explain(book.account(), &id, Some("2")).unwrap();
    assert_eq!(milestone.lines[0].parts[0].accepted.as_ref().unwrap().by, "Helix");
    assert!(one.totals.iter().any(|figure| figure.name == "tax" && figure.because.contains("S 19 %")));
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Explanation>(&text).unwrap(), whole);
    assert!(
        explain(book.account(), &id, Some("9")).is_none()
            && explain(book.account(), &entry.header.id.unwrap(), None).is_none()
    );
}
