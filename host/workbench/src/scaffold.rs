//! `quoin new`: a plugin's project, complete and outside any repository of ours.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use quoin_package::PackageKind;

use crate::project::Language;
use crate::sdk;

/// Where the SDK stands in a project.
const SDK: &str = "quoin-sdk";

/// A new project.
#[derive(Debug)]
pub struct Made {
    /// Its folder.
    pub folder: PathBuf,
    /// Its files, without the SDK's, sorted.
    pub files: Vec<String>,
}

/// Writes a project into `folder`, which must not exist or be empty. The SDK is written into it,
/// unless `checkout` names a checkout of our repository to take it from.
///
/// # Errors
/// A name that cannot be an id, a folder in use, and what the file system refuses.
pub fn scaffold(
    folder: &Path,
    id: &str,
    kind: PackageKind,
    language: Language,
    checkout: Option<&Path>,
) -> anyhow::Result<Made> {
    named(id)?;
    let used = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    ensure!(!used, "{} is not empty; name another folder with --into, or remove it", folder.display());
    let paths = Paths::of(language, checkout)?;
    let mut files = Vec::new();
    for (name, bytes) in sdk::below(template(kind, language)?) {
        let text = std::str::from_utf8(bytes).with_context(|| format!("the template's {name} is no text"))?;
        let name = renamed(name, id);
        sdk::write(&folder.join(&name), renamed(&paths.replaced(text), id).as_bytes())?;
        files.push(name);
    }
    if checkout.is_none() {
        sdk::write_for(language, &folder.join(SDK))?;
    }
    if language == Language::Rust {
        // Start from the versions that the SDK was tested with.
        sdk::write(&folder.join("Cargo.lock"), sdk::lock())?;
    }
    files.sort();
    Ok(Made { folder: folder.to_owned(), files })
}

/// The template of a kind in a language.
fn template(kind: PackageKind, language: Language) -> anyhow::Result<&'static str> {
    Ok(match (kind, language) {
        (PackageKind::Connector, Language::Rust) => "sdk/template",
        (PackageKind::Connector, Language::JavaScript) => "sdk/js-template",
        (PackageKind::Connector, Language::Python) => "sdk/python-template",
        (PackageKind::Transform, Language::Rust) => "sdk/template-transform",
        (PackageKind::Transform, _) => {
            bail!("transforms are written in Rust: leave --lang out; the SDKs of other languages make connectors")
        }
    })
}

/// Whether a name can be a plugin's id and, with what stands before it, a package's name.
fn named(id: &str) -> anyhow::Result<()> {
    let fits = id.starts_with(|first: char| first.is_ascii_lowercase())
        && !id.ends_with('-')
        && !id.contains("--")
        && id.len() <= 40
        && id.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if !fits {
        let mended: String =
            id.to_lowercase().chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
        let mended = mended.trim_matches(|letter: char| letter == '-' || letter.is_ascii_digit());
        let hint = if mended.is_empty() { "acme" } else { mended };
        bail!("'{id}' cannot be a plugin's id: 1 to 40 of a-z, 0-9 and '-', a letter first; try `quoin new {hint}`");
    }
    ensure!(!["template", "quoin"].contains(&id), "'{id}' is taken by the SDK itself; choose the vendor's name");
    Ok(())
}

/// The template's names become the project's.
fn renamed(text: &str, id: &str) -> String {
    let pascal: String = id
        .split('-')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect();
    let named = id.replace('-', "_");
    text.replace("connector_template", &format!("connector_{named}"))
        .replace("transform_template", &format!("transform_{named}"))
        .replace("Template", &pascal)
        .replace("template", id)
}

/// Where the project finds the SDK, as the templates write it and as it becomes.
struct Paths(Vec<(&'static str, String)>);

impl Paths {
    fn of(language: Language, checkout: Option<&Path>) -> anyhow::Result<Self> {
        let sdk = checkout.map(checked_out).transpose()?;
        let up = |levels: &str| sdk.clone().unwrap_or_else(|| format!("{levels}{SDK}"));
        let whole = |part: &str| sdk.as_ref().map_or_else(|| SDK.to_owned(), |sdk| format!("{sdk}/{part}"));
        // `template` in these paths would be renamed with the rest, so none holds it.
        Ok(Self(match language {
            Language::Rust => vec![
                ("\"../../simulator\"", format!("\"{}/sdk/simulator\"", up("../"))),
                ("\"../rust\"", format!("\"{}/sdk/rust\"", up(""))),
                ("\"../testkit\"", format!("\"{}/sdk/testkit\"", up(""))),
            ],
            Language::JavaScript => vec![
                ("\"file:../js\"", format!("\"file:{}\"", whole("sdk/js"))),
                ("\"../js\"", format!("\"{}\"", whole("sdk/js"))),
            ],
            Language::Python => vec![("\"../python\"", format!("\"{}\"", whole("sdk/python")))],
        }))
    }

    fn replaced(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// The path of a checkout of our repository.
fn checked_out(checkout: &Path) -> anyhow::Result<String> {
    let folder =
        checkout.canonicalize().with_context(|| format!("--sdk {}: there is no such folder", checkout.display()))?;
    ensure!(
        folder.join("sdk/rust/Cargo.toml").is_file(),
        "--sdk {}: this is no checkout of Quoin: it has no sdk/rust",
        checkout.display()
    );
    Ok(folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids_or_are_refused_with_a_better_one() {
        for id in ["acme", "acme-2", "a", "lumen-crm"] {
            named(id).unwrap_or_else(|error| panic!("{id}: {error}"));
        }
        for (id, hint) in [("Acme CRM", "acme-crm"), ("2go", "go"), ("", "acme"), ("a--b", "a--b"), ("x-", "x")] {
            let error = named(id).unwrap_err().to_string();
            assert!(error.contains(hint), "{id}: {error}");
        }
        assert!(named("template").is_err());
    }

    #[test]
    fn every_name_of_the_template_is_replaced() {
        let text = "use connector_template::Template; package = \"simulator-template\" id = \"template\"";
        let wanted = "use connector_lumen_crm::LumenCrm; package = \"simulator-lumen-crm\" id = \"lumen-crm\"";
        assert_eq!(renamed(text, "lumen-crm"), wanted);
    }

    #[test]
    fn a_folder_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes"), "mine").unwrap();
        let error =
            scaffold(folder.path(), "lumen", PackageKind::Connector, Language::Rust, None).unwrap_err().to_string();
        assert!(error.contains("is not empty"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_project_of_any_language_finds_its_sdk_and_keeps_no_name_of_the_template() {
        let connectors = Language::ALL.map(|(language, file)| (PackageKind::Connector, language, file));
        let transform = (PackageKind::Transform, Language::Rust, "Cargo.toml");
        for (kind, language, file) in connectors.into_iter().chain([transform]) {
            let folder = tempfile::tempdir().unwrap();
            let made = scaffold(folder.path(), "lumen-crm", kind, language, None).unwrap();
            assert!(made.files.iter().any(|made| made == file), "{:?}", made.files);
            for name in &made.files {
                let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
                assert!(!text.to_lowercase().contains("template"), "{name}");
                assert!(name.contains('/') || !text.contains("\"../"), "{name} points out of the project");
            }
            assert!(folder.path().join(SDK).is_dir());
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let refused = scaffold(elsewhere.path(), "stamp", PackageKind::Transform, Language::Python, None).unwrap_err();
        assert!(refused.to_string().contains("leave --lang out"), "{refused}");
    }
}
