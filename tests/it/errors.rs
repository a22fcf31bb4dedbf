//! What failures say: prefix, message, usage, advice, and always exit code 1.

use crate::support::{Registry, Setup, World};

#[test]
fn mistakes_on_the_command_line_are_told_before_anything_is_done() {
    let world = World::new();
    insta::assert_snapshot!(world.run("bogus").failure(), @"");
    insta::assert_snapshot!(world.run("pul").failure(), @"");
    insta::assert_snapshot!(world.run("push --bogus").failure(), @"");
    insta::assert_snapshot!(world.run("push").failure(), @"");
    insta::assert_snapshot!(world.run("pull a b").failure(), @"");
    insta::assert_snapshot!(world.run("resolve foo").failure(), @"");
    insta::assert_snapshot!(world.run("resolve localhost:5000/hello").failure(), @"");
    insta::assert_snapshot!(world.run("pull --concurrency x localhost:5000/hello:v1").failure(), @"");
}

#[test]
fn an_unknown_subcommand_of_a_group_is_a_mistake_too() {
    insta::assert_snapshot!(World::new().run("repo tag").failure(), @"");
}

#[test]
fn nobody_at_the_address_is_told_at_once() {
    let world = World::new();
    insta::assert_snapshot!(world.run("resolve localhost:1/hello:v1").failure(), @"");
}

#[test]
fn a_server_that_is_no_registry_is_told() {
    let mut world = World::new();
    let registry = Registry::start(Setup::default());
    world.show(registry.address(), "localhost:5000");
    let run = world.run(&format!("resolve --plain-http=false {}/hello:v1", registry.address()));
    insta::assert_snapshot!(run.failure(), @"");
}
