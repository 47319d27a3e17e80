//! Secrets, by name. A value leaves the vault only inside a closure, never as text to keep.

use async_trait::async_trait;
use zeroize::Zeroizing;

/// A secret's value: wiped when dropped, without `Debug`, `Clone`, `Display` or serialization.
pub struct SecretValue(Zeroizing<Vec<u8>>);

impl SecretValue {
    /// Takes ownership of the bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Lends the value to `f`. Only the room that stamps credentials calls this.
    pub fn expose<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(&self.0)
    }
}

/// MAC algorithms for inbound proofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MacAlgorithm {
    HmacSha256,
    HmacSha1,
}

/// Why a secret cannot be used. Never carries the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No secret of that name.
    #[error("there is no secret named '{0}'; set it with `quoin secret set {0}`")]
    Missing(String),
    /// It is there but cannot be decrypted or stored.
    #[error("the vault cannot use '{name}': {reason}")]
    Unusable {
        /// Which.
        name: String,
        /// Why, without the value.
        reason: String,
    },
}

/// The vault. Names are `<connection>/<slot>/<part>`, such as `erp-de/api/private_key`.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Lends a value.
    ///
    /// # Errors
    /// When it is missing or unusable.
    async fn get(&self, name: &str) -> Result<SecretValue, SecretError>;

    /// Stores a value durably before it returns (rotating refresh tokens, `quoin secret set`).
    ///
    /// # Errors
    /// When it cannot be stored.
    async fn put(&self, name: &str, value: SecretValue) -> Result<(), SecretError>;

    /// Whether `mac` is the MAC of `payload` under that secret, in constant time.
    ///
    /// # Errors
    /// When the secret is missing or unusable.
    async fn verify_mac(
        &self,
        name: &str,
        algorithm: MacAlgorithm,
        payload: &[u8],
        mac: &[u8],
    ) -> Result<bool, SecretError>;

    /// Whether `candidate` equals that secret, in constant time.
    ///
    /// # Errors
    /// When the secret is missing or unusable.
    async fn equals(&self, name: &str, candidate: &[u8]) -> Result<bool, SecretError>;

    /// Names only, sorted, never values.
    async fn names(&self) -> Vec<String>;

    /// Text with every live secret value struck out: what logs and errors go through.
    fn redact(&self, text: &str) -> String;
}
