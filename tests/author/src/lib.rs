//! The author's loop as its users meet it: the built `quoin` command in a folder outside this
//! repository, and the conformance suite on good and on broken connectors.
//!
//! Lives here: a stranger's shell. Never enters: a shortcut into the command, a file of the
//! repository in the stranger's hands.

mod guide;
mod shell;

pub use guide::commands;
pub use shell::{Said, Shell, quoin_program, root, target};
