//! Progress bars, yes or no.
//!
//! What does not belong here: the bars.

use clap::Args;

/// Whether there may be progress bars.
#[derive(Debug, Args)]
pub(crate) struct TerminalArgs {
    /// [Preview] disable progress bars
    #[arg(long)]
    pub(crate) no_tty: bool,
}
