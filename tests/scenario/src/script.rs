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
    gates(stage, &mut report).await?;
    set_up(stage, &mut report).await?;
    let seconds = started.elapsed().as_secs();
    report.check("6", "seconds from closed-won to activation are at most 60", true, seconds <= 60);
    links(stage, &mut report).await?;
    shell(stage, &mut report).await?;
    provisioned(stage, &mut report).await?;
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

/// Plays up to the accepted milestone (steps 1 to 9): a deal with unbilled time and a milestone.
///
/// # Errors
/// As [`happy_path`].
pub async fn to_the_milestone(stage: &mut Stage) -> anyhow::Result<()> {
    let mut report = Report::default();
    close_won(stage, &mut report).await?;
    set_up(stage, &mut report).await?;
    staffing(stage, &mut report).await?;
    march_time(stage, &mut report).await?;
    milestone(stage, &mut report).await
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
    let mut sightings = Vec::new();
    for by in ["webhook", "poll"] {
        let sighting =
            stage.wait_for(&format!("the sighting of the quote by {by}"), |event| sights_won_quote(event, by)).await?;
        sightings.push(sighting["body"]["external"].clone());
    }
    let opportunity = &accepted["body"]["quote"]["opportunity"]["external"];
    let key = json!([accepted["cause"]["connection"], opportunity, accepted["body"]["quote"]["version"]]);
    report.check("1", "key: CRM, opportunity, version", json!(["crm", sightings[0], 3]), key);
    report.check("1", "both saw the same opportunity", true, sightings[0] == sightings[1]);
    let timeline = stage.api.get(&format!("/timeline/{QUOTE}")).await?;
    for by in ["webhook", "poll"] {
        let seen = |entry: &&Value| sights_won_quote(entry, by);
        let shown = timeline["items"].as_array().map_or(0, |entries| entries.iter().filter(seen).count());
        report.check("1", &format!("sightings by {by} on the timeline"), 1, shown);
    }
    Ok(())
}

/// Whether an event is a sighting of the won quote; a poll may have seen it before it was won.
fn sights_won_quote(event: &Value, by: &str) -> bool {
    let body = &event["body"];
    let won = body["version"].as_str().is_some_and(|version| version >= "2026-03-02T10:15");
    event["kind"] == "record.sighted" && body["object"] == "quote" && body["by"] == by && won
}

