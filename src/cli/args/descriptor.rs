//! `--descriptor`: what a command worked on, instead of what it did.
//!
//! What does not belong here: results in other forms ([`super::format`]).

use clap::Args;
use oras::oci::{Descriptor, json};

use super::pretty::{PrettyArgs, not_json};
use crate::cli::app::App;
use crate::cli::failure::Failure;
use crate::cli::output::json::harmless;

/// Whether a descriptor is shown, and how JSON is.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DescriptorArgs {
    /// output the descriptor
    #[arg(long)]
    pub(crate) descriptor: bool,

    #[command(flatten)]
    pub(crate) json: PrettyArgs,
}

impl DescriptorArgs {
    /// Prints a descriptor, on one line without its end or readable.
    pub(crate) fn print(self, node: &Descriptor, app: &App) -> Result<(), Failure> {
        let document = harmless(json::compact(node).map_err(not_json)?);
        self.json.print(document.as_bytes(), app)
    }
}
