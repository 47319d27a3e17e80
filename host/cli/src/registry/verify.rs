//! `quoin verify`: offline.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use comfy_table::Row;
use serde::Serialize;

use super::arguments::PlaceArguments;
use super::installed::Place;
use crate::output::{Output, Paint, trimmed};

/// What was found on one component.
#[derive(Serialize)]
struct Found {
    file: String,
    plugin: String,
    version: String,
    /// Id of the key that signed it.
    signed_by: Option<String>,
    /// Why it is not believed.
    wrong: Option<String>,
}

/// Verifies components against their notes of origin. Exit code 1 when one is not believed.
pub fn verify(files: &[PathBuf], place: &PlaceArguments, output: &Output) -> anyhow::Result<ExitCode> {
    let place = Place::of(place)?;
    let files = if files.is_empty() { place.components()? } else { files.to_vec() };
    let found = files.iter().map(|file| one(&place, file)).collect::<anyhow::Result<Vec<Found>>>()?;
    let wrong = found.iter().any(|found| found.wrong.is_some());
    if output.json {
        output.print_json(&found)?;
    } else {
        let mut table = output.table(&["FILE", "PLUGIN", "VERSION", "SIGNED BY", ""]);
        for found in found {
            let verdict = match found.wrong {
                None => output.cell(Paint::Good, "verified"),
                Some(wrong) => output.cell(Paint::Bad, &wrong),
            };
            let mut row = Row::from(vec![found.file, found.plugin, found.version, found.signed_by.unwrap_or_default()]);
            row.add_cell(verdict);
            table.add_row(row);
        }
        say!("{}", trimmed(&table));
    }
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn one(place: &Place, file: &Path) -> anyhow::Result<Found> {
    let component = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let shown = file.display().to_string();
    let note = match Place::provenance(file) {
        Ok(Some(note)) => note,
        other => {
            let wrong = match other {
                Err(error) => format!("{error:#}"),
                _ => "no note of origin: it was not installed from a registry".to_owned(),
            };
            return Ok(Found {
                file: shown,
                plugin: String::new(),
                version: String::new(),
                signed_by: None,
                wrong: Some(wrong),
            });
        }
    };
    let verdict = note.verify(&component, &place.publishers);
    Ok(Found {
        file: shown,
        plugin: note.plugin.to_string(),
        version: note.version.clone(),
        signed_by: verdict.as_ref().ok().map(quoin_trust::PublicKey::id),
        wrong: verdict.err().map(|error| error.to_string()),
    })
}
