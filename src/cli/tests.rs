//! What is typed, as far as the frame is concerned.

use super::*;

#[test]
fn the_grammar_has_no_contradictions() {
    grammar().debug_assert();
}

#[test]
fn a_command_alone_is_what_it_is_in_the_whole_grammar() {
    let whole = grammar();
    // Aliases and the order in lists belong to the place where a command stands.
    let placed = |alone: clap::Command, command: &clap::Command| {
        let aliases = command.get_visible_aliases().map(str::to_owned).collect::<Vec<_>>();
        usage::as_pflag(alone).visible_aliases(aliases).display_order(command.get_display_order())
    };
    let mut count = 0;
    for command in whole.get_subcommands() {
        if let Some(alone) = Command::alone(command.get_name()) {
            assert_eq!(format!("{:?}", placed(alone, command)), format!("{command:?}"));
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}
