//! Networks and registries that fail while something is written: it is there as a whole afterwards, or all is as it was.
//!
//! Each row is played with its fault once and twice in a row.

use crate::support::faults::{Fault, Faults, On, Row};
use crate::support::registry::{PASSWORD, USER};
use crate::support::{Registry, Setup, World};

use Outcome::{Either, Kept, Written};

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It gets over it.
    Written,
    /// It fails, and nothing has changed.
    Kept,
    /// One of both, or it fails although it was written: the answer lied.
    Either,
}

/// What happens to any request that writes, and what becomes of it.
const FAULTS: &[(Fault, Outcome)] = &[
    (Fault::Answer(408, &[]), Written),
    (Fault::Answer(429, &[("Retry-After", "0")]), Written),
    (Fault::Answer(500, &[]), Written),
    (Fault::Answer(503, &[]), Written),
    (Fault::Early(0, 502), Written),
    (Fault::Reset(0), Written),
    (Fault::Reset(2), Written),
    (Fault::Close, Written),
    (Fault::Lost, Written),
    (Fault::Silence, Written),
    (Fault::Tired, Written),
    (Fault::Answer(400, &[]), Kept),
    (Fault::Answer(403, &[]), Kept),
    (Fault::Answer(302, &[("Location", "http://127.0.0.1:1/")]), Kept),
    (Fault::Redirect, Either),
];

/// A world with an old artifact, and a command that writes.
struct Scene<'a> {
    setup: Setup,
    /// In which `{r}` is the registry.
    line: &'a str,
    /// What is there afterwards if it was written, and only then.
    sign: &'a str,
}

const OPEN: Setup = Setup { referrers_api: true, scheme: None, folder: None };

const PUSH: Scene<'static> = Scene {
    setup: OPEN,
    line: "push {r}/hello:v1 new.txt --concurrency 1",
    sign: "manifest fetch {r}/hello:v1",
};

/// Plays all faults, each in a world of its own; some mean something else here.
#[track_caller]
fn play_all(scene: &Scene<'_>, on: On, first: usize, other: &[(Fault, Outcome)]) {
    let is = |one: &Fault, other: &Fault| format!("{one:?}") == format!("{other:?}");
    let usual = FAULTS.iter().filter(|(fault, _)| !other.iter().any(|(known, _)| is(known, fault)));
    // Most of the time is pauses between attempts.
    std::thread::scope(|scope| {
        for (fault, outcome) in usual.chain(other) {
            scope.spawn(move || play(scene, on, first, fault, *outcome));
        }
    });
}

/// Plays a fault of the `first` request of a kind and perhaps of the next one.
#[track_caller]
fn play(scene: &Scene<'_>, on: On, first: usize, fault: &Fault, outcome: Outcome) {
    for times in [1, 2] {
        let (world, registry) = World::with_registry(scene.setup.clone());
        if scene.setup.scheme.is_some() {
            registry.log_in(&world);
        }
        world.write("hi.txt", "hello\n");
        let _ = world.run(&format!("push {}/hello:v1 hi.txt", registry.address())).success();
        world.write("new.txt", "new content\n");
        let there = |world: &World| {
            let run = world.run(&scene.sign.replace("{r}", registry.address()));
            (run.code, run.stdout)
        };
        let before = there(&world);
        let row: Row = (on, first..first + times, fault.clone());
        let faults = Faults::before(registry.address(), [row]);
        let line = format!("{} --timeout 500ms", scene.line.replace("{r}", faults.address()));
        let run = world.run(&line);
        let seen: Vec<_> = faults.seen().into_iter().map(|seen| (seen.line, seen.status)).collect();
        let told = format!("{fault:?} at {on:?}, {times} times:\n{run}\n{seen:#?}");
        assert!(faults.seen_of(on).len() > first, "nothing happened: {told}");
        let written = run.code == Some(0);
        if outcome != Either {
            assert_eq!(written, outcome == Written, "{told}");
            assert_eq!(there(&world) != before, written, "{told}");
        }
        whole(&world, &registry, &told);
    }
}

/// Whether everything that has a name is there as a whole.
#[track_caller]
fn whole(world: &World, registry: &Registry, told: &str) {
    let run = world.run(&format!("cp -r {}/hello:v1 --to-oci-layout copy:v1", registry.address()));
    assert!(run.code == Some(0) || run.stderr.contains("not found"), "{told}\n{run}");
}

/// An answer that names other content than was sent.
const LIE: Fault = Fault::Header(
    "Docker-Content-Digest",
    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
);

#[test]
fn a_look_for_a_blob_fails() {
    play_all(&PUSH, On::BlobHead, 0, &[(Fault::Redirect, Written)]);
}

#[test]
fn an_upload_does_not_begin() {
    play_all(&PUSH, On::Start, 0, &[(Fault::Redirect, Kept), (Fault::Without("Location"), Kept)]);
}

#[test]
fn an_upload_does_not_end() {
    play_all(&PUSH, On::End, 0, &[(Fault::Redirect, Written), (LIE, Kept)]);
}

#[test]
fn a_chunk_does_not_arrive() {
    let scene = Scene { line: "push {r}/hello:v1 new.txt --concurrency 1 --chunk-size 5b", ..PUSH };
    // What is no chunk for the registry is sent in one request.
    let other = [
        (Fault::Answer(400, &[]), Written),
        (Fault::Answer(413, &[]), Kept),
        (Fault::Answer(302, &[("Location", "http://127.0.0.1:1/")]), Kept),
        (Fault::Redirect, Either),
        (Fault::Without("Location"), Written),
        (Fault::Without("Range"), Written),
        (Fault::Header("Range", "0-99"), Kept),
        (Fault::Header("Range", "0-1"), Either),
    ];
    for first in [0, 1] {
        play_all(&scene, On::Chunk, first, &other);
    }
}

