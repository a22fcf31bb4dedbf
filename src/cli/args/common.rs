//! Flags of nearly every command.
//!
//! What does not belong here: flags that need a registry.

use clap::Args;

/// Flags of nearly every command.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// output debug logs (implies --no-tty)
    #[arg(short, long)]
    pub(crate) debug: bool,
}

/// A deprecated flag of most commands. That it was used is told by the frame.
#[derive(Debug, Args)]
pub(crate) struct VerboseArgs {
    /// print status output for unnamed blobs
    #[arg(short, long, hide = true, default_value_t = true)]
    pub(crate) verbose: bool,
}
