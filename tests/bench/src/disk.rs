//! The disk's raw flush, and a file that is ready to be flushed into.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::stats::{LOOP, Spread};

/// One record.
pub(crate) const RECORD_BYTES: usize = 1 << 10;
/// Written with zeros beforehand, so that a flush does not change the file's size; begun again at
/// its end.
const READY_BYTES: u64 = 32 << 20;

/// One record a flush, one at a time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Flush {
    /// Appended to a growing file.
    pub(crate) appends_per_second: f64,
    /// Written into a file that is ready.
    pub(crate) ready_per_second: f64,
    /// How long the latter took.
    pub(crate) ready: Spread,
}

/// Measures both.
pub(crate) fn measure(folder: &Path) -> anyhow::Result<Flush> {
    let record = [7_u8; RECORD_BYTES];
    let mut growing = File::create(folder.join("growing"))?;
    let appended = flushes(|| {
        growing.write_all(&record)?;
        growing.sync_data()
    })?;
    let mut ready = Ready::create(&folder.join("ready"))?;
    let written = flushes(|| ready.flush(&record))?;
    let rate =
        |times: &[std::time::Duration]| times.len() as f64 / times.iter().sum::<std::time::Duration>().as_secs_f64();
    Ok(Flush { appends_per_second: rate(&appended), ready_per_second: rate(&written), ready: Spread::of(written) })
}

fn flushes(mut flush: impl FnMut() -> std::io::Result<()>) -> std::io::Result<Vec<std::time::Duration>> {
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < LOOP {
        let before = Instant::now();
        flush()?;
        times.push(before.elapsed());
    }
    Ok(times)
}

/// A file written with zeros beforehand.
pub(crate) struct Ready {
    file: File,
    at: u64,
}

impl Ready {
    /// Makes it.
    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        let mut file = File::create(path)?;
        let zeros = vec![0_u8; 1 << 20];
        for _ in 0..READY_BYTES >> 20 {
            file.write_all(&zeros)?;
        }
        file.sync_all()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { file, at: 0 })
    }

    /// Writes and flushes.
    pub(crate) fn flush(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let length = bytes.len() as u64;
        if self.at + length > READY_BYTES {
            self.file.seek(SeekFrom::Start(0))?;
            self.at = 0;
        }
        self.file.write_all(bytes)?;
        self.at += length;
        self.file.sync_data()
    }
}
