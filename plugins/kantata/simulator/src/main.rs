//! Simulator of kantata.
fn main() {}
