//! The token endpoint: client credentials and JWT bearer.

use jiff::{SignedDuration, Timestamp};
use quoin_simulator::axum::Json;
use quoin_simulator::axum::extract::State;
use quoin_simulator::axum::http::{HeaderMap, StatusCode, header};
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::{Origin, sign};
use serde_json::{Value, json};

use crate::Sim;
use crate::org::ORGANIZATION_ID;

/// Consumer key, unless `--option client_id=…` says otherwise.
pub const CLIENT_ID: &str = "3MVG9.simulated.consumer.key";
/// Consumer secret, unless `--option client_secret=…` says otherwise.
pub const CLIENT_SECRET: &str = "simulated-consumer-secret";
/// The integration user, unless `--option username=…` says otherwise.
pub const USERNAME: &str = "quoin.integration@advisory.example";

/// Length of a session when the org's settings say nothing else: two hours.
const SESSION_SECONDS: i64 = 7_200;

/// Login hosts, which do not issue tokens for client credentials.
const LOGIN_HOSTS: [&str; 2] = ["login.salesforce.com", "test.salesforce.com"];

/// Audiences a JWT bearer assertion may name.
const AUDIENCES: [&str; 2] = ["https://login.salesforce.com", "https://test.salesforce.com"];

struct Refused(&'static str, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0, "error_description": self.1}))).into_response()
    }
}

/// `POST /services/oauth2/token`.
pub async fn token(State(sim): State<Sim>, origin: Origin, headers: HeaderMap, body: String) -> Response {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let granted = match field("grant_type") {
        Some("client_credentials") => client_credentials(&sim, &origin, &headers, &field),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => jwt_bearer(&sim, field("assertion").unwrap_or_default()),
        _ => Err(Refused("unsupported_grant_type", "grant type not supported".into())),
    };
    match granted {
        Ok(()) => grant(&sim, &origin),
        Err(refused) => refused.into_response(),
    }
}

fn grant(sim: &Sim, origin: &Origin) -> Response {
    let seconds = sim.kit.option("session_seconds").and_then(|text| text.parse().ok()).unwrap_or(SESSION_SECONDS);
    let now = sim.kit.now();
    let token = sim.org().issue_token(now, SignedDuration::from_secs(seconds));
    let id = format!("https://login.salesforce.com/id/{ORGANIZATION_ID}/005000000000001AAA");
    let issued_at = now.as_millisecond().to_string();
    let secret = sim.kit.option("client_secret").unwrap_or(CLIENT_SECRET);
    // The vendor signs id and issue time with the consumer secret; the answer names no lifetime.
    let signature = sign::hmac_sha256_base64(secret.as_bytes(), format!("{id}{issued_at}").as_bytes());
    Json(json!({
        "access_token": token, "signature": signature, "scope": "api id", "instance_url": origin.0,
        "id": id, "token_type": "Bearer", "issued_at": issued_at,
    }))
    .into_response()
}

fn client_credentials<'a>(
    sim: &Sim,
    origin: &Origin,
    headers: &HeaderMap,
    field: &dyn Fn(&str) -> Option<&'a str>,
) -> Result<(), Refused> {
    let host = origin.0.split("//").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or_default();
    if LOGIN_HOSTS.contains(&host) {
        return Err(Refused("invalid_grant", "request not supported on this domain".into()));
    }
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| String::from_utf8(sign::from_base64(text)?).ok());
    let (id, secret) = match basic.as_deref().and_then(|text| text.split_once(':')) {
        Some(pair) => pair,
        None => (field("client_id").unwrap_or_default(), field("client_secret").unwrap_or_default()),
    };
    if id != sim.kit.option("client_id").unwrap_or(CLIENT_ID) {
        return Err(Refused("invalid_client_id", "client identifier invalid".into()));
    }
    if secret != sim.kit.option("client_secret").unwrap_or(CLIENT_SECRET) {
        return Err(Refused("invalid_client", "invalid client credentials".into()));
    }
    Ok(())
}

fn jwt_bearer(sim: &Sim, assertion: &str) -> Result<(), Refused> {
    let invalid = |text: &str| Refused("invalid_grant", text.to_owned());
    let claims = sign::peek_jwt(assertion).map_err(|_| invalid("invalid assertion"))?.claims;
    let claim = |name: &str| claims[name].as_str().unwrap_or_default();
    let key = public_key(sim, claim("iss"))
        .ok_or_else(|| Refused("invalid_client_id", "client identifier invalid".into()))?;
    sign::verify_jwt(assertion, &key, &["RS256"]).map_err(|_| invalid("invalid assertion"))?;
    if !AUDIENCES.contains(&claim("aud").trim_end_matches('/')) {
        return Err(invalid("audience is invalid"));
    }
    // Against the real clock: the client's own clock does not follow the simulator's.
    if expiry(&claims).is_none_or(|expiry| expiry <= Timestamp::now()) {
        return Err(invalid("token validity expired"));
    }
    if claim("sub") != sim.kit.option("username").unwrap_or(USERNAME) {
        return Err(invalid("user hasn't approved this consumer"));
    }
    Ok(())
}

fn expiry(claims: &Value) -> Option<Timestamp> {
    Timestamp::from_second(claims["exp"].as_i64()?).ok()
}

/// The registered key of a consumer: by action, or from the file named by
/// `--option public_key=path`.
fn public_key(sim: &Sim, consumer: &str) -> Option<String> {
    if let Some(key) = sim.org().public_keys.get(consumer) {
        return Some(key.clone());
    }
    let expected = sim.kit.option("client_id").unwrap_or(CLIENT_ID);
    let path = sim.kit.option("public_key").filter(|_| consumer == expected)?;
    std::fs::read_to_string(path).ok()
}
