//! The newest events as they were appended. Whoever follows the log asks for them within milliseconds, one after the
//! other, so most are handed out without being read from the view again.

use std::collections::VecDeque;
use std::sync::Arc;

use process::Event;

/// Bytes of the rows that are kept: seconds of a busy log. In memory an event takes several times its row.
const RECENT_BYTES: usize = 1 << 20;

/// A new event, where it belongs, and how large its row is.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) partition: u16,
    pub(crate) event: Arc<Event>,
    pub(crate) bytes: usize,
}

/// The end of the log.
#[derive(Debug)]
pub(crate) struct Recent {
    /// By sequence number.
    events: VecDeque<Appended>,
    bytes: usize,
    /// Every event with a higher number is here.
    floor: u64,
}

impl Recent {
    /// Nothing yet of a log that ends at `head`.
    pub(crate) fn after(head: u64) -> Self {
        Self { events: VecDeque::new(), bytes: 0, floor: head }
    }

    /// Adds the log's next event, and lets the oldest go.
    pub(crate) fn push(&mut self, appended: Appended) {
        self.bytes += appended.bytes;
        self.events.push_back(appended);
        while self.bytes > RECENT_BYTES {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.bytes;
            self.floor = oldest.event.seq;
        }
    }

    /// Events over a number, of one partition or of all; `None` when older ones than are here may be wanted.
    pub(crate) fn read(&self, partition: Option<u16>, after: u64, limit: usize) -> Option<Vec<Arc<Event>>> {
        if after < self.floor {
            return None;
        }
        let first = self.events.partition_point(|appended| appended.event.seq <= after);
        let wanted = |appended: &&Appended| partition.is_none_or(|partition| appended.partition == partition);
        let events = self.events.range(first..).filter(wanted);
        Some(events.take(limit).map(|appended| Arc::clone(&appended.event)).collect())
    }
}

#[cfg(test)]
mod tests {
    use process::Cause;
    use quoin_canonical::{Id, Timestamp};
    use serde_json::Value;

    use super::*;

    fn recent(events: impl IntoIterator<Item = u64>, bytes: usize) -> Recent {
        let mut recent = Recent::after(9);
        for seq in events {
            let event = Event {
                seq,
                id: Id::derived(&[&seq.to_string()]),
                kind: "told".into(),
                key: "K".into(),
                at: Timestamp::UNIX_EPOCH,
                cause: Cause::default(),
                body: Value::Null,
            };
            recent.push(Appended { partition: (seq % 2) as u16, event: Arc::new(event), bytes });
        }
        recent
    }

    fn seqs(found: Option<Vec<Arc<Event>>>) -> Option<Vec<u64>> {
        found.map(|events| events.iter().map(|event| event.seq).collect())
    }

    #[test]
    fn events_are_found_by_number_and_partition() {
        let recent = recent(10..=15, 1);
        assert_eq!(seqs(recent.read(None, 12, 2)), Some(vec![13, 14]));
        assert_eq!(seqs(recent.read(Some(0), 9, 9)), Some(vec![10, 12, 14]));
        assert_eq!(seqs(recent.read(Some(1), 15, 9)), Some(vec![]));
        assert_eq!(seqs(recent.read(Some(1), u64::MAX, 9)), Some(vec![]));
    }

    #[test]
    fn what_may_be_older_is_left_to_the_view() {
        let whole = recent(10..=15, 1);
        assert_eq!(seqs(whole.read(None, 8, 9)), None);
        let cut = recent(10..=15, RECENT_BYTES / 3);
        assert_eq!(seqs(cut.read(None, 11, 9)), None);
        assert_eq!(seqs(cut.read(None, 12, 9)), Some(vec![13, 14, 15]));
    }
}
