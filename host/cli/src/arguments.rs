//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use quoin_canonical::{Date, Decimal, Timestamp};

use crate::author::arguments::AuthorCommand;
use crate::registry::arguments::{RegistryCommand, ShopCommand};

/// Quoin keeps quotes, projects, time and invoices in step.
#[derive(Debug, Parser)]
#[command(name = "quoin", version, propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "Data goes to standard output, talk to standard error. Exit code 0: done, 1: error, 2: usage.")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Where the host is.
    #[command(flatten)]
    pub target: TargetArguments,
    /// Answer in JSON, as the API gives it; lists that may be long are one object per line.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where the host is, and who asks.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArguments {
    /// Address of the host [default: url in ~/.config/quoin/client.toml, else http://127.0.0.1:8080]
    #[arg(long, global = true, env = "QUOIN_URL", value_name = "URL", help_heading = "Host")]
    pub url: Option<String>,
    /// Access token [default: token in ~/.config/quoin/client.toml]
    #[arg(
        long,
        global = true,
        env = "QUOIN_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        help_heading = "Host"
    )]
    pub token: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the host.
    Serve {
        /// Configuration file.
        #[arg(long, env = "QUOIN_CONFIG", default_value = "quoin.toml")]
        config: PathBuf,
    },
    /// Compile a component for the host that runs this: what the host does in a process of its own.
    #[command(hide = true)]
    Compile {
        /// The component.
        component: PathBuf,
        /// The file to write.
        compiled: PathBuf,
    },
    /// Check a configuration and everything it names, or a connector, without touching a connected system.
    Check {
        /// A connector: its component (.wasm) or its folder [default: the configuration, not a connector]
        #[arg(value_name = "CONNECTOR")]
        connector: Option<PathBuf>,
        /// Configuration file.
        #[arg(long, env = "QUOIN_CONFIG", default_value = "quoin.toml")]
        config: PathBuf,
    },
    /// List deals.
    Deals,
    /// Show one deal: stages, money, invoices, hours.
    Deal {
        /// Quote number.
        key: String,
    },
    /// Show everything that happened to one deal.
    Timeline {
        /// Quote, invoice or project number.
        number: String,
        /// Show each request to a vendor too.
        #[arg(long)]
        calls: bool,
    },
    /// Read the log.
    Events(EventArguments),
    /// Show an invoice, or write it as a file.
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Invoice {
        /// Invoice number.
        #[arg(required = true)]
        number: Option<String>,
        /// Show where each amount comes from: entries, approvals, rates, rules, rounding.
        #[arg(long)]
        explain: bool,
        /// Explain this line alone.
        #[arg(long, value_name = "LINE", requires = "explain")]
        line: Option<String>,
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: Option<InvoiceCommand>,
    },
    /// Ask for a change of a contract's account.
    Contract {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: ContractCommand,
    },
    /// Show where every approved hour and every contracted euro is.
    Conservation {
        /// Contract (its quote number); all contracts and the firm when absent.
        contract: Option<String>,
        /// Read the log again, make the ledger anew, and compare.
        #[arg(long)]
        recompute: bool,
    },
    /// Compare what connected systems hold with what we hold, or repair a difference.
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Reconcile {
        /// First day, such as 2026-03-01.
        #[arg(long, value_name = "DATE", required = true)]
        from: Option<Date>,
        /// Last day.
        #[arg(long, value_name = "DATE", required = true)]
        to: Option<Date>,
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: Option<ReconcileCommand>,
    },
    /// List documents that wait for an approval, or decide about one.
    #[command(args_conflicts_with_subcommands = true)]
    Approvals {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: Option<ApprovalCommand>,
    },
    /// List what waits for a person, or retry it.
    #[command(args_conflicts_with_subcommands = true)]
    Exceptions {
        /// Resolved ones too.
        #[arg(long)]
        all: bool,
        #[command(subcommand)]
        #[allow(missing_docs)] // its variants are documented
        command: Option<ExceptionCommand>,
    },
    /// List or load plugins.
    Plugin {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: PluginCommand,
    },
    #[command(flatten)]
    #[allow(missing_docs)]
    Author(AuthorCommand),
    #[command(flatten)]
    #[allow(missing_docs)]
    Shop(ShopCommand),
    /// Run and look after a plugin registry.
    Registry {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: RegistryCommand,
    },
    /// List connected systems.
    Connections,
    /// Ask one connected system something; nothing is changed there.
    Connection {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: ConnectionCommand,
    },
    /// Start a billing run.
    Billing {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: BillingCommand,
    },
    /// Show the business clock, or set it forward where it can be set.
    Clock {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: Option<ClockCommand>,
    },
    /// Look after secrets.
    Secret {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: SecretCommand,
    },
    /// Look after billing policies.
    Policy {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: PolicyCommand,
    },
    /// Look after process definitions.
    Process {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: ProcessCommand,
    },
    /// Find out what is wrong with a set-up, and how to mend it.
    Doctor {
        /// Check this configuration too.
        #[arg(long, env = "QUOIN_CONFIG")]
        config: Option<PathBuf>,
    },
}

