//! Token-based authentication: OAuth 1.0a (RFC 5849) with HMAC-SHA256. The realm names the account
//! and is no part of the signature base string.

use axum::http::request::Parts;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use quoin_simulator::Origin;
use quoin_simulator::sign::hmac_sha256_base64;

use super::{CLOCK_SKEW, Doors, MAX_NONCES, TokenSecrets};

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

impl Doors {
    pub(super) fn admit_signed(&mut self, parts: &Parts, header: &str, now: [Timestamp; 2]) -> bool {
        let fields = header_fields(header);
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let secrets = &self.tokens;
        let known = field("oauth_consumer_key") == Some(secrets.consumer_key.as_str())
            && field("oauth_token") == Some(secrets.token_id.as_str())
            && field("oauth_signature_method") == Some("HMAC-SHA256")
            && field("oauth_version").is_none_or(|version| version == "1.0")
            && field("realm") == Some(self.account.as_str());
        let nonce = field("oauth_nonce").unwrap_or_default().to_owned();
        let stamp = field("oauth_timestamp").and_then(|text| text.parse::<i64>().ok());
        let Some(at) = stamp.and_then(|seconds| Timestamp::from_second(seconds).ok()) else { return false };
        if !known || nonce.len() < 6 || !now.iter().any(|now| now.duration_since(at).abs() <= CLOCK_SKEW) {
            return false;
        }
        let key = format!("{}&{}", encode(&secrets.consumer_secret), encode(&secrets.token_secret));
        let url = format!("{}{}", Origin::of(parts).0, parts.uri.path());
        let base = base_string(parts.method.as_str(), &url, parts.uri.query().unwrap_or_default(), &fields);
        let expected = hmac_sha256_base64(key.as_bytes(), base.as_bytes());
        if field("oauth_signature") != Some(expected.as_str()) {
            return false;
        }
        if self.nonces.len() >= MAX_NONCES {
            self.nonces = self.nonces.iter().skip(MAX_NONCES / 2).cloned().collect();
        }
        self.nonces.insert((at.as_second(), nonce))
    }
}

/// `name="value"` pairs, values percent-decoded.
fn header_fields(header: &str) -> Vec<(String, String)> {
    header
        .split(',')
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| {
            (
                name.trim().to_owned(),
                percent_decode_str(value.trim().trim_matches('"')).decode_utf8_lossy().into_owned(),
            )
        })
        .collect()
}

/// RFC 5849 section 3.4.1, with the query's parameters and without realm and signature.
fn base_string(method: &str, url: &str, query: &str, fields: &[(String, String)]) -> String {
    let from_query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (encode(&decode(name)), encode(&decode(value)))
    });
    let from_header = fields
        .iter()
        .filter(|(name, _)| name != "realm" && name != "oauth_signature")
        .map(|(name, value)| (encode(name), encode(value)));
    let mut all: Vec<(String, String)> = from_query.chain(from_header).collect();
    all.sort();
    let joined: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{method}&{}&{}", encode(url), encode(&joined.join("&")))
}

/// The `Authorization` header of a request, as a client makes it: for tests that have no host.
pub fn authorization(
    method: &str,
    url: &str,
    account: &str,
    secrets: &TokenSecrets,
    stamp: i64,
    nonce: &str,
) -> String {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut fields: Vec<(String, String)> = [
        ("realm", account),
        ("oauth_consumer_key", &secrets.consumer_key),
        ("oauth_token", &secrets.token_id),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_nonce", nonce),
        ("oauth_version", "1.0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    fields.push(("oauth_timestamp".to_owned(), stamp.to_string()));
    let key = format!("{}&{}", encode(&secrets.consumer_secret), encode(&secrets.token_secret));
    let base = base_string(method, address, query, &fields);
    fields.push(("oauth_signature".to_owned(), hmac_sha256_base64(key.as_bytes(), base.as_bytes())));
    let written: Vec<String> = fields.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
    format!("OAuth {}", written.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Request and expected base string are the example of RFC 5849 section 3.4.1.1; the realm is not in it.
    #[test]
    fn the_base_string_is_that_of_the_standard() {
        let fields = [
            ("realm", "Example"),
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            ("oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw="),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let query = "b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2&a3=2+q";
        assert_eq!(
            base_string("POST", "http://example.com/request", query, &fields),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D\
             %26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1\
             %26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }
}