#[test]
fn the_end_of_chunks_does_not_arrive() {
    let scene = Scene { line: "push {r}/hello:v1 new.txt --concurrency 1 --chunk-size 5b", ..PUSH };
    // Refused once it is sent in one request, and that may be refused as well.
    let other = [(Fault::Answer(400, &[]), Either), (Fault::Redirect, Written), (LIE, Kept)];
    play_all(&scene, On::End, 0, &other);
}

#[test]
fn a_mount_fails() {
    let scene =
        Scene { line: "cp {r}/hello:v1 {r}/other:v1", sign: "manifest fetch {r}/other:v1", setup: OPEN };
    // Who may not take it from there may send it.
    let other = [(Fault::Answer(403, &[]), Written), (Fault::Redirect, Either), (LIE, Kept)];
    play_all(&scene, On::Mount, 0, &other);
}

#[test]
fn a_manifest_does_not_arrive() {
    play_all(&PUSH, On::ManifestPut, 0, &[(Fault::Redirect, Written), (LIE, Either)]);
}

#[test]
fn the_list_of_referrers_does_not_arrive() {
    let setup = Setup { referrers_api: false, ..OPEN };
    let line = "attach {r}/hello:v1 --artifact-type a/b new.txt --concurrency 1";
    let scene = Scene { setup, line, sign: "discover {r}/hello:v1 --format json" };
    play_all(&scene, On::ManifestPut, 1, &[(Fault::Redirect, Written), (LIE, Either)]);
}

#[test]
fn a_referrer_does_not_arrive() {
    let line = "attach {r}/hello:v1 --artifact-type a/b new.txt --concurrency 1";
    let scene = Scene { setup: OPEN, line, sign: "discover {r}/hello:v1 --format json" };
    play_all(&scene, On::ManifestPut, 0, &[(Fault::Redirect, Written), (LIE, Either)]);
}

#[test]
fn a_deletion_is_not_answered() {
    let blob = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    let line = format!("blob delete {{r}}/hello@sha256:{blob} --force");
    let sign = format!("blob fetch {{r}}/hello@sha256:{blob} --descriptor");
    play_all(
        &Scene { setup: OPEN, line: &line, sign: &sign },
        On::BlobDelete,
        0,
        &[(Fault::Redirect, Written), (LIE, Either)],
    );
    let scene = Scene {
        setup: OPEN,
        line: "manifest delete {r}/hello:v1 --force",
        sign: "manifest fetch {r}/hello:v1",
    };
    play_all(&scene, On::ManifestDelete, 0, &[(Fault::Redirect, Written), (LIE, Either)]);
}

#[test]
fn a_token_does_not_come_or_is_too_old() {
    let setup = Setup::tokens();
    let line = format!("push {{r}}/hello:v1 new.txt --concurrency 1 -u {USER} -p {PASSWORD}");
    let scene = Scene { setup, line: &line, sign: "manifest fetch {r}/hello:v1" };
    play_all(&scene, On::Token, 0, &[(Fault::Redirect, Either)]);
    // A new one is fetched once for each request. The first one is fetched for the first look for a blob.
    for (on, first) in [(On::BlobHead, 2), (On::Start, 0), (On::End, 0), (On::ManifestPut, 0)] {
        play(&scene, on, first, &Fault::Expired, Either);
        let world = World::new();
        world.write("new.txt", "new content\n");
        let registry = Registry::start(Setup::tokens());
        let faults = Faults::before(registry.address(), [(on, first..first + 1, Fault::Expired)]);
        let _ = world.run(&line.replace("{r}", faults.address())).success();
        assert!(faults.seen_of(On::Token).len() > 1, "{on:?}");
    }
}

#[test]
fn what_is_too_large_for_one_request_goes_in_chunks() {
    // Refused before all of it was sent, or thrown away twice, as by a proxy that takes no more.
    for (fault, times) in
        [(Fault::Early(1000, 413), 1), (Fault::Reset(1000), 2), (Fault::Early(1 << 20, 413), 1)]
    {
        let (world, registry) = World::with_registry(OPEN);
        world.write("large.bin", vec![7; 3 << 20]);
        let faults = Faults::before(registry.address(), [(On::End, 0..times, fault.clone())]);
        let _ = world.run(&format!("blob push {}/hello large.bin", faults.address())).success();
        let chunks: Vec<_> = faults.seen_of(On::Chunk).iter().map(|seen| seen.received).collect();
        assert_eq!(chunks, [1 << 20; 3], "{fault:?}");
        // The old way is not tried again for what comes after it.
        assert_eq!(faults.seen_of(On::End).len(), times + 1, "{fault:?}");
    }
}

#[test]
fn one_request_is_enough_where_chunks_are_refused() {
    let (world, registry) = World::with_registry(OPEN);
    world.write("new.txt", "new content\n");
    let faults = Faults::before(registry.address(), [(On::Chunk, 0..9, Fault::Answer(405, &[]))]);
    let push = |flags: &str| {
        world.run_with_input(
            &format!("blob push {}/hello {flags} --chunk-size 5b", faults.address()),
            "new content\n",
        )
    };
    let _ = push("new.txt").success();
    assert_eq!(faults.seen_of(On::Chunk).len(), 1);
    // What comes once cannot be had again.
    let run = push("-").failure();
    assert!(run.stderr.contains("405"), "{run}");
}
