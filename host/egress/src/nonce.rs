//! Values used once: OAuth 1 nonces and the ids of signed assertions.

use aws_lc_rs::rand;

/// Length of a nonce, in bytes before it is written in hexadecimal.
const NONCE_BYTES: usize = 16;

/// A source of values that never come twice.
pub trait Nonces: Send + Sync {
    /// A fresh one, of letters and digits.
    fn nonce(&self) -> String;
}

/// Random nonces of 128 bits.
pub struct RandomNonces;

impl Nonces for RandomNonces {
    fn nonce(&self) -> String {
        let mut bytes = [0; NONCE_BYTES];
        // The system's generator does not fail once it is seeded; were it to, the constant nonce
        // would be refused by the vendor as a repeat, never accepted as fresh.
        let _ = rand::fill(&mut bytes);
        hex::encode(bytes)
    }
}
