//! `quoin policy check FILE`: a policy book, checked without a host.

use std::path::Path;

use anyhow::{Context, bail};
use policy::book::{BOOK_LIMIT_BYTES, Outcome, PolicyBook};
use quoin_canonical::Invalid;
use serde_json::json;

use crate::arguments::PolicyCommand;
use crate::output::{Output, Paint};

/// Reads and checks a book and plays its examples; an error when anything is wrong.
pub fn policy(command: PolicyCommand, output: &Output) -> anyhow::Result<()> {
    let PolicyCommand::Check { file } = command;
    let text = read(&file)?;
    match PolicyBook::read(&text) {
        Ok(book) => told(&book, &file, output),
        Err(problems) => refused(&problems, &file, output),
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(file).with_context(|| format!("{} cannot be read", file.display()))?.len();
    if size > BOOK_LIMIT_BYTES as u64 {
        bail!("{} has {size} bytes; a policy has at most {BOOK_LIMIT_BYTES}", file.display());
    }
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn told(book: &PolicyBook, file: &Path, output: &Output) -> anyhow::Result<()> {
    let outcomes = book.outcomes();
    let broken = outcomes.iter().filter(|outcome| !outcome.holds).count();
    if output.json {
        let versions: Vec<_> =
            book.versions.iter().map(|version| json!({ "number": version.number, "from": version.from })).collect();
        output.print_json(
            &json!({ "ok": broken == 0, "policy": book.name, "versions": versions, "examples": outcomes }),
        )?;
    } else {
        for version in &book.versions {
            let name = format!("{}, version {}", book.name, version.number);
            say!("{}  from {}", output.paint(Paint::Strong, &name), version.from);
            for outcome in outcomes.iter().filter(|outcome| outcome.version == version.number) {
                say!("  {}", line(outcome, output));
            }
        }
    }
    if broken > 0 {
        bail!("{}: {broken} of {} examples do not hold", file.display(), outcomes.len());
    }
    if !output.json {
        say!("{} {} examples hold", output.paint(Paint::Good, "ok"), outcomes.len());
    }
    Ok(())
}

fn line(outcome: &Outcome, output: &Output) -> String {
    match outcome.holds {
        true => format!("{} {}: {}", output.paint(Paint::Good, "ok "), outcome.case, outcome.found),
        false => format!(
            "{} {}: {}, but the example wants {}",
            output.paint(Paint::Bad, "no "),
            outcome.case,
            outcome.found,
            outcome.wanted
        ),
    }
}

fn refused(problems: &[Invalid], file: &Path, output: &Output) -> anyhow::Result<()> {
    if output.json {
        output.print_json(&json!({ "ok": false, "problems": problems }))?;
    } else {
        for problem in problems {
            let place = if problem.path.is_empty() { String::new() } else { format!(" at {}", problem.path) };
            say!("{} {}{place}: {}", output.paint(Paint::Bad, "no "), problem.code, problem.message);
        }
    }
    bail!("{} is no valid policy: {} to mend", file.display(), problems.len())
}
