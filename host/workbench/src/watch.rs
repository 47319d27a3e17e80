//! What an author saved since the last look.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders that tools write into: looking there would see our own work.
const NOT_LOOKED_INTO: [&str; 9] =
    ["target", "dist", ".git", "quoin-sdk", "cassettes", "node_modules", "build", ".venv", "__pycache__"];

/// Files at most: a folder with more is no connector's, and walking it would keep the machine busy.
const FILES_MAX: usize = 5_000;

/// A folder under watch.
#[derive(Debug)]
pub struct Watch {
    folder: PathBuf,
    seen: BTreeMap<PathBuf, (SystemTime, u64)>,
}

/// Paths that changed, relative to the folder.
pub type Changes = Vec<String>;

impl Watch {
    /// Remembers a folder as it is.
    pub fn new(folder: &Path) -> Self {
        let mut watch = Self { folder: folder.to_owned(), seen: BTreeMap::new() };
        watch.seen = watch.look();
        watch
    }

    /// What was saved, added or removed since the last time.
    pub fn changes(&mut self) -> Changes {
        let now = self.look();
        let changed = now.iter().filter(|(path, stamp)| self.seen.get(*path) != Some(stamp)).map(|(path, _)| path);
        let gone = self.seen.keys().filter(|path| !now.contains_key(*path));
        let shown = |path: &PathBuf| path.strip_prefix(&self.folder).unwrap_or(path).display().to_string();
        let changes = changed.chain(gone).map(shown).collect();
        self.seen = now;
        changes
    }

    fn look(&self) -> BTreeMap<PathBuf, (SystemTime, u64)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            // A folder that cannot be read now is one without files; the next look sees it again.
            let Ok(entries) = folder.read_dir() else { continue };
            for entry in entries.flatten() {
                let Ok(about) = entry.metadata() else { continue };
                let name = entry.file_name();
                if about.is_dir() && !NOT_LOOKED_INTO.iter().any(|left| name == *left) {
                    folders.push(entry.path());
                } else if about.is_file() && name != "Cargo.lock" && found.len() < FILES_MAX {
                    let saved = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    found.insert(entry.path(), (saved, about.len()));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_what_an_author_saves_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write("src/lib.rs", "1");
        write("README.md", "1");
        let mut watch = Watch::new(folder.path());
        assert!(watch.changes().is_empty());
        write("src/lib.rs", "12");
        write("target/x", "1");
        write("dist/x.wasm", "1");
        write("tests/cassettes/x.json", "1");
        assert_eq!(watch.changes(), ["src/lib.rs"]);
        std::fs::remove_file(folder.path().join("README.md")).unwrap();
        assert_eq!(watch.changes(), ["README.md"]);
        assert!(watch.changes().is_empty());
    }
}
