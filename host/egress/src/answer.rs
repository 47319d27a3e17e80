//! What comes back: limits, stripping, and the words for what went wrong.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use ports::SendError;
use reqwest::Response;

/// Why a body did not arrive whole.
pub(crate) enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

/// Collects a body of at most `limit_bytes`, counted after decompression; one that comes in one
/// piece is not copied.
pub(crate) async fn collect(response: &mut Response, limit_bytes: u64) -> Result<Bytes, BodyError> {
    if response.content_length().is_some_and(|length| length > limit_bytes) {
        return Err(BodyError::TooLarge);
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if (first.len().max(rest.len()) + chunk.len()) as u64 > limit_bytes {
            return Err(BodyError::TooLarge);
        }
        if first.is_empty() && rest.is_empty() {
            first = chunk;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(first.len() + chunk.len());
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&chunk);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Headers for the plugin: without cookies, challenges and what concerns the connection alone.
pub(crate) fn headers(given: &HeaderMap) -> Vec<(String, String)> {
    let kept = given.iter().filter(|(name, _)| !withheld(name.as_str()));
    kept.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

fn withheld(name: &str) -> bool {
    matches!(
        name,
        "set-cookie"
            | "set-cookie2"
            | "www-authenticate"
            | "authentication-info"
            | "connection"
            | "keep-alive"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    ) || name.starts_with("proxy-")
}

/// Overwrites every occurrence of a credential that the vendor sent back.
pub(crate) fn strike_echo<'a>(
    needles: impl Iterator<Item = &'a [u8]>,
    headers: &mut [(String, String)],
    body: &mut Bytes,
) {
    for needle in needles {
        if memchr::memmem::find(body, needle).is_some() {
            let mut struck = BytesMut::from(std::mem::take(body));
            while let Some(at) = memchr::memmem::find(&struck, needle) {
                struck[at..at + needle.len()].fill(b'*');
            }
            *body = struck.freeze();
        }
        if let Ok(needle) = std::str::from_utf8(needle) {
            for (_, value) in headers.iter_mut().filter(|(_, value)| value.contains(needle)) {
                *value = value.replace(needle, &"*".repeat(needle.len()));
            }
        }
    }
}

/// The causes of an error, outermost first, without what repeats. The client's own texts would
/// carry the URL with its query; only their causes are told.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
        next = cause.source();
    }
    if texts.is_empty() { "the request could not be built".to_owned() } else { texts.join(": ") }
}

/// A cause of type `T` somewhere below.
pub(crate) fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

/// The client's error as an outcome. `left` tells whether any of the request's body was taken for
/// sending; None when it had none.
pub(crate) fn classify(error: &reqwest::Error, left: Option<bool>) -> SendError {
    if let Some(refused) = find_cause::<crate::resolve::Refused>(error) {
        return SendError::Denied(refused.0.to_string());
    }
    let text = causes(error);
    // A vendor that was not given the body announced to it cannot have acted on the request.
    if error.is_connect() || error.is_builder() || left == Some(false) {
        return SendError::NotSent(text);
    }
    SendError::UnknownOutcome(text)
}
