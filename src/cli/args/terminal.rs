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
    no_tty: Option<bool>,
}

impl TerminalArgs {
    /// Whether what only a terminal can show was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.no_tty == Some(true)
    }

    /// Whether progress may be drawn on stderr.
    pub(crate) fn drawing(&self, common: &CommonArgs, app: &App) -> Drawing {
        let wanted = !self.is_refused() && !common.debug && !app.env.is_plain();
        if wanted && app.terminal.stderr_is_seen() { Drawing::Bars } else { Drawing::Nothing }
    }

    /// The same where content goes to stdout: only if bars were asked for, and only if the content does not run through
    /// them.
    pub(crate) fn drawing_beside_content(&self, common: &CommonArgs, app: &App) -> Drawing {
        let wanted = self.no_tty == Some(false) && !app.terminal.stdout_is_seen();
        if wanted { self.drawing(common, app) } else { Drawing::Nothing }
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
