//! The main job against real registries, and the real oras reading what ours wrote and the other way round.
//!
//! Runs where `ORAS_PEERS` names a folder filled by `tests/peers.sh`; then a missing peer is a failure. What belongs
//! here is what only a foreign registry can show: its own idea of tokens, of referrers and of deletion.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests stand outside of the house and make their own surroundings"
)]

#[path = "registries/doctors.rs"]
mod doctors;
#[path = "registries/https.rs"]
mod https;
#[path = "registries/keyring.rs"]
mod keyring;
#[path = "registries/layouts.rs"]
mod layouts;
#[path = "registries/logins.rs"]
mod logins;
#[path = "registries/peer.rs"]
mod peer;
#[path = "../benches/compare/port.rs"]
mod port;
#[path = "it/support/mod.rs"]
mod support;
#[path = "registries/token_service.rs"]
mod token_service;
#[path = "registries/words.rs"]
mod words;

use std::path::Path;

use peer::{Auth, PASSWORD, Peer, USER};
use support::{Registry, Setup, World};

#[test]
fn olareg_without_a_password() {
    with_peers(|peers| main_job(peers, &Peer::olareg(peers, Auth::None)));
}

#[test]
fn olareg_with_basic_authentication() {
    with_peers(|peers| main_job(peers, &Peer::olareg(peers, Auth::Basic)));
}

#[test]
fn olareg_with_a_token_service() {
    with_peers(|peers| main_job(peers, &Peer::olareg(peers, Auth::Token)));
}

#[test]
fn distribution_without_a_password() {
    with_peers(|peers| main_job(peers, &Peer::distribution(&peers.join("registry"), Auth::None)));
}

#[test]
fn distribution_with_basic_authentication() {
    with_peers(|peers| main_job(peers, &Peer::distribution(&peers.join("registry"), Auth::Basic)));
}

#[test]
fn distribution_with_a_token_service() {
    with_peers(|peers| main_job(peers, &Peer::distribution(&peers.join("registry"), Auth::Token)));
}

#[test]
fn debians_registry_without_a_password() {
    with_peers(|peers| main_job(peers, &Peer::distribution(Path::new("docker-registry"), Auth::None)));
}

#[test]
fn debians_registry_with_basic_authentication() {
    with_peers(|peers| main_job(peers, &Peer::distribution(Path::new("docker-registry"), Auth::Basic)));
}

#[test]
fn debians_registry_with_a_token_service() {
    with_peers(|peers| main_job(peers, &Peer::distribution(Path::new("docker-registry"), Auth::Token)));
}

#[test]
fn a_graph_goes_from_registry_to_registry_as_it_is() {
    with_peers(|peers| {
        let world = World::new();
        let first = Registry::start(Setup::default());
        prepare_files(&world);
        let mut artifact = format!("{}/team/hello:v1", first.address());
        push_and_attach(&world, &artifact);
        let graph = discovered(&world, &artifact);
        let chain = [
            Peer::distribution(&peers.join("registry"), Auth::Token),
            Peer::olareg(peers, Auth::Token),
            Peer::distribution(Path::new("docker-registry"), Auth::Basic),
            Peer::olareg(peers, Auth::Basic),
            Peer::distribution(Path::new("docker-registry"), Auth::Token),
        ];
        for peer in &chain {
            prepare(&world, peer);
            let copy = format!("{}/promoted:v1", peer.address());
            let _ = world.run(&format!("{} {artifact} {copy}", peer.copies())).success();
            assert_eq!(discovered(&world, &copy), graph);
            pull_the_same(&world, &copy);
            artifact = copy;
        }
    });
}

#[test]
fn olareg_takes_over_the_folder_of_the_embedded_registry() {
    with_peers(|peers| {
        // olareg keeps lists of referrers in a layout and does not make them: it takes those of the tag schema over,
        // and where there are none, a copy out of the layout makes them.
        for (flags, copied) in [("--distribution-spec v1.1-referrers-tag", false), ("", true)] {
            let world = World::new();
            prepare_files(&world);
            let content = tempfile::tempdir().unwrap();
            let setup = Setup { folder: Some(content.path().to_owned()), ..Setup::default() };
            let registry = Registry::start(setup);
            let artifact = format!("{}/team/hello:v1", registry.address());
            push_and_attach_with(&world, &artifact, flags);
            let graph = discovered(&world, &artifact);
            drop(registry);
            let successor = Peer::olareg_over(peers, content.path());
            let artifact = format!("{}/team/hello:v1", successor.address());
            pull_the_same(&world, &artifact);
            let mut successor_graph = artifact.clone();
            if copied {
                successor_graph = format!("{}/team/copy:v1", successor.address());
                let layout = content.path().join("team/hello");
                let copies = successor.copies();
                let line = format!("{copies} --from-oci-layout {}:v1 {successor_graph}", layout.display());
                let _ = world.run(&line).success();
            }
            assert_eq!(discovered(&world, &successor_graph), graph);
        }
    });
}

fn with_peers(test: impl FnOnce(&Path)) {
    if let Some(peers) = std::env::var_os("ORAS_PEERS") {
        test(Path::new(&peers));
    }
}

