//! Bad uploads, a row each: what is pushed, how it is refused, and that nothing of it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::OnceLock;

use libtest_mimic::{Arguments, Failed, Trial};
use quoin_registry::digest::Digest;
use quoin_trust::{Certificate, SigningKey};
use registry_tests::{Push, Raw, Refused, Shop, connector};

/// One registry for all rows: a refusal leaves nothing behind, so they cannot disturb each other.
fn shop() -> &'static (Shop, SigningKey) {
    static SHOP: OnceLock<(Shop, SigningKey)> = OnceLock::new();
    SHOP.get_or_init(|| {
        let shop = Shop::open(&["--max-component-mib", "2"]).unwrap();
        let key = SigningKey::from_pem(&std::fs::read_to_string(shop.path("ana.key")).unwrap()).unwrap();
        shop.namespace("bo", "bo", &[]).unwrap();
        let first = Push::new("acme/jira", "0.1.0", jira(), &key);
        Raw::new(&shop, &shop.token).push(first).unwrap().unwrap();
        (shop, key)
    })
}

fn jira() -> Vec<u8> {
    connector("jira", &[]).unwrap()
}

/// The next version, with further changes.
fn next(changes: &[(&str, &str)]) -> Vec<u8> {
    let all = [&[("version = \"0.1.0\"", "version = \"0.1.1\"")], changes].concat();
    connector("jira", &all).unwrap()
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn precompiled() -> Vec<u8> {
    wasmtime::Engine::default().precompile_component(&wat("(component)")).unwrap()
}

fn bomb() -> Vec<u8> {
    wat(&format!("(component (core module {}))", "(func)".repeat(60_001)))
}

fn nested(levels: usize) -> Vec<u8> {
    wat(&format!("{}{}", "(component ".repeat(levels), ")".repeat(levels)))
}

fn certificate(failed: u32) -> Option<Certificate> {
    Some(Certificate { suite: "quoin-conform 1".into(), contract: "1.0".into(), passed: 9, failed, skipped: [].into() })
}

type Row = (&'static str, fn(&'static SigningKey) -> Push<'static>, u16, &'static str, &'static str);

/// Name, what is pushed, status, code, and words of the sentence.
fn rows() -> Vec<Row> {
    let invalid = "MANIFEST_INVALID";
    vec![
        (
            "garbage",
            |key| Push::new("acme/jira", "0.1.1", b"hello world".to_vec(), key),
            400,
            invalid,
            "cargo build --target wasm32-wasip2",
        ),
        ("empty", |key| Push::new("acme/jira", "0.1.1", Vec::new(), key), 400, invalid, "not a WebAssembly component"),
        (
            "truncated",
            |key| {
                let half = jira()[..300_000].to_vec();
                Push::new("acme/jira", "0.1.1", half, key)
            },
            400,
            invalid,
            "build or download it again",
        ),
        (
            "core_module",
            |key| Push::new("acme/jira", "0.1.1", wat("(module)"), key),
            400,
            invalid,
            "wasm-tools component new",
        ),
        (
            "precompiled",
            |key| Push::new("acme/jira", "0.1.1", precompiled(), key),
            400,
            invalid,
            "Upload the component it was made from",
        ),
        (
            "oversized",
            |key| Push::new("acme/jira", "0.1.1", vec![0; (2 << 20) + 1], key),
            413,
            "SIZE_INVALID",
            "build the plugin in release",
        ),
        (
            "bomb_of_functions",
            |key| Push::new("acme/jira", "0.1.1", bomb(), key),
            400,
            invalid,
            "60001 functions; at most 60000",
        ),
        ("bomb_of_nesting", |key| Push::new("acme/jira", "0.1.1", nested(9), key), 400, invalid, "levels of nesting"),
        (
            "foreign_import",
            |key| Push::new("acme/jira", "0.1.1", wat("(component (import \"acme:shell/run@1.0.0\" (instance)))"), key),
            400,
            invalid,
            "remove the dependency",
        ),
        (
            "no_connector",
            |key| Push::new("acme/jira", "0.1.1", wat("(component)"), key),
            400,
            invalid,
            "does not export quoin:connector/describe",
        ),
        (
            "future_contract",
            |key| Push::new("acme/jira", "0.1.1", next(&[("contract = \"1.0\"", "contract = \"1.7\"")]), key),
            400,
            invalid,
            "speaks up to 1.0",
        ),
        (
            "unsigned",
            |key| Push { signed: None, ..Push::new("acme/jira", "0.1.1", next(&[]), key) },
            403,
            "DENIED",
            "quoin publish --key FILE",
        ),
        (
            "signed_by_a_stranger",
            |_| Push { signed: Some((stranger(), "0.1.1")), ..Push::new("acme/jira", "0.1.1", next(&[]), stranger()) },
            403,
            "DENIED",
            "none of the trusted keys",
        ),
        (
            "signed_for_another_version",
            |key| Push { signed: Some((key, "0.1.0")), ..Push::new("acme/jira", "0.1.1", next(&[]), key) },
            403,
            "DENIED",
            "acme/jira 0.1.0, not about acme/jira 0.1.1",
        ),
        (
            "failed_certificate",
            |key| Push { certificate: certificate(2), ..Push::new("acme/jira", "0.1.1", next(&[]), key) },
            403,
            "DENIED",
            "2 cases of quoin-conform 1 failed",
        ),
        ("another_name", |key| Push::new("acme/other", "0.1.1", next(&[]), key), 400, invalid, "push it as acme/jira"),
        ("another_version", |key| Push::new("acme/jira", "0.2.0", next(&[]), key), 400, invalid, "push it as 0.1.1"),
        ("no_version", |key| Push::new("acme/jira", "latest", next(&[]), key), 400, invalid, "moved by the registry"),
        (
            "another_layout",
            |key| Push {
                config_type: "application/vnd.oci.empty.v1+json",
                ..Push::new("acme/jira", "0.1.1", next(&[]), key)
            },
            400,
            invalid,
            "quoin publish FILE.wasm --as acme/jira",
        ),
        (
            "two_layers",
            |key| Push { layers: 2, ..Push::new("acme/jira", "0.1.1", next(&[]), key) },
            400,
            invalid,
            "a version has one, the component",
        ),
        (
            "an_index",
            |key| Push { index: true, ..Push::new("acme/jira", "0.1.1", next(&[]), key) },
            400,
            invalid,
            "is an image manifest",
        ),
        (
            "no_licence",
            |key| Push::new("acme/jira", "0.1.1", next(&[("\"Apache-2.0\"", "\"mine alone\"")]), key),
            400,
            invalid,
            "SPDX",
        ),
        (
            "breaking_patch",
            |key| Push::new("acme/jira", "0.1.1", next(&[("field = \"issue_type\"", "field = \"issue_kind\"")]), key),
            400,
            invalid,
            "publish it as 0.2.0",
        ),
    ]
}

fn stranger() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate().unwrap())
}

