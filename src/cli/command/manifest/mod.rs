//! `oras manifest`: commands on one manifest.

mod delete;
mod fetch;
mod fetch_config;
mod index;
mod push;

use clap::Subcommand;

use crate::cli::app::App;
use crate::cli::command::later::Later;
use crate::cli::failure::Failure;

/// The commands on one manifest.
#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Delete a manifest from remote registry
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(Later<delete::DeleteArgs>),
    /// Fetch manifest of the target artifact
    #[command(visible_aliases = ["get", "show"])]
    Fetch(Later<fetch::FetchArgs>),
    /// [Experimental] Index operations
    #[command(subcommand)]
    Index(Later<index::IndexCommand>),
    /// Fetch the config of a manifest from a registry or an OCI image layout
    #[command(visible_alias = "get-config")]
    FetchConfig(Later<fetch_config::FetchConfigArgs>),
    /// Push a manifest to a registry or an OCI image layout
    Push(Later<push::PushArgs>),
}

impl ManifestCommand {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Delete(Later(args)) => app.wait(delete::run(*args, app)),
            Self::Fetch(Later(args)) => app.wait(fetch::run(*args, app)),
            Self::Index(Later(command)) => command.run(app),
            Self::FetchConfig(Later(args)) => app.wait(fetch_config::run(*args, app)),
            Self::Push(Later(args)) => app.wait(push::run(*args, app)),
        }
    }
}
