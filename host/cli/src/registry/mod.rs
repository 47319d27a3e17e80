//! Plugins from strangers: the registry, whoever publishes to it, and whoever installs from it.

mod act;
mod admin;
pub mod arguments;
mod client;
mod examine;
mod install;
mod installed;
mod keys;
mod log;
mod outdated;
mod package;
mod publish;
mod search;
mod serve;
mod verify;

use std::process::ExitCode;

use crate::output::Output;
use arguments::{RegistryCommand, ShopCommand};

/// Search, install, publish, verify, outdated.
pub async fn shop(command: ShopCommand, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        ShopCommand::Search { words, from } => {
            search::search(&client::Client::new(&from)?, &words.join(" "), output).await?
        }
        ShopCommand::Install(wanted) => install::install(&wanted, output).await?,
        ShopCommand::Publish(wanted) => publish::publish(&wanted, output).await?,
        ShopCommand::Verify { files, place } => return verify::verify(&files, &place, output),
        ShopCommand::Outdated { place, from } => return outdated::outdated(&place, &from, output).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Running and looking after a registry.
pub async fn registry(command: RegistryCommand, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        RegistryCommand::Serve(wanted) => serve::serve(wanted).await?,
        RegistryCommand::Namespace { command } => admin::namespace(command, output)?,
        RegistryCommand::Token { command } => admin::token(command, output)?,
        RegistryCommand::Key { command } => keys::key(command, output)?,
        RegistryCommand::Yank(wanted) => act::act("yank", &wanted, output).await?,
        RegistryCommand::Restore(wanted) => act::act("restore", &wanted, output).await?,
        RegistryCommand::Deprecate(wanted) => act::act("deprecate", &wanted, output).await?,
        RegistryCommand::Revoke(wanted) => act::act("revoke", &wanted, output).await?,
        RegistryCommand::Log(wanted) => return log::log(&wanted, output).await,
        RegistryCommand::Collect { dir } => admin::collect(&dir, output)?,
        RegistryCommand::Check { dir } => return admin::check(&dir, output),
        RegistryCommand::Examine { file, component_bytes_max } => examine::answer(&file, component_bytes_max).await?,
    }
    Ok(ExitCode::SUCCESS)
}
