//! Bad input is refused in words: which file or field, what to do; exit code non-zero or a 4xx;
//! and nothing has changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use scenario::{Stage, StageOptions};
use serde_json::Value;

fn quoin(arguments: &[&str]) -> Output {
    let program = StageOptions::from_workspace().programs.join("quoin");
    Command::new(program).args(arguments).output().expect("the `quoin` command is built")
}

/// Asserts that a command failed and said all of these.
fn assert_refused(output: &Output, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it succeeded: {}", String::from_utf8_lossy(&output.stdout));
    for part in parts {
        assert!(said.contains(part), "it should say {part:?}, but says: {said}");
    }
}

/// A folder with a configuration that is right but for `extra`.
fn configured(plugins: &Path, extra: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[host]\ndata_dir = \"data\"\nplugins_dir = {:?}\nlisten = \"127.0.0.1:0\"\n{extra}",
        plugins.display()
    );
    std::fs::write(folder.path().join("quoin.toml"), text).expect("the file is written");
    folder
}

fn serve(folder: &Path) -> Output {
    quoin(&["serve", "--config", folder.join("quoin.toml").to_str().expect("UTF-8")])
}

#[test]
fn broken_configurations_name_line_or_field() {
    let empty = tempfile::tempdir().expect("a folder");
    let entity = "[entity.DE01]\nname='A'\ncountry='DE'\ncurrency='EURO'\nzone='Europe/Berlin'\nvat_id='DE1'\ntax={category='S',rate_percent='19'}\n";
    let table: [(&str, &[&str]); 6] = [
        ("[[route]\n", &["quoin.toml", "line 5"]),
        ("[hsot]\n", &["quoin.toml", "hsot"]),
        (
            "[[route]]\nrole = \"crm\"\nconnection = \"nowhere\"\n",
            &["route[0].connection", "there is no connection 'nowhere'"],
        ),
        (
            "[[route]]\nrole = \"hr\"\nconnection = \"x\"\n[[connection]]\nid = \"x\"\nplugin = \"y\"\n",
            &["route[0].role", "crm, psa, erp or time"],
        ),
        (entity, &["entity.DE01.currency", "'EURO' is no ISO 4217"]),
        ("[[connection]]\nid = \"x\"\nplugin = \"y\"\n", &["connection 'x'", "no plugin 'y'"]),
    ];
    for (extra, parts) in table {
        let folder = configured(empty.path(), extra);
        assert_refused(&serve(folder.path()), parts);
    }
}

#[test]
fn what_is_no_plugin_is_named_by_its_file() {
    let plugins = tempfile::tempdir().expect("a folder");
    let manifest = StageOptions::from_workspace().plugins.join("kantata.toml");
    std::fs::copy(manifest, plugins.path().join("kantata.toml")).expect("run `cargo xtask plugins` first");
    let table: [(&[u8], &str); 3] =
        [(b"not wasm at all", "kantata.wasm"), (b"\0asm\x01\0\0\0", "component"), (b"\0asm", "kantata.wasm")];
    for (bytes, part) in table {
        std::fs::write(plugins.path().join("kantata.wasm"), bytes).expect("written");
        let folder = configured(plugins.path(), "");
        assert_refused(&serve(folder.path()), &["kantata.wasm", part]);
    }
}

