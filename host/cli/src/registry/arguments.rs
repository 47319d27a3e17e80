//! What can be said about registries and their plugins.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use quoin_package::PluginName;

/// What an author and an operator do with a registry.
#[derive(Debug, Subcommand)]
pub enum ShopCommand {
    /// Look for plugins in a registry.
    Search {
        /// Words that occur in name or description; all plugins without.
        words: Vec<String>,
        #[command(flatten)]
        #[allow(missing_docs)]
        from: FromArguments,
    },
    /// Install a plugin from a registry into the host's plugin folder, its signature verified.
    Install(InstallArguments),
    /// Sign a plugin and publish it to a registry.
    Publish(PublishArguments),
    /// Verify installed plugins offline: that a trusted publisher signed exactly these bytes.
    Verify {
        /// Components; all of the plugin folder without.
        files: Vec<PathBuf>,
        #[command(flatten)]
        #[allow(missing_docs)]
        place: PlaceArguments,
    },
    /// Show which installed plugins have a newer version, or were taken back (exit code 1: one was revoked).
    Outdated {
        #[command(flatten)]
        #[allow(missing_docs)]
        place: PlaceArguments,
        #[command(flatten)]
        #[allow(missing_docs)]
        from: FromArguments,
    },
}

/// Which registry.
#[derive(Debug, Clone, Default, Args)]
pub struct FromArguments {
    /// Address of the registry [default: registry in ~/.config/quoin/client.toml, else http://127.0.0.1:5050]
    #[arg(long, env = "QUOIN_REGISTRY", value_name = "URL", help_heading = "Registry")]
    pub registry: Option<String>,
    /// Registry token [default: registry_token in ~/.config/quoin/client.toml]
    #[arg(long, env = "QUOIN_REGISTRY_TOKEN", hide_env_values = true, value_name = "TOKEN", help_heading = "Registry")]
    pub registry_token: Option<String>,
}

/// Which plugin folder, and whom its operator trusts.
#[derive(Debug, Clone, Default, Args)]
pub struct PlaceArguments {
    /// Configuration file of the host: its plugin folder and its [[publisher]] entries.
    #[arg(long, env = "QUOIN_CONFIG", default_value = "quoin.toml")]
    pub config: PathBuf,
    /// A plugin folder without a configuration.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Trust what this key signed for this namespace, beside the configuration: acme=ed25519:…
    #[arg(long, value_name = "NAMESPACE=KEY")]
    pub trust: Vec<String>,
}

/// What to install.
#[derive(Debug, Args)]
pub struct InstallArguments {
    /// `namespace/name`, or `namespace/name@1.4.0`.
    pub plugin: String,
    /// Take a version that asks for more than the one installed now.
    #[arg(long)]
    pub accept: bool,
    /// Load it into the running host too.
    #[arg(long)]
    pub load: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub place: PlaceArguments,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub from: FromArguments,
    /// The host to load it into.
    #[arg(skip)]
    pub target: crate::arguments::TargetArguments,
}

/// What to publish.
#[derive(Debug, Args)]
pub struct PublishArguments {
    /// The component.
    pub file: PathBuf,
    /// `namespace/name`; the name is the manifest's id.
    #[arg(long = "as", value_name = "PLUGIN")]
    pub plugin: PluginName,
    /// The publisher's secret key, made by `quoin registry key new`.
    #[arg(long, env = "QUOIN_SIGNING_KEY", value_name = "FILE", required_unless_present = "check")]
    pub key: Option<PathBuf>,
    /// Report of the conformance suite, signed and attached.
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Only check what can be checked here; publish nothing.
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub from: FromArguments,
}

/// Running and looking after a registry.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Run a registry.
    Serve(ServeArguments),
    /// Give out namespaces (on the registry's machine).
    Namespace {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: NamespaceCommand,
    },
    /// Give out tokens (on the registry's machine).
    Token {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: TokenCommand,
    },
    /// Make or show a publisher's key.
    Key {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: KeyCommand,
    },
    /// Hide a version from whoever looks for one; who has it keeps it.
    Yank(ActArguments),
    /// Offer a yanked version again.
    Restore(ActArguments),
    /// Warn whoever takes a version, and say what to take instead.
    Deprecate(ActArguments),
    /// Stop handing out a harmful version; `quoin outdated` reports it wherever it is installed.
    Revoke(ActArguments),
    /// Show the log, or verify that nothing in it was changed.
    Log(LogArguments),
    /// Remove content that nothing names (while the registry is stopped; a running one does it every hour).
    Collect {
        /// Folder of the registry.
        #[arg(long, env = "QUOIN_REGISTRY_DIR")]
        dir: PathBuf,
    },
    /// Read everything again and name what is damaged (while the registry is stopped).
    Check {
        /// Folder of the registry.
        #[arg(long, env = "QUOIN_REGISTRY_DIR")]
        dir: PathBuf,
    },
    /// Look into one component and print what was found as JSON: what the registry's workers run.
    #[command(hide = true)]
    Examine {
        /// The component.
        file: PathBuf,
        /// Largest component, bytes.
        #[arg(long, default_value_t = 32 << 20)]
        component_bytes_max: usize,
    },
}

