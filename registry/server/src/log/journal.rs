//! The log with what it amounts to, kept together.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::chain::{Chain, Head};
use super::event::Event;
use super::index::Index;

/// The log of a registry and its index. The server has one; so has each command of an administrator
/// on the same machine: what either writes, the other reads.
#[derive(Debug)]
pub struct Journal {
    chain: Chain,
    index: Arc<Index>,
}

impl Journal {
    /// Opens the log of a registry's folder and reads it from its first line.
    ///
    /// # Errors
    /// When it cannot be made or read, or was changed.
    pub fn open(root: &Path) -> io::Result<Self> {
        let mut journal = Self { chain: Chain::open(root)?, index: Arc::default() };
        journal.index()?;
        Ok(journal)
    }

    /// What the log amounts to now.
    ///
    /// # Errors
    /// When the log cannot be read or was changed.
    pub fn index(&mut self) -> io::Result<Arc<Index>> {
        let entries = self.chain.read_on()?;
        if !entries.is_empty() {
            let index = Arc::make_mut(&mut self.index);
            entries.iter().for_each(|entry| index.apply(entry));
        }
        Ok(Arc::clone(&self.index))
    }

    /// Records what happened, if `decide` still wants it in the light of everything before.
    ///
    /// # Errors
    /// What `decide` refuses; or when the log cannot be written.
    pub fn record<E: From<io::Error>>(
        &mut self,
        by: &str,
        decide: impl FnOnce(&Index) -> Result<Event, E>,
    ) -> Result<(), E> {
        let index = Arc::make_mut(&mut self.index);
        let mut applied = 0;
        let entries = self.chain.append(by, |before| {
            before.iter().for_each(|entry| index.apply(entry));
            applied = before.len();
            decide(index)
        })?;
        entries.iter().skip(applied).for_each(|entry| index.apply(entry));
        Ok(())
    }

    /// The last line.
    pub fn head(&self) -> &Head {
        self.chain.head()
    }

    /// Where the log lies.
    pub fn path(&self) -> &Path {
        self.chain.path()
    }
}
