//! How shapes that other rooms own appear in the OpenAPI text.

use serde_json::Value;
use utoipa::ToSchema;

/// An amount in one currency; the amount is a decimal string, never a number.
#[derive(ToSchema)]
#[schema(as = Money)]
#[allow(dead_code)] // only its schema is used
pub struct MoneySchema {
    /// The amount in major units.
    #[schema(examples("69972.00"))]
    amount: String,
    /// ISO 4217 code.
    #[schema(examples("EUR"))]
    currency: String,
}

/// What led to an event.
#[derive(ToSchema)]
#[schema(as = Cause)]
#[allow(dead_code)] // only its schema is used
pub struct CauseSchema {
    /// The event before it.
    event: Option<String>,
    /// The command whose outcome it is.
    command: Option<String>,
    /// The process step that decided it.
    step: Option<String>,
    /// The connection it came in by.
    connection: Option<String>,
    /// How it came in.
    by: Option<String>,
}

/// Something that happened, as the log holds it.
#[derive(ToSchema)]
#[schema(as = Event)]
#[allow(dead_code)] // only its schema is used
pub struct EventSchema {
    /// Position in the log, from 1.
    seq: u64,
    /// Its id.
    id: String,
    /// Kind, such as `quote.accepted`.
    kind: String,
    /// Business key.
    key: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    at: String,
    /// What led to it.
    cause: CauseSchema,
    /// Its content.
    body: Value,
}
