//! The commands on OCI image layouts, folders and tars.

#[cfg(unix)]
use std::process::Command;

use crate::support::{STEADY, World};

fn world() -> World {
    let world = World::new();
    world.write("hi.txt", "hello\n");
    world
}

#[test]
fn push_makes_the_layout() {
    let world = world();
    let run = world.run(&format!("push --oci-layout layout:v1 hi.txt {STEADY}"));
    insta::assert_snapshot!(run.success(), @"
    Preparing hi.txt
    Uploading 44136fa355b3 application/vnd.oci.empty.v1+json
    Uploaded  44136fa355b3 application/vnd.oci.empty.v1+json
    Uploading 5891b5b522d5 hi.txt
    Uploaded  5891b5b522d5 hi.txt
    Uploading bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Uploaded  bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pushed [oci-layout] layout:v1
    ArtifactType: application/vnd.unknown.artifact.v1
    Digest: sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    ");
    insta::assert_snapshot!(world.read("layout/index.json"), @r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73","size":584,"annotations":{"org.opencontainers.image.created":"2024-05-01T10:00:00Z","org.opencontainers.image.ref.name":"v1"},"artifactType":"application/vnd.unknown.artifact.v1"}]}"#);
    assert_eq!(world.read("layout/oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
}

#[test]
fn the_main_job_needs_no_registry() {
    let world = world();
    let _ = world.run(&format!("push --oci-layout layout:v1 hi.txt {STEADY}")).success();
    let _ = world.run(&format!("attach --oci-layout layout:v1 --artifact-type a/b {STEADY}")).success();
    let found = world.run("discover --oci-layout layout:v1 --format json").success().json();
    assert_eq!(found["referrers"][0]["artifactType"], "a/b");
    let _ = world.run("cp -r --from-oci-layout layout:v1 --to-oci-layout second:v1").success();
    let found = world.run("discover --oci-layout second:v1 --format json").success().json();
    assert_eq!(found["referrers"][0]["artifactType"], "a/b");
    let _ = world.run("pull --oci-layout second:v1 -o out").success();
    assert_eq!(world.read("out/hi.txt"), "hello\n");
    let _ = world.run("tag --oci-layout second:v1 v2").success();
    assert_eq!(world.run("repo tags --oci-layout second").success().stdout, "v1\nv2\n");
    let _ = world.run("manifest delete -f --oci-layout second:v1").success();
    assert_eq!(world.run("repo tags --oci-layout second").success().stdout, "");
}

#[cfg(unix)]
#[test]
fn a_tar_of_a_layout_is_read() {
    let world = world();
    let _ = world.run(&format!("push --oci-layout layout:v1 hi.txt {STEADY}")).success();
    let tar = Command::new("tar")
        .current_dir(world.work())
        .args(["-C", "layout", "-cf", "layout.tar", "."])
        .status();
    assert!(tar.unwrap().success());
    let _ = world.run("pull --oci-layout layout.tar:v1 -o out").success();
    assert_eq!(world.read("out/hi.txt"), "hello\n");
    assert_eq!(
        world.run("resolve --oci-layout layout.tar:v1").success().stdout,
        world.run("resolve --oci-layout layout:v1").success().stdout
    );
}

#[test]
fn a_layout_by_path_takes_any_text_as_a_tag() {
    let world = world();
    let _ = world.run(&format!("push --oci-layout-path layout example.com/x:v1 hi.txt {STEADY}")).success();
    assert_eq!(world.run("repo tags --oci-layout-path layout example.com/x").success().stdout, "v1\n");
    let _ = world.run("resolve --oci-layout-path layout example.com/x:v1").success();
}

#[test]
fn what_is_no_layout_is_named() {
    let world = world();
    insta::assert_snapshot!(world.run("resolve --oci-layout nolayout:v1").failure(), @r#"
    --- stderr
    Error: invalid argument "nolayout:v1": failed to find path "nolayout": stat nolayout: no such file or directory
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.run("resolve --oci-layout hi.txt:v1").failure(), @r#"
    --- stderr
    Error: "hi.txt" does not look like a tar archive: unexpected EOF
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.run("resolve --oci-layout :v1").failure(), @r#"
    --- stderr
    Error: found empty file path in ":v1"
    invalid reference
    --- exit code 1
    "#);
}

#[test]
fn what_is_not_in_a_layout_is_not_told_as_the_answer_of_a_registry() {
    let world = world();
    let _ = world.run("push --oci-layout layout:v1 hi.txt").success();
    for command in ["resolve", "pull", "discover", "manifest fetch", "manifest delete", "tag"] {
        let more = if command == "tag" { " v2" } else { "" };
        for target in ["--oci-layout layout:none", "--oci-layout-path layout none"] {
            let run = world.run(&format!("{command} {target}{more}")).failure();
            assert!(run.stderr.starts_with("Error: ") && !run.stderr.contains("registry"), "{run}");
            assert!(["not found\n", "does not exist\n"].iter().any(|end| run.stderr.ends_with(end)), "{run}");
        }
    }
}
