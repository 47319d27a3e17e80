//! `quoin run`, `quoin record`, `quoin test`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use cassette::Body;
use ports::{Item, ReadRequest};
use serde_json::{Value, json};
use workbench::{Bench, Project, Recorded};

use super::arguments::{CallArgument, RunArguments};
use super::{Trial, progress};
use crate::output::{Output, Paint};

/// Calls the connector and shows the call.
pub async fn run(wanted: &RunArguments, output: &Output) -> anyhow::Result<()> {
    if wanted.call == CallArgument::Convert {
        return convert(wanted, output).await;
    }
    let (_, bench) = set_up(wanted).await?;
    let recorded = call(&bench, wanted).await?;
    // One page in and out: JSON is what it is.
    let cassette = bench.cassette(vec![recorded.call]);
    let call = cassette.calls.first().context("nothing was recorded")?;
    output.print_json(call)?;
    let trace = &recorded.trace;
    eprintln!(
        "{} request(s), {} ms, {} MiB of memory at most",
        trace.calls.len(),
        trace.micros.div_ceil(1_000),
        trace.peak_memory_bytes.div_ceil(1 << 20)
    );
    Ok(())
}

/// Converts one object and shows the document, as it is.
async fn convert(wanted: &RunArguments, output: &Output) -> anyhow::Result<()> {
    let Trial { component, plan, .. } = Trial::of(&wanted.place.project, &wanted.trial)?;
    let object = wanted.object.clone().unwrap_or_default();
    let data = wanted.file.as_deref().map(object_of).transpose()?;
    let (document, trace) = workbench::convert(&component, &plan, &object, data).await?;
    if output.json {
        output.print_json(&json!({ "document": document, "micros": trace.micros }))?;
    } else {
        say!("{document}");
    }
    eprintln!(
        "{} ms, {} MiB of memory at most",
        trace.micros.div_ceil(1_000),
        trace.peak_memory_bytes.div_ceil(1 << 20)
    );
    Ok(())
}

/// A canonical object in a file.
fn object_of(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))
}

/// Calls the connector and keeps the call.
pub async fn record(wanted: &RunArguments, name: Option<String>, output: &Output) -> anyhow::Result<()> {
    ensure!(
        wanted.call != CallArgument::Convert,
        "a transform sends nothing that could be recorded; write the document down in its own tests instead"
    );
    let (cassettes, bench) = set_up(wanted).await?;
    let recorded = call(&bench, wanted).await?;
    let name = name.unwrap_or_else(|| recorded.call.asked.title().replace(' ', "-"));
    ensure!(
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)),
        "a cassette's name is a file's name: letters, digits, hyphens"
    );
    let file = cassettes.join(format!("{name}.json"));
    std::fs::create_dir_all(&cassettes)?;
    let requests = recorded.call.exchanges.len();
    std::fs::write(&file, bench.cassette(vec![recorded.call]).write()?)?;
    say!("{} cassette {name}: {requests} request(s); `quoin test` plays it again", output.paint(Paint::Good, "ok"));
    Ok(())
}

async fn set_up(wanted: &RunArguments) -> anyhow::Result<(PathBuf, Bench)> {
    let Trial { component, folder, cassettes, plan, simulator, .. } = Trial::of(&wanted.place.project, &wanted.trial)?;
    let bench = Bench::set_up(&component, &folder, plan, simulator).await?;
    bench.prepare(wanted.object.as_deref(), wanted.make).await?;
    Ok((cassettes, bench))
}

async fn call(bench: &Bench, wanted: &RunArguments) -> anyhow::Result<Recorded> {
    let object = wanted.object.clone().unwrap_or_default();
    Ok(match wanted.call {
        CallArgument::Check => bench.check().await.1,
        CallArgument::Discover => bench.discover().await.1,
        CallArgument::Read => {
            let cursor = wanted.cursor.as_deref().map(cursor).transpose()?;
            bench.read(ReadRequest { object, cursor, ids: wanted.id.clone(), limit: wanted.limit }).await.1
        }
        CallArgument::Apply => bench.apply(&object, &[item(bench, wanted, &object).await?]).await.1,
        // `run` and `record` have said what they do about it.
        CallArgument::Convert => bail!("a transform is called with `quoin run convert`"),
        CallArgument::Lookup => bench.lookup(&object, &[item(bench, wanted, &object).await?]).await.1,
    })
}

/// A cursor as a page's `next` shows it, or the text of one.
fn cursor(text: &str) -> anyhow::Result<Vec<u8>> {
    let shown: Result<Body, _> = serde_json::from_str(text);
    Ok(shown.map_or_else(|_| text.as_bytes().to_vec(), |body| body.bytes()))
}

async fn item(bench: &Bench, wanted: &RunArguments, object: &str) -> anyhow::Result<Item> {
    let Some(file) = &wanted.file else { return bench.item(object).await };
    Ok(Bench::item_of(object, object_of(file)?))
}

/// The project's own tests, then its cassettes.
pub async fn test(folder: &Path, cassettes_only: bool, output: &Output) -> anyhow::Result<ExitCode> {
    let project = Project::open(folder)?;
    if !cassettes_only {
        workbench::native_tests(&project, &progress)?;
        say!("{} the project's own tests", output.paint(Paint::Good, "ok"));
    }
    let files = workbench::cassettes(&project.cassettes())?;
    if files.is_empty() {
        say!("   no cassettes yet; `quoin record read --object …` makes one");
        return Ok(ExitCode::SUCCESS);
    }
    let built = workbench::build(&project, &progress)?;
    let failed = replayed(&built.component, &files, output).await?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plays cassettes and tells; how many calls differ.
pub async fn replayed(component: &Path, files: &[PathBuf], output: &Output) -> anyhow::Result<usize> {
    let played = workbench::replay(component, files).await?;
    let failed = played.iter().filter(|played| !played.differences.is_empty()).count();
    for played in &played {
        let good = played.differences.is_empty();
        let mark = if good { output.paint(Paint::Good, "ok") } else { output.paint(Paint::Bad, "differs") };
        say!("{mark} {}", played.title);
        for difference in &played.differences {
            say!("   {difference}");
        }
    }
    if failed > 0 {
        say!("{failed} of {} calls differ; when that is meant, record them again", played.len());
    }
    Ok(failed)
}