/// Which events.
#[derive(Debug, Args)]
pub struct EventArguments {
    /// Of this deal only.
    #[arg(long)]
    pub key: Option<String>,
    /// Of this kind only; of every kind that starts so when it ends in a dot (`billing.`).
    #[arg(long)]
    pub kind: Option<String>,
    /// After this sequence number.
    #[arg(long)]
    pub after: Option<u64>,
    /// At most so many.
    #[arg(long)]
    pub limit: Option<usize>,
    /// Go on with new ones as they come; without --after, only new ones.
    #[arg(long, short, conflicts_with = "limit")]
    pub follow: bool,
}

/// What to write of an invoice.
#[derive(Debug, Subcommand)]
pub enum InvoiceCommand {
    /// Write it in another form, such as an e-invoice.
    Export {
        /// Invoice number.
        number: String,
        /// The form: the id of a loaded transform plugin.
        #[arg(long, value_name = "FORMAT")]
        format: String,
        /// Into this file [default: standard output]
        #[arg(long, short)]
        out: Option<PathBuf>,
    },
    /// Write everything that a dispute needs into one tar archive.
    Evidence {
        /// Invoice number.
        number: String,
        /// Into this file.
        #[arg(long, short)]
        out: PathBuf,
    },
}

/// What to do with a difference.
#[derive(Debug, Subcommand)]
pub enum ReconcileCommand {
    /// Do what is proposed for it; asking twice repairs once.
    Apply {
        /// Id of the difference.
        id: String,
    },
}

