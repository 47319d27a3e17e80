//! What is released stays as it is, and what follows breaks nobody.

use std::fs;

use contract::{compatible, folder, released};

#[test]
fn released_texts_are_what_was_released() {
    for release in released().unwrap() {
        for (file, digest) in &release.files {
            let bytes = fs::read(folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let found = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes));
            assert_eq!(
                &found, digest,
                "wit/{file} was released with contract {}: put the change into a new folder",
                release.contract
            );
        }
    }
}

#[test]
fn every_text_belongs_to_a_release() {
    let listed: Vec<String> = released().unwrap().into_iter().flat_map(|release| release.files.into_keys()).collect();
    for folder in fs::read_dir(folder()).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(folder.path()).unwrap() {
            let name =
                format!("{}/{}", folder.file_name().to_string_lossy(), file.unwrap().file_name().to_string_lossy());
            assert!(listed.contains(&name), "wit/{name} is not in wit/RELEASED.toml");
        }
    }
}

#[test]
fn a_release_breaks_no_plugin_of_the_one_before() {
    let releases = released().unwrap();
    for pair in releases.windows(2) {
        compatible(&pair[0].texts().unwrap(), &pair[1].texts().unwrap()).unwrap();
    }
    // The next one may stand still.
    let last = releases.last().unwrap().texts().unwrap();
    compatible(&last, &next(&last, "", "")).unwrap();
}

/// The texts as the next version, with one change.
fn next(texts: &[String], from: &str, to: &str) -> Vec<String> {
    let changed = texts.iter().filter(|text| text.contains(from)).count();
    assert!(changed > 0, "'{from}' is not in the contract");
    texts.iter().map(|text| text.replacen(from, to, 1).replace("@1.0.0", "@1.0.1")).collect()
}

#[test]
fn the_check_tells_safe_changes_from_breaking_ones() {
    let texts = released().unwrap()[0].texts().unwrap();
    let changes = [
        (
            "a function the host offers more",
            "  now-ms: func() -> u64;",
            "  now-ms: func() -> u64;\n  zone: func() -> string;",
            true,
        ),
        (
            "a whole new power",
            "world listens",
            "interface purge { purge: func(); }\nworld purges { export purge; }\nworld listens",
            true,
        ),
        ("a function the host no longer offers", "  remaining-ms: func() -> u64;", "", false),
        ("a further fault kind", "    internal,\n", "    internal,\n    quota,\n", false),
        ("a further field of a page", "    more: bool,", "    more: bool,\n    total: option<u64>,", false),
        ("a further function of a power", "  lookup: func", "  purge: func();\n  lookup: func", false),
        ("another type", "    limit: u32,", "    limit: u64,", false),
    ];
    for (what, from, to, safe) in changes {
        let verdict = compatible(&texts, &next(&texts, from, to));
        assert_eq!(verdict.is_ok(), safe, "{what}: {verdict:?}");
    }
}
