//! Machine-to-machine tokens: which assertions the token endpoint takes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use quoin_simulator::{Args, Running, start};
use reqwest::Client;
use serde_json::{Value, json};

/// A key with its public half as PEM.
enum Key {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl Key {
    fn rsa(size: KeySize) -> Self {
        Key::Rsa(RsaKeyPair::generate(size).expect("an RSA key"))
    }

    fn ec() -> Self {
        Key::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).expect("an EC key"))
    }

    fn pem(&self) -> String {
        use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
        let der: PublicKeyX509Der<'_> = match self {
            Key::Rsa(key) => key.public_key().as_der().expect("DER"),
            Key::Ec(key) => key.public_key().as_der().expect("DER"),
        };
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der.as_ref()))
    }

    fn assertion(&self, algorithm: &str, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": algorithm, "kid": "cert-1"});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let random = SystemRandom::new();
        let mac = match self {
            Key::Rsa(key) => {
                let method: &dyn signature::RsaEncoding =
                    if algorithm == "PS256" { &signature::RSA_PSS_SHA256 } else { &signature::RSA_PKCS1_SHA256 };
                let mut mac = vec![0; key.public_modulus_len()];
                key.sign(method, &random, signed.as_bytes(), &mut mac).expect("a signature");
                mac
            }
            Key::Ec(key) => key.sign(&random, signed.as_bytes()).expect("a signature").as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
    }
}

async fn register(running: &Running, pem: &str) -> u16 {
    let body = json!({"id": "cert-1", "pem": pem});
    let answer = Client::new().post(format!("{}/_sim/act/register_certificate", running.http)).json(&body).send().await;
    answer.expect("an answer").status().as_u16()
}

async fn token(running: &Running, assertion: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    let url = format!("{}/services/rest/auth/oauth2/v1/token", running.http);
    let answer = Client::new().post(url).form(&form).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

fn claims(running: &Running) -> Value {
    let now = quoin_simulator::Timestamp::now().as_second();
    json!({
        "iss": "sim-client", "scope": ["rest_webservices", "suite_analytics"],
        "aud": format!("{}/services/rest/auth/oauth2/v1/token", running.http), "iat": now, "exp": now + 300,
    })
}

#[tokio::test]
async fn strong_assertions_buy_tokens_that_work_until_they_expire() {
    for (key, algorithm) in [(Key::rsa(KeySize::Rsa3072), "PS256"), (Key::ec(), "ES256")] {
        let running =
            start("netsuite", Args::default(), simulator_netsuite::build).await.expect("the simulator starts");
        assert_eq!(register(&running, &key.pem()).await, 200);
        let (status, answer) = token(&running, &key.assertion(algorithm, &claims(&running))).await;
        assert_eq!(
            (status, &answer["expires_in"], &answer["token_type"]),
            (200, &json!("3600"), &json!("Bearer")),
            "{answer}"
        );
        let bearer = answer["access_token"].as_str().expect("a token").to_owned();
        let url = format!("{}/services/rest/record/v1/customer", running.http);
        let call =
            async || Client::new().get(&url).bearer_auth(&bearer).send().await.expect("an answer").status().as_u16();
        assert_eq!(call().await, 200);
        let fault = json!({"route": "GET /services", "fault": "expire_token"});
        Client::new().post(format!("{}/_sim/faults", running.http)).json(&fault).send().await.expect("an answer");
        assert_eq!((call().await, call().await), (401, 401), "an expired token stays expired");
    }
}

#[tokio::test]
async fn weak_or_wrong_assertions_are_refused() {
    let running = start("netsuite", Args::default(), simulator_netsuite::build).await.expect("the simulator starts");
    assert_ne!(register(&running, &Key::rsa(KeySize::Rsa2048).pem()).await, 200, "RSA below 3072 bit");
    let key = Key::rsa(KeySize::Rsa3072);
    assert_eq!(token(&running, &key.assertion("PS256", &claims(&running))).await.0, 400, "not registered yet");
    register(&running, &key.pem()).await;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&running);
        claims[name] = value;
        claims
    };
    let now = quoin_simulator::Timestamp::now().as_second();
    let cases = [
        (key.assertion("RS256", &claims(&running)), "RS256"),
        (Key::rsa(KeySize::Rsa3072).assertion("PS256", &claims(&running)), "signature"),
        (key.assertion("PS256", &with("iss", json!("other"))), "iss"),
        (key.assertion("PS256", &with("aud", json!("https://elsewhere"))), "aud"),
        (key.assertion("PS256", &with("scope", json!("everything"))), "scope"),
        (key.assertion("PS256", &with("exp", json!(now + 3_700))), "60 minutes"),
        (key.assertion("PS256", &with("exp", json!(now - 1))), "expired"),
        ("a.b".to_owned(), "malformed"),
    ];
    for (assertion, reason) in cases {
        let (status, answer) = token(&running, &assertion).await;
        assert_eq!(status, 400, "{answer}");
        assert!(
            answer["error_description"].as_str().is_some_and(|text| text.contains(reason)),
            "{answer} lacks {reason}"
        );
    }
    assert_eq!(token(&running, &key.assertion("PS256", &claims(&running))).await.0, 200);
}

#[tokio::test]
async fn certificates_are_read_as_well_as_keys() {
    let running = start("netsuite", Args::default(), simulator_netsuite::build).await.expect("the simulator starts");
    let ec = rcgen::generate_simple_self_signed(vec!["integration".to_owned()]).expect("a certificate");
    assert_eq!(register(&running, &ec.cert.pem()).await, 200);
    assert_ne!(register(&running, "no PEM").await, 200);
}
