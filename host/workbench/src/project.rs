//! An author's folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use quoin_package::Manifest;

/// What a connector is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `Cargo.toml`.
    Rust,
    /// TypeScript or JavaScript: `package.json`.
    JavaScript,
    /// `pyproject.toml`.
    Python,
}

impl Language {
    /// All, with the file that tells a project of theirs.
    pub const ALL: [(Self, &str); 3] =
        [(Self::Rust, "Cargo.toml"), (Self::JavaScript, "package.json"), (Self::Python, "pyproject.toml")];

    /// The language of a folder.
    fn of(folder: &Path) -> Option<Self> {
        Self::ALL.iter().find(|(_, file)| folder.join(file).is_file()).map(|(language, _)| *language)
    }
}

/// A connector's folder.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder.
    pub folder: PathBuf,
    /// The text of `connector.toml`.
    pub text: String,
    /// The same, read.
    pub manifest: Manifest,
    /// What it is written in.
    pub language: Language,
}

impl Project {
    /// Reads a folder.
    ///
    /// # Errors
    /// What is missing or wrong, and how to mend it.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("connector.toml");
        ensure!(
            file.is_file(),
            "{} has no connector.toml, so it is no connector's folder; go into one, name it, or make one: `quoin new acme`",
            folder.display()
        );
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let manifest = Manifest::parse(&text)?;
        let language = Language::of(folder).with_context(|| {
            let files = Language::ALL.map(|(_, file)| file).join(", ");
            format!(
                "{} has none of {files}, so it cannot be built; `quoin new` shows how a folder looks",
                folder.display()
            )
        })?;
        let folder = folder.canonicalize().with_context(|| format!("{}", folder.display()))?;
        Ok(Self { folder, text, manifest, language })
    }

    /// Where the built component is laid out: `dist/<id>.wasm`.
    pub fn component(&self) -> PathBuf {
        self.folder.join("dist").join(format!("{}.wasm", self.manifest.id))
    }

    /// Where the recorded calls are.
    pub fn cassettes(&self) -> PathBuf {
        self.folder.join("tests/cassettes")
    }

    /// How to try it: `tests/conform.toml`.
    pub fn plan(&self) -> PathBuf {
        self.folder.join("tests/conform.toml")
    }
}
