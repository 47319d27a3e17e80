//! Simulator of netsuite.
fn main() {}
