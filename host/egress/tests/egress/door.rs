//! What may leave, where it may go, and what comes back through the door.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use axum::response::Response;
use ports::{Access, HttpRequest, Outbound, SendError};
use quoin_package::Scheme;

use crate::support::*;

#[tokio::test]
async fn only_what_both_lists_name_is_reached() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let other = Vendor::answering(|_| answer(200, "ok")).await;
    let mut config = config(&[
        &vendor.origin(),
        "http://public.test",
        "http://meta.test",
        "http://mapped.test",
        "http://10.0.0.1",
        "http://[::1]:9",
    ]);
    config.manifest_origins.push(format!("http://localhost:{}", vendor.port));
    config.granted_origins.push(other.origin());
    let house = House::new(config, &[]);
    house.names.set("meta.test", &[&["169.254.169.254"]]);
    house.names.set("mapped.test", &[&["::ffff:10.0.0.1", "::1", "127.0.0.2"]]);
    let (port, origin) = (vendor.port, vendor.origin());
    let cases = [
        (format!("http://localhost:{port}/"), "origin-not-granted"),
        (format!("{}/", other.origin()), "origin-not-in-manifest"),
        (format!("https://127.0.0.1:{port}/"), "origin-not-in-manifest"),
        (format!("http://user@127.0.0.1:{port}/"), "url-userinfo"),
        (format!("http://2130706433:{port}/"), "url-address-spelling"),
        (format!("http://0x7f.1:{port}/"), "url-address-spelling"),
        (format!("{origin}\\@public.test/"), "url-form"),
        (format!("{origin}/a\r\nx: y"), "url-form"),
        ("http://10.0.0.1/".to_owned(), "private-address"),
        ("http://[::1]:9/".to_owned(), "private-address"),
        ("http://meta.test/".to_owned(), "private-address"),
        ("http://mapped.test/".to_owned(), "private-address"),
        ("file:///etc/passwd".to_owned(), "url-form"),
    ];
    for (url, rule) in cases {
        let text = denial(house.get(&url).await);
        assert!(text.contains(&format!("[{rule}]")), "{url}: {text}");
        assert!(
            !rule.starts_with("origin") && !rule.starts_with("private") || text.contains(" = [\""),
            "{url}: {text}"
        );
    }
    assert!(vendor.seen().is_empty() && other.seen().is_empty());
    assert_eq!(house.get(&format!("{origin}/a/../b?q=1#f")).await.unwrap().status, 200);
    assert_eq!((vendor.seen()[0].path.as_str(), vendor.seen()[0].query.as_deref()), ("/b", Some("q=1")));
    let unknown =
        house.egress.send(&ports::CallContext { connection: "crm".into(), ..call(Access::Write) }, get(&origin)).await;
    assert!(denial(unknown).contains("no-connection"));
}

#[tokio::test]
async fn a_connection_is_replaced_and_removed_while_in_use() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let house = House::new(config(&[&vendor.origin()]), &[]);
    assert!(house.get(&vendor.origin()).await.is_ok());
    house.egress.install(&config(&["https://else.example.com"])).unwrap();
    assert!(denial(house.get(&vendor.origin()).await).contains("origin-not-in-manifest"));
    assert_eq!(house.egress.connections(), ["erp"]);
    assert!(house.egress.remove("erp") && !house.egress.remove("erp"));
    assert!(denial(house.get(&vendor.origin()).await).contains("no-connection"));
}