/// What to change of a contract's account.
#[derive(Debug, Subcommand)]
pub enum ContractCommand {
    /// Give up an entry's hours that are beyond a cap.
    WriteOff {
        /// Contract: its quote number.
        contract: String,
        /// Canonical id of the time entry.
        entry: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Report how far a fixed price is earned that is billed by progress.
    Progress {
        /// Contract: its quote number.
        contract: String,
        /// Contract line.
        line: String,
        /// Percent complete, from the start.
        percent: Decimal,
        /// The day it holds for.
        #[arg(long, value_name = "DATE")]
        on: Date,
    },
    /// End an advance: what is left is given back or lapses, as the contract says.
    CloseAdvance {
        /// Contract: its quote number.
        contract: String,
        /// Code of the advance.
        code: String,
        /// Its last day.
        #[arg(long, value_name = "DATE")]
        on: Date,
    },
}

/// What to do with a document that waits.
#[derive(Debug, Subcommand)]
pub enum ApprovalCommand {
    /// Show it, and where each amount comes from.
    Show {
        /// Canonical id of the document.
        document: String,
    },
    /// Let it go out.
    Approve {
        /// Canonical id of the document.
        document: String,
    },
    /// Send it back: its work waits for the next billing run.
    Reject {
        /// Canonical id of the document.
        document: String,
        /// Why, for the people who made it.
        #[arg(long)]
        reason: String,
    },
}

/// What to do with exceptions.
#[derive(Debug, Subcommand)]
pub enum ExceptionCommand {
    /// Try again what failed; nothing that already happened happens twice.
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Retry {
        /// Exception id.
        #[arg(group = "which")]
        id: Option<String>,
        /// All open ones with this code.
        #[arg(long, group = "which")]
        code: Option<String>,
        /// Of those, the ones that wait at this step.
        #[arg(long, requires = "code")]
        step: Option<String>,
    },
}

/// What to do with plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// List plugins with their versions: which serves whom, and how each does.
    List,
    /// Load a plugin, or a new version of one; it serves at once.
    Load {
        /// The component.
        file: PathBuf,
        /// Its manifest [default: connector.toml beside the component]
        #[arg(long)]
        manifest: Option<PathBuf>,
        /// Only make it ready; `canary` or `promote` puts it in service.
        #[arg(long)]
        stage: bool,
        /// Take a version that asks for more than the one that serves.
        #[arg(long)]
        accept: bool,
    },
    /// Try a version on a share of new processes, deliveries and streams, or on whole connections.
    Canary {
        /// Plugin id.
        plugin: String,
        /// Its number, or the beginning of its digest.
        #[arg(id = "which", value_name = "VERSION")]
        version: String,
        /// Of a hundred, so many.
        #[arg(long, value_name = "PERCENT", default_value_t = 0, required_unless_present = "connections")]
        share: u8,
        /// This whole connection; may be repeated.
        #[arg(long = "connection", value_name = "ID")]
        connections: Vec<String>,
        /// Take a version that asks for more than the one that serves.
        #[arg(long)]
        accept: bool,
    },
    /// Let a version serve everything new; processes under way stay with theirs.
    Promote {
        /// Plugin id.
        plugin: String,
        /// Its number, or the beginning of its digest.
        #[arg(id = "which", value_name = "VERSION")]
        version: String,
        /// Take a version that asks for more than the one that serves.
        #[arg(long)]
        accept: bool,
        /// Only when a replay of recorded calls showed no difference, or one that was approved.
        #[arg(long)]
        require_shadow: bool,
    },
    /// Record the next calls of a plugin's connections, to replay them through another version.
    Record {
        /// Plugin id.
        plugin: String,
        /// Calls of each connection.
        #[arg(long, default_value_t = 100)]
        calls: u32,
    },
    /// Replay what was recorded through another version, and show what differs: objects, requests, money. Without a
    /// version, the latest comparison.
    Shadow {
        /// Plugin id.
        plugin: String,
        /// Its number, or the beginning of its digest.
        #[arg(id = "which", value_name = "VERSION")]
        version: Option<String>,
        /// Take the differences of the latest comparison.
        #[arg(long, requires = "which")]
        approve: bool,
    },
    /// End the trial; without one, go back to the version that served before.
    Rollback {
        /// Plugin id.
        plugin: String,
        /// Why, for those who look later.
        #[arg(long, default_value = "rolled back by an operator")]
        reason: String,
    },
    /// Keep a connection with one version, whatever is promoted.
    Pin {
        /// Plugin id.
        plugin: String,
        /// Its number, or the beginning of its digest.
        #[arg(id = "which", value_name = "VERSION")]
        version: String,
        /// The connection.
        #[arg(long, value_name = "ID")]
        connection: String,
    },
    /// Let a pinned connection go with everybody again.
    Unpin {
        /// Plugin id.
        plugin: String,
        /// The connection.
        #[arg(long, value_name = "ID")]
        connection: String,
    },
}

/// What to ask a connected system.
#[derive(Debug, Subcommand)]
pub enum ConnectionCommand {
    /// Ask who we are there, what we may do, and what is missing.
    Check {
        /// Connection id.
        name: String,
    },
    /// Ask for its schema of the mapped objects.
    Discover {
        /// Connection id.
        name: String,
    },
}

