//! `--error-format` and `--progress`: in which form a failure and progress are told on stderr.
//!
//! Programs that run this one read lines of JSON, people read text. What was typed is also looked for where it cannot be
//! read as a whole, because such a mistake is told in the form that was wanted as well.
//!
//! What does not belong here: what is told.

use std::ffi::OsString;

use clap::{Arg, ArgMatches};
use oras::error::Error;

use crate::cli::env::Env;

/// The flag for failures, which every command has.
pub(crate) const ERROR_FORMAT: &str = "error-format";
/// The flag for progress.
pub(crate) const PROGRESS: &str = "progress";

/// How a failure is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ErrorFormat {
    /// Up to three parts for people.
    #[default]
    Text,
    /// One line of JSON, the last on stderr.
    Json,
}

/// How progress is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Bars on a terminal, else a line for what happens to a node.
    #[default]
    Auto,
    /// Lines, and every ten seconds one that tells how far it is.
    Plain,
    /// A line of JSON for each event.
    Json,
}

/// What was typed of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reports {
    errors: Option<ErrorFormat>,
    progress: Option<Progress>,
}

impl Reports {
    /// What was typed, whichever level of the command it was typed at; the innermost counts.
    pub(crate) fn read(mut matches: &ArgMatches) -> Self {
        let mut reports = Self::default();
        loop {
            let errors = matches.try_get_one(ERROR_FORMAT).ok().flatten().copied();
            reports.errors = errors.or(reports.errors);
            reports.progress = matches.try_get_one(PROGRESS).ok().flatten().copied();
            match matches.subcommand() {
                Some((_, below)) => matches = below,
                None => return reports,
            }
        }
    }

    /// The same of what has a mistake in it, as far as it can be understood.
    pub(crate) fn guess(typed: &[OsString]) -> Self {
        let words: Vec<&str> = typed.iter().map_while(|word| word.to_str().filter(|w| *w != "--")).collect();
        let values = |flag: &str| {
            let mut found = Vec::new();
            for (at, word) in words.iter().enumerate() {
                match word.strip_prefix("--").and_then(|word| word.strip_prefix(flag)) {
                    Some("") => found.extend(words.get(at + 1).copied()),
                    Some(rest) => found.extend(rest.strip_prefix('=')),
                    None => {}
                }
            }
            found
        };
        Self {
            errors: values(ERROR_FORMAT).into_iter().rev().find_map(|text| error_format(text).ok()),
            progress: values(PROGRESS).into_iter().rev().find_map(|text| progress(text).ok()),
        }
    }

    /// Whether stderr is for programs only.
    pub(crate) fn is_events(self) -> bool {
        self.progress == Some(Progress::Json)
    }

    /// How a failure is told.
    ///
    /// # Errors
    /// The environment says something else than the two forms.
    pub(crate) fn errors(self, env: &Env) -> Result<ErrorFormat, Error> {
        match (self.errors, env.error_format()) {
            (Some(typed), _) => Ok(typed),
            _ if self.is_events() => Ok(ErrorFormat::Json),
            (None, Some(text)) => error_format(text).map_err(|_| {
                Error::invalid(format!("ORAS_ERROR_FORMAT is {text:?}, but should be text or json"))
            }),
            (None, None) => Ok(ErrorFormat::default()),
        }
    }
}

/// The flag for failures.
pub(crate) fn error_format_flag() -> Arg {
    Arg::new(ERROR_FORMAT)
        .long(ERROR_FORMAT)
        .value_name("string")
        .value_parser(error_format)
        .help("form of a failure on stderr: text, or json for one line at the end (default \"text\")")
}

fn error_format(text: &str) -> Result<ErrorFormat, String> {
    match text {
        "text" => Ok(ErrorFormat::Text),
        "json" => Ok(ErrorFormat::Json),
        _ => Err("must be text or json".to_owned()),
    }
}

/// The value of the flag for progress.
pub(crate) fn progress(text: &str) -> Result<Progress, String> {
    match text {
        "auto" => Ok(Progress::Auto),
        "plain" => Ok(Progress::Plain),
        "json" => Ok(Progress::Json),
        _ => Err("must be auto, plain or json".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(line: &str) -> Reports {
        Reports::guess(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_form_is_found_beside_mistakes() {
        let (json, text) = (Some(ErrorFormat::Json), Some(ErrorFormat::Text));
        assert_eq!(guess("oras push --bogus --error-format json x").errors, json);
        assert_eq!(guess("oras --error-format=json bogus").errors, json);
        assert_eq!(guess("oras push --error-format json --error-format=text").errors, text);
        assert_eq!(guess("oras push --error-format").errors, None);
        assert_eq!(guess("oras push --error-format=xml --error-formats=json").errors, None);
        assert_eq!(guess("oras push -- --error-format json").errors, None);
        assert!(guess("oras push --bogus --progress json").is_events());
    }

    #[test]
    fn what_was_typed_counts_more_than_progress_and_that_more_than_the_environment() {
        let env = |text: &str| Env::with_error_format(text);
        let reports = |errors, progress| Reports { errors, progress };
        let (text, json) = (ErrorFormat::Text, ErrorFormat::Json);
        let events = Some(Progress::Json);
        assert_eq!(reports(Some(text), events).errors(&env("json")).unwrap(), text);
        assert_eq!(reports(None, events).errors(&env("text")).unwrap(), json);
        assert_eq!(reports(None, Some(Progress::Plain)).errors(&env("json")).unwrap(), json);
        assert_eq!(reports(None, None).errors(&Env::default()).unwrap(), text);
        assert_eq!(
            reports(None, None).errors(&env("xml")).unwrap_err().to_string(),
            "ORAS_ERROR_FORMAT is \"xml\", but should be text or json"
        );
    }
}
