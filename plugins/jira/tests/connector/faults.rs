//! How Jira's refusals are understood, the connection's check, proofs of webhooks, and the manifest.

use plugin_jira::Jira;
use quoin_package::Manifest;
use quoin_sdk::{Check, Fault, FaultKind, ObjectKind, Response, Webhook};
use quoin_testkit::{FakeHost, inbound};

const CONFIG: &str = r#"{"base_url":"https://v/","project_key":"ADV"}"#;

fn check(response: Response) -> Result<quoin_sdk::Report, Fault> {
    Jira::check(&FakeHost::new(CONFIG).respond("GET", "https://v/rest/api/3/myself", response))
}

#[test]
fn a_refusal_is_a_fault_of_the_right_kind_in_jiras_words() {
    let said = r#"{"errorMessages":["Said so."],"errors":{"x":"y"}}"#;
    let cases = [
        (401, FaultKind::AuthExpired, "401", None),
        (403, FaultKind::Permission, "403", None),
        (404, FaultKind::NotFound, "404", None),
        (400, FaultKind::InvalidData, "400", None),
        (409, FaultKind::Conflict, "409", None),
        (410, FaultKind::Unsupported, "410", None),
        (429, FaultKind::RateLimited, "429", Some(5_000)),
        (503, FaultKind::Unavailable, "503", Some(5_000)),
        (418, FaultKind::Other, "418", None),
    ];
    for (status, kind, code, wait) in cases {
        let fault = check(Response::new(status, said)).unwrap_err();
        assert_eq!((fault.kind, fault.code.as_str(), fault.retry_after_ms), (kind, code, wait), "{status}");
        assert_eq!(fault.message, format!("Jira answered {status}: Said so.; x: y"));
    }
    for body in ["<html>", r#"{"displayNa"#] {
        let fault = check(Response::new(200, body)).unwrap_err();
        assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Transient, "READ_INTERRUPTED"), "{body}");
    }
}

#[test]
fn headers_say_how_long_to_wait_and_why() {
    let throttled = |name: &str, value: &str| {
        let response =
            Response::new(429, "").with_header("RateLimit-Reason", "jira-burst-based").with_header(name, value);
        let fault = check(response).unwrap_err();
        (fault.code, fault.retry_after_ms)
    };
    assert_eq!(throttled("Retry-After", "17"), ("jira-burst-based".into(), Some(17_000)));
    assert_eq!(throttled("Retry-After", "soon"), ("jira-burst-based".into(), Some(5_000)));
    let down = check(Response::new(503, "").with_header("retry-after", "60")).unwrap_err();
    assert_eq!(down.retry_after_ms, Some(60_000));
    let captcha =
        check(Response::new(403, "").with_header("X-Seraph-LoginReason", "AUTHENTICATION_DENIED")).unwrap_err();
    assert_eq!((captcha.kind, captcha.code.as_str()), (FaultKind::AuthExpired, "CAPTCHA"));
}