#[test]
fn definitions_with_an_unknown_step_are_named_by_file_and_line() {
    let empty = tempfile::tempdir().expect("a folder");
    let folder = configured(empty.path(), "processes_dir = \"processes\"\n");
    let processes = folder.path().join("processes");
    std::fs::create_dir(&processes).expect("a folder");
    let text = "process: mine\nversion: 1\npurpose: x\nflows:\n  - name: f\n    on: quote.accepted\n    key: event.quote.number\n    steps:\n      - id: a\n        teleport: somewhere\n";
    let file = processes.join("mine.yaml");
    std::fs::write(&file, text).expect("written");
    assert_refused(&serve(folder.path()), &["mine.yaml:", "teleport"]);
    assert_refused(&quoin(&["process", "check", file.to_str().expect("UTF-8")]), &["mine.yaml:", "teleport"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_without_proof_or_measure_change_nothing() {
    let mut stage = Stage::set(StageOptions::from_workspace()).await.expect("the stage is set");
    let client = reqwest::Client::new();
    let hook = |path: &str| format!("{}/hooks/{path}", stage.api.url);
    let table: [(String, Vec<u8>, u16, &str); 5] = [
        (hook("crm"), b"{\"opportunity\":\"x\"}".to_vec(), 401, "NOT_PROVEN"),
        (hook("crm"), b"".to_vec(), 401, "NOT_PROVEN"),
        (hook("crm"), vec![b'x'; 300_000], 413, "TOO_LARGE"),
        (hook("nobody"), b"{}".to_vec(), 404, "NO_CONNECTION"),
        (hook("psa"), b"{}".to_vec(), 404, "NO_WEBHOOKS"),
    ];
    for (url, body, status, code) in table {
        let answer = client.post(&url).body(body).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{url}");
        let problem: Value = answer.json().await.expect("a problem in JSON");
        assert_eq!(problem["code"], code, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{problem}");
    }
    let events = stage.api.get("/events?kind=webhook.received").await.expect("the log");
    assert_eq!(events["items"].as_array().map(Vec::len), Some(0), "a delivery was recorded: {events}");
    assert!(stage.host_is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_ask_for_more_than_the_contract_change_nothing() {
    let stage = Stage::set(StageOptions::from_workspace()).await.expect("the stage is set");
    let before = stage.api.get("/plugins").await.expect("the list");
    let manifest = StageOptions::from_workspace().plugins.join("kantata.toml");
    let grabby = wat::parse_str(r#"(component (import "acme:files/disk@1.0.0" (instance)))"#);
    let table: [(Vec<u8>, &str); 2] =
        [(grabby.expect("a component"), "acme:files/disk"), (b"junk".to_vec(), "component")];
    for (bytes, part) in table {
        let file = stage.folder().join("grabby.wasm");
        std::fs::write(&file, bytes).expect("written");
        let arguments =
            ["plugin", "load", file.to_str().expect("UTF-8"), "--manifest", manifest.to_str().expect("UTF-8")];
        let error = stage.quoin(&arguments, None).expect_err("the upload is refused");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(before, stage.api.get("/plugins").await.expect("the list"), "the list of plugins changed");
}

/// A disk that takes nothing more ends the host with the reason: one that records nothing must not
/// go on serving. `prlimit` (util-linux) plays the full disk.
#[test]
fn a_store_that_cannot_write_ends_the_host() {
    let empty = tempfile::tempdir().expect("a folder");
    let digest = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"admin"));
    let folder =
        configured(empty.path(), &format!("[[token]]\nname = \"admin\"\nrole = \"admin\"\nsha256 = \"{digest}\"\n"));
    let programs = StageOptions::from_workspace().programs;
    let mut host = Command::new("sh")
        // Writing past the limit shall fail, not kill.
        .args(["-c", "trap '' XFSZ; exec \"$0\" serve --config quoin.toml"])
        .arg(programs.join("quoin"))
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the host starts");
    let mut line = String::new();
    BufReader::new(host.stdout.take().expect("its output")).read_line(&mut line).expect("it says where it serves");
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
    let limited = Command::new("prlimit").args(["--fsize=100:100", "--pid", &host.id().to_string()]).status();
    assert!(limited.expect("prlimit is installed").success());
    let refused = Command::new(programs.join("quoin"))
        .args(["billing", "run", "--as-of", "2026-03-31", "--url", &url, "--token", "admin"])
        .output()
        .expect("the `quoin` command is built");
    // It hears that the store has stopped, or that the host has gone already.
    assert_refused(&refused, &[]);
    let ended = host.wait_with_output().expect("it ends");
    assert_refused(&ended, &["the store has stopped", "File too large", "Mend the disk"]);
}
