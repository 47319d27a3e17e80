use std::fs;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::journal::frame::{HEAD_BYTES, Rest, Walk, encode, judge, size};

const SMALL_BYTES: u64 = 4096;

fn payload(n: u64, bytes: usize) -> Vec<u8> {
    // No zero in it, like JSON.
    (0..bytes).map(|i| u8::try_from((n * 31 + i as u64 * 7) % 255 + 1).unwrap()).collect()
}

fn open(folder: &Path) -> Journal {
    inspect(folder).unwrap().start(SMALL_BYTES).unwrap()
}

/// A journal with frames of these payload sizes.
fn filled(sizes: &[usize]) -> (tempfile::TempDir, Head) {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    for (n, bytes) in (1..).zip(sizes) {
        assert_eq!(journal.append(&payload(n, *bytes)).unwrap().number, n);
    }
    let head = journal.head();
    (folder, head)
}

fn contents(reader: &Reader, from: u64) -> Result<Vec<(u64, Vec<u8>)>, JournalError> {
    let mut found = Vec::new();
    reader.replay(from, |head, bytes| {
        found.push((head.number, bytes.to_vec()));
        Ok::<(), JournalError>(())
    })?;
    Ok(found)
}

fn expected(range: std::ops::RangeInclusive<u64>, sizes: &[usize]) -> Vec<(u64, Vec<u8>)> {
    range.map(|n| (n, payload(n, sizes[usize::try_from(n).unwrap() - 1]))).collect()
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

#[test]
fn frames_survive_reopening_at_any_point_and_over_segments() {
    let sizes = [0, 1, 700, 3000, 10, 2500, 3900, 40];
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    for (n, bytes) in (1..).zip(sizes) {
        let head = journal.append(&payload(n, bytes)).unwrap();
        // What a killed process leaves is what the files hold now.
        let left = copy(folder.path());
        let again = inspect(left.path()).unwrap();
        assert_eq!((again.head(), journal.reader().head()), (head, head));
        for from in 1..=n {
            assert_eq!(contents(&again.reader(), from).unwrap(), expected(from..=n, &sizes), "{from}..{n}");
        }
        let mut again = again.start(SMALL_BYTES).unwrap();
        assert_eq!(again.append(&payload(n + 1, 5)).unwrap().number, n + 1);
    }
    let verified = journal.reader().verify().unwrap();
    assert_eq!((verified.frames, verified.head), (8, journal.head()));
    assert_eq!(verified.payload_bytes, sizes.iter().sum::<usize>() as u64);
    assert!(verified.segments >= 3, "{verified:?}");
}

#[test]
fn a_write_torn_at_any_byte_is_wiped() {
    let sizes = [100, 300, 1300];
    let (folder, head) = filled(&sizes);
    let file = segment::path(folder.path(), 1);
    let whole = fs::read(&file).unwrap();
    let begin = HEADER_BYTES + size(100) + size(300);
    let end = begin + size(1300);
    for cut in begin..=end {
        let mut torn = whole.clone();
        torn[cut..].fill(0);
        fs::write(&file, &torn).unwrap();
        let inspected = inspect(folder.path()).unwrap();
        assert_eq!(inspected.head().number, if cut == end { 3 } else { 2 }, "cut at {cut}");
        if cut == end || (cut - begin).is_multiple_of(31) {
            let mut journal = inspected.start(SMALL_BYTES).unwrap();
            if cut < end {
                assert_eq!(journal.append(&payload(3, 1300)).unwrap(), head, "cut at {cut}");
            }
            assert_eq!(contents(&journal.reader(), 1).unwrap(), expected(1..=3, &sizes));
        }
    }
}

#[test]
fn a_write_that_lacks_any_sectors_is_wiped() {
    let (folder, _) = filled(&[100, 2000]);
    let file = segment::path(folder.path(), 1);
    let whole = fs::read(&file).unwrap();
    let sectors: Vec<usize> = (0..whole.len()).step_by(512).skip(1).collect();
    for missing in 1..(1_u32 << 4) {
        let mut torn = whole.clone();
        for (bit, begin) in sectors.iter().take(4).enumerate() {
            if missing & (1 << bit) != 0 {
                torn[*begin..begin + 512].fill(0);
            }
        }
        fs::write(&file, &torn).unwrap();
        assert_eq!(inspect(folder.path()).unwrap().head().number, 1, "missing {missing:b}");
    }
}

#[test]
fn a_torn_first_frame_of_a_segment_is_wiped() {
    let sizes = [3900, 3900];
    let (folder, head) = filled(&sizes);
    let file = segment::path(folder.path(), 2);
    let mut torn = fs::read(&file).unwrap();
    torn[1000..].fill(0);
    fs::write(&file, &torn).unwrap();
    // The segment after it is prepared only once that frame is durable.
    let error = inspect(folder.path()).unwrap_err();
    assert!(error.to_string().contains("a later one was prepared"), "{error}");
    fs::remove_file(segment::path(folder.path(), 3)).unwrap();
    let inspected = inspect(folder.path()).unwrap();
    assert_eq!(inspected.head().number, 1);
    assert_eq!(inspected.start(SMALL_BYTES).unwrap().append(&payload(2, 3900)).unwrap(), head);
}

#[test]
fn one_flipped_bit_is_found_or_harmless() {
    let sizes = [60, 0, 650, 30];
    let (folder, _) = filled(&sizes);
    let file = segment::path(folder.path(), 1);
    let whole = fs::read(&file).unwrap();
    let used = HEADER_BYTES + sizes.iter().map(|bytes| size(*bytes)).sum::<usize>();
    let mut refused = 0;
    // Everything that was written, and some of the zeros after it.
    for at in 0..used + 40 {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            fs::write(&file, &flipped).unwrap();
            match inspect(folder.path()) {
                Ok(inspected) => {
                    assert!(at >= used, "byte {at} bit {bit} went unnoticed");
                    assert_eq!(contents(&inspected.reader(), 1).unwrap(), expected(1..=4, &sizes));
                }
                Err(JournalError::Damaged { path, offset, .. }) => {
                    assert_eq!(path, file);
                    assert!(usize::try_from(offset).unwrap() <= at);
                    refused += 1;
                }
                Err(other) => panic!("{other}"),
            }
            if bit == 0 {
                assert!(fs::read(&file).unwrap() == flipped, "looking changes nothing");
            }
        }
    }
    assert_eq!(refused, used * 8);
}

