//! `repo tags` and `repo ls`.

use crate::support::{Registry, STEADY, Setup, World};

fn world() -> (World, Registry) {
    let (world, registry) = World::with_registry(Setup::default());
    for artifact in ["hello:v1,v2", "ns/one:v1", "ns/two:v1"] {
        let _ = world.run(&format!("push {}/{artifact} {STEADY}", registry.address())).success();
    }
    let _ = world.run(&format!("push {}/hello:other -a k=v {STEADY}", registry.address())).success();
    (world, registry)
}

#[test]
fn tags_are_listed() {
    let (world, registry) = world();
    insta::assert_snapshot!(world.run(&format!("repo tags {}/hello", registry.address())).success(), @"
    other
    v1
    v2
    ");
    insta::assert_snapshot!(world.run(&format!("repo tags {}/hello --last v1 --format json", registry.address())).success(), @r#"
    {
      "tags": [
        "v2"
      ]
    }
    "#);
}

#[test]
fn tags_of_one_manifest_are_found() {
    let (world, registry) = world();
    let run = world.run(&format!("repo tags {}/hello:v1", registry.address())).success();
    assert_eq!(run.stdout, "v1\nv2\n");
    assert!(run.stderr.contains("[WARNING]: [Experimental] querying tags associated to sha256:"), "{run}");
}

#[test]
fn repositories_are_listed() {
    let (world, registry) = world();
    insta::assert_snapshot!(world.run(&format!("repo ls {}", registry.address())).success(), @"
    hello
    ns/one
    ns/two
    ");
    insta::assert_snapshot!(world.run(&format!("repo ls {}/ns", registry.address())).success(), @"
    one
    two
    ");
    insta::assert_snapshot!(world.run(&format!("repo ls {} --format json", registry.address())).success(), @r#"
    {
      "registry": "localhost:5000",
      "repositories": [
        "hello",
        "ns/one",
        "ns/two"
      ]
    }
    "#);
}

#[test]
fn a_long_list_comes_in_pages() {
    let (world, registry) = world();
    let tags: Vec<String> = (0..250).map(|number| format!("t{number:03}")).collect();
    let _ = world.run(&format!("tag {}/hello:v1 {}", registry.address(), tags.join(" "))).success();
    let listed = world.run(&format!("repo tags {}/hello --last t", registry.address())).success().stdout;
    let listed: Vec<&str> = listed.lines().filter(|tag| tag.starts_with('t')).collect();
    assert_eq!(listed, tags);
}
