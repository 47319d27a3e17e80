//! The powers a connector can have, one trait each.

use quoin_canonical::ObjectKind;

use crate::{Fault, Host, Inbound, Item, Outcome, Page, ReadRequest, Reply};

/// Who we are at the vendor and what we may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The account or user the credential belongs to.
    pub account: Option<String>,
    /// What the credential may do.
    pub scopes: Vec<String>,
    /// What an operator should mend, though the connection works.
    pub warnings: Vec<String>,
}

/// Asks the vendor who we are. Reads only.
pub trait Check {
    /// Who we are and what we may do.
    ///
    /// # Errors
    /// When the vendor cannot be asked or refuses the credential.
    fn check(host: &dyn Host) -> Result<Report, Fault>;
}

/// Reports the vendor's schema of the mapped objects, for drift detection. Reads only.
pub trait Discover {
    /// The schemas, by canonical object kind.
    ///
    /// # Errors
    /// When the vendor cannot be asked.
    fn discover(host: &dyn Host) -> Result<serde_json::Value, Fault>;
}

/// Reads canonical objects. Reads only: under this power nothing but reads leaves the host.
pub trait Source {
    /// One page of changes.
    ///
    /// # Errors
    /// When the page cannot be read whole; the cursor then stays where it was.
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault>;
}

/// Writes canonical objects with exactly-once effect.
pub trait Sink {
    /// Writes items: exactly one outcome per item, in order.
    ///
    /// # Errors
    /// Only when nothing at all was done; otherwise each item has its own outcome.
    fn apply(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault>;

    /// What became of these items: `created` when found, `retry` when surely not there, `unknown`
    /// when the vendor cannot say yet. Reads only.
    ///
    /// # Errors
    /// When the vendor cannot be asked.
    fn lookup(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault>;
}

/// Proves an inbound request and says what to read again. Has no network.
pub trait Webhook {
    /// What to answer and what to read again; never data.
    ///
    /// # Errors
    /// Kind `permission` means: not proven; the host answers 401 and stores nothing.
    fn handle(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault>;
}
