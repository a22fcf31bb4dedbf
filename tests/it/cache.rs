//! `ORAS_CACHE`.

use std::ffi::OsStr;

use crate::support::{Run, Setup, World};

fn cached(world: &World, line: &str) -> Run {
    world.run_with(line, "", &[("ORAS_CACHE", OsStr::new("cache"))])
}

#[test]
fn what_a_manifest_names_is_requested_once() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    for folder in ["one", "two"] {
        registry.clear_log();
        let _ = cached(&world, &format!("pull {artifact} -o {folder}")).success();
        assert_eq!(world.read(&format!("{folder}/hi.txt")), "hello\n");
        let blobs = registry.log().iter().filter(|request| request.contains("/blobs/")).count();
        assert_eq!(blobs, usize::from(folder == "one"), "{:?}", registry.log());
        assert!(registry.log().contains(&"GET hello/manifests/v1 200".to_owned()));
    }
}

#[test]
fn what_is_named_is_always_requested_and_lies_in_a_layout_afterwards() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    let config = format!("manifest fetch-config {artifact}");
    let plain = world.run(&config).success();
    for _ in 0..2 {
        registry.clear_log();
        let _ = cached(&world, &format!("manifest fetch {artifact}")).success();
        assert_eq!(registry.log(), ["GET hello/manifests/v1 200"]);
    }
    assert_eq!(cached(&world, &config).success(), plain);
    registry.clear_log();
    assert_eq!(cached(&world, &config).success(), plain);
    assert_eq!(registry.log(), ["GET hello/manifests/v1 200"]);
    let digest = world.run(&format!("resolve {artifact}")).success().stdout;
    let kept = world.run(&format!("blob fetch --oci-layout cache@{} -o -", digest.trim())).success().stdout;
    assert_eq!(kept, world.run(&format!("manifest fetch {artifact}")).success().stdout);
}

#[test]
fn a_blob_by_name_is_requested_and_kept() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    let repository = artifact.trim_end_matches(":v1");
    let digest = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    registry.clear_log();
    let run = cached(&world, &format!("blob fetch {repository}@{digest} -o -")).success();
    assert_eq!((run.stdout.as_str(), registry.log().len()), ("hello\n", 1));
    let _ = cached(&world, &format!("pull {artifact} -o out")).success();
    assert_eq!(registry.log()[1..], ["GET hello/manifests/v1 200"]);
}

#[test]
fn a_cache_that_cannot_be_is_told_and_a_spoilt_one_does_not_deceive() {
    let (world, _registry, artifact) = World::with_artifact(Setup::default());
    let at = |cache: &str, line: &str| world.run_with(line, "", &[("ORAS_CACHE", OsStr::new(cache))]);
    let run = at("hi.txt", &format!("manifest fetch {artifact}")).failure();
    assert_eq!(run.stderr, "Error: mkdir [work]/hi.txt: not a directory\n");
    let _ = at("cache", &format!("pull {artifact} -o out")).success();
    let blob = "cache/blobs/sha256/5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    std::fs::remove_file(world.path(blob)).unwrap();
    world.write(blob, "jello\n");
    let run = at("cache", &format!("pull {artifact} -o out")).failure();
    assert!(run.stderr.contains("failed to read from the cache: mismatched digest"), "{run}");
    assert_eq!(world.read("out/hi.txt"), "hello\n");
}
