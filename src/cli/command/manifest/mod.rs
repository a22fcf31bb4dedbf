//! `oras manifest`: commands on one manifest.

mod delete;
mod fetch;
mod fetch_config;
mod index;
mod push;

use clap::Subcommand;

use crate::cli::app::App;
use crate::cli::failure::Failure;

/// The commands on one manifest.
#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(Box<delete::DeleteArgs>),
    #[command(visible_aliases = ["get", "show"])]
    Fetch(Box<fetch::FetchArgs>),
    /// [Experimental] Index operations
    #[command(subcommand)]
    Index(index::IndexCommand),
    #[command(visible_alias = "get-config")]
    FetchConfig(Box<fetch_config::FetchConfigArgs>),
    Push(Box<push::PushArgs>),
}

impl ManifestCommand {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Delete(args) => app.wait(delete::run(*args, app)),
            Self::Fetch(args) => app.wait(fetch::run(*args, app)),
            Self::Index(command) => command.run(app),
            Self::FetchConfig(args) => app.wait(fetch_config::run(*args, app)),
            Self::Push(args) => app.wait(push::run(*args, app)),
        }
    }
}
