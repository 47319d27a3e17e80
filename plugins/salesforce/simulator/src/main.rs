//! Simulator of salesforce.
fn main() {}
