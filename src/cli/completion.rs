//! What a shell offers for the word that is being typed.
//!
//! The scripts of `oras completion` know nothing of commands and flags: they call the program with `__complete` and the
//! words up to the cursor, and it prints what can come next, a line each with a text after a tab, and then a colon and the
//! sum of what the shell is to do with it. That is the protocol of cobra, so the scripts of ORAS work as well.
//!
//! Names that are in a registry are asked for there, as far as they come in a moment, with the flags and the credentials
//! of the line. Whatever goes wrong on the way, there is just nothing to offer.
//!
//! What does not belong here: the scripts, which the command prints.

mod glance;
mod line;
mod table;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Arg, Command};

use self::glance::Glance;
use self::line::{Line, Wanted};
use self::table::{Argument, Value};
use super::app::App;
use super::env::Env;
use super::log::Level;
use super::terminal::Terminal;
use super::{grammar_of, help};

/// How a program is asked, with texts and without.
const ASKED: [&str; 2] = ["__complete", "__completeNoDesc"];
/// How long registries may take: with the start of the program less than a second.
const PATIENCE: Duration = Duration::from_millis(900);
/// What the shell does with an offer.
const NO_SPACE: u8 = 2;
/// What it does not do where there is none.
const NO_FILES: u8 = 4;

/// What can come next.
#[derive(Debug, Default, PartialEq, Eq)]
struct Offers {
    /// Each with a text, which may be empty.
    words: Vec<(String, String)>,
    /// What the shell is to do, as a sum.
    directive: u8,
}

impl Offers {
    /// These words and no file.
    fn of(words: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { words: words.into_iter().collect(), directive: NO_FILES }
    }

    /// The same, of words that can be told without a text.
    fn bare(words: impl IntoIterator<Item = String>) -> Self {
        Self::of(words.into_iter().map(|word| (word, String::new())))
    }

    /// The same, where more may follow without a blank.
    fn going_on(mut self) -> Self {
        self.directive |= NO_SPACE;
        self
    }

    /// Only those that begin as what was typed.
    fn beginning(mut self, begun: &str) -> Self {
        self.words.retain(|(word, _)| word.starts_with(begun));
        self
    }
}

/// Whether a shell asks.
pub(super) fn is_asked(typed: &[OsString]) -> bool {
    typed.get(1).and_then(|word| word.to_str()).is_some_and(|word| ASKED.contains(&word))
}

/// Answers.
pub(super) fn main(terminal: &Terminal, env: Env, typed: &[OsString]) -> ExitCode {
    let until = Instant::now() + PATIENCE;
    let texts = typed.get(1).is_some_and(|word| word == ASKED[0]);
    let words: Vec<String> = typed.iter().skip(2).map(|word| word.to_string_lossy().into_owned()).collect();
    let app = App::new(terminal.clone(), env, "oras".to_owned(), Level::Warnings);
    let offers = offers(&app, &words, until);
    let mut text = String::new();
    for (word, about) in &offers.words {
        text.push_str(word);
        if texts && !about.is_empty() {
            text.extend(["\t", about]);
        }
        text.push('\n');
    }
    // A shell that does not listen any more needs nothing.
    let _ = terminal.print(&format!("{text}:{}\n", offers.directive));
    ExitCode::SUCCESS
}

fn offers(app: &App, words: &[String], until: Instant) -> Offers {
    let grammar = grammar_of(words);
    let line = Line::read(&grammar, words);
    let offers = match line.wanted {
        Wanted::Commands => Offers::of(commands(line.command)),
        Wanted::Flags => Offers::of(flags(line.command, &line.path.join(" "))),
        Wanted::Value(flag) => value(app, &line, flag, until),
        Wanted::Argument if line.path == ["help"] => topics(&grammar, &line),
        Wanted::Argument => argument(app, &line, until),
    };
    offers.beginning(line.begun)
}

/// The commands of a group.
fn commands(group: &Command) -> impl Iterator<Item = (String, String)> {
    help::shown_commands(group).into_iter().map(|command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        (command.get_name().to_owned(), first_line(&about))
    })
}

/// The flags of a command, by both of their names.
fn flags(command: &Command, path: &str) -> Vec<(String, String)> {
    let described = help::described_flags(command, path);
    let spelt = described.iter().flat_map(|(spelling, text)| {
        let names = spelling.split([' ', ',']).filter(|word| word.starts_with('-'));
        names.map(|name| (name.to_owned(), first_line(text)))
    });
    spelt.collect()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// What `help` is asked about: the commands below those that are named already.
fn topics(grammar: &Command, line: &Line<'_>) -> Offers {
    let group = line.arguments.iter().try_fold(grammar, |group, name| group.find_subcommand(name));
    group.map_or_else(|| Offers::of([]), |group| Offers::of(commands(group)))
}

/// The values of a flag.
fn value(app: &App, line: &Line<'_>, flag: &Arg, until: Instant) -> Offers {
    let named = line.arguments.first().copied().unwrap_or_default();
    let glance = || Glance::new(app, line, 0, until);
    match table::value(&line.path, flag.get_long().unwrap_or_default()) {
        Value::Words(words) => Offers::bare(words.iter().map(|word| (*word).to_owned())),
        Value::ArtifactType => Offers::bare(glance().artifact_types(named)),
        Value::Platform => Offers::bare(glance().platforms(named)),
        Value::Text => Offers::of([]),
        Value::File => Offers::default(),
    }
}

/// The values of an argument.
fn argument(app: &App, line: &Line<'_>, until: Instant) -> Offers {
    let place = line.arguments.len();
    let glance = || Glance::new(app, line, place, until);
    match table::argument(&line.path, place) {
        Argument::Name => name(&glance(), line.begun),
        Argument::Repository => repository(&glance(), line.begun, ""),
        Argument::File => Offers::default(),
        Argument::Nothing => Offers::of([]),
    }
}

/// What a name can go on with: a tag after a colon, else a repository.
fn name(glance: &Glance<'_>, begun: &str) -> Offers {
    match line::tagged(begun, glance.is_layout()) {
        Some(place) => Offers::bare(glance.tags(place).into_iter().map(|tag| format!("{place}:{tag}"))),
        None => repository(glance, begun, ":"),
    }
}

/// The repositories of a registry, each with what follows it. Without a registry it may be a layout, which is a file.
fn repository(glance: &Glance<'_>, begun: &str, end: &str) -> Offers {
    match begun.split_once('/').filter(|_| !glance.is_layout()) {
        Some((registry, begun)) => {
            let names = glance.repositories(registry, begun).into_iter();
            Offers::bare(names.map(|name| format!("{registry}/{name}{end}"))).going_on()
        }
        None => Offers::default(),
    }
}

#[cfg(test)]
mod tests;
