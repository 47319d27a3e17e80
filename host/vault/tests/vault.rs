//! The vault holds what it is given, notices what was done to it, and never shows a value.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ports::{MacAlgorithm, SecretError, SecretValue, Secrets};
use vault::{FileVault, KeySource, VaultError};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }
    fn vault(&self) -> PathBuf {
        self.folder.path().join("vault.json")
    }
    fn key(&self) -> PathBuf {
        self.folder.path().join("vault.key")
    }
    fn open(&self) -> Result<FileVault, VaultError> {
        FileVault::open(self.vault(), KeySource::file(self.key()))
    }
    fn text(&self) -> String {
        fs::read_to_string(self.vault()).unwrap()
    }
}

fn secret(text: &str) -> SecretValue {
    SecretValue::new(text.as_bytes().to_vec())
}

async fn read(vault: &FileVault, name: &str) -> Result<String, SecretError> {
    Ok(vault.get(name).await?.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
}

#[tokio::test]
async fn values_survive_and_lie_encrypted() {
    let place = Place::new();
    let vault = place.open().unwrap();
    vault.put("crm/api/client_secret", secret("s3cret-value-1")).await.unwrap();
    vault.put("crm/api/client_secret", secret("s3cret-value-2")).await.unwrap();
    vault.put("erp/api/token", secret("tok-abcdef")).await.unwrap();
    assert_eq!(read(&vault, "crm/api/client_secret").await.unwrap(), "s3cret-value-2");
    drop(vault);
    let again = place.open().unwrap();
    assert_eq!(read(&again, "crm/api/client_secret").await.unwrap(), "s3cret-value-2");
    assert_eq!(again.names().await, ["crm/api/client_secret", "erp/api/token"]);
    assert_eq!(read(&again, "no/such/name").await, Err(SecretError::Missing("no/such/name".into())));
    for plain in ["s3cret", &STANDARD.encode("s3cret-value-2"), "tok-abcdef"] {
        assert!(!place.text().contains(plain));
    }
    for path in [place.vault(), place.key()] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(again.remove("erp/api/token").unwrap());
    assert!(!again.remove("erp/api/token").unwrap());
    assert_eq!(place.open().unwrap().names().await, ["crm/api/client_secret"]);
}

#[tokio::test]
async fn every_change_to_the_file_is_noticed() {
    let place = Place::new();
    let vault = place.open().unwrap();
    vault.put("a/b/one", secret("first-secret")).await.unwrap();
    vault.put("a/b/two", secret("other-secret")).await.unwrap();
    drop(vault);
    let whole = place.text();
    let parsed: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let edit = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut document = parsed.clone();
        change(&mut document);
        fs::write(place.vault(), document.to_string()).unwrap();
        let error = place.open().err().expect("the change was noticed");
        assert!(matches!(error, VaultError::Tampered { .. }), "{error}");
        assert!(error.to_string().contains("vault.json") && !error.to_string().contains("secret\""), "{error}");
    };
    edit(&|document| document["secrets"]["a/b/one"]["version"] = 7.into());
    edit(&|document| drop(document["secrets"].as_object_mut().unwrap().remove("a/b/one")));
    edit(&|document| document["seal"] = "".into());
    edit(&|document| {
        let (one, two) = (document["secrets"]["a/b/one"].clone(), document["secrets"]["a/b/two"].clone());
        document["secrets"]["a/b/one"] = two;
        document["secrets"]["a/b/two"] = one;
    });
    edit(&|document| {
        let value = document["secrets"]["a/b/one"]["value"].as_str().unwrap();
        let mut bytes = STANDARD.decode(value).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        document["secrets"]["a/b/one"]["value"] = STANDARD.encode(bytes).into();
    });
    for (text, part) in
        [("", "EOF"), ("{}", "missing field"), (&whole.replace("\"format\": 1", "\"format\": 2"), "format 2")]
    {
        fs::write(place.vault(), text).unwrap();
        let error = place.open().err().unwrap();
        assert!(matches!(error, VaultError::Format { .. }) && error.to_string().contains(part), "{error}");
    }
    fs::write(place.vault(), &whole).unwrap();
    assert_eq!(read(&place.open().unwrap(), "a/b/one").await.unwrap(), "first-secret");
}

