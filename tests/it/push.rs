//! `push`: files to an artifact.

use crate::support::{Registry, STEADY, Setup, World};

const CREATED: &str = "org.opencontainers.image.created";

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

#[test]
fn a_source_date_makes_the_same_artifact_of_the_same_files_at_any_time() {
    let (world, registry) = world();
    let push = |date: &str, more: &str| {
        let line = format!("push {}/hello:v1 hi.txt folder {more} --format json", registry.address());
        world.run_with(&line, "", &[("SOURCE_DATE_EPOCH", date.as_ref())])
    };
    let touch = |name: &str, seconds| {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        std::fs::File::open(world.path(name)).unwrap().set_modified(time).unwrap();
    };
    world.write("folder/one.txt", "one\n");
    let mut seen = Vec::new();
    for seconds in [1_700_000_001, 1_800_000_000] {
        touch("folder/one.txt", seconds);
        touch("folder", seconds);
        seen.push(push("1700000000", "").success().json());
    }
    assert_eq!(seen[0]["digest"], seen[1]["digest"]);
    assert_eq!(seen[0]["annotations"][CREATED], "2023-11-14T22:13:20Z");
    // What is older stays so, and what was typed wins.
    touch("folder/one.txt", 1_600_000_000);
    assert_ne!(push("1700000000", "").success().json()["digest"], seen[0]["digest"]);
    let typed = format!("-a {CREATED}=2001-01-01T00:00:00Z");
    let typed = push("1700000000", &typed).success().json();
    assert_eq!(typed["annotations"][CREATED], "2001-01-01T00:00:00Z");
    // Empty is not set.
    let empty = push("", "").success().json();
    assert_ne!(empty["annotations"][CREATED], "2023-11-14T22:13:20Z");
    let before = registry.log();
    let run = push("yesterday", "").failure();
    assert_eq!(
        run.stderr,
        "Error: SOURCE_DATE_EPOCH is \"yesterday\", but should be a number of seconds since 1970\n"
    );
    assert_eq!(registry.log(), before, "nothing was sent");
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_named_by_a_link_is_packed_with_all_in_it() {
    let (world, registry) = world();
    world.write("folder/file.txt", "hello\n");
    world.link("linked", "folder");
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} linked")).success();
    let _ = world.run(&format!("pull {artifact} -o out")).success();
    assert_eq!(world.read("out/linked/file.txt"), "hello\n");
    assert!(!world.path("out/linked").is_symlink());
}
