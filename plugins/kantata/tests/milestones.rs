//! Reading milestones through the simulator: nothing is missed, whatever the page size, the ties and
//! the moment of the poll.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::Vendor;
use plugin_kantata::Kantata;
use quoin_sdk::{Change, Milestone, MilestoneStatus, ObjectKind, Op, Page, ReadRequest, Source};
use serde_json::{Value, json};

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn read(vendor: &Vendor, cursor: Option<Vec<u8>>, limit: u32) -> Page {
    let request = ReadRequest { object: ObjectKind::Milestone, cursor, ids: Vec::new(), limit };
    Kantata::read(&vendor.host, &request).expect("a page")
}

/// Reads until there is no more; gives the changes and where it ended.
fn drain(vendor: &Vendor, mut cursor: Option<Vec<u8>>, limit: u32) -> (Vec<Change>, Option<Vec<u8>>) {
    let mut changes = Vec::new();
    for _ in 0..2_000 {
        let page = read(vendor, cursor, limit);
        assert!(page.changes.len() <= limit as usize);
        changes.extend(page.changes);
        cursor = page.next;
        if !page.more {
            return (changes, cursor);
        }
    }
    panic!("reading does not end");
}

fn poll(vendor: &Vendor, cursor: &mut Option<Vec<u8>>) -> Vec<(String, Milestone)> {
    vendor.pass_seconds(2);
    let (changes, next) = drain(vendor, cursor.take(), 100);
    *cursor = next;
    changes.iter().map(|change| (change.external.clone(), change.object().expect("a milestone"))).collect()
}

/// A workspace with these milestones, all made in one request and so with one stamp.
fn workspace(vendor: &Vendor, codes: &[String]) -> String {
    let fields = json!({"title": "P-1 Project", "creator_role": "maven", "currency": "EUR", "budgeted": true});
    let (status, answer) = vendor.ask("POST", "/api/v1/workspaces", json!({"workspace": fields}));
    assert_eq!(status, 200, "{answer}");
    let id = answer["results"][0]["id"].as_str().unwrap().to_owned();
    for chunk in codes.chunks(300) {
        let stories: Vec<Value> = chunk.iter().map(|code| story(&id, code)).collect();
        let (status, answer) = vendor.ask("POST", "/api/v1/stories", json!({"stories": stories}));
        assert_eq!(status, 200, "{answer}");
    }
    id
}

fn story(workspace: &str, code: &str) -> Value {
    json!({
        "workspace_id": workspace, "title": format!("{code} Stage"), "story_type": "milestone",
        "budget_estimate_in_cents": 3_600_000, "due_date": "2026-03-27",
        "external_reference": {
            "service_name": "quoin", "service_model": "milestone", "service_model_ref": format!("ref-{code}"),
            "external_message": format!("L2/{code}"),
        },
    })
}

fn codes(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("M{number}")).collect()
}

#[test]
fn a_milestone_goes_from_planned_to_accepted_and_back() {
    let vendor = Vendor::scenario(json!({}));
    let project = workspace(&vendor, &codes(1));
    let mut cursor = None;
    let first = poll(&vendor, &mut cursor);
    assert_eq!(first.len(), 1);
    let (external, milestone) = &first[0];
    assert_eq!(
        (milestone.code.as_str(), milestone.contract_line.as_str(), milestone.name.as_str()),
        ("M1", "L2", "Stage")
    );
    assert_eq!(milestone.project.as_ref().and_then(|link| link.external()), Some(project.as_str()));
    assert_eq!(milestone.amount.map(|amount| amount.to_string()).as_deref(), Some("EUR 36000.00"));
    assert_eq!((milestone.status, &milestone.acceptance), (MilestoneStatus::Planned, &None));
    assert_eq!(milestone.header.external.as_ref(), Some(external));
    assert!(poll(&vendor, &mut cursor).is_empty(), "nothing changed");

    let input =
        json!({"project": "P-1", "milestone": "M1", "by": "Hanna Helix", "on": "2026-03-27", "evidence_sha256": HASH});
    vendor.act("accept_milestone", input);
    let accepted = poll(&vendor, &mut cursor);
    assert_eq!(accepted.len(), 1);
    let acceptance = accepted[0].1.acceptance.as_ref().expect("an acceptance");
    assert_eq!(accepted[0].1.status, MilestoneStatus::Accepted);
    assert_eq!((acceptance.by.as_str(), acceptance.on.to_string().as_str()), ("Hanna Helix", "2026-03-27"));
    assert_eq!(acceptance.evidence_sha256, HASH);

    vendor.act("withdraw_acceptance", json!({"project": "P-1", "milestone": "M1"}));
    let withdrawn = poll(&vendor, &mut cursor);
    assert_eq!(withdrawn.iter().map(|(_, m)| m.status).collect::<Vec<_>>(), [MilestoneStatus::Withdrawn]);
}

