//! Connections that are made, as the system sees them: none but those that the command line asks for.
//!
//! Seen by strace. Where it is missing this is left out, unless `ORAS_PEERS` says that everything to compare with is there.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::support::world::words;
use crate::support::{Registry, Setup, World};

/// Whether calls to the system can be seen.
fn can_see() -> bool {
    let seen = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    let seen = seen.is_ok_and(|output| output.status.success());
    assert!(seen || std::env::var_os("ORAS_PEERS").is_none(), "ORAS_PEERS is set, but strace does not work");
    seen
}

/// What a command connects to, which must succeed: ports of the network, and names of everything else.
fn connected(world: &World, line: &str) -> BTreeSet<String> {
    let trace = world.path("trace");
    let mut arguments: Vec<String> =
        ["-f", "-qq", "-e", "trace=connect,sendto", "-o"].map(str::to_owned).to_vec();
    arguments.push(trace.display().to_string());
    arguments.push(env!("CARGO_BIN_EXE_oras").to_owned());
    arguments.extend(words(line));
    let quoted: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
    let run = world.run_other(Path::new("strace"), &quoted.join(" ")).success();
    let calls = std::fs::read_to_string(trace).unwrap_or_else(|error| panic!("{error}\n{run}"));
    // The C library connects datagrams to port 0 to see which addresses can be reached; nothing is sent.
    let calls = calls.lines().filter(|call| call.contains("sa_family=") && !call.contains("port=htons(0)"));
    // It also asks the name service of this machine, if there is one.
    let calls = calls.filter(|call| !call.contains("/nscd/socket"));
    let named = calls.map(|call| match call.split_once("port=htons(") {
        Some((_, port)) => port.split(')').next().unwrap().to_owned(),
        None => call.to_owned(),
    });
    named.collect()
}

#[test]
fn what_needs_no_registry_connects_to_nothing() {
    if !can_see() {
        return;
    }
    let world = World::new();
    world.write("hi.txt", "hello\n");
    world.write("none.json", "{}");
    for line in [
        "version",
        "",
        "--help",
        "push --help",
        "help repo tags",
        "completion bash",
        "__complete push --",
        "man pages",
        "push --oci-layout layout:v1 hi.txt",
        "attach --oci-layout layout:v1 --artifact-type sig/example hi.txt",
        "discover --oci-layout layout:v1",
        "pull --oci-layout layout:v1 -o out",
        "cp -r --from-oci-layout layout:v1 --to-oci-layout other:v1",
        "tag --oci-layout layout:v1 v2",
        "repo tags --oci-layout layout",
        "manifest fetch --oci-layout layout:v1",
        "logout registry.example.com --registry-config none.json",
    ] {
        assert_eq!(connected(&world, line), BTreeSet::new(), "oras {line}");
    }
}

#[test]
fn what_names_a_registry_connects_to_that_alone() {
    if !can_see() {
        return;
    }
    for setup in [Setup::default(), Setup::passwords(), Setup::tokens()] {
        let world = World::new();
        let [first, second] = [setup.clone(), setup.clone()].map(Registry::start);
        for registry in [&first, &second].into_iter().filter(|_| setup.scheme.is_some()) {
            registry.log_in(&world);
        }
        world.write("hi.txt", "hello\n");
        let port = |registry: &Registry| registry.address().split_once(':').unwrap().1.to_owned();
        let (one, other) = (first.address(), second.address());
        for line in [
            format!("push {one}/hello:v1 hi.txt"),
            format!("pull {one}/hello:v1 -o out"),
            format!("discover {one}/hello:v1"),
            format!("doctor {one}/hello"),
            format!("__complete pull {one}/hello:"),
        ] {
            assert_eq!(connected(&world, &line), BTreeSet::from([port(&first)]), "oras {line}");
        }
        let copy = connected(&world, &format!("cp -r {one}/hello:v1 {other}/hello:v1"));
        assert_eq!(copy, BTreeSet::from([port(&first), port(&second)]));
    }
}
