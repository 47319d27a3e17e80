//! Who may call: OAuth 2.0 machine-to-machine (`machine`) and token-based authentication, which is
//! OAuth 1.0a (`token_based`).

mod certificate;
mod machine;
mod token_based;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use quoin_simulator::Kit;

pub use certificate::{PublicKey, read_public_key};
pub use machine::TOKEN_PATH;
pub use token_based::authorization;

/// The account, unless the command line names another.
pub const DEFAULT_ACCOUNT: &str = "1234567_SB1";

/// Longest life of an assertion, and of the access token it buys.
const ONE_HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How far a client's clock may be off in token-based authentication.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Nonces remembered against replay; the oldest half is dropped at this number.
const MAX_NONCES: usize = 20_000;

/// The secrets of a token-based integration.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct TokenSecrets {
    pub consumer_key: String,
    pub consumer_secret: String,
    pub token_id: String,
    pub token_secret: String,
}

/// What the account knows about its callers.
#[derive(Debug)]
pub struct Doors {
    /// Account id, such as `1234567_SB1`.
    pub account: String,
    /// Client id of the machine-to-machine integration.
    pub client_id: String,
    /// Token-based integration.
    pub tokens: TokenSecrets,
    certificates: BTreeMap<String, PublicKey>,
    access: BTreeMap<String, Timestamp>,
    nonces: BTreeSet<(i64, String)>,
    issued: u64,
}

impl Default for TokenSecrets {
    /// The defaults of `README.md`.
    fn default() -> Self {
        Self {
            consumer_key: "sim-consumer-key".into(),
            consumer_secret: "sim-consumer-secret".into(),
            token_id: "sim-token-id".into(),
            token_secret: "sim-token-secret".into(),
        }
    }
}

impl Doors {
    /// From the command line's options, with the defaults of `README.md`.
    pub fn new(kit: &Kit) -> Self {
        let option = |name: &str, default: &str| kit.option(name).unwrap_or(default).to_owned();
        let usual = TokenSecrets::default();
        Self {
            account: option("account", DEFAULT_ACCOUNT),
            client_id: option("client_id", "sim-client"),
            tokens: TokenSecrets {
                consumer_key: option("consumer_key", &usual.consumer_key),
                consumer_secret: option("consumer_secret", &usual.consumer_secret),
                token_id: option("token_id", &usual.token_id),
                token_secret: option("token_secret", &usual.token_secret),
            },
            certificates: BTreeMap::new(),
            access: BTreeMap::new(),
            nonces: BTreeSet::new(),
            issued: 0,
        }
    }

    /// Registers a certificate or public key under an id (`kid` of the assertions).
    pub fn register(&mut self, id: &str, key: PublicKey) {
        self.certificates.insert(id.to_owned(), key);
    }

    /// Whether a request may pass.
    pub fn admit(&mut self, parts: &Parts, now: [Timestamp; 2]) -> bool {
        let Some(header) = credential(parts) else { return false };
        match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                self.access.get(token.trim()).is_some_and(|until| now.iter().any(|now| now < until))
            }
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("oauth") => self.admit_signed(parts, rest, now),
            _ => false,
        }
    }

    /// Forgets the access token of a request: it has expired.
    pub fn expire(&mut self, parts: &Parts) {
        if let Some((_, token)) = credential(parts).and_then(|header| header.split_once(' ')) {
            self.access.remove(token.trim());
        }
    }
}

fn credential(parts: &Parts) -> Option<&str> {
    parts.headers.get("authorization")?.to_str().ok()
}

/// The two clocks a client may live by: the machine's, and the simulator's, which a test may have
/// moved. Signatures are good when they are good under either.
pub fn clocks(kit: &Kit) -> [Timestamp; 2] {
    [Timestamp::now(), kit.now()]
}
