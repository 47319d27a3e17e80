//! One registry: its content, its log, its tokens, its settings.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use quoin_package::PluginName;
use quoin_package::coordinate::PLUGIN_PREFIX;

use crate::access::{Anonymous, Caller, Scope, Shown, Tokens};
use crate::admission::Examiner;
use crate::error::{Code, Refusal};
use crate::log::{Event, Head, Index, Journal};
use crate::name::Repository;
use crate::store::{Collected, Store, durable};

/// How a registry is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its address as clients call it; taken from each request's `Host` when not given.
    pub public_url: Option<String>,
    /// What those may do who show no token.
    pub anonymous: Anonymous,
    /// Whether ordinary repositories let content be deleted. Plugins' never do.
    pub deletion: bool,
    /// Largest content of an ordinary repository, bytes.
    pub blob_bytes_max: u64,
    /// Largest component of a plugin, bytes (a Rust plugin has 1 MiB, a Python one 18).
    pub component_bytes_max: u64,
    /// How long content may be without a manifest that names it.
    pub grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            anonymous: Anonymous::default(),
            deletion: true,
            blob_bytes_max: 1 << 30,
            component_bytes_max: 32 << 20,
            grace: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// A registry.
pub struct Registry {
    /// Content.
    pub store: Store,
    /// Tokens.
    pub tokens: Tokens,
    /// How it is set up.
    pub settings: Settings,
    pub(crate) examiner: Arc<dyn Examiner>,
    pub(crate) busy: Arc<crate::store::Busy>,
    journal: Mutex<Journal>,
    turns: Mutex<HashMap<PluginName, Arc<tokio::sync::Mutex<()>>>>,
}

/// What a request wants.
#[derive(Debug, Clone, Copy)]
pub enum Need<'a> {
    /// To see something.
    Pull,
    /// To change something in a repository.
    Push(&'a Repository),
}

impl Registry {
    /// Opens a folder, or makes it, and reads its log from the first line.
    ///
    /// # Errors
    /// When it cannot be written, another process serves it, or its log was changed.
    pub fn open(root: &Path, settings: Settings, examiner: Arc<dyn Examiner>) -> io::Result<Self> {
        durable::make_folder(root)?;
        let store = Store::open(root)?;
        let registry = Self {
            store,
            tokens: Tokens::open(root)?,
            settings,
            examiner,
            busy: Arc::default(),
            journal: Mutex::new(Journal::open(root)?),
            turns: Mutex::default(),
        };
        Ok(registry)
    }

