//! What the user is told: results, and lines while work goes on.
//!
//! There are three kinds of output and each has its own way. *Status* is what happens, as events to the [`status`]
//! reporter; programs are told it in [`events`]. A *result* is an [`Outcome`], shown once at the end in the form that was asked for. *Content* is bytes
//! that a command pours to stdout or into a file by itself. Text that comes from a registry goes through
//! [`text::visible`], because a title must not be able to move the cursor.
//!
//! What does not belong here: the words of failures, and the decision what to say.

pub(crate) mod bars;
pub(crate) mod events;
pub(crate) mod json;
mod measure;
pub(crate) mod retries;
mod sprig;
pub(crate) mod status;
mod template;
pub(crate) mod text;
pub(crate) mod trace;
pub(crate) mod tree;
pub(crate) mod units;
pub(crate) mod words;
pub(crate) mod yaml;

use std::fmt;

use serde::Serialize;

use super::app::App;
use super::args::format::Format;
use super::failure::Failure;

/// The result of a command: plain data that is a document as it stands, and that can put itself in words.
pub(crate) trait Outcome: Serialize {
    /// Writes the result for people, with every line ended.
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result;
}

/// Refuses a form that cannot be shown. A command asks before it does any work.
pub(crate) fn check(format: &Format) -> Result<(), Failure> {
    match format {
        Format::Template(text) => template::check(text),
        _ => Ok(()),
    }
}

/// Shows a result on stdout in the form that was asked for.
pub(crate) fn show<T: Outcome>(app: &App, format: &Format, outcome: &T) -> Result<(), Failure> {
    match format {
        Format::Text | Format::Tree | Format::Table | Format::Mermaid | Format::Dot => {
            app.terminal.print(&text::of(outcome))
        }
        Format::Json => app.terminal.write(&json::document(outcome)?),
        Format::Template(text) => template::show(app, text, outcome),
    }
}
