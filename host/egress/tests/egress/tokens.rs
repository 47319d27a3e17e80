//! OAuth 2: each grant's wire form, how long a token is kept, one renewal for all who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::response::Response;
use egress::{AssertionAlgorithm, ClientAuth, ConnectionConfig, CredentialConfig, TokenEncoding};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use ports::SendError;
use quoin_package::Scheme;
use serde_json::{Value, json as value};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::*;

pub const CLIENT: [(&str, &str); 2] = [("client_id", "client-1"), ("client_secret", "client secret&1")];

pub fn credential(vendor: &Vendor, scheme: Scheme) -> CredentialConfig {
    let mut credential = slot(scheme);
    credential.token_url = Some(format!("{}/token", vendor.origin()));
    credential
}

pub fn connection(vendor: &Vendor, credential: CredentialConfig) -> ConnectionConfig {
    with_credential(config(&[&vendor.origin()]), credential)
}

/// Grants `token-1`, `token-2`, … and takes any of them.
async fn granting(life: Option<Value>) -> Vendor {
    let issued = Arc::new(AtomicU32::new(0));
    Vendor::answering(move |seen| {
        if seen.path != "/token" {
            return answer(200, "data");
        }
        let mut grant = value!({"access_token": format!("access-token-{}", issued.fetch_add(1, Ordering::SeqCst) + 1), "token_type": "Bearer"});
        if let Some(life) = &life {
            grant["expires_in"] = life.clone();
        }
        json(200, grant)
    })
    .await
}

pub fn api(vendor: &Vendor) -> String {
    format!("{}/api", vendor.origin())
}

pub fn tokens_used(vendor: &Vendor) -> Vec<String> {
    vendor
        .seen_at("/api")
        .iter()
        .map(|seen| seen.header("authorization").unwrap_or("-").replace("Bearer access-token-", ""))
        .collect()
}

#[tokio::test]
async fn client_credentials_go_as_form_or_header_or_json() {
    let vendor = granting(None).await;
    let mut form = credential(&vendor, Scheme::Oauth2ClientCredentials);
    (form.scope, form.audience) = (Some("read write".into()), Some("api.example.com".into()));
    House::new(connection(&vendor, form.clone()), &CLIENT).get_with(&api(&vendor)).await.unwrap();
    let seen = vendor.seen_at("/token").pop().unwrap();
    assert_eq!(
        (seen.method.as_str(), seen.header("content-type")),
        ("POST", Some("application/x-www-form-urlencoded"))
    );
    assert_eq!(
        seen.text(),
        "grant_type=client_credentials&scope=read+write&audience=api.example.com&client_id=client-1&client_secret=client+secret%261"
    );

    let mut header = credential(&vendor, Scheme::Oauth2ClientCredentials);
    header.client_auth = ClientAuth::Basic;
    House::new(connection(&vendor, header), &CLIENT).get_with(&api(&vendor)).await.unwrap();
    let seen = vendor.seen_at("/token").pop().unwrap();
    // base64 of `client-1:client+secret%261`
    assert_eq!(seen.header("authorization"), Some("Basic Y2xpZW50LTE6Y2xpZW50K3NlY3JldCUyNjE="));
    assert_eq!(seen.text(), "grant_type=client_credentials");

    form.token_encoding = TokenEncoding::Json;
    House::new(connection(&vendor, form), &CLIENT).get_with(&api(&vendor)).await.unwrap();
    let seen = vendor.seen_at("/token").pop().unwrap();
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        (seen.header("content-type"), &body["client_secret"]),
        (Some("application/json"), &value!("client secret&1"))
    );
    assert_eq!(tokens_used(&vendor), ["1", "2", "3"]);
}

/// Key pairs made by another library: PEM of the private, DER of the public one.
fn keys(kind: AssertionAlgorithm) -> (String, DecodingKey) {
    match kind {
        AssertionAlgorithm::ES256 => {
            let pair = rcgen::KeyPair::generate().unwrap();
            (pair.serialize_pem(), DecodingKey::from_ec_der(pair.public_key_raw()))
        }
        _ => {
            let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
            (pair.serialize_pem(), DecodingKey::from_rsa_der(pair.public_key_raw()))
        }
    }
}