fn main() {
    let mut trials: Vec<Trial> = rows()
        .into_iter()
        .map(|(name, make, status, code, words)| {
            Trial::test(format!("refused: {name}"), move || row(make, status, code, words))
        })
        .collect();
    trials.push(Trial::test("refused: wrong_namespace", wrong_namespace));
    trials.push(Trial::test("refused: beyond_the_quota", beyond_the_quota));
    trials.push(Trial::test("refused: without_a_token", without_a_token));
    trials.push(Trial::test("refused: read_only_token", read_only_token));
    trials.push(Trial::test("refused: republished_version", republished));
    trials.push(Trial::test("refused: deletion_of_a_version", deletion));
    // One after the other: several push the same component, and each looks whether anything of it is left.
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials).exit();
}

fn row(make: fn(&'static SigningKey) -> Push<'static>, status: u16, code: &str, words: &str) -> Result<(), Failed> {
    let (shop, key) = shop();
    let push = make(key);
    let (plugin, component) = (push.plugin, Digest::sha256(&push.component));
    let raw = Raw::new(shop, &shop.token);
    let refused = raw.push(push)?.err().ok_or("it was accepted")?;
    said(&refused, status, code, words)?;
    let blob = raw.status(&format!("/v2/plugins/{plugin}/blobs/{component}"))?;
    if blob != 404 || on_disk(&shop.registry(), component.hex()) {
        return Err(format!("the component is still there ({blob})").into());
    }
    let log = std::fs::read_to_string(shop.registry().join("log.jsonl"))?;
    let logged = log.lines().any(|line| line.contains("version_refused") && line.contains(words));
    if !logged && status != 413 {
        return Err("the refusal is not in the log".into());
    }
    Ok(())
}

fn said(refused: &Refused, status: u16, code: &str, words: &str) -> Result<(), Failed> {
    if refused.status == status && refused.code == code && refused.message.contains(words) {
        return Ok(());
    }
    Err(format!("wanted {status} {code} with `{words}`, got {refused:?}").into())
}

fn on_disk(folder: &Path, hex: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { on_disk(&path, hex) } else { path.to_string_lossy().contains(hex) }
    })
}

