//! Compiling in a process of its own: a component can be valid and still cost its compiler gigabytes, and
//! the host must not pay for that.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::engine;

/// Memory of the worker, KiB: the largest honest plugin (18 MiB of Python) compiles in 1 GiB, and the engine
/// reserves address space beside it.
const MEMORY_KIB: u64 = 4 << 20;
/// Processor time of the worker, seconds: the largest honest plugin compiles in 9.
const PROCESSOR_SECONDS: u64 = 120;
/// Wall time of the worker, for a machine with other work.
const WALL: Duration = Duration::from_secs(300);
/// Threads of the worker: loading is waited for, but the flows have the machine.
const THREADS_MAX: usize = 4;
/// Where the compiler's thread pool (rayon) looks for their number.
const THREADS: &str = "RAYON_NUM_THREADS";
/// What is read of its words, bytes.
const WORDS_BYTES: usize = 2 << 10;
/// How often the worker is looked at: no more than a hundredth of what a small component takes.
const LOOK: Duration = Duration::from_millis(2);

/// A program that compiles: called with its arguments, then the component's file and the file to write.
#[derive(Debug, Clone)]
pub struct CompileWorker {
    /// The program: the host's own, so that both have the same compiler.
    pub program: PathBuf,
    /// Arguments before the two files.
    pub arguments: Vec<OsString>,
}

/// What the worker runs: compiles one file into another, for a host of the same build.
///
/// # Errors
/// What is wrong with the component, or the files.
pub fn compile(component: &Path, compiled: &Path) -> Result<(), String> {
    let bytes = std::fs::read(component).map_err(|error| format!("{}: {error}", component.display()))?;
    let engine = engine::compiler().map_err(|error| format!("this machine cannot compile components: {error:#}"))?;
    let code = engine.precompile_component(&bytes).map_err(|error| format!("{error:#}"))?;
    std::fs::write(compiled, code).map_err(|error| format!("{}: {error}", compiled.display()))
}

/// Why there is no code.
pub enum NotCompiled {
    /// The component is at fault.
    Component(String),
    /// The worker could not be run.
    Worker(io::Error),
}

impl CompileWorker {
    /// Compiles a component within the limits; blocks meanwhile.
    pub fn run(&self, bytes: &[u8]) -> Result<Vec<u8>, NotCompiled> {
        let folder = Folder::make().map_err(NotCompiled::Worker)?;
        let (component, compiled) = (folder.0.join("component.wasm"), folder.0.join("component.cwasm"));
        std::fs::write(&component, bytes).map_err(NotCompiled::Worker)?;
        let limits = format!("ulimit -v {MEMORY_KIB}; ulimit -t {PROCESSOR_SECONDS}; ulimit -c 0; exec \"$0\" \"$@\"");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &limits]).arg(&self.program).args(&self.arguments).arg(&component).arg(&compiled);
        // Each further arena of the C library takes address space and nothing else.
        command.env_clear().env("MALLOC_ARENA_MAX", "2").env(THREADS, threads()).current_dir(&folder.0);
        let words = folder.0.join("words");
        let said = std::fs::File::create(&words).map_err(NotCompiled::Worker)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        let mut child = command.spawn().map_err(NotCompiled::Worker)?;
        let until = Instant::now() + WALL;
        let status = loop {
            match child.try_wait().map_err(NotCompiled::Worker)? {
                Some(status) => break status,
                None if Instant::now() > until => {
                    child.kill().map_err(NotCompiled::Worker)?;
                    break child.wait().map_err(NotCompiled::Worker)?;
                }
                // Not tokio: this thread does nothing else, and its own process is what it waits for.
                None => std::thread::sleep(LOOK),
            }
        };
        if status.success() {
            return std::fs::read(&compiled).map_err(NotCompiled::Worker);
        }
        let words = std::fs::read_to_string(&words).unwrap_or_default();
        Err(NotCompiled::Component(reason(&words)))
    }
}

/// As many as there are cores, within bounds.
fn threads() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.min(THREADS_MAX).to_string()
}

/// What the worker said; a worker that was stopped says nothing of use.
fn reason(words: &str) -> String {
    match words.trim().strip_prefix("error: ") {
        Some(said) => said.chars().take(WORDS_BYTES).collect(),
        None => format!(
            "compiling it took more than {} MiB of memory or {PROCESSOR_SECONDS} s of processor time; build it in release, and with fewer or smaller functions",
            MEMORY_KIB >> 10
        ),
    }
}

/// A folder that only we may look into, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn make() -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("quoin-compile-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        // Fails when it is there already: nobody else may have made it.
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "a folder of the compiler could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> Result<Vec<u8>, String> {
        let worker = CompileWorker { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
        worker.run(b"component").map_err(|error| match error {
            NotCompiled::Component(reason) => reason,
            NotCompiled::Worker(error) => error.to_string(),
        })
    }

    #[test]
    fn a_workers_file_is_what_comes_back() {
        assert_eq!(run("cat \"$0\" > \"$1\"").unwrap(), b"component");
    }

    #[test]
    fn a_worker_that_fails_says_why() {
        assert_eq!(run("echo 'error: it is green' >&2; exit 1").unwrap_err(), "it is green");
    }

    #[test]
    fn a_worker_that_is_stopped_leaves_a_reason() {
        for script in ["kill -9 $$", "exit 7", "ulimit -v 1; ls"] {
            assert!(run(script).unwrap_err().contains("4096 MiB of memory"), "{script}");
        }
    }

    #[test]
    fn a_worker_has_limits_and_no_surroundings() {
        let said = run("echo \"error: $(ulimit -v) $(ulimit -t) $HOME\" >&2; exit 1").unwrap_err();
        assert_eq!(said.trim(), format!("{MEMORY_KIB} {PROCESSOR_SECONDS}"));
    }
}
