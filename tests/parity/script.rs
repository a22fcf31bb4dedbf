//! The language of the parity scripts.
//!
//! ```text
//! ## a title             begins anew: two worlds, each with two registries of its own
//! ## a title [setup]     the same with other registries: passwords, tokens, schema (no referrers API)
//! write NAME TEXT        makes a file in both; `\n` in the text is a line break
//! link NAME TARGET       makes a symbolic link in both
//! tar NAME FOLDER        packs a folder without compression in both
//! remove NAME            removes a file in both
//! * oras ...             the real oras runs in both worlds and must succeed: prepares what ours cannot make
//! % oras ...             runs in both and must succeed; what it prints is not compared
//! $ oras ...             runs in both; output, errors, exit code, files and what the registries were asked must be the same
//! ~ oras ...             the same, but the lines of the output may come in any order
//! < REASON | oras ...    the output differs on purpose, all else is the same: fails when the output does not differ
//! > REASON | oras ...    the same of what is said on stderr
//! ! REASON | oras ...    differs on purpose: fails when it does not differ
//! $- REASON | oras ...   the same, but ours asks for something else that is not more: fails when it does not. So for ~- < and >
//! $+ REASON | oras ...   the same, but ours asks for more: fails when it does not. So for ~+
//! ```
//!
//! A line may end with ` <<< TEXT`, which is what it reads from its standard input, and a variable of the environment may stand
//! before `oras`, as in `$ ORAS_CACHE=cache oras ...`.
//!
//! In a line `{r}` is the first registry, `{s}` the second one, `{odd}` a server that is none ([`super::stranger`]), `{auth}`
//! the user and password of registries with passwords, `{created}` an annotation that fixes the time of a manifest,
//! `{sha TEXT}` and `{sha512 TEXT}` the digest of a text, and `{digest NAME}` and `{descriptor NAME}` what the real oras
//! says of a name. All but the first three stand in texts, too.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use crate::observed::{Observed, compare, forget_known};
use crate::player::Player;

/// Plays a script with both programs and fails with all differences that were found.
pub fn play(script: &str, oras: &Path) {
    let (mut players, mut known) = (None, HashSet::new());
    let mut differences = String::new();
    let mut title = "";
    for (number, line) in script.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("## ") {
            title = name;
            // Only one pair of worlds at a time.
            drop(players.take());
            known.clear();
            let ours = Path::new(env!("CARGO_BIN_EXE_oras"));
            players = Some((Player::new(ours, oras, title), Player::new(oras, oras, title)));
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (ours, theirs) = players.as_ref().expect("a script begins with a title");
        if let Some(difference) = perform(line, ours, theirs, &mut known) {
            write!(differences, "\n=== {title}, line {}: {line}\n{difference}\n", number + 1).unwrap();
        }
    }
    assert!(differences.is_empty(), "not as oras does it:\n{differences}");
}

/// Performs one line with both; returns how they differ.
fn perform(line: &str, ours: &Player, theirs: &Player, known: &mut HashSet<String>) -> Option<String> {
    let (mark, rest) = line.split_once(' ').expect("a line has a mark and a rest");
    let rest = match mark {
        "<" | ">" | "!" | "$-" | "~-" | "<-" | ">-" | "$+" | "~+" => {
            rest.split_once(" | ").expect("a known difference has a reason").1
        }
        _ => rest,
    };
    match mark {
        "write" | "link" | "tar" | "remove" => {
            ours.make(mark, rest);
            theirs.make(mark, rest);
            return None;
        }
        "*" => {
            ours.prepare(rest);
            theirs.prepare(rest);
            return None;
        }
        _ => {}
    }
    let (mut ours, mut theirs) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| theirs.observe(rest));
        (ours.observe(rest), theirs.join().unwrap())
    });
    forget_known(known, &mut ours, &mut theirs);
    judge(mark, ours, theirs)
}

/// How they differ where they should not, or that they do not where they should.
fn judge(mark: &str, mut ours: Observed, mut theirs: Observed) -> Option<String> {
    let (mark, requests) = if let Some(mark) = mark.strip_suffix('-') {
        (mark, ours.asks_no_less_than(&theirs))
    } else if let Some(mark) = mark.strip_suffix('+') {
        (mark, ours.asks_no_more_than(&theirs))
    } else {
        (mark, ours.requests_unlike(&theirs))
    };
    let same = |what: &str| Some(format!("{what} was said to differ, and does not\n"));
    let rest = match mark {
        "%" => {
            let _ = (ours.run.success(), theirs.run.success());
            return None;
        }
        "!" => {
            let unlike = compare(&ours.sorted(), &theirs.sorted()).or(requests);
            return if unlike.is_none() { same("this") } else { None };
        }
        "<" if std::mem::take(&mut ours.run.stdout) == std::mem::take(&mut theirs.run.stdout) => {
            same("the output")
        }
        ">" if std::mem::take(&mut ours.run.stderr) == std::mem::take(&mut theirs.run.stderr) => {
            same("what is said on stderr")
        }
        "$" | "<" => compare(&ours, &theirs),
        "~" | ">" => compare(&ours.sorted(), &theirs.sorted()),
        other => panic!("unknown mark {other:?}"),
    };
    let found: Vec<String> = rest.into_iter().chain(requests).collect();
    (!found.is_empty()).then(|| found.concat())
}
