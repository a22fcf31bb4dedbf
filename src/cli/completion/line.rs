//! What was typed up to the cursor, read as far as it goes.
//!
//! It is unfinished by nature, so nothing in it is a mistake.

use clap::{Arg, Command};

/// What the word at the cursor is to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// The name of a command.
    Commands,
    /// A flag.
    Flags,
    /// The value of this flag.
    Value(&'a Arg),
    /// An argument.
    Argument,
}

/// A line up to the cursor.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// The words before the one at the cursor.
    pub(super) before: &'a [String],
    /// The last command that is named.
    pub(super) command: &'a Command,
    /// The names that lead to it, without the program.
    pub(super) path: Vec<&'a str>,
    /// The arguments before the cursor.
    pub(super) arguments: Vec<&'a str>,
    /// What there is of the word at the cursor; of a flag with its value only the value.
    pub(super) begun: &'a str,
    /// What that is to be.
    pub(super) wanted: Wanted<'a>,
}

impl<'a> Line<'a> {
    /// Reads the words after the program; the last one is at the cursor.
    pub(super) fn read(grammar: &'a Command, words: &'a [String]) -> Self {
        let (begun, before) =
            words.split_last().map_or(("", words), |(begun, before)| (begun.as_str(), before));
        let wanted = Wanted::Commands;
        let mut line =
            Self { before, command: grammar, path: Vec::new(), arguments: Vec::new(), begun, wanted };
        let (mut waiting, mut flags) = (None, true);
        for word in before {
            if waiting.take().is_some() {
                continue;
            }
            match word.as_str() {
                "--" if flags => flags = false,
                word if flags && word.len() > 1 && word.starts_with('-') => waiting = line.waits(word),
                word => line.take(word),
            }
        }
        line.wanted = match waiting {
            Some(flag) => Wanted::Value(flag),
            None if flags && begun.starts_with('-') => line.in_flag(),
            None if line.expects_command() => Wanted::Commands,
            None => Wanted::Argument,
        };
        line
    }

    /// The flag that the next word belongs to, if this word is a flag without its value.
    fn waits(&self, word: &str) -> Option<&'a Arg> {
        let flag = if let Some(name) = word.strip_prefix("--") {
            self.flag(|arg| arg.get_long() == Some(name))
        } else {
            // Of a group of short flags the last one may wait for its value.
            let mut letters = word.chars().skip(1);
            let waits =
                |letter| self.flag(|arg| arg.get_short() == Some(letter)).filter(|arg| takes_value(arg));
            letters.find_map(waits).filter(|_| letters.next().is_none())
        };
        flag.filter(|flag| takes_value(flag))
    }

    fn flag(&self, is_it: impl Fn(&Arg) -> bool) -> Option<&'a Arg> {
        self.command.get_arguments().find(|arg| is_it(arg))
    }

    fn take(&mut self, word: &'a str) {
        match self.command.find_subcommand(word).filter(|_| self.expects_command()) {
            Some(below) => {
                self.path.push(below.get_name());
                self.command = below;
            }
            None => self.arguments.push(word),
        }
    }

    fn expects_command(&self) -> bool {
        self.command.has_subcommands() && self.arguments.is_empty()
    }

    /// The word at the cursor begins with a dash: it is a flag, or one with its value.
    fn in_flag(&mut self) -> Wanted<'a> {
        let joined = self.begun.strip_prefix("--").and_then(|flag| flag.split_once('='));
        match joined.map(|(name, value)| (self.flag(|arg| arg.get_long() == Some(name)), value)) {
            Some((Some(flag), value)) if takes_value(flag) => {
                self.begun = value;
                Wanted::Value(flag)
            }
            _ => Wanted::Flags,
        }
    }
}

/// Whether a value belongs to a flag. A switch takes one only behind an equals sign.
fn takes_value(flag: &Arg) -> bool {
    flag.get_action().takes_values() && !flag.is_require_equals_set()
}

/// The place before the colon of a tag that has begun. In a registry that comes after a slash, unlike the colon of a port.
pub(super) fn tagged(name: &str, layout: bool) -> Option<&str> {
    let (place, tag) = name.rsplit_once(':')?;
    (!tag.contains(['/', '\\']) && (layout || place.contains('/'))).then_some(place)
}
