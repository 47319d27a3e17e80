//! Brings the view up to the journal when a store is opened. A view that cannot be opened, hangs,
//! panics or contradicts the journal is thrown away and built again in a new folder, from the
//! first frame.
//!
//! Views live in folders `view-<n>`; the highest number counts. A new number, not the old folder
//! emptied, because a hanging sled may still hold files in the old one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::embedded::{OpenError, Options};
use crate::journal::{JournalError, Reader};
use crate::sled_view::SledView;
use crate::view::{ViewError, payload};

/// A view that gives no sign of life for this long is taken to hang: the slowest single step is
/// opening a large sled, seconds.
const SILENCE_LIMIT_S: u64 = 60;
/// Frames between two lines of progress.
const FRAMES_A_LINE: u64 = 5_000;

/// Why an attempt ended.
#[derive(Debug)]
enum Trouble {
    /// The view is of no use: build another.
    View(String),
    /// The journal or the operator's intent is in question: do not go on.
    Stop(OpenError),
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Self {
        Self::Stop(error.into())
    }
}

impl From<ViewError> for Trouble {
    fn from(error: ViewError) -> Self {
        Self::View(error.to_string())
    }
}

/// Opens the view under `root` and catches it up; builds it anew when it must.
pub(crate) fn warm_up(root: &Path, reader: &Reader, options: &Options) -> Result<SledView, OpenError> {
    let newest = view_numbers(root).map_err(|error| OpenError::view(root, error))?.into_iter().max();
    let number = newest.unwrap_or(1);
    let reason = match watched(&folder(root, number), reader, options) {
        Ok(view) => {
            remove_below(root, number);
            return Ok(view);
        }
        Err(Trouble::Stop(error)) => return Err(error),
        Err(Trouble::View(reason)) => reason,
    };
    let fresh = folder(root, number + 1);
    tracing::warn!(
        view = %folder(root, number).display(), reason, frames = reader.head().number,
        "the view is of no use and is built again from the journal"
    );
    match watched(&fresh, reader, options) {
        Ok(view) => {
            remove_below(root, number + 1);
            Ok(view)
        }
        Err(Trouble::Stop(error)) => Err(error),
        Err(Trouble::View(reason)) => Err(OpenError::view(&fresh, reason)),
    }
}

fn folder(root: &Path, number: u64) -> PathBuf {
    root.join(format!("view-{number:010}"))
}

fn view_numbers(root: &Path) -> std::io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let name = entry?.file_name();
        found.extend(name.to_str().and_then(|name| name.strip_prefix("view-")?.parse::<u64>().ok()));
    }
    Ok(found)
}

/// Removes views that no longer count. What cannot be removed now is tried again next time.
fn remove_below(root: &Path, number: u64) {
    for old in view_numbers(root).unwrap_or_default().into_iter().filter(|old| *old < number) {
        let folder = folder(root, old);
        let removed = if folder.is_dir() { fs::remove_dir_all(&folder) } else { fs::remove_file(&folder) };
        if let Err(error) = removed {
            tracing::warn!(folder = %folder.display(), %error, "an old view cannot be removed");
        }
    }
}

enum Sign {
    Alive,
    Done(Result<SledView, Trouble>),
}

/// Runs one attempt in a thread of its own, and gives it up when it falls silent.
fn watched(folder: &Path, reader: &Reader, options: &Options) -> Result<SledView, Trouble> {
    let (signs, watch) = sync_channel(1);
    let (place, reader, options) = (folder.to_path_buf(), reader.clone(), options.clone());
    let thread = std::thread::Builder::new().name("view-warm-up".into()).spawn(move || {
        let result = attempt(&place, &reader, &options, &signs);
        // Nobody listens any more when the watch gave up.
        let _ = signs.send(Sign::Done(result));
    });
    if let Err(error) = thread {
        return Err(Trouble::Stop(OpenError::view(folder, format!("no thread to open it in: {error}"))));
    }
    loop {
        match watch.recv_timeout(Duration::from_secs(SILENCE_LIMIT_S)) {
            Ok(Sign::Alive) => {}
            Ok(Sign::Done(result)) => return result,
            Err(RecvTimeoutError::Timeout) => {
                return Err(Trouble::View(format!("it gave no sign of life for {SILENCE_LIMIT_S} s")));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Trouble::View("opening it panicked".into()));
            }
        }
    }
}

fn attempt(folder: &Path, reader: &Reader, options: &Options, signs: &SyncSender<Sign>) -> Result<SledView, Trouble> {
    // A full channel means that the watch has a sign to read already.
    let alive = || drop(signs.try_send(Sign::Alive));
    let mut view = SledView::open(folder, options.view_cache_bytes, &alive)?;
    let applied = view.applied();
    let head = reader.head();
    let seen = view.seen().number;
    if seen > head.number {
        if options.accept_lost_end {
            return Err(Trouble::View(format!("it is at frame {seen}, the journal ends at {}", head.number)));
        }
        let (journal, view) = (head.number, seen);
        return Err(Trouble::Stop(OpenError::LostEnd { journal, view, folder: folder.to_path_buf() }));
    }
    reader.replay(applied.number.max(1), |frame, bytes| {
        alive();
        if frame.number == applied.number {
            let same = frame.hash == applied.hash;
            return if same { Ok(()) } else { Err(Trouble::View("it stands for another journal".into())) };
        }
        let Some(writes) = payload::read(bytes) else {
            return Err(Trouble::Stop(OpenError::Format { frame: frame.number }));
        };
        view.apply(&writes, frame)?;
        if frame.number.is_multiple_of(FRAMES_A_LINE) {
            tracing::info!(frame = frame.number, of = head.number, "catching up the view with the journal");
        }
        Ok(())
    })?;
    Ok(view)
}
