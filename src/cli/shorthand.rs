//! Short flags with an equals sign and nothing behind it, which pflag reads in its own way.
//!
//! To pflag `-o=` is the flag with the value `=`, since a sign counts only with something behind it, and `-d=` is the
//! switch and another one called `=`, which there is none of. Clap takes both for an empty value. So they are spelt anew
//! before clap reads them: `-o` and `=`, `-d` and `-=`.
//!
//! What does not belong here: all that clap can be told.

use std::borrow::Cow;
use std::ffi::OsString;

use clap::{Arg, Command};

use super::grammar_of;

/// What was typed, spelt so that clap reads it as pflag does.
pub(crate) fn respelt(typed: &[OsString]) -> Cow<'_, [OsString]> {
    let is_odd = |word: &OsString| {
        word.to_str()
            .is_some_and(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('='))
    };
    if !typed.iter().any(is_odd) {
        return Cow::Borrowed(typed);
    }
    let grammar = grammar_of(typed);
    let (mut command, mut spelt, mut words) = (&grammar, Vec::new(), typed.iter());
    while let Some(word) = words.next() {
        let text = word.to_str().unwrap_or_default();
        if text == "--" {
            spelt.push(word.clone());
            break;
        }
        let reading = Reading::of(command, text);
        match reading {
            Reading::Split(flags, rest) => spelt.extend([flags.into(), rest.into()]),
            Reading::Whole | Reading::TakesNext => spelt.push(word.clone()),
        }
        if reading == Reading::TakesNext {
            spelt.extend(words.next().cloned());
        }
        command = command.find_subcommand(text).unwrap_or(command);
    }
    spelt.extend(words.cloned());
    Cow::Owned(spelt)
}

/// How one word is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading<'a> {
    /// As it is.
    Whole,
    /// As it is, and the next word is the value of its flag.
    TakesNext,
    /// As two words.
    Split(&'a str, &'static str),
}

impl<'a> Reading<'a> {
    fn of(command: &Command, word: &'a str) -> Self {
        if let Some(name) = word.strip_prefix("--") {
            let takes = find(command, |arg| arg.get_long() == Some(name)).is_some_and(takes_value);
            return if takes { Self::TakesNext } else { Self::Whole };
        }
        let Some(group) = word.strip_prefix('-') else { return Self::Whole };
        for (at, letter) in group.char_indices() {
            let Some(flag) = find(command, |arg| arg.get_short() == Some(letter)) else { break };
            let end = 1 + at + letter.len_utf8();
            match (&word[end..], takes_value(flag)) {
                ("=", true) => return Self::Split(&word[..end], "="),
                ("=", false) => return Self::Split(&word[..end], "-="),
                ("", true) => return Self::TakesNext,
                (_, true) => break,
                (_, false) => {}
            }
        }
        Self::Whole
    }
}

fn find(command: &Command, is_meant: impl Fn(&Arg) -> bool) -> Option<&Arg> {
    command.get_arguments().find(|arg| is_meant(arg))
}

/// A switch has a value only behind a sign.
fn takes_value(flag: &Arg) -> bool {
    flag.get_action().takes_values() && !flag.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(line: &str, wanted: &str) {
        let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let spelt = respelt(&typed);
        assert_eq!(spelt.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" "), wanted);
    }

    #[test]
    fn a_sign_with_nothing_behind_it_is_a_value_or_a_switch_of_its_own() {
        reads("oras pull -o= x", "oras pull -o = x");
        reads("oras pull -do= x", "oras pull -do = x");
        reads("oras pull -d= x", "oras pull -d -= x");
        reads("oras repo tags -dd= x", "oras repo tags -dd -= x");
        reads("oras manifest fetch -d= -o=", "oras manifest fetch -d -= -o =");
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for line in [
            "oras pull -o -d=",
            "oras push h/r -a -k= -p -secret=",
            "oras push h/r --password -p= --output=",
            "oras pull -oa= -x= -d=true",
            "oras pull -- -o=",
            "oras pull -=",
        ] {
            reads(line, line);
        }
    }
}
