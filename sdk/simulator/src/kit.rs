//! What a simulator holds in its hands: state that every simulator has, whatever the vendor.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use serde_json::Value;

use crate::faults::FaultTable;
use crate::{Clock, Dialect, FaultSpec, Ledger, PlainDialect, RequestLog};

/// Why an action was not carried out, in words for the person or test that asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    /// A refusal with a reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

type ActionFuture = Pin<Box<dyn Future<Output = Result<Value, Refusal>> + Send>>;
type ActionCall = Arc<dyn Fn(Value) -> ActionFuture + Send + Sync>;

/// Something a person does in the vendor's own user interface.
#[derive(Clone)]
pub(crate) struct Action {
    pub(crate) help: String,
    pub(crate) call: ActionCall,
}

/// The kit. Cheap to clone; all clones are the same simulator.
#[derive(Clone)]
pub struct Kit {
    /// What was really committed.
    pub ledger: Ledger,
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) clock: Arc<Clock>,
    pub(crate) log: RequestLog,
    pub(crate) faults: FaultTable,
    seed: Option<String>,
    options: BTreeMap<String, String>,
    dialect: RwLock<Arc<dyn Dialect>>,
    actions: RwLock<BTreeMap<String, Action>>,
    resets: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
    pub(crate) in_flight: AtomicUsize,
    concurrency_limit: AtomicUsize,
    http: reqwest::Client,
}

impl Kit {
    /// A kit outside a server, for tests of a simulator's parts.
    pub fn new(name: &str) -> Self {
        Self::with(name, None, BTreeMap::new())
    }

    pub(crate) fn with(name: &str, seed: Option<String>, options: BTreeMap<String, String>) -> Self {
        let clock = Arc::new(Clock::default());
        let inner = Inner {
            name: name.into(),
            clock: clock.clone(),
            log: RequestLog::default(),
            faults: FaultTable::default(),
            seed,
            options,
            dialect: RwLock::new(Arc::new(PlainDialect)),
            actions: RwLock::default(),
            resets: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            concurrency_limit: AtomicUsize::new(usize::MAX),
            http: reqwest::Client::new(),
        };
        Self { ledger: Ledger::new(clock), inner: Arc::new(inner) }
    }

    /// The simulator's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What `--seed` named: the data to start with.
    pub fn seed(&self) -> Option<&str> {
        self.inner.seed.as_deref()
    }

    /// The value of `--option name=value`.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.inner.options.get(name).map(String::as_str)
    }

    /// Now, as the simulated vendor sees it.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The clock, to set it.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The request log.
    pub fn requests(&self) -> &RequestLog {
        &self.inner.log
    }

    /// Sets how this vendor fails.
    pub fn dialect(&self, dialect: impl Dialect) {
        *self.inner.dialect.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(dialect);
    }

    pub(crate) fn current_dialect(&self) -> Arc<dyn Dialect> {
        self.inner.dialect.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Plugs in a fault, as `POST /_sim/faults` does.
    pub fn plug(&self, spec: FaultSpec) {
        self.inner.faults.plug(spec);
    }

    /// At most so many requests are handled at once; the next one is throttled in the vendor's
    /// dialect.
    pub fn limit_concurrency(&self, requests: usize) {
        self.inner.concurrency_limit.store(requests, Ordering::SeqCst);
    }

    pub(crate) fn concurrency_limit(&self) -> usize {
        self.inner.concurrency_limit.load(Ordering::SeqCst)
    }

    /// Offers an action under `POST /_sim/act/{name}`: what a person does in the vendor's own user
    /// interface. It gets the request's JSON body (`null` when empty) and answers JSON.
    pub fn action<F, R>(&self, name: &str, help: &str, call: F)
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, Refusal>> + Send + 'static,
    {
        let action = Action { help: help.into(), call: Arc::new(move |input| Box::pin(call(input))) };
        self.inner.actions.write().unwrap_or_else(PoisonError::into_inner).insert(name.into(), action);
    }

    pub(crate) fn find_action(&self, name: &str) -> Option<Action> {
        self.inner.actions.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn actions(&self) -> BTreeMap<String, String> {
        let actions = self.inner.actions.read().unwrap_or_else(PoisonError::into_inner);
        actions.iter().map(|(name, action)| (name.clone(), action.help.clone())).collect()
    }

    /// Runs at `POST /_sim/reset`, after ledger, log, faults and clock were cleared: put the
    /// vendor's own state back to its beginning here.
    pub fn on_reset(&self, reset: impl Fn() + Send + Sync + 'static) {
        self.inner.resets.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(reset));
    }

    /// Back to the beginning.
    pub fn reset(&self) {
        self.inner.faults.clear();
        self.inner.clock.reset();
        self.ledger.reset();
        self.inner.log.reset();
        let resets = self.inner.resets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for reset in resets {
            reset();
        }
    }

    /// Sends what a vendor pushes (a webhook) and waits for the answer.
    ///
    /// # Errors
    /// [`Refusal`] with the reason when no answer came.
    pub async fn push(&self, url: &str, headers: &[(&str, String)], body: Vec<u8>) -> Result<(u16, String), Refusal> {
        let mut request = self.inner.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let failed = |error: reqwest::Error| Refusal::new(format!("no answer from {url}: {error}"));
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await.map_err(failed)?))
    }
}