fn wrong_namespace() -> Result<(), Failed> {
    let (shop, key) = shop();
    let token = shop.token_of("bo", "publish")?;
    let refused = Raw::new(shop, &token).push(Push::new("acme/jira", "0.1.1", next(&[]), key))?.unwrap_err();
    said(&refused, 403, "DENIED", "does not belong to bo; yours: bo")?;
    let ordinary = Raw::new(shop, &token).blob("acme/anything", b"x".to_vec())?.unwrap_err();
    said(&ordinary, 403, "DENIED", "does not belong to bo")?;
    let outside = Raw::new(shop, &token).blob("plugins/bo", b"x".to_vec())?.unwrap_err();
    said(&outside, 403, "DENIED", "plugins/<namespace>/<name>")
}

fn beyond_the_quota() -> Result<(), Failed> {
    let (shop, key) = shop();
    let (dir, public) = (shop.path("registry"), &shop.key);
    let make =
        ["registry", "namespace", "new", "cy", "--owner", "cy", "--key", public, "--quota-mib", "1", "--dir", &dir];
    shop.done(&make)?;
    let token = shop.token_of("cy", "publish")?;
    let raw = Raw::new(shop, &token);
    raw.push(Push::new("cy/jira", "0.1.0", jira(), key))?.map_err(|refused| Failed::from(refused.message))?;
    let second = next(&[]);
    let component = Digest::sha256(&second);
    let refused = raw.push(Push::new("cy/jira", "0.1.1", second, key))?.unwrap_err();
    if on_disk(&shop.registry(), component.hex()) {
        return Err("the component is still there".into());
    }
    said(&refused, 403, "DENIED", "--quota-mib")
}

fn without_a_token() -> Result<(), Failed> {
    let (shop, key) = shop();
    let refused = Raw::new(shop, "").push(Push::new("acme/jira", "0.1.1", next(&[]), key))?.unwrap_err();
    said(&refused, 401, "UNAUTHORIZED", "pushing needs a token")?;
    let refused = Raw::new(shop, "qrt_00_00").push(Push::new("acme/jira", "0.1.1", next(&[]), key))?.unwrap_err();
    said(&refused, 401, "UNAUTHORIZED", "unknown or has expired")
}

fn read_only_token() -> Result<(), Failed> {
    let (shop, key) = shop();
    let token = shop.token_of("ana", "read")?;
    let refused = Raw::new(shop, &token).push(Push::new("acme/jira", "0.1.1", next(&[]), key))?.unwrap_err();
    said(&refused, 403, "DENIED", "may only read")
}

fn republished() -> Result<(), Failed> {
    let (shop, key) = shop();
    let raw = Raw::new(shop, &shop.token);
    let other = connector("jira", &[("name = \"Jira Cloud\"", "name = \"Jira Clown\"")])?;
    let component = Digest::sha256(&other);
    let refused = raw.push(Push::new("acme/jira", "0.1.0", other, key))?.unwrap_err();
    if on_disk(&shop.registry(), component.hex()) {
        return Err("the component is still there".into());
    }
    said(&refused, 409, "DENIED", "raise `version` in connector.toml")?;
    // The very same manifest again is no change, so it is no mistake.
    raw.push(Push::new("acme/jira", "0.1.0", jira(), key))?.map_err(|refused| Failed::from(refused.message))?;
    Ok(())
}

fn deletion() -> Result<(), Failed> {
    let (shop, _) = shop();
    for path in ["manifests/0.1.0", &format!("blobs/{}", Digest::sha256(&jira()))] {
        let url = format!("{}/v2/plugins/acme/jira/{path}", shop.server.url());
        let answer = reqwest::blocking::Client::new().delete(url).bearer_auth(&shop.token).send()?;
        if answer.status().as_u16() != 405 {
            return Err(format!("{path}: {}", answer.status()).into());
        }
    }
    Ok(())
}
