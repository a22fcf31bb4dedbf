//! `attach`: an artifact about another one.

use std::process::Stdio;

use crate::support::world::words;
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
    let setup = Setup { referrers_api: false, ..Setup::default() };
    let (world, _registry, artifact) = World::with_artifact(setup);
    let start = |number: usize| {
        let line = format!("attach {artifact} --artifact-type a/b -a n={number}");
        world.command(&words(&line)).stdout(Stdio::null()).spawn().unwrap()
    };
    let all: Vec<_> = (0..8).map(start).collect();
    for mut one in all {
        assert!(one.wait().unwrap().success());
    }
    let found = world.run(&format!("discover {artifact} --format json")).success().json();
    assert_eq!(found["referrers"].as_array().unwrap().len(), 8);
}

#[test]
fn what_is_attached_already_is_found() {
    for referrers_api in [true, false] {
        let (world, registry, artifact) = World::with_artifact(Setup { referrers_api, ..Setup::default() });
        world.write("hi.sig", "signed\n");
        let attach = format!("attach {artifact} --artifact-type sig/example --if-absent hi.sig -a k=v");
        let first = world.run(&attach).success().line_after("Digest: ");
        registry.clear_log();
        let again = world.run(&format!("{attach} --export-manifest kept.json")).success();
        assert_eq!(
            again.line_after("Already attached to [registry] "),
            format!(
                "{}@{}",
                "localhost:5000/hello",
                world.run(&format!("resolve {artifact}")).success().stdout.trim()
            )
        );
        assert_eq!(again.line_after("Digest: "), first);
        assert!(world.read("kept.json").contains("sig/example"));
        assert!(
            registry.log().iter().all(|request| !request.starts_with("PUT") && !request.starts_with("POST"))
        );
        let document = world.run(&format!("{attach} --format json")).success().json();
        assert_eq!((&document["digest"], &document["existing"]), (&first.clone().into(), &true.into()));
        // Anything else is something else.
        world.write("hi.sig", "signed once more\n");
        for line in [attach.clone(), attach.replace("k=v", "k=w"), attach.replace("sig/", "other/")] {
            assert_ne!(world.run(&line).success().line_after("Digest: "), first, "{line}");
        }
        let found = world.run(&format!("discover {artifact} --format json")).success().json();
        assert_eq!(found["referrers"].as_array().unwrap().len(), 4);
    }
}
