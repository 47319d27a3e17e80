//! The quick round before a commit.

use crate::{cargo, tidy};

/// Format, lints, laws, and the tests of the pure core.
///
/// # Errors
/// The first that does not hold.
pub fn run() -> anyhow::Result<()> {
    cargo::step("format");
    cargo::cargo(&["fmt", "--all", "--check"])?;
    tidy::run()?;
    cargo::step("lints");
    cargo::cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    cargo::step("fast tests");
    let core = cargo::packages()?.into_iter().filter(|package| package.kind.as_deref() == Some("core"));
    let mut arguments = vec!["test".to_owned(), "--quiet".to_owned()];
    for package in core {
        arguments.extend(["--package".to_owned(), package.name]);
    }
    cargo::cargo(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}