#[tokio::test]
async fn redirects_are_handed_back_and_not_followed() {
    let elsewhere = Vendor::answering(|_| answer(200, "stolen")).await;
    let to = format!("{}/steal", elsewhere.origin());
    let vendor = Vendor::answering(move |_| {
        Response::builder().status(302).header("location", to.clone()).body("".into()).unwrap()
    })
    .await;
    let house = House::new(config(&[&vendor.origin(), &elsewhere.origin()]), &[]);
    let response = house.get(&vendor.origin()).await.unwrap();
    assert_eq!(response.status, 302);
    assert!(response.headers.iter().any(|(name, value)| name == "location" && value.ends_with("/steal")));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let vendor =
        Vendor::answering(|_| Response::builder().header("connection", "close").body("ok".into()).unwrap()).await;
    let url = format!("http://rebind.test:{}/", vendor.port);
    let house = House::new(config(&[&url]), &[]);
    house.names.set("rebind.test", &[&["127.0.0.1"], &["10.0.0.5"], &["192.168.0.1", "127.0.0.1"]]);
    assert_eq!(house.get(&url).await.unwrap().status, 200);
    assert_eq!(house.names.asked.load(Ordering::SeqCst), 1, "one resolution per socket, none after the judgement");
    assert!(denial(house.get(&url).await).contains("private-address"));
    // A blocked address among allowed ones is dropped, not tried.
    assert_eq!(house.get(&url).await.unwrap().status, 200);
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn a_privately_granted_origin_opens_no_other_door() {
    let (vendor, other) =
        (Vendor::answering(|_| answer(200, "ok")).await, Vendor::answering(|_| answer(200, "ok")).await);
    let (named, unnamed) = (format!("http://erp.intern:{}", vendor.port), format!("http://erp.intern:{}", other.port));
    let mut config = config(&[&named, &unnamed]);
    config.allow_private = vec![named.clone()];
    let house = House::new(config, &[]);
    house.names.set("erp.intern", &[&["127.0.0.1"]]);
    assert_eq!(house.get(&named).await.unwrap().status, 200);
    assert!(denial(house.get(&unnamed).await).contains("private-origin"));
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn sockets_are_kept_and_reused() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let house = House::new(config(&[&vendor.origin()]), &[]);
    for _ in 0..50 {
        house.send(post(&vendor.origin(), "body")).await.unwrap();
    }
    let peers: BTreeSet<_> = vendor.seen().iter().map(|seen| seen.peer).collect();
    assert_eq!((vendor.seen().len(), peers.len()), (50, 1));
    assert_eq!(vendor.seen()[0].header("content-length"), Some("4"));
    assert_eq!(vendor.seen()[0].header("transfer-encoding"), None);
}

#[tokio::test]
async fn reserved_headers_are_refused_in_any_spelling() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let house = House::new(config(&[&vendor.origin()]), &[]);
    let reserved = [
        "Authorization",
        "AUTHORIZATION",
        "cookie",
        "Cookie2",
        "Set-Cookie",
        "Proxy-Authorization",
        "proxy-anything",
        "Host",
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Content-Length",
        "Expect",
        "HTTP2-Settings",
    ];
    for name in reserved {
        let text = denial(house.send(with_header(get(&vendor.origin()), name, "x")).await);
        assert!(text.contains("header-reserved"), "{name}: {text}");
    }
    for (name, value) in [("a b", "x"), ("", "x"), ("x:y", "x"), ("x-a", "a\r\nauthorization: b"), ("x-a", "a\0")] {
        let text = denial(house.send(with_header(get(&vendor.origin()), name, value)).await);
        assert!(text.contains("header-form"), "{name:?}: {text}");
    }
    let mut many = get(&vendor.origin());
    many.headers = (0..33_000).map(|n| (format!("x-{n}"), "v".into())).collect();
    assert!(denial(house.send(many).await).contains("header-limit"));
    for method in ["CONNECT", "TRACE", "get", "", "GET X", "VERYLONGMETHODNAME"] {
        let request = HttpRequest { method: method.into(), ..get(&vendor.origin()) };
        assert!(denial(house.send(request).await).contains("[method]"), "{method}");
    }
    assert!(vendor.seen().is_empty());
    let request = with_header(with_header(get(&vendor.origin()), "X-Custom", "kept"), "Accept-Encoding", "br");
    house.send(request).await.unwrap();
    assert_eq!(vendor.seen()[0].header("x-custom"), Some("kept"));
    assert_eq!(vendor.seen()[0].header("accept-encoding"), Some("gzip"));
    assert!(vendor.seen()[0].header("user-agent").unwrap().starts_with("Quoin/"));
}

#[tokio::test]
async fn a_read_grant_lets_only_reads_leave() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let mut config = config(&[&vendor.origin()]);
    config.reading_posts = vec!["POST /query".into()];
    let house = House::new(config, &[]);
    let cases = [
        ("GET", "/x", true),
        ("HEAD", "/x", true),
        ("POST", "/query", true),
        ("POST", "/record", false),
        ("PUT", "/query", false),
        ("DELETE", "/x", false),
        ("PATCH", "/x", false),
    ];
    for (method, path, allowed) in cases {
        let request = HttpRequest { method: method.into(), ..get(&format!("{}{path}", vendor.origin())) };
        let result = house.egress.send(&call(Access::Read), request).await;
        match allowed {
            true => assert_eq!(result.unwrap().status, 200, "{method} {path}"),
            false => assert!(denial(result).contains("[read-grant]"), "{method} {path}"),
        }
    }
    let disguised = with_header(get(&vendor.origin()), "X-HTTP-Method-Override", "DELETE");
    assert!(denial(house.egress.send(&call(Access::Read), disguised).await).contains("header-reserved"));
    assert_eq!(vendor.seen().len(), 3);
}

#[tokio::test]
async fn the_idempotency_key_travels_in_the_vendors_header() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let mut named = config(&[&vendor.origin()]);
    named.idempotency_header = Some("X-Vendor-Idempotency".into());
    let request = || HttpRequest { idempotency_key: Some("key-1".into()), ..post(&vendor.origin(), "{}") };
    House::new(named, &[]).send(request()).await.unwrap();
    House::new(config(&[&vendor.origin()]), &[]).send(request()).await.unwrap();
    assert_eq!(vendor.seen()[0].header("x-vendor-idempotency"), Some("key-1"));
    assert_eq!(vendor.seen()[1].header("x-vendor-idempotency"), None);
}

