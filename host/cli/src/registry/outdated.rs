//! `quoin outdated`

use std::process::ExitCode;

use comfy_table::Row;
use serde::Serialize;

use super::arguments::{FromArguments, PlaceArguments};
use super::client::{Client, Listing};
use super::installed::Place;
use crate::output::{Output, Paint, trimmed};

/// How an installed plugin stands.
#[derive(Serialize)]
struct Standing {
    plugin: String,
    installed: String,
    latest: Option<String>,
    revoked: bool,
    note: Option<String>,
}

/// Asks the registry about every installed plugin that came from one. Exit code 1 when one was revoked.
pub async fn outdated(place: &PlaceArguments, from: &FromArguments, output: &Output) -> anyhow::Result<ExitCode> {
    let place = Place::of(place)?;
    let mut standings = Vec::new();
    for component in place.components()? {
        let Some(note) = Place::provenance(&component)? else { continue };
        let registry = from.registry.clone().unwrap_or_else(|| note.registry.clone());
        let client = Client::new(&FromArguments { registry: Some(registry), ..from.clone() })?;
        standings.push(standing(&note, client.plugin(&note.plugin).await?));
    }
    let revoked = standings.iter().any(|standing| standing.revoked);
    if output.json {
        output.print_json(&standings)?;
    } else {
        show(standings, output);
    }
    Ok(if revoked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn standing(note: &quoin_trust::Provenance, listing: Option<Listing>) -> Standing {
    let version = semver::Version::parse(&note.version).ok();
    let release = version.as_ref().and_then(|version| listing.as_ref()?.release(version));
    let attention = release.map(|release| &release.attention);
    let revoked = attention.and_then(|attention| attention.revoked.clone());
    let said = |word: &str, reason: Option<&String>| reason.map(|reason| format!("{word}: {reason}"));
    let text = said("revoked, stop it", revoked.as_ref())
        .or_else(|| said("yanked", attention.and_then(|attention| attention.yanked.as_ref())))
        .or_else(|| said("deprecated", attention.and_then(|attention| attention.deprecated.as_ref())))
        .or_else(|| release.is_none().then(|| "the registry does not know this version".to_owned()));
    Standing {
        plugin: note.plugin.to_string(),
        installed: note.version.clone(),
        latest: listing.and_then(|listing| listing.latest).map(|latest| latest.to_string()),
        revoked: revoked.is_some(),
        note: text,
    }
}

fn show(standings: Vec<Standing>, output: &Output) {
    let mut table = output.table(&["PLUGIN", "INSTALLED", "LATEST", ""]);
    for standing in standings {
        let latest = standing.latest.unwrap_or_default();
        let newer = latest != standing.installed;
        let mut row = Row::from(vec![standing.plugin, standing.installed]);
        row.add_cell(output.cell(if newer { Paint::Warn } else { Paint::Good }, &latest));
        let paint = if standing.revoked { Paint::Bad } else { Paint::Warn };
        row.add_cell(output.cell(paint, standing.note.as_deref().unwrap_or_default()));
        table.add_row(row);
    }
    say!("{}", trimmed(&table));
}
