//! What failures say: prefix, message, usage, advice, and always exit code 1.

#[cfg(unix)]
use crate::support::world::words;
use crate::support::{Setup, World};

#[test]
fn mistakes_on_the_command_line_are_told_before_anything_is_done() {
    let world = World::new();
    insta::assert_snapshot!(world.run("bogus").failure(), @r#"
    --- stderr
    Error: unknown command "bogus" for "oras"
    Run 'oras --help' for usage.
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.run("pul").failure(), @r#"
    --- stderr
    Error: unknown command "pul" for "oras"

    Did you mean this?
    	pull
    	push

    Run 'oras --help' for usage.
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.run("push --bogus").failure(), @"
    --- stderr
    Error: unknown flag: --bogus
    --- exit code 1
    ");
    insta::assert_snapshot!(world.run("push").failure(), @r#"
    --- stderr
    Error: "oras push" requires at least 1 argument but got 0
    Usage: oras push [flags] <name>[:<tag>[,<tag>][...]] <file>[:<type>] [...]
    Please specify at least 1 argument as the destination for pushing. Run "oras push -h" for more options and examples
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.run("pull a b").failure(), @r#"
    --- stderr
    Error: "oras pull" requires exactly 1 argument but got 2
    Usage: oras pull [flags] <name>{:<tag>|@<digest>}
    Please specify exactly 1 argument as the artifact reference you want to pull. Run "oras pull -h" for more options and examples
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.run("resolve foo").failure(), @r#"
    --- stderr
    Error: "foo": invalid reference: missing registry or repository
    Please make sure the provided reference is in the form of <registry>/<repo>[:tag|@digest]
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.run("resolve localhost:5000/hello").failure(), @r#"
    --- stderr
    Error: "localhost:5000/hello": no tag or digest specified
    Usage: oras resolve [flags] <name>{:<tag>|@<digest>}
    Please specify a reference in the form of "<name>:<tag>" or "<name>@<digest>". Run "oras resolve -h" for more options and examples
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.run("pull --concurrency x localhost:5000/hello:v1").failure(), @r#"
    --- stderr
    Error: invalid argument "x" for "--concurrency" flag: strconv.ParseInt: parsing "x": invalid syntax
    --- exit code 1
    "#);
}

#[test]
fn an_unknown_subcommand_of_a_group_is_a_mistake_too() {
    insta::assert_snapshot!(World::new().run("repo tag").failure(), @r#"
    --- stderr
    Error: unknown command "tag" for "oras repo"

    Did you mean this?
    	tags

    Run 'oras repo --help' for usage.
    --- exit code 1
    "#);
}

#[test]
fn nobody_at_the_address_is_told_at_once() {
    let world = World::new();
    insta::assert_snapshot!(world.run("resolve localhost:1/hello:v1").failure(), @r#"
    --- stderr
    Error: failed to resolve digest: Head "http://localhost:1/v2/hello/manifests/v1": dial tcp 127.0.0.1:1: connect: connection refused
    --- exit code 1
    "#);
}

#[test]
fn a_server_that_is_no_registry_is_told() {
    let (world, registry) = World::with_registry(Setup::default());
    let run = world.run(&format!("resolve --plain-http=false {}/hello:v1", registry.address()));
    insta::assert_snapshot!(run.failure(), @r#"
    --- stderr
    Error: failed to resolve digest: Head "https://localhost:5000/v2/hello/manifests/v1": http: server gave HTTP response to HTTPS client
    --- exit code 1
    "#);
}

/// A line for each command that lists or prints.
#[cfg(unix)]
fn printing(artifact: &str, address: &str) -> Vec<String> {
    let repository = artifact.trim_end_matches(":v1");
    let blob = oras::oci::Digest::of(b"hello\n");
    vec![
        "version".to_owned(),
        "help".to_owned(),
        "push --help".to_owned(),
        "completion bash".to_owned(),
        format!("blob fetch {repository}@{blob} -o -"),
        format!("discover {artifact}"),
        format!("discover {artifact} --format json"),
        format!("manifest fetch {artifact}"),
        format!("manifest fetch {artifact} --descriptor"),
        format!("manifest fetch-config {artifact}"),
        format!("repo ls {address}"),
        format!("repo tags {repository}"),
        format!("resolve {artifact}"),
    ]
}

#[cfg(unix)]
#[test]
fn a_reader_that_went_away_ends_the_command_quietly() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    for line in printing(&artifact, registry.address()) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = world.command(&words(&line)).stdout(writer).output().unwrap();
        // 128 and the number of SIGPIPE: what a shell shows of a program that was ended by it.
        assert_eq!(output.status.code(), Some(141), "{line}: {output:?}");
        assert!(output.stderr.is_empty(), "{line}: {output:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_fails_the_command() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    let mut lines = printing(&artifact, registry.address());
    // Here it is a line on the way that cannot be printed.
    lines.extend([format!("push {artifact} hi.txt"), format!("tag {artifact} v2")]);
    for line in lines {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = world.command(&words(&line)).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        let why = "write /dev/stdout: no space left on device\n";
        assert!(said.starts_with("Error: ") && said.ends_with(why), "{line}: {said}");
    }
}
