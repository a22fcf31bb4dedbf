//! `--help` and `help`.

use crate::support::World;

#[test]
fn help_is_given_wherever_it_is_asked_for() {
    let world = World::new();
    let page = world.run("repo ls --help").success().to_string();
    for line in [
        "repo ls -h",
        "repo ls a b c -h",
        "help repo ls",
        "help repository list",
        "repo ls -dh",
        "repo ls -h=true",
    ] {
        assert_eq!(world.run(line).success().to_string(), page, "{line}");
    }
    let group = world.run("repo").success().to_string();
    for line in ["repo -h", "help repo", "repo -h ls"] {
        assert_eq!(world.run(line).success().to_string(), group, "{line}");
    }
    for line in ["", "help", "-h", "-h push"] {
        assert!(world.run(line).success().stdout.starts_with("Usage:\n  oras [command]\n"), "{line}");
    }
}

#[test]
fn a_mistake_comes_before_help() {
    let world = World::new();
    for (line, message) in [
        ("push -h --bogus", "Error: unknown flag: --bogus\n"),
        (
            "repo bogus -h",
            "Error: unknown command \"bogus\" for \"oras repo\"\nRun 'oras repo --help' for usage.\n",
        ),
        ("help bogus", "Error: unknown command \"bogus\" for \"oras\"\nRun 'oras --help' for usage.\n"),
        (
            "help repo tag",
            "Error: unknown command \"tag\" for \"oras repo\"\n\nDid you mean this?\n\ttags\n\nRun 'oras repo --help' for usage.\n",
        ),
    ] {
        assert_eq!(world.run(line).failure().stderr, message, "{line}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let world = World::new();
    let _ = world.run("man pages").success();
    let read = |name: &str| std::fs::read_to_string(world.path("pages").join(name)).unwrap();
    let (mut paths, mut count) = (vec![String::from("oras")], 0);
    while let Some(path) = paths.pop() {
        let help = world.run(&format!("{} --help", path.trim_start_matches("oras").trim())).success().stdout;
        let page = read(&format!("{}.1", path.replace(' ', "-")));
        let flags = help.lines().filter_map(|line| line.split_once("--").map(|(_, rest)| rest));
        for flag in flags.filter_map(|rest| rest.split([' ', '"']).next()) {
            assert!(page.contains(&format!("\\-\\-{}", flag.replace('-', "\\-"))), "{path}: --{flag}");
        }
        for example in help.lines().filter(|line| line.starts_with("Example - ")) {
            let heading = example.trim_start_matches("Example - ").replace('-', "\\-");
            assert!(page.contains(&heading), "{path}: {example}");
        }
        let commands = help.lines().skip_while(|line| *line != "Available Commands:").skip(1);
        for line in commands.take_while(|line| !line.is_empty()) {
            paths.push(format!("{path} {}", line.split_whitespace().next().unwrap()));
        }
        count += 1;
    }
    assert_eq!(std::fs::read_dir(world.path("pages")).unwrap().count(), count);
}
