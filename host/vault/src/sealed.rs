//! The sealed file: an envelope per secret, and a seal over all of them.
//!
//! Each secret has a data key of its own; the value is encrypted under it, and it under the
//! key-encryption key, both with AES-256-GCM-SIV (RFC 8452), which forgives a repeated nonce. Name
//! and version are bound into both, so envelopes cannot be exchanged or put back one by one. The
//! outer seal is an HMAC over the whole, so that a missing envelope is noticed too.

use std::collections::BTreeMap;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::VaultError;
use crate::key::{KEY_BYTES, Key};

/// Layout version of the file.
const FORMAT: u32 = 1;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Envelope {
    /// Counts up with each new value of this name.
    pub(crate) version: u64,
    /// Data key under the key-encryption key: base64 of nonce, ciphertext, tag.
    key: String,
    /// Value under the data key: base64 of nonce, ciphertext, tag.
    value: String,
}

/// The file as it lies on disk.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    format: u32,
    /// Which key-encryption key seals it.
    pub(crate) key_id: String,
    pub(crate) secrets: BTreeMap<String, Envelope>,
    #[serde(default)]
    seal: String,
}

impl Document {
    pub(crate) fn empty(key: &Key) -> Self {
        Self { format: FORMAT, key_id: key.id.clone(), secrets: BTreeMap::new(), seal: String::new() }
    }

    pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Self, VaultError> {
        let format = |reason: String| VaultError::Format { path: path.to_owned(), reason };
        let document: Self = serde_json::from_slice(bytes).map_err(|error| format(error.to_string()))?;
        if document.format != FORMAT {
            return Err(format(format!("it has format {}, this version reads {FORMAT}", document.format)));
        }
        Ok(document)
    }

    /// Whether the seal is that of this key over these envelopes.
    pub(crate) fn check_seal(&self, key: &Key, path: &Path) -> Result<(), VaultError> {
        let tampered = || VaultError::Tampered { path: path.to_owned(), what: "the file".into() };
        let seal = STANDARD.decode(&self.seal).map_err(|_| tampered())?;
        hmac::verify(&seal_key(key), &self.sealed_bytes()?, &seal).map_err(|_| tampered())
    }

    /// The bytes to write, sealed under the key.
    pub(crate) fn seal(&mut self, key: &Key) -> Result<Vec<u8>, VaultError> {
        self.key_id.clone_from(&key.id);
        self.seal = STANDARD.encode(hmac::sign(&seal_key(key), &self.sealed_bytes()?));
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|_| VaultError::Crypto)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn sealed_bytes(&self) -> Result<Vec<u8>, VaultError> {
        serde_json::to_vec(&(self.format, &self.key_id, &self.secrets)).map_err(|_| VaultError::Crypto)
    }
}

fn seal_key(key: &Key) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes.as_slice()), b"quoin-vault/1/seal");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

impl Envelope {
    /// Seals a value under a fresh data key.
    pub(crate) fn seal(name: &str, version: u64, value: &[u8], key: &Key) -> Result<Self, VaultError> {
        let mut data_key = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(data_key.as_mut_slice())?;
        Ok(Self {
            version,
            key: encrypt(key.bytes.as_slice(), &bound("key", name, version), data_key.as_slice())?,
            value: encrypt(data_key.as_slice(), &bound("value", name, version), value)?,
        })
    }

    /// The value.
    pub(crate) fn open(&self, name: &str, key: &Key, path: &Path) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let tampered = |_| VaultError::Tampered { path: path.to_owned(), what: format!("'{name}'") };
        let data_key = self.open_key(name, key).map_err(tampered)?;
        decrypt(&data_key, &bound("value", name, self.version), &self.value).map_err(tampered)
    }

    /// Moves the data key under another key-encryption key; the value is not touched.
    pub(crate) fn rewrap(&mut self, name: &str, from: &Key, to: &Key) -> Result<(), VaultError> {
        let data_key = self.open_key(name, from)?;
        self.key = encrypt(to.bytes.as_slice(), &bound("key", name, self.version), &data_key)?;
        Ok(())
    }

    fn open_key(&self, name: &str, key: &Key) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        decrypt(key.bytes.as_slice(), &bound("key", name, self.version), &self.key)
    }
}

/// What the encryption is bound to: purpose, name and version.
fn bound(purpose: &str, name: &str, version: u64) -> Vec<u8> {
    format!("quoin-vault/1/{purpose}\0{name}\0{version}").into_bytes()
}

fn encrypt(key: &[u8], bound: &[u8], plain: &[u8]) -> Result<String, VaultError> {
    let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, key)?;
    // Room for the tag, so that growing never leaves a copy of the plain text behind.
    let mut sealed = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM_SIV.tag_len()));
    sealed.extend_from_slice(plain);
    let nonce = key.seal_in_place_append_tag(Aad::from(bound), &mut *sealed)?;
    let mut all = nonce.as_ref().to_vec();
    all.extend_from_slice(&sealed);
    Ok(STANDARD.encode(all))
}

fn decrypt(key: &[u8], bound: &[u8], sealed: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, key)?;
    let all = STANDARD.decode(sealed).map_err(|_| VaultError::Crypto)?;
    let (nonce, sealed) = all.split_at_checked(NONCE_LEN).ok_or(VaultError::Crypto)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce)?;
    let mut plain = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(nonce, Aad::from(bound), &mut plain)?.len();
    plain.truncate(length);
    Ok(plain)
}
