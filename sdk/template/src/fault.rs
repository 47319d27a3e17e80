//! The vendor's failures, as decisions.

use quoin_sdk::{Fault, FaultKind, Response};

/// The answer, unless the vendor refused.
pub fn refuse(answer: Response) -> Result<Response, Fault> {
    if answer.is_success() {
        return Ok(answer);
    }
    let kind = match answer.status {
        401 => FaultKind::AuthExpired,
        403 => FaultKind::Permission,
        404 => FaultKind::NotFound,
        400 | 422 => FaultKind::InvalidData,
        429 => FaultKind::RateLimited,
        503 => FaultKind::Unavailable,
        500..=599 => FaultKind::Transient,
        _ => FaultKind::Other,
    };
    let fault = Fault::new(kind, answer.status.to_string(), answer.text());
    let wait_s: Option<u64> = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
    Err(match wait_s {
        Some(seconds) => fault.after_ms(seconds.saturating_mul(1_000)),
        None => fault,
    })
}

/// Like [`refuse`], for a write: a server error leaves it unknown whether it was carried out.
pub fn refuse_write(answer: Response) -> Result<Response, Fault> {
    match answer.status {
        500..=599 => Err(Fault::unknown_outcome(format!("{}: {}", answer.status, answer.text()))),
        _ => refuse(answer),
    }
}