/// What to bill.
#[derive(Debug, Subcommand)]
pub enum BillingCommand {
    /// Bill what was worked and accepted up to a day.
    Run {
        /// The day, included, such as 2026-03-31.
        #[arg(long, value_name = "DATE")]
        as_of: Date,
        /// Only this contract (its quote number).
        #[arg(long)]
        contract: Option<String>,
    },
}

/// What to do with the clock.
#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// Set it forward.
    Advance {
        /// The instant, such as 2026-03-31T18:00:00Z.
        to: Timestamp,
    },
}

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Store a secret in the vault; its value comes from a file or from standard input.
    Set {
        /// `<connection>/<slot>/<part>`, such as `erp/api/private_key`.
        name: String,
        /// Read the value from this file; a line break at its end does not count.
        #[arg(long, short)]
        file: Option<PathBuf>,
        /// Configuration file of the host.
        #[arg(long, env = "QUOIN_CONFIG", default_value = "quoin.toml")]
        config: PathBuf,
    },
}

/// What to do with billing policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check a policy book and play its own examples, without a host.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// What to do with process definitions.
#[derive(Debug, Subcommand)]
pub enum ProcessCommand {
    /// Check a definition and show what it does.
    Check {
        /// The file.
        file: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_is_written_in_the_manual_can_be_read() {
        for line in [
            "quoin serve --config quoin.toml",
            "quoin check --config quoin.toml",
            "quoin events --key Q-1 --follow",
            "quoin timeline INV-1 --calls --json",
            "quoin deals",
            "quoin invoice INV-1 --explain --line 1 --json",
            "quoin invoice export INV-1 --format ubl --out a.xml",
            "quoin invoice evidence INV-1 --out a.tar",
            "quoin approvals",
            "quoin approvals reject 0a7f --reason hours",
            "quoin contract write-off Q-1 0a7f --reason agreed",
            "quoin contract progress Q-1 L2 35 --on 2026-03-31",
            "quoin contract close-advance Q-1 A1 --on 2026-03-31",
            "quoin conservation",
            "quoin conservation Q-1 --recompute --json",
            "quoin reconcile --from 2026-03-01 --to 2026-03-31 --json",
            "quoin reconcile apply 5a2c",
            "quoin exceptions",
            "quoin exceptions --all",
            "quoin exceptions retry 5a2c",
            "quoin exceptions retry --code INSUFFICIENT_PERMISSION --json",
            "quoin plugin list",
            "quoin connection check erp",
            "quoin connection discover crm --json",
            "quoin plugin load a.wasm --manifest connector.toml",
            "quoin billing run --as-of 2026-03-31 --contract Q-1",
            "quoin secret set erp/api/key --file key.pem",
            "quoin policy check a.toml",
            "quoin process check a.yaml",
            "quoin search invoices --registry http://localhost:5050",
            "quoin install acme/books@1.4.0 --config quoin.toml --accept --load",
            "quoin publish a.wasm --as acme/books --key acme.key --certificate report.json",
            "quoin publish a.wasm --as acme/books --check",
            "quoin verify --dir plugins --trust acme=ed25519:AAAA",
            "quoin outdated --config quoin.toml --json",
            "quoin registry serve --dir registry --listen 127.0.0.1:5050 --anonymous push",
            "quoin registry namespace new acme --owner ana --dir registry",
            "quoin registry token new ana --scope publish --dir registry",
            "quoin registry key new acme.key",
            "quoin registry yank acme/books@1.4.0 --reason broken",
            "quoin registry log --verify --dir registry",
            "quoin clock advance 2026-03-31T18:00:00Z",
            "quoin doctor --url http://localhost:1 --token t",
        ] {
            Arguments::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn a_slip_is_answered_with_what_was_meant() {
        let error = Arguments::try_parse_from(["quoin", "timelin", "Q-1"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("timeline"), "{error}");
    }
}
