//! `quoin dev`: on every save, build, check, replay, and load.

use std::path::Path;
use std::time::{Duration, Instant};

use workbench::{Project, Watch};

use super::progress;
use super::run::replayed;
use crate::arguments::TargetArguments;
use crate::client::Client;
use crate::commands::plugins;
use crate::output::{Output, Paint};
use crate::target;

/// How often the folder is looked at: below what a person notices, and nothing for the disk.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Watches until it is told to stop.
pub async fn dev(folder: &Path, load: Option<&TargetArguments>, output: &Output) -> anyhow::Result<()> {
    let project = Project::open(folder)?;
    let mut watch = Watch::new(&project.folder);
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Once, so that a signal during a build is not lost.
    let mut stop = std::pin::pin!(daemon::stop_signal());
    round(&project.folder, load, output).await;
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            _ = ticks.tick() => {}
        }
        let changes = watch.changes();
        if !changes.is_empty() {
            say!("\n{}", output.paint(Paint::Strong, &format!("saved: {}", changes.join(", "))));
            round(&project.folder, load, output).await;
        }
    }
}

/// One round; what is wrong is said, and the next save tries again.
async fn round(folder: &Path, load: Option<&TargetArguments>, output: &Output) {
    let started = Instant::now();
    match tried(folder, load, output).await {
        Ok(true) => say!(
            "{} in {} ms; waiting for the next save",
            output.paint(Paint::Good, "well"),
            started.elapsed().as_millis()
        ),
        Ok(false) => say!("{}; waiting for the next save", output.paint(Paint::Bad, "differs")),
        Err(error) => say!("{} {error:#}; waiting for the next save", output.paint(Paint::Bad, "error:")),
    }
}

async fn tried(folder: &Path, load: Option<&TargetArguments>, output: &Output) -> anyhow::Result<bool> {
    let project = Project::open(folder)?;
    let built = workbench::build(&project, &progress)?;
    workbench::examine(&built.component, Some(&project.text)).await?;
    let files = workbench::cassettes(&project.cassettes())?;
    if replayed(&built.component, &files, output).await? > 0 {
        return Ok(false);
    }
    if let Some(host) = load {
        let client = Client::new(target::resolve(host)?)?;
        let manifest = Some(built.component.with_extension("toml"));
        // Who develops it knows what it asks for.
        let upload = plugins::Upload { file: &built.component, manifest, stage: false, accept: true };
        plugins::load(&client, &upload, output).await?;
    }
    Ok(true)
}
