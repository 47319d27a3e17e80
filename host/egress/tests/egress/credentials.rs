//! Fixed credentials and OAuth 1, as the vendor sees them; and where they never go.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use egress::ConnectionConfig;
use ports::{HttpRequest, SendError};
use quoin_package::Scheme;

use crate::support::*;

#[tokio::test]
async fn fixed_credentials_have_their_standards_form() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let mut header = slot(Scheme::StaticHeader);
    (header.header, header.prefix) = (Some("X-Api-Key".into()), "Key ".into());
    let cases = [
        (header, vec![("value", "api-key-123\n")], "x-api-key", "Key api-key-123".to_owned()),
        (slot(Scheme::Bearer), vec![("value", "tok-en.123")], "authorization", "Bearer tok-en.123".to_owned()),
        // RFC 7617 section 2.
        (
            slot(Scheme::Basic),
            vec![("username", "Aladdin"), ("password", "open sesame")],
            "authorization",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned(),
        ),
        (
            slot(Scheme::Basic),
            vec![("username", "ö@x"), ("password", "p:ä")],
            "authorization",
            format!("Basic {}", STANDARD.encode("ö@x:p:ä")),
        ),
    ];
    for (credential, secrets, name, expected) in cases {
        let house = House::new(with_credential(config(&[&vendor.origin()]), credential), &secrets);
        assert!(house.egress.check_credential("erp", "api").await.is_ok());
        house.get_with(&vendor.origin()).await.unwrap();
        assert_eq!(vendor.seen().last().unwrap().header(name), Some(expected.as_str()));
        house.get(&vendor.origin()).await.unwrap();
        assert_eq!(vendor.seen().last().unwrap().header(name), None, "not unless the request names the slot");
    }
}

#[tokio::test]
async fn a_credential_that_cannot_be_made_sends_nothing() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let house = House::new(with_credential(config(&[&vendor.origin()]), slot(Scheme::Bearer)), &[]);
    let error = house.get_with(&vendor.origin()).await.unwrap_err();
    assert!(
        matches!(&error, SendError::Credential { needs_person: true, message } if message.contains("quoin secret set erp/api/value")),
        "{error:?}"
    );
    assert_eq!(house.egress.check_credential("erp", "api").await, Err(error));
    house.secrets.set("erp/api/value", "line one\r\nevil: header");
    let error = house.get_with(&vendor.origin()).await.unwrap_err();
    assert!(
        matches!(&error, SendError::Credential { needs_person: true, .. }) && !error.to_string().contains("evil"),
        "{error:?}"
    );
    let unknown = HttpRequest { credential: Some("other".into()), ..get(&vendor.origin()) };
    assert!(denial(house.send(unknown).await).contains("no-slot"));
    let inbound = House::new(
        with_credential(config(&[&vendor.origin()]), slot(Scheme::WebhookSecret)),
        &[("value", "hook-secret")],
    );
    assert!(denial(inbound.get_with(&vendor.origin()).await).contains("slot-inbound-only"));
    assert!(vendor.seen().is_empty());
}

#[tokio::test]
async fn without_tls_a_credential_reaches_opened_addresses_only() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let local = format!("http://local.test:{}", vendor.port);
    let origins = [local.as_str(), "http://public.test", "http://93.184.216.34"];
    let house = House::new(with_credential(config(&origins), slot(Scheme::Bearer)), &[("value", "bearer-secret-1")]);
    house.names.set("local.test", &[&["127.0.0.1"]]);
    house.names.set("public.test", &[&["93.184.216.34"]]);
    assert_eq!(house.get_with(&local).await.unwrap().status, 200);
    for url in ["http://public.test/", "http://93.184.216.34/"] {
        let text = denial(house.get_with(url).await);
        assert!(text.contains("credential-needs-https") && text.contains("allow_private"), "{url}: {text}");
    }
}

