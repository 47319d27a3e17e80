//! The script itself: what people do in the vendors' systems, day by day, and what must follow.

use std::time::Instant;

use anyhow::Context;
use serde_json::{Value, json};

use crate::config::{ANA, BEN, QUOTE};
use crate::figures::Report;
use crate::stage::Stage;

/// Plays March 2026: from the closed-won quote to the first payment (steps 1 to 14).
///
/// # Errors
/// When something stands still; wrong figures are in the report instead.
pub async fn happy_path(stage: &mut Stage) -> anyhow::Result<Report> {
    let started = Instant::now();
    let mut report = Report::default();
    close_won(stage, &mut report).await?;
    set_up(stage, &mut report).await?;
    staffing(stage, &mut report).await?;
    march_time(stage, &mut report).await?;
    milestone(stage, &mut report).await?;
    march_run(stage, &mut report).await?;
    revenue(stage, &mut report).await?;
    retainer(stage, &mut report).await?;
    payment(stage, &mut report).await?;
    ledgers(
        stage,
        &mut report,
        &json!({"customer": 1, "project": 1}),
        &json!({"customer": 1, "billing_setup": 1, "invoice": 2}),
    )
    .await?;
    report.wall_ms = started.elapsed().as_millis();
    Ok(report)
}

/// Plays April: a correction after posting, late time, and a run against the cap (FB6, FB7).
///
/// # Errors
/// As [`happy_path`].
pub async fn april(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    late_time(stage).await?;
    correction(stage, report).await?;
    april_time(stage).await?;
    april_run(stage, report).await
}

/// Step 1: one webhook, and the poll sees the same change.
async fn close_won(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("1  closed-won");
    stage.crm.act("close_won", &json!({"quote": QUOTE, "at": "2026-03-02T10:15:00Z"})).await?;
    let accepted = stage.wait_for_kind("quote.accepted").await?;
    report.check("1", "quote version", "3", &accepted["body"]["quote"]["version"]);
    for by in ["webhook", "poll"] {
        stage
            .wait_for(&format!("the sighting by {by}"), |event| {
                event["kind"] == "record.sighted" && event["body"]["by"] == by
            })
            .await?;
    }
    Ok(())
}

/// Steps 2 to 6: gates, customers, shell, billing set-up, activation.
async fn set_up(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("2  set-up");
    let gates = stage.wait_for_kind("gates.checked").await?;
    let passed =
        gates["body"]["gates"].as_array().map_or(0, |gates| gates.iter().filter(|gate| gate["passed"] == true).count());
    report.check("2", "gates passed", 7, passed);
    let activated = stage.wait_for_kind("project.activated").await?;
    let shell = stage.wait_for_kind("project.shell_created").await?;
    let billing = stage.wait_for_kind("project.billing_provisioned").await?;
    let seq = |event: &Value| event["seq"].as_u64().unwrap_or(0);
    report.check("6", "activated after shell and billing", true, seq(&activated) > seq(&shell).max(seq(&billing)));
    report.check("1", "accepted quotes", 1, stage.count("quote.accepted"));
    report.check("6", "activations", 1, stage.count("project.activated"));
    Ok(())
}

/// Steps 6 and 7: sales knows, time can be booked, people are assigned.
async fn staffing(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("7  people");
    let staffed = stage.wait_for_kind("project.staffed").await?;
    let assignments = staffed["body"]["assignments"].as_array().cloned().unwrap_or_default();
    let of = |person: &str| assignments.iter().find(|a| a["resource"] == person).cloned().unwrap_or(Value::Null);
    report.amount("7", "Ana's rate", "195.00", &of(ANA)["bill_rate"]["amount"]);
    report.amount("7", "Ben's rate", "150.00", &of(BEN)["bill_rate"]["amount"]);
    report.check("7", "Ana is", "hard", of(ANA)["status"].as_str().unwrap_or_default());
    stage
        .wait_for("tasks that can be booked", |event| {
            event["kind"] == "command.done" && event["body"]["object"] == "task"
        })
        .await?;
    stage
        .wait_for("sales to be told", |event| {
            event["kind"] == "command.done" && event["body"]["object"] == "deal_status"
        })
        .await?;
    let status = last_effect(stage, "deal_status_update").await?;
    report.check("6", "CRM shows", "Implementation started", find(&status, "stage"));
    Ok(())
}

