//! Every test a fresh machine can run, with one count at the end.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::bail;

use crate::{cargo, plugins, tidy};

/// Counts over all test programs.
#[derive(Default)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Runs the tests whose name contains `only`, or all.
///
/// # Errors
/// When one fails, or none ran.
pub fn run(only: Option<&str>) -> anyhow::Result<()> {
    plugins::build()?;
    if only.is_none() {
        tidy::run()?;
    }
    cargo::step("building the host, the simulators and the tests");
    cargo::cargo(&["build", "--quiet", "--workspace", "--bins"])?;
    cargo::step("running the tests");
    let mut counts = Counts::default();
    let mut succeeded = true;
    for selection in selections(only, &cargo::packages()?) {
        succeeded &= counts.of(&selection)?;
    }
    println!("\n{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.ignored);
    if !succeeded || counts.failed > 0 {
        bail!("tests failed");
    }
    if counts.passed == 0 {
        bail!("no test ran{}", only.map(|name| format!(": no name contains '{name}'")).unwrap_or_default());
    }
    Ok(())
}

/// Random histories of the nightly run. A night's worth of two cores could hold far more; a hundred
/// thousand is where a fault of one in ten thousand is found nearly for sure.
const NIGHTLY_HISTORIES: &str = "100000";

/// Proves the laws of billing over as many histories as nobody waits for by day.
///
/// # Errors
/// When a law breaks; the shortest history that breaks it is printed as a story.
pub fn nightly() -> anyhow::Result<()> {
    cargo::step("proving the laws of billing over 100,000 histories");
    let arguments = ["test", "--release", "--package", "billing", "--test", "laws"];
    let status = cargo::command().args(arguments).env("LAWS_HISTORIES", NIGHTLY_HISTORIES).status()?;
    if !status.success() {
        bail!("a law is broken; save the story above under host/billing/tests/stories");
    }
    Ok(())
}

/// What to ask Cargo for: all tests; or every test of the packages of that very name, and of all
/// others those whose own name contains it.
fn selections(only: Option<&str>, packages: &[cargo::Package]) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let kinds = ["--no-fail-fast", "--quiet", "--lib", "--bins", "--tests"];
    let Some(only) = only else { return vec![[words(&["test", "--workspace"]), words(&kinds)].concat()] };
    // A package without a library or a program has no use for the narrower flags.
    let named = packages.iter().filter(|package| package.name == only);
    let mut all: Vec<Vec<String>> =
        named.map(|package| words(&["test", "--package", &package.name, "--no-fail-fast", "--quiet"])).collect();
    let mut others = words(&["test", "--workspace"]);
    if !all.is_empty() {
        others.extend(words(&["--exclude", only]));
    }
    all.push([others, words(&kinds), words(&["--", only])].concat());
    all
}

impl Counts {
    /// Runs one `cargo test`, passes on what it prints, and adds its counts. Says whether it succeeded.
    fn of(&mut self, arguments: &[String]) -> anyhow::Result<bool> {
        let mut child = cargo::command().args(arguments).stdout(Stdio::piped()).spawn()?;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines() {
                let line = line?;
                println!("{line}");
                self.add(&line);
            }
        }
        Ok(child.wait()?.success())
    }

    /// Adds a runner's closing line, `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some(rest) = line.trim_start().strip_prefix("test result:") else { return };
        let number = |label: &str| -> u64 {
            let words: Vec<&str> = rest.split([' ', ';']).filter(|word| !word.is_empty()).collect();
            words.windows(2).find(|pair| pair[1] == label).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
        };
        self.passed += number("passed");
        self.failed += number("failed");
        self.ignored += number("ignored");
    }
}
