//! How commands are to be typed, and what is said when they are not.
//!
//! Clap checks the syntax of flags only, and its mistakes are worded here as pflag and cobra word them. What comes
//! after syntax, first of all the number of arguments, is checked by the commands, because the order in which
//! mistakes are told is part of what users see.
//!
//! What does not belong here: failures of the work itself.

use std::any::TypeId;
use std::ffi::OsString;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction};

use super::args::reports::error_format_flag;
use super::args::value::boolean;
use super::failure::Failure;

/// How a command is to be typed.
#[derive(Debug)]
pub(crate) struct Usage {
    /// The command: `oras manifest fetch`.
    pub(crate) path: &'static str,
    /// What follows it: `[flags] <name>{:<tag>|@<digest>}`.
    pub(crate) arguments: &'static str,
    /// How many arguments there are to be.
    pub(crate) count: Count,
    /// What they are, after `as`: `the manifest to fetch`.
    pub(crate) purpose: &'static str,
}

/// How many arguments a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

impl Usage {
    /// The line that follows a mistake.
    pub(crate) fn line(&self) -> String {
        format!("Usage: {} {}", self.path, self.arguments)
    }

    /// What help shows after `Usage:`.
    pub(crate) fn synopsis(&self) -> String {
        format!("{} {}", self.path, self.arguments)
    }

    /// Whether there are as many arguments as there are to be.
    pub(crate) fn check(&self, arguments: &[String]) -> Result<(), Failure> {
        let (good, phrase, wanted) = match self.count {
            Count::Exactly(wanted) => (arguments.len() == wanted, "exactly", wanted),
            Count::AtLeast(wanted) => (arguments.len() >= wanted, "at least", wanted),
        };
        if good {
            return Ok(());
        }
        let phrase = format!("{phrase} {wanted} argument{}", if wanted == 1 { "" } else { "s" });
        Err(Failure::mistake(format!("\"{}\" requires {phrase} but got {}", self.path, arguments.len()))
            .usage(self)
            .advice(format!(
                "Please specify {phrase} as {}. Run \"{} -h\" for more options and examples",
                self.purpose, self.path
            )))
    }

    /// The arguments of a command that takes exactly this many.
    pub(crate) fn exactly<const N: usize>(&self, arguments: Vec<String>) -> Result<[String; N], Failure> {
        self.check(&arguments)?;
        arguments.try_into().map_err(|arguments: Vec<String>| {
            Failure::mistake(format!("\"{}\" got {} arguments", self.path, arguments.len()))
        })
    }

    /// The first argument and the others, of a command that takes at least one.
    pub(crate) fn first(&self, mut arguments: Vec<String>) -> Result<(String, Vec<String>), Failure> {
        self.check(&arguments)?;
        let rest = arguments.split_off(1.min(arguments.len()));
        Ok((arguments.pop().unwrap_or_default(), rest))
    }
}

/// Refuses flags that exclude each other: those of the list that were used, as they are typed.
pub(crate) fn exclusive(flags: &[(&str, bool)]) -> Result<(), Failure> {
    let used: Vec<&str> = flags.iter().filter(|(_, used)| *used).map(|(flag, _)| *flag).collect();
    if used.len() < 2 {
        return Ok(());
    }
    Err(Failure::mistake(format!("{} cannot be used at the same time", used.join(", "))))
}

/// Refuses one of two flags without the other.
pub(crate) fn together(one: (&str, bool), other: (&str, bool)) -> Result<(), Failure> {
    let (present, missing) = match (one.1, other.1) {
        (true, false) => (one.0, other.0),
        (false, true) => (other.0, one.0),
        _ => return Ok(()),
    };
    Err(Failure::mistake(format!("{present} must be used in conjunction with {missing}")))
}

/// Refuses a command without its required flags, named without their dashes.
pub(crate) fn required(flags: &[(&str, bool)]) -> Result<(), Failure> {
    let missing: Vec<String> =
        flags.iter().filter(|(_, used)| !used).map(|(flag, _)| format!("{flag:?}")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::mistake(format!("required flag(s) {} not set", missing.join(", "))))
}

/// Gives a command the syntax of pflag: a flag may be repeated and the last one counts, a switch
/// takes `=true` or `=false`, and a value may begin with a dash. Help is a switch like any other, so that it is given
/// only to what is typed well, and a group may stand alone, which asks for help, too. How a failure is told can be said
/// everywhere.
pub(crate) fn as_pflag(command: clap::Command) -> clap::Command {
    let name = command.get_name().to_owned();
    // A group has nothing to do, and its page is short.
    let group = command.has_subcommands();
    let help = Arg::new("help").short('h').long("help").action(ArgAction::SetTrue);
    command
        .args_override_self(true)
        .subcommand_required(false)
        .arg_required_else_help(false)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .arg(help.help(format!("help for {name}")))
        .arg(error_format_flag().hide(group))
        .mut_args(as_pflag_does)
}

fn as_pflag_does(arg: Arg) -> Arg {
    let switch = matches!(arg.get_action(), ArgAction::SetTrue);
    if !switch && arg.get_value_parser().type_id() != TypeId::of::<bool>() {
        let takes_values = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        // Arguments are told in the usage line.
        return match arg.get_long() {
            Some(_) if takes_values => arg.allow_hyphen_values(true),
            Some(_) => arg,
            None => arg.hide(true),
        };
    }
    let arg = if switch && arg.get_default_values().is_empty() { arg.default_value("false") } else { arg };
    arg.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .hide_default_value(true)
        .hide_possible_values(true)
        .value_parser(ValueParser::new(boolean))
}