/// Pushes a graph, promotes it within the registry, pulls it, and deletes it; the real oras looks at every stage.
fn main_job(peers: &Path, peer: &Peer) {
    let ours = World::new();
    let theirs = World::of(peers.join("oras"));
    for world in [&ours, &theirs] {
        prepare(world, peer);
    }
    let (artifact, copy) =
        (format!("{}/hello:v1", peer.address()), format!("{}/staging/hello:v1", peer.address()));
    push_and_attach(&ours, &artifact);
    let tree = discovered(&ours, &artifact);
    assert_eq!(tree, discovered(&theirs, &artifact), "the real oras sees another graph");
    assert_eq!(tree.len(), 4, "{tree:?}");

    let copies = peer.copies();
    let _ = ours.run(&format!("{copies} {artifact} {copy}")).success();
    assert_eq!(discovered(&theirs, &copy), tree, "what ours copied");
    let _ = theirs.run(&format!("{copies} {artifact} {}/theirs:v1", peer.address())).success();
    assert_eq!(
        discovered(&ours, &format!("{}/theirs:v1", peer.address())),
        tree,
        "what the real oras copied"
    );

    pull_the_same(&ours, &copy);
    pull_the_same(&theirs, &copy);
    backwards(&ours, &theirs, peer);

    let _ = ours.run(&format!("tag {artifact} v2 latest")).success();
    let tags = ours.run(&format!("repo tags {}/hello", peer.address())).success().stdout;
    for tag in ["v1", "v2", "latest"] {
        assert!(tags.lines().any(|line| line == tag), "{tags}");
    }
    // One of them has no list of repositories, and says so.
    let line = format!("repo ls {}", peer.address());
    assert_eq!(ours.run(&line), theirs.run(&line));
    delete(&ours, &theirs, &artifact);
}

/// Files and a login.
fn prepare(world: &World, peer: &Peer) {
    prepare_files(world);
    if peer.has_users() {
        let bad =
            world.run_with_input(&format!("login {} -u {USER} --password-stdin", peer.address()), "wrong");
        let _ = bad.failure();
        let good =
            world.run_with_input(&format!("login {} -u {USER} --password-stdin", peer.address()), PASSWORD);
        assert_eq!(good.success().stdout, "Login Succeeded\n");
    }
}

fn prepare_files(world: &World) {
    world.write("hello.txt", "hello\n");
    world.write("folder/one.txt", "one\n");
    world.write("folder/deep/two.txt", "two\n");
    world.write("sbom.json", "{}\n");
    world.write("signature", "signed\n");
}

fn push_and_attach(world: &World, artifact: &str) {
    push_and_attach_with(world, artifact, "");
}

/// A manifest with a signature and an SBOM, which has a signature of its own; attached with these flags.
fn push_and_attach_with(world: &World, artifact: &str, flags: &str) {
    let line = format!("push {artifact} --artifact-type application/vnd.example hello.txt:text/plain folder");
    let _ = world.run(&line).success();
    let attach = |to: &str, what: &str| world.run(&format!("attach {flags} {to} --artifact-type {what}"));
    let _ = attach(artifact, "sig/example signature").success();
    let sbom = attach(artifact, "sbom/example sbom.json:application/json --format json").success().json();
    let (place, _) = artifact.rsplit_once(':').unwrap();
    let sbom = format!("{place}@{}", sbom["digest"].as_str().unwrap());
    let _ = attach(&sbom, "sig/example signature").success();
}

/// The digests of a graph in the order of the tree, which is not fixed among the referrers of one manifest.
fn discovered(world: &World, artifact: &str) -> Vec<String> {
    fn digests(node: &serde_json::Value) -> Vec<String> {
        let mut below: Vec<_> = node["referrers"].as_array().into_iter().flatten().map(digests).collect();
        below.sort();
        std::iter::once(node["digest"].as_str().unwrap().to_owned())
            .chain(below.into_iter().flatten())
            .collect()
    }
    digests(&world.run(&format!("discover {artifact} --format json")).success().json())
}

fn pull_the_same(world: &World, artifact: &str) {
    // What an earlier pull left would look the same.
    let _ = std::fs::remove_dir_all(world.path("pulled"));
    let _ = world.run(&format!("pull {artifact} -o pulled")).success();
    for name in ["hello.txt", "folder/one.txt", "folder/deep/two.txt"] {
        assert_eq!(world.read(&format!("pulled/{name}")), world.read(name), "{name}");
    }
}

/// What the real oras pushes, ours pulls and discovers.
fn backwards(ours: &World, theirs: &World, peer: &Peer) {
    let artifact = format!("{}/backwards:v1", peer.address());
    push_and_attach(theirs, &artifact);
    assert_eq!(discovered(ours, &artifact), discovered(theirs, &artifact));
    pull_the_same(ours, &artifact);
}

/// Deletes a graph from the leaves to the root.
fn delete(ours: &World, theirs: &World, artifact: &str) {
    let (repository, _) = artifact.rsplit_once(':').unwrap();
    // The order of the tree is each before its referrers.
    let mut graph = discovered(ours, artifact);
    while let Some(digest) = graph.pop() {
        let _ = ours.run(&format!("manifest delete -f {repository}@{digest}")).success();
        if !graph.is_empty() {
            assert_eq!(discovered(theirs, artifact), graph, "after the deletion of {digest}");
        }
    }
    let gone = ours.run(&format!("manifest fetch {artifact}")).failure();
    assert!(gone.stderr.contains("not found"), "{gone}");
}
