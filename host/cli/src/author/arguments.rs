//! What a connector's author can say.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What an author does with a connector.
#[derive(Debug, Subcommand)]
pub enum AuthorCommand {
    /// Make a plugin's project: it compiles, and passes its own tests.
    New {
        /// The plugin's id: a-z, 0-9 and hyphens, such as acme.
        name: String,
        /// What it is.
        #[arg(long, value_enum, default_value_t = KindArgument::Connector)]
        kind: KindArgument,
        /// Where to make it [default: a folder of that name]
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
        /// What to write it in.
        #[arg(long, value_enum, default_value_t = LanguageArgument::Rust)]
        lang: LanguageArgument,
        /// Take the SDK from a checkout of Quoin instead of writing it into the project.
        #[arg(long, value_name = "CHECKOUT")]
        sdk: Option<PathBuf>,
    },
    /// Build the connector: dist/<id>.wasm and dist/<id>.toml.
    Build {
        #[command(flatten)]
        #[allow(missing_docs)]
        place: ProjectArguments,
    },
    /// Call the connector in the sandbox and show what it sent, got and returned.
    Run(RunArguments),
    /// Call it like `run`, and keep the call as a cassette that `quoin test` plays again.
    Record {
        #[command(flatten)]
        #[allow(missing_docs)]
        run: RunArguments,
        /// Name of the cassette [default: the call and its object]
        #[arg(long)]
        name: Option<String>,
    },
    /// Run the project's own tests, then play every cassette to the built component.
    Test {
        #[command(flatten)]
        #[allow(missing_docs)]
        place: ProjectArguments,
        /// Only the cassettes.
        #[arg(long)]
        cassettes: bool,
    },
    /// Hold the connector to every rule of the contract that applies (exit code 1: one is broken).
    Conform {
        #[command(flatten)]
        #[allow(missing_docs)]
        place: ProjectArguments,
        #[command(flatten)]
        #[allow(missing_docs)]
        trial: TrialArguments,
        /// Only rules whose name contains this; such a report is no certificate.
        #[arg(long, value_name = "RULE", conflicts_with = "report")]
        only: Option<String>,
        /// Write the report, which `quoin publish --certificate` takes.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Simulate a vendor with a program in any language; prints one line of JSON when it is ready.
    Simulate(SimulateArguments),
    /// Build, check and replay on every save, until Ctrl-C.
    Dev {
        #[command(flatten)]
        #[allow(missing_docs)]
        place: ProjectArguments,
        /// Load it into the running host too, each time it is well.
        #[arg(long)]
        load: bool,
        /// The host to load it into.
        #[arg(skip)]
        target: crate::arguments::TargetArguments,
    },
}

/// A program that simulates a vendor, behind the kit.
#[derive(Debug, Clone, Args)]
pub struct SimulateArguments {
    /// The vendor's program and its arguments, separated by spaces, such as "node simulator/main.js".
    #[arg(long, value_name = "COMMAND")]
    pub vendor: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub kit: quoin_simulator::Args,
}

/// The languages of connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LanguageArgument {
    /// Rust.
    Rust,
    /// TypeScript, which becomes JavaScript.
    Js,
    /// Python.
    Python,
}

impl From<LanguageArgument> for workbench::Language {
    fn from(language: LanguageArgument) -> Self {
        match language {
            LanguageArgument::Rust => Self::Rust,
            LanguageArgument::Js => Self::JavaScript,
            LanguageArgument::Python => Self::Python,
        }
    }
}

/// The kinds of plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArgument {
    /// It talks to a system.
    Connector,
    /// It converts canonical objects, and reaches nothing.
    Transform,
}

impl From<KindArgument> for quoin_package::PackageKind {
    fn from(kind: KindArgument) -> Self {
        match kind {
            KindArgument::Connector => Self::Connector,
            KindArgument::Transform => Self::Transform,
        }
    }
}

/// Which connector.
#[derive(Debug, Clone, Args)]
pub struct ProjectArguments {
    /// The connector's folder.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub project: PathBuf,
}

/// What it is tried against.
#[derive(Debug, Clone, Args)]
pub struct TrialArguments {
    /// How to try it [default: tests/conform.toml of the project]
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// A simulator that runs already, instead of the plan's.
    #[arg(long, value_name = "URL")]
    pub simulator: Option<String>,
    /// Try this component instead of building the project's.
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
}

/// Which call.
#[derive(Debug, Clone, Args)]
pub struct RunArguments {
    /// The call.
    #[arg(value_enum)]
    pub call: CallArgument,
    /// Canonical object, such as customer.
    #[arg(long, required_if_eq_any([("call", "read"), ("call", "apply"), ("call", "lookup"), ("call", "convert")]))]
    pub object: Option<String>,
    /// At most so many changes of a page.
    #[arg(long, default_value_t = 20)]
    pub limit: u32,
    /// Where the last page ended, as `next` of its output shows it.
    #[arg(long, value_name = "JSON")]
    pub cursor: Option<String>,
    /// Exactly this record, by the vendor's id; may be repeated.
    #[arg(long, value_name = "ID")]
    pub id: Vec<String>,
    /// The canonical object to write, look up or convert [default: `item` of the plan]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Records that the simulator makes first, as the plan says.
    #[arg(long, default_value_t = 3)]
    pub make: u32,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub place: ProjectArguments,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub trial: TrialArguments,
}

/// The calls of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CallArgument {
    /// One page.
    Read,
    /// Write one object.
    Apply,
    /// What became of one object.
    Lookup,
    /// Who we are at the vendor.
    Check,
    /// The vendor's schema.
    Discover,
    /// One object into a document, of a transform.
    Convert,
}
