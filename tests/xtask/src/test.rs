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
    let mut arguments =
        vec!["test", "--workspace", "--no-fail-fast", "--quiet", "--lib", "--bins", "--tests", "--", "--format=pretty"];
    arguments.pop();
    if let Some(only) = only {
        arguments.push(only);
    }
    cargo::step("running the tests");
    let mut child = cargo::command().args(&arguments).stdout(Stdio::piped()).spawn()?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            counts.add(&line);
        }
    }
    let succeeded = child.wait()?.success();
    println!("\n{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.ignored);
    if !succeeded || counts.failed > 0 {
        bail!("tests failed");
    }
    if counts.passed == 0 {
        bail!("no test ran{}", only.map(|name| format!(": no name contains '{name}'")).unwrap_or_default());
    }
    Ok(())
}

impl Counts {
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
