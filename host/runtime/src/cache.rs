//! Compiled components on disk. What is read here is executed, so each file carries a MAC, under a
//! key only this host has, over its name and every byte that will run. Anything else than a match
//! means: compile again, with a warning, never an error.

use std::fs::{self, DirBuilder, File, Permissions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{digest, hmac};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::CacheOptions;
use crate::worker::{CompileWorker, NotCompiled};

/// Layout of a file: this, the MAC, the compiled code.
const MAGIC: &[u8] = b"QUOINAOT1";
const MAC_BYTES: usize = 32;
/// Files kept; the oldest go. A host has a handful of plugins, each with a few versions.
const KEPT_FILES: usize = 64;
/// Bytes kept; the oldest go. A plugin in Python compiles to 35 MiB, and its author builds often.
const KEPT_BYTES: u64 = 1 << 30;
/// Numbers temporary files, so that two sandboxes of one process never write to the same one.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// A component, compiled or from the cache, and whether it came from the cache. Blocks for as long
/// as a compilation takes: never on an async worker.
pub fn component(
    engine: &Engine,
    bytes: &[u8],
    digest: &str,
    cache: Option<&CacheOptions>,
    worker: Option<&CompileWorker>,
) -> wasmtime::Result<(Component, bool)> {
    let Some(options) = cache else { return Ok((compiled(engine, bytes, worker)?, false)) };
    let cache = Cache { options, name: file_name(engine, digest) };
    match cache.read() {
        Ok(Some(compiled)) => match deserialize(engine, &compiled) {
            Ok(component) => return Ok((component, true)),
            Err(error) => {
                tracing::warn!(file = cache.name, %error, "the compiled plugin does not fit this engine; compiling again")
            }
        },
        Ok(None) => {}
        Err(error) => tracing::warn!(file = cache.name, %error, "the compiled plugin cannot be used; compiling again"),
    }
    let component = compiled(engine, bytes, worker)?;
    if let Err(error) = component.serialize().map_err(io::Error::other).and_then(|compiled| cache.write(&compiled)) {
        tracing::warn!(dir = %options.dir.display(), %error, "the compiled plugin could not be kept; the next start compiles again");
    }
    Ok((component, false))
}

/// Compiles, in a process of its own where there is a worker.
fn compiled(engine: &Engine, bytes: &[u8], worker: Option<&CompileWorker>) -> wasmtime::Result<Component> {
    let Some(worker) = worker else { return Component::from_binary(engine, bytes) };
    match worker.run(bytes) {
        Ok(code) => deserialize(engine, &code),
        Err(NotCompiled::Component(reason)) => Err(wasmtime::Error::msg(reason)),
        Err(NotCompiled::Worker(error)) => {
            Err(wasmtime::Error::msg(format!("the compiler could not be run ({error}); try again")))
        }
    }
}

/// Loads compiled code.
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: these exact bytes, in memory and not on disk, were checked against a MAC that only this
    // host can make, which it makes over nothing but the output of `Component::serialize`; or our own
    // program has just written them, in a folder that nobody else may open.
    unsafe { Component::deserialize(engine, compiled) }
}

/// The component's digest and everything of the engine that compiled code depends on.
fn file_name(engine: &Engine, digest: &str) -> String {
    let mut hasher = Sha256Hasher(digest::Context::new(&digest::SHA256));
    engine.precompile_compatibility_hash().hash(&mut hasher);
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    let compatibility = hex::encode(&hasher.0.finish().as_ref()[..8]);
    format!("{digest}-{compatibility}.cwasm")
}

/// SHA-256 as a `Hasher`, because file names outlive a process and the standard hasher is not
/// promised to stay the same.
struct Sha256Hasher(digest::Context);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finish();
        digest.as_ref().iter().take(8).fold(0, |value, byte| (value << 8) | u64::from(*byte))
    }
}

struct Cache<'a> {
    options: &'a CacheOptions,
    name: String,
}

impl Cache<'_> {
    fn path(&self) -> PathBuf {
        self.options.dir.join(&self.name)
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.options.key)
    }

    /// `Ok(None)`: not there. An error: there, but not to be trusted.
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let path = self.path();
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("not a plain file")),
            Ok(_) => {}
        }
        let mut file = Vec::new();
        File::open(&path)?.read_to_end(&mut file)?;
        let body = file.strip_prefix(MAGIC).ok_or_else(|| io::Error::other("of another layout"))?;
        let (mac, compiled) = body.split_at_checked(MAC_BYTES).ok_or_else(|| io::Error::other("cut off"))?;
        hmac::verify(&self.key(), &self.signed(compiled), mac)
            .map_err(|_| io::Error::other("its MAC does not match: it was changed, or another host made it"))?;
        Ok(Some(compiled.to_vec()))
    }

    /// What the MAC covers: the name too, so that files cannot be exchanged.
    fn signed(&self, compiled: &[u8]) -> Vec<u8> {
        [self.name.as_bytes(), &[0], compiled].concat()
    }

    /// Whole or not at all: a temporary file, flushed, then renamed.
    fn write(&self, compiled: &[u8]) -> io::Result<()> {
        private_dir(&self.options.dir)?;
        let mac = hmac::sign(&self.key(), &self.signed(compiled));
        let nobody_elses =
            format!("{}.{}.{}.tmp", self.name, std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed));
        let temporary = self.options.dir.join(nobody_elses);
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        for part in [MAGIC, mac.as_ref(), compiled] {
            file.write_all(part)?;
        }
        file.sync_all()?;
        fs::rename(&temporary, self.path())?;
        prune(&self.options.dir)
    }
}

/// Makes the folder, or takes everybody else's rights on it away.
fn private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let metadata = fs::symlink_metadata(dir)?;
    if !metadata.is_dir() {
        return Err(io::Error::other("the cache folder is not a plain folder"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Removes the oldest files over the limits.
fn prune(dir: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "cwasm") {
            let about = entry.metadata()?;
            files.push((about.modified()?, entry.path(), about.len()));
        }
    }
    files.sort();
    let mut bytes = 0_u64;
    for (newer, (_, path, length)) in files.iter().rev().enumerate() {
        bytes = bytes.saturating_add(*length);
        // The newest stays, however large.
        if newer >= KEPT_FILES || (newer > 0 && bytes > KEPT_BYTES) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_when_the_files_together_are_too_large_and_the_newest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: u64, second: u64| {
            // Sparse: a gigabyte that is not there.
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_len(bytes).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(second)).unwrap();
        };
        write("older.cwasm", 1 << 20, 1);
        write("old.cwasm", KEPT_BYTES / 2 + 1, 2);
        write("new.cwasm", KEPT_BYTES / 2, 3);
        write("notes.txt", KEPT_BYTES, 0);
        let left = || {
            let mut names: Vec<String> = fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        prune(folder.path()).unwrap();
        assert_eq!(left(), ["new.cwasm", "notes.txt"]);
        write("huge.cwasm", KEPT_BYTES + 1, 4);
        prune(folder.path()).unwrap();
        assert_eq!(left(), ["huge.cwasm", "notes.txt"]);
    }
}
