//! `oras manifest`: commands on one manifest.

mod delete;

use clap::Subcommand;

use crate::cli::app::App;
use crate::cli::failure::Failure;

/// The commands on one manifest.
#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(delete::DeleteArgs),
}

impl ManifestCommand {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Delete(args) => app.wait(delete::run(args, app)),
        }
    }
}
