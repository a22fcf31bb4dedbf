//! `oras blob`: commands on one blob.

mod delete;
mod fetch;
mod push;

use clap::Subcommand;

use crate::cli::app::App;
use crate::cli::command::later::Later;
use crate::cli::failure::Failure;

/// The commands on one blob.
#[derive(Debug, Subcommand)]
pub(crate) enum BlobCommand {
    /// Delete a blob from a remote registry
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(Later<delete::DeleteArgs>),
    /// Fetch a blob from a registry or an OCI image layout
    #[command(visible_alias = "get")]
    Fetch(Later<fetch::FetchArgs>),
    /// Push a blob to a registry or an OCI image layout
    Push(Later<push::PushArgs>),
}

impl BlobCommand {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Delete(Later(args)) => app.wait(delete::run(*args, app)),
            Self::Fetch(Later(args)) => app.wait(fetch::run(*args, app)),
            Self::Push(Later(args)) => app.wait(push::run(*args, app)),
        }
    }
}
