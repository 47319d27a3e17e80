//! The one thread that commits. It takes all that waits, resolves it into one frame, flushes once,
//! applies, and only then answers. While it flushes the next group gathers by itself, so no delay
//! is ever added.

use std::sync::Arc;

use ports::{CommitError, Receipt};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::COMMIT_LIMIT_BYTES;
use crate::desk::{Changes, Desk};
use crate::journal::Journal;
use crate::layers::Layers;
use crate::prepare::Prepared;
use crate::resolve::{Refusal, head_after, resolve};
use crate::view::{Writes, payload};

/// Commits in one group: more would not make the flush cheaper, and the first would wait longer.
const GROUP_COMMITS: usize = 512;
/// Bytes after which a group is full: about what a disk takes in a millisecond.
const GROUP_BYTES: u64 = 1 << 20;

/// A commit that waits.
pub(crate) struct Request {
    pub(crate) commit: Prepared,
    pub(crate) reply: oneshot::Sender<Answer>,
    /// Its share of the queue's bytes.
    pub(crate) _room: OwnedSemaphorePermit,
}

type Answer = Result<Receipt, CommitError>;

/// Sizes that follow from the segment size: a full group and one commit more fit into a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) commit_bytes: u64,
    group_bytes: u64,
}

impl Limits {
    pub(crate) fn of_segment(segment_bytes: u64) -> Self {
        let half = Journal::payload_limit_bytes(segment_bytes) / 2;
        Self { commit_bytes: COMMIT_LIMIT_BYTES.min(half), group_bytes: GROUP_BYTES.min(half) }
    }
}

/// Owns the journal.
pub(crate) struct Committer {
    journal: Journal,
    desk: Arc<Desk<Layers>>,
    limits: Limits,
    group: Group,
}

/// The group being made.
#[derive(Default)]
struct Group {
    payload: Vec<u8>,
    /// What the view will hold differently.
    writes: Writes,
    changes: Changes,
    /// Answers to give once the group is durable. Refusals wait too: they may rest on a commit of
    /// the same group.
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl Committer {
    pub(crate) fn new(journal: Journal, desk: Arc<Desk<Layers>>, limits: Limits) -> Self {
        Self { journal, desk, limits, group: Group::default() }
    }

    /// Commits until every sender is gone.
    pub(crate) fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(first) = queue.blocking_recv() {
            self.begin();
            let mut result = self.take(first);
            while result.is_ok() && !self.is_full() {
                let Ok(next) = queue.try_recv() else { break };
                result = self.take(next);
            }
            let result = result.and_then(|()| self.desk.check_running()).and_then(|()| self.flush());
            if let Err(error) = &result {
                self.desk.stop(&reason(error));
            }
            for (reply, answer) in self.group.answers.drain(..) {
                // A caller that no longer waits does not change what is durable.
                let _ = reply.send(result.clone().and(answer));
            }
        }
    }

    fn begin(&mut self) {
        payload::begin(&mut self.group.payload);
        self.group.writes.clear();
        self.group.changes = Changes::default();
    }

    fn is_full(&self) -> bool {
        self.group.answers.len() >= GROUP_COMMITS || self.group.payload.len() as u64 >= self.limits.group_bytes
    }

    /// Resolves a commit into the group. `Err`: the store must stop.
    fn take(&mut self, request: Request) -> Result<(), CommitError> {
        let resolved = resolve(&*self.desk.view(), &self.group.writes, request.commit);
        let (answer, result) = match resolved {
            Ok(resolved) => {
                let bytes = payload::size(&resolved.writes) as u64;
                let limit_bytes = self.limits.commit_bytes;
                if bytes > limit_bytes {
                    (Err(CommitError::TooLarge { bytes, limit_bytes }), Ok(()))
                } else {
                    if !resolved.writes.is_empty() {
                        payload::add(&resolved.writes, &mut self.group.payload);
                    }
                    self.group.writes.extend(resolved.writes);
                    self.group.changes.commands.extend(resolved.commands);
                    self.group.changes.events.extend(resolved.events);
                    self.group.changes.queued |= resolved.queued;
                    (Ok(resolved.receipt), Ok(()))
                }
            }
            Err(Refusal::Commit(error)) => (Err(error), Ok(())),
            Err(Refusal::View(error)) => {
                let stop = CommitError::Stopped(error.to_string());
                (Err(stop.clone()), Err(stop))
            }
        };
        self.group.answers.push((request.reply, answer));
        result
    }

    /// Makes the group durable, then visible.
    fn flush(&mut self) -> Result<(), CommitError> {
        let stopped = |error: &dyn std::fmt::Display| CommitError::Stopped(error.to_string());
        let mut changes = std::mem::take(&mut self.group.changes);
        let writes = std::mem::take(&mut self.group.writes);
        changes.head = head_after(&writes);
        let frame = if writes.is_empty() {
            None
        } else {
            Some(self.journal.append(&self.group.payload).map_err(|error| stopped(&error))?)
        };
        let apply = |view: &mut Layers| {
            if let Some(frame) = frame {
                view.apply(writes, frame)?;
            }
            Ok(((), changes))
        };
        self.desk.change(apply).map_err(|error| stopped(&error))
    }
}

fn reason(error: &CommitError) -> String {
    match error {
        CommitError::Stopped(reason) => reason.clone(),
        other => other.to_string(),
    }
}
