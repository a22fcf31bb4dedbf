//! What goes wrong at a foreign registry is told in the words of the real oras.

use std::path::Path;

use crate::peer::{Auth, PASSWORD, Peer, USER};
use crate::support::{Run, World};
use crate::{prepare_files, with_peers};

/// Lines that fail, where `R` is the registry.
const WITHOUT_LOGIN: &[&str] = &[
    // The time is in the digest, which is told.
    "push R/team/hello:v1 hello.txt --concurrency 1 -a org.opencontainers.image.created=2024-05-01T10:00:00Z",
    "pull R/team/hello:v1",
    "attach R/team/hello:v1 --artifact-type sig/example signature --concurrency 1",
    "discover R/team/hello:v1",
    "manifest fetch R/team/hello:v1",
    "manifest delete -f R/team/hello:v1",
    "resolve R/team/hello:v1",
    "tag R/team/hello:v1 v2",
    "cp R/team/hello:v1 R/other:v1",
    "cp R/team/hello:v1 --to-oci-layout layout:v1",
    "repo tags R/team/hello",
    "repo ls R",
];

/// Lines that fail for somebody who may do everything.
const WITH_LOGIN: &[&str] = &[
    "pull R/none:v1",
    "pull R/team/hello:none",
    "attach R/team/hello:none --artifact-type sig/example signature --concurrency 1",
    "discover R/none:v1",
    "discover R/team/hello:none",
    "manifest fetch R/none:v1",
    "manifest fetch R/team/hello@sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "manifest delete -f R/team/hello:none",
    "resolve R/team/hello:none",
    "tag R/team/hello:none v2",
    "cp R/team/hello:none R/other:v1",
    "cp -r R/team/hello:none R/other:v1",
    "cp --from-oci-layout none:v1 R/other:v1",
    "repo tags R/none",
];

#[test]
fn olareg_is_quoted_as_by_the_real_oras() {
    with_peers(|peers| {
        for auth in [Auth::None, Auth::Basic, Auth::Token] {
            compare(peers, &Peer::olareg(peers, auth));
        }
    });
}

#[test]
fn distribution_is_quoted_as_by_the_real_oras() {
    with_peers(|peers| {
        for program in [peers.join("registry"), "docker-registry".into()] {
            for auth in [Auth::None, Auth::Basic, Auth::Token, Auth::TokenOrPull] {
                compare(peers, &Peer::distribution(&program, auth));
            }
        }
    });
}

fn compare(peers: &Path, peer: &Peer) {
    let (ours, theirs) = (World::new(), World::of(peers.join("oras")));
    for world in [&ours, &theirs] {
        prepare_files(world);
    }
    let mut different = Vec::new();
    let mut both = |line: &str, input: &str| {
        let line = line.replace('R', peer.address());
        let run = |world: &World| without_scopes(world.run_with_input(&line, input));
        let (mine, real) = (run(&ours), run(&theirs));
        if mine != real {
            different.push(format!("=== {line}\n--- ours\n{mine}\n--- the real oras\n{real}"));
        }
    };
    if peer.has_users() {
        for line in WITHOUT_LOGIN {
            both(line, "");
        }
        let login = format!("login R -u {USER} --password-stdin");
        both(&login, "wrong");
        both("login R --identity-token-stdin", "wrong");
        both(&login, PASSWORD);
    }
    let _ = ours.run(&format!("push {}/team/hello:v1 hello.txt", peer.address())).success();
    for line in WITH_LOGIN {
        both(line, "");
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Ours asks once for all that a command is going to do, the real oras for each step.
fn without_scopes(mut run: Run) -> Run {
    let mut parts = run.stderr.split("scope=");
    let mut text = parts.next().unwrap_or_default().to_owned();
    text.extend(parts.map(|part| part.split_once('&').map_or(part, |(_, rest)| rest)));
    run.stderr = text;
    run
}
