//! A vendor written in any language behind the kit: the vendor's program has the routes and the
//! state, the kit stands before it with everything that is the same for all vendors.
//!
//! The program prints one line of JSON, `{"simulator": name, "http": origin}`, and serves plain HTTP
//! there until its standard input closes. `SIMULATOR_SEED` and `SIMULATOR_OPTIONS` (JSON) say what the
//! command line said. Every request carries the kit's time in `x-simulator-now`; an answer tells what
//! it committed in `x-simulator-ledger`. Its control routes are `GET /_kit/actions`,
//! `POST /_kit/act/{name}` and `POST /_kit/reset`.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::serve::served;
use crate::{Args, Kit, Refusal};

/// The kit's time, for the vendor.
const NOW: &str = "x-simulator-now";
/// What an answer committed, for the kit.
const LEDGER: &str = "x-simulator-ledger";
/// Header fields that belong to one connection, not to the request or answer (RFC 9110, 7.6.1).
const HOP_BY_HOP: [header::HeaderName; 3] = [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// A simulator's `main` whose vendor is another program: `program` and its arguments.
pub async fn run_behind(args: Args, program: &[String]) -> ExitCode {
    match vendor(&args, program).await {
        Ok((name, vendor, actions, child)) => {
            let build = move |kit: Kit| routes(&kit, vendor, actions);
            let code = served(&name, args, build).await;
            // It ends by itself when its input closes; the kill is for one that does not listen.
            drop(child);
            code
        }
        Err(reason) => {
            // Nobody is left to tell when standard error is gone.
            let _told = writeln!(io::stderr(), "simulator: {reason}");
            ExitCode::FAILURE
        }
    }
}

type Started = (String, Vendor, BTreeMap<String, String>, Child);

/// Starts the program, and waits until it says where it listens.
async fn vendor(args: &Args, program: &[String]) -> Result<Started, String> {
    let shown = program.join(" ");
    let (first, rest) = program.split_first().ok_or("name the program that is the vendor")?;
    let options: BTreeMap<&str, &str> = args.options.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut command = Command::new(first);
    command.args(rest).env("SIMULATOR_OPTIONS", json!(options).to_string());
    if let Some(seed) = &args.seed {
        command.env("SIMULATOR_SEED", seed);
    }
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
    let mut child = child.map_err(|error| format!("`{shown}` cannot be started: {error}"))?;
    let stdout = child.stdout.take().ok_or("no output to read")?;
    let line = BufReader::new(stdout).lines().next_line().await.ok().flatten().unwrap_or_default();
    let ready: Ready = serde_json::from_str(&line).map_err(|_| {
        format!("`{shown}` did not say where it listens, as {{\"simulator\": name, \"http\": origin}}, but {line:?}")
    })?;
    let vendor = Vendor {
        origin: ready.http.trim_end_matches('/').to_owned(),
        client: reqwest::Client::new(),
        resetting: Arc::default(),
    };
    let answer = vendor.client.get(format!("{}/_kit/actions", vendor.origin)).send().await;
    let failed = |error: reqwest::Error| format!("`{shown}` does not answer at /_kit/actions: {error}");
    let text = answer.map_err(failed)?.text().await.map_err(failed)?;
    let actions = serde_json::from_str(&text).map_err(|error| format!("/_kit/actions answers {text}: {error}"))?;
    Ok((ready.simulator, vendor, actions, child))
}

#[derive(Deserialize)]
struct Ready {
    simulator: String,
    http: String,
}

/// The way to the vendor's program.
#[derive(Clone)]
struct Vendor {
    origin: String,
    client: reqwest::Client,
    /// Held while the vendor is told of a reset, so that nothing overtakes it.
    resetting: Arc<tokio::sync::Mutex<()>>,
}

fn routes(kit: &Kit, vendor: Vendor, actions: BTreeMap<String, String>) -> Router {
    let reset = Arc::new(AtomicBool::new(false));
    let for_reset = reset.clone();
    kit.on_reset(move || for_reset.store(true, Ordering::SeqCst));
    let behind = Behind { kit: kit.clone(), vendor, reset };
    for (name, help) in actions {
        let (behind, called) = (behind.clone(), name.clone());
        kit.action(&name, &help, move |input| {
            let (behind, path) = (behind.clone(), format!("/_kit/act/{called}"));
            async move { behind.act(&path, &input).await }
        });
    }
    Router::new().fallback(forward).with_state(behind)
}

#[derive(Clone)]
struct Behind {
    kit: Kit,
    vendor: Vendor,
    /// A reset that the vendor was not told yet.
    reset: Arc<AtomicBool>,
}

/// What a vendor answered.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// What an answer says was committed.
#[derive(Deserialize)]
struct Effect {
    kind: String,
    id: String,
    key: Option<String>,
    data: Value,
}

impl Behind {
    /// A person's action.
    async fn act(&self, path: &str, input: &Value) -> Result<Value, Refusal> {
        let request = self.vendor.client.post(format!("{}{path}", self.vendor.origin)).body(input.to_string());
        let answer = self.ask(request).await.map_err(Refusal::new)?;
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status.is_success() {
            return Ok(value);
        }
        let text = || String::from_utf8_lossy(&answer.body).into_owned();
        Err(Refusal::new(value["error"].as_str().map_or_else(text, str::to_owned)))
    }

    /// Asks the vendor, and notes what it committed before anybody hears of it.
    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Answered, String> {
        self.settle().await?;
        let answer = self.timed(request).send().await.map_err(|error| format!("the vendor's program: {error}"))?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(|error| format!("the vendor's program: {error}"))?;
        if let Some(effects) = headers.remove(LEDGER) {
            let effects: Vec<Effect> =
                serde_json::from_slice(effects.as_bytes()).map_err(|error| format!("{LEDGER}: {error}"))?;
            for effect in effects {
                self.kit.ledger.commit(&effect.kind, &effect.id, effect.key.as_deref(), effect.data);
            }
        }
        Ok(Answered { status, headers, body })
    }

    /// Tells the vendor of a reset, once, before it hears anything else.
    async fn settle(&self) -> Result<(), String> {
        let _resetting = self.vendor.resetting.lock().await;
        if self.reset.swap(false, Ordering::SeqCst) {
            let request = self.vendor.client.post(format!("{}/_kit/reset", self.vendor.origin));
            self.timed(request).send().await.map_err(|error| format!("the vendor's program at reset: {error}"))?;
        }
        Ok(())
    }

    /// With the kit's time; always nine digits, so that stamps can be compared as texts.
    fn timed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header(NOW, format!("{:.9}", self.kit.now()))
    }
}

/// Hands a client's request on, and the vendor's answer back.
async fn forward(State(behind): State<Behind>, parts: Parts, body: Bytes) -> Response {
    if parts.uri.path().starts_with("/_kit/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let url = format!("{}{target}", behind.vendor.origin);
    let mut request = behind.vendor.client.request(parts.method.clone(), url).body(body);
    for (name, value) in parts.headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(name)) {
        request = request.header(name, value);
    }
    match behind.ask(request).await {
        Ok(answer) => {
            let mut response = Response::new(Body::from(answer.body));
            *response.status_mut() = answer.status;
            let fields = answer.headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(name));
            response.headers_mut().extend(fields.map(|(name, value)| (name.clone(), value.clone())));
            response
        }
        Err(reason) => (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response(),
    }
}
