//! The vendor's failures, as decisions.

use quoin_sdk::{Fault, FaultKind, Response};
use serde::Deserialize;

/// How the vendor refuses.
#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    field: Option<String>,
}

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
        410 => FaultKind::Config, // this version of the API is retired
        429 => FaultKind::RateLimited,
        503 => FaultKind::Unavailable,
        500..=599 => FaultKind::Transient,
        _ => FaultKind::Other,
    };
    let refused = answer.json::<Refused>().ok();
    let field = refused.as_ref().and_then(|refused| canonical(refused.field.as_deref()?));
    // The vendor's sentence, or how much it said where it is none: a gateway's page helps nobody.
    let words =
        refused.map_or_else(|| format!("{} bytes that are no refusal", answer.body.len()), |refused| refused.error);
    let mut fault = Fault::new(kind, answer.status.to_string(), words);
    fault.field = field;
    let wait_s: Option<u64> = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
    Err(match wait_s {
        Some(seconds) => fault.after_ms(seconds.saturating_mul(1_000)),
        None => fault,
    })
}

/// Like [`refuse`], for a write: a server error leaves it unknown whether it was carried out.
pub fn refuse_write(answer: Response) -> Result<Response, Fault> {
    match answer.status {
        500..=599 => Err(Fault::unknown_outcome(format!("the address book answered {}", answer.status))),
        _ => refuse(answer),
    }
}

/// The canonical path of a vendor's field: what a person will look for.
fn canonical(field: &str) -> Option<String> {
    let path = match field {
        "name" => "/name",
        "vatNo" => "/vat_id",
        "creditLimit" => "/credit/limit",
        "currencyCode" => "/currency",
        _ => return None,
    };
    Some(path.to_owned())
}
