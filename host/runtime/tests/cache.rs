//! The folder of compiled code: used when it is ours, and never trusted, never fatal, otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ports::Plugins;
use runtime::{CacheOptions, Options};
use support::{TINY_TOML, runtime, tiny};

/// Loads with a cache, and says whether it was used.
async fn from_cache(dir: &Path, key: [u8; 32]) -> bool {
    let sandbox = runtime(Options { cache: Some(CacheOptions { dir: dir.to_owned(), key }), ..Options::default() });
    sandbox.load(tiny("", "", "call $text"), TINY_TOML.into()).await.unwrap().from_cache
}

fn file(dir: &Path) -> PathBuf {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_kept_and_used_by_this_host_only() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("aot");
    let key = [7; 32];
    assert!(!from_cache(&dir, key).await);
    assert!(from_cache(&dir, key).await);
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(file(&dir)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!from_cache(&dir, [8; 32]).await, "another host's key");
    assert!(from_cache(&dir, [8; 32]).await, "which then is its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_touched_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let key = [7; 32];
    assert!(!from_cache(dir, key).await);
    let path = file(dir);
    let good = fs::read(&path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let damaged = [
        ("first byte", flipped(0)),
        ("mac", flipped(20)),
        ("code", flipped(good.len() / 2)),
        ("last byte", flipped(good.len() - 1)),
        ("cut off", good[..good.len() - 1].to_vec()),
        ("only a header", good[..12].to_vec()),
        ("empty", Vec::new()),
        ("longer", [good.as_slice(), b"x"].concat()),
    ];
    for (what, bytes) in damaged {
        fs::write(&path, bytes).unwrap();
        assert!(!from_cache(dir, key).await, "{what}");
        assert!(from_cache(dir, key).await, "{what}: mended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_or_another_plugins_file_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, elsewhere) = (folder.path().join("aot"), folder.path().join("elsewhere"));
    let key = [7; 32];
    assert!(!from_cache(&dir, key).await);
    let path = file(&dir);
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(!from_cache(&dir, key).await, "a link, though its target is good");
    // The MAC covers the name: a good file under another plugin's name is refused.
    let other = path.with_file_name(path.file_name().unwrap().to_string_lossy().replacen(
        |c: char| c.is_ascii_hexdigit(),
        "0",
        8,
    ));
    fs::copy(&path, &other).unwrap();
    fs::remove_file(&path).unwrap();
    fs::rename(&other, &path).unwrap();
    assert!(from_cache(&dir, key).await, "back under its own name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_no_reason_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "x").unwrap();
    assert!(!from_cache(&blocked, [7; 32]).await);
    assert!(!from_cache(&blocked.join("below"), [7; 32]).await);
}
