//! `push`: files to an artifact.

use crate::support::{Registry, STEADY, Setup, World};

fn world() -> (World, Registry) {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("hi.txt", "hello\n");
    (world, registry)
}

#[test]
fn status_lines_come_as_things_happen_and_the_end_says_what_was_pushed() {
    let (world, registry) = world();
    let run = world.run(&format!("push {}/hello:v1,v2 hi.txt {STEADY}", registry.address()));
    insta::assert_snapshot!(run.success(), @"
    Preparing hi.txt
    Uploading 44136fa355b3 application/vnd.oci.empty.v1+json
    Uploaded  44136fa355b3 application/vnd.oci.empty.v1+json
    Uploading 5891b5b522d5 hi.txt
    Uploaded  5891b5b522d5 hi.txt
    Uploading bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Uploaded  bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pushed [registry] localhost:5000/hello:v1
    Tagged v2
    ArtifactType: application/vnd.unknown.artifact.v1
    Digest: sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    ");
}

#[test]
fn a_manifest_that_is_there_is_only_tagged() {
    let (world, registry) = world();
    let _ = world.run(&format!("push {}/hello:v1 hi.txt {STEADY}", registry.address())).success();
    let run = world.run(&format!("push {}/hello:v1 hi.txt {STEADY}", registry.address()));
    insta::assert_snapshot!(run.success(), @"
    Preparing hi.txt
    Pushed [registry] localhost:5000/hello:v1
    ArtifactType: application/vnd.unknown.artifact.v1
    Digest: sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    ");
}

#[test]
fn json_tells_the_same_and_nothing_else() {
    let (world, registry) = world();
    let run = world.run(&format!("push {}/hello:v1 hi.txt {STEADY} --format json", registry.address()));
    insta::assert_snapshot!(run.success(), @r#"
    {
      "reference": "localhost:5000/hello@sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73",
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73",
      "size": 584,
      "annotations": {
        "org.opencontainers.image.created": "2024-05-01T10:00:00Z"
      },
      "artifactType": "application/vnd.unknown.artifact.v1",
      "referenceAsTags": [
        "localhost:5000/hello:v1"
      ]
    }
    "#);
}

#[test]
fn the_exported_manifest_is_the_pushed_one() {
    let (world, registry) = world();
    let line = format!("push {}/hello:v1 hi.txt {STEADY} --export-manifest out.json", registry.address());
    let _ = world.run(&line).success();
    let fetched = world.run(&format!("manifest fetch {}/hello:v1", registry.address())).success();
    assert_eq!(world.read("out.json"), fetched.stdout);
}

#[test]
fn a_folder_comes_back_as_it_was() {
    let (world, registry) = world();
    world.write("folder/deep/two.txt", "two\n");
    world.write("folder/one.txt", "one\n");
    let _ = world.run(&format!("push {}/folder:v1 folder", registry.address())).success();
    let _ = world.run(&format!("pull {}/folder:v1 -o out", registry.address())).success();
    assert_eq!(world.read("out/folder/deep/two.txt"), "two\n");
    assert_eq!(world.read("out/folder/one.txt"), "one\n");
    assert_eq!(world.left_over(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_missing_file_is_named_and_nothing_is_pushed() {
    let (world, registry) = world();
    let run = world.run(&format!("push {}/hello:v1 hi.txt missing.txt", registry.address()));
    insta::assert_snapshot!(run.failure(), @"
    Preparing hi.txt
    Preparing missing.txt
    --- stderr
    Error: stat [work]/missing.txt: no such file or directory
    --- exit code 1
    ");
    assert_eq!(registry.log(), Vec::<String>::new());
}
