//! A version's whole life, with the commands that its author, its operator and the registry's
//! administrator use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;

use registry_tests::{Server, Shop, connector};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A shop with `acme/jira` 0.1.0, and what an operator adds to trust it.
fn opened() -> (Shop, String) {
    let shop = Shop::open(&[]).unwrap();
    let published = shop.publish(&connector("jira", &[]).unwrap(), "acme/jira").unwrap();
    assert!(published.ok, "{}", published.err);
    let trust = format!("acme={}", shop.key);
    (shop, trust)
}

fn next(version: &str) -> Vec<u8> {
    connector("jira", &[("version = \"0.1.0\"", &format!("version = \"{version}\""))]).unwrap()
}

#[test]
fn publish_search_install_verify_and_stay_up_to_date() {
    let (shop, trust) = opened();
    let found = json(&shop.done(&["search", "worklogs", "--json"]).unwrap());
    assert_eq!((&found[0]["plugin"], &found[0]["version"]), (&"acme/jira".into(), &"0.1.0".into()));
    assert_eq!(json(&shop.done(&["search", "payroll", "--json"]).unwrap()), serde_json::json!([]));

    let untrusted = shop.quoin(&["install", "acme/jira", "--dir", "plugins"]).unwrap();
    assert!(!untrusted.ok && untrusted.err.contains("[[publisher]]"), "{}", untrusted.err);
    let told = shop.done(&["install", "acme/jira", "--dir", "plugins", "--trust", &trust]).unwrap();
    assert!(told.contains("writes: task") && told.contains("reaches: {base_url}"), "{told}");
    let manifest = fs::read_to_string(shop.path("plugins/jira.toml")).unwrap();
    assert!(manifest.contains("id = \"jira\""), "{manifest}");
    shop.done(&["verify", "--dir", "plugins", "--trust", &trust]).unwrap();

    let newer = shop.publish(&next("0.2.0"), "acme/jira").unwrap();
    assert!(newer.ok, "{}", newer.err);
    let again = shop.publish(&next("0.2.0"), "acme/jira").unwrap();
    assert!(again.ok && again.out.contains("already"), "{again:?}");
    let standing = json(&shop.done(&["outdated", "--dir", "plugins", "--json"]).unwrap());
    assert_eq!((&standing[0]["installed"], &standing[0]["latest"]), (&"0.1.0".into(), &"0.2.0".into()));

    shop.done(&["registry", "deprecate", "acme/jira@0.1.0", "--reason", "take 0.2.0"]).unwrap();
    shop.done(&["registry", "yank", "acme/jira@0.2.0", "--reason", "loses worklogs"]).unwrap();
    let standing = json(&shop.done(&["outdated", "--dir", "plugins", "--json"]).unwrap());
    assert_eq!(standing[0]["latest"], "0.1.0", "a yanked version is not offered");
    assert_eq!(standing[0]["note"], "deprecated: take 0.2.0");
    let named = shop.quoin(&["install", "acme/jira@0.2.0", "--dir", "plugins", "--trust", &trust]).unwrap();
    assert!(named.ok && named.err.contains("yanked: loses worklogs"), "{}", named.err);
    shop.done(&["registry", "restore", "acme/jira@0.2.0"]).unwrap();
    assert_eq!(json(&shop.done(&["search", "--json"]).unwrap())[0]["version"], "0.2.0");

    shop.done(&["registry", "revoke", "acme/jira@0.2.0", "--reason", "sends tokens away"]).unwrap();
    let alarm = shop.quoin(&["outdated", "--dir", "plugins"]).unwrap();
    assert!(!alarm.ok && alarm.out.contains("revoked, stop it: sends tokens away"), "{}", alarm.out);
    let refused = shop.quoin(&["install", "acme/jira@0.2.0", "--dir", "plugins", "--trust", &trust]).unwrap();
    assert!(!refused.ok && refused.err.contains("must not run"), "{}", refused.err);
    let url = format!("{}/v2/plugins/acme/jira/manifests/0.2.0", shop.server.url());
    assert_eq!(reqwest::blocking::get(url).unwrap().status().as_u16(), 403);

    pages(&shop);
    log(&shop);
}

