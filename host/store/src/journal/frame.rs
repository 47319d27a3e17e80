//! One frame: how it is written, how it is recognised, and how a torn end is told from damage.
//!
//! ```text
//! len u32 | crc32c u32 | number u64 | previous hash 32 | payload | end mark u8
//! ```
//!
//! Integers are big-endian. `len` counts payload and end mark, so it is never zero. The checksum
//! covers everything else in the frame *and* the place it was written to, so that bytes copied to
//! another place, or quoted inside a payload, are never taken for a frame. The hash of a frame is
//! SHA-256 over number, previous hash and payload.

use aws_lc_rs::digest;

/// Bytes before the payload.
pub(crate) const HEAD_BYTES: usize = 48;
/// Last byte of a frame. Not zero: segments are zeros before they are written, so a zero here
/// means that the end never reached the disk.
const END_MARK: u8 = 0xA7;
/// The unit that a disk writes wholly or not at all, at least.
const SECTOR_BYTES: usize = 512;

/// The newest frame of a journal: its number (0: none yet) and its hash, which proves all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Frame number, from 1, without gaps.
    pub number: u64,
    /// SHA-256 of the frame, chained over the frame before.
    pub hash: [u8; 32],
}

/// Bytes that a frame with this payload takes.
pub(crate) fn size(payload_bytes: usize) -> usize {
    HEAD_BYTES + payload_bytes + 1
}

/// Writes the frame after `previous` into `out` (emptied first), for the given place.
pub(crate) fn encode(segment: u64, offset: u64, previous: &Head, payload: &[u8], out: &mut Vec<u8>) -> Head {
    let number = previous.number + 1;
    let len = u32::try_from(payload.len() + 1).unwrap_or(u32::MAX);
    out.clear();
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(&previous.hash);
    out.extend_from_slice(payload);
    out.push(END_MARK);
    let sum = checksum(segment, offset, len, &out[8..]);
    out[4..8].copy_from_slice(&sum.to_be_bytes());
    Head { number, hash: chain(number, &previous.hash, payload) }
}

fn checksum(segment: u64, offset: u64, len: u32, rest: &[u8]) -> u32 {
    let sum = crc32c::crc32c(&segment.to_be_bytes());
    let sum = crc32c::crc32c_append(sum, &offset.to_be_bytes());
    let sum = crc32c::crc32c_append(sum, &len.to_be_bytes());
    crc32c::crc32c_append(sum, rest)
}

fn chain(number: u64, previous: &[u8; 32], payload: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&number.to_be_bytes());
    context.update(previous);
    context.update(payload);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A frame as found.
struct Found<'a> {
    number: u64,
    previous: [u8; 32],
    payload: &'a [u8],
    next: usize,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// The frame at `at`, if it is whole under the assumption that it has this length.
fn whole_with_len(bytes: &[u8], at: usize, segment: u64, len: u32) -> Option<Found<'_>> {
    let next = at.checked_add(HEAD_BYTES)?.checked_add(usize::try_from(len).ok()?)?;
    if len == 0 || *bytes.get(next - 1)? != END_MARK {
        return None;
    }
    let sum = u32::from_be_bytes(array(bytes, at + 4)?);
    if sum != checksum(segment, at as u64, len, bytes.get(at + 8..next)?) {
        return None;
    }
    Some(Found {
        number: u64::from_be_bytes(array(bytes, at + 8)?),
        previous: array(bytes, at + 16)?,
        payload: bytes.get(at + HEAD_BYTES..next - 1)?,
        next,
    })
}

fn whole(bytes: &[u8], at: usize, segment: u64) -> Option<Found<'_>> {
    whole_with_len(bytes, at, segment, u32::from_be_bytes(array(bytes, at)?))
}

/// Whether all bytes are zero.
pub(crate) fn all_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|chunk| ZEROS.get(..chunk.len()) == Some(chunk))
}

/// What comes after the last whole frame of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Zeros, as prepared.
    Zeros,
    /// Something that is no frame.
    Junk,
}

