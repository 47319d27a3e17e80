//! Access tokens: asked for once however many wait, kept until they expire or a 401 says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use ports::SendError;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::assertion::Assertion;
use super::header_value;
use super::secret::SlotSecrets;
use crate::config::ClientAuth;

mod exchange;

pub(super) use exchange::TokenEndpoint;
use exchange::{Answer, Fields};

/// A token is renewed this long before it expires, in seconds, or at half its life if that is
/// sooner: a request must not meet its end on the way.
const RENEW_BEFORE_SECONDS: i64 = 30;
/// After a refusal that only a person can mend, the token endpoint is left alone this long, in
/// seconds: vendors lock accounts that keep trying.
const HOLD_AFTER_REFUSAL_SECONDS: i64 = 10;
/// Longest wait for a token where no request sets a deadline.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub(super) fn longest_wait() -> Instant {
    Instant::now() + LONGEST_WAIT
}

/// How a token is obtained.
pub(super) enum Grant {
    ClientCredentials,
    ClientAssertion(Assertion),
    JwtBearer(Assertion),
    Refresh,
}

/// Optional fields of a token request.
pub(super) struct Extra {
    pub(super) scope: Option<String>,
    pub(super) audience: Option<String>,
}

/// An access token. Wiped when dropped; the header's copy is marked sensitive.
pub(crate) struct Token {
    pub(super) header: HeaderValue,
    pub(super) text: Zeroizing<String>,
    pub(super) generation: u64,
    renew_at: Option<Timestamp>,
}

/// What only the one who renews may touch.
#[derive(Default)]
struct Renewal {
    generation: u64,
    last_error: Option<SendError>,
    hold_until: Option<Timestamp>,
    /// A rotated refresh token that the vault could not store yet.
    unstored: Option<Zeroizing<String>>,
}

/// The tokens of one slot.
pub(super) struct TokenSource {
    secrets: SlotSecrets,
    endpoint: TokenEndpoint,
    grant: Grant,
    extra: Extra,
    current: ArcSwapOption<Token>,
    renewal: Arc<Mutex<Renewal>>,
    /// Renewals finished, well or badly.
    finished: AtomicU64,
}

impl TokenSource {
    pub(super) fn new(secrets: SlotSecrets, endpoint: TokenEndpoint, grant: Grant, extra: Extra) -> Self {
        let renewal = Arc::new(Mutex::new(Renewal::default()));
        Self { secrets, endpoint, grant, extra, current: ArcSwapOption::empty(), renewal, finished: AtomicU64::new(0) }
    }

    /// A token other than the `stale` one. One caller renews; those who wait share its result.
    ///
    /// The renewal is a task of its own: a caller whose time is over leaves it running, since a
    /// rotated refresh token that nobody reads is lost for good.
    pub(super) async fn obtain(
        source: &Arc<Self>,
        stale: Option<u64>,
        deadline: Instant,
    ) -> Result<Arc<Token>, SendError> {
        if let Some(token) = source.usable(stale) {
            return Ok(token);
        }
        let finished_before = source.finished.load(Ordering::Acquire);
        let late = |_| SendError::NotSent("no access token before the deadline".into());
        let lock = Arc::clone(&source.renewal).lock_owned();
        let renewal = timeout_at(deadline, lock).await.map_err(late)?;
        if let Some(token) = source.usable(stale) {
            return Ok(token);
        }
        if source.finished.load(Ordering::Acquire) != finished_before
            && let Some(error) = &renewal.last_error
        {
            return Err(error.clone());
        }
        let task = tokio::spawn(Self::renew(Arc::clone(source), renewal));
        match timeout_at(deadline, task).await.map_err(late)? {
            Ok(result) => result,
            Err(_) => Err(SendError::NotSent("the renewal of the access token was interrupted".into())),
        }
    }

    fn usable(&self, stale: Option<u64>) -> Option<Arc<Token>> {
        let token = self.current.load_full()?;
        let fresh = token.renew_at.is_none_or(|renew_at| self.now() < renew_at);
        (fresh && stale != Some(token.generation)).then_some(token)
    }

    fn now(&self) -> Timestamp {
        self.secrets.room.clock.now()
    }

