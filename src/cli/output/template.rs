//! Results through a template of Go's `text/template`, with the functions of [`super::sprig`].
//!
//! The data is the document that `--format json` prints, so the names in a template are those of its fields; what is
//! missing is `<no value>`. Nothing is printed but what the template says, not even the end of a line. A template
//! that cannot be read fails the command before it does anything.
//!
//! Numbers without a fraction are shown as they are, where oras shows `1.048576e+06`, and may be compared with those
//! of a template. Values have no identity in this implementation, so `set` and its relatives give a changed dict and
//! leave the one they were given; [`source`] makes the usual way to call them work all the same.
//!
//! What does not belong here: which functions there are.

mod chain;
mod source;

use gtmpl_ng::{Context, ErrorContext, ExecError, Limits, ParseError, Template};
use oras::error::Error;
use serde::Serialize;

use self::source::rewritten;
use super::sprig;
use super::text::visible;
use crate::cli::app::App;
use crate::cli::failure::Failure;

/// What oras calls every template.
const NAME: &str = "format output";
/// The most turns of all loops, which a template of a few words could make endless.
const TURNS: usize = 10_000_000;
/// The most bytes that are printed.
const OUTPUT: usize = 256 * 1024 * 1024;
/// The most bytes or elements that one function gives.
const VALUE: usize = 64 * 1024 * 1024;

/// Fails if the text is no template.
pub(super) fn check(text: &str) -> Result<(), Failure> {
    parse(text).map(|_| ())
}

/// Shows what the template makes of a result. As in Go, what it made before it failed is shown, too.
pub(super) fn show<T: Serialize>(app: &App, text: &str, result: &T) -> Result<(), Failure> {
    let mut output = Vec::new();
    let rendered = render(text, result, &mut output);
    if app.terminal.stdout_is_seen() {
        app.terminal.print(&harmless(&String::from_utf8_lossy(&output)))?;
    } else {
        app.terminal.write(&output)?;
    }
    rendered
}

/// Lines that cannot move the cursor.
fn harmless(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    for part in text.split_inclusive(['\n', '\t']) {
        let end = part.trim_end_matches(['\n', '\t']).len();
        lines.push_str(&visible(&part[..end]));
        lines.push_str(&part[end..]);
    }
    lines
}

fn render<T: Serialize>(text: &str, result: &T, output: &mut Vec<u8>) -> Result<(), Failure> {
    let template = parse(text)?;
    let document = serde_json::to_value(result).map_err(|error| Error::invalid(error.to_string()))?;
    let data = Context::from(sprig::data(document));
    template.execute(output, &data).map_err(|error| failed(&error, &rewritten(text)))
}

fn parse(text: &str) -> Result<Template, Failure> {
    let limits = Limits::default()
        .with_iterations(TURNS)
        .with_total_iterations(TURNS)
        .with_output_bytes(OUTPUT)
        .with_function_output(VALUE);
    let mut template = Template::with_limits(limits);
    NAME.clone_into(&mut template.name);
    for (name, function) in sprig::functions() {
        template.add_func(name, function);
    }
    template.parse(rewritten(text)).map_err(|error| match error {
        ParseError::WithContext(place, reason) => mistake(&place.line.to_string(), &worded(&reason)),
        other => mistake("1", &other.to_string()),
    })?;
    Ok(template)
}

fn mistake(place: &str, reason: &str) -> Failure {
    Failure::mistake(format!("template: {NAME}:{place}: {}", visible(reason)))
}

/// Why and where the template failed: like Go, with the place, the expression and the reason.
fn failed(error: &ExecError, text: &str) -> Failure {
    let Some(error) = error.as_structured() else {
        return mistake("1", &format!("executing {NAME:?}: {error}"));
    };
    let place = &error.context;
    let column = column(place, text);
    let reason = format!("executing {NAME:?} at <{}>: {}", expression(place, text), worded(&error.message));
    mistake(&format!("{}:{column}", place.line), &reason)
}

/// Reasons of the engine in Go's words, where scripts or people may know those.
fn worded(reason: &str) -> String {
    let name = |start: &str, end: &str| reason.strip_prefix(start)?.strip_suffix(end);
    if let Some(name) = name("function ", " not defined") {
        let reason = sprig::withheld(name).map(|reason| format!(": {reason}")).unwrap_or_default();
        return format!("function {name:?} not defined{reason}");
    }
    if let Some(name) = name("template ", " not defined") {
        return format!("template {name:?} not defined");
    }
    if let Some(name) = name("undefined variable ", "") {
        return format!("undefined variable {name:?}");
    }
    reason.to_owned()
}

/// Where that place is in the template that was typed, which lacks what was added to each action.
fn column(place: &ErrorContext, text: &str) -> usize {
    let column = place.col.saturating_sub(1);
    let line = text.split('\n').nth(place.line.saturating_sub(1)).unwrap_or_default();
    let added = line.get(..column).unwrap_or_default().matches(source::SHOWN).count() * source::SHOWN.len();
    column - added
}

/// What is in the template at that place.
fn expression<'a>(place: &ErrorContext, text: &'a str) -> &'a str {
    let line = text.split_inclusive('\n').take(place.line.saturating_sub(1)).map(str::len).sum::<usize>();
    let start = line + place.col.saturating_sub(1);
    let found = text.get(start..start + place.len).unwrap_or_default();
    found.strip_suffix(source::SHOWN).unwrap_or(found).trim_end()
}

#[cfg(test)]
mod tests;
