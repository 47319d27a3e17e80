//! `quoin registry key`

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, ensure};
use quoin_trust::SigningKey;
use serde_json::json;
use zeroize::Zeroizing;

use super::arguments::KeyCommand;
use crate::output::Output;

/// Makes or shows a key.
pub fn key(command: KeyCommand, output: &Output) -> anyhow::Result<()> {
    match command {
        KeyCommand::New { file } => new(&file, output),
        KeyCommand::Show { file, pem } => {
            let public = read(&file)?.public();
            if output.json {
                return output.print_json(&json!({ "key": public, "id": public.id(), "pem": public.to_pem() }));
            }
            if pem {
                say!("{}", public.to_pem().trim_end())
            } else {
                say!("{public}")
            }
            Ok(())
        }
    }
}

fn new(file: &Path, output: &Output) -> anyhow::Result<()> {
    let key = SigningKey::generate()?;
    let mut opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("{} cannot be made; a key is never written over another file", file.display()))?;
    opened.write_all(key.to_pem()?.as_bytes())?;
    opened.sync_all()?;
    let public = key.public();
    if output.json {
        return output.print_json(&json!({ "file": file, "key": public, "id": public.id() }));
    }
    eprintln!("the secret half is in {}; keep a copy where only you can read it", file.display());
    eprintln!("the public half, for the registry's administrator and for those who install your plugins:");
    say!("{public}");
    Ok(())
}

/// Reads a secret key; refused when others can read it too.
pub fn read(file: &Path) -> anyhow::Result<SigningKey> {
    let at = || file.display().to_string();
    let mode = std::fs::metadata(file).with_context(|| format!("{} cannot be read", at()))?.permissions().mode();
    ensure!(mode & 0o077 == 0, "{} can be read by others; take that away with `chmod 600 {}`", at(), at());
    let text = Zeroizing::new(std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", at()))?);
    SigningKey::from_pem(&text).with_context(at)
}
