//! `cp`: an artifact, or all that is about it, to another place.

use crate::support::{Registry, Setup, World};

const CREATED: &str = "-a org.opencontainers.image.created=2024-05-01T10:00:00Z --concurrency 1";

fn world() -> (World, [Registry; 2], String) {
    let mut world = World::new();
    let registries = [Registry::start(Setup::default()), Registry::start(Setup::default())];
    world.show(registries[0].address(), "localhost:5000");
    world.show(registries[1].address(), "localhost:5001");
    world.write("hi.txt", "hello\n");
    let artifact = format!("{}/hello:v1", registries[0].address());
    let _ = world.run(&format!("push {artifact} hi.txt {CREATED}")).success();
    let _ = world.run(&format!("attach {artifact} --artifact-type sig/example {CREATED}")).success();
    (world, registries, artifact)
}

#[test]
fn an_artifact_goes_to_another_registry() {
    let (world, registries, artifact) = world();
    let run = world.run(&format!("cp --concurrency 1 {artifact} {}/hello:v1,v2", registries[1].address()));
    insta::assert_snapshot!(run.success(), @"");
}

#[test]
fn a_graph_goes_to_another_registry() {
    let (world, registries, artifact) = world();
    let copy = format!("{}/hello:v1", registries[1].address());
    let run = world.run(&format!("copy -r --concurrency 1 {artifact} {copy}"));
    insta::assert_snapshot!(run.success(), @"");
    let graph = |artifact: &str| world.run(&format!("discover {artifact} --format json")).success().json();
    assert_eq!(graph(&copy)["referrers"][0]["digest"], graph(&artifact)["referrers"][0]["digest"]);
}

#[test]
fn within_a_registry_blobs_are_mounted() {
    let (world, registries, artifact) = world();
    let run = world.run(&format!("cp --concurrency 1 {artifact} {}/other:v1", registries[0].address()));
    insta::assert_snapshot!(run.success(), @"");
}

#[test]
fn a_graph_goes_to_a_layout_and_back() {
    let (world, registries, artifact) = world();
    let run = world.run(&format!("cp -r --concurrency 1 {artifact} --to-oci-layout layout:v1"));
    insta::assert_snapshot!(run.success(), @"");
    let back = format!("{}/back:v1", registries[1].address());
    let _ = world.run(&format!("cp -r --from-oci-layout layout:v1 {back}")).success();
    let digest = |artifact: &str| world.run(&format!("resolve {artifact}")).success().stdout;
    assert_eq!(digest(&back), digest(&artifact));
    let found = world.run(&format!("discover {back} --format json")).success().json();
    assert_eq!(found["referrers"].as_array().unwrap().len(), 1);
}

#[test]
fn a_missing_source_names_the_side() {
    let (world, registries, _artifact) = world();
    let line = format!("cp {0}/hello:none {1}/hello:v1", registries[0].address(), registries[1].address());
    insta::assert_snapshot!(world.run(&line).failure(), @"");
}