#[tokio::test]
async fn a_slot_stays_within_its_own_origins() {
    let (vendor, other) =
        (Vendor::answering(|_| answer(200, "ok")).await, Vendor::answering(|_| answer(200, "ok")).await);
    let mut scoped = slot(Scheme::Bearer);
    scoped.origins = vec![vendor.origin()];
    let house = House::new(
        with_credential(config(&[&vendor.origin(), &other.origin()]), scoped),
        &[("value", "bearer-secret-1")],
    );
    assert!(house.get_with(&vendor.origin()).await.is_ok());
    assert!(denial(house.get_with(&other.origin()).await).contains("credential-scope"));
    assert!(house.get(&other.origin()).await.is_ok());
    assert_eq!(other.seen()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_vendor_that_echoes_a_credential_tells_the_plugin_nothing() {
    let vendor = Vendor::answering(|seen| {
        let line = seen.header("authorization").unwrap_or("none").to_owned();
        let body = format!("you sent {line} twice: {line}");
        axum::response::Response::builder().header("x-echo", line).body(body.into()).unwrap()
    })
    .await;
    let secret = "a-long-bearer-secret";
    let house = House::new(with_credential(config(&[&vendor.origin()]), slot(Scheme::Bearer)), &[("value", secret)]);
    let answer = house.get_with(&vendor.origin()).await.unwrap();
    let text = format!("{:?} {:?}", answer.headers, answer.body);
    assert!(!text.contains(secret) && text.contains("you sent Bearer ******"), "{text}");
    let basic = House::new(
        with_credential(config(&[&vendor.origin()]), slot(Scheme::Basic)),
        &[("username", "user"), ("password", "long-password-1")],
    );
    let answer = basic.get_with(&vendor.origin()).await.unwrap();
    assert!(!format!("{answer:?}").contains(&STANDARD.encode("user:long-password-1")), "{answer:?}");
}

#[tokio::test]
async fn oauth_1_requests_are_signed_over_what_is_sent() {
    let vendor = Vendor::answering(|_| answer(200, "ok")).await;
    let mut credential = slot(Scheme::Oauth1);
    credential.realm = Some("1234567_SB1".into());
    let parts = [("consumer_key", "ck-1"), ("consumer_secret", "cs/1"), ("token", "tk-1"), ("token_secret", "ts&1")];
    let house = House::new(with_credential(config(&[&vendor.origin()]), credential), &parts);
    let fields = |nonce: &str| {
        format!(
            "oauth_consumer_key=ck-1&oauth_nonce={nonce}&oauth_signature_method=HMAC-SHA256&oauth_timestamp={START}&oauth_token=tk-1&oauth_version=1.0"
        )
    };
    let form = with_header(
        post(&format!("{}/a%20b/suiteql?limit=5&q=a+b", vendor.origin()), "z=1&name=x+y"),
        "Content-Type",
        "application/x-www-form-urlencoded",
    );
    let json = with_header(post(&format!("{}/record", vendor.origin()), "{}"), "content-type", "application/json");
    // Parameters in the order in which section 3.4.1.3.2 sorts them.
    let cases = [
        (form, "/a%20b/suiteql", format!("limit=5&name=x%20y&{}&q=a%20b&z=1", fields("nonce1"))),
        (json, "/record", fields("nonce2")),
    ];
    for (request, path, parameters) in cases {
        house.send(with_slot(request)).await.unwrap();
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let fix = |text: String| text.replace("%2D", "-").replace("%2E", ".").replace("%5F", "_").replace("%7E", "~");
        let base = fix(format!("POST&{}&{}", encode(&format!("{}{path}", vendor.origin())), encode(&parameters)));
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"cs%2F1&ts%261");
        let signature = fix(encode(&STANDARD.encode(hmac::sign(&key, base.as_bytes()))));
        let seen = vendor.seen();
        let line = seen.last().unwrap().header("authorization").unwrap();
        assert!(line.starts_with("OAuth realm=\"1234567_SB1\", oauth_consumer_key=\"ck-1\", "), "{line}");
        assert!(line.ends_with(&format!("oauth_signature=\"{signature}\"")), "{line} expected {signature} over {base}");
        assert!(
            line.contains(&format!("oauth_timestamp=\"{START}\"")) && line.contains("oauth_version=\"1.0\""),
            "{line}"
        );
    }
}

#[test]
fn slots_are_those_that_the_package_declares() {
    let manifest = |schemes: &str| {
        let text = format!(
            "id = \"x\"\nname = \"X\"\nversion = \"1.0.0\"\ncontract = \"1.0\"\ndescription = \"d\"\nlicense = \"MIT\"\n[[credential]]\nslot = \"api\"\nschemes = [{schemes}]\nhelp = \"h\"\n"
        );
        quoin_package::Manifest::parse(&text).unwrap()
    };
    let mut config = with_credential(config(&["https://api.example.com"]), slot(Scheme::Bearer));
    assert_eq!(config.check_slots(&manifest("\"basic\", \"bearer\"")), Ok(()));
    assert!(config.check_slots(&manifest("\"basic\"")).unwrap_err().message.contains("Basic"));
    config.credentials.push(slot(Scheme::Bearer));
    assert!(config.check_slots(&manifest("\"bearer\"")).unwrap_err().message.contains("twice"));
    config.credentials.truncate(1);
    config.credentials[0].slot = "other".into();
    assert!(config.check_slots(&manifest("\"bearer\"")).unwrap_err().message.contains("it has: api"));
}

#[test]
fn settings_that_cannot_work_are_refused_with_their_field() {
    let base = || config(&["https://api.example.com"]);
    let broken = |change: &dyn Fn(&mut ConnectionConfig)| {
        let mut config = base();
        change(&mut config);
        config
    };
    let with = |change: &dyn Fn(&mut egress::CredentialConfig)| {
        let mut credential = slot(Scheme::Oauth2ClientCredentials);
        credential.token_url = Some("https://api.example.com/token".into());
        change(&mut credential);
        with_credential(base(), credential)
    };
    let cases = [
        (broken(&|c| c.connection.clear()), "connection"),
        (broken(&|c| c.manifest_origins = vec!["api.example.com".into()]), "manifest_origins"),
        (broken(&|c| c.granted_origins = vec!["https://*".into()]), "granted_origins"),
        (broken(&|c| c.token_origins = vec!["x".into()]), "token_origins"),
        (broken(&|c| c.allow_private = vec!["intern".into()]), "allow_private"),
        (broken(&|c| c.max_concurrent_requests = 0), "max_concurrent_requests"),
        (broken(&|c| c.requests_per_second = Some(0.0)), "requests_per_second"),
        (broken(&|c| c.requests_per_second = Some(f64::NAN)), "requests_per_second"),
        (broken(&|c| c.idempotency_header = Some("a b".into())), "idempotency_header"),
        (with(&|c| c.token_url = None), "token_url"),
        (with(&|c| c.token_url = Some("https://other.example.com/token".into())), "token_url"),
        (with(&|c| c.token_url = Some("https://u@api.example.com/token".into())), "token_url"),
        (with(&|c| c.scheme = Scheme::StaticHeader), "header"),
        (with(&|c| (c.scheme, c.header) = (Scheme::StaticHeader, Some("Host".into()))), "header"),
        (with(&|c| (c.scheme, c.realm) = (Scheme::Oauth1, Some("a\"b".into()))), "realm"),
        (with(&|c| c.origins = vec!["nowhere".into()]), "origins"),
    ];
    let house = House::new(base(), &[]);
    for (config, field) in cases {
        let error = house.egress.install(&config).expect_err(field);
        assert!(error.field.ends_with(field), "{field}: {error}");
    }
    let mut plain = with(&|c| c.token_url = Some("http://login.example.com/token".into()));
    plain.token_origins = vec!["http://login.example.com".into()];
    assert!(house.egress.install(&plain).is_ok(), "judged when the name is resolved");
    plain.credentials[0].token_url = Some("http://93.184.216.34/token".into());
    plain.token_origins = vec!["http://93.184.216.34".into()];
    assert!(house.egress.install(&plain).unwrap_err().message.contains("credential-needs-https"));
}
