//! The committed schemas are those of the types. `UPDATE_SCHEMAS=1 cargo test -p quoin-canonical
//! --test schemas` writes them anew.

use std::path::PathBuf;

use quoin_canonical::{ObjectKind, schema};

fn file(kind: ObjectKind) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{kind}.json"))
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let update = std::env::var_os("UPDATE_SCHEMAS").is_some();
    for kind in ObjectKind::ALL {
        let now = format!("{}\n", serde_json::to_string_pretty(&schema::of(kind)).unwrap());
        if update {
            std::fs::write(file(kind), &now).unwrap();
        }
        let committed = std::fs::read_to_string(file(kind)).unwrap_or_default();
        assert!(committed == now, "{} has drifted; write it anew with UPDATE_SCHEMAS=1", file(kind).display());
    }
}

#[test]
fn nothing_else_is_committed_there() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let mut found: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    let mut wanted: Vec<String> = ObjectKind::ALL.iter().map(|kind| format!("{kind}.json")).collect();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn no_schema_lets_a_number_be_money() {
    for kind in ObjectKind::ALL {
        let text = schema::of(kind).to_string();
        assert!(!text.contains("\"number\"") || !text.contains("\"type\":[\"string\",\"number\"]"), "{kind}");
        assert!(!text.contains("\"format\":\"double\""), "{kind} has a float");
    }
}