#[tokio::test]
async fn the_wrong_key_is_told_from_damage() {
    let place = Place::new();
    place.open().unwrap().put("a/b/one", secret("first-secret")).await.unwrap();
    let key = fs::read_to_string(place.key()).unwrap();
    let other = KeySource::given(STANDARD.encode([7; 32]), None, "QUOIN_VAULT_KEY");
    let error = FileVault::open(place.vault(), other).err().unwrap();
    assert!(matches!(error, VaultError::WrongKey { .. }), "{error}");
    fs::remove_file(place.key()).unwrap();
    let error = place.open().err().unwrap();
    assert!(matches!(error, VaultError::KeyMissing { .. }) && !place.key().exists(), "{error}");
    fs::write(place.key(), "not a key").unwrap();
    fs::set_permissions(place.key(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(place.open().err().unwrap(), VaultError::KeyForm { .. }));
    fs::write(place.key(), &key).unwrap();
    fs::set_permissions(place.key(), fs::Permissions::from_mode(0o640)).unwrap();
    let error = place.open().err().unwrap();
    assert!(error.to_string().contains("mode 640") && error.to_string().contains("chmod 600"), "{error}");
    fs::set_permissions(place.key(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(place.open().is_ok());
}

#[tokio::test]
async fn keys_are_rotated_without_touching_values() {
    let place = Place::new();
    let vault = place.open().unwrap();
    vault.put("a/b/one", secret("first-secret")).await.unwrap();
    let (old_key, old_text) = (fs::read_to_string(place.key()).unwrap(), place.text());
    vault.rotate_key().unwrap();
    let (new_key, new_text) = (fs::read_to_string(place.key()).unwrap(), place.text());
    assert_ne!(old_key, new_key);
    assert_eq!(new_key.lines().count(), 1);
    let value =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["secrets"]["a/b/one"]["value"].clone();
    assert_eq!(value(&old_text), value(&new_text));
    assert_eq!(read(&place.open().unwrap(), "a/b/one").await.unwrap(), "first-secret");

    // Cut short after the key file, before the vault: the old seal, both keys.
    fs::write(place.vault(), &old_text).unwrap();
    fs::write(place.key(), format!("{new_key}{old_key}")).unwrap();
    assert_eq!(read(&place.open().unwrap(), "a/b/one").await.unwrap(), "first-secret");
    assert_eq!(fs::read_to_string(place.key()).unwrap(), new_key);

    // With keys from outside: the previous key opens it once, then the new one alone does.
    let outside = STANDARD.encode([9; 32]);
    let both = KeySource::given(outside.clone(), Some(new_key.trim().to_owned()), "QUOIN_VAULT_KEY");
    assert!(FileVault::open(place.vault(), both).is_ok());
    let vault = FileVault::open(place.vault(), KeySource::given(outside, None, "QUOIN_VAULT_KEY")).unwrap();
    assert_eq!(read(&vault, "a/b/one").await.unwrap(), "first-secret");
    assert!(matches!(vault.rotate_key(), Err(VaultError::KeyOutside { .. })));
}

#[test]
fn keys_come_from_the_variable_then_the_credential_then_the_file() {
    let place = Place::new();
    let key = STANDARD.encode([3; 32]);
    let credential = place.folder.path().join("quoin-vault-key");
    fs::write(&credential, STANDARD.encode([4; 32])).unwrap();
    let folder = place.folder.path().display().to_string();
    let key_id = |variables: &[(&str, &str)]| {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let _ = fs::remove_file(place.vault());
        let source = KeySource::from_environment(find, place.key()).unwrap();
        FileVault::open(place.vault(), source).unwrap().set("a/b/c", &secret("abcdefgh")).unwrap();
        serde_json::from_str::<serde_json::Value>(&place.text()).unwrap()["key_id"].as_str().unwrap().to_owned()
    };
    let from_variable = key_id(&[("QUOIN_VAULT_KEY", &key), ("CREDENTIALS_DIRECTORY", &folder)]);
    let from_credential = key_id(&[("CREDENTIALS_DIRECTORY", &folder)]);
    assert!(!place.key().exists());
    let from_file = key_id(&[("CREDENTIALS_DIRECTORY", "/nonexistent")]);
    assert!(place.key().exists());
    assert_eq!(from_variable, key_id(&[("QUOIN_VAULT_KEY", &key)]));
    assert!(from_variable != from_credential && from_credential != from_file);
}

#[tokio::test]
async fn two_processes_share_one_file() {
    let place = Place::new();
    let (daemon, command) = (place.open().unwrap(), place.open().unwrap());
    daemon.set("a/b/one", &secret("first-secret")).unwrap();
    command.set("a/b/two", &secret("other-secret")).unwrap();
    // The second writer did not know of the first secret, and must not lose it.
    assert_eq!(place.open().unwrap().names().await, ["a/b/one", "a/b/two"]);
    daemon.rotate_key().unwrap();
    command.set("a/b/three", &secret("third-secret")).unwrap();
    assert_eq!(place.open().unwrap().names().await, ["a/b/one", "a/b/three", "a/b/two"]);
    daemon.reload().unwrap();
    assert_eq!(read(&daemon, "a/b/three").await.unwrap(), "third-secret");
    // A damaged file is told, and does not take away what is in memory.
    let whole = place.text();
    fs::write(place.vault(), &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(daemon.reload(), Err(VaultError::Format { .. })));
    assert!(daemon.set("a/b/five", &secret("fifth-secret")).is_err());
    assert_eq!(read(&daemon, "a/b/three").await.unwrap(), "third-secret");
    fs::write(place.vault(), &whole).unwrap();
    // Two rotations by two processes: each follows the other's.
    command.rotate_key().unwrap();
    daemon.rotate_key().unwrap();
    assert_eq!(read(&place.open().unwrap(), "a/b/one").await.unwrap(), "first-secret");
}

#[tokio::test]
async fn proofs_are_checked_without_showing_the_secret() {
    let place = Place::new();
    let vault = place.open().unwrap();
    // RFC 4231 test case 2 and RFC 2202 test case 2: key "Jefe".
    vault.put("hook/proof/value", secret("Jefe")).await.unwrap();
    let payload = b"what do ya want for nothing?";
    let cases = [
        (MacAlgorithm::HmacSha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (MacAlgorithm::HmacSha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    ];
    for (algorithm, mac) in cases {
        let mac = hex::decode(mac).unwrap();
        assert!(vault.verify_mac("hook/proof/value", algorithm, payload, &mac).await.unwrap());
        assert!(!vault.verify_mac("hook/proof/value", algorithm, b"other", &mac).await.unwrap());
        assert!(!vault.verify_mac("hook/proof/value", algorithm, payload, &mac[..4]).await.unwrap());
        assert!(!vault.verify_mac("hook/proof/value", algorithm, payload, b"").await.unwrap());
    }
    assert!(vault.equals("hook/proof/value", b"Jefe").await.unwrap());
    for wrong in [&b"jefe"[..], b"Jef", b"Jefe ", b""] {
        assert!(!vault.equals("hook/proof/value", wrong).await.unwrap());
    }
    assert!(vault.equals("hook/none/value", b"x").await.is_err());
}

#[tokio::test]
async fn redaction_knows_the_notations() {
    let place = Place::new();
    let vault = place.open().unwrap();
    let value = "p\"w/ö+s ~word&1";
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----\n";
    vault.put("a/b/password", secret(value)).await.unwrap();
    vault.put("a/b/private_key", secret(pem)).await.unwrap();
    vault.put("a/b/pin", secret("12345")).await.unwrap();
    vault.put("a/b/longer", secret("prefix-abcdefgh-suffix")).await.unwrap();
    vault.put("a/b/shorter", secret("suffix-and-more")).await.unwrap();
    let utf8 = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let hidden = [
        value.to_owned(),
        STANDARD.encode(value),
        STANDARD.encode(format!("u:{value}")),
        STANDARD.encode(format!("us:{value}")),
        STANDARD.encode(format!("usr:{value}:more")),
        URL_SAFE_NO_PAD.encode(value),
        hex::encode(value),
        hex::encode_upper(value),
        utf8(value),
        utf8(value).to_lowercase(),
        "p%22w%2F%C3%B6%2Bs+%7Eword%261".to_owned(),
        "p%22w%2f%c3%b6%2bs%20~word%261".to_owned(),
        serde_json::to_string(value).unwrap(),
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".to_owned(),
        serde_json::to_string(pem).unwrap(),
    ];
    for text in hidden {
        let struck = vault.redact(&format!("before {text} after"));
        assert!(
            struck.starts_with("before ") && struck.ends_with(" after") && struck.contains("[redacted]"),
            "{text}: {struck}"
        );
        for part in [text.as_str(), value, "word"] {
            assert!(!struck.contains(part), "{text}: {struck}");
        }
    }
    assert_eq!(vault.redact("overlap prefix-abcdefgh-suffix-and-more end"), "overlap [redacted] end");
    assert_eq!(vault.redact("prefix-abcdefgh-suffix"), "[redacted]");
    assert_eq!(vault.redact("twice suffix-and-more suffix-and-more"), "twice [redacted] [redacted]");
    for plain in ["", "x", "pin 12345 stays", "nothing here", "prefix-abcdefgh", "ö"] {
        assert_eq!(vault.redact(plain), plain);
    }
}

#[tokio::test]
async fn names_and_values_out_of_bounds_are_refused() {
    let place = Place::new();
    let vault = place.open().unwrap();
    for name in ["", "/", "a//b", "a b/c", "../x y", "a/b\n", &"x".repeat(201)] {
        let error = vault.put(name, secret("abcdefgh")).await.unwrap_err();
        assert!(matches!(&error, SecretError::Unusable { .. }) && !error.to_string().contains("abcdefgh"), "{error}");
    }
    assert!(vault.put("a/b/c", secret("")).await.is_err());
    assert!(vault.put("a/b/c", SecretValue::new(vec![1; 65 * 1024])).await.is_err());
    assert!(vault.names().await.is_empty());
}