#[tokio::test]
async fn cookies_and_challenges_do_not_come_in() {
    let vendor = Vendor::answering(|_| {
        let builder = Response::builder()
            .status(401)
            .header("set-cookie", "sid=1")
            .header("www-authenticate", "Basic")
            .header("proxy-authenticate", "x");
        builder
            .header("location", "/job/1")
            .header("x-limit", "9")
            .header("connection", "close")
            .body("no".into())
            .unwrap()
    })
    .await;
    let response = House::new(config(&[&vendor.origin()]), &[]).get(&vendor.origin()).await.unwrap();
    let names: BTreeSet<&str> = response.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(response.status, 401);
    assert!(names.contains("location") && names.contains("x-limit"), "{names:?}");
    for name in ["set-cookie", "www-authenticate", "proxy-authenticate", "connection"] {
        assert!(!names.contains(name), "{names:?}");
    }
}

/// 65 536 zeros, compressed to 96 bytes.
const ZEROS_GZIP: &str = "H4sIAAAAAAACA+3BAQEAAACAkP6v7ggKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAauuOl9cAAAEA";

#[tokio::test]
async fn answers_above_the_limit_are_refused_however_they_come() {
    use base64::Engine;
    let zipped = base64::engine::general_purpose::STANDARD.decode(ZEROS_GZIP).unwrap();
    let vendor = Vendor::answering(move |seen| match seen.path.as_str() {
        "/exact" => answer(200, vec![b'x'; 1024]),
        "/over" => answer(200, vec![b'x'; 1025]),
        "/chunked" => answer(200, axum::body::Body::from_stream(tokio_stream(200))),
        "/zipped" => Response::builder().header("content-encoding", "gzip").body(zipped.clone().into()).unwrap(),
        _ => answer(404, ""),
    })
    .await;
    let mut small = config(&[&vendor.origin()]);
    (small.response_limit_bytes, small.request_limit_bytes) = (1024, 8);
    let house = House::new(small, &[]);
    assert_eq!(house.get(&format!("{}/exact", vendor.origin())).await.unwrap().body.len(), 1024);
    for path in ["/over", "/chunked", "/zipped"] {
        let result = house.get(&format!("{}{path}", vendor.origin())).await;
        assert_eq!(result.unwrap_err(), SendError::TooLarge { limit_bytes: 1024 }, "{path}");
    }
    let wide = House::new(config(&[&vendor.origin()]), &[]);
    assert_eq!(wide.get(&format!("{}/zipped", vendor.origin())).await.unwrap().body, vec![0; 65_536]);
    assert_eq!(wide.get(&format!("{}/chunked", vendor.origin())).await.unwrap().body.len(), 2_000);
    let sent = vendor.seen().len();
    assert!(denial(house.send(post(&vendor.origin(), "nine byte")).await).contains("request-size"));
    assert_eq!(vendor.seen().len(), sent);
}

/// So many chunks of ten bytes.
fn tokio_stream(chunks: usize) -> impl futures::Stream<Item = Result<&'static str, std::io::Error>> {
    futures::stream::iter((0..chunks).map(|_| Ok("0123456789")))
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_request_is_audited_and_nothing_secret_is() {
    let vendor = Vendor::answering(|_| answer(201, "answer-body")).await;
    let house =
        House::new(with_credential(config(&[&vendor.origin()]), slot(Scheme::Bearer)), &[("value", "bearer-secret-1")]);
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    house
        .send(with_slot(post(&format!("{}/job/bearer-secret-1/x?token=in-query", vendor.origin()), "request-body")))
        .await
        .unwrap();
    let _ = house.get("http://denied.test/path?token=in-query").await;
    let _ = house.get("http://bearer-secret-1@denied.test/").await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let requests: Vec<&str> = text.lines().filter(|line| line.contains("connection=\"erp\"")).collect();
    assert_eq!(requests.len(), 3, "{text}");
    for part in [
        "call=\"call-7\"",
        "method=\"POST\"",
        "host=\"127.0.0.1\"",
        "path=\"/job/[redacted]/x\"",
        "slot=\"api\"",
        "status=201",
        "bytes_out=12",
        "bytes_in=11",
        "ms=",
    ] {
        assert!(requests[0].contains(part), "{part}: {}", requests[0]);
    }
    assert!(
        requests[1].contains("origin-not-in-manifest") && requests[1].contains("host=\"denied.test\""),
        "{}",
        requests[1]
    );
    assert!(requests[2].contains("url-userinfo"), "{}", requests[2]);
    for hidden in ["bearer-secret-1", "in-query", "request-body", "answer-body"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}
