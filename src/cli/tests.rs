//! What is typed, as far as the frame is concerned.

use super::*;

#[test]
fn the_grammar_has_no_contradictions() {
    grammar().debug_assert();
}

/// All commands below this one, and this one.
fn all(command: &clap::Command) -> Vec<&clap::Command> {
    std::iter::once(command).chain(command.get_subcommands().flat_map(all)).collect()
}

#[test]
fn each_command_has_the_syntax_of_pflag_and_says_how_it_is_typed() {
    let mut grammar = grammar();
    grammar.build();
    let all = all(&grammar);
    assert!(all.len() > 30, "{}", all.len());
    for command in all {
        assert!(command.get_arguments().any(|arg| arg.get_id() == "error-format"), "{}", command.get_name());
        let typed = command.has_subcommands() || command.get_overridden_usage().is_some();
        assert!(typed, "{}", command.get_name());
    }
}

#[test]
fn what_is_below_a_command_is_made_if_it_is_named_by_whichever_name() {
    let grammar = grammar_of(&["--error-format", "copy", "repository", "ls"]);
    let has_flags = |command: &clap::Command| command.get_arguments().next().is_some();
    let made = |name: &str| {
        let command = grammar.find_subcommand(name).unwrap();
        (all(command).len(), all(command).into_iter().all(has_flags))
    };
    assert_eq!([made("cp"), made("repo"), made("manifest")], [(1, true), (3, true), (1, false)]);
}
