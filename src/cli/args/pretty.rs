//! `--pretty` of commands that print JSON.
//!
//! What does not belong here: results in other forms ([`super::format`]).

use clap::Args;
use oras::error::Error;
use oras::oci::json;

use crate::cli::app::App;
use crate::cli::failure::Failure;

/// How JSON is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct PrettyArgs {
    /// prettify JSON objects printed to stdout
    #[arg(long)]
    pub(crate) pretty: bool,
}

impl PrettyArgs {
    /// Prints a document as it is, or readable.
    pub(crate) fn print(self, document: &[u8], app: &App) -> Result<(), Failure> {
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
