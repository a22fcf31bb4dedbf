//! `manifest fetch` and `manifest delete`.

use crate::support::{Registry, STEADY, Setup, World};

fn world() -> (World, Registry, String) {
    let (world, registry) = World::with_registry(Setup::default());
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} {STEADY}")).success();
    (world, registry, artifact)
}

#[test]
fn the_bytes_are_those_that_were_pushed() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("manifest fetch {artifact}")).success(), @r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.unknown.artifact.v1","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},"layers":[{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="}],"annotations":{"org.opencontainers.image.created":"2024-05-01T10:00:00Z"}}[no newline]"#);
}

#[test]
fn pretty_is_for_people() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("manifest fetch --pretty {artifact}")).success(), @r#"
    {
      "schemaVersion": 2,
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "artifactType": "application/vnd.unknown.artifact.v1",
      "config": {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
        "data": "e30="
      },
      "layers": [
        {
          "mediaType": "application/vnd.oci.empty.v1+json",
          "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
          "size": 2,
          "data": "e30="
        }
      ],
      "annotations": {
        "org.opencontainers.image.created": "2024-05-01T10:00:00Z"
      }
    }
    "#);
}

#[test]
fn json_has_the_descriptor_and_the_content() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("manifest fetch --format json {artifact}")).success(), @r#"
    {
      "reference": "localhost:5000/hello@sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8",
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8",
      "size": 535,
      "content": {
        "annotations": {
          "org.opencontainers.image.created": "2024-05-01T10:00:00Z"
        },
        "artifactType": "application/vnd.unknown.artifact.v1",
        "config": {
          "data": "e30=",
          "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
          "mediaType": "application/vnd.oci.empty.v1+json",
          "size": 2
        },
        "layers": [
          {
            "data": "e30=",
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "mediaType": "application/vnd.oci.empty.v1+json",
            "size": 2
          }
        ],
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "schemaVersion": 2
      }
    }
    "#);
}

#[test]
fn deletion_asks_first() {
    let (world, _registry, artifact) = world();
    let run = world.run_with_input(&format!("manifest delete {artifact}"), "n\n");
    insta::assert_snapshot!(run.success(), @r#"Are you sure you want to delete the manifest "sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8" and all tags associated with it? [y/N] Operation cancelled."#);
    let run = world.run_with_input(&format!("manifest delete {artifact}"), "Yes\n");
    insta::assert_snapshot!(run.success(), @r#"Are you sure you want to delete the manifest "sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8" and all tags associated with it? [y/N] Deleted [registry] localhost:5000/hello:v1"#);
    let _ = world.run(&format!("resolve {artifact}")).failure();
}

#[test]
fn by_force_it_does_not_ask_and_a_missing_manifest_is_fine() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("manifest delete -f {artifact}")).success(), @"Deleted [registry] localhost:5000/hello:v1");
    insta::assert_snapshot!(world.run(&format!("manifest delete -f {artifact}")).success(), @"Missing localhost:5000/hello:v1");
    insta::assert_snapshot!(world.run(&format!("manifest delete {artifact}")).failure(), @"
    --- stderr
    Error: localhost:5000/hello:v1: the specified manifest does not exist
    --- exit code 1
    ");
}

#[test]
fn without_the_referrers_api_deletion_shortens_the_index() {
    let (world, registry) =
        (World::new(), Registry::start(Setup { referrers_api: false, ..Setup::default() }));
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} {STEADY}")).success();
    let line = format!("attach {artifact} --artifact-type a/b {STEADY} --format json");
    let first = world.run(&line).success().json()["reference"].as_str().unwrap().to_owned();
    let _ = world.run(&format!("attach {artifact} --artifact-type c/d {STEADY}")).success();
    let _ = world.run(&format!("manifest delete -f {first}")).success();
    let found = world.run(&format!("discover {artifact} --format json")).success().json();
    let left: Vec<_> =
        found["referrers"].as_array().unwrap().iter().map(|node| &node["artifactType"]).collect();
    assert_eq!(left, ["c/d"]);
}

#[test]
fn the_index_of_a_layout_that_lost_its_last_manifest_has_an_empty_list() {
    let world = World::new();
    let _ = world.run("push --oci-layout layout:v1").success();
    let _ = world.run("manifest delete --oci-layout layout:v1 --force").success();
    let index: serde_json::Value = serde_json::from_str(&world.read("layout/index.json")).unwrap();
    assert_eq!(index["manifests"], serde_json::json!([]));
    assert_eq!(world.run("repo tags --oci-layout layout").success().stdout, "");
}