fn verified(assertion: &str, algorithm: Algorithm, key: &DecodingKey, audience: &str) -> (Value, Value) {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[audience]);
    // The test's clock stands still, the library's does not.
    validation.validate_exp = false;
    let claims = decode::<Value>(assertion, key, &validation).expect("the signature verifies").claims;
    let header = jsonwebtoken::decode_header(assertion).unwrap();
    (claims, serde_json::to_value(header).unwrap())
}

#[tokio::test]
async fn client_assertions_are_signed_as_the_vendor_asks() {
    let cases = [
        (None, Algorithm::PS256, "rest_webservices", value!("rest_webservices")),
        (
            Some(AssertionAlgorithm::ES256),
            Algorithm::ES256,
            "restlets rest_webservices",
            value!(["restlets", "rest_webservices"]),
        ),
    ];
    for (configured, algorithm, scope, claim) in cases {
        let vendor = granting(Some(value!("3600"))).await;
        let (private, public) = keys(configured.unwrap_or(AssertionAlgorithm::PS256));
        let mut credential = credential(&vendor, Scheme::Oauth2ClientAssertion);
        (credential.algorithm, credential.key_id, credential.scope) =
            (configured, Some("cert-7".into()), Some(scope.into()));
        let house =
            House::new(connection(&vendor, credential), &[("client_id", "client-1"), ("private_key", &private)]);
        house.get_with(&api(&vendor)).await.unwrap();
        let form = vendor.seen_at("/token")[0].form();
        let names: Vec<&str> = form.keys().map(String::as_str).collect();
        assert_eq!(names, ["client_assertion", "client_assertion_type", "grant_type"]);
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        let (claims, header) =
            verified(&form["client_assertion"], algorithm, &public, &format!("{}/token", vendor.origin()));
        assert_eq!((&header["kid"], &header["typ"]), (&value!("cert-7"), &value!("JWT")));
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["scope"]),
            (&value!("client-1"), &value!("client-1"), &claim)
        );
        assert_eq!(
            (&claims["iat"], &claims["exp"], &claims["jti"]),
            (&value!(START), &value!(START + 180), &value!("nonce1"))
        );
    }
}

#[tokio::test]
async fn bearer_assertions_speak_for_a_user() {
    let (private, public) = keys(AssertionAlgorithm::RS256);
    for configured in [Some("user@example.com".to_owned()), None] {
        let vendor = granting(None).await;
        let mut credential = credential(&vendor, Scheme::Oauth2JwtBearer);
        (credential.audience, credential.subject) = (Some("https://login.example.com".into()), configured);
        let secrets =
            [("client_id", "consumer-1"), ("private_key", private.as_str()), ("username", "user@example.com")];
        House::new(connection(&vendor, credential), &secrets).get_with(&api(&vendor)).await.unwrap();
        let form = vendor.seen_at("/token")[0].form();
        assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let (claims, header) = verified(&form["assertion"], Algorithm::RS256, &public, "https://login.example.com");
        assert_eq!((&claims["iss"], &claims["sub"]), (&value!("consumer-1"), &value!("user@example.com")));
        assert_eq!(header.get("kid").filter(|kid| !kid.is_null()), None);
    }
}

