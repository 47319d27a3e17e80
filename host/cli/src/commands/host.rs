//! On the host's own machine: run it, check its configuration, store secrets, check processes.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};
use daemon::CompileWorker;
use process::definition::{Action, Definition};
use serde_json::json;

use crate::arguments::{ProcessCommand, SecretCommand};
use crate::output::{Output, Paint};

/// Bytes of a secret at most: several times the largest key.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Runs the host until it is told to stop.
pub async fn serve(config: &Path) -> anyhow::Result<()> {
    daemon::log_to_stderr();
    let program = std::env::current_exe().context("this program does not know its own file")?;
    let compiler = CompileWorker { program, arguments: vec!["compile".into()] };
    daemon::serve(config, Some(compiler), |address| say!("serving at http://{address}")).await?;
    Ok(())
}

/// Compiles a component into a file: what the host runs in a process of its own.
pub fn compile(component: &Path, compiled: &Path) -> anyhow::Result<()> {
    daemon::compile(component, compiled).map_err(anyhow::Error::msg)
}

/// Checks a configuration.
pub async fn check(config: &Path, output: &Output) -> anyhow::Result<()> {
    let facts = daemon::check(config).await?;
    if output.json {
        return output.print_json(&json!({ "config": config.display().to_string(), "ok": true, "facts": facts }));
    }
    say!("{} {}", output.paint(Paint::Good, "ok"), config.display());
    for fact in facts {
        say!("   {fact}");
    }
    Ok(())
}

/// Stores a secret.
pub async fn secret(command: SecretCommand) -> anyhow::Result<()> {
    let SecretCommand::Set { name, file, config } = command;
    let mut value = Vec::new();
    match &file {
        Some(file) => {
            let opened = std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
            opened.take(SECRET_BYTES_MAX + 1).read_to_end(&mut value)?;
        }
        None => {
            std::io::stdin().lock().take(SECRET_BYTES_MAX + 1).read_to_end(&mut value)?;
        }
    }
    ensure!(value.len() as u64 <= SECRET_BYTES_MAX, "a secret has at most {SECRET_BYTES_MAX} bytes");
    let value = without_line_break(value);
    ensure!(!value.is_empty(), "the value is empty; give it on standard input or with --file");
    daemon::secret_set(&config, &name, value).await?;
    eprintln!("stored {name}");
    Ok(())
}

/// Editors and `echo` end a file with a line break that belongs to no secret.
fn without_line_break(mut value: Vec<u8>) -> Vec<u8> {
    if value.last() == Some(&b'\n') {
        value.pop();
        if value.last() == Some(&b'\r') {
            value.pop();
        }
    }
    value
}

/// Checks a process definition and shows what it does.
pub fn process(command: ProcessCommand, output: &Output) -> anyhow::Result<()> {
    let ProcessCommand::Check { file } = command;
    let definition = daemon::process_check(&file)?;
    if output.json {
        let flows: Vec<_> = definition
            .flows
            .iter()
            .map(|flow| json!({ "name": flow.name, "on": flow.on, "steps": flow.steps.iter().map(|step| json!({ "id": step.id, "does": does(&step.action) })).collect::<Vec<_>>() }))
            .collect();
        return output.print_json(
            &json!({ "ok": true, "process": definition.process, "version": definition.version, "flows": flows }),
        );
    }
    print_picture(&definition, output);
    Ok(())
}

fn print_picture(definition: &Definition, output: &Output) {
    say!("{} {}@{}", output.paint(Paint::Good, "ok"), definition.process, definition.version);
    say!("   {}", definition.purpose.trim());
    for flow in &definition.flows {
        say!(
            "\n{}  {}",
            output.paint(Paint::Strong, &flow.name),
            output.paint(Paint::Soft, &format!("on {}", flow.on))
        );
        for (index, step) in flow.steps.iter().enumerate() {
            let branch = if index + 1 == flow.steps.len() { "\u{2514}" } else { "\u{251c}" };
            say!("  {branch} {}  {}", step.id, output.paint(Paint::Soft, &does(&step.action)));
        }
    }
}

/// What a step does, in a few words.
fn does(action: &Action) -> String {
    match action {
        Action::Gates(gates) => format!(
            "{} gates: {}",
            gates.len(),
            gates.iter().map(|gate| gate.name.as_str()).collect::<Vec<_>>().join(", ")
        ),
        Action::Call { function, .. } => format!("call {function}"),
        Action::Commands(commands) => {
            let told: Vec<String> =
                commands.iter().map(|command| format!("write {} to {}", command.object, command.role)).collect();
            told.join(", ")
        }
        Action::Emit { kind, to: Some(_), .. } => format!("record {kind} for another key"),
        Action::Emit { kind, .. } => format!("record {kind}"),
        Action::Timer { kind, .. } => format!("set a timer for {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_line_break_goes() {
        for (value, left) in [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a"), ("\n", "")] {
            assert_eq!(without_line_break(value.into()), left.as_bytes(), "{value:?}");
        }
    }
}