/// A whole frame that is not the one that belongs here.
#[derive(Debug)]
pub(crate) struct Misplaced {
    pub(crate) offset: usize,
    pub(crate) after: u64,
    pub(crate) reason: &'static str,
}

/// Walks the frames of one segment's bytes, checking sum, number and chain of each.
pub(crate) struct Walk<'a> {
    bytes: &'a [u8],
    segment: u64,
    /// Where the next frame begins.
    pub(crate) at: usize,
    /// The frame before; `None`: believe the first one.
    pub(crate) head: Option<Head>,
}

impl<'a> Walk<'a> {
    /// Starts at `at`. `before` is the last frame of the segment before, where it is known.
    pub(crate) fn new(bytes: &'a [u8], at: usize, segment: u64, before: Option<Head>) -> Self {
        Self { bytes, segment, at, head: before }
    }

    /// The next whole frame; `None` at the end of them.
    pub(crate) fn step(&mut self) -> Result<Option<(Head, &'a [u8])>, Misplaced> {
        let Some(found) = whole(self.bytes, self.at, self.segment) else {
            return Ok(None);
        };
        let expected = match self.head {
            Some(head) => Some((head.number + 1, head.hash)),
            None if found.number <= 1 => Some((1, [0; 32])),
            None => None,
        };
        if let Some((number, hash)) = expected {
            let after = number - 1;
            if found.number != number {
                return Err(Misplaced { offset: self.at, after, reason: "the frame numbers do not follow each other" });
            }
            if found.previous != hash {
                return Err(Misplaced { offset: self.at, after, reason: "the chain of hashes is broken" });
            }
        }
        let head = Head { number: found.number, hash: chain(found.number, &found.previous, found.payload) };
        self.at = found.next;
        self.head = Some(head);
        Ok(Some((head, found.payload)))
    }

    /// What follows the frames walked so far.
    pub(crate) fn rest(&self) -> Rest {
        if all_zero(self.bytes.get(self.at..).unwrap_or_default()) { Rest::Zeros } else { Rest::Junk }
    }
}

/// Judges the junk at `at`, after the last whole frame. `Ok(until)`: the end of one write that
/// never finished; the bytes up to `until` may be wiped. `Err`: durable bytes have changed.
///
/// At most one frame is ever in flight, into zeros. So an unfinished write lacks whole sectors, or
/// everything from some byte on; a frame whose beginning and end are there and which lacks no
/// sector was finished once, and differs now.
pub(crate) fn judge(bytes: &[u8], at: usize, segment: u64) -> Result<usize, &'static str> {
    let later = (at + 1..bytes.len()).any(|start| {
        // Cheap look first: frame numbers stay under 2^40 for decades.
        bytes.get(start + 8..start + 11) == Some(&[0; 3]) && whole(bytes, start, segment).is_some()
    });
    if later {
        return Err("a damaged frame is followed by a whole one");
    }
    let len = array(bytes, at).map_or(0, u32::from_be_bytes);
    if (0..32).any(|bit| whole_with_len(bytes, at, segment, len ^ (1 << bit)).is_some()) {
        return Err("the length of the last frame has changed");
    }
    if finished(bytes, at, len) {
        return Err("the last frame was written completely, and its bytes have changed");
    }
    Ok(bytes.iter().rposition(|byte| *byte != 0).map_or(at, |last| last + 1))
}

fn finished(bytes: &[u8], at: usize, len: u32) -> bool {
    let extent = usize::try_from(len).ok().and_then(|len| bytes.get(at..at.checked_add(HEAD_BYTES)?.checked_add(len)?));
    let Some(extent) = extent else { return false };
    if len == 0 || extent.last().is_none_or(|last| *last == 0) {
        return false;
    }
    let to_sector = (SECTOR_BYTES - at % SECTOR_BYTES) % SECTOR_BYTES;
    let mut sectors = extent.get(to_sector..).unwrap_or_default().chunks_exact(SECTOR_BYTES);
    !sectors.any(all_zero)
}
