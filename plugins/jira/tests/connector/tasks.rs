//! Writing tasks: one issue each, whatever goes wrong on the way.

use std::sync::{Arc, Mutex};

use plugin_jira::Jira;
use quoin_sdk::{
    BillingType, Fault, FaultKind, Header, Id, Item, ObjectKind, Outcome, Request, Response, Sink, Status, Task,
};
use quoin_testkit::{FakeHost, item, json as answer};
use serde_json::{Value, json};

const CONFIG: &str = r#"{"base_url":"https://v","project_key":"ADV"}"#;

/// A site with as much of Jira as writing tasks needs: numbers, labels, an index that may lag.
#[derive(Default)]
struct Site {
    /// Bodies of creation, by number - 1.
    issues: Vec<Value>,
    /// So many of the newest issues are not in the index yet.
    hidden: usize,
    /// The next creation is carried out, but its answer is lost.
    lose_answer: bool,
    /// The next creation does not arrive.
    lose_request: bool,
    /// A summary that is refused.
    refuse: Option<String>,
}

impl Site {
    fn create(&mut self, body: &Value) -> Result<Value, Value> {
        if self.refuse.as_deref() == body["fields"]["summary"].as_str() {
            return Err(json!({"errorMessages": [], "errors": {"summary": "Summary can't exceed 255 characters."}}));
        }
        self.issues.push(body.clone());
        Ok(json!({"id": (1000 + self.issues.len()).to_string(), "key": format!("ADV-{}", self.issues.len())}))
    }

    /// Answers in another order than asked, which Jira does not rule out.
    fn bulk(&mut self, body: &Value) -> Response {
        let (mut issues, mut errors) = (Vec::new(), Vec::new());
        for (at, row) in body["issueUpdates"].as_array().unwrap().iter().enumerate() {
            match self.create(row) {
                Ok(created) => issues.insert(0, created),
                Err(refused) => {
                    errors.push(json!({"status": 400, "elementErrors": refused, "failedElementNumber": at}))
                }
            }
        }
        answer(if issues.is_empty() { 400 } else { 201 }, &json!({"issues": issues, "errors": errors}))
    }

    fn shown(&self, number: usize) -> Value {
        let fields = &self.issues[number - 1]["fields"];
        json!({"id": (1000 + number).to_string(), "key": format!("ADV-{number}"), "fields": fields})
    }

    fn search(&self, jql: &str) -> Value {
        let label = jql.strip_prefix("labels = \"").and_then(|rest| rest.strip_suffix('"'));
        assert!(label.is_some() || jql == "project = \"ADV\" ORDER BY created DESC", "{jql}");
        let shown = (1..=self.issues.len() - self.hidden).rev().map(|number| self.shown(number));
        let fits = |issue: &Value| {
            label.is_none_or(|label| issue["fields"]["labels"].as_array().unwrap().contains(&json!(label)))
        };
        json!({"issues": shown.filter(fits).take(100).collect::<Vec<_>>(), "isLast": true})
    }

