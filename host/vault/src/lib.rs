//! The value of a secret: encrypted at rest, lent by name, struck out of every text.
//!
//! Lives here: the sealed file, its keys and their rotation, the redactor. Never enters: a secret
//! that can be printed or serialized, knowledge of what a secret is for.
//!
//! What the sealing holds: whoever reads the file without the key learns names and sizes only;
//! whoever changes it is noticed when it is next opened. What it cannot hold: putting back an older
//! copy of the whole file, which is what a restore does.

mod error;
mod file;
mod key;
mod redact;
mod sealed;

pub use error::VaultError;
pub use file::FileVault;
pub use key::{KEY_BYTES, KeySource};
