//! The host, through the component's imports.

use std::io::Write;
use std::sync::Once;

use quoin_canonical::Timestamp;

use super::bindings::imports::quoin::host::{clock, config, http, log, verify};
use super::lift::fault_in;
use crate::{Algorithm, Fault, Host, Level, Request, Response};

/// The real host.
pub struct Door;

/// The host, with the panic hook in place.
pub fn open() -> Door {
    hook_panics();
    Door
}

/// Lets a panic's text reach the host.
pub fn hook_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let text = panic.to_string();
            log::emit(log::Level::Error, &text, &[]);
            // The host keeps the last of this for the fault it reports; nothing can be done if it fails.
            let _ = writeln!(std::io::stderr(), "{text}");
        }));
    });
}

impl Host for Door {
    fn send(&self, request: Request) -> Result<Response, Fault> {
        http::send(&request_out(request)).map(response_in).map_err(fault_in)
    }

    fn send_all(&self, requests: Vec<Request>, max_parallel: u32) -> Vec<Result<Response, Fault>> {
        let requests: Vec<http::Request> = requests.into_iter().map(request_out).collect();
        let answers = http::send_all(&requests, max_parallel);
        answers.into_iter().map(|answer| answer.map(response_in).map_err(fault_in)).collect()
    }

    fn config_json(&self) -> String {
        config::get()
    }

    fn now(&self) -> Timestamp {
        let millis = i64::try_from(clock::now_ms()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    fn remaining_ms(&self) -> u64 {
        clock::remaining_ms()
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let level = match level {
            Level::Trace => log::Level::Trace,
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        let fields: Vec<(String, String)> = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        log::emit(level, message, &fields);
    }

    fn verify_hmac(&self, slot: &str, algorithm: Algorithm, payload: &[u8], mac: &[u8]) -> Result<bool, Fault> {
        let algorithm = match algorithm {
            Algorithm::HmacSha256 => verify::Algorithm::HmacSha256,
            Algorithm::HmacSha1 => verify::Algorithm::HmacSha1,
        };
        verify::hmac(slot, algorithm, payload, mac).map_err(fault_in)
    }

    fn verify_equals(&self, slot: &str, candidate: &[u8]) -> Result<bool, Fault> {
        verify::equals(slot, candidate).map_err(fault_in)
    }
}

fn request_out(request: Request) -> http::Request {
    http::Request {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.body,
        credential: request.credential,
        idempotency_key: request.idempotency_key,
        timeout_ms: request.timeout_ms,
        cost: request.cost,
    }
}

fn response_in(response: http::Response) -> Response {
    Response { status: response.status, headers: response.headers, body: response.body }
}
