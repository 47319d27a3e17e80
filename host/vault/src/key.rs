//! Key-encryption keys: where they come from, and how one follows another.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::VaultError;

/// Length of a key-encryption key, in bytes (AES-256).
pub const KEY_BYTES: usize = 32;
/// Variable that carries the key, base64.
const KEY_VARIABLE: &str = "QUOIN_VAULT_KEY";
/// Variable that carries the key before it, during a rotation.
const PREVIOUS_VARIABLE: &str = "QUOIN_VAULT_KEY_PREVIOUS";
/// Name of the systemd credential that carries the key.
const CREDENTIAL_NAME: &str = "quoin-vault-key";

/// A key-encryption key. No `Debug`, no `Clone`, wiped when dropped.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl Key {
    fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"quoin-vault/1/key-id\0");
        context.update(bytes.as_slice());
        let id = hex::encode(context.finish().as_ref().get(..8).unwrap_or_default());
        Self { id, bytes }
    }

    pub(crate) fn generate() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(bytes.as_mut_slice())?;
        Ok(Self::new(bytes))
    }

    fn decode(text: &str, place: &str) -> Result<Self, VaultError> {
        let form = || VaultError::KeyForm { place: place.to_owned() };
        let decoded = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| form())?);
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        if decoded.len() != KEY_BYTES {
            return Err(form());
        }
        bytes.copy_from_slice(&decoded);
        Ok(Self::new(bytes))
    }

    fn encode(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes.as_slice()))
    }
}

/// The current key, and the one before it where a rotation is under way.
pub(crate) struct KeyRing {
    pub(crate) current: Key,
    pub(crate) previous: Option<Key>,
}

impl KeyRing {
    pub(crate) fn find(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.current).chain(&self.previous).find(|key| key.id == id)
    }

    pub(crate) fn ids(&self) -> String {
        std::iter::once(&self.current).chain(&self.previous).map(|key| key.id.as_str()).collect::<Vec<_>>().join(", ")
    }
}

enum Source {
    File(PathBuf),
    Given { current: Zeroizing<String>, previous: Option<Zeroizing<String>>, place: String },
}

/// Where the key-encryption key comes from.
pub struct KeySource(Source);

impl KeySource {
    /// A file of mode 0600, made on first start. Its first line is the key, base64.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// Keys handed in, base64 of 32 bytes; `place` is named in errors. With `previous`, a vault
    /// sealed under that one is sealed anew under `current` when it is opened.
    pub fn given(current: impl Into<String>, previous: Option<String>, place: &str) -> Self {
        let current = Zeroizing::new(current.into());
        Self(Source::Given { current, previous: previous.map(Zeroizing::new), place: place.to_owned() })
    }

    /// `QUOIN_VAULT_KEY` (with `QUOIN_VAULT_KEY_PREVIOUS`), else the systemd credential
    /// `quoin-vault-key` under `CREDENTIALS_DIRECTORY`, else the file.
    ///
    /// # Errors
    /// When the credential exists but cannot be read.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
        file: impl Into<PathBuf>,
    ) -> Result<Self, VaultError> {
        if let Some(current) = variable(KEY_VARIABLE) {
            return Ok(Self::given(current, variable(PREVIOUS_VARIABLE), KEY_VARIABLE));
        }
        let credential = variable("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(CREDENTIAL_NAME));
        match credential.filter(|path| path.exists()) {
            Some(path) => {
                let current = fs::read_to_string(&path).map_err(VaultError::io(&path))?;
                Ok(Self::given(current, variable(PREVIOUS_VARIABLE), &path.display().to_string()))
            }
            None => Ok(Self::file(file)),
        }
    }

    /// The keys. A key file that does not exist is made only where no vault exists yet.
    pub(crate) fn load(&self, vault: &Path) -> Result<KeyRing, VaultError> {
        match &self.0 {
            Source::Given { current, previous, place } => Ok(KeyRing {
                current: Key::decode(current, place)?,
                previous: previous.as_ref().map(|text| Key::decode(text, PREVIOUS_VARIABLE)).transpose()?,
            }),
            Source::File(path) if path.exists() => read_key_file(path),
            Source::File(path) if vault.exists() => {
                Err(VaultError::KeyMissing { vault: vault.to_owned(), key: path.clone() })
            }
            Source::File(path) => {
                let ring = KeyRing { current: Key::generate()?, previous: None };
                write_key_file(path, &ring)?;
                Ok(ring)
            }
        }
    }

    /// The key file, where the key lives in one.
    pub(crate) fn key_file(&self) -> Result<&Path, VaultError> {
        match &self.0 {
            Source::File(path) => Ok(path),
            Source::Given { .. } => Err(VaultError::KeyOutside { variable: KEY_VARIABLE }),
        }
    }
}

fn read_key_file(path: &Path) -> Result<KeyRing, VaultError> {
    let mode = fs::metadata(path).map_err(VaultError::io(path))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::KeyExposed { path: path.to_owned(), mode });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(VaultError::io(path))?);
    let place = path.display().to_string();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let current = Key::decode(lines.next().unwrap_or_default(), &place)?;
    let previous = lines.next().map(|line| Key::decode(line, &place)).transpose()?;
    Ok(KeyRing { current, previous })
}

/// Writes the ring: current key first, the one before it second.
pub(crate) fn write_key_file(path: &Path, ring: &KeyRing) -> Result<(), VaultError> {
    let mut text = Zeroizing::new(String::new());
    for key in std::iter::once(&ring.current).chain(&ring.previous) {
        text.push_str(&key.encode());
        text.push('\n');
    }
    write_durably(path, text.as_bytes())
}

/// Replaces a file whole: written beside it with mode 0600, flushed, renamed over it, and the
/// rename flushed too. A crash leaves the old file or the new one.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(VaultError::io(folder))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let beside = folder.join(name);
    let write = || -> std::io::Result<()> {
        // A leftover of a crash may have been made by someone else with other permissions.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(VaultError::io(path))
}
