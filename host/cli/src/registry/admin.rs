//! On the registry's own machine: namespaces, tokens, what is kept. Works beside a running server:
//! both write to the same log, under its lock.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use comfy_table::Row;
use quoin_package::coordinate::is_label;
use quoin_registry::access::{Scope, Tokens};
use quoin_registry::log::{Event, Journal};
use quoin_registry::{Registry, Settings, Worker};
use serde_json::json;

use super::arguments::{NamespaceCommand, ScopeArgument, TokenCommand};
use crate::output::{Output, Paint, trimmed};

/// Who is named in the log for what is done on the machine itself.
const BY: &str = "administrator";

/// What a new namespace may hold, bytes: a hundred versions of ten Rust plugins.
const QUOTA_BYTES: u64 = 1 << 30;

fn journal(dir: &Path) -> anyhow::Result<Journal> {
    Journal::open(dir).with_context(|| format!("the registry's folder {}", dir.display()))
}

fn record(journal: &mut Journal, event: Event) -> anyhow::Result<()> {
    journal.record(BY, |_| Ok::<_, anyhow::Error>(event))
}

/// Gives out, changes or lists namespaces.
pub fn namespace(command: NamespaceCommand, output: &Output) -> anyhow::Result<()> {
    match command {
        NamespaceCommand::New { namespace, owner, key, quota_mib, certificate_required, dir } => {
            ensure!(is_label(&namespace), "'{namespace}' is no namespace; it holds a-z, 0-9 and inner hyphens");
            let mut journal = journal(&dir)?;
            settle(&mut journal, &namespace, quota_mib, certificate_required.then_some(true))?;
            for owner in owner {
                record(&mut journal, Event::OwnerAdded { namespace: namespace.clone(), owner })?;
            }
            for key in key {
                record(&mut journal, Event::KeyAdded { namespace: namespace.clone(), key })?;
            }
            show(&mut journal, Some(&namespace), output)
        }
        NamespaceCommand::Remove { namespace, owner, key, certificate_required, dir } => {
            let mut journal = journal(&dir)?;
            let known = journal.index()?.namespaces.contains_key(&namespace);
            ensure!(known, "there is no namespace '{namespace}'");
            settle(&mut journal, &namespace, None, certificate_required.then_some(false))?;
            for owner in owner {
                record(&mut journal, Event::OwnerRemoved { namespace: namespace.clone(), owner })?;
            }
            for key in key {
                record(&mut journal, Event::KeyRemoved { namespace: namespace.clone(), key })?;
            }
            show(&mut journal, Some(&namespace), output)
        }
        NamespaceCommand::List { dir } => show(&mut journal(&dir)?, None, output),
    }
}

/// Makes a namespace, or changes what is said about it; the rest stays as it is.
fn settle(
    journal: &mut Journal,
    namespace: &str,
    quota_mib: Option<u64>,
    certificate: Option<bool>,
) -> anyhow::Result<()> {
    let index = journal.index()?;
    let known = index.namespaces.get(namespace);
    let quota_bytes = match (quota_mib, known) {
        (Some(mib), _) => mib.saturating_mul(1 << 20),
        (None, Some(known)) => known.quota_bytes,
        (None, None) => QUOTA_BYTES,
    };
    let certificate_required = certificate.unwrap_or(known.is_some_and(|known| known.certificate_required));
    let same = known
        .is_some_and(|known| (known.quota_bytes, known.certificate_required) == (quota_bytes, certificate_required));
    if same {
        return Ok(());
    }
    record(journal, Event::NamespaceCreated { namespace: namespace.to_owned(), quota_bytes, certificate_required })
}