#[tokio::test]
async fn a_key_that_is_none_needs_a_person_and_is_not_quoted() {
    let vendor = granting(None).await;
    let secrets = [
        ("client_id", "client-1"),
        ("private_key", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWtleQ==\n-----END PRIVATE KEY-----"),
    ];
    let house = House::new(connection(&vendor, credential(&vendor, Scheme::Oauth2ClientAssertion)), &secrets);
    let error = house.get_with(&api(&vendor)).await.unwrap_err();
    assert!(
        matches!(&error, SendError::Credential { needs_person: true, message } if message.contains("erp/api/private_key")),
        "{error:?}"
    );
    assert!(!error.to_string().contains("c2VjcmV0"), "{error}");
    assert!(vendor.seen().is_empty());
}

#[tokio::test]
async fn tokens_are_kept_until_they_expire() {
    for life in [value!(3600), value!("3600")] {
        let vendor = granting(Some(life)).await;
        let house = House::new(connection(&vendor, credential(&vendor, Scheme::Oauth2ClientCredentials)), &CLIENT);
        for seconds in [0, 3_000, 569, 1, 3_569, 1] {
            house.clock.advance(seconds);
            house.get_with(&api(&vendor)).await.unwrap();
        }
        assert_eq!(tokens_used(&vendor), ["1", "1", "1", "2", "2", "3"]);
    }
    let short = granting(Some(value!(20))).await;
    let house = House::new(connection(&short, credential(&short, Scheme::Oauth2ClientCredentials)), &CLIENT);
    for seconds in [0, 9, 1] {
        house.clock.advance(seconds);
        house.get_with(&api(&short)).await.unwrap();
    }
    assert_eq!(tokens_used(&short), ["1", "1", "2"]);
}

#[tokio::test]
async fn a_401_renews_the_token_once_and_repeats_the_request_once() {
    let issued = Arc::new(AtomicU32::new(0));
    let vendor = Vendor::answering(move |seen| match (seen.path.as_str(), seen.header("authorization")) {
        ("/token", _) => {
            json(200, value!({"access_token": format!("access-token-{}", issued.fetch_add(1, Ordering::SeqCst) + 1)}))
        }
        ("/api", Some("Bearer access-token-1")) | ("/never", _) => answer(401, "expired"),
        _ => answer(200, "data"),
    })
    .await;
    let house = House::new(connection(&vendor, credential(&vendor, Scheme::Oauth2ClientCredentials)), &CLIENT);
    let request = with_slot(post(&api(&vendor), "body"));
    assert_eq!(house.send(request).await.unwrap().status, 200);
    assert_eq!(tokens_used(&vendor), ["1", "2"]);
    assert!(vendor.seen_at("/api").iter().all(|seen| seen.text() == "body"));
    assert_eq!(house.get_with(&format!("{}/never", vendor.origin())).await.unwrap().status, 401);
    assert_eq!(vendor.seen_at("/never").len(), 2);
    assert_eq!(vendor.seen_at("/token").len(), 3);

    // A fixed credential is not made better by repeating.
    let fixed =
        House::new(with_credential(config(&[&vendor.origin()]), slot(Scheme::Bearer)), &[("value", "access-token-1")]);
    assert_eq!(fixed.get_with(&api(&vendor)).await.unwrap().status, 401);
    assert_eq!(vendor.seen_at("/api").len(), 3);
}

#[tokio::test]
async fn many_who_wait_cause_one_renewal() {
    let gate = Arc::new(Semaphore::new(0));
    let hold = Arc::clone(&gate);
    let vendor = Vendor::start(move |seen| {
        let hold = Arc::clone(&hold);
        async move {
            if seen.path == "/token" {
                hold.acquire().await.unwrap().forget();
                return json(200, value!({"access_token": "access-token-1", "expires_in": 3600}));
            }
            answer(200, "data")
        }
    })
    .await;
    let mut wide = connection(&vendor, credential(&vendor, Scheme::Oauth2ClientCredentials));
    wide.max_concurrent_requests = 64;
    let house = Arc::new(House::new(wide, &CLIENT));
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let (house, url) = (Arc::clone(&house), api(&vendor));
        tasks.spawn(async move { house.get_with(&url).await });
    }
    while vendor.seen_at("/token").is_empty() {
        tokio::task::yield_now().await;
    }
    // Were there a second request, it would pass the gate as well and be counted.
    gate.add_permits(32);
    while let Some(result) = tasks.join_next().await {
        assert_eq!(result.unwrap().unwrap().status, 200);
    }
    assert_eq!((vendor.seen_at("/token").len(), vendor.seen_at("/api").len()), (1, 32));
}