fn pages(shop: &Shop) {
    let page = |path: &str| reqwest::blocking::get(format!("{}{path}", shop.server.url())).unwrap();
    assert!(page("/").text().unwrap().contains("Jira Cloud"));
    let plugin = page("/plugins/acme/jira").text().unwrap();
    assert!(plugin.contains("take 0.2.0") && plugin.contains("an API token") && plugin.contains(&shop.key[..20]));
    assert!(page("/plugins/acme/jira/0.2.0").text().unwrap().contains("sends tokens away"));
    assert!(page("/log").text().unwrap().contains("acme/jira 0.2.0: sends tokens away"));
    assert_eq!(page("/plugins/acme/nothing").status().as_u16(), 404);
    let policy = page("/").headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"));
}

fn log(shop: &Shop) {
    let verified = json(&shop.done(&["registry", "log", "--verify", "--json"]).unwrap());
    let head = format!("{}:{}", verified["head"]["seq"], verified["head"]["hash"].as_str().unwrap());
    let file = shop.registry().join("log.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let dir = shop.path("registry");
    let verify = |text: &str| {
        fs::write(shop.path("copy/log.jsonl"), text).unwrap();
        shop.quoin(&["registry", "log", "--verify", "--remembered", &head, "--dir", &shop.path("copy")]).unwrap()
    };
    fs::create_dir(shop.path("copy")).unwrap();
    assert!(verify(&text).ok);
    let changed = verify(&text.replacen("loses worklogs", "is all right", 1));
    assert!(!changed.ok && changed.out.contains("one of them was changed"), "{}", changed.out);
    let cut = text.lines().take(4).fold(String::new(), |all, line| all + line + "\n");
    assert!(verify(&cut).out.contains("cut off"));
    assert!(shop.done(&["registry", "log", "--verify", "--remembered", &head, "--dir", &dir]).unwrap().contains("ok"));
}

#[test]
fn what_was_changed_after_it_was_signed_is_refused_by_client_and_host() {
    let (shop, trust) = opened();
    shop.done(&["install", "acme/jira", "--dir", "plugins", "--trust", &trust]).unwrap();
    let config = |trusted: bool| {
        let publisher = format!("[[publisher]]\nnamespace = \"acme\"\nkey = \"{}\"\n", shop.key);
        let text = format!(
            "{}[host]\ndata_dir = \"data\"\nplugins_dir = \"plugins\"\nsigned_plugins_only = true\n",
            if trusted { publisher } else { String::new() }
        );
        fs::write(shop.path("quoin.toml"), text).unwrap();
    };
    config(true);
    let checked = shop.done(&["check"]).unwrap();
    assert!(checked.contains("jira: acme/jira 0.1.0, signed by "), "{checked}");
    shop.done(&["verify"]).unwrap();
    config(false);
    let stranger = shop.quoin(&["check"]).unwrap();
    assert!(!stranger.ok && stranger.err.contains("[[publisher]] entry for the namespace 'acme'"), "{}", stranger.err);
    config(true);
    let component = connector("jira", &[("Bookable tasks", "Stolen tokens!")]).unwrap();
    fs::write(shop.path("plugins/jira.wasm"), component).unwrap();
    let changed = shop.quoin(&["verify"]).unwrap();
    assert!(!changed.ok && changed.out.contains("not about the file's"), "{}", changed.out);
    let host = shop.quoin(&["check"]).unwrap();
    assert!(!host.ok && host.err.contains("install it again with `quoin install acme/jira@0.1.0`"), "{}", host.err);
    fs::remove_file(shop.path("plugins/jira.provenance.json")).unwrap();
    let unsigned = shop.quoin(&["check"]).unwrap();
    assert!(!unsigned.ok && unsigned.err.contains("it is not signed"), "{}", unsigned.err);
}

#[test]
fn a_version_that_asks_for_more_is_taken_knowingly() {
    let (shop, trust) = opened();
    shop.done(&["install", "acme/jira", "--dir", "plugins", "--trust", &trust]).unwrap();
    let wider = connector(
        "jira",
        &[("version = \"0.1.0\"", "version = \"0.2.0\""), ("concurrent_requests = 4", "concurrent_requests = 9")],
    );
    let published = shop.publish(&wider.unwrap(), "acme/jira").unwrap();
    assert!(published.ok, "{}", published.err);
    let arguments = ["install", "acme/jira", "--dir", "plugins", "--trust", &trust];
    let refused = shop.quoin(&arguments).unwrap();
    assert!(!refused.ok && refused.err.contains("asks for concurrent_requests = 9 instead of 4"), "{}", refused.err);
    shop.done(&[&arguments[..], &["--accept"]].concat()).unwrap();
}

#[test]
fn a_certificate_is_signed_shown_and_can_be_required() {
    let shop = Shop::open(&[]).unwrap();
    let dir = shop.path("registry");
    shop.done(&["registry", "namespace", "new", "acme", "--certificate-required", "--dir", &dir]).unwrap();
    let refused = shop.publish(&connector("jira", &[]).unwrap(), "acme/jira").unwrap();
    assert!(!refused.ok && refused.err.contains("--certificate FILE"), "{}", refused.err);
    let report = r#"{"suite": "quoin-conform 1", "contract": "1.0", "passed": 41, "failed": 0, "skipped": {"webhook": "has none"}}"#;
    fs::write(shop.path("report.json"), report).unwrap();
    let (file, key, report) = (shop.path("component.wasm"), shop.path("ana.key"), shop.path("report.json"));
    shop.done(&["publish", &file, "--as", "acme/jira", "--key", &key, "--certificate", &report]).unwrap();
    let page = reqwest::blocking::get(format!("{}/plugins/acme/jira", shop.server.url())).unwrap().text().unwrap();
    assert!(page.contains("41 passed") && page.contains("webhook: has none"), "{page}");
}

#[test]
fn tokens_are_taken_back_and_namespaces_kept_apart() {
    let (shop, _) = opened();
    let dir = shop.path("registry");
    let tokens = shop.done(&["registry", "token", "list", "--dir", &dir]).unwrap();
    assert!(tokens.contains("ana") && !tokens.contains(&shop.token), "{tokens}");
    let at_rest = fs::read_dir(shop.registry().join("tokens")).unwrap();
    let secret = shop.token.rsplit('_').next().unwrap();
    assert!(at_rest.flatten().all(|file| !String::from_utf8_lossy(&fs::read(file.path()).unwrap()).contains(secret)));
    let id = shop.token.split('_').nth(1).unwrap();
    shop.done(&["registry", "token", "revoke", id, "--dir", &dir]).unwrap();
    let refused = shop.quoin(&["registry", "yank", "acme/jira@0.1.0", "--reason", "x"]).unwrap();
    assert!(!refused.ok && refused.err.contains("unknown or has expired"), "{}", refused.err);
}

#[test]
fn a_killed_registry_loses_nothing_it_acknowledged() {
    let (mut shop, trust) = opened();
    let published = shop.publish(&next("0.2.0"), "acme/jira").unwrap();
    assert!(published.ok, "{}", published.err);
    for round in 0..6 {
        let (tell, told) = std::sync::mpsc::channel();
        // Uploads under way while it dies: none of them was acknowledged.
        let url = shop.server.url();
        let token = shop.token.clone();
        let pusher = std::thread::spawn(move || {
            let client = reqwest::blocking::Client::new();
            let mut acknowledged = Vec::new();
            for number in 0..10_000 {
                let bytes = format!("content {round} {number}").repeat(500).into_bytes();
                let digest = quoin_registry::digest::Digest::sha256(&bytes);
                let path = format!("{url}/v2/acme/files/blobs/uploads/?digest={digest}");
                match client.post(path).bearer_auth(&token).body(bytes).send() {
                    Ok(answer) if answer.status().is_success() => acknowledged.push(digest),
                    _ => break,
                }
                if tell.send(()).is_err() {
                    break;
                }
            }
            acknowledged
        });
        // It dies while the next one is on its way, after another number of them in each round.
        (0..=3 * round).for_each(|_| told.recv().unwrap());
        shop.server.kill().unwrap();
        let acknowledged = pusher.join().unwrap();
        let checked = shop.done(&["registry", "check", "--dir", &shop.path("registry")]).unwrap();
        assert!(checked.contains("every content is what its name says"), "{checked}");
        shop.server = Server::start(&shop.registry(), &[]).unwrap();
        for digest in acknowledged {
            let url = format!("{}/v2/acme/files/blobs/{digest}", shop.server.url());
            assert_eq!(reqwest::blocking::get(url).unwrap().status().as_u16(), 200, "round {round}: {digest}");
        }
    }
    shop.done(&["install", "acme/jira@0.2.0", "--dir", "plugins", "--trust", &trust]).unwrap();
}

#[test]
fn one_registry_at_a_time_serves_a_folder() {
    let shop = Shop::open(&[]).unwrap();
    let second = Server::start(&shop.registry(), &[]).err().unwrap().to_string();
    assert!(second.contains("in use by another process"), "{second}");
    let check = shop.quoin(&["registry", "check", "--dir", &shop.path("registry")]).unwrap();
    assert!(!check.ok && check.err.contains("in use by another process"), "{}", check.err);
}
