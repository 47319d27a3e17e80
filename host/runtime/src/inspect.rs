//! A look at an upload before anything is compiled: what it is, how big its parts are, what it
//! imports, and which contract it was built for. Every refusal says how to mend it.

use serde::Deserialize;
use wasmparser::{Parser, Payload};
use wasmtime::Engine;

/// Largest parts of an upload. In brackets the largest seen in honest plugins of any language.
struct Caps {
    functions: u64,    // [13,500]
    body_bytes: u64,   // [416 KiB]
    modules: u64,      // [38]
    instances: u64,    // [109]
    memories: u64,     // [1]
    tables: u64,       // [3]
    nesting: u64,      // [2]
    custom_bytes: u64, // [406 KiB]
    memory_pages: u64, // [199] pages of 64 KiB at the start, all memories
}

const CAPS: Caps = Caps {
    functions: 60_000,
    body_bytes: 1 << 20,
    modules: 64,
    instances: 256,
    memories: 4,
    tables: 16,
    nesting: 4,
    custom_bytes: 2 << 20,
    memory_pages: 1_024,
};

/// Interfaces of the contract that a connector may import.
const CONTRACT_IMPORTS: [&str; 6] = [
    "quoin:types/types",
    "quoin:host/log",
    "quoin:host/http",
    "quoin:host/clock",
    "quoin:host/config",
    "quoin:host/verify",
];

/// Packages of WASI 0.2 that are linked, and grant nothing.
const WASI_PACKAGES: [&str; 6] =
    ["wasi:cli", "wasi:io", "wasi:clocks", "wasi:random", "wasi:filesystem", "wasi:sockets"];

/// Highest contract of major 1 that this host speaks.
pub const CONTRACT_MINOR: u64 = 0;

/// What the SDK wrote into the component.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Stamp {
    /// Contract version, `major.minor.patch`.
    pub contract: String,
    /// SDK version.
    #[serde(default)]
    pub sdk: String,
    /// Language of the SDK.
    #[serde(default)]
    pub language: String,
}

/// Looks at an upload. `Ok(None)`: fine, but without a stamp.
///
/// # Errors
/// What is wrong, and how to mend it.
pub fn inspect(bytes: &[u8], limit_bytes: usize) -> Result<Option<Stamp>, String> {
    if bytes.len() > limit_bytes {
        return Err(format!("the component has {} bytes; at most {limit_bytes} are taken", bytes.len()));
    }
    if Engine::detect_precompiled(bytes).is_some() {
        return Err(
            "this is a precompiled file: it would run unchecked. Upload the component it was made from (.wasm)".into(),
        );
    }
    if Parser::is_core_wasm(bytes) {
        return Err("this is a core module, not a component; build with `cargo build --target wasm32-wasip2`, or wrap it with `wasm-tools component new`".into());
    }
    if !Parser::is_component(bytes) {
        return Err("this is not a WebAssembly component; build one with `cargo build --target wasm32-wasip2`".into());
    }
    let mut seen = Seen::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload =
            payload.map_err(|error| format!("the component is damaged: {error}; build or download it again"))?;
        seen.take(&payload)?;
    }
    let stamp = seen.stamp.as_deref().map(read_stamp).transpose()?;
    if let Some(stamp) = &stamp {
        check_contract(&stamp.contract, &format!("the component was built with SDK {} for contract", stamp.sdk))?;
    }
    Ok(stamp)
}

/// Whether this host speaks a contract version (`1.0` or `1.0.0`).
///
/// # Errors
/// In words, beginning with `who`.
pub fn check_contract(version: &str, who: &str) -> Result<(), String> {
    let mut parts = version.split('.').map(str::parse::<u64>);
    let mend = format!("this host speaks up to 1.{CONTRACT_MINOR}; build with a matching SDK, or upgrade the host");
    match (parts.next(), parts.next()) {
        (Some(Ok(1)), Some(Ok(minor))) if (0..=CONTRACT_MINOR).contains(&minor) => Ok(()),
        (Some(Ok(_)), Some(Ok(_))) => Err(format!("{who} {version}; {mend}")),
        _ => Err(format!("{who} '{version}', which is no version such as 1.0; {mend}")),
    }
}

fn read_stamp(bytes: &[u8]) -> Result<Stamp, String> {
    serde_json::from_slice(bytes)
        .map_err(|error| format!("the section quoin:contract is not readable: {error}; rebuild with a Quoin SDK"))
}

/// Counts while walking.
#[derive(Default)]
struct Seen {
    depth: u64,
    functions: u64,
    modules: u64,
    instances: u64,
    memories: u64,
    tables: u64,
    custom_bytes: u64,
    memory_pages: u64,
    stamp: Option<Vec<u8>>,
}

