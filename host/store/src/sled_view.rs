//! The view on disk: sled 0.34, treated as what it is. One tree, and in it a stamp: which frame the
//! rows stand for, and a digest of them all, so that a view that lost or changed a row is found out
//! when it is opened. Every call is guarded against its panics.
//!
//! Rows are written one by one, because an atomic batch keeps every reader waiting until its end.
//! So the stamp first says where the rows will stand as well: whoever opens a view that was left
//! half-way applies those frames again, which changes nothing that was applied already, and then
//! finds that digest or throws the view away.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;

use crate::journal::Head;
use crate::keys::Table;
use crate::view::{View, ViewError, Visit, Writes};

/// The stamp's key: no table has the byte after it.
const STAMP: [u8; 2] = [Table::Meta as u8, 0];
/// Bytes of a stamp: frame number 8, hash 32, sum 8.
const STAMP_BYTES: usize = 48;
/// Those of its frame.
const FRAME_BYTES: usize = 40;
/// Rows between two signs of life while opening.
const ROWS_A_BEAT: u64 = 10_000;

/// Tables that could be, by their byte: a few more than there are.
const TABLES: usize = 32;

/// The rows of an opened sled folder, for readers.
#[derive(Clone)]
pub(crate) struct Rows {
    db: sled::Db,
    /// Rows of each table, so that one without any is not searched.
    counts: Arc<[AtomicI64; TABLES]>,
}

/// An opened sled folder, for the one who writes.
pub struct SledView {
    rows: Rows,
    /// Up to where the journal is in it for certain, and the sum of the fingerprints of all rows.
    stamp: Stamp,
    /// Where the rows will stand when what was begun before it was opened has been applied again.
    coming: Option<Stamp>,
}

/// Where rows stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Stamp {
    frame: Head,
    /// Sum of the fingerprints of all rows but the stamp.
    digest: u64,
}

impl Stamp {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = [self.frame.number.to_be_bytes().as_slice(), &self.frame.hash].concat();
        // The sum covers the frame too, so that a changed stamp is not believed either.
        let sum = self.digest.wrapping_add(fingerprint(&STAMP, &bytes));
        bytes.extend_from_slice(&sum.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (frame, sum) = bytes.split_first_chunk::<FRAME_BYTES>()?;
        let (number, hash) = frame.split_first_chunk::<8>()?;
        let digest = u64::from_be_bytes(sum.try_into().ok()?).wrapping_sub(fingerprint(&STAMP, frame));
        Some(Self { frame: Head { number: u64::from_be_bytes(*number), hash: hash.try_into().ok()? }, digest })
    }
}

/// Runs a call into sled; errors and panics become one kind of answer.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, ViewError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| ViewError::Engine(error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            Err(ViewError::Engine(format!("sled panicked: {text}")))
        }
    }
}