#[tokio::test]
async fn a_refusal_is_shared_and_the_endpoint_left_alone_for_a_while() {
    let vendor =
        Vendor::answering(|_| json(400, value!({"error": "invalid_grant", "error_description": "consent withdrawn"})))
            .await;
    let mut wide = connection(&vendor, credential(&vendor, Scheme::Oauth2ClientCredentials));
    wide.max_concurrent_requests = 64;
    let house = Arc::new(House::new(wide, &CLIENT));
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (house, url) = (Arc::clone(&house), api(&vendor));
        tasks.spawn(async move { house.get_with(&url).await });
    }
    while let Some(result) = tasks.join_next().await {
        let error = result.unwrap().unwrap_err();
        assert!(
            matches!(&error, SendError::Credential { needs_person: true, message } if message.contains("invalid_grant: consent withdrawn")),
            "{error:?}"
        );
    }
    assert_eq!(vendor.seen().len(), 1);
    house.clock.advance(9);
    assert!(house.get_with(&api(&vendor)).await.is_err());
    assert_eq!(vendor.seen().len(), 1);
    house.clock.advance(1);
    assert!(house.get_with(&api(&vendor)).await.is_err());
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn what_a_token_endpoint_says_is_sorted_by_who_can_mend_it() {
    let cases: [(u16, &str, bool); 8] = [
        (400, r#"{"error":"invalid_grant"}"#, true),
        (401, r#"{"error":"invalid_client"}"#, true),
        (403, "<html>forbidden</html>", true),
        (429, r#"{"error":"slow_down"}"#, false),
        (400, r#"{"error":"temporarily_unavailable"}"#, false),
        (503, "", false),
        (200, r#"{"token_type":"Bearer"}"#, false),
        (302, "", false),
    ];
    for (status, body, person) in cases {
        let vendor = Vendor::answering(move |_| answer(status, body)).await;
        let house = House::new(connection(&vendor, credential(&vendor, Scheme::Oauth2ClientCredentials)), &CLIENT);
        match house.get_with(&api(&vendor)).await.unwrap_err() {
            SendError::Credential { needs_person, message } => {
                assert_eq!(needs_person, person, "{status} {body}");
                assert!(message.contains(&status.to_string()), "{message}");
            }
            other => panic!("{status} {body}: {other:?}"),
        }
        assert!(vendor.seen_at("/api").is_empty());
    }
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://127.0.0.1:{}", closed.local_addr().unwrap().port());
    drop(closed);
    let mut dead = slot(Scheme::Oauth2ClientCredentials);
    dead.token_url = Some(format!("{origin}/token"));
    let house = House::new(with_credential(config(&[&origin]), dead), &CLIENT);
    let error = house.get_with(&format!("{origin}/api")).await.unwrap_err();
    assert!(matches!(&error, SendError::NotSent(text) if text.contains("token endpoint")), "{error:?}");
}

#[tokio::test]
async fn no_secret_is_in_any_error_even_when_the_vendor_repeats_it() {
    let (private, _) = keys(AssertionAlgorithm::ES256);
    let echo = |seen: &Seen| -> Response {
        let said = format!(
            "you sent {} with {:?}",
            seen.form().into_values().collect::<Vec<_>>().join(" | "),
            seen.headers.get("authorization")
        );
        json(400, value!({"error": "invalid_request", "error_description": said}))
    };
    let secrets = [
        ("client_id", "client-id-1"),
        ("client_secret", "client-secret-1"),
        ("refresh_token", "refresh-token-1"),
        ("private_key", private.as_str()),
        ("username", "user-name-1"),
    ];
    for scheme in
        [Scheme::Oauth2ClientCredentials, Scheme::Oauth2ClientAssertion, Scheme::Oauth2JwtBearer, Scheme::Oauth2Refresh]
    {
        let vendor = Vendor::answering(echo).await;
        let mut credential = credential(&vendor, scheme);
        credential.algorithm = Some(AssertionAlgorithm::ES256);
        let house = House::new(connection(&vendor, credential), &secrets);
        let error = format!("{:?}", house.get_with(&api(&vendor)).await.unwrap_err());
        assert!(error.contains("invalid_request") && error.contains("you sent"), "{error}");
        for (_, secret) in secrets {
            assert!(!error.contains(secret), "{scheme:?}: {error}");
        }
        assert!(!error.contains("eyJ"), "no assertion: {error}");
    }
}

#[tokio::test]
async fn a_token_endpoint_of_its_own_is_not_open_to_the_plugin() {
    let (login, vendor) = (granting(None).await, Vendor::answering(|_| answer(200, "data")).await);
    let mut config = with_credential(config(&[&vendor.origin()]), credential(&login, Scheme::Oauth2ClientCredentials));
    config.token_origins = vec![login.origin()];
    let house = House::new(config, &CLIENT);
    assert!(house.egress.check_credential("erp", "api").await.is_ok());
    assert_eq!(house.get_with(&api(&vendor)).await.unwrap().status, 200);
    assert!(denial(house.get(&format!("{}/token", login.origin())).await).contains("origin-not-in-manifest"));
    assert_eq!(login.seen().len(), 1);
}