/// How to run a registry.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Folder of the registry; made when it is not there.
    #[arg(long, env = "QUOIN_REGISTRY_DIR")]
    pub dir: PathBuf,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:5050")]
    pub listen: String,
    /// Its address as clients call it, such as https://plugins.example.com [default: as each request names it]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// What those may do who show no token.
    #[arg(long, value_enum, default_value_t = AnonymousArgument::Pull)]
    pub anonymous: AnonymousArgument,
    /// Refuse deletion in ordinary repositories too.
    #[arg(long)]
    pub no_delete: bool,
    /// Largest content of an ordinary repository, MiB.
    #[arg(long, default_value_t = 1024)]
    pub max_blob_mib: u64,
    /// Largest component of a plugin, MiB.
    #[arg(long, default_value_t = 32)]
    pub max_component_mib: u64,
}

/// What those may do who show no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnonymousArgument {
    /// Nothing.
    None,
    /// Pull.
    Pull,
    /// And push into ordinary repositories: for a machine of one's own.
    Push,
}

/// What to do with namespaces.
#[derive(Debug, Subcommand)]
pub enum NamespaceCommand {
    /// Give one out, or add owners and keys to it; what is not named stays as it is.
    New {
        /// Its name: a-z, 0-9 and hyphens.
        namespace: String,
        /// Who may publish there, as the tokens name them.
        #[arg(long)]
        owner: Vec<String>,
        /// Whose signatures count.
        #[arg(long, value_name = "ed25519:…")]
        key: Vec<quoin_trust::PublicKey>,
        /// Bytes its plugins may have together, MiB [default: what it has, 1024 for a new one]
        #[arg(long)]
        quota_mib: Option<u64>,
        /// Refuse versions without a certificate.
        #[arg(long)]
        certificate_required: bool,
        /// Folder of the registry.
        #[arg(long, env = "QUOIN_REGISTRY_DIR")]
        dir: PathBuf,
    },
    /// Take an owner, a key, or the need of a certificate away; what was published stays.
    Remove {
        /// Its name.
        namespace: String,
        /// Who may no longer publish there.
        #[arg(long)]
        owner: Vec<String>,
        /// Whose signatures no longer count for new versions.
        #[arg(long, value_name = "ed25519:…")]
        key: Vec<quoin_trust::PublicKey>,
        /// Take versions without a certificate again.
        #[arg(long)]
        certificate_required: bool,
        /// Folder of the registry.
        #[arg(long, env = "QUOIN_REGISTRY_DIR")]
        dir: PathBuf,
    },
    /// List them.
    List {
        /// Folder of the registry.
        #[arg(long, env = "QUOIN_REGISTRY_DIR")]
        dir: PathBuf,
    },
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make one; its value is printed once and kept nowhere.
    New {
        /// Whose it is.
        owner: String,
        /// What it may do.
        #[arg(long, value_enum, default_value_t = ScopeArgument::Publish)]
        scope: ScopeArgument,
        /// Days until it stops to work.
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// Folder of the registry.
        #[arg(long, env = "QUOIN_REGISTRY_DIR")]
        dir: PathBuf,
    },
    /// List them, without their values.
    List {
        /// Folder of the registry.
        #[arg(long, env = "QUOIN_REGISTRY_DIR")]
        dir: PathBuf,
    },
    /// Take one back.
    Revoke {
        /// Its id.
        id: String,
        /// Folder of the registry.
        #[arg(long, env = "QUOIN_REGISTRY_DIR")]
        dir: PathBuf,
    },
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScopeArgument {
    /// Pull.
    Read,
    /// And push into its owner's namespaces.
    Publish,
    /// And everything everywhere.
    Admin,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key: the secret half into a file, the public half printed.
    New {
        /// Where the secret half goes; only you can read it.
        file: PathBuf,
    },
    /// Print the public half.
    Show {
        /// The secret half.
        file: PathBuf,
        /// As PEM, for other tools.
        #[arg(long)]
        pem: bool,
    },
}

/// A version, and why.
#[derive(Debug, Args)]
pub struct ActArguments {
    /// `namespace/name@1.4.0`.
    #[arg(value_name = "VERSION")]
    pub release: String,
    /// Why; shown to everybody who asks.
    #[arg(long, default_value = "")]
    pub reason: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub from: FromArguments,
}

/// What to show of the log.
#[derive(Debug, Args)]
pub struct LogArguments {
    /// Verify the whole chain instead of showing it (exit code 1: it was changed).
    #[arg(long)]
    pub verify: bool,
    /// A head that was printed earlier: it must still be in the log. NUMBER:HASH
    #[arg(long, value_name = "NUMBER:HASH", requires = "verify")]
    pub remembered: Option<String>,
    /// Read the folder on this machine instead of asking a registry.
    #[arg(long, env = "QUOIN_REGISTRY_DIR")]
    pub dir: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub from: FromArguments,
}
