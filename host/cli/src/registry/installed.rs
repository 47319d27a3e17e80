//! A plugin folder: components with their manifests and notes of origin, and whom its operator trusts.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use quoin_package::Manifest;
use quoin_trust::{Provenance, Publisher};

use super::arguments::PlaceArguments;

/// A plugin folder.
pub struct Place {
    /// Where.
    pub folder: PathBuf,
    /// Whom its operator trusts.
    pub publishers: Vec<Publisher>,
    /// The configuration to name in advice.
    config: String,
}

impl Place {
    /// The folder of a host's configuration, or one that is named.
    pub fn of(arguments: &PlaceArguments) -> anyhow::Result<Self> {
        let mut publishers = arguments.trust.iter().map(|text| publisher(text)).collect::<anyhow::Result<Vec<_>>>()?;
        let config = arguments.config.display().to_string();
        if let Some(folder) = &arguments.dir {
            return Ok(Self { folder: folder.clone(), publishers, config });
        }
        let loaded = daemon::Config::load(&arguments.config)
            .context("the host's configuration says where plugins are; name a folder with --dir instead")?;
        publishers.extend(loaded.publishers);
        Ok(Self { folder: loaded.host.plugins_dir, publishers, config })
    }

    /// What to write to trust a namespace.
    pub fn how_to_trust(&self, namespace: &str) -> String {
        format!(
            "nobody's signature counts for '{namespace}' here. Ask the publisher for the key, and write into {}:\n\n[[publisher]]\nnamespace = \"{namespace}\"\nkey = \"ed25519:…\"\n",
            self.config
        )
    }

    /// Where a plugin's files lie.
    pub fn file(&self, id: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }

    /// The manifest of an installed plugin.
    pub fn manifest(&self, id: &str) -> Option<Manifest> {
        Manifest::parse(&fs::read_to_string(self.file(id, "toml")).ok()?).ok()
    }

    /// The note of origin beside a component; `None` for one that came by other ways.
    pub fn provenance(component: &Path) -> anyhow::Result<Option<Provenance>> {
        let file = component.with_extension("provenance.json");
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        Provenance::read(&text).with_context(|| file.display().to_string()).map(Some)
    }

    /// Components of the folder, by name.
    pub fn components(&self) -> anyhow::Result<Vec<PathBuf>> {
        let entries =
            fs::read_dir(&self.folder).with_context(|| format!("{} cannot be read", self.folder.display()))?;
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "wasm") {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Writes a file whole, or leaves the one that was there.
    pub fn write(&self, name: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let temporary = name.with_extension(format!("{}.part", std::process::id()));
        let written = (|| -> std::io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, name)?;
            File::open(&self.folder)?.sync_all()
        })();
        written.with_context(|| format!("{} cannot be written", name.display()))
    }
}

fn publisher(text: &str) -> anyhow::Result<Publisher> {
    let Some((namespace, key)) = text.split_once('=') else {
        bail!("'{text}' names nobody to trust; write --trust acme=ed25519:…");
    };
    Ok(Publisher { namespace: namespace.to_owned(), key: key.parse()? })
}