impl Seen {
    fn take(&mut self, payload: &Payload<'_>) -> Result<(), String> {
        match payload {
            Payload::Version { .. } => {
                self.depth += 1;
                cap("levels of nesting", self.depth - 1, CAPS.nesting)
            }
            Payload::End(_) => {
                self.depth -= 1;
                Ok(())
            }
            Payload::ModuleSection { .. } => add("modules", &mut self.modules, 1, CAPS.modules),
            Payload::InstanceSection(section) => {
                add("core instances", &mut self.instances, section.count().into(), CAPS.instances)
            }
            Payload::CodeSectionStart { count, .. } => {
                add("functions", &mut self.functions, (*count).into(), CAPS.functions)
            }
            Payload::CodeSectionEntry(body) => {
                cap("bytes in one function", length(body.range().len()), CAPS.body_bytes)
            }
            Payload::TableSection(section) => add("tables", &mut self.tables, section.count().into(), CAPS.tables),
            Payload::MemorySection(section) => self.memories(section.clone()),
            Payload::CustomSection(section) => {
                if section.name() == "quoin:contract" {
                    self.stamp = Some(section.data().to_vec());
                }
                add("bytes of custom sections", &mut self.custom_bytes, length(section.data().len()), CAPS.custom_bytes)
            }
            Payload::ComponentImportSection(section) if self.depth == 1 => imports(section.clone()),
            _ => Ok(()),
        }
    }

    fn memories(&mut self, section: wasmparser::MemorySectionReader<'_>) -> Result<(), String> {
        for memory in section {
            let memory = memory.map_err(|error| format!("the component is damaged: {error}"))?;
            add("memories", &mut self.memories, 1, CAPS.memories)?;
            add("pages of memory at the start", &mut self.memory_pages, memory.initial, CAPS.memory_pages)?;
        }
        Ok(())
    }
}

fn imports(section: wasmparser::ComponentImportSectionReader<'_>) -> Result<(), String> {
    for import in section {
        let import = import.map_err(|error| format!("the component is damaged: {error}"))?;
        admit(import.name.name)?;
    }
    Ok(())
}

/// Whether a connector may import this.
fn admit(name: &str) -> Result<(), String> {
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    let package = interface.split('/').next().unwrap_or_default();
    let mend = if CONTRACT_IMPORTS.contains(&interface) {
        return check_contract(version, &format!("the component imports {interface} of contract"));
    } else if WASI_PACKAGES.contains(&package) {
        if version.starts_with("0.2.") {
            return Ok(());
        }
        "this host links WASI 0.2; build with `--target wasm32-wasip2`"
    } else if package == "wasi:http" {
        "requests go through quoin:host/http, where policy and credentials are; in Rust: host.send(Request::get(url).credential(\"api\"))"
    } else if package == "quoin:host" {
        "this host has log, http, clock, config and verify; build with the SDK of this host's contract"
    } else {
        "it is no part of the contract; remove the dependency that imports it"
    };
    Err(format!("the component imports {name}, which no plugin may: {mend}"))
}

fn add(what: &str, total: &mut u64, more: u64, limit: u64) -> Result<(), String> {
    *total = total.saturating_add(more);
    cap(what, *total, limit)
}

fn cap(what: &str, value: u64, limit: u64) -> Result<(), String> {
    if value > limit {
        return Err(format!("the component has {value} {what}; at most {limit} are taken"));
    }
    Ok(())
}

fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_admitted_by_name_and_version() {
        for name in
            ["quoin:host/http@1.0.0", "quoin:types/types@1.0.0", "wasi:io/streams@0.2.6", "wasi:sockets/tcp@0.2.0"]
        {
            assert_eq!(admit(name), Ok(()), "{name}");
        }
        let refused = [
            ("quoin:host/http@1.1.0", "speaks up to 1.0"),
            ("quoin:host/http@2.0.0", "speaks up to 1.0"),
            ("quoin:host/state@1.0.0", "log, http, clock"),
            ("wasi:http/outgoing-handler@0.2.0", "quoin:host/http"),
            ("wasi:io/streams@0.3.0", "wasm32-wasip2"),
            ("acme:shell/run@1.0.0", "remove the dependency"),
            ("run", "remove the dependency"),
        ];
        for (name, mend) in refused {
            let message = admit(name).unwrap_err();
            assert!(message.contains(name.split('@').next().unwrap()) && message.contains(mend), "{name}: {message}");
        }
    }

    #[test]
    fn contracts_of_the_future_are_answered_in_words() {
        assert_eq!(check_contract("1.0", "x"), Ok(()));
        assert_eq!(check_contract("1.0.9", "x"), Ok(()));
        for version in ["1.1", "2.0", "0.9", "one", ""] {
            assert!(
                check_contract(version, "built for").unwrap_err().contains("this host speaks up to 1.0"),
                "{version}"
            );
        }
    }
}