/// Step 8: Ana 60 h, Ben 80 h of which 6 h are not charged.
async fn march_time(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("8  March time");
    let mut entries = Vec::new();
    for day in ["03", "04", "05", "06", "09", "10", "11"] {
        entries.push(work(ANA, &format!("2026-03-{day}"), 8 * 60, "chargeable"));
    }
    entries.push(work(ANA, "2026-03-12", 4 * 60, "chargeable"));
    for day in ["03", "04", "05", "06", "09", "10", "11", "12", "13"] {
        entries.push(work(BEN, &format!("2026-03-{day}"), 8 * 60, "chargeable"));
    }
    entries.push(work(BEN, "2026-03-16", 2 * 60, "chargeable"));
    entries.push(work(BEN, "2026-03-17", 6 * 60, "non_chargeable"));
    let count = entries.len();
    stage.advance("2026-03-26T15:00:00Z").await?;
    stage.time.act("log_work_batch", &json!({"entries": entries})).await?;
    // The vendor's feed leaves out the last minute.
    stage.advance("2026-03-27T08:00:00Z").await?;
    stage.wait_for_count("billing.time_recorded", count).await?;
    report.check("8", "entries recorded once", count, stage.count("billing.time_recorded"));
    Ok(())
}

fn work(person: &str, date: &str, minutes: u32, billing_type: &str) -> Value {
    json!({
        "project_code": format!("P-{QUOTE}"), "task": "L1", "email": person, "date": date, "minutes": minutes,
        "billing_type": billing_type, "approved_by": "lead@advisory.example",
    })
}