fn show(journal: &mut Journal, only: Option<&str>, output: &Output) -> anyhow::Result<()> {
    let index = journal.index()?;
    let wanted = || index.namespaces.iter().filter(|(name, _)| only.is_none_or(|only| only == name.as_str()));
    if output.json {
        return output.print_json(&wanted().collect::<std::collections::BTreeMap<_, _>>());
    }
    let mut table = output.table(&["NAMESPACE", "OWNERS", "KEYS", ">USED", ">QUOTA", "CERTIFICATE"]);
    for (name, known) in wanted() {
        let owners: Vec<&str> = known.owners.iter().map(String::as_str).collect();
        let keys: Vec<String> = known.keys.iter().map(quoin_trust::PublicKey::id).collect();
        table.add_row(Row::from(vec![
            name.clone(),
            owners.join(", "),
            keys.join(", "),
            mib(known.used_bytes),
            mib(known.quota_bytes),
            if known.certificate_required { "required" } else { "optional" }.to_owned(),
        ]));
    }
    say!("{}", trimmed(&table));
    Ok(())
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

/// Makes, lists or takes back tokens.
pub fn token(command: TokenCommand, output: &Output) -> anyhow::Result<()> {
    match command {
        TokenCommand::New { owner, scope, days, dir } => {
            ensure!(is_label(&owner), "'{owner}' is no owner's name; it holds a-z, 0-9 and inner hyphens");
            let mut journal = journal(&dir)?;
            let (token, value) =
                Tokens::open(&dir)?.issue(&owner, scope.into(), Some(quoin_registry::in_days(days)))?;
            record(&mut journal, Event::TokenIssued { id: token.id.clone(), owner: owner.clone() })?;
            if output.json {
                return output.print_json(&json!({ "id": token.id, "owner": owner, "token": value }));
            }
            eprintln!("token {} of {owner}; this is the only time its value is shown:", token.id);
            say!("{value}");
            Ok(())
        }
        TokenCommand::List { dir } => {
            let tokens = Tokens::open(&dir)?.list()?;
            let mut table = output.table(&["TOKEN", "OWNER", "SCOPE", "EXPIRES"]);
            for token in tokens {
                let scope = format!("{:?}", token.scope).to_lowercase();
                let expires = token.expires.map(|at| at.to_string()).unwrap_or_default();
                table.add_row(Row::from(vec![token.id, token.owner, scope, expires]));
            }
            say!("{}", trimmed(&table));
            Ok(())
        }
        TokenCommand::Revoke { id, dir } => {
            if !Tokens::open(&dir)?.revoke(&id)? {
                bail!("there is no token {id}; `quoin registry token list` names them");
            }
            record(&mut journal(&dir)?, Event::TokenRevoked { id: id.clone() })?;
            say!("{} token {id} no longer works", output.paint(Paint::Good, "ok"));
            Ok(())
        }
    }
}

impl From<ScopeArgument> for Scope {
    fn from(scope: ScopeArgument) -> Self {
        match scope {
            ScopeArgument::Read => Self::Read,
            ScopeArgument::Publish => Self::Publish,
            ScopeArgument::Admin => Self::Admin,
        }
    }
}

/// A registry for work on its folder: nothing is published through it.
fn stopped(dir: &Path) -> anyhow::Result<Registry> {
    let worker = Arc::new(Worker::new("false".into(), Vec::new()));
    Registry::open(dir, Settings::default(), worker).with_context(|| format!("the registry's folder {}", dir.display()))
}

/// Removes what nothing names.
pub fn collect(dir: &Path, output: &Output) -> anyhow::Result<()> {
    let collected = stopped(dir)?.collect()?;
    if output.json {
        return output.print_json(&collected);
    }
    say!(
        "{} removed {} contents ({} bytes), {} links, {} uploads",
        output.paint(Paint::Good, "ok"),
        collected.blobs,
        collected.bytes,
        collected.links,
        collected.uploads
    );
    Ok(())
}

/// Reads everything again.
pub fn check(dir: &Path, output: &Output) -> anyhow::Result<ExitCode> {
    let wrong = stopped(dir)?.check()?;
    if output.json {
        output.print_json(&wrong)?;
    } else if wrong.is_empty() {
        say!(
            "{} every content is what its name says, and everything that is named is there",
            output.paint(Paint::Good, "ok")
        );
    } else {
        wrong.iter().for_each(|line| say!("{} {line}", output.paint(Paint::Bad, "damaged")));
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
