//! The vault in one file: opened once, kept decrypted in memory that is wiped, written whole.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use async_trait::async_trait;
use aws_lc_rs::{hmac, rand};
use ports::{MacAlgorithm, SecretError, SecretValue, Secrets};
use zeroize::Zeroizing;

use crate::VaultError;
use crate::key::{Key, KeyRing, KeySource, write_durably, write_key_file};
use crate::redact::Redactor;
use crate::sealed::{Document, Envelope};

/// Largest secret, in bytes: an RSA key of 8192 bits in PEM is below 7 KiB.
const MAX_SECRET_BYTES: usize = 64 * 1024;
/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// How often a read looks whether another process changed the file, in milliseconds: soon enough
/// for a person who has just typed `quoin secret set`, and never felt on the way out.
const LOOK_EVERY_MS: u64 = 500;

/// Tells one written file from the next.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Stamp {
    inode: u64,
    length: u64,
    modified_ns: i128,
}

struct Live {
    values: BTreeMap<String, Zeroizing<Vec<u8>>>,
    redactor: Redactor,
    stamp: Stamp,
}

struct Inner {
    path: PathBuf,
    source: KeySource,
    ring: Mutex<KeyRing>,
    live: RwLock<Arc<Live>>,
    opened: Instant,
    looked_ms: AtomicU64,
    /// For comparing texts of any length in constant time.
    compare_key: hmac::Key,
}

/// [`Secrets`] in one encrypted file. Several processes may share it: writers take turns by a lock
/// file, and readers notice a change within a second.
pub struct FileVault(Arc<Inner>);

impl FileVault {
    /// Opens the vault, or starts an empty one (and, with a key file, makes the key). A vault sealed
    /// under the previous key is sealed anew under the current one. Blocks; call it at start.
    ///
    /// # Errors
    /// [`VaultError`]: wrong or exposed key, damaged file, refused by the file system.
    pub fn open(path: impl Into<PathBuf>, source: KeySource) -> Result<Self, VaultError> {
        let path = path.into();
        let ring = source.load(&path)?;
        let mut secret = Zeroizing::new([0; 32]);
        rand::fill(secret.as_mut_slice())?;
        let empty =
            Live { values: BTreeMap::new(), redactor: Redactor::new(std::iter::empty()), stamp: Stamp::default() };
        let inner = Inner {
            path,
            source,
            ring: Mutex::new(ring),
            live: RwLock::new(Arc::new(empty)),
            opened: Instant::now(),
            looked_ms: AtomicU64::new(0),
            compare_key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()),
        };
        inner.load()?;
        Ok(Self(Arc::new(inner)))
    }

    /// Stores a value durably before it returns. Blocks.
    ///
    /// # Errors
    /// [`VaultError`] for names outside `a-z A-Z 0-9 . _ - /`, empty or oversized values, and what
    /// the file system refuses.
    pub fn set(&self, name: &str, value: &SecretValue) -> Result<(), VaultError> {
        value.expose(|bytes| self.0.set(name, bytes))
    }

    /// Forgets a secret durably. Blocks. Whether there was one.
    ///
    /// # Errors
    /// [`VaultError`] as for [`FileVault::set`].
    pub fn remove(&self, name: &str) -> Result<bool, VaultError> {
        self.0.change(|document, _| Ok(document.secrets.remove(name).is_some()))
    }

    /// Reads the file again, whoever wrote it. Blocks. Reads do so by themselves within a second;
    /// this one tells when it fails.
    ///
    /// # Errors
    /// [`VaultError`] as for [`FileVault::open`]; the values in memory stay as they were.
    pub fn reload(&self) -> Result<(), VaultError> {
        self.0.reload(self.0.lock_ring())
    }

    /// Makes a new key-encryption key, moves every data key under it, and drops the old one.
    /// Blocks. A crash at any point leaves a vault that opens. Answers the new key's id.
    ///
    /// # Errors
    /// [`VaultError::KeyOutside`] when the key does not live in a file.
    pub fn rotate_key(&self) -> Result<String, VaultError> {
        let inner = &self.0;
        let key_file = inner.source.key_file()?;
        let _lock = inner.lock_file()?;
        let mut ring = inner.lock_ring();
        inner.follow_rotation(&mut ring)?;
        let mut document = inner.read_document(&ring)?;
        let fresh = Key::generate()?;
        let old = std::mem::replace(&mut ring.current, fresh);
        ring.previous = Some(old);
        // First both keys, then the vault, then the new key alone: whatever is on disk opens.
        write_key_file(key_file, &ring)?;
        inner.seal_anew(&mut document, &ring)?;
        ring.previous = None;
        write_key_file(key_file, &ring)?;
        inner.install(&document, &ring, stamp_of(&inner.path))?;
        Ok(ring.current.id.clone())
    }
}

