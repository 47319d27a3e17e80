//! Tryton's refusals, as decisions. A refusal comes with status 200 and an `error` list; its first
//! entry names the kind, the rest is made for people. Other statuses come from the server's edge.

use quoin_sdk::{Fault, FaultKind, Response};
use serde_json::Value;

/// Prefix of the code of a warning; the warning's own name follows.
pub const WARNING: &str = "WARNING ";

/// Tryton names no waiting time with a 429; its login throttle grows by seconds.
const THROTTLE_WAIT_MS: u64 = 5_000;

/// Text of a foreign page shown at most, in characters: enough to recognise it.
const SHOWN_CHARS: usize = 200;

/// An answer that is no success. After anything but a 4xx it is not known whether a write was
/// carried out: the transaction may have been committed before the answer was lost.
pub fn of_status(answer: &Response, writing: bool) -> Fault {
    let text: String = answer.text().chars().take(SHOWN_CHARS).collect();
    let told = format!("{}: {text}", answer.status);
    let fault = |kind: FaultKind, hint: &str| {
        let message = if hint.is_empty() { told.clone() } else { format!("{told}; {hint}") };
        Fault::new(kind, answer.status.to_string(), message)
    };
    match answer.status {
        401 => fault(FaultKind::AuthExpired, "set the user's login and password in the credential"),
        403 => fault(FaultKind::Config, "the method is not there: install the modules that the README names"),
        404 => fault(FaultKind::Config, "there is no such database; see the setting 'database'"),
        429 => fault(FaultKind::RateLimited, "").after_ms(THROTTLE_WAIT_MS),
        400..=499 => fault(FaultKind::InvalidData, ""),
        _ if writing => Fault::unknown_outcome(told),
        503 => fault(FaultKind::Unavailable, ""),
        _ => fault(FaultKind::Transient, ""),
    }
}

/// An `error` list. The call's transaction was rolled back, so nothing was done.
pub fn of_error(error: &Value) -> Fault {
    let name = error.get(0).and_then(Value::as_str).unwrap_or_default();
    let part = |at: usize| error.get(1).and_then(|parts| parts.get(at)).and_then(Value::as_str).unwrap_or_default();
    match name {
        "UserError" => {
            let message = joined(part(0), part(1));
            // A race for a unique code or number: the next attempt finds the other's record.
            if message.contains("must be unique") {
                return Fault::new(FaultKind::Transient, "NOT_UNIQUE", message);
            }
            let kind = if message.contains("not allowed to") { FaultKind::Permission } else { FaultKind::InvalidData };
            Fault::new(kind, "UserError", message)
        }
        "UserWarning" => {
            let message = format!(
                "Tryton asks before it goes on: {}; answer it there, or name the warning in accept_warnings",
                joined(part(1), part(2))
            );
            Fault::new(FaultKind::InvalidData, format!("{WARNING}{}", part(0)), message)
        }
        "ConcurrencyException" => {
            Fault::new(FaultKind::Transient, name, "somebody changed the record at the same time")
        }
        "LoginException" => Fault::new(FaultKind::AuthExpired, name, "Tryton asks for another proof of who we are"),
        // The text of an exception inside the server, such as the name of a field that is not there.
        other => {
            let message = format!("Tryton failed with {other}; a module may be missing or changed");
            Fault::new(FaultKind::Config, "SERVER_EXCEPTION", message)
        }
    }
}

fn joined(message: &str, description: &str) -> String {
    if description.is_empty() { message.to_owned() } else { format!("{message} {description}") }
}

#[cfg(test)]
mod tests {
    use quoin_sdk::code;
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_become_decisions() {
        use FaultKind as K;
        let cases = [
            (json!(["UserError", ["The code on party must be unique.", "", null]]), K::Transient, "NOT_UNIQUE"),
            (json!(["UserError", ["You are not allowed to read \"Party\".", "", null]]), K::Permission, "UserError"),
            (json!(["UserError", ["A value is required for \"Name\".", "", null]]), K::InvalidData, "UserError"),
            (
                json!(["UserWarning", ["9601.late", "Payment date in the past.", ""]]),
                K::InvalidData,
                "WARNING 9601.late",
            ),
            (json!(["ConcurrencyException", "Records were modified"]), K::Transient, "ConcurrencyException"),
            (json!(["'nofield'", ""]), K::Config, "SERVER_EXCEPTION"),
        ];
        for (error, kind, code) in cases {
            let fault = of_error(&error);
            assert_eq!((fault.kind, fault.code.as_str()), (kind, code), "{error}");
        }
    }

    #[test]
    fn a_lost_write_is_unknown_a_lost_read_is_not() {
        let cases = [
            (401, true, FaultKind::AuthExpired, "401"),
            (429, true, FaultKind::RateLimited, "429"),
            (503, true, FaultKind::Transient, code::UNKNOWN_OUTCOME),
            (503, false, FaultKind::Unavailable, "503"),
            (502, false, FaultKind::Transient, "502"),
        ];
        for (status, writing, kind, code) in cases {
            let fault = of_status(&Response { status, ..Response::default() }, writing);
            assert_eq!((fault.kind, fault.code.as_str()), (kind, code), "{status} {writing}");
        }
    }
}
