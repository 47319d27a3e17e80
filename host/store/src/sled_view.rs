//! The view on disk: sled 0.34, treated as what it is. One tree, one atomic batch a group; the
//! batch also writes a stamp: which frame it stands for, and a digest of all rows, so that a view
//! that lost or changed a row is found out when it is opened. Every call is guarded against its
//! panics.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;

use crate::journal::Head;
use crate::keys::Table;
use crate::view::{View, ViewError, Visit, Writes};

/// The stamp's key: no table has the byte after it.
const STAMP: [u8; 2] = [Table::Meta as u8, 0];
/// Bytes of the frame in the stamp: number 8, hash 32. Its digest follows, 8.
const FRAME_BYTES: usize = 40;
/// Rows between two signs of life while opening.
const ROWS_A_BEAT: u64 = 10_000;

/// An opened sled folder.
pub struct SledView {
    db: sled::Db,
    /// The frame up to which it is applied.
    applied: Head,
    /// Sum of the fingerprints of all rows but the stamp.
    digest: u64,
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
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            // Nothing relies on sled's flushes: the journal is the truth.
            .flush_every_ms(None);
        let db = guarded(|| config.open())?;
        alive();
        let mut view = Self { db, applied: Head::default(), digest: 0 };
        let said = view.read_stamp()?;
        let mut rows = 0_u64;
        let mut digest = 0_u64;
        view.scan(&[], &[u8::MAX], &mut |key, value| {
            if key != STAMP {
                digest = digest.wrapping_add(fingerprint(key, value));
            }
            rows += 1;
            if rows.is_multiple_of(ROWS_A_BEAT) {
                alive();
            }
            Ok(true)
        })?;
        if digest != said {
            return Err(ViewError::Engine(format!("its {rows} rows are not those it was stamped with")));
        }
        view.digest = digest;
        Ok(view)
    }

    /// Takes the frame from the stamp, and returns the digest that the rows should have.
    fn read_stamp(&mut self) -> Result<u64, ViewError> {
        let Some(stamp) = self.get(&STAMP)? else {
            return Ok(0);
        };
        let parts = || {
            let (frame, sum) = stamp.split_first_chunk::<FRAME_BYTES>()?;
            let (number, hash) = frame.split_first_chunk::<8>()?;
            let head = Head { number: u64::from_be_bytes(*number), hash: hash.try_into().ok()? };
            // The sum covers the frame too, so that a changed stamp is not believed either.
            Some((head, u64::from_be_bytes(sum.try_into().ok()?).wrapping_sub(fingerprint(&STAMP, frame))))
        };
        let (head, said) = parts().ok_or_else(|| ViewError::row(&STAMP, "not a stamp"))?;
        self.applied = head;
        Ok(said)
    }

    /// The frame up to which the journal is in here.
    pub(crate) fn applied(&self) -> Head {
        self.applied
    }

    /// Applies the writes of a frame, and the stamp, in one step.
    pub(crate) fn apply(&mut self, writes: &Writes, frame: Head) -> Result<(), ViewError> {
        let mut digest = self.digest;
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            if let Some(old) = guarded(|| self.db.get(key))? {
                digest = digest.wrapping_sub(fingerprint(key, &old));
            }
            match value {
                Some(value) => {
                    digest = digest.wrapping_add(fingerprint(key, value));
                    batch.insert(key.as_slice(), value.as_ref());
                }
                None => batch.remove(key.as_slice()),
            }
        }
        let mut stamp = [frame.number.to_be_bytes().as_slice(), &frame.hash].concat();
        let sum = digest.wrapping_add(fingerprint(&STAMP, &stamp));
        stamp.extend_from_slice(&sum.to_be_bytes());
        batch.insert(&STAMP, stamp);
        guarded(|| self.db.apply_batch(batch))?;
        self.applied = frame;
        self.digest = digest;
        Ok(())
    }
}

impl View for SledView {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        Ok(guarded(|| self.db.get(key))?.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(&self, from: &[u8], below: &[u8], visit: Visit<'_>) -> Result<(), ViewError> {
        let mut rows = guarded(|| Ok(self.db.range::<&[u8], _>(from..below)))?;
        while let Some((key, value)) = guarded(|| rows.next().transpose())? {
            if !visit(&key, &value)? {
                break;
            }
        }
        Ok(())
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
