//! The author's loop: new, build, run, record, test, conform, dev. What each does is in the
//! workbench; here it gets words.

pub mod arguments;
mod conform;
mod dev;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use quoin_package::PackageKind;
use serde_json::json;
use workbench::{Built, Language, Plan, Project, Simulator};

use crate::output::{Output, Paint};
use arguments::{AuthorCommand, TrialArguments};

/// Does what an author asks for.
pub async fn author(command: AuthorCommand, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        AuthorCommand::New { name, kind, into, lang, sdk } => {
            let folder = into.unwrap_or_else(|| name.clone().into());
            new(&folder, &name, (kind.into(), lang.into()), sdk.as_deref(), output)?;
        }
        AuthorCommand::Build { place } => {
            let project = Project::open(&place.project)?;
            let built = workbench::build(&project, &progress)?;
            workbench::examine(&built.component, Some(&project.text)).await?;
            told(&project, &built, output)?;
        }
        AuthorCommand::Run(wanted) => {
            run::run(&wanted, output).await?;
        }
        AuthorCommand::Record { run, name } => run::record(&run, name, output).await?,
        AuthorCommand::Test { place, cassettes } => return run::test(&place.project, cassettes, output).await,
        AuthorCommand::Conform { place, trial, only, report } => {
            return conform::conform(&place.project, &trial, only.as_deref(), report.as_deref(), output).await;
        }
        AuthorCommand::Simulate(wanted) => {
            let vendor: Vec<String> = wanted.vendor.split_whitespace().map(str::to_owned).collect();
            return Ok(quoin_simulator::run_behind(wanted.kit, &vendor).await);
        }
        AuthorCommand::Dev { place, load, target } => dev::dev(&place.project, load.then_some(&target), output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn new(
    folder: &Path,
    id: &str,
    (kind, language): (PackageKind, Language),
    sdk: Option<&Path>,
    output: &Output,
) -> anyhow::Result<()> {
    let made = workbench::scaffold(folder, id, kind, language, sdk)?;
    if output.json {
        return output.print_json(&json!({ "folder": made.folder, "files": made.files }));
    }
    let code = if language == Language::Python { "connector/" } else { "src/" };
    let (what, parts) = match kind {
        PackageKind::Connector => {
            ("a connector that reads and writes customers of a made-up vendor", "simulator/ how the vendor behaves")
        }
        PackageKind::Transform => ("a transform that writes customers as vCards", "tests/conform.toml what to convert"),
    };
    say!("{} {} is {what}", output.paint(Paint::Good, "ok"), folder.display());
    say!("   connector.toml says what it is, {code} what it does, {parts}");
    say!("   next: cd {} && quoin test && quoin conform", folder.display());
    Ok(())
}

/// Says what a long step is doing.
fn progress(step: &str) {
    eprintln!("   {step}");
}

fn told(project: &Project, built: &Built, output: &Output) -> anyhow::Result<()> {
    let (id, version) = (&project.manifest.id, &project.manifest.version);
    if output.json {
        return output.print_json(
            &json!({ "plugin": id, "version": version, "component": built.component, "bytes": built.bytes }),
        );
    }
    let shown = built.component.strip_prefix(&project.folder).unwrap_or(&built.component);
    say!(
        "{} {id} {version} is built: {} ({} KiB)",
        output.paint(Paint::Good, "ok"),
        shown.display(),
        built.bytes.div_ceil(1024)
    );
    Ok(())
}

/// `quoin check` on a connector: a component, or a project, which is built first.
pub async fn check(what: &Path, output: &Output) -> anyhow::Result<()> {
    let finding = if what.is_dir() {
        let project = Project::open(what)?;
        let built = workbench::build(&project, &progress)?;
        if project.plan().is_file() {
            Plan::read(&project.plan())?.check(&project.manifest)?;
        }
        workbench::examine(&built.component, Some(&project.text)).await?
    } else {
        let beside = std::fs::read_to_string(what.with_extension("toml")).ok();
        workbench::examine(what, beside.as_deref()).await?
    };
    if output.json {
        return output.print_json(&json!({ "ok": true, "plugin": finding.manifest.id, "facts": finding.facts }));
    }
    say!("{} {}", output.paint(Paint::Good, "ok"), what.display());
    for fact in &finding.facts {
        say!("   {fact}");
    }
    Ok(())
}

/// What is tried, and how.
struct Trial {
    /// The component.
    component: PathBuf,
    /// The folder that its plan's commands run in.
    folder: PathBuf,
    /// Where its cassettes are.
    cassettes: PathBuf,
    /// The manifest's text, where it lies beside.
    beside: Option<String>,
    /// How to try it.
    plan: Plan,
    /// A simulator that runs already.
    simulator: Option<Simulator>,
}

impl Trial {
    /// Builds the project, or takes the component that was named, and reads the plan.
    fn of(folder: &Path, wanted: &TrialArguments) -> anyhow::Result<Self> {
        let simulator = wanted.simulator.as_deref().map(Simulator::at);
        if let Some(component) = &wanted.component {
            let plan = wanted.plan.clone().unwrap_or_else(|| folder.join("tests/conform.toml"));
            return Ok(Self {
                component: component.clone(),
                folder: folder.to_owned(),
                cassettes: folder.join("tests/cassettes"),
                beside: std::fs::read_to_string(component.with_extension("toml")).ok(),
                plan: Plan::read(&plan)?,
                simulator,
            });
        }
        let project = Project::open(folder)?;
        let plan = Plan::read(&wanted.plan.clone().unwrap_or_else(|| project.plan()))?;
        let built = workbench::build(&project, &progress)?;
        Ok(Self {
            component: built.component,
            cassettes: project.cassettes(),
            folder: project.folder,
            beside: Some(project.text),
            plan,
            simulator,
        })
    }
}
