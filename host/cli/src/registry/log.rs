//! `quoin registry log`

use std::fs::File;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use quoin_registry::log::{Head, verify};

use super::arguments::LogArguments;
use super::client::Client;
use crate::output::{Output, Paint};

/// Shows or verifies a registry's log. Exit code 1 when it was changed.
pub async fn log(wanted: &LogArguments, output: &Output) -> anyhow::Result<ExitCode> {
    let text = match &wanted.dir {
        Some(dir) => {
            let file = dir.join("log.jsonl");
            std::io::read_to_string(File::open(&file).with_context(|| format!("{} cannot be read", file.display()))?)?
        }
        None => Client::new(&wanted.from)?.text("/api/v1/log").await?,
    };
    if !wanted.verify {
        text.lines().for_each(|line| say!("{line}"));
        return Ok(ExitCode::SUCCESS);
    }
    let remembered = wanted.remembered.as_deref().map(head).transpose()?;
    let verdict = verify(text.as_bytes(), remembered.as_ref())?;
    let Head { seq, hash } = &verdict.head;
    if output.json {
        output.print_json(&verdict)?;
    } else if let Some(wrong) = &verdict.wrong {
        say!("{} {wrong}", output.paint(Paint::Bad, "changed"));
    } else {
        say!("{} {seq} lines, each follows the one before", output.paint(Paint::Good, "ok"));
        say!("   remember this head, and verify against it next time: --remembered {seq}:{hash}");
    }
    Ok(if verdict.wrong.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn head(text: &str) -> anyhow::Result<Head> {
    let pair = text.split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, hash)));
    let (seq, hash) = pair.with_context(|| format!("'{text}' is no head; it looks like 12:3f2a…"))?;
    ensure!(hash.len() == 64, "'{hash}' is no hash; it has 64 hexadecimal digits");
    Ok(Head { seq, hash: hash.to_lowercase() })
}
