//! Reading worklogs: what they mean, and that the feeds lose nothing.

use plugin_jira::Jira;
use quoin_sdk::{
    BillingType, Change, FaultKind, Link, ObjectKind, Op, Page, ReadRequest, Response, Source, TimeEntry, TimeStatus,
};
use quoin_testkit::{FakeHost, json as answer};
use serde_json::{Value, json};

const LIST: &str = "https://v/rest/api/3/worklog/list?expand=properties";

fn config() -> Value {
    json!({"base_url": "https://v", "project_key": "ADV", "emails": {"hidden-1": "ben@advisory.example"}})
}

fn worklog(id: u64, changes: &Value) -> Value {
    let mut worklog = json!({
        "id": id.to_string(),
        "issueId": "10005",
        "author": {"accountId": "a1", "emailAddress": "ana@advisory.example"},
        "started": "2026-03-12T09:00:00.000+0100",
        "updated": "2026-03-12T18:00:00.123+0100",
        "timeSpentSeconds": 3600,
        "properties": [{"key": "quoin.approval", "value": {
            "status": "approved", "approved_by": "lead@advisory.example", "approved_at": "2026-03-13T08:00:00Z", "billing_type": "chargeable",
        }}],
    });
    worklog.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    worklog
}

/// A site with these worklogs and feeds of (stamp, id); a page of a feed holds `page` rows.
fn site(worklogs: Vec<Value>, updated: Vec<(i64, u64)>, deleted: Vec<(i64, u64)>, page: usize) -> FakeHost {
    FakeHost::with(move |request| {
        if request.url == LIST {
            let body: Value = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
            let asked = body["ids"].as_array().unwrap();
            let found: Vec<&Value> = worklogs
                .iter()
                .rev()
                .filter(|w| asked.iter().any(|id| w["id"].as_str() == Some(&id.to_string())))
                .collect();
            return Ok(answer(200, &json!(found)));
        }
        let (path, since) = request.url.split_once("?since=").unwrap();
        let since: i64 = since.parse().unwrap();
        let rows = if path.ends_with("/updated") { &updated } else { &deleted };
        let behind: Vec<&(i64, u64)> = rows.iter().filter(|(at, _)| *at > since).collect();
        let shown = behind.iter().take(page);
        let until = behind.iter().take(page).next_back().map_or(since, |(at, _)| *at);
        let values: Vec<Value> =
            shown.map(|(at, id)| json!({"worklogId": id, "updatedTime": at, "properties": []})).collect();
        Ok(answer(200, &json!({"values": values, "since": since, "until": until, "lastPage": behind.len() <= page})))
    })
    .config(config().to_string())
}

fn read(host: &FakeHost, cursor: Option<Vec<u8>>, limit: u32) -> Page {
    Jira::read(host, &ReadRequest { cursor, ..ReadRequest::first(ObjectKind::TimeEntry, limit) }).unwrap()
}

fn by_ids(host: &FakeHost, ids: &[&str]) -> Page {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    Jira::read(host, &ReadRequest { ids, ..ReadRequest::first(ObjectKind::TimeEntry, 10) }).unwrap()
}

fn ids(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| format!("{}{}", if change.op == Op::Delete { "-" } else { "" }, change.external))
        .collect()
}

/// Reads until there is no more; all ids and the cursor.
fn poll(host: &FakeHost, mut cursor: Option<Vec<u8>>, limit: u32) -> (Vec<String>, Option<Vec<u8>>) {
    let mut all = Vec::new();
    for _ in 0..100 {
        let page = read(host, cursor, limit);
        assert!(page.changes.len() <= limit as usize);
        all.extend(ids(&page.changes));
        cursor = page.next;
        if !page.more {
            return (all, cursor);
        }
    }
    panic!("a poll has no end: {all:?}");
}

#[test]
fn an_approved_worklog_is_an_approved_entry() {
    let comment = json!({"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "Interviews with "}, {"type": "mention", "attrs": {"text": "@Ben"}}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "Notes"}]},
    ]});
    let host = site(vec![worklog(7, &json!({"comment": comment}))], vec![], vec![], 1000);
    let page = by_ids(&host, &["7"]);
    let change = &page.changes[0];
    assert_eq!((change.external.as_str(), change.version.as_deref()), ("7", Some("1773334800123")));
    let entry: TimeEntry = change.object().unwrap();
    assert_eq!((entry.header.external.as_deref(), entry.header.version.as_deref()), (Some("7"), Some("1773334800123")));
    assert_eq!(entry.task, Link::External("10005".into()));
    assert_eq!(
        (entry.resource.as_str(), entry.date.to_string().as_str(), entry.minutes),
        ("ana@advisory.example", "2026-03-12", 60)
    );
    assert_eq!((entry.billing_type, entry.status), (BillingType::Chargeable, TimeStatus::Approved));
    assert_eq!(entry.approved_by.as_deref(), Some("lead@advisory.example"));
    assert_eq!(entry.approved_at, Some("2026-03-13T08:00:00Z".parse().unwrap()));
    assert_eq!(entry.note.as_deref(), Some("Interviews with @Ben\nNotes"));
    assert!(host.logs().is_empty());
}

