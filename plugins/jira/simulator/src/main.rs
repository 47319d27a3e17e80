//! Simulator of jira.
fn main() {}
