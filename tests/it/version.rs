//! `version`, and what is printed without any command.

use crate::support::World;

#[test]
fn version_tells_what_it_is_and_what_it_is_compatible_with() {
    let run = World::new().run("version").success();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], format!("Version:     {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(lines[1], "Compatible:  oras 1.3.6");
    assert!(lines[2].starts_with("OS/Arch:     "), "{run}");
}

#[test]
fn arguments_of_version_are_ignored_with_a_warning() {
    let run = World::new().run("version foo").success();
    assert!(run.stderr.contains("`oras version` requires no argument, \"foo\" will be ignored"), "{run}");
}

#[test]
fn help_is_no_failure() {
    for line in ["", "--help", "push --help", "repo", "manifest", "help"] {
        let run = World::new().run(line).success();
        assert!(run.stdout.contains("Usage:"), "{line}: {run}");
        assert_eq!(run.stderr, "", "{line}");
    }
}
