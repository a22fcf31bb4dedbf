//! Networks and registries that fail, one request after the other: what is read is complete or not there at all.

use crate::support::faults::{Fault, Faults, On};
use crate::support::{Setup, World};

/// A fault that passes, in every kind of request of a pull and at most twice.
const PASSING: &[(On, Fault)] = &[
    (On::Tagged, Fault::Answer(503, &[])),
    (On::Tagged, Fault::Reset(0)),
    (On::Blob, Fault::Answer(429, &[("Retry-After", "0")])),
    (On::Blob, Fault::Close),
    (On::Blob, Fault::Lost),
    (On::Blob, Fault::Cut(3)),
    (On::Blob, Fault::Torn(3)),
    (On::Blob, Fault::Chunked),
    (On::Blob, Fault::Redirect),
    (On::Blob, Fault::Tired),
];

#[test]
fn a_pull_gets_over_what_passes() {
    let (_world, registry, _) = World::with_artifact(Setup::default());
    for (on, fault) in PASSING {
        for times in [1, 2] {
            let (world, faults) =
                (World::new(), Faults::before(registry.address(), [(*on, 0..times, fault.clone())]));
            let run = world.run(&format!("pull {}/hello:v1", faults.address()));
            assert_eq!(run.code, Some(0), "{fault:?} at {on:?}, {times} times:\n{run}\n{:#?}", faults.seen());
            assert_eq!(world.read("hi.txt"), "hello\n", "{fault:?} at {on:?}");
            assert!(!faults.seen_of(*on).is_empty(), "{fault:?} at {on:?}");
        }
    }
}
