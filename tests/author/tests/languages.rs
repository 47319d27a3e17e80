//! Connectors in the other languages, as a stranger makes them: from `quoin new` to every rule of the contract, with no
//! more on the machine than the language's package client, against the template's own simulator and the Rust one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "its main is for the program")]
#[path = "../../../sdk/template/simulator/src/main.rs"]
mod address_book;

use std::path::Path;

use author_tests::{Said, Shell, root, target};
use quoin_simulator::{Args, Running};

/// A language, and what its project is recognised by.
struct Language {
    /// As `--lang` takes it.
    name: &'static str,
    /// As the component's stamp has it.
    stamp: &'static str,
    /// The connector's own file, and a line that breaks it.
    source: (&'static str, &'static str),
    /// What the build says of that.
    complaint: &'static str,
    /// What a machine without the language is told.
    missing: &'static str,
}

const JAVASCRIPT: Language = Language {
    name: "js",
    stamp: "javascript",
    source: ("src/connector.ts", "export const check2: number = 'no number';\n"),
    complaint: "is not assignable to type 'number'",
    missing: "install Node.js 20 or newer",
};

const PYTHON: Language = Language {
    name: "python",
    stamp: "python",
    source: ("connector/__init__.py", "sink = None\n"),
    complaint: "connector.sink has no apply",
    missing: "install Python 3.11 or newer",
};

/// A command that must fail; everything it said.
fn refused(shell: &Shell, arguments: &[&str]) -> String {
    let Said { ok, out, err } = shell.run("quoin", arguments).unwrap();
    assert!(!ok, "`quoin {}` should have failed: {out}{err}", arguments.join(" "));
    format!("{out}{err}")
}

/// The vendor as the Rust template simulates it.
async fn rust_simulator() -> Running {
    quoin_simulator::start("template", Args::default(), address_book::build).await.unwrap()
}

fn leads_from_new_to_conform(language: &Language) {
    let folder = tempfile::tempdir().unwrap();
    let outside = Shell::new(folder.path());
    outside.quoin(&["new", "lumen-crm", "--lang", language.name]).unwrap();
    let shell = outside.within("lumen-crm");

    // A machine without the language is told what to install.
    let bare = shell.clone().with("PATH", target().join("debug").display().to_string());
    let said = refused(&bare, &["build"]);
    assert!(said.contains(language.missing), "{said}");

    let said = shell.quoin(&["test"]).unwrap();
    assert!(said.contains("the project's own tests"), "{said}");
    shell.quoin(&["build"]).unwrap();
    let component = shell.folder.join("dist/lumen-crm.wasm");
    let first = std::fs::read(&component).unwrap();

    // What did not change is not built again: the component stays the same to the byte.
    let said = shell.quoin(&["check", "."]).unwrap();
    assert!(said.contains(&format!("contract: 1.0.0 (SDK: {} ", language.stamp)), "{said}");
    assert!(said.contains("powers: checks, reads, writes\n"), "{said}");
    assert!(!said.contains("wasi:"), "{said}");
    let said = shell.quoin(&["conform"]).unwrap();
    assert!(said.contains("18 passed, 0 failed, 1 skipped of 19"), "{said}");
    assert!(std::fs::read(&component).unwrap() == first, "it was built again");

    held_by_the_rust_simulator(&shell, &component);

    // A call kept as a cassette plays the same again.
    shell.quoin(&["record", "read", "--object", "customer", "--limit", "2", "--name", "page"]).unwrap();
    let said = shell.quoin(&["test", "--cassettes"]).unwrap();
    assert!(said.contains("ok page"), "{said}");

    let (file, line) = language.source;
    let broken = shell.folder.join(file);
    let text = std::fs::read_to_string(&broken).unwrap();
    std::fs::write(&broken, format!("{text}{line}")).unwrap();
    let said = refused(&shell, &["build"]);
    assert!(said.contains(language.complaint), "{said}");
    nothing_points_outside(&shell.folder);
}

/// The same connector against the same vendor as another language simulates it.
fn held_by_the_rust_simulator(shell: &Shell, component: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let vendor = runtime.block_on(rust_simulator());
    let component = component.display().to_string();
    let said = shell.quoin(&["conform", "--component", &component, "--simulator", &vendor.http]).unwrap();
    assert!(said.contains("18 passed, 0 failed, 1 skipped of 19"), "{said}");
}

/// A project is whole without our repository.
fn nothing_points_outside(project: &Path) {
    let ours = root().display().to_string();
    for name in ["package.json", "package-lock.json", "pyproject.toml", "requirements.txt", "tests/conform.toml"] {
        let text = std::fs::read_to_string(project.join(name)).unwrap_or_default();
        assert!(!text.contains(&ours) && !text.contains("http://") && !text.contains("https://registry"), "{name}");
    }
}

/// The SDK's own tests need nothing but the language.
fn sdk_holds(program: &str, arguments: &[&str]) {
    let said = Shell::new(&root()).run(program, arguments).unwrap();
    assert!(said.ok, "{}{}", said.out, said.err);
}

#[test]
fn javascript_leads_from_new_to_conform() {
    sdk_holds("node", &["--test", "sdk/js/test/"]);
    leads_from_new_to_conform(&JAVASCRIPT);
}

#[test]
fn python_leads_from_new_to_conform() {
    sdk_holds("python3", &["-B", "-m", "unittest", "discover", "--start-directory", "sdk/python/tests"]);
    leads_from_new_to_conform(&PYTHON);
}
