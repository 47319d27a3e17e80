//! OAuth 1.0a signatures (RFC 5849) with HMAC-SHA256.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ports::SendError;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::secret::SlotSecrets;
use crate::gate::Admitted;

/// Everything but the unreserved characters of RFC 3986 (RFC 5849 section 3.6).
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Name of the method; HMAC with SHA-256 follows section 3.4.2 in all else.
const METHOD: &str = "HMAC-SHA256";

fn encode(text: &str) -> String {
    utf8_percent_encode(text, &ENCODED).to_string()
}

/// The `Authorization` header of a request.
pub(super) async fn authorize(
    secrets: &SlotSecrets,
    request: &Admitted,
    realm: Option<&str>,
) -> Result<Zeroizing<String>, SendError> {
    let (consumer_key, token) = (secrets.text("consumer_key").await?, secrets.text("token").await?);
    let (consumer_secret, token_secret) = (secrets.text("consumer_secret").await?, secrets.text("token_secret").await?);
    let timestamp = secrets.room.clock.now().as_second().to_string();
    let nonce = secrets.room.nonces.nonce();
    let protocol = [
        ("oauth_consumer_key", consumer_key.as_str()),
        ("oauth_token", token.as_str()),
        ("oauth_signature_method", METHOD),
        ("oauth_timestamp", timestamp.as_str()),
        ("oauth_nonce", nonce.as_str()),
        ("oauth_version", "1.0"),
    ];
    let base = base_string(request.method.as_str(), request.target.url(), &protocol, form_body(request));
    let signature = sign(&base, &consumer_secret, &token_secret);
    Ok(header(realm, &protocol, &signature))
}

/// The body, where it is an HTML form and so is signed (section 3.4.1.3.1).
fn form_body(request: &Admitted) -> Option<&[u8]> {
    let kind = request.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded").then_some(request.body.as_deref()).flatten()
}

/// Section 3.4.1.1: method, address without query, and all parameters, sorted as encoded.
fn base_string(method: &str, url: &Url, protocol: &[(&str, &str)], form: Option<&[u8]>) -> Zeroizing<String> {
    let query = url.query_pairs();
    let body = form_urlencoded::parse(form.unwrap_or_default());
    let mut parameters: Vec<(String, String)> =
        protocol.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    parameters.extend(query.chain(body).map(|(name, value)| (encode(&name), encode(&value))));
    parameters.sort_unstable();
    let joined =
        Zeroizing::new(parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"));
    // The parser has lowered scheme and host and dropped a port that the scheme implies.
    let address =
        format!("{}://{}{}", url.scheme(), &url[url::Position::BeforeHost..url::Position::AfterPort], url.path());
    Zeroizing::new(format!("{}&{}&{}", encode(&method.to_ascii_uppercase()), encode(&address), encode(&joined)))
}

fn sign(base: &str, consumer_secret: &str, token_secret: &str) -> String {
    let key = Zeroizing::new(format!("{}&{}", encode(consumer_secret), encode(token_secret)));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

/// Section 3.5.1. The realm comes first and is not encoded.
fn header(realm: Option<&str>, protocol: &[(&str, &str)], signature: &str) -> Zeroizing<String> {
    let realm = realm.map(|realm| format!("realm=\"{realm}\""));
    let signature = ("oauth_signature", signature);
    let fields =
        protocol.iter().chain(std::iter::once(&signature)).map(|(name, value)| format!("{name}=\"{}\"", encode(value)));
    Zeroizing::new(format!("OAuth {}", realm.into_iter().chain(fields).collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 5849 section 3.4.1.1, parameters of section 3.4.1.3.1.
    #[test]
    fn the_base_string_is_that_of_the_standard() {
        let url = Url::parse("http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        let protocol = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let base = base_string("post", &url, &protocol, Some(b"c2&a3=2+q"));
        assert_eq!(
            base.as_str(),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn ports_paths_and_signs_keep_their_spelling() {
        let cases = [
            ("https://example.net:8080/?q=1", "GET&https%3A%2F%2Fexample.net%3A8080%2F&q%3D1"),
            ("https://example.net:443/r%20v/X?id=123", "GET&https%3A%2F%2Fexample.net%2Fr%2520v%2FX&id%3D123"),
            ("http://[::1]:81/a", "GET&http%3A%2F%2F%5B%3A%3A1%5D%3A81%2Fa&"),
            (
                "https://example.net/?b=2&a=~*'()!&a=%C3%A4",
                "GET&https%3A%2F%2Fexample.net%2F&a%3D%25C3%25A4%26a%3D~%252A%2527%2528%2529%2521%26b%3D2",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(base_string("GET", &Url::parse(url).unwrap(), &[], None).as_str(), expected, "{url}");
        }
    }

    /// Signatures computed with Python's `hmac` and `hashlib` over base strings written by hand.
    #[test]
    fn signatures_agree_with_another_implementation() {
        let cases = [
            (
                "GET&https%3A%2F%2Fexample.net%2F&a%3D1",
                "consumer secret",
                "token&secret",
                "NInGyqoBEsBaqp/j+z3ZXVOeVYBLymM97tqdEoRRhVo=",
            ),
            (
                "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b",
                "j49sk3j29djd",
                "dh893hdasih9",
                "NGRZUQmWq7uxydQW8EZM42nxK4qgL/82abw2hUXSSMc=",
            ),
            ("GET&https%3A%2F%2Fexample.net%2F&", "", "", "sWIiJM0DIRUwe/Qn1yBZVHhJOh3UuUVKuPNc+z/meQ0="),
        ];
        for (base, consumer, token, expected) in cases {
            assert_eq!(sign(base, consumer, token), expected, "{base}");
        }
    }

    #[test]
    fn the_header_leads_with_the_realm() {
        let line = header(Some("1234567_SB1"), &[("oauth_token", "a b")], "x+/=");
        assert_eq!(line.as_str(), "OAuth realm=\"1234567_SB1\", oauth_token=\"a%20b\", oauth_signature=\"x%2B%2F%3D\"");
        assert_eq!(header(None, &[], "s").as_str(), "OAuth oauth_signature=\"s\"");
    }
}