#[test]
fn evidence_that_comes_after_completion_is_seen_although_the_story_does_not_move() {
    let vendor = Vendor::scenario(json!({}));
    workspace(&vendor, &codes(2));
    let mut cursor = None;
    poll(&vendor, &mut cursor);
    vendor.act("complete_milestone", json!({"project": "P-1", "milestone": "M2"}));
    let delivered = poll(&vendor, &mut cursor);
    assert_eq!(delivered.iter().map(|(_, m)| m.status).collect::<Vec<_>>(), [MilestoneStatus::Delivered]);
    vendor.pass_seconds(3 * 86_400);
    assert!(poll(&vendor, &mut cursor).is_empty());
    let input =
        json!({"project": "P-1", "milestone": "M2", "by": "Hanna Helix", "on": "2026-03-30", "evidence_sha256": HASH});
    vendor.act("accept_milestone", input);
    let accepted = poll(&vendor, &mut cursor);
    assert_eq!(accepted.iter().map(|(_, m)| m.status).collect::<Vec<_>>(), [MilestoneStatus::Accepted]);
    assert!(poll(&vendor, &mut cursor).is_empty(), "and it is no longer watched");
}

fn value_of(story: &str, field: u32, value: &str) -> Value {
    json!({"subject_type": "Story", "subject_id": story, "custom_field_id": field, "value": value})
}

#[test]
fn half_an_evidence_is_none() {
    let cases = [("", "2026-03-27", HASH), ("Hanna", "2026-03-27", "abc"), ("Hanna", "2026-03-27", &HASH[1..])];
    for (by, on, hash) in cases {
        let vendor = Vendor::scenario(json!({}));
        workspace(&vendor, &codes(1));
        vendor.act("complete_milestone", json!({"project": "P-1", "milestone": "M1"}));
        let (_, stories) = vendor.ask("GET", "/api/v1/stories?story_types=milestone", Value::Null);
        let id = stories["results"][0]["id"].as_str().unwrap();
        let values: Vec<Value> = [(9101, by), (9102, on), (9103, hash)]
            .into_iter()
            .map(|(field, value)| value_of(id, field, value))
            .collect();
        let (status, answer) =
            vendor.ask("POST", "/api/v1/custom_field_values", json!({"custom_field_values": values}));
        assert_eq!(status, 200, "{answer}");
        let found = poll(&vendor, &mut None);
        assert_eq!(found[0].1.status, MilestoneStatus::Delivered, "{by} {on} {hash}");
    }
}

#[test]
fn every_page_size_finds_every_milestone_once_however_many_share_a_stamp() {
    let vendor = Vendor::scenario(json!({}));
    // 450 with one stamp: more than two pages.
    let all = codes(450);
    workspace(&vendor, &all);
    vendor.pass_seconds(5);
    for limit in [37, 199, 200, 1_000] {
        let (changes, cursor) = drain(&vendor, None, limit);
        let seen: BTreeSet<&str> = changes.iter().map(|change| change.external.as_str()).collect();
        assert_eq!((changes.len(), seen.len()), (450, 450), "limit {limit}");
        let (again, _) = drain(&vendor, cursor, limit);
        assert!(again.is_empty(), "limit {limit}: {} reported again", again.len());
    }
}

