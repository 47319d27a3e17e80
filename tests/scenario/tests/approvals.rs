//! The billing policy in the host: what is above a limit waits for a person, by every way in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use scenario::{Stage, StageOptions, config, script};
use serde_json::Value;

/// The scenario's policy, with nobody asked up to 50,000.00 only.
fn policy() -> String {
    let text = config::POLICY.replace("up_to = \"100000.00\"", "up_to = \"50000.00\"");
    text.replace("amount = \"58800.00\"", "amount = \"58800.00\"\nrole = \"finance director\"")
}

fn json(stage: &Stage, arguments: &[&str]) -> Value {
    let output = stage.quoin(arguments, None).expect("the command succeeds");
    serde_json::from_str(&output).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output}"))
}

async fn waits(stage: &mut Stage, nth: usize) -> Value {
    let seen = std::cell::Cell::new(0);
    let opened = stage
        .wait_for("an invoice that waits", |event| {
            let fits =
                event["kind"] == "exception.opened" && event["body"]["exception"]["fault"]["code"] == "APPROVAL_NEEDED";
            seen.set(seen.get() + usize::from(fits));
            fits && seen.get() == nth
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
    opened["body"]["exception"].clone()
}

/// March's invoice is above the limit: nothing reaches the ERP until the finance director has seen
/// where each amount comes from; sent back it is drafted anew, approved it is posted once.
#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_above_the_limit_waits_for_the_role_that_may_let_it_go() {
    let options = StageOptions { policy: policy(), ..StageOptions::from_workspace() };
    let mut stage = Stage::set(options).await.unwrap_or_else(|error| panic!("{error:#}"));
    script::to_the_milestone(&mut stage).await.unwrap_or_else(|error| panic!("{error:#}"));
    stage.advance("2026-03-31T16:00:01Z").await.unwrap();
    let exception = waits(&mut stage, 1).await;
    assert_eq!(exception["owner"], "finance director", "{exception:#}");
    assert!(exception["fault"]["message"].as_str().unwrap().contains("EUR 58800.00"), "{exception:#}");
    assert_eq!(stage.count("invoice.posted"), 0);
    assert_eq!(stage.erp.counts().await.unwrap().get("invoice"), None, "nothing reached the ERP");

    let [waiting] = json(&stage, &["approvals", "--json"]).as_array().unwrap().clone().try_into().unwrap();
    assert_eq!((&waiting["deed"], &waiting["roles"][0]), (&"release".into(), &"finance director".into()));
    let document = waiting["document"].as_str().unwrap().to_owned();
    let shown = stage.quoin(&["approvals", "show", &document], None).unwrap();
    for text in
        ["contract line role", "lead@advisory.example", "billing policy version 3", "waits for finance director"]
    {
        assert!(shown.contains(text), "{text} is missing:\n{shown}");
    }
    let page = stage.api.page(&format!("/approvals/{document}")).await.unwrap();
    assert!(page.contains("Approve") && page.contains("69,972.00") && page.contains("Send back"), "{page}");

    stage.quoin(&["approvals", "reject", &document, "--reason", "Ben's hours first"], None).unwrap();
    let discarded = stage.wait_for_kind("billing.invoice_discarded").await.unwrap();
    assert_eq!(discarded["body"]["reason"], "Ben's hours first");
    stage.wait_for_kind("exception.resolved").await.unwrap();
    assert_eq!(stage.count("invoice.posted"), 0);

    stage.quoin(&["billing", "run", "--as-of", "2026-03-31"], None).unwrap();
    let again = waits(&mut stage, 2).await;
    assert_ne!(again["fault"]["field"], exception["fault"]["field"], "it is another draft");
    let [waiting] = json(&stage, &["approvals", "--json"]).as_array().unwrap().clone().try_into().unwrap();
    let document = waiting["document"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        // The second time nothing waits any more, or the same request is not yet turned: no second effect.
        let _maybe_gone = stage.quoin(&["approvals", "approve", &document], None);
    }
    let posted = stage.wait_for_kind("invoice.posted").await.unwrap();
    assert_eq!(posted["body"]["invoice"]["totals"]["net"]["amount"], "58800.00");
    let number = posted["body"]["number"].as_str().unwrap().to_owned();
    let explained = json(&stage, &["invoice", &number, "--explain", "--json"]);
    let approved = &explained["explanation"]["approved"];
    assert_eq!((&approved["by"], &approved["role"]), (&"scenario".into(), &"finance director".into()), "{approved}");
    assert_eq!(explained["explanation"]["lines"][0]["parts"][0]["policy_version"], 3);
    let released = stage.events.iter().find(|event| event["kind"] == "billing.invoice_released").unwrap();
    assert_eq!(released["body"]["policy_version"], 3, "every billing event names the policy's version");
    assert_eq!(stage.erp.counts().await.unwrap()["invoice"], 1);
    assert!(json(&stage, &["approvals", "--json"]).as_array().unwrap().is_empty());
}

/// The scenario's policy, with a limit on discounts: up to 5 % nobody is asked.
fn discount_policy() -> String {
    let limits = "[[version.billing.approvals]]\ndeed = \"discount\"\nup_to = \"5\"\nrole = \"automatic\"\n\n\
        [[version.billing.approvals]]\ndeed = \"discount\"\nup_to = \"30\"\nrole = \"finance director\"\n\n";
    config::POLICY.replacen("[[version.example]]", &format!("{limits}[[version.example]]"), 1)
}

async fn sold_at_a_discount(percent: f64) -> (Stage, Value) {
    let options = StageOptions { policy: discount_policy(), ..StageOptions::from_workspace() };
    let mut stage = Stage::set(options).await.unwrap_or_else(|error| panic!("{error:#}"));
    let price = 120_000.0 * (100.0 - percent) / 100.0;
    let fields = serde_json::json!({"Discount": percent, "Discount_Reason__c": "first project", "TotalPrice": price});
    let edit = serde_json::json!({"quote": config::QUOTE, "line": "L2", "fields": fields});
    stage.crm.act("edit_line", &edit).await.expect("sales grants a discount");
    stage.crm.act("close_won", &serde_json::json!({"quote": config::QUOTE})).await.expect("sales wins the deal");
    let exception = waits(&mut stage, 1).await;
    (stage, exception)
}

/// A discount above the policy's limit stops the deal before anything is written anywhere; approved, the
/// project is set up at the discounted price.
#[tokio::test(flavor = "multi_thread")]
async fn a_discount_above_the_limit_waits_before_anything_is_set_up() {
    let (mut stage, exception) = sold_at_a_discount(20.0).await;
    assert_eq!(exception["owner"], "finance director", "{exception:#}");
    assert!(exception["fault"]["message"].as_str().unwrap().contains("a discount of 20 %"), "{exception:#}");
    assert_eq!(stage.count("command.decided"), 0);
    assert_eq!(stage.psa.counts().await.unwrap(), serde_json::json!({}));
    let [waiting] = json(&stage, &["approvals", "--json"]).as_array().unwrap().clone().try_into().unwrap();
    assert_eq!((&waiting["deed"], &waiting["percent"]), (&"discount".into(), &"20".into()), "{waiting:#}");
    let document = waiting["document"].as_str().unwrap().to_owned();
    let list = stage.quoin(&["approvals"], None).unwrap();
    assert!(list.contains("discount of 20 %"), "{list}");
    let shown = stage.quoin(&["approvals", "show", &document], None).unwrap();
    assert!(shown.contains("20 %: first project") && shown.contains("waits for finance director"), "{shown}");
    let page = stage.api.page(&format!("/approvals/{document}")).await.unwrap();
    assert!(page.contains("Discount to Helix GmbH") && page.contains("first project"), "{page}");

    stage.quoin(&["approvals", "approve", &document], None).unwrap();
    let provisioned = stage.wait_for_kind("project.billing_provisioned").await.unwrap();
    let price = &provisioned["body"]["billing_setup"]["lines"][1]["billing"]["price"]["amount"];
    assert_eq!(price, "96000.00");
    stage.wait_for_kind("project.activated").await.unwrap();
    assert_eq!(stage.count("gates.checked"), 1, "the same set-up went on");
}

/// Refused, nothing is set up and sales is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_discount_sets_nothing_up() {
    let (mut stage, exception) = sold_at_a_discount(25.0).await;
    let document = exception["fault"]["field"].as_str().unwrap().strip_prefix("/discounts/").unwrap().to_owned();
    stage.quoin(&["approvals", "reject", &document, "--reason", "not below cost"], None).unwrap();
    let refused = stage
        .wait_for("sales to be asked", |event| event["body"]["exception"]["fault"]["code"] == "DISCOUNT_REFUSED")
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(refused["body"]["exception"]["owner"], "sales-operations", "{refused}");
    assert_eq!(stage.count("command.decided"), 0);
    assert!(json(&stage, &["approvals", "--json"]).as_array().unwrap().is_empty());
}

