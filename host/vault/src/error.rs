//! Why a vault cannot be opened or written. No text here ever holds a value.

use std::path::{Path, PathBuf};

/// Why a vault cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// Secrets exist, their key does not.
    #[error(
        "{vault} holds secrets, but its key {key} is missing; put the key back, or move the vault away to start an empty one"
    )]
    KeyMissing {
        /// The vault.
        vault: PathBuf,
        /// Where the key should be.
        key: PathBuf,
    },
    /// Others can read the key.
    #[error("{path} can be read by others (mode {mode:03o}); run: chmod 600 {path}")]
    KeyExposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a key.
    #[error("{place} does not hold a key: expected base64 of 32 bytes, such as `openssl rand -base64 32` prints")]
    KeyForm {
        /// The file or variable.
        place: String,
    },
    /// Sealed under a key that we were not given.
    #[error(
        "{path} is sealed under key {sealed_under}, but the key given is {given}; give that key, or give it as the previous key so that the vault is sealed anew"
    )]
    WrongKey {
        /// The vault.
        path: PathBuf,
        /// Id of the key it needs.
        sealed_under: String,
        /// Ids of the keys we have.
        given: String,
    },
    /// Changed by someone without the key, or damaged.
    #[error("{path} was changed or damaged: {what} does not match its seal; restore the file from a backup")]
    Tampered {
        /// The vault.
        path: PathBuf,
        /// Which part.
        what: String,
    },
    /// Not a vault, or a newer one.
    #[error("{path} is not a vault that this version reads: {reason}")]
    Format {
        /// The vault.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A name or value that cannot be stored.
    #[error("'{name}' cannot be stored: {reason}")]
    Refused {
        /// The secret.
        name: String,
        /// Why, and how to mend it.
        reason: String,
    },
    /// Only a key kept in a file can be replaced by the vault itself.
    #[error(
        "the key comes from outside; to rotate it, give the new one as {variable} and the old one as {variable}_PREVIOUS, and start once"
    )]
    KeyOutside {
        /// Name of the variable.
        variable: &'static str,
    },
    /// The cryptographic library refused; not expected.
    #[error("encryption failed in the cryptographic library")]
    Crypto,
}

impl VaultError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

impl From<aws_lc_rs::error::Unspecified> for VaultError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Crypto
    }
}
