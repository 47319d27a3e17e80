//! A version that reads more is polled for more from the moment it serves, and a roll-back ends that: without a
//! restart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::{Duration, Instant};

use scenario::{Stage, StageOptions};
use serde_json::Value;

/// Far beyond what anything here takes, so that only a standstill ends the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// What only the reading of project financials asks the ERP for.
const FINANCIALS: &str = "transactionaccountingline";
/// What only the reading of payments asks it for.
const PAYMENTS: &str = "nexttransactionlinelink";

fn must<T>(result: anyhow::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}

/// The built plugin with a text of its manifest changed, beside it and in it.
fn changed(from: &Path, to: &Path, changes: &[(&str, &str)]) {
    for ending in ["wasm", "toml"] {
        let mut bytes = std::fs::read(from.with_extension(ending)).unwrap();
        for (was, is) in changes {
            assert_eq!(was.len(), is.len());
            let at = bytes.windows(was.len()).position(|window| window == was.as_bytes()).expect(was);
            bytes[at..at + is.len()].copy_from_slice(is.as_bytes());
        }
        std::fs::write(to.with_extension(ending), bytes).unwrap();
    }
}

/// How often the ERP was asked something that holds these words.
async fn asked(stage: &Stage, words: &str) -> usize {
    let url = format!("{}/_sim/requests", stage.erp.simulator().unwrap().url);
    let log: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let requests = log["requests"].as_array().expect("the log of requests");
    requests.iter().filter(|request| request["body"].as_str().is_some_and(|body| body.contains(words))).count()
}

/// Waits until the ERP was asked so often.
async fn until_asked(stage: &Stage, words: &str, times: usize) {
    let until = Instant::now() + PATIENCE;
    while asked(stage, words).await < times {
        assert!(Instant::now() < until, "{words} was not asked for {times} times");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_reads_more_is_polled_for_more_at_once() {
    let built = StageOptions::from_workspace();
    let folder = tempfile::tempdir().unwrap();
    for entry in built.plugins.read_dir().unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let (netsuite, next) = (built.plugins.join("netsuite"), folder.path().join("next/netsuite"));
    std::fs::create_dir(folder.path().join("next")).unwrap();
    let less = ("name = \"project_financials\"\nread = true", "name = \"project_financials\"\nread=false ");
    changed(&netsuite, &folder.path().join("netsuite"), &[less]);
    changed(&netsuite, &next, &[("version = \"0.1.0\"", "version = \"0.2.0\"")]);
    let options = StageOptions { plugins: folder.path().to_owned(), poll_ms: 50, ..built };
    let stage = must(Stage::set(options).await);
    until_asked(&stage, PAYMENTS, 3).await;
    assert_eq!(asked(&stage, FINANCIALS).await, 0, "the first version does not read them");

    let (component, manifest) = (next.with_extension("wasm"), next.with_extension("toml"));
    let arguments = ["plugin", "load", component.to_str().unwrap(), "--manifest", manifest.to_str().unwrap()];
    let refused = stage.quoin(&arguments, None).unwrap_err().to_string();
    assert!(refused.contains("reads the object project_financials"), "{refused}");
    must(stage.quoin(&[&arguments[..], &["--accept"]].concat(), None));
    until_asked(&stage, FINANCIALS, 2).await;

    must(stage.quoin(&["plugin", "rollback", "netsuite"], None));
    // Its loop ends; the other goes on. What was under way at that moment may still arrive.
    let payments = asked(&stage, PAYMENTS).await;
    until_asked(&stage, PAYMENTS, payments + 2).await;
    let (financials, payments) = (asked(&stage, FINANCIALS).await, asked(&stage, PAYMENTS).await);
    until_asked(&stage, PAYMENTS, payments + 3).await;
    assert_eq!(asked(&stage, FINANCIALS).await, financials, "nobody reads them any more");
}
