//! Every pair of states of every lifecycle, against the table beside this file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use quoin_canonical::{
    AssignmentStatus, ChargeStatus, CompanyStatus, ContractStatus, CreditStatus, CustomerStatus, EntryStatus,
    ExpenseStatus, InvoiceStatus, Lifecycle, MilestoneStatus, PaymentStatus, ProjectStatus, QuoteStatus,
    RateCardStatus, RecognitionStatus, ScheduleStatus, TaskStatus, TemplateStatus, TimeStatus,
};

fn rows(of: &str) -> Vec<(String, Vec<String>)> {
    include_str!("lifecycles.txt")
        .lines()
        .filter(|line| line.split_whitespace().next() == Some(of))
        .map(|line| {
            let (left, right) = line.split_once("->").unwrap();
            let from = left.split_whitespace().nth(1).unwrap().to_owned();
            (from, right.split_whitespace().map(str::to_owned).collect())
        })
        .collect()
}

fn word<T: Lifecycle>(status: T) -> String {
    serde_json::to_value(status).unwrap().as_str().unwrap().to_owned()
}

fn check<T: Lifecycle>(of: &str) {
    let rows = rows(of);
    assert_eq!(rows.len(), T::ALL.len(), "{of}: one row per state");
    for from in T::ALL {
        let (_, allowed) =
            rows.iter().find(|(name, _)| *name == word(*from)).unwrap_or_else(|| panic!("{of} {from:?} has no row"));
        for to in T::ALL {
            let legal = from == to || allowed.contains(&word(*to));
            assert_eq!(from.transition(*to).is_ok(), legal, "{of}: {from:?} to {to:?}");
        }
        assert_eq!(from.is_final(), allowed.is_empty());
    }
}

#[test]
fn every_lifecycle_is_as_its_table() {
    check::<QuoteStatus>("quote");
    check::<ContractStatus>("contract");
    check::<TaskStatus>("task");
    check::<CustomerStatus>("customer");
    check::<CreditStatus>("credit");
    check::<ProjectStatus>("project");
    check::<MilestoneStatus>("milestone");
    check::<AssignmentStatus>("assignment");
    check::<TimeStatus>("time");
    check::<InvoiceStatus>("invoice");
    check::<PaymentStatus>("payment");
    check::<CompanyStatus>("company");
    check::<RateCardStatus>("rate_card");
    check::<ScheduleStatus>("schedule");
    check::<EntryStatus>("schedule_entry");
    check::<ChargeStatus>("billing_event");
    check::<TemplateStatus>("template");
    check::<ExpenseStatus>("expense");
    check::<RecognitionStatus>("recognition");
}

#[test]
fn an_illegal_move_says_what_is_legal() {
    let told = |from: ProjectStatus, to: ProjectStatus| from.transition(to).unwrap_err().to_string();
    assert_eq!(
        told(ProjectStatus::ShellCreated, ProjectStatus::Active),
        "a project that is shell_created cannot become active, only billing_provisioned, on_hold, cancelled"
    );
    assert_eq!(
        told(ProjectStatus::Closed, ProjectStatus::Active),
        "a project that is closed cannot become active; closed is final"
    );
}
