//! `discover`: the graph of an artifact.

use crate::support::{Registry, STEADY, Setup, World};

/// An artifact with a signature and a signed SBOM.
fn world() -> (World, Registry, String) {
    let (world, registry) = World::with_registry(Setup::default());
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} {STEADY}")).success();
    let _ = world.run(&format!("attach {artifact} --artifact-type sig/example {STEADY}")).success();
    let line = format!("attach {artifact} --artifact-type sbom/example {STEADY} --format json");
    let sbom = world.run(&line).success().json()["reference"].as_str().unwrap().to_owned();
    let sbom = sbom.replace("localhost:5000", registry.address());
    let _ = world.run(&format!("attach {sbom} --artifact-type sig/example {STEADY}")).success();
    (world, registry, artifact)
}

#[test]
fn the_tree_shows_types_digests_and_annotations() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("discover {artifact}")).success(), @r#"
    localhost:5000/hello@sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8
    ├── sig/example
    │   └── sha256:22b437dbad589ee41a4e3666e7ac084c1530bee28588fb08795176341db8d0a5
    │       └── [annotations]
    │           └── org.opencontainers.image.created: "2024-05-01T10:00:00Z"
    └── sbom/example
        └── sha256:a21c36a3c2b4df8cea28b29f011791bf16bab648fac6c6d3ee60c670bb028b4a
            ├── [annotations]
            │   └── org.opencontainers.image.created: "2024-05-01T10:00:00Z"
            └── sig/example
                └── sha256:6fcfef81250f56d901168a5d6f6c2c33882e819eeca7b688b2308d7edc747b57
                    └── [annotations]
                        └── org.opencontainers.image.created: "2024-05-01T10:00:00Z"
    "#);
}

#[test]
fn the_table_shows_the_direct_referrers() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("discover {artifact} --format table -v=false")).success(), @r#"
    Discovered 2 artifacts referencing localhost:5000/hello:v1
    Digest: sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8

    Artifact Type   Digest
    sig/example     sha256:22b437dbad589ee41a4e3666e7ac084c1530bee28588fb08795176341db8d0a5
    sbom/example    sha256:a21c36a3c2b4df8cea28b29f011791bf16bab648fac6c6d3ee60c670bb028b4a
    --- stderr
    Flag --verbose has been deprecated, and will be removed in a future release.
    Format "table" is deprecated and will be removed in a future release.
    "#);
}

#[test]
fn json_is_the_whole_graph() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("discover {artifact} --format json")).success(), @r#"
    {
      "reference": "localhost:5000/hello@sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8",
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8",
      "size": 535,
      "referrers": [
        {
          "reference": "localhost:5000/hello@sha256:22b437dbad589ee41a4e3666e7ac084c1530bee28588fb08795176341db8d0a5",
          "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "digest": "sha256:22b437dbad589ee41a4e3666e7ac084c1530bee28588fb08795176341db8d0a5",
          "size": 674,
          "annotations": {
            "org.opencontainers.image.created": "2024-05-01T10:00:00Z"
          },
          "artifactType": "sig/example",
          "referrers": []
        },
        {
          "reference": "localhost:5000/hello@sha256:a21c36a3c2b4df8cea28b29f011791bf16bab648fac6c6d3ee60c670bb028b4a",
          "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "digest": "sha256:a21c36a3c2b4df8cea28b29f011791bf16bab648fac6c6d3ee60c670bb028b4a",
          "size": 675,
          "annotations": {
            "org.opencontainers.image.created": "2024-05-01T10:00:00Z"
          },
          "artifactType": "sbom/example",
          "referrers": [
            {
              "reference": "localhost:5000/hello@sha256:6fcfef81250f56d901168a5d6f6c2c33882e819eeca7b688b2308d7edc747b57",
              "mediaType": "application/vnd.oci.image.manifest.v1+json",
              "digest": "sha256:6fcfef81250f56d901168a5d6f6c2c33882e819eeca7b688b2308d7edc747b57",
              "size": 674,
              "annotations": {
                "org.opencontainers.image.created": "2024-05-01T10:00:00Z"
              },
              "artifactType": "sig/example",
              "referrers": []
            }
          ]
        }
      ]
    }
    "#);
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

#[test]
fn the_notice_on_the_old_spelling_names_the_format() {
    let (world, _registry, artifact) = world();
    for format in ["tree", "table", "json"] {
        let run = world.run(&format!("discover {artifact} -o {format}")).success();
        assert!(run.stderr.contains(&format!("try `--format {format}` instead")), "{run}");
    }
}

#[test]
fn annotations_come_in_the_order_of_their_keys() {
    let (world, _registry, artifact) = world();
    let keys = ["k", "c", "z", "a", "m", "b"];
    let typed: Vec<String> = keys.iter().map(|key| format!("-a {key}=x")).collect();
    let line = format!("attach {artifact} --artifact-type doc/example {} {STEADY}", typed.join(" "));
    let _ = world.run(&line).success();
    let run = world.run(&format!("discover {artifact} --artifact-type doc/example")).success();
    let shown: Vec<&str> =
        run.stdout.lines().filter_map(|line| line.strip_suffix(": x")?.split(' ').next_back()).collect();
    assert_eq!(shown, ["a", "b", "c", "k", "m", "z"], "{run}");
}
