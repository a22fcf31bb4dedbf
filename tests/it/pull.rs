//! `pull`: an artifact to files.

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