#[test]
fn a_check_names_the_user_the_zone_that_dates_worklogs_and_what_is_missing() {
    let me = r#"{"accountId":"a","displayName":"Quoin","emailAddress":"integration@advisory.example","timeZone":"Europe/Berlin"}"#;
    let permission = |key: &str, have: bool| format!(r#""{key}":{{"id":"1","key":"{key}","havePermission":{have}}}"#);
    let granted = ["BROWSE_PROJECTS", "EDIT_ISSUES", "VIEW_ALL_WORKLOGS"].map(|key| permission(key, true)).join(",");
    let permissions = format!(r#"{{"permissions":{{{granted},{}}}}}"#, permission("CREATE_ISSUES", false));
    let host = FakeHost::new(CONFIG).respond("GET", "https://v/rest/api/3/myself", Response::new(200, me)).respond(
        "GET",
        "https://v/rest/api/3/mypermissions?projectKey=ADV&permissions=",
        Response::new(200, permissions),
    );
    let report = Jira::check(&host).unwrap();
    assert_eq!(report.account.as_deref(), Some("Quoin <integration@advisory.example>, time zone Europe/Berlin"));
    assert_eq!(report.scopes, ["BROWSE_PROJECTS in ADV", "EDIT_ISSUES in ADV", "VIEW_ALL_WORKLOGS in ADV"]);
    assert_eq!(report.warnings, ["the user lacks CREATE_ISSUES in ADV: no task can be created"]);
}

#[test]
fn a_configuration_that_could_break_a_query_is_refused() {
    for config in [r"{}", r#"{"base_url":"https://v"}"#, r#"{"base_url":"https://v","project_key":"A\" OR \"B"}"#] {
        assert_eq!(Jira::check(&FakeHost::new(config)).unwrap_err().kind, FaultKind::Config, "{config}");
    }
}

const BODY: &str = r#"{"webhookEvent":"worklog_updated","worklog":{"id":"10021","issueId":"10005"}}"#;
/// HMAC-SHA256 of the body under `s3cret`, as openssl computes it.
const SIGNATURE: &str = "sha256=09ea4eadeadd38476d168949ec81f418bdc2ba6f7546d0e692deddefab2423f7";

#[test]
fn a_proven_delivery_names_the_worklog_and_repeats_have_one_id() {
    let host = FakeHost::new(CONFIG).secret("webhook", "s3cret");
    let headers =
        [("x-hub-signature", SIGNATURE), ("X-Atlassian-Webhook-Identifier", "d-1"), ("X-Atlassian-Webhook-Retry", "2")];
    let reply = Jira::handle(&host, &inbound("https://hooks.example/time", &headers, BODY)).unwrap();
    assert_eq!((reply.status, reply.delivery.as_deref()), (200, Some("d-1")));
    assert_eq!(reply.touched, [(ObjectKind::TimeEntry, "10021".to_owned())]);
    assert!(host.requests().is_empty());
}

#[test]
fn what_is_not_proven_is_refused_also_without_a_secret() {
    let with = || FakeHost::new(CONFIG).secret("webhook", "s3cret");
    let other = SIGNATURE.replace('9', "8");
    let (sha1, short, odd) = (SIGNATURE.replace("sha256", "sha1"), &SIGNATURE[..20], SIGNATURE.replace('a', "é"));
    let cases = [
        (with(), BODY, None),
        (with(), BODY, Some("")),
        (with(), BODY, Some(short)),
        (with(), BODY, Some(sha1.as_str())),
        (with(), BODY, Some(odd.as_str())),
        (with(), BODY, Some(other.as_str())),
        (with(), "{}", Some(SIGNATURE)),
        (FakeHost::new(CONFIG).secret("webhook", "another"), BODY, Some(SIGNATURE)),
        (FakeHost::new(CONFIG), BODY, Some(SIGNATURE)),
        (FakeHost::new(CONFIG), BODY, None),
    ];
    for (host, body, signature) in cases {
        let headers: Vec<(&str, &str)> =
            signature.map(|signature| ("x-hub-signature", signature)).into_iter().collect();
        let fault = Jira::handle(&host, &inbound("https://hooks.example/time", &headers, body)).unwrap_err();
        assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Permission, "NOT_PROVEN"), "{signature:?}");
    }
}

#[test]
fn the_manifest_says_what_the_code_does() {
    let manifest = Manifest::parse(include_str!("../../connector.toml")).unwrap();
    let cursor = manifest.object("time_entry").unwrap().cursor.clone().unwrap();
    assert_eq!((cursor.field.as_str(), cursor.overlap_seconds, cursor.deletes), ("updatedTime", 1, true));
    assert!(manifest.object("task").unwrap().write);
    assert_eq!(manifest.network.reading_posts, ["POST /rest/api/3/search/jql", "POST /rest/api/3/worklog/list"]);
    assert_eq!(manifest.webhook.unwrap().secret_slot, "webhook");
    let required: Vec<&str> =
        manifest.config.iter().filter(|field| field.required).map(|field| field.field.as_str()).collect();
    assert_eq!(required, ["base_url", "project_key"]);
}
