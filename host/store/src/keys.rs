//! The one key space: a table byte, then the parts of the key. Integers and times are
//! big-endian, so that byte order is their order; texts that others follow are escaped and
//! terminated, so that order is that of the texts and no key is a prefix of another's range.
//!
//! The journal holds these keys: a change of a layout needs a new payload format there.

use quoin_canonical::Timestamp;

/// The tables, by their first byte.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Table {
    /// Counters: see [`HEAD`].
    Meta = 0,
    /// partition, seq: event.
    Event = 1,
    /// seq: partition.
    EventBySeq = 2,
    /// id: partition, seq.
    EventById = 3,
    /// business key, seq: nothing.
    EventByKey = 4,
    /// collection, key: version, JSON.
    Document = 5,
    /// id: command row.
    Command = 6,
    /// business key, id: nothing. (7 is free.)
    CommandByKey = 8,
    /// id: due, JSON.
    Timer = 9,
    /// due, id: nothing.
    TimerDue = 10,
    /// connection, object, vendor id: JSON.
    Xref = 11,
    /// canonical id, connection, object, vendor id: JSON.
    XrefById = 12,
    /// connection, object, vendor id: JSON.
    Sighting = 13,
    /// connection, delivery id: when.
    Delivery = 14,
    /// consumer, partition: seq.
    Position = 15,
    /// name: value.
    Cursor = 16,
    /// id: opened at, JSON.
    Exception = 17,
    /// opened at, newest first, id: nothing.
    ExceptionByAge = 18,
    /// The same, open ones only.
    ExceptionOpen = 19,
}

/// The last sequence number of the log.
pub(crate) const HEAD: [u8; 2] = [Table::Meta as u8, 1];

/// Bytes of a time in a key.
pub(crate) const TIME_BYTES: usize = 16;

/// Builds a key.
#[derive(Debug, Clone)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn of(table: Table) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(table as u8);
        Self(bytes)
    }

    /// A text that something follows: zero bytes escaped, terminated.
    pub(crate) fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xFF);
            }
        }
        self.0.extend_from_slice(&[0, 0]);
        self
    }

    /// A text that nothing follows: as it is, so that its prefixes are key prefixes.
    pub(crate) fn last(self, text: &str) -> Vec<u8> {
        let mut bytes = self.0;
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    pub(crate) fn u16(mut self, value: u16) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn time(mut self, time: Timestamp) -> Self {
        self.0.extend_from_slice(&time_bytes(time));
        self
    }

    /// A time, later ones first.
    pub(crate) fn time_descending(mut self, time: Timestamp) -> Self {
        self.0.extend(time_bytes(time).map(|byte| !byte));
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The first key after all that start with `prefix`.
pub(crate) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    // No table byte is 0xFF, so `end` is never empty.
    end
}

/// A time as bytes in order, whole range of [`Timestamp`], nanoseconds.
pub(crate) fn time_bytes(time: Timestamp) -> [u8; TIME_BYTES] {
    const SIGN: u128 = 1 << 127;
    (time.as_nanosecond().cast_unsigned() ^ SIGN).to_be_bytes()
}

/// The time in such bytes; `None` when they are none.
pub(crate) fn time_from(bytes: &[u8]) -> Option<Timestamp> {
    const SIGN: u128 = 1 << 127;
    let raw = u128::from_be_bytes(bytes.try_into().ok()?);
    Timestamp::from_nanosecond((raw ^ SIGN).cast_signed()).ok()
}

/// The number in eight bytes.
pub(crate) fn u64_from(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_times_and_texts_is_order_of_bytes() {
        let times = [
            "-009999-01-02T01:59:59Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "1970-01-01T00:00:00.000000001Z",
            "2026-03-02T10:15:00Z",
            "9999-12-30T22:00:00Z",
        ];
        let times: Vec<Timestamp> = times.iter().map(|text| text.parse().unwrap()).collect();
        for pair in times.windows(2) {
            assert!(time_bytes(pair[0]) < time_bytes(pair[1]), "{pair:?}");
            assert_eq!(time_from(&time_bytes(pair[0])), Some(pair[0]));
        }
        let texts = ["", "\0", "\0\0", "\0a", "a", "a\0", "a\0b", "aa", "b", "ä"];
        for pair in texts.windows(2) {
            let key = |text| Key::of(Table::Document).text(text).u64(7).bytes();
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn after_prefix_is_the_least_key_outside() {
        for (prefix, end) in [(vec![5], vec![6]), (vec![5, 0xFF], vec![6]), (vec![5, 1, 0xFF, 0xFF], vec![5, 2])] {
            assert_eq!(after_prefix(&prefix), end);
        }
    }
}
