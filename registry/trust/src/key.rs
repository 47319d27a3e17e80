//! Ed25519 keys: a secret one in a PEM file that OpenSSL reads too, a public one on one line.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
const PREFIX: &str = "ed25519:";
/// Bytes of an Ed25519 public key (RFC 8032 section 5.1).
const PUBLIC_BYTES: usize = 32;
/// Hexadecimal digits of a key's id: enough that two keys of one registry never share it.
const ID_DIGITS: usize = 16;

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a public key.
    #[error("'{0}' is no public key; one looks like ed25519:{1}, as `quoin registry key show FILE` prints it")]
    Public(String, &'static str),
    /// Not a secret key.
    #[error("this is no Ed25519 key in PEM (PKCS #8); make one with `quoin registry key new`: {0}")]
    Secret(String),
    /// The machine gave no random bytes.
    #[error("no key could be made: {0}")]
    Random(String),
}

/// The secret half: signs what its owner publishes.
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// When the machine gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(Self { pair })
    }

    /// Reads a PEM file's text.
    ///
    /// # Errors
    /// When it is no Ed25519 key in PKCS #8.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let refuse = |why: &str| KeyError::Secret(why.to_owned());
        let body = text.split_once(PEM_BEGIN).and_then(|(_, rest)| rest.split_once(PEM_END)).map(|(body, _)| body);
        let body: Zeroizing<String> =
            Zeroizing::new(body.ok_or_else(|| refuse("it has no PRIVATE KEY block"))?.split_whitespace().collect());
        let der = Zeroizing::new(STANDARD.decode(body.as_str()).map_err(|_| refuse("its base64 is damaged"))?);
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|error| refuse(&error.to_string()))?;
        Ok(Self { pair })
    }

    /// The text of a PEM file, for a file that only its owner may read.
    ///
    /// # Errors
    /// When the key cannot be written down.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let der = self.pair.to_pkcs8v1().map_err(|error| KeyError::Secret(error.to_string()))?;
        Ok(Zeroizing::new(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(der.as_ref()))))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; PUBLIC_BYTES];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().id())
    }
}

/// The public half: `ed25519:` and 32 bytes in base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; PUBLIC_BYTES]);

impl PublicKey {
    /// A short name for people and for bundles: the first digits of the key's SHA-256.
    pub fn id(&self) -> String {
        hex::encode(digest(&SHA256, &self.0)).chars().take(ID_DIGITS).collect()
    }

    /// Whether this key's owner signed these bytes.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(bytes, signature).is_ok()
    }

    /// SubjectPublicKeyInfo in PEM, for other tools.
    pub fn to_pem(&self) -> String {
        // RFC 8410 section 4: the algorithm identifier of Ed25519 has no parameters, so the prefix never changes.
        const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let der = STANDARD.encode([&SPKI[..], &self.0].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n")
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = text.trim().strip_prefix(PREFIX).and_then(|body| STANDARD.decode(body).ok());
        match bytes.and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => Ok(Self(bytes)),
            None => Err(KeyError::Public(text.to_owned(), "<44 characters of base64>")),
        }
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(key.public(), again.public());
        let signature = again.sign(b"bytes");
        assert!(key.public().verifies(b"bytes", &signature));
        assert!(!key.public().verifies(b"other bytes", &signature));
        assert_eq!(key.public().to_string().parse::<PublicKey>().unwrap(), key.public());
    }

    #[test]
    fn keys_of_other_tools_are_read() {
        // RFC 8410 section 10.3.
        let text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let key = SigningKey::from_pem(text).unwrap();
        let pem = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
        assert!(key.public().to_pem().contains(pem));
    }

    #[test]
    fn what_is_no_key_is_said() {
        for text in ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA"] {
            assert!(text.parse::<PublicKey>().unwrap_err().to_string().contains("key show"), "{text}");
        }
        assert!(SigningKey::from_pem("hello").unwrap_err().to_string().contains("key new"));
    }
}
