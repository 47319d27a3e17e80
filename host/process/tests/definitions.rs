//! Shipped definitions are sound, and a wrong one is refused with its line and what to do.

use process::definition::Definition;
use process::shipped;

#[test]
fn shipped_definitions_are_sound() {
    let catalogue = shipped::catalogue().expect("all shipped definitions load");
    assert_eq!(catalogue.iter().count(), shipped::DEFINITIONS.len());
}

/// A definition with one step, given as YAML lines.
fn with_step(step: &str) -> String {
    format!(
        "process: p\nversion: 1\npurpose: x\nflows:\n  - name: f\n    on: quote.accepted\n    key: event.quote.number\n    steps:\n{step}"
    )
}

#[test]
fn wrong_definitions_are_refused_with_line_and_cause() {
    let table = [
        ("      - id: a\n        transmogrify: x\n", "transmogrify"),
        (
            "      - id: a\n        call: billing.invent\n        with: event\n",
            "file.yaml:10: no function 'billing.invent'; known:",
        ),
        ("      - id: a\n", "file.yaml:9: step 'a' needs exactly one of: gates, call, commands, emit, timer"),
        ("      - id: a\n        emit: x\n        body: evnt.quote\n", "file.yaml:11: unknown variable 'evnt'"),
        (
            "      - id: a\n        emit: x\n        body: event.quote\n      - id: a\n        emit: x\n        body: event\n",
            "file.yaml:12: two steps of 'f' have the id 'a'",
        ),
        (
            "      - id: a\n        commands:\n          - { name: c, role: hr, object: customer, objects: event.x }\n",
            "no role 'hr'; known: crm, psa, erp, time",
        ),
        (
            "      - id: a\n        commands:\n          - { name: c, role: erp, object: custmer, objects: event.x }\n",
            "no canonical object 'custmer'",
        ),
    ];
    for (step, expected) in table {
        let error = Definition::parse("file.yaml", &with_step(step)).expect_err(step).to_string();
        assert!(error.contains(expected), "{error}\nshould contain: {expected}");
    }
}
