//! One segment file: its name, its header, and how it is prepared: written full of zeros and
//! flushed before its first frame, so that a commit changes no file size and costs one flush.
//!
//! ```text
//! "QUOINJNL" | format u32 | segment u64 | file size u64 | crc32c u32
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::JournalError;

/// Bytes before the first frame.
pub(crate) const HEADER_BYTES: usize = 32;
const MAGIC: [u8; 8] = *b"QUOINJNL";
const FORMAT: u32 = 1;
const SUFFIX: &str = "seg";

/// The file of a segment.
pub(crate) fn path(folder: &Path, index: u64) -> PathBuf {
    folder.join(format!("{index:010}.{SUFFIX}"))
}

fn header(index: u64, file_bytes: u64) -> [u8; HEADER_BYTES] {
    let mut out = [0; HEADER_BYTES];
    out[..8].copy_from_slice(&MAGIC);
    out[8..12].copy_from_slice(&FORMAT.to_be_bytes());
    out[12..20].copy_from_slice(&index.to_be_bytes());
    out[20..28].copy_from_slice(&file_bytes.to_be_bytes());
    let sum = crc32c::crc32c(&out[..28]);
    out[28..].copy_from_slice(&sum.to_be_bytes());
    out
}

/// Makes durable what a folder lists.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(JournalError::io("flush the folder", folder))
}

/// Prepares a segment: zeros under another name, flushed, then renamed. So a segment that has
/// its name is complete.
pub(crate) fn prepare(folder: &Path, index: u64, file_bytes: u64) -> Result<(), JournalError> {
    const CHUNK_BYTES: usize = 1 << 20;
    let unfinished = folder.join(format!("{index:010}.tmp"));
    let write = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(&header(index, file_bytes))?;
        let zeros = vec![0; CHUNK_BYTES];
        let mut left = usize::try_from(file_bytes).unwrap_or(usize::MAX).saturating_sub(HEADER_BYTES);
        while left > 0 {
            let part = zeros.get(..left).unwrap_or(&zeros);
            file.write_all(part)?;
            left -= part.len();
        }
        file.sync_all()?;
        fs::rename(&unfinished, path(folder, index))
    };
    if let Err(source) = write() {
        // Frees the room again; what matters is the first error.
        let _ = fs::remove_file(&unfinished);
        return Err(JournalError::io("prepare", &path(folder, index))(source));
    }
    sync_folder(folder)
}

/// Removes what an interrupted preparation left.
pub(crate) fn remove_unfinished(folder: &Path) -> Result<(), JournalError> {
    let failed = || JournalError::io("tidy", folder);
    for entry in fs::read_dir(folder).map_err(failed())? {
        let file = entry.map_err(failed())?.path();
        if file.extension().is_some_and(|extension| extension == "tmp") {
            fs::remove_file(&file).map_err(JournalError::io("remove", &file))?;
        }
    }
    Ok(())
}

/// Numbers of the segments in a folder: 1 to n without a gap.
pub(crate) fn list(folder: &Path) -> Result<Vec<u64>, JournalError> {
    let failed = || JournalError::io("list", folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let file = entry.map_err(failed())?.path();
        let is_segment = file.extension().is_some_and(|extension| extension == SUFFIX);
        let index = file.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        if let (true, Some(index)) = (is_segment, index) {
            found.push(index);
        }
    }
    found.sort_unstable();
    match (1..).zip(&found).find(|(expected, index)| expected != *index) {
        Some((expected, _)) => Err(JournalError::Missing { path: path(folder, expected) }),
        None => Ok(found),
    }
}

/// Reads a segment and checks its header.
pub(crate) fn load(folder: &Path, index: u64) -> Result<Vec<u8>, JournalError> {
    let path = path(folder, index);
    let bytes = fs::read(&path).map_err(JournalError::io("read", &path))?;
    let damaged =
        |offset: usize, reason| JournalError::Damaged { path: path.clone(), offset: offset as u64, after: 0, reason };
    let Some(head) = bytes.get(..HEADER_BYTES) else {
        return Err(damaged(bytes.len(), "the file ends inside its header"));
    };
    let said = u64::from_be_bytes(head[20..28].try_into().unwrap_or_default());
    if head != header(index, said) {
        return Err(damaged(0, "the header is not that of this segment"));
    }
    if said != bytes.len() as u64 {
        return Err(damaged(bytes.len(), "the file does not have the size that its header names"));
    }
    Ok(bytes)
}

/// First frame's number and nothing else: to find where to begin reading. 0 when there is none.
pub(crate) fn first_number(folder: &Path, index: u64) -> Result<u64, JournalError> {
    let path = path(folder, index);
    let mut number = [0; 8];
    File::open(&path)
        .and_then(|file| file.read_exact_at(&mut number, HEADER_BYTES as u64 + 8))
        .map_err(JournalError::io("read", &path))?;
    Ok(u64::from_be_bytes(number))
}

/// Where frames are written: a file, or a faulty one in tests.
pub(crate) trait Medium: Send {
    /// Writes all bytes at an offset.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> std::io::Result<()>;
    /// Returns when everything written is durable.
    fn sync(&mut self) -> std::io::Result<()>;
}

impl Medium for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> std::io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.sync_data()
    }
}

/// Opens a prepared segment for writing.
pub(crate) fn open(folder: &Path, index: u64) -> Result<File, JournalError> {
    let path = path(folder, index);
    OpenOptions::new().write(true).open(&path).map_err(JournalError::io("open", &path))
}
