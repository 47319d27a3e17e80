//! Contracts of one customer billed together, and invoices that somebody wrote by hand: through the
//! running host, against the simulators.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use scenario::config::{ANA, POLICY, QUOTE};
use scenario::{Stage, StageOptions, script};
use serde_json::{Value, json};

/// Two deals of one customer that name the same frame agreement.
const DEALS: [&str; 2] = ["Q-FRAME-00001", "Q-FRAME-00002"];

fn shown(stage: &Stage, arguments: &[&str]) -> Value {
    let output = stage.quoin(arguments, None).unwrap_or_else(|error| panic!("{arguments:?}: {error:#}"));
    serde_json::from_str(&output).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output}"))
}

async fn told(stage: &mut Stage, kind: &str, key: &str) -> Value {
    let fits = |event: &Value| event["kind"] == kind && event["key"] == key;
    stage.wait_for(&format!("{kind} of {key}"), fits).await.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Whether an amount is that one, however many zeros it is printed with.
fn is(value: &Value, amount: &str) -> bool {
    let exact = |text: &str| text.parse::<rust_decimal::Decimal>().ok();
    value.as_str().and_then(exact) == exact(amount)
}

/// Both deals active, with time and a milestone each: 1,950.00 + 36,000.00, and 975.00.
async fn two_deals(policy: String) -> Stage {
    let options = StageOptions { policy, ..StageOptions::from_workspace() };
    let mut stage = Stage::set(options).await.unwrap_or_else(|error| panic!("{error:#}"));
    let seeds = json!({"count": 2, "prefix": "Q-FRAME", "customers": 1});
    stage.crm.act("seed_deals", &seeds).await.expect("two deals of one customer");
    for deal in DEALS {
        let frame = json!({"object": "Opportunity", "quote": deal, "fields": {"Billed_With__c": "FRAME-7"}});
        stage.crm.act("edit", &frame).await.expect("sales names the frame agreement");
    }
    stage.crm.act("close_won", &json!({"prefix": "Q-FRAME"})).await.expect("sales wins both");
    for deal in DEALS {
        told(&mut stage, "project.activated", deal).await;
        stage
            .wait_for("tasks", |event| {
                event["kind"] == "command.done" && event["body"]["object"] == "task" && event["key"] == deal
            })
            .await
            .unwrap_or_else(|error| panic!("{error:#}"));
    }
    stage.advance("2026-03-26T15:00:00Z").await.unwrap();
    let work = |deal: &str, date: &str, minutes: u32| {
        json!({"project_code": format!("P-{deal}"), "task": "L1", "email": ANA, "date": date, "minutes": minutes,
               "billing_type": "chargeable", "approved_by": "lead@advisory.example"})
    };
    let entries = json!({"entries": [work(DEALS[0], "2026-03-10", 600), work(DEALS[1], "2026-03-11", 300)]});
    stage.time.act("log_work_batch", &entries).await.expect("Ana works on both");
    stage.advance("2026-03-27T08:00:00Z").await.unwrap();
    for deal in DEALS {
        told(&mut stage, "billing.time_recorded", deal).await;
    }
    let acceptance = json!({
        "project": format!("P-{}", DEALS[0]), "milestone": "M1", "by": "cfo@helix.example", "on": "2026-03-27",
        "evidence_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    });
    stage.psa.act("accept_milestone", &acceptance).await.expect("the customer accepts");
    told(&mut stage, "billing.milestone_ready", DEALS[0]).await;
    stage
}

async fn group_posted(stage: &mut Stage) -> Value {
    let fits = |event: &Value| event["kind"] == "group.invoice_posted";
    let posted = stage.wait_for("the group's invoice", fits).await.unwrap_or_else(|error| panic!("{error:#}"));
    for deal in DEALS {
        told(stage, "invoice.posted", deal).await;
    }
    posted
}

/// One run of both contracts makes one invoice: approved, checked and posted as a whole, once; each line
/// says its contract and explains itself; payment and correction reach the contract they belong to.
#[tokio::test(flavor = "multi_thread")]
async fn contracts_of_one_customer_share_an_invoice() {
    let mut stage = two_deals(POLICY.to_owned()).await;
    stage.advance("2026-03-31T16:00:01Z").await.unwrap();
    let posted = group_posted(&mut stage).await;
    let number = posted["body"]["number"].as_str().unwrap().to_owned();
    let counts = stage.erp.counts().await.unwrap();
    assert_eq!(counts["invoice"], 1, "one document in the ERP: {counts}");
    let [document] = stage.erp.posted().await.unwrap().try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let amounts = [document.net, document.tax, document.gross].map(|amount| format!("{amount:.2}"));
    assert_eq!(amounts, ["38925.00", "7395.75", "46320.75"]);

    let detail = shown(&stage, &["invoice", &number, "--json"]);
    assert_eq!(detail["contracts"], json!(DEALS));
    let lines = detail["invoice"]["lines"].as_array().unwrap();
    let of: Vec<&str> = lines.iter().filter_map(|line| line["contract_number"].as_str()).collect();
    assert_eq!(of, [DEALS[0], DEALS[0], DEALS[1]], "each line says its contract");
    let told_lines = shown(&stage, &["invoice", &number, "--explain", "--json"]);
    let last = &told_lines["explanation"]["lines"][2];
    assert_eq!((&last["contract"], &last["parts"][0]["resource"]), (&json!(DEALS[1]), &json!(ANA)), "{last:#}");
    let page = stage.api.page(&format!("/invoices/{number}")).await.unwrap();
    assert!(DEALS.iter().all(|deal| page.contains(&format!("/console/deals/{deal}"))), "{page}");
    stage.quoin(&["invoice", "evidence", &number, "--out", "/dev/null"], None).expect("a pack can be made");
    for (deal, gross) in [(DEALS[0], "45160.50"), (DEALS[1], "1160.25")] {
        let own = stage.api.get(&format!("/deals/{deal}")).await.unwrap();
        assert_eq!(own["invoices"][0]["gross"]["amount"], gross, "the deal shows its part: {own:#}");
        assert_eq!(shown(&stage, &["conservation", deal, "--recompute", "--json"])["agrees"], true);
    }

    // Ana's five hours on the second contract were four: its credit note names the common invoice.
    stage.advance("2026-04-02T09:00:00Z").await.unwrap();
    let change = json!({"email": ANA, "date": "2026-03-11", "minutes": 240});
    stage.time.act("change_worklog", &change).await.expect("an hour less");
    stage.advance("2026-04-02T09:10:00Z").await.unwrap();
    let fits = |event: &Value| event["kind"] == "group.part_credited";
    let credited = stage.wait_for("the credit note", fits).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(credited["body"]["gross"]["amount"], "232.05", "{credited}");
    let open = shown(&stage, &["invoice", &number, "--json"])["open"]["amount"].clone();
    assert_eq!(open, "46088.70", "less is open on the common invoice");

    stage.erp.pay(&number, "46088.70", "2026-04-20").await.expect("the customer pays what is open");
    for deal in DEALS {
        let applied = told(&mut stage, "billing.payment_applied", deal).await;
        assert!(is(&applied["body"]["open"]["amount"], "0.00"), "each part is settled: {applied:#}");
    }
    let paid = shown(&stage, &["invoice", &number, "--json"]);
    assert_eq!((&paid["status"], &paid["open"]["amount"]), (&json!("paid"), &json!("0.00")), "{paid:#}");
    let period = ["reconcile", "--from", "2026-03-01", "--to", "2026-04-20", "--json"];
    assert_eq!(shown(&stage, &period)["clean"], true, "the ERP holds what we hold");
}

/// The whole is above the limit though no part is: it waits for the finance director; sent back, both
/// contracts bill again; the host is killed while it waits, and one invoice comes of it all the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_is_what_needs_approval_and_survives_a_crash() {
    let limit = POLICY.replace("up_to = \"100000.00\"", "up_to = \"38500.00\"");
    let policy = limit.replace("amount = \"58800.00\"", "amount = \"58800.00\"\nrole = \"finance director\"");
    let mut stage = two_deals(policy).await;
    stage.advance("2026-03-31T16:00:01Z").await.unwrap();
    let needs = |event: &Value| {
        event["kind"] == "exception.opened" && event["body"]["exception"]["fault"]["code"] == "APPROVAL_NEEDED"
    };
    let waits = stage.wait_for("the approval", needs).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(waits["key"].as_str().unwrap().starts_with("+FRAME-7/"), "{waits}");
    let [waiting] = shown(&stage, &["approvals", "--json"]).as_array().unwrap().clone().try_into().unwrap();
    assert_eq!(waiting["net"]["amount"], "38925.00", "{waiting:#}");
    let document = waiting["document"].as_str().unwrap().to_owned();
    let text = stage.quoin(&["approvals", "show", &document], None).unwrap();
    assert!(text.contains(DEALS[0]) && text.contains(DEALS[1]), "{text}");
    stage.quoin(&["approvals", "reject", &document, "--reason", "Ana's hours first"], None).unwrap();
    for deal in DEALS {
        told(&mut stage, "billing.invoice_discarded", deal).await;
    }
    assert_eq!(stage.count("invoice.posted"), 0);

    stage.quoin(&["billing", "run", "--as-of", "2026-03-31"], None).unwrap();
    stage.wait_for_count("group.invoice_drafted", 2).await.unwrap();
    stage.kill_host().unwrap();
    stage.start_host().await.unwrap();
    let again = |event: &Value| needs(event) && event["seq"] != waits["seq"];
    stage.wait_for("the second approval", again).await.unwrap_or_else(|error| panic!("{error:#}"));
    let [waiting] = shown(&stage, &["approvals", "--json"]).as_array().unwrap().clone().try_into().unwrap();
    let document = waiting["document"].as_str().unwrap().to_owned();
    stage.quoin(&["approvals", "approve", &document], None).unwrap();
    group_posted(&mut stage).await;
    assert_eq!(stage.erp.counts().await.unwrap()["invoice"], 1);
    assert_eq!(stage.count("group.invoice_posted"), 1);
}

/// A contract that cannot report is not waited for longer than a day.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_late_is_on_the_next_invoice() {
    let mut stage = two_deals(POLICY.to_owned()).await;
    let said = stage.quoin(&["billing", "run", "--as-of", "2026-03-27", "--contract", DEALS[1]], None).unwrap();
    assert!(said.contains(&format!("together with {}", DEALS[0])), "{said}");
    let fits = |event: &Value| event["kind"] == "group.part_collected";
    stage.wait_for("the part", fits).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(stage.count("group.invoice_drafted"), 0, "the other contract has not reported");
    stage.advance("2026-03-28T09:00:00Z").await.unwrap();
    let drafted = stage.wait_for_kind("group.invoice_drafted").await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(is(&drafted["body"]["invoice"]["totals"]["net"]["amount"], "975.00"), "{drafted:#}");
    stage.advance("2026-03-31T16:00:01Z").await.unwrap();
    let second = stage.wait_for_count("group.invoice_drafted", 2).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(is(&second["body"]["invoice"]["totals"]["net"]["amount"], "37950.00"), "{second:#}");
}

/// FB24: an invoice in the ERP that somebody wrote by hand for the same milestone is found before the
/// run; the run leaves the milestone out; voided, the milestone is billed by the next run.
#[tokio::test(flavor = "multi_thread")]
async fn fb24_a_hand_made_invoice_keeps_its_milestone_out_of_the_run() {
    let mut stage = Stage::set(StageOptions::from_workspace()).await.unwrap_or_else(|error| panic!("{error:#}"));
    script::to_the_milestone(&mut stage).await.unwrap_or_else(|error| panic!("{error:#}"));
    let erp = stage.erp.simulator().unwrap();
    let by_hand = json!({"project": format!("P-{QUOTE}"), "description": "Concept, first payment",
        "amount": "36000.00", "date": "2026-03-28"});
    let made = erp.act("write_invoice", &by_hand).await.expect("an accountant helps");
    let opened = stage
        .wait_for("the risk", |event| event["body"]["exception"]["fault"]["code"] == "DOUBLE_BILLING_RISK")
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
    let exception = &opened["body"]["exception"];
    assert_eq!(exception["owner"], "finance operations", "{exception:#}");
    let message = exception["fault"]["message"].as_str().unwrap();
    assert!(message.contains("EUR 36000.00") && message.contains("M1 of line L2"), "{message}");

    stage.quoin(&["reconcile", "--from", "2026-03-01", "--to", "2026-03-31", "--json"], None).expect_err("it differs");
    let listed = stage.api.get("/reconciliations").await.unwrap();
    let drift = &listed["items"][0]["drifts"][0];
    assert_eq!((&drift["object"], &drift["proposal"]), (&json!("invoice"), &json!("ask")), "{listed:#}");
    assert!(drift["theirs"].as_str().unwrap().contains("written by hand; may bill a milestone"), "{drift:#}");

    stage.advance("2026-03-31T16:00:01Z").await.unwrap();
    let posted = stage.wait_for_kind("invoice.posted").await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(is(&posted["body"]["invoice"]["totals"]["net"]["amount"], "22800.00"), "{posted:#}");

    let erp = stage.erp.simulator().unwrap();
    let number = made["tranId"].as_str().unwrap_or_else(|| panic!("{made}"));
    erp.act("void_invoice", &json!({"invoice": number})).await.expect("the accountant voids it");
    stage.wait_for_kind("billing.foreign_invoice_cleared").await.unwrap_or_else(|error| panic!("{error:#}"));
    stage.wait_for_kind("exception.resolved").await.unwrap_or_else(|error| panic!("{error:#}"));
    stage.quoin(&["billing", "run", "--as-of", "2026-03-31"], None).unwrap();
    let second = stage.wait_for_count("invoice.posted", 2).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(is(&second["body"]["invoice"]["totals"]["net"]["amount"], "36000.00"), "{second:#}");
}
