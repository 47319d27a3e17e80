//! The OCI tools of others against a running registry.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

use registry_tests::{Shop, connector, oras, run, skopeo, wkg};

/// What `oras` does, in its own words: push a file with a note about it, list, pull, compare.
const ORAS: &str = r#"
import os, sys
from oras.client import OrasClient
host, token, folder = sys.argv[1:4]
os.chdir(folder)
client = OrasClient(hostname=host, insecure=True, auth_backend="token")
client.login(hostname=host, username="ana", password=token, config_path=os.path.join(folder, "docker.json"))
client.push(target=f"{host}/acme/notes:1.0", files=["note.txt:text/plain"], manifest_annotations={"by": "oras"})
client.push(target=f"{host}/acme/notes:2.0", files=["note.txt:text/plain"])
tags = client.get_tags(f"{host}/acme/notes")
assert tags == ["1.0", "2.0"], tags
manifest = client.get_manifest(f"{host}/acme/notes:1.0")
assert manifest["annotations"]["by"] == "oras", manifest
os.makedirs("pulled")
files = client.pull(target=f"{host}/acme/notes:1.0", outdir="pulled")
assert open(files[0]).read() == open("note.txt").read(), files
print("pulled", os.path.basename(files[0]))
"#;

#[test]
fn oras_pushes_and_pulls() {
    let Some(python) = oras().unwrap() else { return };
    let shop = Shop::open(&[]).unwrap();
    fs::write(shop.path("note.txt"), "a note\n".repeat(1_000)).unwrap();
    let script = shop.path("client.py");
    fs::write(&script, ORAS).unwrap();
    let folder = shop.folder.path().display().to_string();
    let said = run(Command::new(python).args([&script, &shop.server.host, &shop.token, &folder])).unwrap();
    assert!(said.contains("pulled note.txt"), "{said}");
}

#[test]
fn skopeo_copies_and_inspects() {
    let Some(mut probe) = skopeo().unwrap() else { return };
    let said = run(probe.arg("--version")).unwrap();
    assert!(said.contains("skopeo"), "{said}");
    let shop = Shop::open(&[]).unwrap();
    let image = image(&shop);
    let there = format!("docker://{}/acme/image", shop.server.host);
    let credentials = format!("ana:{}", shop.token);
    let command = |arguments: &[&str]| {
        let mut command = skopeo().unwrap().unwrap();
        run(command.arg("--insecure-policy").args(arguments).env("HOME", shop.folder.path()))
    };
    let pushed = format!("{there}:1.0");
    command(&["copy", "--dest-tls-verify=false", "--dest-creds", &credentials, &image, &pushed]).unwrap();
    // Nobody needs a token to pull here: skopeo asks the token endpoint as a guest.
    let raw = command(&["inspect", "--tls-verify=false", "--raw", &pushed]).unwrap();
    assert!(raw.contains("application/vnd.oci.image.manifest.v1+json"), "{raw}");
    let copied = format!("{there}:2.0");
    let flags = ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--dest-creds", &credentials];
    command(&[&flags[..], &[&pushed, &copied]].concat()).unwrap();
    let tags = command(&["list-tags", "--tls-verify=false", &there]).unwrap();
    assert!(tags.contains("1.0") && tags.contains("2.0"), "{tags}");
    let back = format!("oci:{}:back", shop.path("back"));
    command(&["copy", "--src-tls-verify=false", &copied, &back]).unwrap();
    let refused = command(&["copy", "--dest-tls-verify=false", "--dest-creds", "ana:wrong", &image, &pushed]);
    assert!(refused.unwrap_err().to_string().to_lowercase().contains("unauthorized"));
}

/// An image with one empty layer, in skopeo's `oci:` layout.
fn image(shop: &Shop) -> String {
    use quoin_registry::digest::Digest;
    let folder = shop.folder.path().join("image");
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let store = |bytes: Vec<u8>| {
        let digest = Digest::sha256(&bytes);
        fs::write(blobs.join(digest.hex()), &bytes).unwrap();
        (digest, bytes.len())
    };
    // An empty tar archive is two blocks of zeros.
    let (layer, layer_size) = store(vec![0; 1024]);
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":["{layer}"]}}}}"#
    );
    let (config, config_size) = store(config.into_bytes());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":{config_size}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{layer}","size":{layer_size}}}]}}"#
    );
    let (manifest, manifest_size) = store(manifest.into_bytes());
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{manifest}","size":{manifest_size},"annotations":{{"org.opencontainers.image.ref.name":"first"}}}}]}}"#
    );
    fs::write(folder.join("index.json"), index).unwrap();
    format!("oci:{}:first", folder.display())
}

#[test]
fn wkg_publishes_and_gets() {
    let Some(wkg) = wkg().unwrap() else { return };
    let shop = Shop::open(&[]).unwrap();
    let component = connector("jira", &[]).unwrap();
    fs::write(shop.path("jira.wasm"), &component).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&wkg);
        command.args(arguments).current_dir(shop.folder.path()).env("HOME", shop.folder.path());
        command.env("WKG_OCI_USERNAME", "ana").env("WKG_OCI_PASSWORD", &shop.token);
        command.env("WKG_OCI_INSECURE", &shop.server.host).env("XDG_CONFIG_HOME", shop.folder.path());
        run(&mut command)
    };
    // An ordinary repository takes whatever wkg lays out.
    let ordinary = format!("{}/acme/parts/jira:0.1.0", shop.server.host);
    command(&["oci", "push", &ordinary, "jira.wasm"]).unwrap();
    command(&["oci", "pull", &ordinary, "-o", "pulled.wasm"]).unwrap();
    assert_eq!(fs::read(shop.path("pulled.wasm")).unwrap(), component);
    // A plugin's repository refuses what nobody signed, with the command that signs.
    let plugin = format!("{}/plugins/acme/jira:0.1.0", shop.server.host);
    let refused = command(&["oci", "push", &plugin, "jira.wasm"]).unwrap_err().to_string();
    assert!(refused.contains("quoin publish --key FILE"), "{refused}");
    // What was published with our own command is found by package name, through the well-known file.
    let published = shop.publish(&component, "acme/jira").unwrap();
    assert!(published.ok, "{}", published.err);
    let config = format!(
        "[namespace_registries]\nacme = \"{host}\"\n[registry.\"{host}\"]\ntype = \"oci\"\n[registry.\"{host}\".oci]\nprotocol = \"http\"\nauth = {{ username = \"ana\", password = \"{}\" }}\n",
        shop.token,
        host = shop.server.host
    );
    fs::write(shop.path("wkg.toml"), config).unwrap();
    command(&[
        "get",
        "acme:jira@0.1.0",
        "--config",
        "wkg.toml",
        "--format",
        "wasm",
        "--output",
        &shop.path("got.wasm"),
    ])
    .unwrap();
    assert_eq!(fs::read(shop.path("got.wasm")).unwrap(), component);
}
