//! What is known after a failure: not sent, or perhaps carried out.

use std::future::pending;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use ports::{Access, CallContext, HttpRequest, Outbound, SendError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

/// A server that reads a whole request, then does as the case says.
async fn raw(reply: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            read_request(&mut socket).await;
            let _ = socket.write_all(reply).await;
        }
    });
    origin
}

/// An address that is https by name only.
async fn no_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    origin
}

/// Reads headers, and `request-body` where one is announced.
async fn read_request(socket: &mut TcpStream) {
    let mut got = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let count = socket.read(&mut buffer).await.unwrap_or(0);
        got.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&got).to_lowercase();
        let whole =
            text.contains("\r\n\r\n") && (!text.contains("content-length: 12") || text.ends_with("request-body"));
        if count == 0 || whole {
            return;
        }
    }
}

fn write_to(url: &str) -> HttpRequest {
    post(url, "request-body")
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown() {
    let cases: [&'static [u8]; 4] =
        [b"", b"HTTP/1.1 20", b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\npart", b"not http at all\r\n\r\n"];
    for reply in cases {
        let origin = raw(reply).await;
        let house = House::new(config(&[&origin]), &[]);
        let error = house.send(write_to(&format!("{origin}/job?secret-query=1"))).await.unwrap_err();
        assert!(matches!(error, SendError::UnknownOutcome(_)), "{reply:?}: {error:?}");
        assert!(!error.to_string().contains("secret-query"), "{error}");
        let error = house.get(&origin).await.unwrap_err();
        assert!(matches!(error, SendError::UnknownOutcome(_)), "{reply:?}: {error:?}");
    }
}

#[tokio::test]
async fn what_never_reached_the_vendor_is_not_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://127.0.0.1:{}", closed.local_addr().unwrap().port());
    drop(closed);
    let plain = no_tls().await;
    let house = House::new(config(&[&refused, &plain, "http://unknown.test", "https://unknown.test"]), &[]);
    for url in [refused.as_str(), plain.as_str(), "http://unknown.test/", "https://unknown.test/"] {
        for request in [get(url), write_to(url)] {
            let error = house.send(request).await.unwrap_err();
            assert!(matches!(error, SendError::NotSent(_)), "{url}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_in_time_leaves_the_outcome_unknown() {
    let vendor = Vendor::start(|seen| async move {
        if seen.path == "/silent" {
            pending::<()>().await;
        }
        let drip = futures::stream::once(async { Ok::<_, std::io::Error>("first") });
        Response::new(Body::from_stream(futures::StreamExt::chain(drip, futures::stream::pending())))
    })
    .await;
    let house = House::new(config(&[&vendor.origin()]), &[]);
    // A second, so that the request is out, and the status of the second here, on a busy machine.
    for (path, part) in [("/silent", "no answer"), ("/drip", "status 200 came, but its body did not end")] {
        let request = HttpRequest { timeout_ms: Some(1_000), ..write_to(&format!("{}{path}", vendor.origin())) };
        let error = house.send(request).await.unwrap_err();
        assert!(matches!(&error, SendError::UnknownOutcome(text) if text.contains(part)), "{path}: {error:?}");
    }
    // The call's own deadline counts as well.
    let call = CallContext { deadline: Instant::now() + Duration::from_secs(1), ..call(Access::Write) };
    let error = house.egress.send(&call, write_to(&format!("{}/silent", vendor.origin()))).await.unwrap_err();
    assert!(matches!(error, SendError::UnknownOutcome(_)), "{error:?}");
}

#[tokio::test]
async fn a_write_that_waited_for_its_connection_only_is_not_sent() {
    let house = House::new(config(&["http://never.test"]), &[]);
    let request = HttpRequest { timeout_ms: Some(100), ..write_to("http://never.test/") };
    let error = house.send(request).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent(_)), "{error:?}");
}

#[tokio::test]
async fn requests_beyond_the_budget_wait_or_are_not_sent() {
    let vendor = Vendor::start(|seen| async move {
        if seen.path == "/silent" {
            pending::<()>().await;
        }
        answer(200, "ok")
    })
    .await;
    let mut narrow = config(&[&vendor.origin()]);
    narrow.max_concurrent_requests = 1;
    let house = std::sync::Arc::new(House::new(narrow, &[]));
    let (held, url) = (std::sync::Arc::clone(&house), format!("{}/silent", vendor.origin()));
    let holder = tokio::spawn(async move { held.get(&url).await });
    while vendor.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let request = HttpRequest { timeout_ms: Some(100), ..write_to(&vendor.origin()) };
    let error = house.send(request).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent(_)), "{error:?}");
    holder.abort();
    let _ = holder.await;
    assert_eq!(house.get(&vendor.origin()).await.unwrap().status, 200);
}