    async fn renew(source: Arc<Self>, mut renewal: OwnedMutexGuard<Renewal>) -> Result<Arc<Token>, SendError> {
        if let (Some(until), Some(error)) = (renewal.hold_until, &renewal.last_error)
            && source.now() < until
        {
            return Err(error.clone());
        }
        let result = source.ask(&mut renewal).await;
        renewal.last_error = result.as_ref().err().cloned();
        renewal.hold_until = match &result {
            Err(SendError::Credential { needs_person: true, .. }) => source.after(HOLD_AFTER_REFUSAL_SECONDS),
            _ => None,
        };
        if let Ok(token) = &result {
            source.current.store(Some(Arc::clone(token)));
        }
        source.finished.fetch_add(1, Ordering::AcqRel);
        result
    }

    fn after(&self, seconds: i64) -> Option<Timestamp> {
        self.now().checked_add(SignedDuration::from_secs(seconds)).ok()
    }

    async fn ask(&self, renewal: &mut Renewal) -> Result<Arc<Token>, SendError> {
        let fields = self.fields(renewal).await?;
        let asked_at = self.now();
        let answer = self.endpoint.ask(&self.secrets, &fields).await?;
        self.keep_rotated(&answer, &fields, renewal).await?;
        let renew_at = answer.expires_in_seconds.and_then(|life| {
            let usable = life - RENEW_BEFORE_SECONDS.min(life / 2);
            asked_at.checked_add(SignedDuration::from_secs(usable)).ok()
        });
        renewal.generation += 1;
        let line = Zeroizing::new(format!("Bearer {}", answer.access_token.as_str()));
        let header = header_value(&line, self.secrets.slot())?;
        Ok(Arc::new(Token { header, text: answer.access_token, generation: renewal.generation, renew_at }))
    }

    /// Stores a rotated refresh token before the access token beside it is used.
    async fn keep_rotated(&self, answer: &Answer, fields: &Fields, renewal: &mut Renewal) -> Result<(), SendError> {
        let Some(rotated) = &answer.refresh_token else {
            return Ok(());
        };
        let is_new = fields.value("refresh_token").is_some_and(|sent| sent != rotated.as_str());
        if !matches!(self.grant, Grant::Refresh) || !is_new {
            return Ok(());
        }
        renewal.unstored = Some(rotated.clone());
        self.store_rotated(renewal).await
    }

    async fn store_rotated(&self, renewal: &mut Renewal) -> Result<(), SendError> {
        if let Some(rotated) = &renewal.unstored {
            self.secrets.store("refresh_token", rotated).await?;
            renewal.unstored = None;
        }
        Ok(())
    }

    async fn fields(&self, renewal: &mut Renewal) -> Result<Fields, SendError> {
        let mut fields = Fields::default();
        let scope = self.extra.scope.as_deref();
        match &self.grant {
            Grant::ClientCredentials => {
                fields.add("grant_type", "client_credentials");
                fields.add_optional("scope", scope);
                fields.add_optional("audience", self.extra.audience.as_deref());
                let secret = self.secrets.text("client_secret").await?;
                self.add_client(&mut fields, Some(secret)).await?;
            }
            Grant::ClientAssertion(assertion) => {
                fields.add("grant_type", "client_credentials");
                fields.add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                fields.add("client_assertion", &assertion.for_client(&self.secrets, scope).await?);
            }
            Grant::JwtBearer(assertion) => {
                fields.add("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                fields.add("assertion", &assertion.for_subject(&self.secrets).await?);
                fields.add_optional("scope", scope);
            }
            Grant::Refresh => {
                self.store_rotated(renewal).await?;
                fields.add("grant_type", "refresh_token");
                fields.add("refresh_token", &self.secrets.text("refresh_token").await?);
                fields.add_optional("scope", scope);
                let secret = self.secrets.optional_text("client_secret").await?;
                self.add_client(&mut fields, secret).await?;
            }
        }
        Ok(fields)
    }

    async fn add_client(&self, fields: &mut Fields, secret: Option<Zeroizing<String>>) -> Result<(), SendError> {
        let client = self.secrets.text("client_id").await?;
        match (self.endpoint.client_auth, secret) {
            (ClientAuth::Basic, Some(secret)) => fields.set_basic(&client, &secret),
            (_, secret) => {
                fields.add("client_id", &client);
                fields.add_optional("client_secret", secret.as_ref().map(|secret| secret.as_str()));
            }
        }
        Ok(())
    }
}