impl Inner {
    fn lock_ring(&self) -> MutexGuard<'_, KeyRing> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> Arc<Live> {
        self.look();
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writers of all processes take turns; the lock goes with the returned file.
    fn lock_file(&self) -> Result<File, VaultError> {
        let path = self.path.with_extension("lock");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(VaultError::io(folder))?;
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(VaultError::io(&path))?;
        file.lock().map_err(VaultError::io(&path))?;
        Ok(file)
    }

    /// Reads the file at start, moving it under the current key where needed.
    fn load(&self) -> Result<(), VaultError> {
        let _lock = self.lock_file()?;
        let mut ring = self.lock_ring();
        let mut document = self.read_document(&ring)?;
        if document.key_id != ring.current.id {
            self.seal_anew(&mut document, &ring)?;
        }
        if let Ok(key_file) = self.source.key_file()
            && ring.previous.take().is_some()
        {
            // A rotation was cut short; everything is under the current key now.
            write_key_file(key_file, &ring)?;
        }
        self.install(&document, &ring, stamp_of(&self.path))
    }

    fn read_document(&self, ring: &KeyRing) -> Result<Document, VaultError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Document::empty(&ring.current));
            }
            Err(error) => return Err(VaultError::io(&self.path)(error)),
        };
        let document = Document::read(&self.path, &bytes)?;
        document.check_seal(self.key_of(&document, ring)?, &self.path)?;
        Ok(document)
    }

    fn key_of<'a>(&self, document: &Document, ring: &'a KeyRing) -> Result<&'a Key, VaultError> {
        ring.find(&document.key_id).ok_or_else(|| VaultError::WrongKey {
            path: self.path.clone(),
            sealed_under: document.key_id.clone(),
            given: ring.ids(),
        })
    }

    fn seal_anew(&self, document: &mut Document, ring: &KeyRing) -> Result<(), VaultError> {
        let from = self.key_of(document, ring)?;
        for (name, envelope) in &mut document.secrets {
            envelope.rewrap(name, from, &ring.current)?;
        }
        self.write(document, ring)
    }

    fn write(&self, document: &mut Document, ring: &KeyRing) -> Result<(), VaultError> {
        write_durably(&self.path, &document.seal(&ring.current)?)
    }

    /// Decrypts all envelopes and makes them the live values. The stamp is that of the file they
    /// were read from or written to, or an older one, never a newer.
    fn install(&self, document: &Document, ring: &KeyRing, stamp: Stamp) -> Result<(), VaultError> {
        let key = self.key_of(document, ring)?;
        let open = |(name, envelope): (&String, &Envelope)| Ok((name.clone(), envelope.open(name, key, &self.path)?));
        let values = document.secrets.iter().map(open).collect::<Result<BTreeMap<_, _>, VaultError>>()?;
        let redactor = Redactor::new(values.values().map(|value| value.as_slice()));
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Live { values, redactor, stamp });
        Ok(())
    }

    /// One durable change: lock, read what is there now, change, write, take over.
    fn change<R>(&self, change: impl FnOnce(&mut Document, &Key) -> Result<R, VaultError>) -> Result<R, VaultError> {
        let _lock = self.lock_file()?;
        let mut ring = self.lock_ring();
        self.follow_rotation(&mut ring)?;
        let mut document = self.read_document(&ring)?;
        let result = change(&mut document, &ring.current)?;
        self.write(&mut document, &ring)?;
        self.install(&document, &ring, stamp_of(&self.path))?;
        Ok(result)
    }

    fn set(&self, name: &str, value: &[u8]) -> Result<(), VaultError> {
        check_name(name)?;
        let refuse = |reason: &str| VaultError::Refused { name: name.to_owned(), reason: reason.to_owned() };
        if value.is_empty() {
            return Err(refuse("the value is empty; remove the secret instead"));
        }
        if value.len() > MAX_SECRET_BYTES {
            return Err(refuse(&format!("the value is longer than {MAX_SECRET_BYTES} bytes")));
        }
        self.change(|document, key| {
            let version = document.secrets.get(name).map_or(1, |envelope| envelope.version + 1);
            document.secrets.insert(name.to_owned(), Envelope::seal(name, version, value, key)?);
            Ok(())
        })
    }

    /// Another process may have rotated the key since we read it.
    fn follow_rotation(&self, ring: &mut KeyRing) -> Result<(), VaultError> {
        if self.source.key_file().is_ok() {
            *ring = self.source.load(&self.path)?;
        }
        Ok(())
    }

    /// Takes over what another process wrote. A file that cannot be read leaves the live values as
    /// they are: the next write, or the next start, reports it.
    fn look(&self) {
        let now_ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let looked_ms = self.looked_ms.load(Ordering::Relaxed);
        let due = now_ms.saturating_sub(looked_ms) >= LOOK_EVERY_MS;
        if !due || self.looked_ms.compare_exchange(looked_ms, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        if self.live.read().unwrap_or_else(PoisonError::into_inner).stamp != stamp_of(&self.path) {
            // A writer of this process holds the ring for the length of a flush, and installs what
            // it wrote itself; a reader does not wait for it. A failure is not lost: it stands until
            // the file is mended, and `reload` and every write meet it.
            let _ = self.ring.try_lock().map(|ring| self.reload(ring));
        }
    }

    fn reload(&self, mut ring: MutexGuard<'_, KeyRing>) -> Result<(), VaultError> {
        let stamp = stamp_of(&self.path);
        self.follow_rotation(&mut ring)?;
        let document = self.read_document(&ring)?;
        self.install(&document, &ring, stamp)
    }

    fn value(&self, name: &str) -> Result<Arc<Live>, SecretError> {
        let live = self.live();
        if live.values.contains_key(name) { Ok(live) } else { Err(SecretError::Missing(name.to_owned())) }
    }
}