/// 64 bits that any accidental change of a row changes: two checksums over different orders, mixed
/// so that the sum of many rows does not keep their linearity. Chance fools it once in 2^64; intent
/// may, but what could an intruder gain who can rewrite the journal as well?
fn fingerprint(key: &[u8], value: &[u8]) -> u64 {
    let len = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let one = crc32c::crc32c_append(crc32c::crc32c_append(len, key), value);
    let two = crc32c::crc32c_append(crc32c::crc32c_append(!len, value), key);
    let mut bits = u64::from(one) << 32 | u64::from(two);
    // The finalizer of SplitMix64.
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl SledView {
    /// Opens a folder and compares its rows with its stamp. `alive` is called now and then.
    pub(crate) fn open(folder: &Path, cache_bytes: u64, alive: &dyn Fn()) -> Result<Self, ViewError> {
        remove_unfinished_snapshots(folder);
        wait_until_released(folder);
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            // Nothing relies on sled's flushes: the journal is the truth.
            .flush_every_ms(None);
        let db = guarded(|| config.open())?;
        alive();
        let rows = Rows { db, counts: Arc::default() };
        let (stamp, coming) = read_stamps(&rows)?;
        let mut view = Self { rows, stamp, coming };
        let mut rows = 0_u64;
        let mut digest = 0_u64;
        view.rows.walk(&[], &[u8::MAX], &mut |key, value| {
            if key != STAMP {
                digest = digest.wrapping_add(fingerprint(key, value));
            }
            view.rows.count(key, 1);
            rows += 1;
            if rows.is_multiple_of(ROWS_A_BEAT) {
                alive();
            }
            Ok(true)
        })?;
        if coming.is_none() && digest != stamp.digest {
            return Err(ViewError::Engine(format!("its {rows} rows are not those it was stamped with")));
        }
        view.stamp.digest = digest;
        Ok(view)
    }

    /// The frame up to which the journal is in here for certain.
    pub(crate) fn applied(&self) -> Head {
        self.stamp.frame
    }

    /// The last frame of which something is in here.
    pub(crate) fn seen(&self) -> Head {
        self.coming.unwrap_or(self.stamp).frame
    }

    /// Its rows, for readers.
    pub(crate) fn rows(&self) -> Rows {
        self.rows.clone()
    }

    /// Applies the writes up to a frame.
    pub(crate) fn apply(&mut self, writes: &Writes, frame: Head) -> Result<(), ViewError> {
        let there = writes.keys().map(|key| guarded(|| self.rows.db.get(key))).collect::<Result<Vec<_>, _>>()?;
        let mut digest = self.stamp.digest;
        for ((key, value), old) in writes.iter().zip(&there) {
            let of = |value: Option<&[u8]>| value.map_or(0, |value| fingerprint(key, value));
            digest = digest.wrapping_sub(of(old.as_deref())).wrapping_add(of(value.as_deref()));
        }
        let next = Stamp { frame, digest };
        self.mark(&[self.stamp, next])?;
        for ((key, value), old) in writes.iter().zip(&there) {
            self.write(key, value.as_deref(), old.is_some())?;
        }
        self.mark(&[next])?;
        self.stamp = next;
        self.arrived()
    }

    fn mark(&self, stamps: &[Stamp]) -> Result<(), ViewError> {
        let bytes: Vec<u8> = stamps.iter().flat_map(Stamp::encode).collect();
        guarded(|| self.rows.db.insert(STAMP, bytes)).map(drop)
    }

    /// A reader may miss no row, but may look for one too many: counted before it comes, and after it
    /// went.
    fn write(&self, key: &[u8], value: Option<&[u8]>, was_there: bool) -> Result<(), ViewError> {
        match value {
            Some(value) => {
                self.rows.count(key, i64::from(!was_there));
                guarded(|| self.rows.db.insert(key, value))?;
            }
            None if was_there => {
                guarded(|| self.rows.db.remove(key))?;
                self.rows.count(key, -1);
            }
            None => {}
        }
        Ok(())
    }

    /// Where a view that was left half-way must stand when it is whole again.
    fn arrived(&mut self) -> Result<(), ViewError> {
        match self.coming {
            Some(coming) if coming.frame.number == self.stamp.frame.number => {
                self.coming = None;
                if coming == self.stamp { Ok(()) } else { Err(ViewError::Engine("it does not end as it began".into())) }
            }
            _ => Ok(()),
        }
    }
}

/// Where the rows stand, and where they will when a stride was begun.
fn read_stamps(rows: &Rows) -> Result<(Stamp, Option<Stamp>), ViewError> {
    let Some(bytes) = rows.get(&STAMP)? else { return Ok((Stamp::default(), None)) };
    let mut stamps = bytes.chunks(STAMP_BYTES).map(Stamp::decode);
    match (stamps.next(), stamps.next(), stamps.next()) {
        (Some(Some(stamp)), None, None) => Ok((stamp, None)),
        (Some(Some(stamp)), Some(Some(coming)), None) => Ok((stamp, Some(coming))),
        _ => Err(ViewError::row(&STAMP, "not a stamp")),
    }
}

impl Rows {
    fn count(&self, key: &[u8], change: i64) {
        if let Some(count) = key.first().and_then(|table| self.counts.get(usize::from(*table))) {
            count.fetch_add(change, Ordering::AcqRel);
        }
    }

    /// Whether the table that a range lies in has no rows. A range over several tables is not asked.
    fn is_empty(&self, from: &[u8], below: &[u8]) -> bool {
        let (Some(table), Some(end)) = (from.first(), below.first()) else { return false };
        let count = self.counts.get(usize::from(*table)).map(|count| count.load(Ordering::Acquire));
        count == Some(0) && (table == end || below == [table.saturating_add(1)])
    }

    /// Whether there is a row.
    pub(crate) fn contains(&self, key: &[u8]) -> Result<bool, ViewError> {
        guarded(|| self.db.contains_key(key))
    }

    fn walk(&self, from: &[u8], below: &[u8], visit: Visit<'_>) -> Result<(), ViewError> {
        let mut rows = guarded(|| Ok(self.db.range::<&[u8], _>(from..below)))?;
        while let Some((key, value)) = guarded(|| rows.next().transpose())? {
            if !visit(&key, &value)? {
                break;
            }
        }
        Ok(())
    }
}

impl View for Rows {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        Ok(guarded(|| self.db.get(key))?.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(&self, from: &[u8], below: &[u8], visit: Visit<'_>) -> Result<(), ViewError> {
        if self.is_empty(from, below) { Ok(()) } else { self.walk(from, below, visit) }
    }
}

/// A dropped sled lets go of its folder only when its own threads have ended, and meanwhile refuses
/// to be opened again. The journal's lock says that no other process holds this one; a view that never
/// lets go is given up by whoever watches the opening.
fn wait_until_released(folder: &Path) {
    if let Ok(file) = fs::File::open(folder.join("db")) {
        // Closing the file releases it. A file system without locks has nothing to wait for.
        let _ = file.lock();
    }
}

/// A snapshot that sled was writing when it was killed makes it refuse to open; without the file
/// it opens with everything (spacejam/sled issues 1527 and 1533).
fn remove_unfinished_snapshots(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".generating") {
            // If it stays, opening fails and the view is rebuilt.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64) -> Head {
        Head { number, hash: [u8::try_from(number).unwrap(); 32] }
    }

    fn writes(rows: &[(&str, Option<&str>)]) -> Writes {
        let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        rows.iter().map(|(key, value)| (format!("\u{5}{key}").into_bytes(), value.map(bytes))).collect()
    }

    fn open(folder: &Path) -> Result<SledView, ViewError> {
        SledView::open(folder, 1 << 20, &|| {})
    }

    /// Frame 1, then a stride of frames 2 and 3 of which only the first `written` rows arrived.
    fn left_half_way(folder: &Path, written: usize) {
        let mut view = open(folder).unwrap();
        view.apply(&writes(&[("a", Some("1")), ("b", Some("1"))]), frame(1)).unwrap();
        let digest =
            |rows: &[(&[u8], &[u8])]| rows.iter().fold(0_u64, |sum, (k, v)| sum.wrapping_add(fingerprint(k, v)));
        let end = Stamp { frame: frame(3), digest: digest(&[(b"\x05a", b"3"), (b"\x05c", b"2")]) };
        view.mark(&[view.stamp, end]).unwrap();
        for (key, value) in writes(&[("a", Some("3")), ("b", None), ("c", Some("2"))]).iter().take(written) {
            view.write(key, value.as_deref(), true).unwrap();
        }
    }

    #[test]
    fn a_view_left_half_way_is_made_whole_or_thrown_away() {
        for written in 0..=3 {
            for spoiled in [false, true] {
                let folder = tempfile::tempdir().unwrap();
                left_half_way(folder.path(), written);
                let mut view = open(folder.path()).unwrap();
                assert_eq!((view.applied(), view.seen()), (frame(1), frame(3)));
                if spoiled {
                    view.rows.db.insert(b"\x05x", b"no frame wrote this").unwrap();
                    drop(view);
                    view = open(folder.path()).unwrap();
                }
                view.apply(&writes(&[("a", Some("2")), ("b", None), ("c", Some("2"))]), frame(2)).unwrap();
                let end = view.apply(&writes(&[("a", Some("3"))]), frame(3));
                assert_eq!(end.is_err(), spoiled, "{written} rows: {end:?}");
                if !spoiled {
                    drop(view);
                    let whole = open(folder.path()).unwrap();
                    assert_eq!((whole.applied(), whole.seen()), (frame(3), frame(3)));
                    assert_eq!(whole.rows.get(b"\x05b").unwrap(), None);
                }
            }
        }
    }
}
