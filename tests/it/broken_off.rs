//! Copies of graphs that break off in the middle, in each way and at each stage: the destination's tag still names the
//! old graph with all that belongs to it, and the next run finishes.
//!
//! What does not belong here: failures that a copy gets over, which are in `faults` and `faults_writing`.

use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::faults::{Fault, Faults, On};
use crate::support::world::words;
use crate::support::{Registry, STEADY, Setup, World};

use End::{From, To};

/// Which end breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    From,
    To,
}

/// How it breaks, from one request on.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// The end is gone.
    Gone,
    /// The end answers so for ever.
    Failing(u16),
    /// The end does not answer, and somebody sends this to the program.
    Ended(Signal),
}

const WAYS: [Way; 5] =
    [Way::Gone, Way::Failing(500), Way::Failing(403), Way::Ended(Signal::INT), Way::Ended(Signal::TERM)];

/// The request that fails, by the end, the kind, and how many of that kind came before, in a graph of an artifact, its two
/// referrers and one of theirs.
const STAGES: &[(&str, End, On, usize)] = &[
    ("the artifact is read", From, On::Tagged, 0),
    ("its referrers are listed", From, On::Referrers, 0),
    ("their own are listed", From, On::Referrers, 2),
    ("a referrer is read", From, On::Manifest, 1),
    ("the first blob is read", From, On::Blob, 0),
    ("the first blob is begun", To, On::Start, 0),
    ("the first blob is sent", To, On::End, 0),
    ("the first manifest is put", To, On::ManifestPut, 0),
    ("a manifest in the middle is put", To, On::ManifestPut, 2),
    ("the tag is given", To, On::ManifestPut, 4),
];

/// Where the registry has no referrers API: two lists are read and put before the tag.
const STAGES_OF_LISTS: &[(&str, End, On, usize)] = &[
    ("a list of referrers is read", To, On::Tagged, 0),
    ("a list of referrers is put", To, On::ManifestPut, 4),
    ("the other list is put", To, On::ManifestPut, 5),
    ("the tag is given", To, On::ManifestPut, 6),
];

/// The new graph in one registry, an old one under the same tag in another.
struct Scene {
    world: World,
    from: Registry,
    to: Registry,
}

impl Scene {
    fn new(referrers_api: bool) -> Self {
        let (world, from, artifact) = World::with_artifact(Setup::default());
        let to = Registry::start(Setup { referrers_api, ..Setup::default() });
        let attach = |subject: &str, kind: &str| {
            let line = format!("attach {subject} --artifact-type {kind} {STEADY} -a kind={kind}");
            world.run(&line).success().line_after("Digest: ")
        };
        attach(&artifact, "sig/example");
        let sbom = attach(&artifact, "sbom/example");
        attach(&artifact.replace(":v1", &format!("@{sbom}")), "sig/sbom");
        let old = format!("{}/copy:v1", to.address());
        let _ = world.run(&format!("push {old} {STEADY} -a old=1")).success();
        attach(&old, "sig/old");
        let _ = world.run(&format!("push {}/copy:other {STEADY} -a other=1", to.address())).success();
        Self { world, from, to }
    }

    /// What the destination shows.
    fn shown(&self) -> [String; 3] {
        let copy = format!("{}/copy", self.to.address());
        [
            format!("discover {copy}:v1 --format json"),
            format!("resolve {copy}:other"),
            format!("repo tags {copy} --exclude-digest-tags"),
        ]
        .map(|line| self.world.run(&line).success().stdout)
    }

    fn start(&self, from: &str, to: &str) -> Child {
        let line = format!("cp -r {from}/hello:v1 {to}/copy:v1 --concurrency 1 --retry 0");
        let mut command = self.world.command(&words(&line));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Breaks a copy off; whether that could be done at all is checked.
    fn break_off(&self, end: End, on: On, from: usize, way: Way) {
        let fault = match way {
            Way::Gone => Fault::Close,
            Way::Failing(status) => Fault::Answer(status, &[]),
            Way::Ended(_) => Fault::Silence,
        };
        let behind = if end == From { &self.from } else { &self.to };
        let faults = Faults::before(behind.address(), [(on, from..usize::MAX, fault)]);
        let mut child = match end {
            From => self.start(faults.address(), self.to.address()),
            To => self.start(self.from.address(), faults.address()),
        };
        if let Way::Ended(signal) = way {
            while faults.seen_of(on).len() <= from {
                assert!(child.try_wait().unwrap().is_none(), "it ended before that");
                std::thread::yield_now();
            }
            kill_process(Pid::from_child(&child), signal).unwrap();
        }
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && faults.seen_of(on).len() > from, "it got through: {told}");
    }

    /// The next run finishes, and nothing else has changed.
    fn finish(&self, before: &[String; 3]) {
        let (from, to) = (self.from.address(), self.to.address());
        let _ = self.world.run(&format!("cp -r --verify {from}/hello:v1 {to}/copy:v1")).success();
        let found = self.world.run(&format!("discover {to}/copy:v1 --format json")).success().json();
        let theirs: Vec<_> = found["referrers"].as_array().unwrap().iter().collect();
        assert_eq!(theirs.len(), 2, "{found}");
        assert_eq!(
            theirs
                .iter()
                .filter(|node| node["referrers"].as_array().is_some_and(|list| list.len() == 1))
                .count(),
            1
        );
        assert_eq!(self.shown()[1..], before[1..]);
    }
}

/// Plays all stages in all ways, each in a world of its own.
fn play(stages: &[(&str, End, On, usize)], referrers_api: bool) {
    for (stage, end, on, from) in stages {
        for way in WAYS {
            let scene = Scene::new(referrers_api);
            let before = scene.shown();
            scene.break_off(*end, *on, *from, way);
            assert_eq!(scene.shown(), before, "{stage}, {way:?}");
            scene.finish(&before);
        }
    }
}

#[test]
fn a_copy_of_a_graph_breaks_off_at_each_stage_and_the_next_one_finishes() {
    play(STAGES, true);
}

#[test]
fn a_copy_to_a_registry_without_the_referrers_api_breaks_off_at_each_stage() {
    play(STAGES_OF_LISTS, false);
}
