//! Progress bars, yes or no.
//!
//! What does not belong here: the bars.

use clap::Args;

use super::common::CommonArgs;
use crate::cli::app::App;

/// Whether there may be progress bars.
#[derive(Debug, Args)]
pub(crate) struct TerminalArgs {
    /// [Preview] disable progress bars
    #[arg(long)]
    pub(crate) no_tty: bool,
}

impl TerminalArgs {
    /// Whether progress may be drawn on stderr.
    pub(crate) fn drawing(&self, common: &CommonArgs, app: &App) -> Drawing {
        let wanted = !self.no_tty && !common.debug && !app.env.is_plain();
        if wanted && app.terminal.stderr_is_seen() { Drawing::Bars } else { Drawing::Nothing }
    }
}

/// What is drawn while work goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawing {
    /// Bars, in place of status lines.
    Bars,
    /// Nothing: status lines are printed.
    Nothing,
}
