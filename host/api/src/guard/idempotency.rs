//! Repeats without a second effect: the key, what was asked under it and what was answered are stored
//! in the same commit as the effect.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ports::{Commit, CommitError, Expect, Ledger, Op};
use quoin_canonical::Id;
use serde_json::{Value, json};

use crate::{ApiState, Principal, Problem};

/// Characters of an Idempotency-Key at most: four times a UUID.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 144;

/// Collection of the ledger that holds what was answered under each key. Kept as long as the ledger.
const COLLECTION: &str = "idempotency";

/// The caller's `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key from text.
    ///
    /// # Errors
    /// When it is empty, too long, or not printable.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let fine = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
        if fine { Ok(Self(text.into())) } else { Err(unusable()) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get("idempotency-key").ok_or_else(missing)?;
        Self::new(value.to_str().map_err(|_| unusable())?)
    }
}

fn missing() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "idempotency-key-missing",
        "this request starts something, so it needs an Idempotency-Key",
        "send a fresh UUID as `Idempotency-Key`, and the same one again when you repeat the request",
    )
}

fn unusable() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "idempotency-key-unusable",
        format!("an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters"),
        "send a fresh UUID",
    )
}

/// What a request leads to: what is written, and what is answered.
pub struct Effect {
    /// Written together with the answer.
    pub ops: Vec<Op>,
    /// Answered now and on every repeat.
    pub answer: Value,
}

/// The scope of one request that may come twice.
pub struct Once<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// The route, so that one key used on two routes is two requests.
    pub route: &'a str,
    /// The caller's key.
    pub key: &'a IdempotencyKey,
    /// What is asked for, to notice a key that is used for something else.
    pub payload: &'a Value,
}

impl Once<'_> {
    /// The id that belongs to this request and these parts of it: same request, same id.
    pub fn id(&self, parts: &[&str]) -> Id {
        let scope = ["api", self.principal.name.as_str(), self.route, self.key.0.as_str()];
        Id::derived(&[scope.as_slice(), parts].concat())
    }

    fn fingerprint(&self) -> String {
        hex::encode(digest(&SHA256, self.payload.to_string().as_bytes()))
    }
}

/// An answer that may be a repeat of an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The body.
    pub body: Value,
    /// Whether it was given before.
    pub replayed: bool,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut answer = (StatusCode::ACCEPTED, Json(self.body)).into_response();
        if self.replayed {
            let name = HeaderName::from_static("idempotent-replayed");
            answer.headers_mut().insert(name, HeaderValue::from_static("true"));
        }
        answer
    }
}

/// Does what `effect` says the first time, and gives the stored answer every further time.
///
/// # Errors
/// 422 when the key was used for another request; what `effect` and the store say.
pub async fn once<F>(state: &ApiState, scope: &Once<'_>, effect: F) -> Result<Answer, Problem>
where
    F: AsyncFnOnce() -> Result<Effect, Problem>,
{
    let key = scope.id(&[]).to_string();
    if let Some(answer) = earlier(state.ledger.as_ref(), &key, scope).await? {
        return Ok(answer);
    }
    let Effect { mut ops, answer } = effect().await?;
    let value = json!({ "fingerprint": scope.fingerprint(), "by": scope.principal.name, "answer": answer });
    ops.push(Op::PutDocument { collection: COLLECTION.into(), key: key.clone(), value: value.into() });
    let expect = vec![Expect::Document { collection: COLLECTION.into(), key: key.clone(), version: 0 }];
    match state.ledger.commit(Commit { expect, ops }).await {
        Ok(_) => Ok(Answer { body: answer, replayed: false }),
        // The same request at the same moment was first: its answer is ours.
        Err(error @ CommitError::Precondition(_)) => {
            earlier(state.ledger.as_ref(), &key, scope).await?.ok_or_else(|| error.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn earlier(ledger: &dyn Ledger, key: &str, scope: &Once<'_>) -> Result<Option<Answer>, Problem> {
    let Some((stored, _)) = ledger.document(COLLECTION, key).await else { return Ok(None) };
    if stored["fingerprint"] != Value::String(scope.fingerprint()) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "this Idempotency-Key was used for a different request",
            "send a fresh key for a new request; keep the old one only for exact repeats",
        ));
    }
    Ok(Some(Answer { body: stored["answer"].clone(), replayed: true }))
}