    /// What the log amounts to now; other processes may have written to it.
    ///
    /// # Errors
    /// When the log cannot be read or was changed.
    pub fn index(&self) -> io::Result<Arc<Index>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).index()
    }

    /// Records what happened, if `decide` still wants it in the light of everything before.
    ///
    /// # Errors
    /// What `decide` refuses; or when the log cannot be written.
    pub fn record<E: From<io::Error>>(
        &self,
        by: &str,
        decide: impl FnOnce(&Index) -> Result<Event, E>,
    ) -> Result<(), E> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).record(by, decide)
    }

    /// Removes what nothing names and is older than the settings' grace.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn collect(&self) -> io::Result<Collected> {
        crate::admission::collect(self)
    }

    /// Reads everything again: content against its name, names against content, published versions against the log.
    /// What is wrong, one line each.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn check(&self) -> io::Result<Vec<String>> {
        let mut wrong = self.store.check()?;
        for (name, plugin) in &self.index()?.plugins {
            let Some(repository) = Repository::parse(&name.repository()) else { continue };
            for release in plugin.releases.values() {
                let published = &release.published;
                for digest in [&published.manifest, &published.component, &published.signature] {
                    if self.store.blob(&repository, digest)?.is_none() {
                        wrong
                            .push(format!("{name} {}: {digest} is in the log but not in the store", published.version));
                    }
                }
            }
        }
        Ok(wrong)
    }

    /// The last line of the log.
    pub fn head(&self) -> Head {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).head().clone()
    }

    /// Where the log lies.
    pub fn log_path(&self) -> std::path::PathBuf {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).path().to_owned()
    }

    /// Admissions of one plugin happen one after the other.
    pub(crate) fn turn(&self, plugin: &PluginName) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(plugin.clone()).or_default())
    }

    /// Who asks, if they may.
    ///
    /// # Errors
    /// 401 with a challenge, or 403 with what would be needed.
    pub fn permit(&self, headers: &HeaderMap, need: Need<'_>) -> Result<Option<Caller>, Refusal> {
        let shown = self.tokens.caller(headers, Timestamp::now())?;
        let caller = match shown {
            Shown::Unknown => return Err(self.challenge(headers, need, "this token is unknown or has expired")),
            Shown::Caller(caller) => Some(caller),
            Shown::Nothing | Shown::Guest => None,
        };
        match need {
            Need::Pull if caller.is_none() && self.settings.anonymous == Anonymous::None => {
                Err(self.challenge(headers, need, "this registry hands out nothing without a token"))
            }
            Need::Pull => Ok(caller),
            Need::Push(repository) => self.permit_push(headers, caller, repository),
        }
    }

    fn permit_push(
        &self,
        headers: &HeaderMap,
        caller: Option<Caller>,
        repository: &Repository,
    ) -> Result<Option<Caller>, Refusal> {
        let reserved = repository.as_str().starts_with(PLUGIN_PREFIX) || repository.as_str() == "plugins";
        let plugin = PluginName::of_repository(repository.as_str());
        if reserved && plugin.is_none() {
            return Err(Refusal::denied(format!(
                "{repository} is no plugin's repository; plugins are pushed to {PLUGIN_PREFIX}<namespace>/<name>, anything else to a repository that does not begin with {PLUGIN_PREFIX}"
            )));
        }
        let Some(caller) = caller else {
            if !reserved && self.settings.anonymous == Anonymous::Push {
                return Ok(None);
            }
            return Err(self.challenge(headers, Need::Push(repository), "pushing needs a token"));
        };
        let namespace = plugin.as_ref().map_or_else(|| repository.first(), |plugin| plugin.namespace());
        let open = !reserved && self.settings.anonymous == Anonymous::Push;
        match caller.scope {
            Scope::Admin => Ok(Some(caller)),
            _ if open => Ok(Some(caller)),
            Scope::Read => {
                Err(Refusal::denied("this token may only read; publish with one that has the scope 'publish'"))
            }
            Scope::Publish => {
                let index = self.index()?;
                let known = index.namespaces.get(namespace);
                if known.is_some_and(|known| known.owners.contains(&caller.owner)) {
                    return Ok(Some(caller));
                }
                let owned: Vec<&str> = index
                    .namespaces
                    .iter()
                    .filter(|(_, known)| known.owners.contains(&caller.owner))
                    .map(|(name, _)| name.as_str())
                    .collect();
                let mend = if owned.is_empty() { "none yet".to_owned() } else { owned.join(", ") };
                Err(Refusal::denied(format!(
                    "the namespace '{namespace}' does not belong to {}; yours: {mend}. An administrator gives one with `quoin registry namespace new`",
                    caller.owner
                )))
            }
        }
    }

    fn challenge(&self, headers: &HeaderMap, need: Need<'_>, message: &str) -> Refusal {
        let scope = match need {
            Need::Pull => String::new(),
            Need::Push(repository) => format!(",scope=\"repository:{repository}:pull,push\""),
        };
        let realm = self.base_url(headers);
        Refusal {
            challenge: Some(format!("Bearer realm=\"{realm}/token\",service=\"quoin\"{scope}")),
            ..Refusal::new(
                StatusCode::UNAUTHORIZED,
                Code::Unauthorized,
                format!("{message}; show one as a Bearer token, or as the password of Basic"),
            )
        }
    }

    /// Our address as this client calls it.
    pub(crate) fn base_url(&self, headers: &HeaderMap) -> String {
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| plain(host));
        let ours = self.settings.public_url.clone().map(|url| url.trim_end_matches('/').to_owned());
        ours.unwrap_or_else(|| format!("http://{}", host.unwrap_or("localhost")))
    }
}