#[test]
fn damage_in_a_closed_segment_is_found_by_verify() {
    let (folder, _) = filled(&[3000, 3000, 3000]);
    let reader = inspect(folder.path()).unwrap().reader();
    assert_eq!(reader.verify().unwrap().frames, 3);
    let file = segment::path(folder.path(), 1);
    let whole = fs::read(&file).unwrap();
    for at in [HEADER_BYTES + 20, 1000, HEADER_BYTES + size(3000) - 1, 4000] {
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        fs::write(&file, &flipped).unwrap();
        let error = reader.verify().unwrap_err();
        assert!(matches!(&error, JournalError::Damaged { path, .. } if *path == file), "{error}");
        assert_eq!(contents(&reader, 3).unwrap().len(), 1, "later segments can be read alone");
    }
}

#[test]
fn what_is_refused_says_where_and_how_to_mend() {
    type Spoil = fn(&Path);
    let table: &[(&str, Spoil, &str)] = &[
        ("a segment is missing", |folder| fs::remove_file(segment::path(folder, 2)).unwrap(), "missing"),
        ("the first is missing", |folder| fs::remove_file(segment::path(folder, 1)).unwrap(), "missing"),
        ("a segment is cut", |folder| cut(&segment::path(folder, 3), 4000), "size that its header names"),
        ("a segment is cut in its header", |folder| cut(&segment::path(folder, 3), 20), "inside its header"),
        (
            "a segment has another's place",
            |folder| {
                fs::copy(segment::path(folder, 1), segment::path(folder, 3)).unwrap();
            },
            "not that of this segment",
        ),
        ("a segment is zeros", |folder| zero(&segment::path(folder, 3), HEADER_BYTES), "a later one was prepared"),
    ];
    for (name, spoil, text) in table {
        let (folder, _) = filled(&[3000, 3000, 3000]);
        assert_eq!(segment::list(folder.path()).unwrap(), [1, 2, 3, 4]);
        spoil(folder.path());
        let error = inspect(folder.path()).unwrap_err().to_string();
        assert!(error.contains(text) && error.contains("backup") && error.contains(".seg"), "{name}: {error}");
    }
}

fn cut(file: &Path, len: u64) {
    fs::OpenOptions::new().write(true).open(file).unwrap().set_len(len).unwrap();
}

