//! Every rude guest, by name: what the sandbox makes of it, and that the next call still works. A
//! guest without a line here fails, and so does a line without a guest.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use ports::{
    CallError, Called, Connectors, GuestFaultClass as Class, Inbound, Item, ItemOutcome, Page, Plugins, ReadRequest,
    Reply,
};
use runtime::{Options, Runtime};
use support::{GUESTS_TOML, PluginLog, SECRET};
use tokio::runtime::Runtime as Tokio;

/// What the sandbox must make of a guest.
enum Expect {
    /// A page whose first customer has this name.
    Says(&'static str),
    /// It is stopped or refused: this class, and these words.
    Stopped(Class, &'static str),
    /// Its own fault, with this code.
    Fault(&'static str),
}
use Expect::{Fault, Says, Stopped};

const READS: &[(&str, Expect)] = &[
    ("polite", Says("limit 10")),
    ("infinite_loop", Stopped(Class::Timeout, "more processor time")),
    ("loop_of_host_calls", Stopped(Class::Timeout, "more processor time")),
    ("patient", Says("asked 200 times")),
    ("sleeper", Stopped(Class::Timeout, "stopped after 6000 ms")),
    ("allocation_bomb", Stopped(Class::Memory, "limits.memory_mib grants 67108864")),
    ("deep_recursion", Stopped(Class::Stack, "recursed past its stack")),
    ("deep_recursion_with_frames", Stopped(Class::Trap, "out of bounds")),
    ("deep_json", Says("127 levels")),
    ("huge_output", Stopped(Class::OutputTooLarge, "one call may return 16777216")),
    ("million_small_texts", Stopped(Class::OutputTooLarge, "ask for fewer records")),
    ("too_many_changes", Stopped(Class::Malformed, "returned 11 changes where at most 10")),
    ("bad_json", Stopped(Class::Malformed, "/changes/0: /data: no JSON")),
    ("wrong_canonical_field", Stopped(Class::Malformed, "/changes/0: /data/addresses/0/lines: no customer")),
    ("unknown_canonical_field", Stopped(Class::Malformed, "/data/favourite_colour: a customer has no such field")),
    ("invalid_by_rule", Stopped(Class::Malformed, "/data/name: no valid customer")),
    ("empty_external", Stopped(Class::Malformed, "external is empty")),
    ("huge_cursor", Stopped(Class::Malformed, "a cursor of 100000 bytes")),
    ("panic", Stopped(Class::Trap, "the sky is falling on customer")),
    ("exit", Stopped(Class::Trap, "exit code 1")),
    ("out_of_bounds", Stopped(Class::Trap, "index out of bounds: the len is 3 but the index is 7")),
    ("divide_by_zero", Stopped(Class::Trap, "attempt to divide by zero")),
    ("forbidden_host", Says("Permission DENIED")),
    ("forbidden_write_in_read", Says("Permission DENIED")),
    ("request_flood", Fault("DENIED")),
    ("batch_flood", Says("Permission DENIED")),
    ("huge_answer", Says("Other UNKNOWN_OUTCOME")),
    (
        "secret_fishing",
        Says(r#"env [] args [] files [] socket Some("permission denied") listener false dns false stdin """#),
    ),
    ("secret_oracle", Says("DENIED")),
    ("log_flood", Says("done")),
    ("stderr_flood", Says("done")),
    ("own_fault", Fault("429")),
    ("clock_probing", Stopped(Class::Timeout, "more processor time")),
    ("clock_step", Says("1000 µs")),
    ("hanging_host_call", Stopped(Class::Timeout, "while waiting for GET vendor.example/never")),
    ("version_dependent", Says("1.0.0")),
    ("priced", Says("A")),
];

const WRITES: &[(&str, Expect)] = &[
    ("sink_polite", Says("created")),
    ("sink_too_few", Stopped(Class::Malformed, "answered 1 items of 2")),
    ("sink_wrong_key", Stopped(Class::Malformed, "/outcomes/0: answers key 'another' where 'k1' was asked")),
    ("sink_created_without_id", Stopped(Class::Malformed, "without the vendor's id")),
    ("sink_rejected_without_fault", Stopped(Class::Malformed, "without a fault")),
    ("sink_wrong_data", Stopped(Class::Malformed, "/outcomes/0: /data/name: no customer")),
    ("sink_unknown_kind", Stopped(Class::Malformed, "no canonical object 'spaceship'")),
    ("sink_dies_after_sending", Stopped(Class::Trap, "died after sending")),
];

const WEBHOOKS: &[(&str, Expect)] = &[
    ("webhook_polite", Says("200 d-1")),
    ("webhook_uses_network", Says("200 DENIED")),
    ("webhook_bad_status", Stopped(Class::Malformed, "status 42")),
    ("webhook_huge_body", Stopped(Class::OutputTooLarge, "65536")),
];

struct House {
    tokio: Tokio,
    sandbox: Arc<Runtime>,
    log: PluginLog,
}

fn main() {
    let arguments = Arguments::from_args();
    let log = PluginLog::default();
    tracing::subscriber::set_global_default(log.clone()).expect("no other subscriber");
    let tokio = Tokio::new().expect("an async runtime");
    // Three seconds, so that a busy test machine does not stop an honest guest.
    let sandbox = tokio.block_on(async {
        let sandbox = support::runtime(Options { cpu_ms: 3_000, call_ms: 6_000, ..support::options() });
        sandbox.load(support::built("guests"), GUESTS_TOML.into()).await.expect("the guests load");
        for name in guests::GUESTS.iter().chain(guests::SINK_GUESTS).chain(guests::WEBHOOK_GUESTS) {
            sandbox.add_connection(support::guest(name)).expect("a connection");
        }
        sandbox
    });
    let house = Arc::new(House { tokio, sandbox, log });
    let mut trials = vec![
        listed("reads", guests::GUESTS, READS),
        listed("writes", guests::SINK_GUESTS, WRITES),
        listed("webhooks", guests::WEBHOOK_GUESTS, WEBHOOKS),
    ];
    trials.extend(READS.iter().map(|(name, expect)| trial(&house, name, expect, House::read)));
    trials.extend(WRITES.iter().map(|(name, expect)| trial(&house, name, expect, House::write)));
    trials.extend(WEBHOOKS.iter().map(|(name, expect)| trial(&house, name, expect, House::webhook)));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Guests and lines are the same set.
fn listed(kind: &str, guests: &'static [&'static str], lines: &'static [(&'static str, Expect)]) -> Trial {
    Trial::test(format!("every_guest_has_a_test_{kind}"), move || {
        let lines: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
        if guests == lines { Ok(()) } else { Err(format!("guests {guests:?}\ntests  {lines:?}").into()) }
    })
}

fn trial(
    house: &Arc<House>,
    name: &'static str,
    expect: &'static Expect,
    run: fn(&House, &'static str, &Expect) -> Result<(), Failed>,
) -> Trial {
    let house = Arc::clone(house);
    Trial::test(name, move || {
        run(&house, name, expect)?;
        let next = house.tokio.block_on(house.sandbox.read("polite", ten()));
        if next.result.is_ok() { Ok(()) } else { Err(format!("the call after it failed: {:?}", next.result).into()) }
    })
}

fn ten() -> ReadRequest {
    ReadRequest { object: "customer".into(), limit: 10, ..ReadRequest::default() }
}

impl House {
    fn read(&self, name: &'static str, expect: &Expect) -> Result<(), Failed> {
        let called: Called<Page> = self.tokio.block_on(self.sandbox.read(name, ten()));
        if called.trace.plugin != "guests"
            || called.trace.digest.len() != 64
            || called.trace.peak_memory_bytes > 64 << 20
        {
            return Err(format!("trace {:?}", called.trace).into());
        }
        let result = called.result.map(|page| page.changes[0].data["name"].as_str().unwrap_or_default().to_owned());
        judge(result, expect)?;
        match name {
            "log_flood" => self.log_is_bounded(),
            "panic" => self.panic_is_logged(),
            "request_flood" if called.trace.calls.len() != 2_000 => {
                Err(format!("{} requests left", called.trace.calls.len()).into())
            }
            _ => Ok(()),
        }
    }

    fn write(&self, name: &'static str, expect: &Expect) -> Result<(), Failed> {
        let item = |n: u32| Item {
            key: format!("k{n}"),
            id: format!("c{n}"),
            external: None,
            data: serde_json::json!({"name": format!("Customer {n}"), "status": "active"}),
            delete: false,
            references: Vec::new(),
        };
        let called: Called<Vec<ItemOutcome>> =
            self.tokio.block_on(self.sandbox.apply(name, "customer", &[item(1), item(2)]));
        let sent = called.trace.calls.len();
        judge(called.result.map(|outcomes| format!("{:?}", outcomes[1].status).to_lowercase()), expect)?;
        let expected = usize::from(name == "sink_dies_after_sending");
        if sent == expected { Ok(()) } else { Err(format!("{sent} requests in the trace, not {expected}").into()) }
    }

    fn webhook(&self, name: &'static str, expect: &Expect) -> Result<(), Failed> {
        let body = b"{\"id\":7}".to_vec();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
        let mac = hex::encode(aws_lc_rs::hmac::sign(&key, &body));
        let inbound = |mac: String| Inbound {
            method: "POST".into(),
            url: "https://host.example/hooks/x".into(),
            headers: vec![("x-mac".into(), mac)],
            body: body.clone(),
        };
        let called: Called<Reply> = self.tokio.block_on(self.sandbox.handle(name, inbound(mac)));
        judge(
            called.result.map(|reply| {
                format!(
                    "{} {}",
                    reply.status,
                    reply.delivery.unwrap_or_else(|| String::from_utf8_lossy(&reply.body).into())
                )
            }),
            expect,
        )?;
        if name == "webhook_polite" {
            let unproven = self.tokio.block_on(self.sandbox.handle(name, inbound("00".into())));
            judge(unproven.result.map(|_| String::new()), &Fault("NOT_PROVEN"))?;
        }
        Ok(())
    }

    /// Once, through the plugin's own log, before it dies.
    fn panic_is_logged(&self) -> Result<(), Failed> {
        match self.log.0.lock().unwrap().get("panic") {
            Some((1, _)) => Ok(()),
            other => Err(format!("lines and longest line: {other:?}").into()),
        }
    }

    fn log_is_bounded(&self) -> Result<(), Failed> {
        let log = self.log.0.lock().unwrap();
        match log.get("log_flood") {
            Some((201, longest)) if *longest <= 4 << 10 => Ok(()),
            other => Err(format!("lines and longest line: {other:?}").into()),
        }
    }
}

fn judge(result: Result<String, CallError>, expect: &Expect) -> Result<(), Failed> {
    let fits = match (&result, expect) {
        (Ok(said), Says(text)) => said == text,
        (Err(CallError::Guest(guest)), Stopped(class, words)) => guest.class == *class && guest.message.contains(words),
        (Err(CallError::Fault(fault)), Fault(code)) => fault.code == *code,
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("{result:?}").into()) }
}
