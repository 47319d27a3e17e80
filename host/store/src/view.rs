//! What both engines are to the rest of the room: an ordered map that answers reads, and the
//! writes that change it.

use std::collections::BTreeMap;

use bytes::Bytes;

/// Writes, by key: the value to put, or `None` to delete. Applying them twice equals once.
pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Bytes>>;

/// The view cannot answer. The store stops: a decision must not rest on an answer that is missing.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ViewError {
    /// The engine failed or panicked.
    #[error("the view failed: {0}")]
    Engine(String),
    /// A row is not what its table holds.
    #[error("a row of table {table} cannot be read: {reason}")]
    Row {
        /// The table byte.
        table: u8,
        /// Why.
        reason: String,
    },
}

impl ViewError {
    pub(crate) fn row(key: &[u8], reason: impl ToString) -> Self {
        Self::Row { table: key.first().copied().unwrap_or_default(), reason: reason.to_string() }
    }
}

/// Sees one row; `false` ends the scan.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<bool, ViewError>;

/// An ordered map.
pub(crate) trait View {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ViewError>;
    /// Shows the rows with `from <= key < below` in order.
    fn scan(&self, from: &[u8], below: &[u8], visit: Visit<'_>) -> Result<(), ViewError>;
}

/// The payload of a frame: the writes of a group of commits, in order.
///
/// ```text
/// format u8 (1) | ( 1 | key | value  or  2 | key  or  3 (end of a commit) )*      key, value: len u32 | bytes
/// ```
pub(crate) mod payload {
    use super::{Bytes, Writes};

    const FORMAT: u8 = 1;
    const PUT: u8 = 1;
    const DELETE: u8 = 2;
    const END_OF_COMMIT: u8 = 3;

    /// An empty payload.
    pub(crate) fn begin(out: &mut Vec<u8>) {
        out.clear();
        out.push(FORMAT);
    }

    /// Bytes that a commit's writes take.
    pub(crate) fn size(writes: &Writes) -> usize {
        let row = |(key, value): (&Vec<u8>, &Option<Bytes>)| {
            5 + key.len() + value.as_ref().map_or(0, |value| 4 + value.len())
        };
        1 + writes.iter().map(row).sum::<usize>()
    }

    /// Adds a commit.
    pub(crate) fn add(writes: &Writes, out: &mut Vec<u8>) {
        let part = |bytes: &[u8], out: &mut Vec<u8>| {
            out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        for (key, value) in writes {
            out.push(if value.is_some() { PUT } else { DELETE });
            part(key, out);
            if let Some(value) = value {
                part(value, out);
            }
        }
        out.push(END_OF_COMMIT);
    }

    /// All writes of a payload, the last of each key; `None` when it is not one.
    pub(crate) fn read(payload: &[u8]) -> Option<Writes> {
        let (format, mut rest) = payload.split_first()?;
        if *format != FORMAT {
            return None;
        }
        let mut writes = Writes::new();
        while let Some((tag, after)) = rest.split_first() {
            rest = after;
            match *tag {
                END_OF_COMMIT => {}
                PUT => {
                    let key = take(&mut rest)?.to_vec();
                    writes.insert(key, Some(Bytes::copy_from_slice(take(&mut rest)?)));
                }
                DELETE => {
                    writes.insert(take(&mut rest)?.to_vec(), None);
                }
                _ => return None,
            }
        }
        Some(writes)
    }

    fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (len, after) = rest.split_first_chunk::<4>()?;
        let (bytes, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
        *rest = after;
        Some(bytes)
    }
}
