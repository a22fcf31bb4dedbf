//! The command line: words, flags, streams and exit codes over the library.
//!
//! A run is short: clap reads the syntax, one `match` finds the command, the command plans, connects, works and
//! shows, and a failure anywhere becomes at most three lines on stderr and the exit code 1.
//!
//! What does not belong here: anything that would be needed without a terminal; that is the library's.

mod app;
mod args;
mod command;
mod completion;
mod connect;
mod env;
mod failure;
mod help;
mod helper;
mod log;
mod output;
mod place;
mod shorthand;
mod signals;
mod terminal;
mod usage;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};

use self::app::App;
use self::args::reports::{ErrorFormat, Reports};
use self::command::Command;
use self::env::Env;
use self::failure::{Failure, Scene};
use self::log::Level;
use self::terminal::Terminal;

/// What a shell says of a program that wrote to a pipe which nobody reads: 128 and the number of the signal that
/// other programs are ended by.
const BROKEN_PIPE: u8 = 128 + 13;

/// OCI Registry As Storage
#[derive(Debug, Parser)]
#[command(name = "oras", disable_version_flag = true)]
struct Oras {
    #[command(subcommand)]
    command: Command,
}

/// Runs the command that was typed.
pub(crate) fn main() -> ExitCode {
    let (terminal, env, typed) = (Terminal::default(), Env::read(), Env::arguments());
    if helper::is_called(&typed) {
        return helper::main(&terminal, env, &typed);
    }
    if completion::is_asked(&typed) {
        return completion::main(&terminal, env, &typed);
    }
    let (mut scene, mut reports) = (Scene::default(), Reports::guess(&typed));
    let done = match parse(&terminal, &typed) {
        Ok(Some(typed)) => {
            reports = typed.reports;
            let app = App::new(terminal.clone(), env.clone(), typed.path, typed.level);
            let done = match reports.errors(&env) {
                Ok(_) => typed.command.run(&app),
                Err(error) => Err(error.into()),
            };
            terminal.stop_drawing();
            app.events.summarise();
            scene = app.scene();
            done
        }
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    // A status line that could not be printed has failed the command, even if its work is done.
    match done.and_then(|()| terminal.failure().map_or(Ok(()), Err)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_quiet() => ExitCode::from(BROKEN_PIPE),
        Err(failure) => {
            // An environment that names no form is itself told of as text.
            match reports.errors(&env).unwrap_or_default() {
                ErrorFormat::Text => terminal.end(&failure.explain(&scene)),
                ErrorFormat::Json => terminal.end(&failure.line(&scene)),
            }
            if let Some(ending) = failure.signal() {
                ending.end_program();
            }
            ExitCode::FAILURE
        }
    }
}

/// What was typed.
struct Typed {
    command: Command,
    /// How the command is called.
    path: String,
    /// How much is to be told of its work.
    level: Level,
    reports: Reports,
}

/// Reads what was typed; nothing if only help was wanted.
fn parse(terminal: &Terminal, typed: &[OsString]) -> Result<Option<Typed>, Failure> {
    let typed = &*shorthand::respelt(typed);
    let mut grammar = grammar();
    let matches = grammar.try_get_matches_from_mut(typed);
    if let Some(path) = matches.as_ref().ok().and_then(|matches| helped(&grammar, matches)) {
        return terminal.print(&help::page(&grammar, &path)).map(|()| None);
    }
    match matches.and_then(|matches| read(matches, terminal)) {
        Ok(parsed) => Ok(Some(parsed)),
        Err(error) => match usage::mistake(&error, &grammar_of(typed), typed) {
            Some(failure) => Err(failure),
            None => terminal.print(&help::page(&grammar, &[grammar.get_name()])).map(|()| None),
        },
    }
}

/// The grammar; what is below a command is made when that is parsed or built.
fn grammar() -> clap::Command {
    usage::as_pflag(Oras::command())
}

/// The grammar with all that is below the commands that are named, for those who look at it without parsing.
fn grammar_of(words: &[impl AsRef<OsStr>]) -> clap::Command {
    let mut grammar = grammar();
    let is_named = |command: &clap::Command| {
        let mut names = command.get_all_aliases().chain([command.get_name()]);
        names.any(|name| words.iter().any(|word| word.as_ref() == name))
    };
    for command in grammar.get_subcommands_mut().filter(|command| is_named(command)) {
        command.build();
    }
    grammar
}

/// The command whose help is wanted: by a flag, or because it is a group and nothing follows it.
fn helped<'a>(grammar: &'a clap::Command, matches: &'a ArgMatches) -> Option<Vec<&'a str>> {
    let (mut path, mut command, mut matches) = (vec![grammar.get_name()], grammar, matches);
    loop {
        if matches.get_flag("help") {
            return Some(path);
        }
        let Some((name, below)) = matches.subcommand() else {
            return command.has_subcommands().then_some(path);
        };
        path.push(name);
        (command, matches) = (command.find_subcommand(name)?, below);
    }
}

/// What was typed, as it is meant; tells of a deprecated flag on the way.
fn read(mut matches: ArgMatches, terminal: &Terminal) -> Result<Typed, clap::Error> {
    let reports = Reports::read(&matches);
    let (mut path, mut innermost) = ("oras".to_owned(), &matches);
    while let Some((name, below)) = innermost.subcommand() {
        path = format!("{path} {name}");
        innermost = below;
    }
    let verbose = innermost.ids().any(|id| id == "verbose")
        && innermost.value_source("verbose") == Some(ValueSource::CommandLine);
    let debug = innermost.try_get_one::<bool>("debug").ok().flatten().copied().unwrap_or_default();
    let level = if debug { Level::Debug } else { Level::Warnings };
    let command = Oras::from_arg_matches_mut(&mut matches)?.command;
    if reports.is_events() {
        terminal.speak_to_programs();
    }
    if verbose {
        terminal.warn("Flag --verbose has been deprecated, and will be removed in a future release.");
    }
    Ok(Typed { command, path, level, reports })
}

#[cfg(test)]
mod tests;
