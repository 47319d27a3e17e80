//! The fake host.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::{constant_time, hmac};
use quoin_sdk::{Algorithm, Fault, FaultKind, Host, Level, Request, Response, Timestamp, code};

type Responder = dyn Fn(&Request) -> Result<Response, Fault> + Send + Sync;

/// A line the connector logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// How much it matters.
    pub level: Level,
    /// The line.
    pub message: String,
    /// Its fields.
    pub fields: Vec<(String, String)>,
}

/// One scripted answer.
struct Script {
    method: String,
    url_prefix: String,
    answer: Result<Response, Fault>,
    spent: bool,
}

/// A host for native tests.
pub struct FakeHost {
    config: String,
    now: Timestamp,
    remaining_ms: u64,
    responder: Option<Box<Responder>>,
    secrets: BTreeMap<String, Vec<u8>>,
    scripts: Mutex<Vec<Script>>,
    requests: Mutex<Vec<Request>>,
    logs: Mutex<Vec<Logged>>,
}

impl FakeHost {
    /// A host with this configuration (JSON text) and no answers yet. Its clock stands at
    /// 2026-01-01T00:00:00Z.
    pub fn new(config_json: impl Into<String>) -> Self {
        Self {
            config: config_json.into(),
            now: Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH),
            remaining_ms: 30_000,
            responder: None,
            secrets: BTreeMap::new(),
            scripts: Mutex::default(),
            requests: Mutex::default(),
            logs: Mutex::default(),
        }
    }

    /// A host that asks this closure for every answer.
    pub fn with(responder: impl Fn(&Request) -> Result<Response, Fault> + Send + Sync + 'static) -> Self {
        Self { responder: Some(Box::new(responder)), ..Self::new("{}") }
    }

    /// Another configuration (JSON text).
    #[must_use]
    pub fn config(mut self, config_json: impl Into<String>) -> Self {
        self.config = config_json.into();
        self
    }

    /// Answers requests of this method whose URL starts with `url_prefix`. The longest prefix wins;
    /// several answers for the same one are given in turn, the last one again and again.
    #[must_use]
    pub fn respond(self, method: &str, url_prefix: &str, response: Response) -> Self {
        self.script(method, url_prefix, Ok(response))
    }

    /// Like [`FakeHost::respond`], but no answer comes.
    #[must_use]
    pub fn fail(self, method: &str, url_prefix: &str, fault: Fault) -> Self {
        self.script(method, url_prefix, Err(fault))
    }

    /// Sets the clock.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// Sets the time left.
    #[must_use]
    pub fn remaining(mut self, remaining_ms: u64) -> Self {
        self.remaining_ms = remaining_ms;
        self
    }

    /// Fills a secret slot, for proofs.
    #[must_use]
    pub fn secret(mut self, slot: &str, value: impl Into<Vec<u8>>) -> Self {
        self.secrets.insert(slot.into(), value.into());
        self
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }

    /// Every logged line so far, in order.
    pub fn logs(&self) -> Vec<Logged> {
        lock(&self.logs).clone()
    }

    fn script(self, method: &str, url_prefix: &str, answer: Result<Response, Fault>) -> Self {
        let script = Script { method: method.into(), url_prefix: url_prefix.into(), answer, spent: false };
        lock(&self.scripts).push(script);
        self
    }

    fn scripted(&self, request: &Request) -> Result<Response, Fault> {
        let mut scripts = lock(&self.scripts);
        let fits = |script: &Script| script.method == request.method && request.url.starts_with(&script.url_prefix);
        let longest = scripts.iter().filter(|s| fits(s)).map(|s| s.url_prefix.len()).max().unwrap_or(0);
        let mut turn = scripts.iter_mut().filter(|s| fits(s) && s.url_prefix.len() == longest && !s.spent);
        let Some(script) = turn.next() else {
            let message = format!("no answer for {} {}; add .respond(…) to the fake host", request.method, request.url);
            return Err(Fault::new(FaultKind::Internal, code::DENIED, message));
        };
        script.spent = turn.next().is_some();
        script.answer.clone()
    }

    fn secret_of(&self, slot: &str) -> Result<&[u8], Fault> {
        self.secrets.get(slot).map(Vec::as_slice).ok_or_else(|| {
            Fault::new(FaultKind::Config, "SECRET_MISSING", format!("slot '{slot}' has no secret; add .secret(…)"))
        })
    }
}

impl Host for FakeHost {
    fn send(&self, request: Request) -> Result<Response, Fault> {
        lock(&self.requests).push(request.clone());
        match &self.responder {
            Some(responder) => responder(&request),
            None => self.scripted(&request),
        }
    }

    fn send_all(&self, requests: Vec<Request>, _max_parallel: u32) -> Vec<Result<Response, Fault>> {
        requests.into_iter().map(|request| self.send(request)).collect()
    }

    fn config_json(&self) -> String {
        self.config.clone()
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn remaining_ms(&self) -> u64 {
        self.remaining_ms
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        lock(&self.logs).push(Logged { level, message: message.into(), fields });
    }

    fn verify_hmac(&self, slot: &str, algorithm: Algorithm, payload: &[u8], mac: &[u8]) -> Result<bool, Fault> {
        let algorithm = match algorithm {
            Algorithm::HmacSha256 => hmac::HMAC_SHA256,
            Algorithm::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        };
        let key = hmac::Key::new(algorithm, self.secret_of(slot)?);
        Ok(hmac::verify(&key, payload, mac).is_ok())
    }

    fn verify_equals(&self, slot: &str, candidate: &[u8]) -> Result<bool, Fault> {
        Ok(constant_time::verify_slices_are_equal(self.secret_of(slot)?, candidate).is_ok())
    }
}

/// A test's panic while holding the lock must not hide the test's own message.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_for_one_prefix_come_in_turn_and_the_longest_prefix_wins() {
        let host = FakeHost::new("{}")
            .respond("GET", "https://v/", Response::new(404, ""))
            .respond("GET", "https://v/page", Response::new(200, "1"))
            .respond("GET", "https://v/page", Response::new(200, "2"));
        let bodies: Vec<String> = (0..3).map(|_| host.send(Request::get("https://v/page?x")).unwrap().text()).collect();
        assert_eq!(bodies, ["1", "2", "2"]);
        assert_eq!(host.send(Request::get("https://v/other")).unwrap().status, 404);
        assert_eq!(host.send(Request::post("https://v/other")).unwrap_err().code, code::DENIED);
        assert_eq!(host.requests().len(), 5);
    }

    #[test]
    fn proofs_use_the_slot() {
        let host = FakeHost::new("{}").secret("webhook", "key");
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"key"), b"body");
        assert_eq!(host.verify_hmac("webhook", Algorithm::HmacSha256, b"body", mac.as_ref()), Ok(true));
        assert_eq!(host.verify_hmac("webhook", Algorithm::HmacSha256, b"other", mac.as_ref()), Ok(false));
        assert_eq!(host.verify_equals("webhook", b"key"), Ok(true));
        assert!(host.verify_equals("none", b"key").is_err());
    }
}
