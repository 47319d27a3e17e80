//! New ids, as a wire.

use quoin_canonical::Id;

/// A source of canonical ids (UUID version 7: ordered by time of making).
pub trait Ids: Send + Sync {
    /// An id nobody has yet.
    fn next(&self) -> Id;
}
