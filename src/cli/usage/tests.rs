//! Mistakes of syntax in the words of pflag and cobra, and what pflag takes.

use super::*;
use crate::cli::failure::Scene;
use crate::cli::{grammar, grammar_of};

/// What is said of a command line; nothing if it is taken, or if it asks for help.
fn said(typed: &str) -> String {
    let typed: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
    let Err(error) = grammar().try_get_matches_from(&typed) else { return String::new() };
    mistake(&error, &grammar_of(&typed), &typed)
        .map(|failure| failure.explain(&Scene::default()))
        .unwrap_or_default()
}

#[test]
fn what_is_not_known_is_named_as_it_was_typed() {
    for (typed, message) in [
        ("oras --bogus", "unknown flag: --bogus"),
        ("oras resolve --bogus=1 x", "unknown flag: --bogus"),
        ("oras resolve -x", "unknown shorthand flag: 'x' in -x"),
        ("oras resolve -dxu y", "unknown shorthand flag: 'x' in -xu"),
        ("oras resolve -dü", "unknown shorthand flag: 'ü' in -ü"),
        ("oras resolve -\tx", "unknown shorthand flag: '\\t' in -\tx"),
        ("oras resolve --x\ty=z", "unknown flag: --x\ty"),
    ] {
        assert_eq!(said(typed), format!("Error: {message}"), "{typed}");
    }
}

#[test]
fn an_unknown_command_gets_near_ones_at_every_level() {
    let help = "Run 'oras --help' for usage.";
    assert_eq!(said("oras -- bogus"), said("oras bogus"));
    assert_eq!(said("oras "), format!("Error: unknown command \"\" for \"oras\"\n{help}"));
    assert_eq!(said("oras bogus"), format!("Error: unknown command \"bogus\" for \"oras\"\n{help}"));
    assert_eq!(
        said("oras verson"),
        format!("Error: unknown command \"verson\" for \"oras\"\n\nDid you mean this?\n\tversion\n\n{help}")
    );
    assert_eq!(
        said("oras repo tag"),
        "Error: unknown command \"tag\" for \"oras repo\"\n\nDid you mean this?\n\ttags\n\n\
         Run 'oras repo --help' for usage."
    );
}

#[test]
fn bad_and_missing_values_are_told_with_the_flag() {
    for (typed, message) in [
        ("oras resolve x --username", "flag needs an argument: --username"),
        ("oras resolve x -u", "flag needs an argument: 'u' in -u"),
        ("oras resolve x -du", "flag needs an argument: 'u' in -u"),
        (
            "oras resolve -d=x y",
            "invalid argument \"x\" for \"-d, --debug\" flag: strconv.ParseBool: parsing \"x\": invalid syntax",
        ),
        (
            "oras tag --concurrency abc a b",
            "invalid argument \"abc\" for \"--concurrency\" flag: strconv.ParseInt: parsing \"abc\": invalid syntax",
        ),
        (
            "oras manifest delete --distribution-spec x y",
            "invalid argument \"x\" for \"--distribution-spec\" flag: unknown distribution specification flag: x\n\
             Available options: v1.1-referrers-tag, v1.1-referrers-api",
        ),
    ] {
        assert_eq!(said(typed), format!("Error: {message}"), "{typed}");
    }
}

#[test]
fn what_pflag_takes_is_taken() {
    for typed in [
        "oras resolve --debug=false --debug x",
        "oras resolve -u -x -u y x",
        "oras resolve -dua x",
        "oras resolve x -vd --plain-http=false",
        "oras resolve -- -x",
        "oras repo tags --last -v1 x",
        "oras cp --from-username a --to-resolve b --resolve c x y",
    ] {
        assert_eq!(said(typed), "", "{typed}");
    }
}

#[test]
fn the_number_of_arguments_is_told_in_full() {
    let usage = |count| Usage { path: "oras x", arguments: "<a>", count, purpose: "the things" };
    let told = |count, arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().copied().map(str::to_owned).collect();
        usage(count).check(&arguments).map_err(|failure| failure.explain(&Scene::default()))
    };
    assert_eq!(
        told(Count::Exactly(2), &["a"]).unwrap_err(),
        "Error: \"oras x\" requires exactly 2 arguments but got 1\nUsage: oras x <a>\n\
         Please specify exactly 2 arguments as the things. Run \"oras x -h\" for more options and examples"
    );
    assert!(told(Count::AtLeast(1), &[]).unwrap_err().contains("requires at least 1 argument but got 0"));
    assert_eq!(told(Count::AtLeast(1), &["a", "b"]), Ok(()));
}

#[test]
fn flags_that_exclude_or_need_each_other_are_told_as_typed() {
    let said = |result: Result<(), Failure>| result.unwrap_err().explain(&Scene::default());
    assert_eq!(
        said(exclusive(&[("--a", true), ("--b", false), ("--c", true)])),
        "Error: --a, --c cannot be used at the same time"
    );
    assert!(exclusive(&[("--a", true), ("--b", false)]).is_ok());
    assert_eq!(
        said(together(("--a", false), ("--b", true))),
        "Error: --b must be used in conjunction with --a"
    );
    assert_eq!(said(required(&[("a", false), ("b", true)])), "Error: required flag(s) \"a\" not set");
}
