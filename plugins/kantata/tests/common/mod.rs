//! A host whose vendor is the simulator, in this process: no socket, no wait.

#![allow(dead_code)] // each test file uses its part

use std::sync::Mutex;

use quoin_sdk::{Fault, Item, ObjectKind, Outcome, Request, Response, Sink, Status};
use quoin_simulator::axum::body::{Body, to_bytes};
use quoin_simulator::{FaultSpec, Kit, app, axum};
use quoin_testkit::FakeHost;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The vendor and a host connected to it.
pub struct Vendor {
    pub kit: Kit,
    pub host: FakeHost,
    door: std::sync::Arc<Door>,
}

struct Door {
    kit: Kit,
    router: axum::Router,
    runtime: Mutex<tokio::runtime::Runtime>,
}

impl Door {
    /// One request; an answer that was cut off is a lost answer.
    fn pass(&self, method: &str, url: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Result<Response, Fault> {
        let path = url.strip_prefix("http://kantata.test").expect("an address of the simulator");
        let mut request = axum::http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body)).expect("a request");
        let lost = || Fault::unknown_outcome("the connection ended without an answer");
        let answer = self.runtime.lock().expect("the runtime").block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("a router answers");
            let (head, body) = response.into_parts();
            to_bytes(body, usize::MAX).await.map(|body| (head, body))
        });
        let (head, body) = answer.map_err(|_| lost())?;
        let cut = self.kit.requests().entries("").last().is_some_and(|entry| entry.status.is_none());
        if cut && !path.starts_with("/_sim") {
            return Err(lost());
        }
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(Response { status: head.status.as_u16(), headers, body: body.to_vec() })
    }
}

impl Door {
    /// A connector's request, with the credential it names.
    fn take(&self, request: &Request) -> Result<Response, Fault> {
        let mut headers = request.headers.clone();
        if request.credential.as_deref() == Some("api") {
            headers.push(("authorization".into(), format!("Bearer {}", simulator_kantata::TOKEN)));
        }
        self.pass(&request.method, &request.url, headers, request.body.clone().unwrap_or_default())
    }
}

impl Vendor {
    /// A host whose first creation at a path somebody else sends just before it, word for word.
    pub fn beaten(&self, path: &'static str, config: Value) -> FakeHost {
        let (door, beaten) = (self.door.clone(), Mutex::new(false));
        let responder = move |request: &Request| {
            let mut beaten = beaten.lock().expect("a flag");
            if !*beaten && request.method == "POST" && request.url.ends_with(path) {
                *beaten = true;
                door.take(request)?;
            }
            door.take(request)
        };
        FakeHost::with(responder).config(config.to_string())
    }

    /// With the people of the acceptance script and their roles.
    pub fn scenario(config: Value) -> Self {
        let kit = Kit::new("kantata");
        let router = app(&kit, simulator_kantata::build(kit.clone()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let door = std::sync::Arc::new(Door { kit: kit.clone(), router, runtime: Mutex::new(runtime) });
        let inner = door.clone();
        let responder = move |request: &Request| inner.take(request);
        let mut full = json!({
            "base_url": "http://kantata.test",
            "vat_field_id": "9001",
            "status_keys": {"shell_created": "110", "active": "305", "on_hold": "410"},
        });
        if let (Some(full), Some(more)) = (full.as_object_mut(), config.as_object()) {
            full.extend(more.clone());
        }
        let vendor = Self { host: FakeHost::with(responder).config(full.to_string()), kit, door };
        vendor.invite();
        vendor
    }

    fn invite(&self) {
        for (name, email, role) in
            [("Ana Almeida", "ana@advisory.example", "Senior"), ("Ben Berger", "ben@advisory.example", "Consultant")]
        {
            self.act("add_user", json!({"name": name, "email": email, "role": role}));
        }
    }

    /// Back to the beginning.
    pub fn reset(&self) {
        self.kit.reset();
        self.invite();
    }

    /// An action in the vendor's user interface.
    pub fn act(&self, action: &str, input: Value) -> Value {
        let (status, answer) = self.ask("POST", &format!("/_sim/act/{action}"), input);
        assert_eq!(status, 200, "{action}: {answer}");
        answer
    }

    /// A request of a person with the token, past the connector.
    pub fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let headers = vec![
            ("authorization".to_owned(), format!("Bearer {}", simulator_kantata::TOKEN)),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.door.pass(method, &format!("http://kantata.test{path}"), headers, body).expect("an answer");
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    /// Plugs in a fault.
    pub fn plug(&self, fault: Value) {
        self.kit.plug(serde_json::from_value::<FaultSpec>(fault).expect("a fault"));
    }

    /// Lets time pass at the vendor.
    pub fn pass_seconds(&self, seconds: i64) {
        self.kit.clock().advance_seconds(seconds);
    }

    /// Committed effects of a kind.
    pub fn count(&self, kind: &str) -> usize {
        self.kit.ledger.count(kind)
    }

    /// One attempt.
    pub fn apply<C: Sink>(&self, object: ObjectKind, item: &Item) -> Outcome {
        C::apply(&self.host, object, std::slice::from_ref(item)).expect("outcomes").remove(0)
    }

    /// One question.
    pub fn lookup<C: Sink>(&self, object: ObjectKind, item: &Item) -> Outcome {
        C::lookup(&self.host, object, std::slice::from_ref(item)).expect("outcomes").remove(0)
    }

    /// What a host does with an item: apply, look up what is unknown, apply again what is surely not
    /// there, until it is done or refused.
    pub fn settle<C: Sink>(&self, object: ObjectKind, item: &Item) -> Outcome {
        let mut outcome = self.apply::<C>(object, item);
        for _ in 0..20 {
            outcome = match outcome.status {
                Status::Unknown => self.lookup::<C>(object, item),
                Status::Retry | Status::Absent => self.apply::<C>(object, item),
                _ => return outcome,
            };
        }
        panic!("not settled after 20 attempts: {outcome:?}");
    }
}
