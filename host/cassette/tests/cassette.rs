//! A recording is scrubbed, reads back as it was, and plays again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use cassette::{
    Asked, Body, Call, Cassette, Exchange, FORMAT, Player, RecordedFault, Recorder, Reply, Returned, Scrubber,
    differences,
};
use ports::{
    Access, CallContext, HttpRequest, HttpResponse, MacAlgorithm, Outbound, SecretError, SecretValue, Secrets,
    SendError,
};
use serde_json::json;

const SECRET: &str = "correct-horse-battery";

struct Vault;

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<SecretValue, SecretError> {
        Err(SecretError::Missing(name.into()))
    }
    async fn put(&self, _: &str, _: SecretValue) -> Result<(), SecretError> {
        Ok(())
    }
    async fn verify_mac(&self, name: &str, _: MacAlgorithm, _: &[u8], _: &[u8]) -> Result<bool, SecretError> {
        Err(SecretError::Missing(name.into()))
    }
    async fn equals(&self, name: &str, _: &[u8]) -> Result<bool, SecretError> {
        Err(SecretError::Missing(name.into()))
    }
    async fn names(&self) -> Vec<String> {
        Vec::new()
    }
    fn redact(&self, text: &str) -> String {
        text.replace(SECRET, "[redacted]")
    }
}

/// A vendor that echoes the secret in every place it can.
struct Echo;

#[async_trait]
impl Outbound for Echo {
    async fn send(&self, _: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        if request.url.ends_with("/lost") {
            return Err(SendError::UnknownOutcome(format!("cut after {SECRET}")));
        }
        let body = json!({ "email": "ana@firm.example", "token": SECRET, "amount": 7 }).to_string();
        let headers = [("Set-Cookie", SECRET), ("X-Echo", SECRET), ("ETag", "7")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Ok(HttpResponse { status: 200, headers, body: Bytes::from(body) })
    }
}

fn context(call: &str) -> CallContext {
    CallContext {
        connection: "crm".into(),
        access: Access::Read,
        call: call.into(),
        digest: String::new(),
        deadline: Instant::now(),
    }
}

fn request(method: &str, url: &str, body: Option<&str>) -> HttpRequest {
    let body = body.map(|body| Bytes::from(body.to_owned()));
    HttpRequest { method: method.into(), url: url.into(), body, credential: Some("api".into()), ..Default::default() }
}

async fn recorded() -> Vec<(String, Exchange)> {
    let scrubber = Scrubber::new(Arc::new(Vault)).hiding(["Email".to_owned()]);
    let recorder = Recorder::new(Arc::new(Echo), scrubber);
    let leaky = format!(r#"{{"note":"{SECRET}"}}"#);
    recorder.send(&context("1"), request("POST", "https://v.example/a", Some(&leaky))).await.unwrap();
    let lost = recorder.send(&context("2"), request("POST", "https://v.example/lost", None)).await;
    assert!(matches!(lost, Err(SendError::UnknownOutcome(_))));
    assert!(recorder.take("erp").is_empty());
    let taken = recorder.take("crm");
    assert!(recorder.take("crm").is_empty(), "taken is taken");
    taken
}

#[tokio::test]
async fn nothing_secret_or_personal_is_kept_and_equal_values_stay_equal() {
    let taken = recorded().await;
    assert_eq!(taken.iter().map(|(call, _)| call.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    let text = serde_json::to_string(&taken).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    assert!(!text.contains("ana@firm"), "{text}");
    assert!(!text.contains("Set-Cookie"), "{text}");
    assert!(text.contains("ETag") && text.contains("@hidden.example"), "{text}");
    let again = serde_json::to_string(&recorded().await).unwrap();
    assert_eq!(text, again, "pseudonyms are stable");
}

#[tokio::test]
async fn a_cassette_reads_back_and_plays_each_answer_once() {
    let exchanges: Vec<Exchange> = recorded().await.into_iter().map(|(_, exchange)| exchange).collect();
    let returned = Returned::Fault(RecordedFault {
        kind: "transient".into(),
        code: "X".into(),
        message: "m".into(),
        field: None,
        retry_after_ms: None,
    });
    let call = Call { asked: Asked::Check, now: "2026-01-02T03:04:05Z".parse().unwrap(), exchanges, returned };
    let cassette = Cassette {
        cassette: FORMAT,
        plugin: "acme".into(),
        version: "0.1.0".into(),
        digest: "00".into(),
        config: json!({}),
        calls: vec![call],
    };
    let read = Cassette::read(&cassette.write().unwrap()).unwrap();
    assert_eq!(read, cassette);

    let player = Player::new(read.calls[0].exchanges.clone());
    let asked = request("POST", "https://v.example/a", Some(r#"{"note":"[redacted]"}"#));
    assert_eq!(player.missed().len(), 2);
    assert_eq!(player.send(&context("1"), asked.clone()).await.unwrap().status, 200);
    let twice = player.send(&context("1"), asked).await;
    assert!(matches!(twice, Err(SendError::Denied(why)) if why.contains("is not on the cassette")));
    assert!(player.send(&context("1"), request("POST", "https://v.example/lost", None)).await.is_err());
    assert_eq!((player.missed().len(), player.unexpected().len()), (0, 1));
}

#[test]
fn bodies_keep_every_byte() {
    for bytes in [&b"{\"a\":1}"[..], b"{ \"a\" : 1.10 }", b"<html>", b"", b"\xff\x00", b"12345678901234567890.10"] {
        let body = Body::of(bytes);
        let read: Body = serde_json::from_str(&serde_json::to_string(&body).unwrap()).unwrap();
        assert_eq!(read.bytes(), bytes, "{body:?}");
    }
    assert_eq!(Body::of(b"{\"a\":1}"), Body::Json(json!({"a": 1})));
    assert!(matches!(Body::of(b"{\"a\":1.10}"), Body::Text(_)), "digits are money");
}

#[test]
fn differences_name_the_path() {
    let page = |name: &str, more: bool| Returned::Page {
        changes: vec![json!({"external": "1", "data": {"name": name}})],
        next: None,
        more,
    };
    assert!(differences(&page("A", true), &page("A", true)).is_empty());
    let found = differences(&page("A", true), &page("B", false));
    let paths: Vec<&str> = found.iter().map(|difference| difference.path.as_str()).collect();
    assert_eq!(paths, ["/page/changes/0/data/name", "/page/more"]);
    assert_eq!(found[0].to_string(), "/page/changes/0/data/name: recorded \"A\", now \"B\"");
}

#[test]
fn a_cassette_of_the_future_is_answered_in_words() {
    let error = Cassette::read(r#"{"cassette": 2}"#).unwrap_err().to_string();
    assert!(error.contains("format 2") && error.contains("newer"), "{error}");
    assert!(Cassette::read("{}").unwrap_err().to_string().contains("quoin record"));
    assert!(matches!(Reply::of(&Err(SendError::Denied("x".into()))), Reply::Denied(_)));
}