    fn one(&self, name: &str) -> Response {
        let number = match name.strip_prefix("ADV-") {
            Some(number) => number.parse::<usize>().unwrap(),
            None => name.parse::<usize>().unwrap().saturating_sub(1000),
        };
        if (1..=self.issues.len()).contains(&number) {
            return answer(200, &self.shown(number));
        }
        answer(
            404,
            &json!({"errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {}}),
        )
    }

    fn answer(&mut self, request: &Request) -> Result<Response, Fault> {
        assert_eq!(request.credential.as_deref(), Some("api"));
        let path = request.url.strip_prefix("https://v/rest/api/3/").unwrap();
        let path = path.split('?').next().unwrap();
        let body: Value = request.body.as_deref().map(|body| serde_json::from_slice(body).unwrap()).unwrap_or_default();
        let creates = request.method == "POST" && path.starts_with("issue");
        let lost = || Err(Fault::unknown_outcome("no answer"));
        if creates && std::mem::take(&mut self.lose_request) {
            return lost();
        }
        let response = match (request.method.as_str(), path) {
            ("POST", "search/jql") => answer(200, &self.search(body["jql"].as_str().unwrap())),
            ("POST", "issue") => {
                self.create(&body).map_or_else(|refused| answer(400, &refused), |created| answer(201, &created))
            }
            ("POST", "issue/bulk") => self.bulk(&body),
            ("GET", path) => self.one(path.strip_prefix("issue/").unwrap()),
            ("PUT", path) => {
                let number = path.strip_prefix("issue/").unwrap().parse::<usize>().unwrap() - 1000;
                let fields = body["fields"].as_object().unwrap().clone();
                self.issues[number - 1]["fields"].as_object_mut().unwrap().extend(fields);
                Response::new(204, "")
            }
            other => panic!("{other:?}"),
        };
        if creates && std::mem::take(&mut self.lose_answer) { lost() } else { Ok(response) }
    }
}

fn site() -> (Arc<Mutex<Site>>, FakeHost) {
    let site = Arc::new(Mutex::new(Site::default()));
    let inner = site.clone();
    (site, FakeHost::with(move |request| inner.lock().unwrap().answer(request)).config(CONFIG))
}

fn task(code: &str, name: &str) -> Task {
    Task {
        details: None,
        header: Header { id: Some(Id::derived(&["task", code])), ..Header::default() },
        project: None,
        project_code: Some("P-2026-0042".into()),
        code: code.into(),
        name: name.into(),
        contract_line: "L1".into(),
        billing_type: BillingType::Chargeable,
        planned_hours: None,
    }
}

fn items(codes: &[&str]) -> Vec<Item> {
    codes.iter().map(|code| item(code, &task(code, "Discovery"))).collect()
}

fn apply(host: &FakeHost, items: &[Item]) -> Vec<Outcome> {
    Jira::apply(host, ObjectKind::Task, items).unwrap()
}

fn ends(outcomes: &[Outcome]) -> Vec<(Status, Option<&str>)> {
    outcomes.iter().map(|outcome| (outcome.status, outcome.external.as_deref())).collect()
}

#[test]
fn an_issue_says_which_task_it_is() {
    let (site, host) = site();
    apply(&host, &[item("k", &task("1.1", " Discovery\nphase "))]);
    let long = Task { project_code: None, ..task("2.1", &"Discovery\n".repeat(60)) };
    apply(&host, &[item("k2", &long)]);
    let id = Id::derived(&["task", "1.1"]).to_string();
    let site = site.lock().unwrap();
    let expected = json!({
        "fields": {
            "project": {"key": "ADV"},
            "issuetype": {"name": "Task"},
            "summary": "P-2026-0042 1.1 Discovery phase",
            "labels": [format!("quoin-{id}")],
        },
        "properties": [{"key": "quoin.task", "value": {"id": id, "line": "L1", "project_code": "P-2026-0042", "code": "1.1"}}],
    });
    assert_eq!(site.issues[0], expected);
    let summary = site.issues[1]["fields"]["summary"].as_str().unwrap();
    assert!(summary.starts_with("2.1 Discovery Discovery") && summary.len() == 255, "{summary}");
}

#[test]
fn a_repeat_creates_nothing_and_a_change_is_written() {
    let (site, host) = site();
    let batch = items(&["1.1", "1.2", "1.3"]);
    assert!(apply(&host, &batch).iter().all(|outcome| outcome.status == Status::Created));
    assert!(apply(&host, &batch).iter().all(|outcome| outcome.status == Status::Unchanged));
    site.lock().unwrap().hidden = 3;
    let known = item("1.2", &task("1.2", "Workshops")).known_as("1002");
    assert_eq!(ends(&apply(&host, &[known])), [(Status::Updated, Some("1002"))], "by its known id, without the index");
    let site = site.lock().unwrap();
    assert_eq!((site.issues.len(), &site.issues[1]["fields"]["summary"]), (3, &json!("P-2026-0042 1.2 Workshops")));
    let bulk = host.requests().iter().filter(|request| request.url.ends_with("/issue/bulk")).count();
    assert_eq!(bulk, 1, "several issues go in one request");
}

#[test]
fn one_refusal_in_bulk_leaves_the_others() {
    for (codes, refused) in [(vec!["1.1", "1.2", "1.3"], 1), (vec!["1.1", "1.2"], 0), (vec!["1.1", "1.2", "1.3"], 2)] {
        let (site, host) = site();
        site.lock().unwrap().refuse = Some(format!("P-2026-0042 {} Discovery", codes[refused]));
        let batch = items(&codes);
        for (at, (outcome, item)) in apply(&host, &batch).iter().zip(&batch).enumerate() {
            if at == refused {
                let fault = outcome.fault.as_ref().unwrap();
                assert_eq!(
                    (outcome.status, fault.kind, fault.field.as_deref()),
                    (Status::Rejected, FaultKind::InvalidData, Some("/name"))
                );
                assert!(fault.message.contains("Summary can't exceed 255 characters."), "{fault}");
                continue;
            }
            // The outcome names the issue that carries its task, although the answer came in another order.
            let number = outcome.external.as_deref().unwrap().parse::<usize>().unwrap() - 1000;
            assert_eq!(
                site.lock().unwrap().issues[number - 1]["properties"][0]["value"]["id"],
                json!(item.id),
                "{codes:?}"
            );
        }
    }
    let (site, host) = site();
    site.lock().unwrap().refuse = Some("P-2026-0042 1.1 Discovery".into());
    let both = [item("a", &task("1.1", "Discovery")), item("b", &task("1.1", "Discovery"))];
    assert!(apply(&host, &both).iter().all(|outcome| outcome.status == Status::Rejected), "all refused is a 400");
}

#[test]
fn a_lost_answer_is_found_before_the_index_shows_it() {
    for (before, codes) in [(0, vec!["1.1"]), (0, vec!["1.1", "1.2"]), (45, vec!["1.1"]), (130, vec!["1.1", "1.2"])] {
        let (site, host) = site();
        site.lock().unwrap().issues = vec![json!({"fields": {"summary": "", "labels": []}}); before];
        let batch = items(&codes);
        site.lock().unwrap().lose_answer = true;
        assert!(apply(&host, &batch).iter().all(|outcome| outcome.status == Status::Unknown));
        site.lock().unwrap().hidden = codes.len();
        let found = Jira::lookup(&host, ObjectKind::Task, &batch).unwrap();
        let ids: Vec<String> = (1..=codes.len()).map(|at| (1000 + before + at).to_string()).collect();
        let expected: Vec<_> = ids.iter().map(|id| (Status::Created, Some(id.as_str()))).collect();
        assert_eq!(ends(&found), expected, "{before} {codes:?}");
        assert_eq!(site.lock().unwrap().issues.len(), before + codes.len());
    }
}

#[test]
fn a_lost_request_is_surely_not_there_and_is_written_once() {
    let (site, host) = site();
    let batch = items(&["1.1", "1.2"]);
    site.lock().unwrap().lose_request = true;
    assert!(apply(&host, &batch).iter().all(|outcome| outcome.status == Status::Unknown));
    let before = host.requests().len();
    for outcome in Jira::lookup(&host, ObjectKind::Task, &batch).unwrap() {
        assert_eq!((outcome.status, outcome.fault.unwrap().code.as_str()), (Status::Absent, "ABSENT"));
    }
    let reads = |request: &Request| request.method == "GET" || request.url.ends_with("/search/jql");
    assert!(host.requests()[before..].iter().all(reads), "looking up writes nothing");
    assert!(apply(&host, &batch).iter().all(|outcome| outcome.status == Status::Created));
    assert_eq!(site.lock().unwrap().issues.len(), 2);
}

#[test]
fn a_project_that_outgrows_the_index_leaves_it_unknown() {
    let (site, host) = site();
    site.lock().unwrap().issues = vec![json!({"fields": {"summary": "", "labels": []}}); 400];
    site.lock().unwrap().hidden = 390;
    let outcome = &Jira::lookup(&host, ObjectKind::Task, &items(&["1.1"])).unwrap()[0];
    assert_eq!((outcome.status, outcome.fault.as_ref().unwrap().retry_after_ms), (Status::Unknown, Some(15_000)));
}

#[test]
fn what_needs_a_person_is_not_written() {
    let (site, host) = site();
    apply(&host, &items(&["1.1"]));
    let mut delete = items(&["1.1"]).remove(0);
    delete.delete = true;
    let gone = item("2.2", &task("2.2", "Gone")).known_as("1999");
    let copy = site.lock().unwrap().issues[0].clone();
    site.lock().unwrap().issues.push(copy);
    let cases = [
        (delete, Status::Rejected, "DELETE_TASK"),
        (gone, Status::Conflict, "ISSUE_GONE"),
        (items(&["1.1"]).remove(0), Status::Conflict, "AMBIGUOUS"),
    ];
    for (item, status, code) in cases {
        let outcome = apply(&host, &[item]).remove(0);
        assert_eq!((outcome.status, outcome.fault.unwrap().code.as_str()), (status, code));
    }
    assert_eq!(site.lock().unwrap().issues.len(), 2);
    assert!(Jira::apply(&host, ObjectKind::Invoice, &[]).is_err());
}

#[test]
fn a_look_up_that_cannot_ask_says_so() {
    for (status, kind) in [(401, FaultKind::AuthExpired), (429, FaultKind::RateLimited), (503, FaultKind::Unavailable)]
    {
        let host = FakeHost::new(CONFIG).respond("POST", "https://v/rest/api/3/search/jql", Response::new(status, ""));
        assert_eq!(Jira::lookup(&host, ObjectKind::Task, &items(&["1.1"])).unwrap_err().kind, kind, "{status}");
    }
}

#[test]
fn a_refused_creation_is_judged_by_its_status() {
    let cases = [
        (400, r#"{"errorMessages":["No"],"errors":{}}"#, Status::Rejected),
        (401, "", Status::Rejected),
        (403, "", Status::Rejected),
        (429, "", Status::Retry),
        (500, "", Status::Unknown),
        (502, "<html>", Status::Unknown),
        (201, r#"{"id":"10"#, Status::Unknown),
    ];
    for (status, body, end) in cases {
        for codes in [vec!["1.1"], vec!["1.1", "1.2"]] {
            let host = FakeHost::new(CONFIG)
                .respond("POST", "https://v/rest/api/3/search/jql", answer(200, &json!({"issues": []})))
                .respond("POST", "https://v/rest/api/3/issue", Response::new(status, body));
            assert!(
                apply(&host, &items(&codes)).iter().all(|outcome| outcome.status == end),
                "{status} {body} {codes:?}"
            );
        }
    }
}

#[test]
fn nothing_is_begun_at_the_end_of_the_call() {
    let (site, host) = site();
    let host = host.remaining(900);
    assert_eq!(apply(&host, &items(&["1.1"]))[0].status, Status::Retry);
    assert!(site.lock().unwrap().issues.is_empty());
}
