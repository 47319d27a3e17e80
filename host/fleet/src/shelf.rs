//! Where components are kept, so that what was decided can be served again after a restart, whatever became
//! of the file it was loaded from. A component is named by its digest, and checked against it when taken out.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

/// A folder of components: `<plugin>/<digest>.wasm` beside `<digest>.toml`.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// The digest of a component, hex SHA-256.
pub(crate) fn digest_of(component: &[u8]) -> String {
    hex::encode(digest(&SHA256, component))
}

impl Shelf {
    /// A shelf in this folder; made when something is put on it.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, plugin: &str, digest: &str, ending: &str) -> PathBuf {
        self.folder.join(plugin).join(format!("{digest}.{ending}"))
    }

    /// Keeps a component with its manifest. When this returns, both are on the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn put(&self, plugin: &str, component: &[u8], manifest: &str) -> io::Result<()> {
        let digest = digest_of(component);
        fs::create_dir_all(self.folder.join(plugin))?;
        // The component last: it is what is looked for.
        write(&self.file(plugin, &digest, "toml"), manifest.as_bytes())?;
        write(&self.file(plugin, &digest, "wasm"), component)
    }

    /// A component with its manifest.
    ///
    /// # Errors
    /// When it is not there, or is not what was put there.
    pub fn get(&self, plugin: &str, digest: &str) -> io::Result<(Vec<u8>, String)> {
        let path = self.file(plugin, digest, "wasm");
        let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let component = fs::read(&path).map_err(at)?;
        let found = digest_of(&component);
        if found != digest {
            return Err(at(io::Error::other(format!("its digest is {found}: it was changed after it was decided on"))));
        }
        let manifest = self.file(plugin, digest, "toml");
        let text = fs::read_to_string(&manifest)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", manifest.display())))?;
        Ok((component, text))
    }

    /// Throws a component away.
    pub fn remove(&self, plugin: &str, digest: &str) {
        for ending in ["wasm", "toml"] {
            let path = self.file(plugin, digest, ending);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(file = %path.display(), %error, "a component that nobody needs could not be removed");
                }
                _ => {}
            }
        }
    }
}

/// Whole or not at all: a temporary file, flushed, then renamed, and the folder flushed too.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|kept| kept == bytes) {
        return Ok(());
    }
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_not_given_out() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("shelf"));
        shelf.put("books", b"component", "id").unwrap();
        let digest = digest_of(b"component");
        assert_eq!(shelf.get("books", &digest).unwrap(), (b"component".to_vec(), "id".to_owned()));
        fs::write(shelf.file("books", &digest, "wasm"), b"another").unwrap();
        assert!(shelf.get("books", &digest).unwrap_err().to_string().contains("changed after it was decided on"));
        shelf.remove("books", &digest);
        assert!(shelf.get("books", &digest).is_err());
    }
}
