//! Documents in another form, such as an e-invoice, made by a transform plugin.

use axum::http::StatusCode;
use ports::CallError;
use process::FaultKind;

use super::invoices;
use crate::{ApiState, Problem};

/// A document in another form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Name for a file.
    pub file: String,
    /// Media type.
    pub media: &'static str,
    /// The document.
    pub text: String,
}

/// The forms that invoices can be had in: ids of the loaded transforms.
pub fn formats(state: &ApiState) -> Vec<String> {
    state.transforms.as_ref().map(|transforms| transforms.transforms("invoice")).unwrap_or_default()
}

/// An invoice in another form.
///
/// # Errors
/// 404 for an unknown invoice or form; 422 with the field when the invoice lacks what the form must
/// say; 502 when the transform misbehaved.
pub async fn export(state: &ApiState, number: &str, format: &str) -> Result<Export, Problem> {
    let detail = invoices::one(state.ledger.as_ref(), number).await?;
    let unknown = || {
        let known = formats(state).join(", ");
        let hint = format!("loaded transforms for invoices: {known}; load another one with `quoin plugin load`");
        Problem::not_found("format", format, &hint)
    };
    let transforms = state.transforms.as_ref().ok_or_else(unknown)?;
    let data = serde_json::to_value(&detail.invoice).unwrap_or_default();
    let text = match transforms.convert(format, "invoice", &data).await.result {
        Ok(text) => text,
        Err(CallError::NoConnection(_) | CallError::NotGranted(_) | CallError::Barred { .. }) => return Err(unknown()),
        Err(CallError::Guest(guest)) => {
            let hint = "this is a fault of the plugin: report it with the number, or load another version";
            return Err(Problem::new(StatusCode::BAD_GATEWAY, "transform-failed", guest.to_string(), hint));
        }
        Err(CallError::Fault(fault)) => return Err(refused(number, format, fault)),
    };
    let (media, ending) = if text.starts_with("<?xml") { ("application/xml", "xml") } else { ("text/plain", "txt") };
    let safe: String = number.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    Ok(Export { file: format!("{safe}.{format}.{ending}"), media, text })
}

fn refused(number: &str, format: &str, fault: process::Fault) -> Problem {
    let status = match fault.kind {
        FaultKind::InvalidData => StatusCode::UNPROCESSABLE_ENTITY,
        FaultKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_GATEWAY,
    };
    let detail = format!("{number} cannot be written as {format}: {}", fault.message);
    let problem = Problem::new(status, "export-refused", detail, "mend the field named here, or bill it again");
    match fault.field {
        Some(field) => problem.at(&field, fault.message),
        None => problem,
    }
}
