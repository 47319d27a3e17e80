//! A stranger's transform: the guide's own commands in an empty folder, then the loop on every save with a host
//! that takes each version over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use author_tests::{Shell, commands, root};
use serde_json::Value;

/// A command that goes on, and what it says; ended when dropped.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(shell: &Shell, arguments: &[&str]) -> Self {
        let mut child = shell.command("quoin", arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Everything up to the line that fits.
    fn until(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let mut said = String::new();
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            said.push_str(&line);
            said.push('\n');
            if fits(&line) {
                return said;
            }
        }
        panic!("it ended: {said}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn the_guide_leads_from_nothing_to_a_transform_that_may_be_published() {
    let script = commands(&std::fs::read_to_string(root().join("docs/first-transform.md")).unwrap());
    assert!(["new", "conform", "publish"].iter().all(|word| script.contains(&format!("quoin {word}"))));
    let folder = tempfile::tempdir().unwrap();
    let shell = Shell::new(folder.path());
    let said = shell.run("bash", &["-euo", "pipefail", "-c", &format!("set -x\n{script}")]).unwrap();
    assert!(said.ok, "{}\n{}", said.out, said.err);
    assert!(said.out.contains("FN:Aster GmbH"), "{}", said.out);
    assert!(said.out.contains("7 passed, 0 failed, 0 skipped"), "{}", said.out);
    assert!(said.out.contains("acme/stamp 0.1.0 can be published"), "{}", said.out);

    let project = shell.within("stamp");
    std::fs::write(project.folder.join("merged.json"), r#"{"name": "Aster GmbH", "status": "merged"}"#).unwrap();
    let refused = project.run("quoin", &["run", "convert", "--object", "customer", "--file", "merged.json"]).unwrap();
    assert!(!refused.ok && refused.err.contains("(at /status)"), "{refused:?}");
    let read = project.run("quoin", &["run", "read", "--object", "customer"]).unwrap();
    assert!(!read.ok && read.err.contains("a transform, which only converts"), "{read:?}");
}

/// A host without connections, with a token of ours.
fn host(folder: &Path) -> (Running, String) {
    let token = "0123456789abcdef";
    let shell = Shell::new(folder);
    let hash = shell.line(&format!("printf {token} | sha256sum | cut -d' ' -f1")).unwrap();
    std::fs::create_dir(folder.join("plugins")).unwrap();
    let text = format!(
        "[host]\ndata_dir = \"data\"\nplugins_dir = \"plugins\"\nlisten = \"127.0.0.1:0\"\n\
         [[token]]\nname = \"author\"\nrole = \"admin\"\nsha256 = \"{}\"\n",
        hash.trim()
    );
    std::fs::write(folder.join("quoin.toml"), text).unwrap();
    let mut host = Running::start(&shell, &["serve", "--config", "quoin.toml"]);
    let line = host.until(|line| line.contains("http://"));
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    (host, url)
}

#[test]
fn every_save_is_built_checked_and_taken_over_by_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let (_host, url) = host(folder.path());
    let shell = Shell::new(folder.path()).with("QUOIN_URL", url).with("QUOIN_TOKEN", "0123456789abcdef");
    // The SDK of this checkout, instead of a copy in the project.
    let checkout = root().display().to_string();
    shell.quoin(&["new", "stamp", "--kind", "transform", "--sdk", &checkout]).unwrap();
    let project = shell.clone().within("stamp");
    assert!(!project.folder.join("quoin-sdk").exists(), "the SDK stays where it is");
    let serving = || -> Value {
        let listed: Value = serde_json::from_str(&shell.quoin(&["plugin", "list", "--json"]).unwrap()).unwrap();
        listed["rollouts"].as_array().unwrap().iter().find(|one| one["plugin"] == "stamp").cloned().unwrap_or_default()
    };
    assert_eq!(serving(), Value::Null);

    let mut dev = Running::start(&project, &["dev", "--load"]);
    let waits = |line: &str| line.ends_with("waiting for the next save");
    let first = dev.until(waits);
    assert!(first.contains("is loaded and serves") && first.contains("well in"), "{first}");
    assert_eq!((&serving()["serving"], serving()["versions"].as_array().unwrap().len()), (&"0.1.0".into(), 1));

    let file = project.folder.join("src/card.rs");
    let honest = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, honest.replace("card.line(\"KIND\"", "card.lime(\"KIND\"")).unwrap();
    let broken = dev.until(waits);
    assert!(broken.contains("does not compile"), "{broken}");
    assert_eq!(serving()["versions"].as_array().unwrap().len(), 1, "what does not compile is not loaded");
    std::fs::write(&file, honest.replace("\"org\"", "\"individual\"")).unwrap();
    let second = dev.until(waits);
    assert!(second.contains("is loaded and serves"), "{second}");
    assert_eq!(serving()["versions"].as_array().unwrap().len(), 2, "another component under the same number");
}
