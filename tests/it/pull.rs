//! `pull`: an artifact to files.

use std::fs;

use crate::support::{Registry, Setup, World};

const CREATED: &str = "-a org.opencontainers.image.created=2024-05-01T10:00:00Z --concurrency 1";

fn world() -> (World, Registry, String) {
    let mut world = World::new();
    let registry = Registry::start(Setup::default());
    world.show(registry.address(), "localhost:5000");
    world.write("hi.txt", "hello\n");
    world.write("sub/bye.txt", "bye\n");
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} hi.txt sub/bye.txt {CREATED}")).success();
    (world, registry, artifact)
}

#[test]
fn every_titled_layer_becomes_a_file() {
    let (world, _registry, artifact) = world();
    let run = world.run(&format!("pull {artifact} -o out --concurrency 1"));
    insta::assert_snapshot!(run.success(), @"");
    assert_eq!(world.read("out/hi.txt"), "hello\n");
    assert_eq!(world.read("out/sub/bye.txt"), "bye\n");
}

#[test]
fn json_lists_the_files_in_the_order_of_the_manifest() {
    let (world, _registry, artifact) = world();
    let run = world.run(&format!("pull {artifact} -o out --format json"));
    insta::assert_snapshot!(run.success(), @"");
}

#[test]
fn a_file_that_is_there_is_kept_when_asked_to() {
    let (world, _registry, artifact) = world();
    world.write("out/hi.txt", "mine\n");
    let run = world.run(&format!("pull {artifact} -o out -k --concurrency 1"));
    insta::assert_snapshot!(run.failure(), @"");
    assert_eq!(world.read("out/hi.txt"), "mine\n");
}

#[test]
fn a_file_that_is_there_is_replaced_otherwise() {
    let (world, _registry, artifact) = world();
    world.write("out/hi.txt", "mine\n");
    let _ = world.run(&format!("pull {artifact} -o out")).success();
    assert_eq!(world.read("out/hi.txt"), "hello\n");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_way_is_replaced_and_never_followed() {
    let (world, _registry, artifact) = world();
    world.write("target.txt", "mine\n");
    fs::create_dir(world.path("out")).unwrap();
    world.link("out/hi.txt", "../target.txt");
    let _ = world.run(&format!("pull {artifact} -o out")).success();
    assert_eq!(world.read("target.txt"), "mine\n");
    assert!(!fs::symlink_metadata(world.path("out/hi.txt")).unwrap().is_symlink());
}

#[test]
fn what_does_not_exist_is_named() {
    let (world, registry, _artifact) = world();
    let run = world.run(&format!("pull {}/hello:none", registry.address()));
    insta::assert_snapshot!(run.failure(), @"");
}
