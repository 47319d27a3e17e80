//! The file. Several processes may append, each under the file's lock; a reader sees whole lines.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Entry, Event};
use crate::digest::Digest;
use crate::store::durable;

/// The last line: who remembers it can tell later that nothing before it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the last line; 0 for an empty log.
    pub seq: u64,
    /// SHA-256 of that line, hexadecimal.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, hash: Digest::sha256(b"").hex().to_owned() }
    }
}

impl Head {
    /// The head after one more line; what is wrong when the line does not follow.
    fn after(&self, line: &str) -> Result<(Self, Entry), String> {
        let number = self.seq + 1;
        let entry: Entry =
            serde_json::from_str(line).map_err(|error| format!("line {number} is not readable: {error}"))?;
        if entry.seq != number {
            return Err(format!("line {number} says it is number {}: a line is missing or out of place", entry.seq));
        }
        if entry.prev != self.hash {
            return Err(format!("line {number} does not follow line {}: one of them was changed", self.seq));
        }
        Ok((Self { seq: number, hash: Digest::sha256(line.as_bytes()).hex().to_owned() }, entry))
    }
}

/// How a whole log was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Its last line.
    pub head: Head,
    /// What is wrong with it, when something is.
    pub wrong: Option<String>,
}

/// Verifies a log's text from its first line, and that an earlier head is still in it.
///
/// # Errors
/// When it cannot be read.
pub fn verify(log: impl Read, earlier: Option<&Head>) -> io::Result<Verdict> {
    let mut head = Head::default();
    let mut seen = earlier.is_none_or(|earlier| earlier.seq == 0);
    for line in BufReader::new(log).lines() {
        match head.after(&line?) {
            Ok((next, _)) => head = next,
            Err(wrong) => return Ok(Verdict { head, wrong: Some(wrong) }),
        }
        if let Some(earlier) = earlier.filter(|earlier| earlier.seq == head.seq) {
            if earlier.hash != head.hash {
                let wrong = format!("line {} is another one than was remembered: the log was rewritten", head.seq);
                return Ok(Verdict { head, wrong: Some(wrong) });
            }
            seen = true;
        }
    }
    let wrong = (!seen).then(|| "the log is shorter than was remembered: lines were cut off".to_owned());
    Ok(Verdict { head, wrong })
}

/// The log of a registry, read so far.
#[derive(Debug)]
pub struct Chain {
    path: PathBuf,
    head: Head,
    offset: u64,
}

impl Chain {
    /// Opens the log of a registry's folder, unread.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        let path = root.join("log.jsonl");
        if !path.is_file() {
            durable::make_folder(root)?;
            OpenOptions::new().create(true).append(true).open(&path)?.sync_all()?;
            durable::flush_folder(root)?;
        }
        Ok(Self { path, head: Head::default(), offset: 0 })
    }

    /// Where the log lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last line read.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The lines since the last call. A line that a kill cut off is not there yet.
    ///
    /// # Errors
    /// When the file cannot be read, or its chain is broken: then nothing of this registry may be believed.
    pub fn read_on(&mut self) -> io::Result<Vec<Entry>> {
        self.take(&File::open(&self.path)?)
    }

    fn take(&mut self, file: &File) -> io::Result<Vec<Entry>> {
        let mut file = file;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let mut entries = Vec::new();
        for line in text.split_inclusive('\n') {
            let Some(whole) = line.strip_suffix('\n') else { break };
            let (head, entry) = self.head.after(whole).map_err(|wrong| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{}: {wrong}", self.path.display()))
            })?;
            self.head = head;
            self.offset += line.len() as u64;
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Appends what `decide` wants, judged on everything that happened before it, and flushes it.
    /// Gives all lines since the last reading, the new one last.
    ///
    /// # Errors
    /// What `decide` refuses; or when the file cannot be written.
    pub fn append<E: From<io::Error>>(
        &mut self,
        by: &str,
        decide: impl FnOnce(&[Entry]) -> Result<Event, E>,
    ) -> Result<Vec<Entry>, E> {
        let mut file = OpenOptions::new().read(true).append(true).open(&self.path)?;
        file.lock()?;
        let mut entries = self.take(&file)?;
        let event = decide(&entries)?;
        // The rest of a line that a kill cut off was acknowledged to nobody.
        file.set_len(self.offset)?;
        let entry = Entry {
            seq: self.head.seq + 1,
            at: Timestamp::now(),
            prev: self.head.hash.clone(),
            by: by.to_owned(),
            event,
        };
        let mut line = serde_json::to_string(&entry).map_err(io::Error::from)?;
        line.push('\n');
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        entries.extend(self.take(&file)?);
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Event {
        Event::OwnerAdded { namespace: "acme".into(), owner: name.into() }
    }

    fn filled(folder: &Path) -> Chain {
        let mut chain = Chain::open(folder).unwrap();
        for name in ["ana", "bo", "cy"] {
            chain.append::<io::Error>("admin", |_| Ok(owner(name))).unwrap();
        }
        chain
    }

    #[test]
    fn every_change_of_a_byte_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let chain = filled(folder.path());
        let text = std::fs::read(chain.path()).unwrap();
        assert_eq!(verify(text.as_slice(), None).unwrap(), Verdict { head: chain.head().clone(), wrong: None });
        let last_line = text.len() - text.rsplit(|byte| *byte == b'\n').nth(1).unwrap().len() - 1;
        for position in 0..last_line {
            let mut changed = text.clone();
            changed[position] ^= 1;
            let verdict = verify(changed.as_slice(), Some(chain.head()));
            assert!(!verdict.is_ok_and(|verdict| verdict.wrong.is_none()), "byte {position}");
        }
    }

    #[test]
    fn who_remembers_a_head_sees_a_cut_and_a_rewrite() {
        let folder = tempfile::tempdir().unwrap();
        let chain = filled(folder.path());
        let text = std::fs::read_to_string(chain.path()).unwrap();
        let cut: String = text.split_inclusive('\n').take(2).collect();
        let wrong = |text: &str| verify(text.as_bytes(), Some(chain.head())).unwrap().wrong.unwrap();
        assert!(wrong(&cut).contains("cut off"));
        let elsewhere = tempfile::tempdir().unwrap();
        let other = filled(elsewhere.path());
        assert!(wrong(&std::fs::read_to_string(other.path()).unwrap()).contains("rewritten"));
    }

    #[test]
    fn a_line_that_was_cut_off_never_happened() {
        let folder = tempfile::tempdir().unwrap();
        let path = filled(folder.path()).path().to_owned();
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..80 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let mut chain = Chain::open(folder.path()).unwrap();
            assert_eq!(chain.read_on().unwrap().len(), 2, "cut {cut}");
            let added = chain.append::<io::Error>("admin", |_| Ok(owner("di"))).unwrap();
            assert_eq!(added.last().unwrap().seq, 3);
            assert_eq!(verify(File::open(&path).unwrap(), None).unwrap().wrong, None);
        }
    }

    #[test]
    fn two_writers_make_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let writer = |name: &'static str| {
            let mut chain = Chain::open(folder.path()).unwrap();
            move || (0..50).for_each(|_| drop(chain.append::<io::Error>(name, |_| Ok(owner(name))).unwrap()))
        };
        let (one, two) = (writer("one"), writer("two"));
        std::thread::scope(|scope| {
            scope.spawn(one);
            scope.spawn(two);
        });
        let verdict = verify(File::open(folder.path().join("log.jsonl")).unwrap(), None).unwrap();
        assert_eq!((verdict.head.seq, verdict.wrong), (100, None));
    }
}
