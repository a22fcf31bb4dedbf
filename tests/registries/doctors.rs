//! What `doctor` finds of foreign registries.

use std::path::Path;

use crate::peer::{Auth, PASSWORD, Peer, USER};
use crate::support::World;
use crate::with_peers;

/// The answers to `doctor --write`, and what was left behind.
fn examined(peer: &Peer) -> String {
    let world = World::new();
    world.write("hi.txt", "hello\n");
    if peer.has_users() {
        let login = format!("login {} -u {USER} --password-stdin", peer.address());
        let _ = world.run_with_input(&login, PASSWORD).success();
    }
    let repository = format!("{}/examined", peer.address());
    let _ = world.run(&format!("push {repository}:v1 hi.txt")).success();
    let document = world.run(&format!("doctor --write --format json {repository}")).success().json();
    // What was there is as it was.
    assert_eq!(world.run(&format!("repo tags {repository}")).success().stdout, "v1\n");
    let _ = world.run(&format!("pull {repository}:v1 -o out")).success();
    let checks = document["checks"].as_object().unwrap().iter().skip(2);
    let answers = checks.map(|(name, check)| format!("{name} {}", check["answer"].as_str().unwrap()));
    let left = document["leftBehind"].as_array().unwrap().len();
    format!("{}, {left} left behind", answers.collect::<Vec<_>>().join(", "))
}

#[test]
fn distribution_and_olareg_are_told_apart() {
    with_peers(|peers| {
        let debians = Path::new("docker-registry");
        insta::assert_snapshot!(examined(&Peer::distribution(&peers.join("registry"), Auth::Token)), @"authentication yes, credential yes, catalog yes, push yes, repository yes, paging yes, referrers no, ranges yes, mount yes, chunks yes, chunkMinimum no, tagDeletion yes, manifestDeletion yes, blobDeletion yes, 0 left behind");
        insta::assert_snapshot!(examined(&Peer::distribution(debians, Auth::Basic)), @"authentication yes, credential yes, catalog yes, push yes, repository yes, paging no, referrers no, ranges yes, mount yes, chunks yes, chunkMinimum no, tagDeletion no, manifestDeletion yes, blobDeletion yes, 0 left behind");
        insta::assert_snapshot!(examined(&Peer::olareg(peers, Auth::Token)), @"authentication yes, credential yes, catalog no, push yes, repository yes, paging yes, referrers yes, ranges yes, mount yes, chunks yes, chunkMinimum no, tagDeletion yes, manifestDeletion yes, blobDeletion no, 1 left behind");
    });
}
