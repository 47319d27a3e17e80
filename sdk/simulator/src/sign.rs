//! Checking and making signatures, as vendors do: HMAC for webhooks and OAuth 1.0a, JWT for
//! bearer grants and client assertions.

use aws_lc_rs::{digest, hmac, signature};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// HMAC-SHA256 of `data` under `key`.
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec()
}

/// HMAC-SHA256 in lower-case hex, as webhook headers carry it.
pub fn hmac_sha256_hex(key: &[u8], data: &[u8]) -> String {
    hex::encode(hmac_sha256(key, data))
}

/// HMAC-SHA256 in Base64, as OAuth 1.0a carries it.
pub fn hmac_sha256_base64(key: &[u8], data: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(key, data))
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(data: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, data))
}

/// Standard Base64 to bytes; `None` when it is none.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Bytes to standard Base64.
pub fn to_base64(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// Why a JSON Web Token was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not three parts of Base64 JSON.
    #[error("the token is malformed: {0}")]
    Malformed(String),
    /// An algorithm that the vendor does not take.
    #[error("algorithm '{0}' is not accepted")]
    Algorithm(String),
    /// The key is not a PEM public key.
    #[error("the registered public key is not a PEM of type PUBLIC KEY")]
    Key,
    /// The signature does not fit the key.
    #[error("the signature is invalid")]
    Signature,
}

/// A JSON Web Token whose signature was proven. Whether its claims hold (`aud`, `exp`, `iss`) is
/// for the vendor to judge, against the simulator's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Jwt {
    /// The protected header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

/// Reads header and claims without proving anything: to find out whose key to use.
///
/// # Errors
/// [`JwtError::Malformed`].
pub fn peek_jwt(token: &str) -> Result<Jwt, JwtError> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(JwtError::Malformed("it must have three parts".into()));
    };
    let part = |name: &str, text: &str| -> Result<Value, JwtError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|error| JwtError::Malformed(format!("{name}: {error}")))?;
        serde_json::from_slice(&bytes).map_err(|error| JwtError::Malformed(format!("{name}: {error}")))
    };
    Ok(Jwt { header: part("header", header)?, claims: part("claims", claims)? })
}

/// Proves the signature of a JSON Web Token (RS256, PS256 or ES256) under a public key in PEM, if
/// the vendor takes its algorithm.
///
/// # Errors
/// [`JwtError`].
pub fn verify_jwt(token: &str, public_key_pem: &str, accepted: &[&str]) -> Result<Jwt, JwtError> {
    let jwt = peek_jwt(token)?;
    let algorithm = jwt.header["alg"].as_str().unwrap_or_default();
    let method: &dyn signature::VerificationAlgorithm = match algorithm {
        _ if !accepted.contains(&algorithm) => return Err(JwtError::Algorithm(algorithm.into())),
        "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
        "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
        "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
        other => return Err(JwtError::Algorithm(other.into())),
    };
    let (signed, mac) = token.rsplit_once('.').ok_or_else(|| JwtError::Malformed("no signature".into()))?;
    let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|error| JwtError::Malformed(format!("signature: {error}")))?;
    let der = pem_body(public_key_pem).ok_or(JwtError::Key)?;
    let key = signature::UnparsedPublicKey::new(method, &der);
    key.verify(signed.as_bytes(), &mac).map_err(|_| JwtError::Signature)?;
    Ok(jwt)
}

/// The bytes between the lines of a `PUBLIC KEY` PEM.
fn pem_body(pem: &str) -> Option<Vec<u8>> {
    let inner = pem.split("-----BEGIN PUBLIC KEY-----").nth(1)?.split("-----END PUBLIC KEY-----").next()?;
    let text: String = inner.split_whitespace().collect();
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(key: &rcgen::KeyPair, claims: &str) -> String {
        use rcgen::SigningKey as _;
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let mac = key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    #[test]
    fn a_token_is_proven_by_its_key_alone() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let token = token(&key, r#"{"iss":"app"}"#);
        let jwt = verify_jwt(&token, &key.public_key_pem(), &["RS256"]).unwrap();
        assert_eq!(jwt.claims["iss"], "app");
        assert_eq!(verify_jwt(&token, &other.public_key_pem(), &["RS256"]), Err(JwtError::Signature));
        assert_eq!(verify_jwt(&token, &key.public_key_pem(), &["PS256"]), Err(JwtError::Algorithm("RS256".into())));
        assert_eq!(verify_jwt(&token, "no key", &["RS256"]), Err(JwtError::Key));
        assert!(matches!(verify_jwt("a.b", "", &["RS256"]), Err(JwtError::Malformed(_))));
    }

    #[test]
    fn hmac_agrees_with_rfc_4231_case_2() {
        assert_eq!(
            hmac_sha256_hex(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
