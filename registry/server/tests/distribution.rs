//! The behaviour of the OCI distribution specification 1.1, as tables of requests and answers:
//! `tests/distribution/*.txt`. Each case runs against a registry of its own. A line begins with
//!
//! ```text
//! ==   the case's name
//! >    METHOD path, and after it the request's headers, a line each
//! |    the request's body; |* NUMBER for so many bytes
//! <    the answer's status, and after it headers it must have (a lone * fits anything, - means absent)
//! <~   text that the body must hold
//! <=   the whole body
//! #    a remark
//! ```
//!
//! `$sha256(TEXT)`, `$sha512(TEXT)` and `$size(TEXT)` are of that text; `$NAME = TEXT` on a line of
//! its own remembers a text as `$NAME`; `$location` is where the last answer led.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use libtest_mimic::{Arguments, Failed, Trial};
use quoin_registry::access::Anonymous;
use quoin_registry::digest::{Algorithm, Digest};
use quoin_registry::{Examination, Examiner, Registry, Settings};
use tower::ServiceExt;

struct NoPlugins;

#[async_trait]
impl Examiner for NoPlugins {
    async fn examine(&self, _: &Path) -> Result<Examination, String> {
        Err("no plugin is published here".into())
    }
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/distribution");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut trials = Vec::new();
    for file in files {
        let table = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, part) in text.split("\n== ").enumerate().skip(1) {
            let (name, steps) = part.split_once('\n').unwrap_or((part, ""));
            let (name, steps) = (format!("{table}: {number} {}", name.trim()), steps.to_owned());
            trials.push(Trial::test(name, move || play(&steps)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

#[derive(Default)]
struct Step {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    status: Option<u16>,
    wanted: Vec<String>,
}

fn play(text: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let settings = Settings {
        anonymous: Anonymous::Push,
        deletion: !text.contains("# deletion is off"),
        blob_bytes_max: 1 << 20,
        ..Settings::default()
    };
    let registry = Arc::new(Registry::open(folder.path(), settings, Arc::new(NoPlugins))?);
    let router = quoin_registry::router(Arc::clone(&registry));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut names = BTreeMap::new();
    let mut step: Option<Step> = None;
    for line in text.lines().chain(["> end"]) {
        if let Some((name, value)) = line.strip_prefix('$').and_then(|line| line.split_once(" = ")) {
            let value = filled(value, &names);
            names.insert(name.to_owned(), value);
            continue;
        }
        let late = line.contains("$location");
        let line = if late { line.to_owned() } else { filled(line, &names) };
        let (sign, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
        match sign {
            ">" if step.as_ref().is_none_or(|step| step.status.is_some()) => {
                if let Some(done) = step.take() {
                    runtime.block_on(ask(&router, done, &mut names))?;
                }
                let (method, path) = rest.split_once(' ').unwrap_or((rest, ""));
                step = Some(Step { method: method.into(), path: filled(path, &names), ..Step::default() });
            }
            ">" => {
                let (name, value) = rest.split_once(": ").ok_or("a header is `name: value`")?;
                step.as_mut().unwrap().headers.push((name.into(), value.into()));
            }
            "|*" => step.as_mut().unwrap().body = Some(vec![b'x'; rest.parse()?]),
            "|" => {
                let body = &mut step.as_mut().unwrap().body;
                let mut bytes = body
                    .take()
                    .map(|mut bytes| {
                        bytes.push(b'\n');
                        bytes
                    })
                    .unwrap_or_default();
                bytes.extend_from_slice(rest.as_bytes());
                *body = Some(bytes);
            }
            "<" if step.as_ref().unwrap().status.is_none() => step.as_mut().unwrap().status = Some(rest.parse()?),
            "<" | "<~" | "<=" => step.as_mut().unwrap().wanted.push(line.clone()),
            "" | "#" => {}
            _ => return Err(format!("`{line}` is no line of a table").into()),
        }
    }
    let damaged = registry.check()?;
    if damaged.is_empty() { Ok(()) } else { Err(damaged.join("; ").into()) }
}

/// Replaces remembered names, then digests and sizes of what stands between the brackets.
fn filled(line: &str, names: &BTreeMap<String, String>) -> String {
    let mut text = line.to_owned();
    for (name, value) in names.iter().rev() {
        text = text.replace(&format!("${name}"), value);
    }
    for sign in ["$sha256(", "$sha512(", "$size("] {
        while let Some((before, rest)) = text.split_once(sign) {
            let (of, after) = rest.split_once(')').expect("a closing bracket");
            let value = match sign {
                "$size(" => of.len().to_string(),
                "$sha512(" => Digest::of(Algorithm::Sha512, of.as_bytes()).to_string(),
                _ => Digest::sha256(of.as_bytes()).to_string(),
            };
            text = format!("{before}{value}{after}");
        }
    }
    text
}

async fn ask(router: &Router, step: Step, names: &mut BTreeMap<String, String>) -> Result<(), Failed> {
    let shown = format!("{} {}", step.method, step.path);
    let body = step.body.unwrap_or_default();
    let mut request = Request::builder().method(step.method.as_str()).uri(&step.path);
    let chunked = step.headers.iter().any(|(name, _)| name == "transfer-encoding");
    if !chunked && !step.headers.iter().any(|(name, _)| name == "content-length") {
        request = request.header("content-length", body.len());
    }
    for (name, value) in &step.headers {
        request = request.header(name, value);
    }
    let response = router.clone().oneshot(request.body(Body::from(body))?).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = to_bytes(response.into_body(), 16 << 20).await?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if step.status != Some(status.as_u16()) {
        return Err(format!("{shown}: {status} instead of {:?}: {text}", step.status).into());
    }
    if step.method != "HEAD" && status.as_u16() >= 400 && status != StatusCode::NOT_FOUND {
        let error: serde_json::Value = serde_json::from_str(&text).map_err(|_| format!("{shown}: no JSON: {text}"))?;
        let first = &error["errors"][0];
        if !(first["code"].is_string() && first["message"].is_string()) {
            return Err(format!("{shown}: not the error of the specification: {text}").into());
        }
    }
    for wanted in &step.wanted {
        check(wanted, &headers, &text).map_err(|wrong| Failed::from(format!("{shown}: {wrong}")))?;
    }
    if let Some(location) = headers.get("location") {
        names.insert("location".into(), location.to_str()?.to_owned());
    }
    Ok(())
}

fn check(wanted: &str, headers: &HeaderMap, text: &str) -> Result<(), String> {
    let (sign, rest) = wanted.split_once(' ').unwrap_or((wanted, ""));
    match sign {
        "<~" if !text.contains(rest) => Err(format!("the body lacks `{rest}`: {text}")),
        "<=" if text != rest => Err(format!("the body is `{text}`, not `{rest}`")),
        "<" => {
            let (name, value) = rest.split_once(": ").ok_or("a header is `name: value`")?;
            let found = headers.get(name).map(|found| found.to_str().unwrap_or_default());
            match (value, found) {
                ("-", None) | ("*", Some(_)) => Ok(()),
                (value, Some(found)) if found == value => Ok(()),
                _ => Err(format!("the header {name} is {found:?}, not {value}")),
            }
        }
        _ => Ok(()),
    }
}