/// Step 2: every check has a recorded result with what it was judged by, before any write.
async fn gates(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("2  gates");
    let checked = stage.wait_for_kind("gates.checked").await?;
    let gates = checked["body"]["gates"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = gates.iter().filter_map(|gate| gate["name"].as_str()).collect();
    let all = "customer_hierarchy, credit, legal_entity, tax_jurisdiction, contract_type, billing_model, rate_coverage";
    report.check("2", "gates", all, names.join(", "));
    report.check("2", "gates passed", 7, gates.iter().filter(|gate| gate["passed"] == true).count());
    report.check("2", "gates with inputs", 7, gates.iter().filter(|gate| !gate["inputs"].is_null()).count());
    let first_write = stage.wait_for_kind("command.decided").await?;
    report.check("2", "gates before any write", true, seq(&checked) < seq(&first_write));
    Ok(())
}

fn seq(event: &Value) -> u64 {
    event["seq"].as_u64().unwrap_or(0)
}

/// Steps 3 to 6: customers, shell, billing set-up, activation.
async fn set_up(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    println!("3  set-up");
    let activated = stage.wait_for_kind("project.activated").await?;
    let shell = stage.wait_for_kind("project.shell_created").await?;
    let billing = stage.wait_for_kind("project.billing_provisioned").await?;
    report.check("6", "activated after shell and billing", true, seq(&activated) > seq(&shell).max(seq(&billing)));
    report.check("1", "accepted quotes", 1, stage.count("quote.accepted"));
    report.check("6", "activations", 1, stage.count("project.activated"));
    let saga = stage
        .wait_for("the end of the set-up", |event| {
            event["kind"] == "process.completed" && event["body"]["flow"] == "setup"
        })
        .await?;
    report.check(
        "1",
        "sagas",
        json!(["quote-to-project", 1]),
        json!([saga["body"]["process"], stage.count("gates.checked")]),
    );
    Ok(())
}

/// Step 3: the customer is known under one id in all three systems, and the quote in its own.
async fn links(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    let deal = stage.api.get(&format!("/deals/{QUOTE}")).await?;
    let links = deal["links"].as_array().cloned().unwrap_or_default();
    let of = |object: &str| -> Vec<&str> {
        let own = links.iter().filter(|link| link["object"] == object);
        own.filter_map(|link| link["connection"].as_str()).collect()
    };
    report.check("3", "xref rows of the customer", "crm, erp, psa", of("customer").join(", "));
    report.check("3", "xref rows of the quote", "crm", of("quote").join(", "));
    report.check("3", "xref rows", 4, of("customer").len() + of("quote").len());
    Ok(())
}

/// Step 4: one shell, under our id, from the template, with its breakdown and margin, closed for time.
async fn shell(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    let created = stage.wait_for_kind("project.shell_created").await?;
    let project = &created["body"]["project"];
    report.check("4", "state", "shell_created", project["status"].as_str().unwrap_or_default());
    let shells = stage.psa.effects("project").await?;
    report.check("4", "shells", 1, shells.len());
    let shell = shells.first().cloned().unwrap_or(Value::Null);
    report.check("4", "under our id", &project["header"]["id"], &shell["key"]);
    report.check("4", "from PT-CONSULT v7", 4711, &shell["data"]["project_tracker_template_id"]);
    report.check("4", "target margin", 35, &shell["data"]["target_margin"]);
    report.check("4", "time can be booked on it", false, &shell["data"]["time_trackable"]);
    let parts = stage.psa.counts().await?;
    report.check("4", "tasks and milestones", json!([3, 3]), json!([parts["task"], parts["milestone"]]));
    Ok(())
}

/// Step 5: finance holds the job and every line's terms.
async fn provisioned(stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
    let counts = stage.erp.counts().await?;
    report.check("5", "jobs and set-ups", json!([1, 1]), json!([counts["project"], counts["billing_setup"]]));
    let terms = stage.erp.terms().await?;
    report.check("5", "contract lines", 3, terms.len());
    let of = |line: &str| terms.get(line).cloned().unwrap_or(Value::Null);
    let rates: Vec<Value> =
        of("L1")["roles"].as_array().into_iter().flatten().map(|role| role["hourly_rate"].clone()).collect();
    report.check("5", "L1 rates", json!(["195.00", "150.00"]), Value::Array(rates));
    report.amount("5", "L1 not to exceed", "40000.00", &of("L1")["cap"]["limit"]["amount"]);
    report.check("5", "L1 cap mode", "fit", of("L1")["cap"]["mode"].as_str().unwrap_or_default());
    report.amount("5", "L2 price", "120000.00", &of("L2")["price"]["amount"]);
    let parts: Vec<Value> =
        of("L2")["milestones"].as_array().into_iter().flatten().map(|part| part["percent"].clone()).collect();
    report.check("5", "L2 milestones", json!(["30", "50", "20"]), Value::Array(parts));
    report.amount("5", "L3 hours a month", "40.00", &of("L3")["hours_per_month"]);
    report.amount("5", "L3 rate", "160.00", &of("L3")["hourly_rate"]);
    report.amount("5", "L3 overage", "185.00", &of("L3")["overage_rate"]);
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
    for (person, name, role) in [(ANA, "Ana", "Senior"), (BEN, "Ben", "Consultant")] {
        report.check("7", &format!("{name} is"), "hard", of(person)["status"].as_str().unwrap_or_default());
        let source = of(person)["rate_source"].as_str().unwrap_or_default().to_owned();
        report.check("7", &format!("{name}'s rate comes from"), format!("contract_line:L1:role:{role}"), source);
    }
    let (soft, hard) = (stage.psa.effects("assignment").await?, stage.psa.effects("assignment_update").await?);
    let firmness: Vec<&Value> = soft.iter().chain(&hard).map(|effect| &effect["data"]["hard"]).collect();
    report.check("7", "soft, then hard", json!([false, false, true, true]), json!(firmness));
    stage
        .wait_for("tasks that can be booked", |event| {
            event["kind"] == "command.done" && event["body"]["object"] == "task"
        })
        .await?;
    let bookable = stage.time.counts().await?;
    report.check("6", "tasks that can be booked", 3, &bookable["task"]);
    let activated = stage.wait_for_kind("project.activated").await?;
    let told = |event: &&Value| {
        event["kind"] == "command.decided"
            && ["task", "deal_status", "assignment"].iter().any(|object| event["body"]["object"] == *object)
    };
    let early = stage.events.iter().filter(told).filter(|event| seq(event) < seq(&activated)).count();
    report.check("6", "time, CRM or people told before activation", 0, early);
    stage
        .wait_for("sales to be told", |event| {
            event["kind"] == "command.done" && event["body"]["object"] == "deal_status"
        })
        .await?;
    let status = last_effect(stage, "deal_status_update").await?;
    report.check(
        "6",
        "CRM shows",
        "Implementation started",
        status["data"]["Quoin_Stage__c"].as_str().unwrap_or_default(),
    );
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
    // Not approved, so it must not count.
    entries.push(json!({
        "project_code": format!("P-{QUOTE}"), "task": "L1", "email": ANA, "date": "2026-03-13", "minutes": 8 * 60,
        "billing_type": "chargeable",
    }));
    stage.advance("2026-03-26T15:00:00Z").await?;
    stage.time.act("log_work_batch", &json!({"entries": entries})).await?;
    // The vendor's feed leaves out the last minute.
    stage.advance("2026-03-27T08:00:00Z").await?;
    stage.wait_for_count("billing.time_recorded", count).await?;
    report.check("8", "entries recorded once", count, stage.count("billing.time_recorded"));
    let task = stage.wait_for_kind("project.activated").await?["body"]["project"]["tasks"][0]["header"]["id"].clone();
    let resolved = |event: &&Value| event["kind"] == "time.recorded" && event["body"]["entry"]["task"]["id"] == task;
    report.check("8", "entries with their task resolved", count, stage.events.iter().filter(resolved).count());
    let deal = stage.api.get(&format!("/deals/{QUOTE}")).await?;
    report.amount("8", "L1 value", "22800.00", &figure(&deal, "unbilled"));
    let hours = deal["hours"]["rows"].as_array().cloned().unwrap_or_default();
    let margin_only = hours.iter().find(|row| row["bucket"] == "non_billable").cloned().unwrap_or(Value::Null);
    report.amount("8", "hours that are margin only", "6.00", &margin_only["hours"]);
    report.amount("8", "and their value", "0.00", &margin_only["value"]["amount"]);
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
    report.check("9", "evidence", &acceptance["evidence_sha256"], &ready["body"]["acceptance"]["evidence_sha256"]);
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
    report.check("10", "invoices", 1, stage.count("invoice.posted"));
    let checked = stage.wait_for_kind("invoice.checked").await?;
    let sent = stage
        .wait_for("the command to the ERP", |event| {
            event["kind"] == "command.decided" && event["body"]["object"] == "invoice"
        })
        .await?;
    report.check(
        "10",
        "EN 16931 checked before posting",
        true,
        checked["body"]["passed"] == true && seq(&checked) < seq(&sent),
    );
    let standing = stage.erp.posted().await?;
    let figures = standing.iter().map(|one| format!("{:.2} + {:.2} = {:.2}", one.net, one.tax, one.gross));
    report.check("10", "standing in the ERP", "58800.00 + 11172.00 = 69972.00", figures.collect::<Vec<_>>().join("; "));
    let number = posted["body"]["number"].as_str().context("the invoice has no number")?.to_owned();
    report.check("10", "the ERP's number", standing.first().map(|one| one.number.clone()).unwrap_or_default(), &number);
    stage
        .wait_for("sales to see the invoice", |event| {
            event["kind"] == "command.done"
                && event["body"]["object"] == "deal_status"
                && event["seq"].as_u64() > posted["seq"].as_u64()
        })
        .await?;
    let status = last_effect(stage, "deal_status_update").await?;
    let told = &status["data"];
    report.check("11", "CRM: number", &number, told["Quoin_Invoice_Number__c"].as_str().unwrap_or_default());
    report.amount("11", "CRM: amount", "69972.00", &told["Quoin_Invoice_Gross__c"]);
    report.check("11", "CRM: due", "2026-04-30", told["Quoin_Invoice_Due__c"].as_str().unwrap_or_default());
    let shown = stage.api.get(&format!("/invoices/{number}")).await?;
    report.check("11", "API: number", &number, shown["number"].as_str().unwrap_or_default());
    report.amount("11", "API: amount", "69972.00", &shown["invoice"]["totals"]["gross"]["amount"]);
    report.check("11", "API: due", "2026-04-30", shown["invoice"]["due_on"].as_str().unwrap_or_default());
    let page = stage.api.page(&format!("/invoices/{number}")).await?;
    for (what, text) in [("number", number.as_str()), ("amount", "69,972.00"), ("due", "30 April 2026")] {
        report.check("11", &format!("console: {what}"), true, page.contains(text));
    }
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
        if line == "L2" {
            report.amount("12", "L2 percent complete", "25.00", &indicator["percent"]);
            report.amount("12", "L2 billed", "36000.00", &indicator["billed"]["amount"]);
        }
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
    let totals = &posted["body"]["invoice"]["totals"];
    report.amount("13", "net", "6400.00", &totals["net"]["amount"]);
    report.amount("13", "VAT", "1216.00", &totals["tax"]["amount"]);
    report.amount("13", "gross", "7616.00", &totals["gross"]["amount"]);
    let booked = stage.wait_for_count("billing.invoice_posted", 2).await?;
    let advance = stage.wait_for_kind("billing.advance_available").await?;
    report.check("13", "advance available after posting", true, seq(&booked) < seq(&advance));
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
    report.amount("14", "open after the payment", "29972.00", &shown["open"]["amount"]);
    report.check("14", "status", "partially_paid", shown["status"].as_str().unwrap_or_default());
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
    report.amount("FB6", "open on the first invoice", "29615.00", &shown["open"]["amount"]);
    let page = stage.api.page(&format!("/deals/{QUOTE}")).await?;
    report.amount("FB6", "credited on the first invoice", "357.00", &shown["credited"]["amount"]);
    let paper = stage.api.page(&format!("/invoices/{number}")).await?;
    let paid = r#"Paid</th><td class="right"><span class="amount">40,000.00"#;
    report.check("FB6", "console: paid is without what was credited", true, paper.contains(paid));
    report.check("FB6", "console: the credit note takes away", true, page.contains("\u{2212}357.00"));
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
    report.amount("all", "the deal shows as paid", "40000.00", &figure(&deal, "paid"));
    report.amount("all", "the deal shows as open", "58056.00", &figure(&deal, "open"));
    let rows = deal["hours"]["rows"].as_array().cloned().unwrap_or_default();
    let billed = rows.iter().find(|row| row["bucket"] == "billed").cloned().unwrap_or(Value::Null);
    report.amount("15", "L1 billed, never over its cap", "40000.00", &billed["value"]["amount"]);
    report.check("FB7", "with an owner", true, held["body"]["owner"].as_str().is_some_and(|owner| !owner.is_empty()));
    Ok(())
}

/// An amount that the API shows about a deal.
fn figure(deal: &Value, code: &str) -> Value {
    let figures = deal["figures"].as_array().cloned().unwrap_or_default();
    let found = figures.iter().find(|figure| figure["code"] == code);
    found.map_or(Value::Null, |figure| figure["value"]["amount"].clone())
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