#[test]
fn every_status_comes_and_doubt_is_never_an_approval() {
    use BillingType as B;
    use TimeStatus as T;
    let property = |value: Value| json!({"properties": [{"key": "quoin.approval", "value": value}]});
    let ana = "ana@advisory.example";
    // Change of the worklog; status, billing type, minutes, resource; what somebody is told.
    let cases = [
        (json!({"properties": []}), T::Submitted, B::Chargeable, 60, ana, None),
        (property(json!({"status": "submitted"})), T::Submitted, B::Chargeable, 60, ana, None),
        (
            property(json!({"status": "rejected", "billing_type": "non_chargeable"})),
            T::Rejected,
            B::NonChargeable,
            60,
            ana,
            None,
        ),
        (
            property(json!({"status": "approved", "billing_type": "non_chargeable"})),
            T::Approved,
            B::NonChargeable,
            60,
            ana,
            None,
        ),
        (
            property(json!({"status": "approved", "billing_type": "complimentary"})),
            T::Approved,
            B::Complimentary,
            60,
            ana,
            None,
        ),
        (property(json!({"status": "approved"})), T::Submitted, B::Chargeable, 60, ana, Some("'nothing'")),
        (
            property(json!({"status": "approved", "billing_type": "free"})),
            T::Submitted,
            B::Chargeable,
            60,
            ana,
            Some("'free'"),
        ),
        (
            property(json!({"status": "done", "billing_type": "chargeable"})),
            T::Submitted,
            B::Chargeable,
            60,
            ana,
            Some("'done'"),
        ),
        (property(json!("approved")), T::Submitted, B::Chargeable, 60, ana, Some("quoin.approval")),
        (json!({"timeSpentSeconds": 3630}), T::Submitted, B::Chargeable, 60, ana, Some("3630 seconds")),
        (json!({"timeSpentSeconds": 86_460}), T::Submitted, B::Chargeable, 1440, ana, Some("86460 seconds")),
        (json!({"timeSpentSeconds": 86_400}), T::Approved, B::Chargeable, 1440, ana, None),
        (json!({"author": {"accountId": "hidden-1"}}), T::Approved, B::Chargeable, 60, "ben@advisory.example", None),
        (
            json!({"author": {"accountId": "hidden-2"}}),
            T::Submitted,
            B::Chargeable,
            60,
            "account:hidden-2",
            Some("hidden-2 hides"),
        ),
    ];
    for (changes, status, billing_type, minutes, resource, told) in cases {
        let host = site(vec![worklog(7, &changes)], vec![], vec![], 1000);
        let entry: TimeEntry = by_ids(&host, &["7"]).changes[0].object().unwrap();
        assert_eq!((entry.status, entry.billing_type), (status, billing_type), "{changes}");
        assert_eq!((entry.minutes, entry.resource.as_str()), (minutes, resource), "{changes}");
        assert!(status == T::Approved || (entry.approved_by.is_none() && entry.approved_at.is_none()), "{changes}");
        let logs = host.logs();
        assert_eq!(logs.len(), usize::from(told.is_some()), "{changes} {logs:?}");
        let said =
            told.is_none_or(|text| logs[0].fields.iter().any(|(name, value)| name == "reason" && value.contains(text)));
        assert!(said, "{changes} {logs:?}");
    }
}

#[test]
fn the_date_is_the_local_one_in_the_offset_given() {
    let cases = [
        ("2026-03-31T23:30:00.000+0200", Some("2026-03-31")),
        ("2026-04-01T00:30:00.000+0200", Some("2026-04-01")),
        ("2026-03-31T22:30:00.000+0000", Some("2026-03-31")),
        ("2026-03-31T20:00:00.000-0700", Some("2026-03-31")),
        ("2026-03-31", None),
        ("soon", None),
        ("", None),
    ];
    for (started, date) in cases {
        let host = site(vec![worklog(7, &json!({"started": started})), worklog(8, &json!({}))], vec![], vec![], 1000);
        let page = by_ids(&host, &["7", "8"]);
        let first: Option<TimeEntry> =
            page.changes.iter().find(|change| change.external == "7").map(|change| change.object().unwrap());
        assert_eq!(first.map(|entry| entry.date.to_string()).as_deref(), date, "{started}");
        assert!(ids(&page.changes).contains(&"8".to_owned()), "one bad record does not hold up the page");
        assert_eq!(host.logs().len(), usize::from(date.is_none()), "{started}");
    }
}

