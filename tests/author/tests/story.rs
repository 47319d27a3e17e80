//! A stranger's hour: the guide's own commands, in its order, in an empty folder, from `quoin new` to a published,
//! installed and flowing connector for a system that nobody here has seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use author_tests::{Shell, commands, root};

/// The guide's fixed ports may be in use on the machine that tests it.
fn on_free_ports(script: &str) -> String {
    let ports = ["5050", "8080", "9191"];
    // All are held until each is known, so that no two are the same.
    let held: Vec<TcpListener> = ports.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let free = held.iter().map(|listener| listener.local_addr().unwrap().port().to_string());
    ports.iter().zip(free).fold(script.to_owned(), |script, (port, free)| {
        script.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{free}"))
    })
}

/// Everything in a folder, without what commands leave behind in the project.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_guide_leads_from_nothing_to_a_flowing_connector() {
    let guide = std::fs::read_to_string(root().join("docs/first-connector.md")).unwrap();
    let script = on_free_ports(&commands(&guide));
    assert!(
        ["new", "conform", "publish", "install", "serve"].iter().all(|word| script.contains(&format!("quoin {word}")))
    );
    let folder = tempfile::tempdir().unwrap();
    let shell = Shell::new(folder.path());
    // What the guide starts in the background ends with it.
    let whole = format!("trap 'kill $(jobs -p) 2> /dev/null' EXIT\nset -x\n{script}");
    let said = shell.run("timeout", &["1800", "bash", "-euo", "pipefail", "-c", &whole]).unwrap();
    let log = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    assert!(said.ok, "{}\n{}\n--- host\n{}", said.out, said.err, log("host.log"));
    assert!(said.out.contains("18 passed, 0 failed, 1 skipped"), "{}", said.out);
    assert!(said.out.contains("acme/lumen"), "{}", said.out);
    let arrived = said.out.lines().find(|line| line.contains("record.sighted"));
    assert!(
        arrived.is_some_and(|line| line.contains("Customer \u{201c}Aster GmbH\u{201d} seen in book")),
        "{}",
        said.out
    );
    assert!(said.out.contains("demo"), "the connection's check says whose account it is: {}", said.out);

    // The connector is its folder; beside it stands only what the registry's and the host's operators made.
    let beside = [
        "ana.key",
        "ana.pub",
        "ana.token",
        "data",
        "host.log",
        "lumen",
        "plugins",
        "quoin.toml",
        "registry",
        "registry.log",
        "simulator.log",
        "token.txt",
    ];
    assert_eq!(names(folder.path()), beside);
    let cassette = std::fs::read_to_string(folder.path().join("lumen/tests/cassettes/first-page.json")).unwrap();
    assert!(cassette.contains("/contacts") && !cassette.contains("address-book-token"), "{cassette}");
    a_changed_connector_is_noticed(&shell.within("lumen"));
}

/// What the recording is for: a slip in the mapping is told on the save that made it, and its mending too.
fn a_changed_connector_is_noticed(project: &Shell) {
    let file = project.folder.join("src/map.rs");
    let honest = std::fs::read_to_string(&file).unwrap();
    let mut dev = project.command("quoin", &["dev"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(dev.stdout.take().unwrap()).lines();
    let mut round = || {
        let mut said = String::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            said.push_str(&line);
            said.push('\n');
            if line.ends_with("waiting for the next save") {
                break;
            }
        }
        said
    };
    let first = round();
    std::fs::write(&file, honest.replace("vat_id: contact.vat_no.clone()", "vat_id: None")).unwrap();
    let slip = round();
    std::fs::write(&file, honest.replace("vat_id: contact.vat_no.clone()", "vat_id: contact.vat")).unwrap();
    let broken = round();
    std::fs::write(&file, &honest).unwrap();
    let mended = round();
    dev.kill().unwrap();
    dev.wait().unwrap();
    assert!(first.contains("ok first-page: read customer") && first.contains("well in"), "{first}");
    assert!(slip.contains("saved: src/map.rs") && slip.contains("/page/changes/0/data/vat_id"), "{slip}");
    assert!(broken.contains("does not compile"), "{broken}");
    assert!(mended.contains("well in"), "{mended}");
}