#[test]
fn a_change_in_the_second_of_the_poll_is_not_lost() {
    let vendor = Vendor::scenario(json!({}));
    workspace(&vendor, &codes(1));
    vendor.pass_seconds(2);
    let (changes, mut cursor) = drain(&vendor, None, 100);
    assert_eq!(changes.len(), 1);
    // Poll and change within the same second, again and again: every state must be seen in the end.
    for round in 0..5 {
        vendor.act("complete_milestone", json!({"project": "P-1", "milestone": "M1"}));
        let (_, next) = drain(&vendor, cursor, 100);
        vendor.act("withdraw_acceptance", json!({"project": "P-1", "milestone": "M1"}));
        vendor.pass_seconds(2);
        let (changes, next) = drain(&vendor, next, 100);
        let last: Milestone = changes.last().expect("a change").object().expect("a milestone");
        assert_eq!(last.status, MilestoneStatus::Planned, "round {round}");
        cursor = next;
        vendor.pass_seconds(2);
    }
}

#[test]
fn what_commits_late_within_five_minutes_is_found() {
    let vendor = Vendor::scenario(json!({}));
    workspace(&vendor, &codes(1));
    let mut cursor = None;
    poll(&vendor, &mut cursor);
    // A transaction that began four minutes ago becomes visible now: its stamp is older than ours.
    vendor.pass_seconds(-240);
    let fields = json!({"title": "P-2 Late", "creator_role": "maven", "budgeted": true});
    let (_, answer) = vendor.ask("POST", "/api/v1/workspaces", json!({"workspace": fields}));
    let id = answer["results"][0]["id"].as_str().unwrap();
    vendor.ask("POST", "/api/v1/stories", json!({"story": story(id, "M9")}));
    vendor.pass_seconds(240);
    let late = poll(&vendor, &mut cursor);
    assert_eq!(late.iter().map(|(_, m)| m.code.as_str()).collect::<Vec<_>>(), ["M9"]);
}

#[test]
fn deleted_and_foreign_milestones() {
    let vendor = Vendor::scenario(json!({}));
    let project = workspace(&vendor, &codes(2));
    let by_hand = json!({"workspace_id": project, "title": "Team event", "story_type": "milestone"});
    vendor.ask("POST", "/api/v1/stories", json!({"story": by_hand}));
    let mut cursor = None;
    let found = poll(&vendor, &mut cursor);
    assert_eq!(found.len(), 2, "a milestone made by hand stands for nothing sold");
    vendor.ask("DELETE", &format!("/api/v1/stories/{}", found[0].0), Value::Null);
    vendor.pass_seconds(2);
    let (changes, _) = drain(&vendor, cursor, 100);
    assert_eq!(
        changes.iter().map(|c| (c.op, c.external.as_str())).collect::<Vec<_>>(),
        [(Op::Delete, found[0].0.as_str())]
    );
}

#[test]
fn a_page_that_arrives_twice_counts_once() {
    let vendor = Vendor::scenario(json!({}));
    workspace(&vendor, &codes(3));
    vendor.pass_seconds(2);
    vendor.plug(json!({"route": "GET /api/v1/stories", "fault": "duplicate_page"}));
    assert_eq!(drain(&vendor, None, 100).0.len(), 3);
}

#[test]
fn milestones_by_id_and_what_is_gone() {
    let vendor = Vendor::scenario(json!({}));
    workspace(&vendor, &codes(2));
    let found = poll(&vendor, &mut None);
    let ids = vec![found[1].0.clone(), "999999".to_owned()];
    let request = ReadRequest { object: ObjectKind::Milestone, cursor: None, ids, limit: 10 };
    let page = Kantata::read(&vendor.host, &request).expect("a page");
    assert_eq!(page.changes.iter().map(|c| c.external.as_str()).collect::<Vec<_>>(), [found[1].0.as_str()]);
    assert_eq!((page.next, page.more), (None, false));
}
