//! Every wire that leaves the core, one trait per file. Drivers call these traits, adapters
//! implement them, and neither knows the other.
//!
//! Lives here: traits, and the plain data that crosses them. Never enters: an implementation, or a
//! library's type in a signature.

pub mod clock;
pub mod connectors;
pub mod ids;
pub mod ledger;
pub mod outbound;
pub mod secrets;
pub mod transforms;
pub mod versions;

pub use clock::Clock;
pub use connectors::{
    CallError, CallTrace, Called, CheckReport, ConnectionInfo, Connectors, GuestFault, GuestFaultClass, Inbound, Item,
    ItemOutcome, ItemStatus, Op as ChangeOp, Page, PluginInfo, Plugins, Process, ReadChange, ReadRequest, Reference,
    Reply, Touched, VendorCall,
};
pub use ids::Ids;
pub use ledger::{Commit, CommitError, Expect, Ledger, Op, PARTITIONS, Receipt, Sighting, Text, XrefRow, partition_of};
pub use outbound::{Access, CallContext, HttpRequest, HttpResponse, Outbound, SendError};
pub use secrets::{MacAlgorithm, SecretError, SecretValue, Secrets};
pub use transforms::Transforms;
pub use versions::{
    Answer, Ask, LoadStep, MoneyChange, Package, RolloutError, RolloutStatus, Rollouts, SeenFault, ShadowDifference,
    ShadowReport, ShadowStatus, Staged, VersionStatus, VersionView, Versions, Wanted,
};
