//! The commands: one file each, one line each here.
//!
//! A command is four steps: plan (rules and references, no I/O), connect, work, show.
//!
//! What does not belong here: flags that several commands have ([`super::args`]).

mod version;

use clap::Subcommand;

use super::app::App;
use super::failure::Failure;

/// All commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Version(version::VersionArgs),
}

impl Command {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Version(args) => version::run(&args, app),
        }
    }
}
