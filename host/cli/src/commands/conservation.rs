//! `quoin conservation`

use std::process::ExitCode;

use api::format;
use api::read::conservation::{BucketRow, UnitKind};
use api::read::{ConservationView, ContractConservation, Recount};
use comfy_table::Row;
use quoin_canonical::Decimal;

use crate::client::{Client, encode};
use crate::output::{Output, Paint, amount, trimmed};

/// Shows the ledger of one contract, or of the firm; with `recompute`, counts it again from the log.
/// Exit code 1 when something does not balance, or a recount parts from what is kept.
pub async fn conservation(
    client: &Client,
    contract: Option<&str>,
    recompute: bool,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    if recompute {
        return recount(client, contract, output).await;
    }
    let Some(contract) = contract else {
        let view: ConservationView = client.get("/api/v1/conservation").await?;
        if output.json {
            output.print_json(&view)?;
        } else {
            print_firm(&view, output);
        }
        return Ok(code(view.balances));
    };
    let one: ContractConservation = client.get(&format!("/api/v1/conservation/{}", encode(contract))).await?;
    if output.json {
        output.print_json(&one)?;
    } else {
        print_contract(&one, output);
    }
    Ok(code(one.balances))
}

fn code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn recount(client: &Client, contract: Option<&str>, output: &Output) -> anyhow::Result<ExitCode> {
    let contracts: Vec<String> = match contract {
        Some(contract) => vec![contract.to_owned()],
        None => {
            let view: ConservationView = client.get("/api/v1/conservation").await?;
            view.contracts.into_iter().map(|statement| statement.contract).collect()
        }
    };
    let mut well = true;
    for contract in contracts {
        let recount: Recount = client.get(&format!("/api/v1/conservation/{}/recount", encode(&contract))).await?;
        well &= recount.agrees;
        if output.json {
            output.print_json(&recount)?;
        } else {
            print_recount(&recount, output);
        }
    }
    Ok(code(well))
}

fn print_firm(view: &ConservationView, output: &Output) {
    for firm in &view.firm {
        let title = format!("All contracts in {}", firm.currency);
        let hours = in_hours(firm.approved_minutes);
        say!("{}  {} contracts, {hours} h approved", output.paint(Paint::Strong, &title), firm.contracts);
        print_buckets(&firm.buckets, output);
        say!("");
    }
    let mut table = output.table(&["CONTRACT", "CUSTOMER", ">HOURS", ">UNITS", "BALANCE"]);
    for statement in &view.contracts {
        table.add_row(Row::from(vec![
            statement.contract.clone(),
            statement.customer.clone(),
            in_hours(statement.approved_minutes),
            statement.units.to_string(),
            verdict(statement.imbalances.len(), output),
        ]));
    }
    say!("{}", trimmed(&table));
}

fn print_contract(one: &ContractConservation, output: &Output) {
    let statement = &one.statement;
    let title = format!("{} {}", statement.contract, statement.customer);
    let hours = in_hours(statement.approved_minutes);
    let told = verdict(statement.imbalances.len(), output);
    say!("{}  {} units, {hours} h approved, {told}", output.paint(Paint::Strong, &title), statement.units);
    print_buckets(&statement.buckets, output);
    let mut lines = output.table(&["LINE", "", ">CONTRACTED", ">BILLED", ">ON DOCUMENTS", ">WAITS", ">OPEN"]);
    for line in &statement.lines {
        let or_none = |money: Option<&quoin_canonical::Money>| money.map_or_else(|| "-".to_owned(), format::amount);
        lines.add_row(Row::from(vec![
            line.line.clone(),
            line.label.clone(),
            or_none(line.contracted.as_ref()),
            format::amount(&line.billed),
            format::amount(&line.on_document),
            format::amount(&line.waiting),
            or_none(line.open.as_ref()),
        ]));
    }
    say!("\n{}", trimmed(&lines));
    for imbalance in &statement.imbalances {
        say!("\n{}  {}", output.paint(Paint::Bad, "does not balance"), imbalance.message);
        say!("  {} since event {} ({})", imbalance.of, imbalance.cause.seq, imbalance.cause.kind);
    }
    say!("\n{}", output.paint(Paint::Soft, &format!("kept up to event {}", statement.through.seq)));
}

fn print_buckets(rows: &[BucketRow], output: &Output) {
    let mut table = output.table(&["BUCKET", "OF", ">UNITS", ">HOURS", ">NET"]);
    for row in rows {
        let (kind, hours) = match row.kind {
            UnitKind::Time => ("time", in_hours(row.quantity)),
            UnitKind::Retainer => ("retainer", format::number(row.quantity)),
            UnitKind::Milestone => ("milestone", String::new()),
            UnitKind::Expense => ("expense", String::new()),
            UnitKind::Advance => ("advance", String::new()),
        };
        let label = row.bucket.label().to_owned();
        table.add_row(Row::from(vec![label, kind.to_owned(), row.units.to_string(), hours, amount(&row.amount)]));
    }
    say!("{}", trimmed(&table));
}

fn print_recount(recount: &Recount, output: &Output) {
    let (paint, word) = if recount.agrees { (Paint::Good, "agrees") } else { (Paint::Bad, "does not agree") };
    say!(
        "{}  {}: {} events counted again up to {}, {} units",
        output.paint(Paint::Strong, &recount.contract),
        output.paint(paint, word),
        recount.events,
        recount.through.seq,
        recount.statement.units
    );
    for (of, differences) in [("kept", &recount.kept_differs), ("account", &recount.account_differs)] {
        for difference in differences {
            say!("  {} differs from the {of}", difference.unit);
        }
    }
    for imbalance in &recount.statement.imbalances {
        say!("  {}", imbalance.message);
    }
}

fn verdict(imbalances: usize, output: &Output) -> String {
    match imbalances {
        0 => output.paint(Paint::Good, "balances"),
        1 => output.paint(Paint::Bad, "1 thing does not balance"),
        more => output.paint(Paint::Bad, &format!("{more} things do not balance")),
    }
}

fn in_hours(minutes: Decimal) -> String {
    format::number((minutes / Decimal::from(60)).round_dp(2))
}