/// A book that decides otherwise than its own examples say does not start a host.
#[test]
fn a_host_does_not_start_with_a_policy_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let options = StageOptions::from_workspace();
    let quoin = options.programs.join("quoin");
    let check = |book: &str| {
        let text = format!(
            "[host]\ndata_dir = \"data\"\nplugins_dir = \"{}\"\n[entity.DE01]\nname = \"A\"\ncountry = \"DE\"\ncurrency = \"EUR\"\n\
             zone = \"Europe/Berlin\"\nvat_id = \"DE123456789\"\ntax = {{ category = \"S\", rate_percent = \"19\" }}\n\
             [policy]\nbook = \"policy.toml\"\n",
            options.plugins.display()
        );
        std::fs::write(folder.path().join("quoin.toml"), text).unwrap();
        std::fs::write(folder.path().join("policy.toml"), book).unwrap();
        let path = folder.path().join("quoin.toml");
        let output = std::process::Command::new(&quoin).args(["check", "--config"]).arg(&path).output().unwrap();
        (
            output.status.success(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    };
    let (fine, said) = check(config::POLICY);
    assert!(fine && said.contains("billing policy 'advisory': version 3 from 2026-01-01"), "{said}");
    assert!(said.contains("nobody approves as 'finance director'"), "{said}");
    for (change, to, words) in [
        (
            "rate_percent = \"19\" }",
            "rate_percent = \"20\" }",
            &["DE01 (DE) sells to DE", "the example wants S 19 %"][..],
        ),
        ("up_to = \"100000.00\"", "up_to = \"-1\"", &["NEGATIVE at /version/0/billing/approvals/0/up_to"][..]),
        (
            "[[version.billing.tax",
            "[version.billing.rounding]\nFR01 = \"half_even\"\n[[version.billing.tax",
            &["has rules for 'FR01'", "no [entity.FR01]"][..],
        ),
        ("cap_alert_percents", "cap_alerts", &["policy.toml", "unknown field", "cap_alerts"][..]),
    ] {
        let (fine, said) = check(&config::POLICY.replacen(change, to, 1));
        assert!(!fine, "{to}: {said}");
        for word in words {
            assert!(said.contains(word), "{to}: '{word}' is missing: {said}");
        }
    }
}
