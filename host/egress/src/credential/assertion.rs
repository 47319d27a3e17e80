//! Signed assertions for token endpoints (RFC 7523).

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ports::SendError;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::secret::{SlotSecrets, needs_person};
use crate::config::AssertionAlgorithm;

/// What a slot's assertions say.
pub(super) struct Assertion {
    pub(super) algorithm: AssertionAlgorithm,
    pub(super) key_id: Option<String>,
    pub(super) audience: String,
    pub(super) subject: Option<String>,
    pub(super) lifetime_seconds: i64,
}

impl Assertion {
    /// A client speaks for itself (RFC 7523 section 2.2). Vendors that bind the scope to the
    /// assertion read it from a claim: one word as text, several as a list.
    pub(super) async fn for_client(
        &self,
        secrets: &SlotSecrets,
        scope: Option<&str>,
    ) -> Result<Zeroizing<String>, SendError> {
        let client = secrets.text("client_id").await?;
        let subject = self.subject.as_deref().unwrap_or(&client);
        let mut claims = self.claims(secrets, &client, subject);
        if let Some(scope) = scope {
            let words: Vec<&str> = scope.split_whitespace().collect();
            claims.insert("scope".into(), if let [word] = words.as_slice() { json!(word) } else { json!(words) });
        }
        self.sign(secrets, &claims).await
    }

    /// A client speaks for a user (RFC 7523 section 2.1).
    pub(super) async fn for_subject(&self, secrets: &SlotSecrets) -> Result<Zeroizing<String>, SendError> {
        let client = secrets.text("client_id").await?;
        let claims = match &self.subject {
            Some(subject) => self.claims(secrets, &client, subject),
            None => self.claims(secrets, &client, &secrets.text("username").await?),
        };
        self.sign(secrets, &claims).await
    }

    fn claims(&self, secrets: &SlotSecrets, issuer: &str, subject: &str) -> Map<String, Value> {
        let now = secrets.room.clock.now().as_second();
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(issuer));
        claims.insert("sub".into(), json!(subject));
        claims.insert("aud".into(), json!(self.audience));
        claims.insert("iat".into(), json!(now));
        claims.insert("exp".into(), json!(now + self.lifetime_seconds));
        claims.insert("jti".into(), json!(secrets.room.nonces.nonce()));
        claims
    }

    async fn sign(&self, secrets: &SlotSecrets, claims: &Map<String, Value>) -> Result<Zeroizing<String>, SendError> {
        let pem = secrets.text("private_key").await?;
        let (algorithm, key) = match self.algorithm {
            AssertionAlgorithm::RS256 => (Algorithm::RS256, EncodingKey::from_rsa_pem(pem.as_bytes())),
            AssertionAlgorithm::PS256 => (Algorithm::PS256, EncodingKey::from_rsa_pem(pem.as_bytes())),
            AssertionAlgorithm::ES256 => (Algorithm::ES256, EncodingKey::from_ec_pem(pem.as_bytes())),
        };
        // The library's own texts are not repeated: they could quote the key.
        let unusable = |_| {
            let (connection, slot) = (secrets.connection(), secrets.slot());
            needs_person(format!(
                "the secret '{connection}/{slot}/private_key' is not a private key for {algorithm:?}; set one in PEM, PKCS#8"
            ))
        };
        let mut header = Header::new(algorithm);
        header.kid.clone_from(&self.key_id);
        let key = key.map_err(unusable)?;
        jsonwebtoken::encode(&header, claims, &key).map(Zeroizing::new).map_err(unusable)
    }
}
