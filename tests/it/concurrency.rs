//! How many requests a command sends at once: no more than `--concurrency` says, small ones among them.

use crate::support::faults::Faults;
use crate::support::{Registry, STEADY, Setup, World};

/// Commands, in which `R` is the registry that is counted, and `O` another one.
const LINES: &[&str] = &[
    "push R/new:v1 a.bin b.bin c.bin d.bin e.bin f.bin g.bin h.bin",
    "pull R/hello:v1 -o out",
    "cp R/hello:v1 O/copy:v1",
    "cp -r R/hello:v1 O/copies:v1",
    "cp O/hello:v1 R/copy:v1",
    "cp -r O/hello:v1 R/copies:v1",
    "cp -r R/hello:v1 --to-oci-layout layout:v1",
    "backup --include-referrers -o saved R/hello:v1",
];

const NAMES: &str = "abcdefgh";

/// An artifact with many layers, and referrers that have referrers.
fn fill(world: &World, registry: &Registry) {
    let artifact = format!("{}/hello:v1", registry.address());
    for name in NAMES.chars() {
        world.write(&format!("{name}.bin"), vec![name as u8; 300_000]);
    }
    let files = "a.bin b.bin c.bin d.bin e.bin f.bin g.bin h.bin";
    let _ = world.run(&format!("push {artifact} {files} {STEADY}")).success();
    for number in 0..8 {
        let line = format!("attach {artifact} --artifact-type a/{number} a.bin -a n={number}");
        let run = world.run(&format!("{line} --format go-template={{{{.digest}}}}")).success();
        let referrer = format!("{}/hello@{}", registry.address(), run.stdout.trim());
        let _ = world.run(&format!("attach {referrer} --artifact-type b/c b.bin")).success();
    }
}

#[test]
fn no_more_goes_on_at_once_than_was_asked_for() {
    let mut wrong = Vec::new();
    for most in 1..=3 {
        // What a command has written is there for the next one, which then has less to do.
        let (registry, other) = (Registry::start(Setup::default()), Registry::start(Setup::default()));
        let world = World::new();
        fill(&world, &registry);
        fill(&world, &other);
        for line in LINES {
            let faults = Faults::before(registry.address(), []);
            let typed = line.replace('R', faults.address()).replace('O', other.address());
            let world = World::new();
            for name in NAMES.chars() {
                world.write(&format!("{name}.bin"), format!("{name}{most}").repeat(100_000));
            }
            let _ = world.run(&format!("{typed} --concurrency {most}")).success();
            let seen = faults.most_at_once();
            if seen == 0 || seen > most {
                wrong.push(format!("{seen} instead of {most}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
