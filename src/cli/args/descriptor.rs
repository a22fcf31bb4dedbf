//! `--descriptor`: what a command worked on, instead of what it did.
//!
//! What does not belong here: results in other forms ([`super::format`]).

use clap::Args;
use oras::error::Error;
use oras::oci::{Descriptor, json};

use crate::cli::app::App;
use crate::cli::failure::Failure;

/// Whether a descriptor is shown, and how JSON is.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DescriptorArgs {
    /// output the descriptor
    #[arg(long)]
    pub(crate) descriptor: bool,

    /// prettify JSON objects printed to stdout
    #[arg(long)]
    pub(crate) pretty: bool,
}

impl DescriptorArgs {
    /// Prints a descriptor, on one line without its end or readable.
    pub(crate) fn print(self, node: &Descriptor, app: &App) -> Result<(), Failure> {
        self.print_json(&json::compact(node).map_err(not_json)?, app)
    }

    /// Prints a document as it is or readable.
    pub(crate) fn print_json(self, document: &[u8], app: &App) -> Result<(), Failure> {
        if !self.pretty {
            return app.terminal.write(document);
        }
        let mut bytes = json::indent(document).map_err(not_json)?;
        bytes.push(b'\n');
        app.terminal.write(&bytes)
    }
}

/// A document that is no JSON.
pub(crate) fn not_json(error: serde_json::Error) -> Error {
    Error::invalid(error.to_string()).caused_by(error)
}
