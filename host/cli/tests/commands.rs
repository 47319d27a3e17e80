//! The command as a person runs it, against a host with the acceptance scenario in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../api/tests/sample/mod.rs"]
mod sample;

use std::net::SocketAddr;
use std::process::Stdio;

use ports::Ledger;
use sample::{ADMIN, House, OPERATOR, VIEWER};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

struct Host {
    house: House,
    address: SocketAddr,
}

async fn host() -> Host {
    let house = sample::furnished().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api::router(house.api.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Host { house, address }
}

fn command(url: &str, token: &str, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quoin"));
    command
        .args(line.split(' '))
        .env_clear()
        .env("QUOIN_URL", url)
        .env("QUOIN_TOKEN", token)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

impl Host {
    async fn run(&self, token: &str, line: &str) -> Ran {
        run(&format!("http://{}", self.address), token, line).await
    }
}

async fn run(url: &str, token: &str, line: &str) -> Ran {
    let output = command(url, token, line).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test]
async fn deals_are_a_table_for_people_and_json_for_programs() {
    let host = host().await;
    let ran = host.run(VIEWER, "deals").await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let row = ran.out.lines().find(|line| line.contains("Q-2026-0042")).unwrap();
    assert!(row.contains("Helix GmbH") && row.contains("166,400.00 EUR"), "{row}");
    assert!(!ran.out.contains('\u{1b}'), "no colours where nobody sees them");
    let ran = host.run(VIEWER, "deals --json").await;
    let items: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(items[0]["key"], "Q-2026-0042");
    assert_eq!(ran.err, "", "talk goes elsewhere, and there is none");
    let ran = host.run(VIEWER, "deal Q-2026-0042").await;
    assert!(ran.out.contains("140 h approved: 6 h not chargeable, 134 h billed (adds up)"), "{}", ran.out);
}

#[tokio::test]
async fn a_timeline_and_an_invoice_are_told() {
    let host = host().await;
    let ran = host.run(VIEWER, "timeline INV-1001 --calls").await;
    assert!(ran.out.contains("10:15:01 \u{25cf} Quote Q-2026-0042 v3 accepted by Helix GmbH  [crm-eu]"), "{}", ran.out);
    assert!(ran.out.contains("PUT erp.example/rest/customer/eid:Q-2026-0042 204"), "{}", ran.out);
    let lines = host.run(VIEWER, "timeline INV-1001 --json").await.out;
    let events = host.house.ledger.events_of_key("Q-2026-0042", 0, 1_000).await.len();
    assert_eq!(lines.lines().count(), events, "one JSON object per event, none hidden");
    let ran = host.run(VIEWER, "invoice INV-1001 --explain").await;
    for text in ["69,972.00 EUR", "29,972.00 EUR", "VAT 19 % (S)", "contract_line:L1:role:Senior"] {
        assert!(ran.out.contains(text), "{text} is missing:\n{}", ran.out);
    }
}

#[tokio::test]
async fn events_are_read_and_followed() {
    let host = host().await;
    let ran = host.run(VIEWER, "events --kind exception. --json").await;
    assert_eq!(ran.out.lines().count(), 1);
    let head = *host.house.ledger.head().borrow();
    let url = format!("http://{}", host.address);
    let mut child = command(&url, VIEWER, &format!("events --follow --after {} --json", head - 1))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(first["seq"], head);
    host.run(OPERATOR, "billing run --as-of 2026-04-30 --contract Q-2026-0042").await;
    let second: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!((&second["kind"], &second["cause"]["by"]), (&"billing.run_requested".into(), &"olaf".into()));
    child.kill().await.unwrap();
}

#[tokio::test]
async fn what_waits_is_listed_and_retried() {
    let host = host().await;
    let id = sample::cast::id("exception");
    let ran = host.run(VIEWER, "exceptions").await;
    assert!(ran.out.contains(id.as_str()) && ran.out.contains("the customer is on credit hold"), "{}", ran.out);
    let ran = host.run(VIEWER, &format!("exceptions retry {id}")).await;
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("role viewer may not retry an exception") && ran.err.contains("hint: "), "{}", ran.err);
    let ran = host.run(OPERATOR, &format!("exceptions retry {id}")).await;
    assert_eq!((ran.code, ran.out.contains("quoin timeline Q-2026-0057")), (0, true), "{}{}", ran.out, ran.err);
}

#[tokio::test]
async fn a_plugin_is_loaded_from_a_file() {
    let host = host().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hours.wasm");
    std::fs::write(&file, b"\0asm and so on").unwrap();
    let line = format!("plugin load {}", file.display());
    let ran = host.run(ADMIN, &line).await;
    assert!(ran.code == 1 && ran.err.contains("connector.toml cannot be read"), "{}", ran.err);
    let manifest = "id = \"hours\"\nname = \"Hours\"\nversion = \"0.3.0\"\ncontract = \"1.0\"\ndescription = \"x\"\nlicense = \"MIT\"\n";
    std::fs::write(folder.path().join("connector.toml"), manifest).unwrap();
    let ran = host.run(ADMIN, &line).await;
    assert!(ran.out.starts_with("ok hours 0.3.0 is loaded and serves (212 ms, from the cache; "), "{}", ran.out);
    assert!(ran.out.ends_with(" ms with the way there and the record)\n"), "{}", ran.out);
    std::fs::write(&file, b"nonsense").unwrap();
    let ran = host.run(ADMIN, &format!("{line} --json")).await;
    let problem: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((ran.code, &problem["code"]), (1, &"plugin-refused".into()));
}

#[tokio::test]
async fn the_doctor_names_what_is_wrong() {
    let host = host().await;
    let ran = host.run(ADMIN, "doctor").await;
    assert_eq!(ran.code, 1, "an exception is open");
    assert!(
        ran.out.contains("\u{2713} token          ada (admin)") && ran.out.contains("\u{2715} exceptions"),
        "{}",
        ran.out
    );
    let ran = host.run("guess", "doctor --json").await;
    let findings: Value = serde_json::from_str(&ran.out).unwrap();
    let token = findings.as_array().unwrap().iter().find(|finding| finding["name"] == "token").unwrap();
    assert_eq!(token["ok"], false);
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let host = host().await;
    let ran = host.run(VIEWER, "invoice INV-0").await;
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with("error: there is no invoice 'INV-0' (invoice-not-found)\nhint: "), "{}", ran.err);
    let ran = run("http://127.0.0.1:1", VIEWER, "deals").await;
    assert!(ran.code == 1 && ran.err.contains("cannot be reached; start it with `quoin serve`"), "{}", ran.err);
    let ran = host.run(VIEWER, "timelin Q-1").await;
    assert!(ran.code == 2 && ran.err.contains("'timeline'"), "{}", ran.err);
    let ran = host.run(VIEWER, "billing run --as-of tomorrow").await;
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let host = host().await;
    let url = format!("http://{}", host.address);
    let mut child = command(&url, VIEWER, "timeline Q-2026-0042 --calls --json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[tokio::test]
async fn a_process_is_checked_without_a_host() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../process/definitions/milestone-to-invoice.yaml");
    let ran = run("http://127.0.0.1:1", "", &format!("process check {file}")).await;
    assert!(
        ran.code == 0
            && ran.out.contains("accepted  on milestone.accepted")
            && ran.out.contains("call billing.milestone"),
        "{}{}",
        ran.out,
        ran.err
    );
    let ran = run("http://127.0.0.1:1", "", "process check /nonexistent.yaml").await;
    assert!(ran.code == 1 && ran.err.contains("/nonexistent.yaml"), "{}", ran.err);
}
