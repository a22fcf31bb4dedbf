//! `oras blob`: commands on one blob.

mod delete;
mod fetch;
mod push;

use clap::Subcommand;

use crate::cli::app::App;
use crate::cli::failure::Failure;

/// The commands on one blob.
#[derive(Debug, Subcommand)]
pub(crate) enum BlobCommand {
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(Box<delete::DeleteArgs>),
    #[command(visible_alias = "get")]
    Fetch(Box<fetch::FetchArgs>),
    Push(Box<push::PushArgs>),
}

impl BlobCommand {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Delete(args) => app.wait(delete::run(*args, app)),
            Self::Fetch(args) => app.wait(fetch::run(*args, app)),
            Self::Push(args) => app.wait(push::run(*args, app)),
        }
    }
}
