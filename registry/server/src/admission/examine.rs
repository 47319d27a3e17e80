//! Looking into a component: in a process of its own, under limits of memory, processor and wall
//! time. A component can be valid and still cost its compiler gigabytes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Address space of a worker, KiB: the largest honest plugin (18 MiB of Python) compiles in 1 GiB.
const MEMORY_KIB: u64 = 4 << 20;
/// Processor time of a worker, seconds: the largest honest plugin compiles in 9.
const PROCESSOR_SECONDS: u64 = 120;
/// Wall time of a worker, seconds, for a machine with other work.
const WALL_SECONDS: u64 = 300;
/// Workers at once: each may take [`MEMORY_KIB`].
const WORKERS: usize = 2;
/// What is read of a worker's answer, bytes: a manifest has a few thousand.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// What was found on a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    /// `connector.toml`, as the component describes itself.
    pub connector: String,
    /// Contract version stamped into it.
    pub contract: String,
    /// SDK and language stamped into it.
    pub sdk: String,
    /// Powers found on it.
    pub powers: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
}

/// A worker's answer, on its standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may go on.
    Fit(Examination),
    /// It may not, and why.
    Unfit(String),
}

/// Looks into components.
#[async_trait]
pub trait Examiner: Send + Sync {
    /// What the component in this file is, or in a sentence why it is none that may be published.
    async fn examine(&self, component: &Path) -> Result<Examination, String>;
}

/// Looks into components in a process of its own.
pub struct Worker {
    program: PathBuf,
    arguments: Vec<OsString>,
    places: Semaphore,
}

impl Worker {
    /// A worker that is this program with these arguments and then the file; it prints a [`Verdict`] as JSON.
    pub fn new(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { program, arguments, places: Semaphore::new(WORKERS) }
    }

    async fn run(&self, component: &Path) -> std::io::Result<Option<Verdict>> {
        let limits = format!("ulimit -v {MEMORY_KIB}; ulimit -t {PROCESSOR_SECONDS}; ulimit -c 0; exec \"$0\" \"$@\"");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &limits])
            .arg(&self.program)
            .args(&self.arguments)
            .arg(component)
            .env_clear()
            // Each further arena of the C library takes address space and nothing else.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let ended = tokio::time::timeout(Duration::from_secs(WALL_SECONDS), command.output()).await;
        let Ok(ended) = ended else { return Ok(None) };
        let answer = ended?.stdout;
        let whole = answer.len() <= ANSWER_BYTES_MAX;
        Ok(if whole { serde_json::from_slice(&answer).ok() } else { None })
    }
}

#[async_trait]
impl Examiner for Worker {
    async fn examine(&self, component: &Path) -> Result<Examination, String> {
        let again = "the registry cannot look into components now; try again later";
        let _place = self.places.acquire().await.map_err(|_| again.to_owned())?;
        match self.run(component).await {
            Ok(Some(Verdict::Fit(examination))) => Ok(examination),
            Ok(Some(Verdict::Unfit(reason))) => Err(reason),
            Ok(None) => Err(format!(
                "looking into it took more than {} MiB of memory or {PROCESSOR_SECONDS} s of processor time; build it in release, and with fewer or smaller functions",
                MEMORY_KIB >> 10
            )),
            Err(error) => {
                tracing::error!(%error, "the worker cannot be started");
                Err(again.to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examine(script: &str) -> Result<Examination, String> {
        let worker = Worker::new("/bin/sh".into(), vec!["-c".into(), script.into()]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(worker.examine(Path::new("component.wasm")))
    }

    #[test]
    fn a_workers_word_counts() {
        assert_eq!(examine(r#"echo '{"unfit":"it is green"}'"#), Err("it is green".into()));
        let found = examine(r#"echo '{"fit":{"connector":"x","contract":"1.0","sdk":"","powers":[],"imports":[]}}'"#);
        assert_eq!(found.unwrap().connector, "x");
    }

    #[test]
    fn a_worker_that_dies_or_babbles_admits_nothing() {
        for script in ["exit 1", "kill -9 $$", "echo hello", "true"] {
            assert!(examine(script).unwrap_err().contains("MiB of memory"), "{script}");
        }
    }

    #[test]
    fn a_worker_has_limits_and_no_surroundings() {
        let limits = examine(r#"echo "{\"unfit\":\"$(ulimit -v) $(ulimit -t) $HOME\"}""#).unwrap_err();
        assert_eq!(limits, format!("{MEMORY_KIB} {PROCESSOR_SECONDS} "));
    }
}
