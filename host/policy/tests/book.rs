//! Policy books: the documented example holds, and everything that can be wrong with one is found.
//! A case is a change of the example, and the code and path that follow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use policy::book::PolicyBook;

const BOOK: &str = include_str!("../../../docs/examples/policy.toml");

/// What stands there, what is put in its place, and the problem that follows.
const CHANGES: [(&str, &str, &str); 16] = [
    ("name = \"advisory\"", "name = \" \"", "NAME_MISSING /name"),
    ("number = 2", "number = 1", "VERSION_ORDER /version/1/number"),
    ("from = \"2026-07-01\"", "from = \"2026-01-01\"", "VERSION_ORDER /version/1/from"),
    ("from = \"2026-07-01\"", "from = \"2026-02-30\"", "UNREADABLE "),
    ("minutes = 15", "minutes = 0", "INCREMENT /version/0/billing/increment/minutes"),
    ("[\"80\", \"100\"]", "[\"100\", \"80\"]", "ALERTS /version/0/billing/cap_alert_percents"),
    ("\"1.00\"", "\"-1.00\"", "NEGATIVE /version/0/billing/revenue_tolerance"),
    ("buyer = \"abroad\"", "buyer = \"elsewhere\"", "BUYER_UNKNOWN /version/0/billing/tax/DE01/2/buyer"),
    ("buyer = \"abroad\"", "buyer = \"eu\"", "DUPLICATE /version/0/billing/tax/DE01/2"),
    ("rate_percent = \"19\" }", "rate_percent = \"0\" }", "TAX_RATE /version/0/billing/tax/DE01/0/tax/rate_percent"),
    ("role = \"engagement manager\"", "role = \"\"", "ROLE_MISSING /version/0/billing/approvals/2/role"),
    ("up_to = \"1000.00\"", "up_to = \"-1\"", "NEGATIVE /version/0/billing/approvals/2/up_to"),
    ("up_to = \"1000.00\"", "", "DUPLICATE /version/0/billing/approvals/3"),
    ("\"entry_override\", ", "\"task\", ", "DUPLICATE /version/0/billing/rate_levels/2/"),
    ("cap_mode = \"block\"", "cap_moed = \"block\"", "UNREADABLE "),
    ("default_payment_terms_days = 30", "default_payment_terms_days = -1", "UNREADABLE "),
];

#[test]
fn the_documented_book_holds_its_examples() {
    let book = PolicyBook::read(BOOK).unwrap();
    let outcomes = book.outcomes();
    assert_eq!(outcomes.len(), 11);
    assert!(outcomes.iter().all(|outcome| outcome.holds), "{outcomes:#?}");
}

#[test]
fn a_version_is_in_force_from_its_day_and_names_itself_on_decisions() {
    let book = PolicyBook::read(BOOK).unwrap();
    let at = |day: &str| book.at(day.parse().unwrap()).map(|version| version.billing.version);
    assert_eq!(
        [at("2025-12-31"), at("2026-01-01"), at("2026-06-30"), at("2026-07-01")],
        [None, Some(1), Some(1), Some(2)]
    );
}

#[test]
fn an_example_that_does_not_hold_says_what_happens_instead() {
    let book = PolicyBook::read(&BOOK.replacen("billed = 60", "billed = 45", 1)).unwrap();
    let broken: Vec<_> = book.outcomes().into_iter().filter(|outcome| !outcome.holds).collect();
    assert_eq!(broken.len(), 1);
    assert_eq!((broken[0].wanted.as_str(), broken[0].found.as_str()), ("45 min", "60 min"));
}

#[test]
fn everything_wrong_is_found_with_its_place() {
    for (there, instead, wanted) in CHANGES {
        assert!(BOOK.contains(there), "the example has no {there}");
        let problems = PolicyBook::read(&BOOK.replacen(there, instead, 1)).unwrap_err();
        let found: Vec<String> = problems.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect();
        assert_eq!(found, [wanted], "{there} > {instead}: {problems:?}");
        assert!(problems.iter().all(|problem| problem.message.len() > 10), "{problems:?}");
    }
    let without = BOOK.split("[[version.example]]").next().unwrap();
    let codes: Vec<String> = PolicyBook::read(without).unwrap_err().into_iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["EXAMPLES_MISSING"]);
    assert_eq!(PolicyBook::read("name = \"x\"").unwrap_err()[0].code, "VERSIONS_MISSING");
}
