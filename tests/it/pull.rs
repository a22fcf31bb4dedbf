//! `pull`: an artifact to files.

#[cfg(unix)]
use std::fs;

use crate::support::{Registry, STEADY, Setup, World};

fn world() -> (World, Registry, String) {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("hi.txt", "hello\n");
    world.write("sub/bye.txt", "bye\n");
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} hi.txt sub/bye.txt {STEADY}")).success();
    (world, registry, artifact)
}

#[test]
fn every_titled_layer_becomes_a_file() {
    let (world, _registry, artifact) = world();
    let run = world.run(&format!("pull {artifact} -o out --concurrency 1"));
    insta::assert_snapshot!(run.success(), @"
    Downloading cc38b2025344 application/vnd.oci.image.manifest.v1+json
    Processing  cc38b2025344 application/vnd.oci.image.manifest.v1+json
    Downloading 5891b5b522d5 hi.txt
    Downloaded  5891b5b522d5 hi.txt
    Downloading abc6fd595fc0 sub/bye.txt
    Downloaded  abc6fd595fc0 sub/bye.txt
    Downloaded  cc38b2025344 application/vnd.oci.image.manifest.v1+json
    Pulled [registry] localhost:5000/hello:v1
    Digest: sha256:cc38b20253443f9c1fc5bc0a781d922ff2dd99ca8bd47879128108e8fecd117b
    ");
    assert_eq!(world.read("out/hi.txt"), "hello\n");
    assert_eq!(world.read("out/sub/bye.txt"), "bye\n");
}

#[test]
fn json_lists_the_files_in_the_order_of_the_manifest() {
    let (world, _registry, artifact) = world();
    let run = world.run(&format!("pull {artifact} -o out --format json"));
    insta::assert_snapshot!(run.success(), @r#"
    {
      "reference": "localhost:5000/hello@sha256:cc38b20253443f9c1fc5bc0a781d922ff2dd99ca8bd47879128108e8fecd117b",
      "files": [
        {
          "path": "[work]/out/hi.txt",
          "reference": "localhost:5000/hello@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
          "mediaType": "application/vnd.oci.image.layer.v1.tar",
          "digest": "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
          "size": 6,
          "annotations": {
            "org.opencontainers.image.title": "hi.txt"
          }
        },
        {
          "path": "[work]/out/sub/bye.txt",
          "reference": "localhost:5000/hello@sha256:abc6fd595fc079d3114d4b71a4d84b1d1d0f79df1e70f8813212f2a65d8916df",
          "mediaType": "application/vnd.oci.image.layer.v1.tar",
          "digest": "sha256:abc6fd595fc079d3114d4b71a4d84b1d1d0f79df1e70f8813212f2a65d8916df",
          "size": 4,
          "annotations": {
            "org.opencontainers.image.title": "sub/bye.txt"
          }
        }
      ]
    }
    "#);
}

#[test]
fn a_file_that_is_there_is_kept_when_asked_to() {
    let (world, _registry, artifact) = world();
    world.write("out/hi.txt", "mine\n");
    let run = world.run(&format!("pull {artifact} -o out -k --concurrency 1"));
    insta::assert_snapshot!(run.failure(), @"
    Downloading cc38b2025344 application/vnd.oci.image.manifest.v1+json
    Processing  cc38b2025344 application/vnd.oci.image.manifest.v1+json
    --- stderr
    Error: failed to resolve path for writing: overwrite disallowed
    --- exit code 1
    ");
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
    insta::assert_snapshot!(run.failure(), @"
    --- stderr
    Error response from registry: localhost:5000/hello:none: not found
    --- exit code 1
    ");
}

#[test]
fn only_files_with_a_matching_title_are_fetched() {
    let (world, registry, artifact) = world();
    let before = registry.log().len();
    let _ = world.run(&format!("pull {artifact} -o out --file **/bye.* --file none{{,e}}")).failure();
    let run = world.run(&format!("pull {artifact} -o out --file *.txt")).success();
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("out/")).count(), 2, "{run}");
    assert_eq!(world.read("out/hi.txt"), "hello\n");
    let _ = world.run(&format!("pull {artifact} -o both --file hi.txt --file sub/*")).success();
    assert_eq!(world.read("both/sub/bye.txt"), "bye\n");
    let blobs = registry.log()[before..].iter().filter(|line| line.contains("/blobs/")).count();
    assert_eq!(blobs, 3, "{:?}", &registry.log()[before..]);
    let run = world.run(&format!("pull {artifact} -o none --file *.md"));
    insta::assert_snapshot!(run.failure(), @r#"
    Downloading cc38b2025344 application/vnd.oci.image.manifest.v1+json
    Processing  cc38b2025344 application/vnd.oci.image.manifest.v1+json
    --- stderr
    Error: no file matches "*.md"; the artifact has hi.txt, sub/bye.txt
    --- exit code 1
    "#);
    assert!(!world.path("none").exists());
}

#[test]
fn one_file_goes_to_stdout_and_all_words_to_stderr() {
    let (world, _registry, artifact) = world();
    let run = world.run(&format!("pull {artifact} --output - --file hi.txt"));
    insta::assert_snapshot!(run.success(), @"
    hello
    --- stderr
    Downloading cc38b2025344 application/vnd.oci.image.manifest.v1+json
    Processing  cc38b2025344 application/vnd.oci.image.manifest.v1+json
    Downloading 5891b5b522d5 hi.txt
    Downloaded  5891b5b522d5 hi.txt
    Downloaded  cc38b2025344 application/vnd.oci.image.manifest.v1+json
    Pulled [registry] localhost:5000/hello:v1
    Digest: sha256:cc38b20253443f9c1fc5bc0a781d922ff2dd99ca8bd47879128108e8fecd117b
    ");
    let before = world.tree();
    let run = world.run(&format!("pull {artifact} -o -")).failure();
    assert!(
        run.stderr.contains("Error: exactly one file is wanted, but the artifact has hi.txt, sub/bye.txt"),
        "{run}"
    );
    let run = world.run(&format!("pull {artifact} -o - --file hi.txt --format json")).failure();
    assert!(
        run.stderr.contains("`--output -` cannot be used with `--format json` at the same time"),
        "{run}"
    );
    assert_eq!((run.stdout.as_str(), world.tree()), ("", before));
}

#[test]
fn two_files_for_one_name_are_refused_before_either_is_written() {
    let (world, registry) = World::with_registry(Setup::default());
    let address = registry.address();
    for (tag, content) in [("a", "one"), ("b", "two")] {
        world.write("same.txt", content);
        world.write(&format!("{tag}.txt"), content);
        let _ = world.run(&format!("push {address}/r:{tag} {tag}.txt same.txt")).success();
    }
    let _ = world.run(&format!("manifest index create {address}/r:both a b")).success();
    let before = registry.log().len();
    let run = world.run(&format!("pull {address}/r:both -o out")).failure();
    assert!(run.stderr.contains("same.txt: duplicate name"), "{run}");
    assert!(!world.path("out").exists(), "{:?}", world.tree());
    assert!(!registry.log()[before..].iter().any(|line| line.contains("/blobs/")), "{:?}", registry.log());
    let _ = world.run(&format!("pull {address}/r:both -o out --file ?.txt")).success();
    assert_eq!((world.read("out/a.txt").as_str(), world.read("out/b.txt").as_str()), ("one", "two"));
}

#[test]
fn a_config_or_subject_without_a_title_is_no_skipped_layer() {
    let (world, _registry, artifact) = world();
    let other = format!("{artifact}-config");
    world.write("config.json", "{}");
    let _ = world.run(&format!("push {other} hi.txt --config config.json:a/b {STEADY}")).success();
    let attach = format!("attach {artifact} --artifact-type a/b hi.txt {STEADY} --format json");
    let referrer = world.run(&attach).success().json()["digest"].as_str().unwrap().to_owned();
    let referrer = artifact.replace(":v1", &format!("@{referrer}"));
    for what in [other, format!("{referrer} --include-subject")] {
        let run = world.run(&format!("pull {what} -o out")).success();
        assert!(!run.stdout.contains("Skipped pulling layers"), "{run}");
        assert!(run.stdout.contains("\nPulled [registry] ") && run.stdout.contains("\nDigest: "), "{run}");
    }
}

#[test]
fn twenty_pulls_into_one_folder_at_once_leave_whole_files_and_nothing_else() {
    let (world, registry) = World::with_registry(Setup::default());
    for number in 0..4 {
        world.write(&format!("{number}.bin"), vec![b'0' + number; 300_000]);
        world.write(&format!("folder/{number}"), vec![b'0' + number; 5000]);
    }
    let names = "0.bin 1.bin 2.bin 3.bin folder";
    let _ = world.run(&format!("push {}/r:v1 {names} {STEADY}", registry.address())).success();
    let line = format!("pull {}/r:v1 -o out", registry.address());
    let start =
        || world.command(&crate::support::world::words(&line)).stdout(std::process::Stdio::null()).spawn();
    let mut pulls: Vec<_> = (0..20).map(|_| start().unwrap()).collect();
    for pull in &mut pulls {
        assert!(pull.wait().unwrap().success());
    }
    for number in 0..4 {
        let letter = char::from(b'0' + number).to_string();
        assert!(world.read(&format!("out/{number}.bin")) == letter.repeat(300_000));
        assert!(world.read(&format!("out/folder/{number}")) == letter.repeat(5000));
    }
    let below = walkdir::WalkDir::new(world.path("out")).into_iter().count();
    assert_eq!(below, 10, "{:?}", world.tree());
}
