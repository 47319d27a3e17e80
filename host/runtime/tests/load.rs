//! What may not be loaded, and the words it is refused with. Nothing changes after a refusal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use ports::{Connectors, Plugins};
use runtime::Options;
use support::{GUESTS_TOML, TINY_TOML, built, component, guest, options, root, runtime, tiny};

/// The same component with other bytes of the same length in it.
fn patched(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut found = 0;
    for at in 0..bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from.as_bytes() {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "'{from}' is not in the component");
    bytes
}

struct Refused {
    name: &'static str,
    component: Vec<u8>,
    manifest: String,
    words: &'static [&'static str],
}

fn refused(
    name: &'static str,
    component: Vec<u8>,
    manifest: impl Into<String>,
    words: &'static [&'static str],
) -> Refused {
    Refused { name, component, manifest: manifest.into(), words }
}

fn uploads() -> Vec<Refused> {
    let guests = built("guests");
    let engine = wasmtime::Engine::default();
    vec![
        refused(
            "not_a_component",
            b"MZ\x90\0 this is no wasm".to_vec(),
            TINY_TOML,
            &["not a WebAssembly component", "--target wasm32-wasip2"],
        ),
        refused("empty", Vec::new(), TINY_TOML, &["not a WebAssembly component"]),
        refused(
            "core_module",
            component("(module)"),
            TINY_TOML,
            &["a core module, not a component", "--target wasm32-wasip2"],
        ),
        refused(
            "precompiled",
            engine.precompile_component(&guests).unwrap(),
            GUESTS_TOML,
            &["precompiled", "Upload the component"],
        ),
        refused(
            "truncated",
            guests[..guests.len() / 2].to_vec(),
            GUESTS_TOML,
            &["damaged", "build or download it again"],
        ),
        refused("too_large", vec![0; (8 << 20) + 1], TINY_TOML, &["8388609 bytes; at most 8388608"]),
        refused(
            "too_many_functions",
            component(&format!("(component (core module {}))", "(func)".repeat(60_001))),
            TINY_TOML,
            &["60001 functions; at most 60000"],
        ),
        refused(
            "too_much_memory_at_the_start",
            component("(component (core module (memory 1025)))"),
            TINY_TOML,
            &["1025 pages of memory at the start"],
        ),
        refused("not_valid", component("(component (core module (func (result i32))))"), TINY_TOML, &["not valid"]),
        refused(
            "future_contract",
            patched(&guests, "\"contract\":\"1.0.0\"", "\"contract\":\"1.7.0\""),
            GUESTS_TOML,
            &["built with SDK 0.1.0 for contract 1.7.0", "this host speaks up to 1.0"],
        ),
        refused(
            "unreadable_stamp",
            component("(component (@custom \"quoin:contract\" \"{\"))"),
            TINY_TOML,
            &["quoin:contract is not readable"],
        ),
        refused(
            "no_describe",
            component("(component)"),
            TINY_TOML,
            &["does not export quoin:connector/describe@1.0.0", "register!"],
        ),
    ]
}

fn imports() -> Vec<Refused> {
    let acme = r#"(import "acme:shell/run@1.0.0" (instance $acme (export "run" (func))))"#;
    let http = r#"(import "wasi:http/outgoing-handler@0.2.0" (instance $http))"#;
    let wrong_type = r#"(import "quoin:host/clock@1.0.0" (instance $c (export "now-ms" (func (result string)))))"#;
    vec![
        refused(
            "forbidden_import",
            tiny(acme, "", "call $text"),
            TINY_TOML,
            &["imports acme:shell/run@1.0.0, which no plugin may", "remove the dependency"],
        ),
        refused(
            "forbidden_http",
            tiny(http, "", "call $text"),
            TINY_TOML,
            &["wasi:http/outgoing-handler@0.2.0", "requests go through quoin:host/http"],
        ),
        refused(
            "impure_transform",
            component(
                r#"(component
                    (import "quoin:host/http@1.0.0" (instance))
                    (instance $d)
                    (export "quoin:transform/describe@1.0.0" (instance $d)))"#,
            ),
            format!("kind = \"transform\"\n{TINY_TOML}[[object]]\nname = \"quote\"\n"),
            &["imports quoin:host/http@1.0.0", "a transform is pure"],
        ),
        refused(
            "import_of_another_type",
            tiny(wrong_type, "", "call $text"),
            TINY_TOML,
            &["does not fit this host", "now-ms"],
        ),
    ]
}

