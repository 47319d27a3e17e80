//! The connector against the running simulator.

mod listening;
mod reading;
mod support;
mod writing;
