//! OAuth 2.0 client credentials with a signed assertion: what the vendor calls machine-to-machine.

use jiff::Timestamp;
use quoin_simulator::sign::{peek_jwt, sha256_hex, verify_jwt};
use serde_json::{Value, json};

use super::{Doors, ONE_HOUR};

/// Where tokens are handed out.
pub const TOKEN_PATH: &str = "/services/rest/auth/oauth2/v1/token";

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SCOPES: [&str; 3] = ["rest_webservices", "restlets", "suite_analytics"];

impl Doors {
    /// Answers a token request.
    ///
    /// # Errors
    /// The OAuth error body, for a 400.
    pub fn token(&mut self, form: &[(String, String)], origin: &str, now: [Timestamp; 2]) -> Result<Value, Value> {
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if field("grant_type") != Some("client_credentials") {
            return Err(refuse("unsupported_grant_type", "grant_type must be client_credentials"));
        }
        if field("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(refuse("invalid_request", "client_assertion_type must be the jwt-bearer type"));
        }
        let assertion =
            field("client_assertion").ok_or_else(|| refuse("invalid_request", "client_assertion is missing"))?;
        self.check(assertion, origin, now).map_err(|reason| refuse("invalid_grant", &reason))?;
        self.issued += 1;
        let token = sha256_hex(format!("{}|{}|{}", self.account, self.issued, assertion).as_bytes());
        let until = now.map(|now| now.checked_add(ONE_HOUR).unwrap_or(Timestamp::MAX));
        self.access.retain(|_, until| now.iter().any(|now| now < until));
        self.access.insert(token.clone(), until[0].max(until[1]));
        Ok(json!({"access_token": token, "expires_in": "3600", "token_type": "Bearer"}))
    }

    fn check(&self, assertion: &str, origin: &str, now: [Timestamp; 2]) -> Result<(), String> {
        let seen = peek_jwt(assertion).map_err(|error| error.to_string())?;
        let id = seen.header["kid"].as_str().ok_or("the header has no kid")?;
        let key = self.certificates.get(id).ok_or_else(|| format!("no certificate with id '{id}' is registered"))?;
        let accepted: &[&str] = if key.rsa { &["PS256"] } else { &["ES256"] };
        let claims = verify_jwt(assertion, &key.pem, accepted).map_err(|error| error.to_string())?.claims;
        if claims["iss"] != self.client_id.as_str() {
            return Err("iss is not the client id of the integration".into());
        }
        let own =
            format!("https://{}.suitetalk.api.netsuite.com{TOKEN_PATH}", self.account.to_lowercase().replace('_', "-"));
        let audience = claims["aud"].as_str().unwrap_or_default();
        if audience != own && audience != format!("{origin}{TOKEN_PATH}") {
            return Err(format!("aud '{audience}' is not the address of the token endpoint"));
        }
        scopes(&claims)?;
        let seconds = |name: &str| claims[name].as_i64().and_then(|at| Timestamp::from_second(at).ok());
        let (Some(issued), Some(expires)) = (seconds("iat"), seconds("exp")) else {
            return Err("iat and exp are required, in seconds".into());
        };
        if expires.duration_since(issued) > ONE_HOUR {
            return Err("exp lies more than 60 minutes after iat".into());
        }
        let skewed = |now: Timestamp| now.checked_add(super::CLOCK_SKEW).unwrap_or(Timestamp::MAX);
        if now.iter().any(|now| *now < expires && issued <= skewed(*now)) {
            return Ok(());
        }
        Err("the assertion is expired or not yet valid".into())
    }
}

fn scopes(claims: &Value) -> Result<(), String> {
    let asked: Vec<&str> = match &claims["scope"] {
        Value::String(text) => text.split([' ', ',']).filter(|scope| !scope.is_empty()).collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if asked.is_empty() {
        return Err("scope is missing".into());
    }
    match asked.iter().find(|scope| !SCOPES.contains(scope)) {
        Some(unknown) => Err(format!("scope '{unknown}' does not exist")),
        None => Ok(()),
    }
}

fn refuse(error: &str, description: &str) -> Value {
    json!({"error": error, "error_description": description})
}
