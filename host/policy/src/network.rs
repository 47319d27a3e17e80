//! Which addresses a plugin may reach.
//!
//! Three questions, answered in this order by whoever opens a connection: is the URL written
//! plainly ([`Target::parse`]), is its origin on both lists ([`judge_origin`]), and is the address
//! that its name resolves to fit to be called ([`judge_address`]). Nothing here resolves a name or
//! opens a socket.

mod address;
mod origin;
mod reading;
mod target;

pub use address::{Naming, PrivateGrant, judge_address, judge_literal};
pub use origin::{AllowList, Origin, OriginError, fill_origins, fill_path};
pub use reading::{ReadingPosts, judge_read};
pub use target::{Target, UrlScheme};

/// A no, with the rule that says it and the line that would turn it into a yes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} [{rule}]; {remedy}")]
pub struct Denial {
    /// Name of the rule, stable, for searching.
    pub rule: &'static str,
    /// What was refused and why.
    pub message: String,
    /// What to change, with the TOML line where one exists.
    pub remedy: String,
}

impl Denial {
    pub(crate) fn new(rule: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { rule, message: message.into(), remedy: remedy.into() }
    }
}

/// Whether both the package and the operator name the target's origin.
///
/// # Errors
/// A [`Denial`] naming the list that lacks it. The manifest is asked first: what a package never
/// asked for, an operator cannot grant by mistake.
pub fn judge_origin(target: &Target, manifest: &AllowList, operator: &AllowList) -> Result<(), Denial> {
    if !manifest.admits(target) {
        let origin = target.origin();
        return Err(Denial::new(
            "origin-not-in-manifest",
            format!("{origin} is not among the origins that the package declares"),
            format!("to allow it, in connector.toml under [network]: origins = [\"{origin}\"]"),
        ));
    }
    if !operator.admits(target) {
        let origin = target.origin();
        return Err(Denial::new(
            "origin-not-granted",
            format!("{origin} is declared by the package but not granted by the operator"),
            format!("to allow it, in the connection's grant: origins = [\"{origin}\"]"),
        ));
    }
    Ok(())
}