/// The text for a mistake that clap found, without the end of its last line; nothing if help was asked for.
pub(crate) fn mistake(error: &clap::Error, command: &clap::Command, typed: &[OsString]) -> Option<Failure> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let told = text(ContextKind::InvalidArg);
    let flag = told.split([' ', '=', '[']).next().unwrap_or_default();
    let here = Here::of(command, typed);
    Some(match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        // Behind `--` all words are arguments, which a group has none of.
        ErrorKind::UnknownArgument if !told.is_empty() && !told.starts_with('-') => {
            here.unknown_command(told)
        }
        ErrorKind::UnknownArgument => Failure::mistake(unknown_flag(told, typed)),
        ErrorKind::InvalidSubcommand => here.unknown_command(text(ContextKind::InvalidSubcommand)),
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let value = text(ContextKind::InvalidValue);
            let flag = here.both_spellings(flag);
            Failure::mistake(format!("invalid argument {value:?} for \"{flag}\" flag: {reason}"))
        }
        ErrorKind::InvalidValue | ErrorKind::NoEquals | ErrorKind::TooFewValues => {
            Failure::mistake(here.needs_argument(flag, typed))
        }
        ErrorKind::InvalidUtf8 => Failure::mistake("an argument is not valid UTF-8"),
        _ => Failure::mistake(error.to_string().trim_start_matches("error: ").trim_end().to_owned()),
    })
}

/// What is said of words of which one is no command.
pub(crate) fn unknown_command(grammar: &clap::Command, words: &[String]) -> Failure {
    let typed: Vec<OsString> =
        [grammar.get_name()].into_iter().chain(words.iter().map(String::as_str)).map(Into::into).collect();
    let here = Here::of(grammar, &typed);
    let known = here.path.split(' ').count() - 1;
    here.unknown_command(words.get(known).map_or("", String::as_str))
}

/// `-x` is named with the letters it was grouped with.
fn unknown_flag(flag: &str, typed: &[OsString]) -> String {
    let malformed = |text: &&str| text.starts_with("---") || text.starts_with("--=");
    if let Some(text) = typed.iter().filter_map(|argument| argument.to_str()).find(malformed) {
        return format!("bad flag syntax: {text}");
    }
    if let Some(name) = flag.strip_prefix("--") {
        return format!("unknown flag: --{}", name.split('=').next().unwrap_or_default());
    }
    // `-=x`, of which clap tells nothing.
    let letter = flag.chars().nth(1).unwrap_or('=');
    format!("unknown shorthand flag: {letter:?} in -{}", group(letter, typed))
}

/// The rest of the group of short flags that begins with this letter, as it was typed.
fn group(letter: char, typed: &[OsString]) -> String {
    let groups = typed.iter().filter_map(|argument| argument.to_str()?.strip_prefix('-'));
    let mut groups = groups.filter(|group| !group.starts_with('-'));
    let found = groups.find_map(|group| group.find(letter).map(|at| group[at..].to_owned()));
    found.unwrap_or_else(|| letter.to_string())
}

/// The command that was meant, as far as what was typed says.
struct Here<'a> {
    path: String,
    command: &'a clap::Command,
}

impl<'a> Here<'a> {
    fn of(mut command: &'a clap::Command, typed: &[OsString]) -> Self {
        let mut path = command.get_name().to_owned();
        for argument in typed.iter().skip(1).filter_map(|argument| argument.to_str()) {
            let Some(below) = command.find_subcommand(argument) else { break };
            command = below;
            path = format!("{path} {}", below.get_name());
        }
        Self { path, command }
    }

    fn unknown_command(&self, name: &str) -> Failure {
        let near: Vec<&str> = self
            .command
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .map(clap::Command::get_name)
            .filter(|candidate| is_near(name, candidate))
            .collect();
        let path = &self.path;
        let mut message = format!("unknown command {name:?} for {path:?}");
        if !near.is_empty() {
            message.push_str("\n\nDid you mean this?\n");
            for candidate in near {
                message.extend(["\t", candidate, "\n"]);
            }
        }
        Failure::mistake(message).advice(format!("Run '{path} --help' for usage."))
    }

    /// `-d, --debug` for `--debug`.
    fn both_spellings(&self, flag: &str) -> String {
        let name = flag.trim_start_matches('-');
        let short = self.arg(name).and_then(Arg::get_short);
        short.map_or_else(|| format!("--{name}"), |letter| format!("-{letter}, --{name}"))
    }

    /// The flag as it was typed, for pflag names a short one by its letter.
    fn needs_argument(&self, flag: &str, typed: &[OsString]) -> String {
        let name = flag.trim_start_matches('-');
        let last = typed.last().and_then(|argument| argument.to_str()).unwrap_or_default();
        match self.arg(name).and_then(Arg::get_short) {
            Some(letter) if !last.starts_with("--") => {
                format!("flag needs an argument: {letter:?} in -{}", group(letter, &typed[typed.len() - 1..]))
            }
            _ => format!("flag needs an argument: --{name}"),
        }
    }

    fn arg(&self, name: &str) -> Option<&'a Arg> {
        self.command.get_arguments().find(|arg| arg.get_long() == Some(name))
    }
}

/// Whether a command could have been meant: it begins so, or at most two letters differ.
fn is_near(typed: &str, candidate: &str) -> bool {
    let typed = typed.to_lowercase();
    !typed.is_empty() && (candidate.starts_with(&typed) || distance(&typed, candidate) <= 2)
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
