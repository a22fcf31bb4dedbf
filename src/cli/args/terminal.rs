//! What is shown while work goes on: bars, lines, or events for programs.
//!
//! What does not belong here: the bars, the lines and the events.

use clap::Args;

use super::common::CommonArgs;
use super::reports::{self, Progress};
use crate::cli::app::App;

/// Whether there may be what only a terminal can show.
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
}

/// How progress is shown, of commands that move content.
#[derive(Debug, Args)]
pub(crate) struct ProgressArgs {
    #[command(flatten)]
    terminal: TerminalArgs,

    /// form of progress on stderr: auto for bars on a terminal, plain for a line every 10 seconds, json for a line for
    /// each event (default "auto")
    #[arg(long, value_name = "string", value_parser = reports::progress)]
    progress: Option<Progress>,
}

impl ProgressArgs {
    /// What is shown.
    pub(crate) fn view(&self, common: &CommonArgs, app: &App) -> View {
        match self.progress.unwrap_or_default() {
            Progress::Json => View::Events,
            Progress::Plain => View::Measured,
            Progress::Auto => {
                let wanted = !self.terminal.is_refused() && !common.debug && !app.env.is_plain();
                if wanted && app.terminal.stderr_is_seen() { View::Bars } else { View::Lines }
            }
        }
    }

    /// The same where content goes to stdout: bars only if they were asked for, and only if the content does not run
    /// through them.
    pub(crate) fn view_beside_content(&self, common: &CommonArgs, app: &App) -> View {
        let drawn = self.terminal.no_tty == Some(false) && !app.terminal.stdout_is_seen();
        match self.view(common, app) {
            View::Bars if !drawn => View::Lines,
            view => view,
        }
    }
}

/// What is shown while work goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Bars on stderr, in place of lines.
    Bars,
    /// A line for what happens to a node.
    Lines,
    /// The same, and now and then a line on stderr that tells how far it is.
    Measured,
    /// Lines of JSON on stderr, in place of lines.
    Events,
}