fn behaviours() -> Vec<Refused> {
    let clock = r#"(component
        (import "quoin:host/clock@1.0.0" (instance $clock (export "now-ms" (func (result u64)))))
        (core func $now (canon lower (func $clock "now-ms")))
        (core module $m
            (import "host" "now" (func $now (result i64)))
            (memory (export "memory") 1)
            (func (export "describe") (result i32) (drop (call $now)) (i32.const 16)))
        (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
        (func $describe (result string) (canon lift (core func $i "describe") (memory (core memory $i "memory"))))
        (instance $d (export "describe" (func $describe)))
        (export "quoin:connector/describe@1.0.0" (instance $d)))"#;
    let wrong_result = r#"(component
        (core module $m (memory (export "memory") 1) (func (export "describe") (result i32) (i32.const 1)))
        (core instance $i (instantiate $m))
        (func $describe (result u32) (canon lift (core func $i "describe")))
        (instance $d (export "describe" (func $describe)))
        (export "quoin:connector/describe@1.0.0" (instance $d)))"#;
    vec![
        refused(
            "loop_in_start",
            tiny("", "(func $s (loop br 0)) (start $s)", "call $text"),
            TINY_TOML,
            &["describe failed: plugin fault: PLUGIN_TIMEOUT"],
        ),
        refused(
            "loop_in_describe",
            tiny("", "", "(loop br 0) unreachable"),
            TINY_TOML,
            &["describe failed: plugin fault: PLUGIN_TIMEOUT"],
        ),
        refused(
            "trap_in_describe",
            tiny("", "", "unreachable"),
            TINY_TOML,
            &["describe failed: plugin fault: PLUGIN_TRAP"],
        ),
        refused(
            "describe_out_of_bounds",
            tiny("", "", "(i32.const 0x7fffffff)"),
            TINY_TOML,
            &["describe failed: plugin fault: PLUGIN_MALFORMED_OUTPUT"],
        ),
        refused(
            "describe_uses_an_import",
            component(clock),
            TINY_TOML,
            &["describe used quoin:host/clock; it must be pure"],
        ),
        refused(
            "describe_of_another_type",
            component(wrong_result),
            TINY_TOML,
            &["type mismatch", "expected `string` found `u32`"],
        ),
        refused(
            "more_memory_than_asked_for",
            tiny("", "", "(if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)) call $text"),
            format!("limits = {{ memory_mib = 1 }}\n{TINY_TOML}"),
            &["PLUGIN_MEMORY", "grants 1048576"],
        ),
    ]
}

