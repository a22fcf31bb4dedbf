//! The form of a page.

use super::*;

fn grammar() -> Command {
    let mut grammar = crate::cli::grammar();
    grammar.build();
    grammar
}

#[test]
fn a_group_lists_its_commands() {
    assert_eq!(
        page(&grammar(), &["oras", "repo"]),
        "Repository operations\n\n\
         Usage:\n  oras repo [command]\n\n\
         Aliases:\n  repo, repository\n\n\
         Available Commands:\n  ls          List the repositories under the registry\n  \
         tags        Show tags of the target repository\n\n\
         Flags:\n  -h, --help   help for repo\n\n\
         Use \"oras repo [command] --help\" for more information about a command.\n"
    );
}

#[test]
fn a_command_shows_examples_and_flags_in_columns() {
    let page = page(&grammar(), &["oras", "logout"]);
    assert!(page.starts_with("Log out from a remote registry\n\nExample - "), "{page}");
    assert!(
        page.contains("\n\nUsage:\n  oras logout [flags] <registry>\n\nFlags:\n  -d, --debug         "),
        "{page}"
    );
    assert!(page.contains("\n      --registry-config stringArray   "), "{page}");
}

#[test]
fn no_page_leads_past_the_end_of_a_path() {
    assert!(page(&grammar(), &["oras"]).starts_with("Usage:\n  oras [command]\n"));
}