fn zero(file: &Path, from: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[from..].fill(0);
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_frame_quoted_in_a_payload_is_no_frame() {
    let first = Head::default();
    let mut quoted = Vec::new();
    let head = encode(1, HEADER_BYTES as u64, &first, b"one", &mut quoted);
    encode(1, HEADER_BYTES as u64, &head, b"two", &mut quoted);
    let mut torn = Vec::new();
    encode(1, 0, &first, &[quoted.as_slice(), &[1; 900]].concat(), &mut torn);
    let cut = HEAD_BYTES + quoted.len() + 300;
    torn[cut..].fill(0);
    torn.resize(4096, 0);
    assert_eq!(judge(&torn, 0, 1), Ok(cut));
}

#[test]
fn a_whole_frame_of_another_history_is_damage() {
    let mut bytes = Vec::new();
    let mut one = Vec::new();
    let head = encode(7, 0, &Head { number: 4, hash: [1; 32] }, b"five", &mut one);
    bytes.extend_from_slice(&one);
    for (after, reason) in [
        (Head { number: 9, hash: head.hash }, "the frame numbers do not follow each other"),
        (Head { number: 5, hash: [9; 32] }, "the chain of hashes is broken"),
    ] {
        encode(7, bytes.len() as u64, &after, b"six", &mut one);
        let both = [bytes.as_slice(), &one].concat();
        let mut walk = Walk::new(&both, 0, 7, None);
        assert_eq!(walk.step().unwrap().unwrap().0, head);
        assert_eq!(walk.step().unwrap_err().reason, reason);
    }
    let mut walk = Walk::new(&bytes, 0, 7, Some(Head { number: 4, hash: [1; 32] }));
    assert_eq!(walk.step().unwrap().unwrap(), (head, b"five".as_slice()));
    assert_eq!((walk.step().unwrap(), walk.rest()), (None, Rest::Zeros));
}

#[test]
fn only_one_may_hold_it() {
    let (folder, _) = filled(&[10]);
    let journal = open(folder.path());
    let error = inspect(folder.path()).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    drop(journal);
    inspect(folder.path()).unwrap();
}

#[test]
fn a_frame_over_the_limit_is_refused_and_harmless() {
    let (folder, _) = filled(&[10]);
    let mut journal = open(folder.path());
    let limit = usize::try_from(Journal::payload_limit_bytes(SMALL_BYTES)).unwrap();
    assert!(matches!(journal.append(&vec![1; limit + 1]), Err(JournalError::TooLarge { .. })));
    assert_eq!(journal.append(&vec![1; limit]).unwrap().number, 2);
}

#[test]
fn segments_of_another_size_are_taken_over() {
    let (folder, _) = filled(&[3000, 3000]);
    let mut journal = inspect(folder.path()).unwrap().start(4 * SMALL_BYTES).unwrap();
    // Larger than the segment that was prepared under the old size.
    assert_eq!(journal.append(&payload(3, 9000)).unwrap().number, 3);
    drop(journal);
    let mut journal = open(folder.path());
    assert_eq!(journal.append(&payload(4, 3000)).unwrap().number, 4);
    assert_eq!(contents(&journal.reader(), 1).unwrap(), expected(1..=4, &[3000, 3000, 9000, 3000]));
}

/// Fails at the n-th call, and counts how often it was called afterwards.
struct Faulty {
    file: File,
    calls: Arc<AtomicU64>,
    fail_at: u64,
    kind: io::ErrorKind,
}

impl Faulty {
    fn call(&self) -> io::Result<()> {
        if self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.fail_at { Err(self.kind.into()) } else { Ok(()) }
    }
}

impl Medium for Faulty {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.call() {
            // A short write first, as a full disk does.
            FileExt::write_all_at(&self.file, &bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        FileExt::write_all_at(&self.file, bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.call()?;
        self.file.sync_data()
    }
}

#[test]
fn a_failed_write_or_flush_stops_the_journal_for_good() {
    for fail_at in 1..=8_u64 {
        let kind = if fail_at % 2 == 0 { io::ErrorKind::Other } else { io::ErrorKind::StorageFull };
        let folder = tempfile::tempdir().unwrap();
        let calls = Arc::new(AtomicU64::new(0));
        let shared = calls.clone();
        let make: MakeMedium = Arc::new(move |file| Box::new(Faulty { file, calls: shared.clone(), fail_at, kind }));
        let mut journal = inspect(folder.path()).unwrap().start_on(SMALL_BYTES, make).unwrap();
        let mut durable = 0;
        let error = loop {
            match journal.append(&payload(durable + 1, 500)) {
                Ok(head) => durable = head.number,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, JournalError::Io { .. }), "{error}");
        assert_eq!(durable, (fail_at - 1) / 2);
        assert_eq!(journal.reader().head().number, durable, "what failed is not shown");
        let after = calls.load(Ordering::SeqCst);
        assert!(matches!(journal.append(b"more"), Err(JournalError::Stopped(_))));
        assert_eq!(calls.load(Ordering::SeqCst), after, "no second flush is believed");
        drop(journal);
        let again = inspect(folder.path()).unwrap().head().number;
        // A failed flush leaves it unknown whether the frame is there; a failed write leaves it torn.
        let possible = if fail_at % 2 == 0 { durable..=durable + 1 } else { durable..=durable };
        assert!(possible.contains(&again), "call {fail_at}: {again} of {durable}");
    }
}

#[test]
fn no_room_for_the_next_segment_stops_it_and_room_again_heals_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    // A folder in its place: the next segment cannot be prepared.
    let obstacle = folder.path().join("0000000002.tmp");
    fs::create_dir(&obstacle).unwrap();
    journal.append(&payload(1, 3000)).unwrap();
    let error = journal.append(&payload(2, 3000)).unwrap_err();
    assert!(error.to_string().contains("cannot prepare"), "{error}");
    drop(journal);
    fs::remove_dir(&obstacle).unwrap();
    assert_eq!(open(folder.path()).append(&payload(2, 3000)).unwrap().number, 2);
}