fn stamp_of(path: &Path) -> Stamp {
    fs::metadata(path).map_or_else(
        |_| Stamp::default(),
        |meta| Stamp {
            inode: meta.ino(),
            length: meta.len(),
            modified_ns: i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()),
        },
    )
}

fn check_name(name: &str) -> Result<(), VaultError> {
    let part_ok = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if name.len() <= MAX_NAME_BYTES && name.split('/').all(part_ok) {
        return Ok(());
    }
    Err(VaultError::Refused {
        name: name.to_owned(),
        reason: format!(
            "a name is <connection>/<slot>/<part>, of letters, digits, '.', '_' and '-', at most {MAX_NAME_BYTES} bytes"
        ),
    })
}

#[async_trait]
impl Secrets for FileVault {
    async fn get(&self, name: &str) -> Result<SecretValue, SecretError> {
        let live = self.0.value(name)?;
        Ok(SecretValue::new(live.values.get(name).map(|value| value.to_vec()).unwrap_or_default()))
    }

    async fn put(&self, name: &str, value: SecretValue) -> Result<(), SecretError> {
        let (inner, owned) = (Arc::clone(&self.0), name.to_owned());
        let stored = tokio::task::spawn_blocking(move || value.expose(|bytes| inner.set(&owned, bytes))).await;
        let reason = match stored {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the write was interrupted".to_owned(),
        };
        Err(SecretError::Unusable { name: name.to_owned(), reason })
    }

    async fn verify_mac(
        &self,
        name: &str,
        algorithm: MacAlgorithm,
        payload: &[u8],
        mac: &[u8],
    ) -> Result<bool, SecretError> {
        let live = self.0.value(name)?;
        let secret = live.values.get(name).map(|value| value.as_slice()).unwrap_or_default();
        let algorithm = match algorithm {
            MacAlgorithm::HmacSha256 => hmac::HMAC_SHA256,
            MacAlgorithm::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        };
        Ok(hmac::verify(&hmac::Key::new(algorithm, secret), payload, mac).is_ok())
    }

    async fn equals(&self, name: &str, candidate: &[u8]) -> Result<bool, SecretError> {
        let live = self.0.value(name)?;
        let secret = live.values.get(name).map(|value| value.as_slice()).unwrap_or_default();
        // Comparing MACs hides where the two differ, and their lengths.
        let expected = hmac::sign(&self.0.compare_key, secret);
        Ok(hmac::verify(&self.0.compare_key, candidate, expected.as_ref()).is_ok())
    }

    async fn names(&self) -> Vec<String> {
        self.0.live().values.keys().cloned().collect()
    }

    fn redact(&self, text: &str) -> String {
        self.0.live().redactor.redact(text)
    }
}
