//! Recorded calls of a connector: what was asked, every request it sent with the answer that came,
//! and what it returned. One format for authors (`quoin record`, `quoin test`) and for hosts that
//! try a new version on yesterday's traffic.
//!
//! Lives here: the format, the recorder and the player (both stand where the way out stands), the
//! scrubbing of secrets and personal data, the comparison of two results. Never enters: a socket, a
//! sandbox, a secret's value.
//!
//! A request is recorded as the connector wrote it, before a credential is attached, so a cassette
//! names slots and never holds what is in them.

mod compare;
mod format;
mod player;
mod recorder;
mod scrub;

pub use compare::{Difference, differences};
pub use format::{
    Asked, Body, Call, Cassette, CassetteError, Exchange, FORMAT, RecordedFault, RecordedRequest, RecordedResponse,
    Reply, Returned,
};
pub use player::Player;
pub use recorder::Recorder;
pub use scrub::Scrubber;
