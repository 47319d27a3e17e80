//! `/livez`, `/readyz`, `/version`: for machines that watch, without a token.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;

use crate::ApiState;
use crate::state::Version;

/// Alive: the process answers.
pub async fn livez() -> &'static str {
    "ok\n"
}

/// Ready: every check holds and the host is not stopping. `?verbose` lists the checks.
pub async fn readyz(State(state): State<ApiState>, uri: Uri) -> (StatusCode, String) {
    let mut ready = !*state.shutdown.borrow();
    let mut lines = String::new();
    if !ready {
        lines.push_str("[-] draining: the host is stopping\n");
    }
    for check in state.checks.iter() {
        match (check.ready)() {
            Ok(()) => lines.push_str(&format!("[+] {} ok\n", check.name)),
            Err(reason) => {
                ready = false;
                lines.push_str(&format!("[-] {}: {reason}\n", check.name));
            }
        }
    }
    let verbose = uri.query().is_some_and(|query| query.split('&').any(|word| word.starts_with("verbose")));
    if verbose {
        lines.push_str(&format!("[i] version {}, contract {}\n", state.version.version, state.version.contract));
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if ready && !verbose {
        return (status, "ok\n".into());
    }
    (status, lines)
}

/// What is running.
pub async fn version(State(state): State<ApiState>) -> Json<Version> {
    Json(state.version)
}
