//! The `quoin` command.
fn main() {}
