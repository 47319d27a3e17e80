//! A vendor that records what it is sent, and the ports that egress uses, under the test's hand.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use bytes::Bytes;
use egress::{ConnectionConfig, CredentialConfig, Egress, Lookup, Nonces};
use http::HeaderMap;
use jiff::Timestamp;
use ports::{
    Access, CallContext, Clock, HttpRequest, HttpResponse, MacAlgorithm, Outbound, SecretError, SecretValue, Secrets,
    SendError,
};
use quoin_package::Scheme;

pub const START: i64 = 1_772_446_500;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub peer: SocketAddr,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
    pub fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// A vendor on loopback.
pub struct Vendor {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Vendor {
    pub async fn answering(answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> Self {
        Self::start(move |seen| std::future::ready(answer(&seen))).await
    }

    pub async fn start<F: Future<Output = Response> + Send + 'static>(
        answer: impl Fn(Seen) -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let app = Router::new().fallback(move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| {
            let (record, answer) = (Arc::clone(&record), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                let arrived = Seen {
                    method: parts.method.to_string(),
                    path: parts.uri.path().to_owned(),
                    query: parts.uri.query().map(str::to_owned),
                    headers: parts.headers,
                    body: to_bytes(body, 64 << 20).await.unwrap(),
                    peer,
                };
                record.lock().unwrap().push(arrived.clone());
                answer(arrived).await
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(
            async move { axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await },
        );
        Self { port, seen }
    }

    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
    pub fn seen_at(&self, path: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.path == path).collect()
    }
}

pub fn answer(status: u16, body: impl Into<axum::body::Body>) -> Response {
    Response::builder().status(status).body(body.into()).unwrap()
}

pub fn json(status: u16, body: serde_json::Value) -> Response {
    Response::builder().status(status).header("content-type", "application/json").body(body.to_string().into()).unwrap()
}

/// Secrets in memory; storing can be made to fail.
#[derive(Default)]
pub struct MemorySecrets {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
    pub refuse_storing: AtomicBool,
}

impl MemorySecrets {
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.values.lock().unwrap()[name].clone()).unwrap()
    }
    pub fn set(&self, name: &str, value: &str) {
        self.values.lock().unwrap().insert(name.to_owned(), value.as_bytes().to_vec());
    }
}

#[async_trait]
impl Secrets for MemorySecrets {
    async fn get(&self, name: &str) -> Result<SecretValue, SecretError> {
        let value = self.values.lock().unwrap().get(name).cloned();
        value.map(SecretValue::new).ok_or_else(|| SecretError::Missing(name.to_owned()))
    }
    async fn put(&self, name: &str, value: SecretValue) -> Result<(), SecretError> {
        if self.refuse_storing.load(Ordering::SeqCst) {
            return Err(SecretError::Unusable { name: name.to_owned(), reason: "the disk is full".into() });
        }
        value.expose(|bytes| self.values.lock().unwrap().insert(name.to_owned(), bytes.to_vec()));
        Ok(())
    }
    async fn verify_mac(&self, _: &str, _: MacAlgorithm, _: &[u8], _: &[u8]) -> Result<bool, SecretError> {
        unreachable!("egress proves nothing inbound")
    }
    async fn equals(&self, _: &str, _: &[u8]) -> Result<bool, SecretError> {
        unreachable!("egress proves nothing inbound")
    }
    async fn names(&self) -> Vec<String> {
        self.values.lock().unwrap().keys().cloned().collect()
    }
    fn redact(&self, text: &str) -> String {
        let values = self.values.lock().unwrap();
        let texts =
            values.values().filter_map(|value| std::str::from_utf8(value).ok()).filter(|value| value.len() >= 6);
        texts.fold(text.to_owned(), |text, value| text.replace(value, "[redacted]"))
    }
}

/// A clock that the test moves.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// `nonce1`, `nonce2`, …
#[derive(Default)]
struct Counted(AtomicU32);

impl Nonces for Counted {
    fn nonce(&self) -> String {
        format!("nonce{}", self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// Names under the test's hand; each look-up may answer differently.
#[derive(Default)]
pub struct Names {
    answers: Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>,
    pub asked: AtomicU32,
}

impl Names {
    /// The first look-up of `host` gets the first list, the next the second; the last one stays.
    pub fn set(&self, host: &str, answers: &[&[&str]]) {
        let parse = |list: &&[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        self.answers.lock().unwrap().insert(host.to_owned(), answers.iter().map(parse).collect());
    }
}

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if host == "never.test" {
            std::future::pending::<()>().await;
        }
        let mut answers = self.answers.lock().unwrap();
        let Some(lists) = answers.get_mut(host) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no such name"));
        };
        Ok(if lists.len() > 1 { lists.remove(0) } else { lists[0].clone() })
    }
}

/// An egress with one connection named `erp`.
pub struct House {
    pub egress: Arc<Egress>,
    pub secrets: Arc<MemorySecrets>,
    pub clock: Arc<HandClock>,
    pub names: Arc<Names>,
}

impl House {
    pub fn new(config: ConnectionConfig, secrets: &[(&str, &str)]) -> Self {
        let (vault, names) = (Arc::new(MemorySecrets::default()), Arc::new(Names::default()));
        for (part, value) in secrets {
            vault.set(&format!("erp/api/{part}"), value);
        }
        let clock = Arc::new(HandClock(AtomicI64::new(START)));
        let egress = Egress::new(vault.clone(), clock.clone())
            .with_lookup(names.clone())
            .with_nonces(Arc::new(Counted::default()));
        egress.install(&config).unwrap();
        Self { egress: Arc::new(egress), secrets: vault, clock, names }
    }

    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        self.egress.send(&call(Access::Write), request).await
    }
    pub async fn get(&self, url: &str) -> Result<HttpResponse, SendError> {
        self.send(get(url)).await
    }
    pub async fn get_with(&self, url: &str) -> Result<HttpResponse, SendError> {
        self.send(with_slot(get(url))).await
    }
}

pub fn call(access: Access) -> CallContext {
    CallContext {
        connection: "erp".into(),
        access,
        call: "call-7".into(),
        digest: "d".repeat(64),
        deadline: Instant::now() + Duration::from_secs(10),
    }
}

pub fn get(url: &str) -> HttpRequest {
    HttpRequest { method: "GET".into(), url: url.into(), ..HttpRequest::default() }
}

pub fn post(url: &str, body: &'static str) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        url: url.into(),
        body: Some(Bytes::from_static(body.as_bytes())),
        ..HttpRequest::default()
    }
}

pub fn with_slot(mut request: HttpRequest) -> HttpRequest {
    request.credential = Some("api".into());
    request
}

pub fn with_header(mut request: HttpRequest, name: &str, value: &str) -> HttpRequest {
    request.headers.push((name.into(), value.into()));
    request
}

/// A connection to these origins, loopback opened.
pub fn config(origins: &[&str]) -> ConnectionConfig {
    let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
    ConnectionConfig {
        connection: "erp".into(),
        manifest_origins: origins.clone(),
        granted_origins: origins,
        allow_private: vec!["127.0.0.1".into()],
        ..ConnectionConfig::default()
    }
}

pub fn slot(scheme: Scheme) -> CredentialConfig {
    CredentialConfig::new("api", scheme)
}

pub fn with_credential(mut config: ConnectionConfig, credential: CredentialConfig) -> ConnectionConfig {
    config.credentials.push(credential);
    config
}

pub fn denial(result: Result<HttpResponse, SendError>) -> String {
    match result {
        Err(SendError::Denied(text)) => text,
        other => panic!("expected a denial, got {other:?}"),
    }
}