/// Step 9: the customer accepts the first milestone.
async fn milestone(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("9  milestone");
    let acceptance = json!({
        "project": format!("P-{QUOTE}"), "milestone": "M1", "by": "cfo@helix.example", "on": "2026-03-27",
        "evidence_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    });
    stage.psa.act("accept_milestone", &acceptance).await?;
    let ready = stage.wait_for_kind("billing.milestone_ready").await?;
    report.amount("9", "billing event", "36000.00", &ready["body"]["amount"]["amount"]);
    Ok(())
}

/// Steps 10 and 11: the month ends, one invoice is posted, and sales sees it.
async fn march_run(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("10 billing run");
    stage.advance("2026-03-31T16:00:01Z").await?;
    let posted = stage.wait_for_kind("invoice.posted").await?;
    let totals = &posted["body"]["invoice"]["totals"];
    report.amount("10", "net", "58800.00", &totals["net"]["amount"]);
    report.amount("10", "VAT", "11172.00", &totals["tax"]["amount"]);
    report.amount("10", "gross", "69972.00", &totals["gross"]["amount"]);
    report.check("10", "EN 16931 checks passed", 1, stage.count("invoice.checked"));
    let number = posted["body"]["number"].as_str().context("the invoice has no number")?.to_owned();
    let shown = stage.api.get(&format!("/invoices/{number}")).await?;
    report.check("10", "the API shows the invoice", true, shown.to_string().contains("69972"));
    let told = format!("\"{number}\"");
    stage
        .wait_for("sales to see the invoice", |event| {
            event["kind"] == "command.done"
                && event["body"]["object"] == "deal_status"
                && event["seq"].as_u64() > posted["seq"].as_u64()
        })
        .await?;
    let status = last_effect(stage, "deal_status_update").await?;
    report.check("11", "CRM shows the invoice", true, status.to_string().contains(&told));
    report.check("11", "CRM shows its amount", true, status.to_string().contains("69972"));
    Ok(())
}

/// Step 12: the books report cost and revenue; ours agree.
async fn revenue(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    if !stage.erp.reports_costs() {
        println!("12 revenue indicators: left out, this ERP's connector does not read its books");
        return Ok(());
    }
    println!("12 revenue indicators");
    for (line, cost, earned) in [("L1", "9600.00", "22800.00"), ("L2", "20000.00", "30000.00")] {
        let books = json!({"project": format!("P-{QUOTE}"), "line": line, "cost_to_date": cost, "revenue_to_date": earned, "as_of": "2026-03-31"});
        stage.erp.simulator()?.act("post_project_costs", &books).await?;
    }
    for (line, earned, liability) in [("L1", "22800.00", "0.00"), ("L2", "30000.00", "6000.00")] {
        let indicator = |event: &Value| -> Option<Value> {
            let positions = event["body"]["positions"].as_array()?;
            positions
                .iter()
                .map(|position| position["indicator"].clone())
                .find(|indicator| indicator["contract_line"] == line)
        };
        let event = stage
            .wait_for(&format!("revenue of {line}"), |event| {
                event["kind"] == "billing.revenue_computed"
                    && indicator(event).is_some_and(|indicator| indicator["revenue"]["amount"] != "0")
            })
            .await?;
        let indicator = indicator(&event).unwrap_or(Value::Null);
        report.amount("12", &format!("{line} revenue"), earned, &indicator["revenue"]["amount"]);
        report.amount("12", &format!("{line} liability"), liability, &indicator["contract_liability"]["amount"]);
    }
    report.check("12", "differences to the books", 0, stage.count("billing.revenue_differs"));
    Ok(())
}

/// Step 13: the retainer's first month is invoiced in advance.
async fn retainer(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("13 retainer");
    stage.advance("2026-04-01T04:00:01Z").await?;
    let posted = stage.wait_for_count("invoice.posted", 2).await?;
    report.check("13", "document type", "386", posted["body"]["invoice"]["kind"].as_str().unwrap_or_default());
    report.amount("13", "gross", "7616.00", &posted["body"]["invoice"]["totals"]["gross"]["amount"]);
    stage.wait_for_kind("billing.advance_available").await?;
    Ok(())
}

/// Step 14: a payment arrives on the first invoice.
async fn payment(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("14 payment");
    stage.advance("2026-04-20T09:00:00Z").await?;
    let number = first_invoice(stage)?;
    stage.erp.pay(&number, "40000.00", "2026-04-20").await?;
    stage.wait_for_kind("billing.payment_applied").await?;
    let shown = stage.api.get(&format!("/invoices/{number}")).await?;
    report.check("14", "open after the payment", true, shown.to_string().contains("29972"));
    Ok(())
}

fn first_invoice(stage: &Stage) -> anyhow::Result<String> {
    let posted =
        stage.events.iter().find(|event| event["kind"] == "invoice.posted").context("no invoice was posted")?;
    Ok(posted["body"]["number"].as_str().unwrap_or_default().to_owned())
}

/// Late time: Ana worked on 30 March, approved on 7 April, when March is closed.
async fn late_time(stage: &mut Stage) -> anyhow::Result<()> {
    println!("FB7 late time");
    let before = stage.count("billing.time_recorded");
    stage.time.act("log_work_batch", &json!({"entries": [work(ANA, "2026-03-30", 4 * 60, "chargeable")]})).await?;
    stage.advance("2026-04-20T09:10:00Z").await?;
    stage.wait_for_count("billing.time_recorded", before + 1).await?;
    Ok(())
}

/// FB6: eight hours of 12 March become six, after they were billed.
async fn correction(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("FB6 correction");
    stage.advance("2026-04-22T09:00:00Z").await?;
    let change = json!({"email": BEN, "date": "2026-03-12", "minutes": 6 * 60});
    stage.time.act("change_worklog", &change).await?;
    stage.advance("2026-04-22T09:10:00Z").await?;
    let drafted = stage.wait_for_kind("billing.credit_drafted").await?;
    let totals = drafted["body"]["credit"]["totals"].clone();
    report.amount("FB6", "credit net", "300.00", &totals["net"]["amount"]);
    report.amount("FB6", "credit VAT", "57.00", &totals["tax"]["amount"]);
    report.amount("FB6", "credit gross", "357.00", &totals["gross"]["amount"]);
    report.check("FB6", "document type", "381", drafted["body"]["credit"]["kind"].as_str().unwrap_or_default());
    stage.wait_for_count("invoice.posted", 3).await?;
    let number = first_invoice(stage)?;
    let shown = stage.api.get(&format!("/invoices/{number}")).await?;
    report.check("FB6", "open on the first invoice", true, shown.to_string().contains("29615"));
    Ok(())
}

/// April: Ana 70 h, then Ben 40 h.
async fn april_time(stage: &mut Stage) -> anyhow::Result<()> {
    println!("FB7 April time");
    let before = stage.count("billing.time_recorded");
    let mut entries = Vec::new();
    for day in ["01", "02", "07", "08", "09", "10", "13"] {
        entries.push(work(ANA, &format!("2026-04-{day}"), 10 * 60, "chargeable"));
    }
    for day in ["14", "15", "16", "17", "20"] {
        entries.push(work(BEN, &format!("2026-04-{day}"), 8 * 60, "chargeable"));
    }
    let count = entries.len();
    stage.advance("2026-04-29T09:00:00Z").await?;
    stage.time.act("log_work_batch", &json!({"entries": entries})).await?;
    stage.advance("2026-04-29T09:10:00Z").await?;
    stage.wait_for_count("billing.time_recorded", before + count).await?;
    Ok(())
}

/// FB7: the run fits April under what is left of the cap.
async fn april_run(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("FB7 April run");
    stage.advance("2026-04-30T16:00:01Z").await?;
    let posted = stage.wait_for_count("invoice.posted", 4).await?;
    let totals = &posted["body"]["invoice"]["totals"];
    report.amount("FB7", "net", "17500.00", &totals["net"]["amount"]);
    report.amount("FB7", "VAT", "3325.00", &totals["tax"]["amount"]);
    report.amount("FB7", "gross", "20825.00", &totals["gross"]["amount"]);
    let held = stage.wait_for_kind("billing.over_cap_held").await?;
    report.amount("FB7", "held over the cap", "2930.00", &held["body"]["amount"]["amount"]);
    let deal = stage.api.get(&format!("/deals/{QUOTE}")).await?;
    let figure = |code: &str| -> Value {
        let figures = deal["figures"].as_array().cloned().unwrap_or_default();
        figures
            .iter()
            .find(|figure| figure["code"] == code)
            .map_or(Value::Null, |figure| figure["value"]["amount"].clone())
    };
    report.amount("all", "the deal shows as paid", "40000.00", &figure("paid"));
    report.amount("all", "the deal shows as open", "58056.00", &figure("open"));
    report.check("FB7", "with an owner", true, held["body"]["owner"].as_str().is_some_and(|owner| !owner.is_empty()));
    Ok(())
}

/// What each vendor really committed, whatever anybody believes.
async fn ledgers(stage: &mut Stage, report: &mut Report, psa: &Value, erp: &Value) -> anyhow::Result<()> {
    for (name, counts, expected) in [("psa", stage.psa.counts().await?, psa), ("erp", stage.erp.counts().await?, erp)] {
        for (kind, number) in expected.as_object().into_iter().flatten() {
            report.check("all", &format!("{name}: {kind}"), number, counts.get(kind).cloned().unwrap_or(json!(0)));
        }
        report.ledgers.insert(name.to_owned(), counts);
    }
    report.ledgers.insert("crm".to_owned(), stage.crm.counts().await?);
    report.ledgers.insert("time".to_owned(), stage.time.counts().await?);
    Ok(())
}

/// The data of the last effect of a kind that the CRM committed.
async fn last_effect(stage: &Stage, kind: &str) -> anyhow::Result<Value> {
    let ledger = stage.crm.ledger().await?;
    let effects = ledger["effects"].as_array().cloned().unwrap_or_default();
    effects.into_iter().rfind(|effect| effect["kind"] == kind).with_context(|| format!("the CRM committed no {kind}"))
}

/// The first text under a field whose name contains `name`, at any depth.
fn find(value: &Value, name: &str) -> String {
    match value {
        Value::Object(map) => {
            let direct = map
                .iter()
                .find(|(key, value)| key.to_lowercase().contains(name) && !value.is_null() && !value.is_object());
            if let Some((_, found)) = direct {
                return found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            }
            map.values().map(|child| find(child, name)).find(|found| !found.is_empty()).unwrap_or_default()
        }
        Value::Array(items) => {
            items.iter().map(|child| find(child, name)).find(|found| !found.is_empty()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
