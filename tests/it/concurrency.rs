//! How much a command does at once: no more requests than `--concurrency` says, small ones among them, and no more
//! connections to a host.

use crate::support::faults::{Fault, Faults, On, Row};
use crate::support::{Registry, STEADY, Setup, World};

/// Commands, in which `R` and `O` are registries.
const LINES: &[&str] = &[
    "push R/new:v1,v2 a.bin b.bin c.bin d.bin e.bin f.bin g.bin h.bin",
    "pull R/hello:v1 -o out",
    "cp R/hello:v1 O/copy:v1",
    "cp -r R/hello:v1 O/copies:v1,v2",
    "cp -r R/hello:v1 --to-oci-layout layout:v1",
    "backup --include-referrers -o saved R/hello:v1",
    "restore --input saved O/restored:v1",
    "attach R/hello:v1 --artifact-type a/new a.bin b.bin",
    "tag R/hello:v1 v2 v3 v4",
    "manifest push R/hello:v5,v6 manifest.json",
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

/// Runs all commands with a number; what was more than that at once.
fn too_much(setup: &Setup, most: usize, table: &[Row]) -> Vec<String> {
    let mut wrong = Vec::new();
    let world = World::new();
    let [registry, other] = [(); 2].map(|()| Registry::start(setup.clone()));
    if setup.scheme.is_some() {
        for registry in [&registry, &other] {
            registry.log_in(&world);
        }
    }
    let config = world.docker_config().join("config.json");
    let known = std::fs::read_to_string(&config).ok();
    fill(&world, &registry);
    let manifest = world.run(&format!("manifest fetch {}/hello:v1", registry.address())).success();
    world.write("manifest.json", manifest.stdout);
    for name in NAMES.chars() {
        world.write(&format!("{name}.bin"), format!("{name}{most}").repeat(100_000));
    }
    for line in LINES {
        let [one, two] = [&registry, &other].map(|registry| Faults::before(registry.address(), table));
        if let Some(known) = &known {
            // Who opens a registry opens it also on this way.
            let known = known.replace(registry.address(), one.address());
            std::fs::write(&config, known.replace(other.address(), two.address())).unwrap();
        }
        let typed = line.replace('R', one.address()).replace('O', two.address());
        let _ = world.run(&format!("{typed} --concurrency {most}")).success();
        let seen = [&one, &two].map(|faults| (faults.most_at_once(), faults.most_connections()));
        if seen == [(0, 0); 2] || seen.iter().any(|(requests, connections)| *requests.max(connections) > most)
        {
            wrong.push(format!("{seen:?} instead of {most}: {line}"));
        }
    }
    wrong
}

#[test]
fn no_more_goes_on_at_once_than_was_asked_for() {
    let wrong: Vec<String> = (1..=3).flat_map(|most| too_much(&Setup::default(), most, &[])).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_registry_that_asks_who_is_there_gets_no_more_connections() {
    let setups = [Setup::passwords(), Setup { referrers_api: false, ..Setup::tokens() }];
    let wrong: Vec<String> = setups.iter().flat_map(|setup| too_much(setup, 1, &[])).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_registry_that_tires_of_connections_gets_no_more_at_once() {
    let kinds = [On::ManifestHead, On::Manifest, On::Tagged, On::BlobHead, On::Blob];
    let table = kinds.map(|on| (on, 0..usize::MAX, Fault::Tired));
    let wrong: Vec<String> =
        [1, 3].into_iter().flat_map(|most| too_much(&Setup::default(), most, &table)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
