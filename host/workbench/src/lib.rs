//! The author's bench: makes a connector's or a transform's project, builds it, runs the component in the real
//! sandbox against the vendor's simulator, records and replays its calls, and holds it to the rules
//! of the contract.
//!
//! Lives here: everything between an author's folder and a component that may be published. Never
//! enters: a host that serves, a rule of its own about what a component may do (the sandbox has
//! those), a vendor's name.
//!
//! `project.rs` knows the folder, `plan.rs` how to try it (`tests/conform.toml`), `bench.rs` is the
//! set-up that calls go through, `conform/` the suite.

mod bench;
mod build;
pub mod conform;
mod examine;
mod inputs;
mod packager;
mod plan;
mod project;
mod replay;
mod scaffold;
mod sdk;
mod simulator;
mod watch;

pub use bench::{Bench, Recorded, convert};
pub use build::{Built, Progress, build, native_tests};
pub use examine::{Finding, examine};
pub use plan::{Action, ObjectPlan, Plan};
pub use project::{Language, Project};
pub use replay::{Replayed, cassettes, replay};
pub use scaffold::{Made, scaffold};
pub use simulator::Simulator;
pub use watch::{Changes, Watch};
