//! Who made a plugin, provable without asking anybody: Ed25519 keys, signed statements about a
//! version, and the note of origin that stands beside an installed plugin.
//!
//! Lives here: keys, statements (in-toto v1 in a DSSE envelope in a Sigstore bundle v0.3), their
//! verification. Never enters: IO, a clock, an opinion about whom to trust: callers bring the keys.

mod bundle;
mod key;
mod provenance;
mod statement;

pub use bundle::{BUNDLE_MEDIA_TYPE, Bundle, MAX_BUNDLE_BYTES};
pub use key::{KeyError, PublicKey, SigningKey};
pub use provenance::{Provenance, Publisher};
pub use statement::{CERTIFICATE_TYPE, Certificate, PUBLISH_TYPE, Release, Statement, SubjectDigests};

/// Why something signed is not believed. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not the shape of what was expected.
    #[error("{0} is not readable: {1}")]
    Malformed(&'static str, String),
    /// None of the keys made the signature.
    #[error("the signature was made by none of the trusted keys ({trusted}); it names the key {hint}")]
    UnknownSigner {
        /// Ids of the keys that were tried.
        trusted: String,
        /// What the bundle says about its key.
        hint: String,
    },
    /// Signed, but about something else.
    #[error("the signature is about {signed}, not about {wanted}")]
    OtherSubject {
        /// What was signed.
        signed: String,
        /// What was asked.
        wanted: String,
    },
}
