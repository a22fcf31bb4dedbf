//! Large blobs whose parts come before their turn, and what servers make of it.
//!
//! The stream that is read first is slow until a part is asked for, and waits then until that part has come. So more
//! than one stream is always worth it here, and a part always comes before its turn.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use oras::oci::Digest;

use crate::support::World;
use crate::support::hostile::{Answer, Artifact, Asked, Hostile, MANIFEST, answer, manifest};

/// Large enough to come in parts.
const SIZE: usize = 72 << 20;

/// No part may be needed before so many bytes have come.
const FIRST: usize = 8 << 20;

/// Content without a period that a part could be a multiple of.
fn content() -> Vec<u8> {
    let period: Vec<u8> =
        (0..1_000_003_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let mut content = period.repeat(SIZE / period.len() + 1);
    content.truncate(SIZE);
    content
}

/// How far the parts are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    NotAsked,
    Asked,
    Here,
}

/// What both ends of the server know.
struct Gate {
    parts: Mutex<Parts>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, now: Parts) {
        let mut parts = self.parts.lock().unwrap();
        if *parts != Parts::Here {
            *parts = now;
        }
        self.changed.notify_all();
    }

    /// Lets a piece of the first stream pass.
    fn pass(&self, sent: usize) {
        let mut parts = self.parts.lock().unwrap();
        if sent < FIRST && *parts == Parts::NotAsked {
            // A slow line. If it were a fast one, there would be no parts.
            parts = self.changed.wait_timeout(parts, Duration::from_millis(10)).unwrap().0;
        }
        if sent >= FIRST || *parts != Parts::NotAsked {
            drop(self.changed.wait_while(parts, |parts| *parts != Parts::Here).unwrap());
        }
    }
}

/// Lets the first stream pass when the answer to a part is over.
struct EndOfPart(Arc<Gate>);

impl Drop for EndOfPart {
    fn drop(&mut self) {
        self.0.set(Parts::Here);
    }
}

/// The range that is asked for.
fn range(asked: &Asked) -> Option<(usize, usize)> {
    let (from, to) = asked.header("range").strip_prefix("bytes=")?.split_once('-')?;
    let end = if to.is_empty() { SIZE } else { to.parse::<usize>().unwrap() + 1 };
    Some((from.parse().unwrap(), end))
}

struct Ends {
    world: World,
    registry: Hostile,
    content: Arc<Vec<u8>>,
}

/// What becomes of the answer to a part, of which the first one has the number 0.
type Twist = fn(usize, Answer) -> Answer;

fn ends(twist: Twist) -> Ends {
    let content = Arc::new(content());
    let digest = Digest::of(&content).to_string();
    let artifact = Artifact::new(&[("big", &content, "")]);
    let gate = Arc::new(Gate { parts: Mutex::new(Parts::NotAsked), changed: Condvar::new() });
    let (bytes, number) = (Arc::clone(&content), Mutex::new(0));
    let registry = Hostile::start(move |asked, _| {
        if asked.line.contains("/manifests/") {
            return manifest(MANIFEST, &artifact.manifest);
        }
        if !asked.line.contains(&digest) {
            return answer(200).body("{}");
        }
        let here = Arc::clone(&gate);
        let Some((from, end)) = range(asked) else {
            return answer(200).body(&*bytes).paced(move |sent| here.pass(sent));
        };
        gate.set(Parts::Asked);
        let good = answer(206).header("Content-Range", &format!("bytes {from}-{}/{SIZE}", end - 1));
        let good = good.body(&bytes[from..end]);
        let mut number = number.lock().unwrap();
        let given = twist(*number, good);
        *number += 1;
        let end = EndOfPart(here);
        given.paced(move |_| {
            let _ = &end;
        })
    });
    Ends { world: World::new(), registry, content }
}

impl Ends {
    fn pull(&self) -> crate::support::Run {
        self.world.run(&format!("pull --plain-http {}/hello:v1 -o out", self.registry.address()))
    }

    fn has(&self, name: &str) -> bool {
        std::fs::read(self.world.path(name)).unwrap() == *self.content
    }

    /// The ranges that were asked for, in their order in the blob.
    fn ranges(&self) -> Vec<(usize, usize)> {
        let mut ranges: Vec<_> = self.registry.asked().iter().filter_map(range).collect();
        ranges.sort_unstable();
        ranges
    }

    /// Whether each byte after the first stream was asked for once.
    fn came_once(&self) -> bool {
        let ranges = self.ranges();
        let follow = ranges.windows(2).all(|pair| pair[0].1 == pair[1].0);
        ranges.len() > 2 && follow && ranges.last().is_some_and(|last| last.1 == SIZE)
    }
}

#[test]
fn whatever_is_written_takes_parts_that_come_early() {
    let ends = ends(|_, good| good);
    drop(ends.pull().success());
    assert!(ends.has("out/big"));
    assert!(ends.came_once(), "{:?}", ends.ranges());

    let ends = self::ends(|_, good| good);
    let (address, digest) = (ends.registry.address(), Digest::of(&ends.content));
    let line = format!("blob fetch --plain-http {address}/hello@{digest} -o big");
    drop(ends.world.run(&line).success());
    assert!(ends.has("big"));
    assert!(ends.came_once(), "{:?}", ends.ranges());

    let ends = self::ends(|_, good| good);
    let line = format!("cp --from-plain-http {}/hello:v1 --to-oci-layout layout:v1", ends.registry.address());
    drop(ends.world.run(&line).success());
    let digest = Digest::of(&ends.content).to_string().replace(':', "/");
    assert!(ends.has(&format!("layout/blobs/{digest}")));
    assert!(ends.came_once(), "{:?}", ends.ranges());
}

#[test]
fn parts_that_do_not_come_come_otherwise() {
    let twists: [(&str, Twist); 4] = [
        ("all or nothing", |_, _| answer(200).body(content())),
        ("too many", |number, good| if number == 1 { answer(429) } else { good }),
        ("cut", |number, good| if number < 2 { good.cut(5_000_000) } else { good }),
        ("too busy", |number, good| if number == 2 { answer(503) } else { good }),
    ];
    for (name, twist) in twists {
        let ends = ends(twist);
        drop(ends.pull().success());
        assert!(ends.has("out/big"), "{name}");
    }
}

#[test]
fn a_wrong_byte_in_a_part_is_told_and_nothing_is_left() {
    let ends = ends(|number, good| if number == 0 { good.wrong(1_000_000) } else { good });
    let run = ends.pull().failure();
    assert!(run.stderr.contains("mismatched digest"), "{run}");
    assert!(!ends.world.path("out/big").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_with_parts_is_told_and_keeps_what_was_there() {
    let ends = ends(|_, good| good);
    let script = format!(
        "mount -t tmpfs -o size=28m none small || exit 99
        echo old > small/big
        $oras pull --plain-http {}/hello:v1 -o small >/dev/null
        echo code $?; ls -A small; cat small/big",
        ends.registry.address()
    );
    let Some(run) = crate::disks::alone(&ends.world, &script) else { return };
    assert_eq!(run.stdout, "code 1\nbig\nold\n", "{run}");
    assert!(run.stderr.contains("big: no space left on device"), "{run}");
    assert!(!ends.ranges().is_empty());
}
