//! `cp`: an artifact, or all that is about it, to another place.

use crate::support::{Registry, STEADY, Setup, World};

fn world() -> (World, [Registry; 2], String) {
    let (mut world, first, artifact) = World::with_artifact(Setup::default());
    let second = Registry::start(Setup::default());
    world.show(second.address(), "localhost:5001");
    let _ = world.run(&format!("attach {artifact} --artifact-type sig/example {STEADY}")).success();
    (world, [first, second], artifact)
}

#[test]
fn an_artifact_goes_to_another_registry() {
    let (world, registries, artifact) = world();
    let run = world.run(&format!("cp --concurrency 1 {artifact} {}/hello:v1,v2", registries[1].address()));
    insta::assert_snapshot!(run.success(), @"
    Copying 44136fa355b3 application/vnd.oci.empty.v1+json
    Copied  44136fa355b3 application/vnd.oci.empty.v1+json
    Copying 5891b5b522d5 hi.txt
    Copied  5891b5b522d5 hi.txt
    Copying bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Copied  bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Copied [registry] localhost:5000/hello:v1 => [registry] localhost:5001/hello:v1
    Tagged v2
    Digest: sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    ");
}

#[test]
fn a_graph_goes_to_another_registry() {
    let (world, registries, artifact) = world();
    let copy = format!("{}/hello:v1", registries[1].address());
    let run = world.run(&format!("copy -r --concurrency 1 {artifact} {copy}"));
    insta::assert_snapshot!(run.success(), @"
    Copying 5891b5b522d5 hi.txt
    Copied  5891b5b522d5 hi.txt
    Copying 44136fa355b3 application/vnd.oci.empty.v1+json
    Copied  44136fa355b3 application/vnd.oci.empty.v1+json
    Copying bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Copied  bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Copying b724c7891a63 application/vnd.oci.image.manifest.v1+json
    Copied  b724c7891a63 application/vnd.oci.image.manifest.v1+json
    Copied [registry] localhost:5000/hello:v1 => [registry] localhost:5001/hello:v1
    Digest: sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    ");
    let graph = |artifact: &str| world.run(&format!("discover {artifact} --format json")).success().json();
    assert_eq!(graph(&copy)["referrers"][0]["digest"], graph(&artifact)["referrers"][0]["digest"]);
}

#[test]
fn within_a_registry_blobs_are_mounted() {
    let (world, registries, artifact) = world();
    let run = world.run(&format!("cp --concurrency 1 {artifact} {}/other:v1", registries[0].address()));
    insta::assert_snapshot!(run.success(), @"
    Mounted 44136fa355b3 application/vnd.oci.empty.v1+json
    Mounted 5891b5b522d5 hi.txt
    Copying bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Copied  bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Copied [registry] localhost:5000/hello:v1 => [registry] localhost:5000/other:v1
    Digest: sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    ");
}

#[test]
fn a_graph_goes_to_a_layout_and_back() {
    let (world, registries, artifact) = world();
    let run = world.run(&format!("cp -r --concurrency 1 {artifact} --to-oci-layout layout:v1"));
    insta::assert_snapshot!(run.success(), @"
    Copying 5891b5b522d5 hi.txt
    Copied  5891b5b522d5 hi.txt
    Copying 44136fa355b3 application/vnd.oci.empty.v1+json
    Copied  44136fa355b3 application/vnd.oci.empty.v1+json
    Copying bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Copied  bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Copying b724c7891a63 application/vnd.oci.image.manifest.v1+json
    Copied  b724c7891a63 application/vnd.oci.image.manifest.v1+json
    Copied [registry] localhost:5000/hello:v1 => [oci-layout] layout:v1
    Digest: sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    ");
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
    insta::assert_snapshot!(world.run(&line).failure(), @r#"
    --- stderr
    Error from source registry for "localhost:5000/hello:none": localhost:5000/hello:none: not found
    --- exit code 1
    "#);
}
