//! `--debug`: what is told of requests, and what never is.

use crate::support::registry::{PASSWORD, USER};
use crate::support::{Setup, World};

#[test]
fn no_secret_is_told_on_any_way_to_a_registry() {
    for setup in [Setup::passwords(), Setup::tokens()] {
        let (world, registry) = World::with_registry(setup);
        world.write("hi.txt", "hello\n");
        let name = format!("{}/hello:v1", registry.address());
        let flags = format!("-d -u {USER} -H 'X-Mine: of-the-user' --password-stdin");
        for line in [format!("push {name} hi.txt {flags}"), format!("pull {name} {flags}")] {
            let run = world.run_with_input(&line, PASSWORD).success();
            let told = &run.stderr;
            assert!(told.contains("\n   \"Authorization\": \"*****\"\n"), "{run}");
            assert!(told.contains("\n   \"X-Mine\": \"*****\"\n"), "{run}");
            for secret in [PASSWORD, "of-the-user", "YWxpY2U6", "eyJ"] {
                assert!(!told.contains(secret), "{secret} in {run}");
            }
        }
    }
}

#[test]
fn entries_are_numbered_over_the_whole_run() {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("hi.txt", "hello\n");
    let run = world.run(&format!("push {}/hello:v1 hi.txt --debug", registry.address())).success();
    for exchange in 0..registry.log().len() {
        for entry in [format!("][DEBUG]: --> Request #{exchange}\n"), format!("<-- Response #{exchange}\n")] {
            assert_eq!(run.stderr.matches(&entry).count(), 1, "{entry} in {run}");
        }
    }
}
