//! What a built component was made of: with the same inputs it need not be made again, and stays the same to the byte
//! (packagers of other languages write a different file each time).

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use aws_lc_rs::digest::{self, SHA256};

/// Folders whose files have no part in a component, or are made.
const NO_PART: [&str; 11] = [
    "target",
    "dist",
    ".git",
    "node_modules",
    "build",
    ".venv",
    "__pycache__",
    "simulator",
    "test",
    "tests",
    "quoin-sdk",
];
/// Files at most: more are no connector's.
const FILES_MAX: usize = 5_000;

/// A digest over the files of folders, and a note of what it led to.
pub struct Inputs {
    digest: String,
    note: PathBuf,
}

impl Inputs {
    /// Looks at a project, and at the SDK that it is built with.
    ///
    /// # Errors
    /// A file that cannot be read, or far too many.
    pub fn of(project: &Path, sdk: &Path) -> anyhow::Result<Self> {
        let mut seen = digest::Context::new(&SHA256);
        for folder in [project, sdk] {
            let mut files = Vec::new();
            collect(folder, &mut files)?;
            files.sort();
            for file in &files {
                let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
                let name = file.strip_prefix(folder).unwrap_or(file).display().to_string();
                // Each part's digest: no two lists of files can run into one.
                seen.update(digest::digest(&SHA256, name.as_bytes()).as_ref());
                seen.update(digest::digest(&SHA256, &bytes).as_ref());
            }
        }
        Ok(Self { digest: hex::encode(seen.finish()), note: project.join("build/component.inputs") })
    }

    /// Whether this component was made of them.
    pub fn made(&self, component: &Path) -> bool {
        let noted = std::fs::read_to_string(&self.note).unwrap_or_default();
        self.line(component).is_ok_and(|line| line == noted)
    }

    /// Notes that this component was.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn note(&self, component: &Path) -> anyhow::Result<()> {
        crate::sdk::write(&self.note, self.line(component)?.as_bytes())
    }

    fn line(&self, component: &Path) -> anyhow::Result<String> {
        let bytes = std::fs::read(component).with_context(|| format!("{} was not built", component.display()))?;
        Ok(format!("{} {}\n", self.digest, hex::encode(digest::digest(&SHA256, &bytes))))
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in folder.read_dir().with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.path().is_dir() {
            if !NO_PART.iter().any(|left| name == *left) {
                collect(&entry.path(), files)?;
            }
        } else {
            files.push(entry.path());
        }
        ensure!(files.len() <= FILES_MAX, "{} has more than {FILES_MAX} files", folder.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_made_anew_when_anything_in_it_changed_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let (project, sdk) = (folder.path().join("project"), folder.path().join("sdk"));
        let write = |name: &str, text: &str| crate::sdk::write(&folder.path().join(name), text.as_bytes()).unwrap();
        write("project/src/connector.ts", "1");
        write("project/connector.toml", "1");
        write("sdk/src/index.js", "1");
        write("project/dist/x.wasm", "component");
        let component = project.join("dist/x.wasm");
        let made = || Inputs::of(&project, &sdk).unwrap().made(&component);
        let note = || Inputs::of(&project, &sdk).unwrap().note(&component).unwrap();
        assert!(!made());
        note();
        for (name, again) in [
            ("project/tests/conform.toml", false),
            ("project/simulator/main.js", false),
            ("project/node_modules/x/index.js", false),
            ("project/src/connector.ts", true),
            ("project/src/more.ts", true),
            ("project/connector.toml", true),
            ("sdk/src/index.js", true),
            ("project/dist/x.wasm", true),
        ] {
            write(name, "2");
            assert_eq!(!made(), again, "{name}");
            note();
            assert!(made());
        }
    }
}