#[test]
fn feeds_come_whole_whatever_the_sizes_of_pages() {
    let worklogs: Vec<Value> = (1..=9).map(|id| worklog(id, &json!({}))).collect();
    // Ties at 20 000, in no order of ids; 10 was changed and then removed before the list was asked.
    let updated = vec![(10_000, 1), (20_000, 9), (20_000, 2), (20_000, 3), (30_000, 10), (30_500, 4), (40_000, 5)];
    let deleted = vec![(15_000, 11), (35_000, 12), (35_000, 10)];
    let expected = ["-10", "-11", "-12", "1", "2", "3", "4", "5", "9"];
    for (limit, page) in [(1000, 1000), (1, 1000), (2, 1000), (3, 4), (7, 4), (1, 4), (2, 5), (5, 5)] {
        let host = site(worklogs.clone(), updated.clone(), deleted.clone(), page);
        let (mut all, mut cursor) = poll(&host, None, limit);
        all.sort();
        assert_eq!(all, expected, "limit {limit}, page {page}");
        // The next poll reads the last second again and ends; so does the one after it.
        for _ in 0..2 {
            let (again, next) = poll(&host, cursor.clone(), limit);
            assert_eq!(again, ["5", "-10", "-12"], "limit {limit}, page {page}");
            assert_eq!(next, cursor);
            cursor = next;
        }
    }
}

#[test]
fn a_row_that_joins_a_stamp_already_read_is_not_missed() {
    let worklogs: Vec<Value> = (1..=3).map(|id| worklog(id, &json!({}))).collect();
    let (_, cursor) = poll(&site(worklogs.clone(), vec![(10_000, 1), (20_000, 3)], vec![(20_000, 9)], 1000), None, 100);
    let later = site(worklogs, vec![(10_000, 1), (19_500, 2), (20_000, 3)], vec![(20_000, 8), (20_000, 9)], 1000);
    let (again, next) = poll(&later, cursor.clone(), 100);
    assert_eq!(again, ["2", "3", "-8", "-9"]);
    assert_eq!(next, cursor, "reading again does not move the cursor back");
}

#[test]
fn one_list_per_page_and_none_without_changes() {
    let host = site(vec![worklog(1, &json!({})), worklog(2, &json!({}))], vec![(10_000, 1), (20_000, 2)], vec![], 1000);
    let page = read(&host, None, 100);
    let urls: Vec<String> = host.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(
        urls,
        ["https://v/rest/api/3/worklog/updated?since=0", LIST, "https://v/rest/api/3/worklog/deleted?since=0"]
    );
    let cursor: Value = serde_json::from_slice(page.next.as_deref().unwrap()).unwrap();
    assert_eq!(cursor["updated"]["until"], 20_000);
    let empty = site(vec![], vec![], vec![], 1000);
    assert!(!read(&empty, None, 100).more && empty.requests().len() == 2);
}

#[test]
fn an_author_without_address_comes_by_itself_once_configured() {
    let hidden = worklog(1, &json!({"author": {"accountId": "hidden-2"}}));
    let host = site(vec![hidden], vec![(10_000, 1), (90_000, 2)], vec![], 1000);
    let (_, cursor) = poll(&host, None, 100);
    let mut mended = config();
    mended["emails"]["hidden-2"] = "cleo@advisory.example".into();
    let host = host.config(mended.to_string());
    let page = read(&host, cursor, 100);
    let entry: TimeEntry = page.changes[0].object().unwrap();
    assert_eq!((entry.resource.as_str(), entry.status), ("cleo@advisory.example", TimeStatus::Approved));
    assert!(read(&host, page.next, 100).changes.is_empty(), "and then waits no more");
}

#[test]
fn reading_begins_where_the_configuration_says() {
    let mut from = config();
    from["read_from"] = "1970-01-02".into();
    let worklogs = vec![worklog(1, &json!({})), worklog(2, &json!({}))];
    let host = site(worklogs, vec![(86_000_000, 1), (86_400_000, 2)], vec![], 1000).config(from.to_string());
    assert_eq!(ids(&read(&host, None, 10).changes), ["2"]);
    from["read_from"] = "yesterday".into();
    let host = host.config(from.to_string());
    let fault = Jira::read(&host, &ReadRequest::first(ObjectKind::TimeEntry, 10)).unwrap_err();
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Config, "READ_FROM"));
}

#[test]
fn what_cannot_be_read_is_said() {
    let host = site(vec![], vec![], vec![], 1000);
    let asked = |object, cursor: Option<&[u8]>, ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let request = ReadRequest { object, cursor: cursor.map(Into::into), ids, limit: 10 };
        Jira::read(&host, &request).unwrap_err().code
    };
    assert_eq!(asked(ObjectKind::TimeEntry, None, &["1 OR 1"]), "INVALID_DATA");
    assert_eq!(asked(ObjectKind::TimeEntry, Some(b"7"), &[]), "CURSOR");
    assert_eq!(asked(ObjectKind::Invoice, None, &[]), "UNSUPPORTED_OBJECT");
    let tied = site(vec![], (1..=6).map(|id| (10_000, id)).collect(), vec![], 5);
    let fault = Jira::read(&tied, &ReadRequest::first(ObjectKind::TimeEntry, 10)).unwrap_err();
    assert_eq!(fault.code, "TOO_MANY_TIES", "rather than losing one");
    let cut = FakeHost::new(config().to_string()).respond("GET", "https://v/", Response::new(200, r#"{"values":[]}"#));
    assert!(
        Jira::read(&cut, &ReadRequest::first(ObjectKind::TimeEntry, 10)).is_err(),
        "a page must say whether it is the last"
    );
}
