//! `discover`: the graph of an artifact.

use crate::support::{Registry, Setup, World};

const CREATED: &str = "-a org.opencontainers.image.created=2024-05-01T10:00:00Z --concurrency 1";

/// An artifact with a signature and a signed SBOM.
fn world() -> (World, Registry, String) {
    let mut world = World::new();
    let registry = Registry::start(Setup::default());
    world.show(registry.address(), "localhost:5000");
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} {CREATED}")).success();
    let _ = world.run(&format!("attach {artifact} --artifact-type sig/example {CREATED}")).success();
    let line = format!("attach {artifact} --artifact-type sbom/example {CREATED} --format json");
    let sbom = world.run(&line).success().json()["reference"].as_str().unwrap().to_owned();
    let sbom = sbom.replace("localhost:5000", registry.address());
    let _ = world.run(&format!("attach {sbom} --artifact-type sig/example {CREATED}")).success();
    (world, registry, artifact)
}

#[test]
fn the_tree_shows_types_digests_and_annotations() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("discover {artifact}")).success(), @"");
}

#[test]
fn the_table_shows_the_direct_referrers() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("discover {artifact} --format table -v=false")).success(), @"");
}

#[test]
fn json_is_the_whole_graph() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("discover {artifact} --format json")).success(), @"");
}

#[test]
fn the_old_spelling_also_prints_the_old_list() {
    let (world, _registry, artifact) = world();
    let run = world.run(&format!("discover -o json {artifact}")).success();
    let (new, old) = (world.run(&format!("discover --format json {artifact}")).success().json(), run.json());
    let manifests = old["manifests"].as_array().unwrap();
    let referrers = new["referrers"].as_array().unwrap();
    assert_eq!(manifests.len(), 2);
    for (entry, referrer) in manifests.iter().zip(referrers) {
        for key in ["reference", "mediaType", "digest", "size", "annotations", "artifactType"] {
            assert_eq!(entry[key], referrer[key], "{key}");
        }
    }
    assert_eq!(old["referrers"], new["referrers"]);
    assert!(new.get("manifests").is_none());
}

#[test]
fn depth_and_type_limit_what_is_shown() {
    let (world, _registry, artifact) = world();
    let found = world.run(&format!("discover {artifact} --format json --depth 1")).success().json();
    assert!(
        found["referrers"].as_array().unwrap().iter().all(|node| node["referrers"] == serde_json::json!([]))
    );
    let found =
        world.run(&format!("discover {artifact} --format json --artifact-type sig/example")).success().json();
    assert_eq!(found["referrers"].as_array().unwrap().len(), 1);
}
