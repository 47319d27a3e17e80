//! A connector in front of the running simulator: the host is a fake that really calls.

use std::sync::Mutex;

use quoin_sdk::{Fault, FaultKind, Request, Response, code};
use quoin_simulator::{Args, Running};
use quoin_testkit::FakeHost;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The simulated vendor, and a way to call it from tests that are not async.
pub struct Vendor {
    pub runtime: Runtime,
    pub running: Running,
    client: reqwest::Client,
}

impl Vendor {
    /// The org with the scenario's deal; options as on the command line.
    pub fn start(options: &[(&str, &str)]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let args = Args {
            seed: Some("scenario".into()),
            options: options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            ..Args::default()
        };
        let running =
            runtime.block_on(quoin_simulator::start("salesforce", args, simulator_salesforce::build)).unwrap();
        Self { runtime, running, client: reqwest::Client::new() }
    }

    /// A control route; the answer must be a success.
    pub fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let method: reqwest::Method = method.parse().unwrap();
        let url = format!("{}/_sim{path}", self.running.http);
        self.runtime.block_on(async {
            let answer = self.client.request(method, url).json(&body).send().await.unwrap();
            let status = answer.status();
            let text = answer.text().await.unwrap();
            assert!(status.is_success(), "{path}: {status} {text}");
            serde_json::from_str(&text).unwrap()
        })
    }

    pub fn act(&self, action: &str, body: Value) -> Value {
        self.control("POST", &format!("/act/{action}"), body)
    }

    pub fn plug(&self, fault: Value) {
        self.control("POST", "/faults", fault);
    }

    /// How many effects of a kind were committed.
    pub fn count(&self, kind: &str) -> u64 {
        self.control("GET", "/ledger", Value::Null)["counts"][kind].as_u64().unwrap_or(0)
    }

    /// A host connected to this vendor, with a session.
    pub fn host(&self) -> FakeHost {
        self.host_with(json!({}))
    }

    /// The same with further configuration.
    pub fn host_with(&self, more: Value) -> FakeHost {
        let mut config = json!({"base_url": self.running.http});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let client = self.client.clone();
        let handle = self.runtime.handle().clone();
        let token = Mutex::new(self.token());
        FakeHost::with(move |request| handle.block_on(call(&client, &token.lock().unwrap(), request)))
            .config(config.to_string())
            .secret("webhook", "s3cret")
    }

    fn token(&self) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", simulator_salesforce::CLIENT_ID),
            ("client_secret", simulator_salesforce::CLIENT_SECRET),
        ];
        let url = format!("{}/services/oauth2/token", self.running.http);
        let answer: Value = self
            .runtime
            .block_on(async { self.client.post(url).form(&form).send().await.unwrap().json().await.unwrap() });
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

/// What the host's door does: attach the credential, and say honestly when no whole answer came.
async fn call(client: &reqwest::Client, token: &str, request: &Request) -> Result<Response, Fault> {
    let lost = |error: reqwest::Error| Fault::new(FaultKind::Transient, code::UNKNOWN_OUTCOME, error.to_string());
    let method: reqwest::Method = request.method.parse().unwrap();
    let mut outgoing = client.request(method, &request.url);
    for (name, value) in &request.headers {
        outgoing = outgoing.header(name, value);
    }
    if request.credential.as_deref() == Some("api") {
        outgoing = outgoing.bearer_auth(token);
    }
    if let Some(body) = request.body.clone() {
        outgoing = outgoing.body(body);
    }
    let answer = outgoing.send().await.map_err(lost)?;
    let status = answer.status().as_u16();
    let headers: Vec<(String, String)> =
        answer.headers().iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap_or_default().to_owned())).collect();
    let body = answer.bytes().await.map_err(lost)?.to_vec();
    Ok(Response { status, headers, body })
}