fn manifests() -> Vec<Refused> {
    let tiny = tiny("", "", "call $text");
    let guests = || built("guests");
    let with = |from: &str, to: &str| GUESTS_TOML.replacen(from, to, 1);
    vec![
        refused(
            "manifest_mismatch",
            guests(),
            with("Rude guests", "Nice guests"),
            &["differ at line 2", "`name = \"Rude guests\"`", "`name = \"Nice guests\"`"],
        ),
        refused("manifest_is_no_toml", tiny.clone(), "id = ", &["connector.toml cannot be read"]),
        refused(
            "manifest_of_the_future",
            tiny.clone(),
            TINY_TOML.replace("1.0\"\ndes", "1.9\"\ndes"),
            &["built for 1.9", "this host speaks up to 1.0"],
        ),
        refused(
            "manifest_of_a_transform",
            tiny.clone(),
            format!("kind = \"transform\"\n{TINY_TOML}[[object]]\nname = \"quote\"\n"),
            &["does not export quoin:transform/transform@1.0.0", "register_transform!"],
        ),
        refused(
            "transform_that_reaches_out",
            tiny.clone(),
            format!("kind = \"transform\"\n{TINY_TOML}[network]\norigins = [\"https://a.example\"]\n"),
            &["connector.toml, network", "a transform reaches nothing"],
        ),
        refused(
            "unknown_object",
            tiny.clone(),
            format!("{TINY_TOML}[[object]]\nname = \"spaceship\"\n"),
            &["object.spaceship", "there are customer, quote"],
        ),
        refused(
            "declared_without_the_power",
            tiny,
            format!(
                "{TINY_TOML}[[object]]\nname = \"quote\"\nread = true\ncursor = {{ field = \"a\", tie_break = \"b\" }}\n"
            ),
            &["does not export 'source'", "register!"],
        ),
        refused(
            "power_without_declaration",
            guests(),
            with("write = true\n", ""),
            &["exports 'sink', but connector.toml has not an [[object]] with write = true"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_loaded_is_refused_in_words() {
    let sandbox = runtime(Options { component_bytes: 8 << 20, ..options() });
    sandbox.load(built("guests"), GUESTS_TOML.into()).await.unwrap();
    sandbox.add_connection(guest("polite")).unwrap();
    let before = sandbox.plugins();
    for case in uploads().into_iter().chain(imports()).chain(behaviours()).chain(manifests()) {
        let message = sandbox.load(case.component, case.manifest).await.expect_err(case.name);
        for words in case.words {
            assert!(message.contains(words), "{}: '{words}' is not in: {message}", case.name);
        }
    }
    assert_eq!(sandbox.plugins(), before);
    let request = ports::ReadRequest { object: "customer".into(), limit: 10, ..Default::default() };
    assert!(sandbox.read("polite", request).await.result.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_cut_off_anywhere_is_refused() {
    let sandbox = runtime(options());
    let guests = built("guests");
    for at in (0..guests.len()).step_by(guests.len() / 64) {
        assert!(sandbox.load(guests[..at].to_vec(), GUESTS_TOML.into()).await.is_err(), "cut off at {at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_without_a_stamp_serves_and_says_so() {
    let sandbox = runtime(options());
    let info = sandbox.load(tiny("", "", "call $text"), TINY_TOML.into()).await.unwrap();
    assert!(info.notes["contract"].starts_with("not stamped"), "{info:?}");
    assert!(info.powers.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loaded_plugin_tells_what_it_is() {
    let sandbox = runtime(options());
    let info = sandbox.load(built("guests"), GUESTS_TOML.into()).await.unwrap();
    assert_eq!(info.powers, ["checks", "discovers", "reads", "writes", "listens"]);
    assert_eq!((info.notes["contract"].as_str(), info.notes["language"].as_str()), ("1.0.0", "rust"));
    assert_eq!(info.digest.len(), 64);
}

/// Whatever connectors were built, by the names of their folders.
#[tokio::test(flavor = "multi_thread")]
async fn every_connector_that_was_built_loads() {
    let sandbox = runtime(options());
    for folder in std::fs::read_dir(root().join("plugins")).unwrap().map(|entry| entry.unwrap().path()) {
        let (Some(name), Ok(manifest)) = (folder.file_name(), std::fs::read_to_string(folder.join("connector.toml")))
        else {
            continue;
        };
        let component = format!("plugin_{}", name.to_string_lossy().replace('-', "_"));
        let info =
            sandbox.load(built(&component), manifest).await.unwrap_or_else(|refused| panic!("{component}: {refused}"));
        assert_eq!(info.id, name.to_string_lossy());
    }
}
