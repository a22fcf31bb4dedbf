//! Which requests a command sends. Round trips are what a user waits for, and order is what keeps a registry whole.

use crate::support::{Registry, STEADY, Setup, World};

/// A registry with one artifact, `hello:v1`, and a log that begins after it.
fn with_an_artifact(setup: Setup) -> (World, Registry, String) {
    let (world, registry, artifact) = World::with_artifact(setup);
    registry.clear_log();
    (world, registry, artifact)
}

#[test]
fn push_looks_before_it_sends_and_tags_last() {
    let (world, registry) = (World::new(), Registry::start(Setup::default()));
    world.write("hi.txt", "hello\n");
    let _ = world.run(&format!("push {}/hello:v1 hi.txt {STEADY}", registry.address())).success();
    let log = registry.log();
    assert_eq!(log.first().unwrap(), "HEAD hello/manifests/<digest> 404");
    assert_eq!(log.last().unwrap(), "PUT hello/manifests/v1 201");
    let blob = [
        "HEAD hello/blobs/<digest> 404",
        "POST hello/blobs/uploads/ 202",
        "PUT hello/blobs/uploads/<session> 201",
    ];
    let blobs: Vec<_> = log[1..log.len() - 1].to_vec();
    assert_eq!(blobs, [blob, blob].concat());
}

#[test]
fn pushing_again_only_looks_and_tags() {
    let (world, registry, artifact) = with_an_artifact(Setup::default());
    let _ = world.run(&format!("push {artifact} hi.txt {STEADY}")).success();
    assert_eq!(registry.log(), ["HEAD hello/manifests/<digest> 200", "PUT hello/manifests/v1 201"]);
}

#[test]
fn pull_takes_the_manifest_and_only_what_has_a_title() {
    let (world, registry, artifact) = with_an_artifact(Setup::default());
    let _ = world.run(&format!("pull {artifact} -o out")).success();
    assert_eq!(registry.log(), ["GET hello/manifests/v1 200", "GET hello/blobs/<digest> 200"]);
}

#[test]
fn attach_needs_no_more_than_its_own_content() {
    let (world, registry, artifact) = with_an_artifact(Setup::default());
    let _ = world.run(&format!("attach {artifact} --artifact-type a/b -a k=v {STEADY}")).success();
    let mut log = registry.log();
    // Where the registry takes its time the blob is looked for before the subject is known.
    log[..3].sort_unstable();
    assert_eq!(
        log,
        [
            "HEAD hello/blobs/<digest> 200",
            "HEAD hello/manifests/<digest> 404",
            "HEAD hello/manifests/v1 200",
            "PUT hello/manifests/<digest> 201",
        ]
    );
}

#[test]
fn without_the_referrers_api_attach_writes_the_index_of_the_tag_schema() {
    let (world, registry, artifact) = with_an_artifact(Setup { referrers_api: false, ..Setup::default() });
    let _ = world.run(&format!("attach {artifact} --artifact-type a/b -a k=v {STEADY}")).success();
    let log = registry.log();
    assert_eq!(
        log[3..],
        [
            "PUT hello/manifests/<digest> 201",
            "GET hello/manifests/<schema> 404",
            "PUT hello/manifests/<schema> 201",
            "GET hello/manifests/<schema> 200",
        ]
    );
    registry.clear_log();
    let found = world.run(&format!("discover {artifact} --format json")).success().json();
    assert_eq!(found["referrers"][0]["artifactType"], "a/b");
    assert_eq!(
        registry.log(),
        [
            "HEAD hello/manifests/v1 200",
            "GET hello/referrers/<digest> 404",
            "GET hello/manifests/<schema> 200",
            "GET hello/manifests/<schema> 404",
        ]
    );
}

#[test]
fn commands_that_only_look_send_one_request() {
    let (world, registry, artifact) = with_an_artifact(Setup::default());
    let repository = artifact.trim_end_matches(":v1");
    for (line, request) in [
        (format!("resolve {artifact}"), "HEAD hello/manifests/v1 200"),
        (format!("manifest fetch {artifact}"), "GET hello/manifests/v1 200"),
        (format!("manifest fetch --descriptor {artifact}"), "HEAD hello/manifests/v1 200"),
        (format!("repo tags {repository}"), "GET hello/tags/list 200"),
        (format!("repo ls {}", registry.address()), "GET _catalog 200"),
    ] {
        let _ = world.run(&line).success();
        assert_eq!(registry.log(), [request], "{line}");
        registry.clear_log();
    }
}

#[test]
fn a_copy_within_one_registry_moves_no_blob() {
    let (world, registry, artifact) = with_an_artifact(Setup::default());
    let _ = world.run(&format!("cp --concurrency 1 {artifact} {}/other:v1", registry.address())).success();
    let log = registry.log();
    assert!(log.iter().all(|request| !request.starts_with("GET hello/blobs")), "{log:#?}");
    assert_eq!(
        log.iter().filter(|request| request.starts_with("POST other/blobs/uploads/?mount")).count(),
        2
    );
    assert_eq!(log.last().unwrap(), "PUT other/manifests/v1 201");
}

#[test]
fn one_token_serves_a_whole_push() {
    let (world, registry) = (World::new(), Registry::start(Setup::tokens()));
    world.write("hi.txt", "hello\n");
    registry.log_in(&world);
    registry.clear_log();
    let _ = world.run(&format!("push {}/hello:v1 hi.txt {STEADY}", registry.address())).success();
    let tokens: Vec<_> = registry.log().into_iter().filter(|request| request.contains("/token")).collect();
    assert_eq!(tokens.len(), 1, "{tokens:#?}");
}

#[test]
fn both_ends_of_a_copy_share_what_opens_the_registry() {
    let (world, registry) = (World::new(), Registry::start(Setup::passwords()));
    registry.log_in(&world);
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} {STEADY}")).success();
    registry.clear_log();
    let _ = world.run(&format!("cp {artifact} {}/other:v1", registry.address())).success();
    let refused: Vec<_> = registry.log().into_iter().filter(|request| request.ends_with(" 401")).collect();
    assert_eq!(refused, ["GET hello/manifests/v1 401"]);
}

#[test]
fn tokens_are_asked_for_with_what_is_to_be_done_and_no_more() {
    let (world, registry) = (World::new(), Registry::start(Setup::tokens()));
    registry.log_in(&world);
    let artifact = format!("{}/hello:v1", registry.address());
    let other = format!("{}/other:v1", registry.address());
    let _ = world.run(&format!("push {artifact} {STEADY}")).success();
    let scopes = |line: &str| {
        registry.clear_log();
        let _ = world.run(line).success();
        let asked = registry.log().into_iter().filter(|request| request.contains("/token"));
        asked.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(scopes(&format!("cp --concurrency 1 {artifact} {other}")), @"
    GET /token?scope=repository%3Ahello%3Apull&service=oras 200
    GET /token?scope=repository%3Ahello%3Apull&scope=repository%3Aother%3Apull%2Cpush&service=oras 200
    ");
    insta::assert_snapshot!(scopes(&format!("manifest delete {artifact} --force")), @"GET /token?scope=repository%3Ahello%3Adelete%2Cpull%2Cpush&service=oras 200");
}
