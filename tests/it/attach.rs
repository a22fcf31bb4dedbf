//! `attach`: an artifact about another one.

use crate::support::{Registry, STEADY, Setup, World};

fn world() -> (World, Registry, String) {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    world.write("hi.sig", "signed\n");
    (world, registry, artifact)
}

#[test]
fn the_subject_is_told_by_its_digest() {
    let (world, _registry, artifact) = world();
    let run = world.run(&format!("attach {artifact} --artifact-type sig/example hi.sig {STEADY}"));
    insta::assert_snapshot!(run.success(), @"
    Preparing hi.sig
    Exists    44136fa355b3 application/vnd.oci.empty.v1+json
    Uploading ad093de033f8 hi.sig
    Uploaded  ad093de033f8 hi.sig
    Uploading 7acb1d6d414a application/vnd.oci.image.manifest.v1+json
    Uploaded  7acb1d6d414a application/vnd.oci.image.manifest.v1+json
    Attached to [registry] localhost:5000/hello@sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    Digest: sha256:7acb1d6d414a51127243ceb35ee99489767f6254af0a7fc292c2e629f0467d54
    ");
}

#[test]
fn a_reference_that_is_a_file_is_noticed() {
    let (world, _registry, _artifact) = world();
    let run = world.run("attach hi.sig --artifact-type sig/example");
    insta::assert_snapshot!(run.failure(), @r#"
    --- stderr
    Error: "hi.sig": invalid reference: missing registry or repository
    Are you missing an artifact reference to attach to? Please make sure the provided reference is in the form of <registry>/<repo>[:tag|@digest]
    --- exit code 1
    "#);
}

#[test]
fn many_at_once_are_all_listed_without_the_referrers_api() {
    let (world, registry) =
        (World::new(), Registry::start(Setup { referrers_api: false, ..Setup::default() }));
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} {STEADY}")).success();
    for number in 0..5 {
        let _ = world.run(&format!("attach {artifact} --artifact-type a/b -a n={number}")).success();
    }
    let found = world.run(&format!("discover {artifact} --format json")).success().json();
    assert_eq!(found["referrers"].as_array().unwrap().len(), 5);
}
