//! Commands that are killed at any moment, without a chance to clean up: nothing half-made has a final name, and the
//! next run succeeds.
//!
//! The moments are spread over the time that a whole run takes, and each of them is as good as any other: what must hold,
//! holds always. `ORAS_KILL_ROUNDS` says how many there are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::registry::{PASSWORD, USER};
use crate::support::world::words;
use crate::support::{Registry, STEADY, Setup, World};

/// How many moments, unless the environment says otherwise.
const ROUNDS: u32 = 4;

/// Runs the command of each round, and kills it at its moment. Before that the world is prepared, and after it looked at.
/// Then the same command must succeed, as it does in a last round that nobody disturbs.
fn killed(world: &World, line: impl Fn(u32) -> String, before: impl Fn(u32), after: impl Fn(u32)) {
    let rounds = rounds();
    before(rounds);
    let begin = Instant::now();
    let _ = world.run(&line(rounds)).success();
    let whole = begin.elapsed();
    for round in 0..rounds {
        before(round);
        let mut command = world.command(&words(&line(round)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(moment(whole, round, rounds));
        // One that has ended already has done its work.
        child.kill().unwrap();
        child.wait().unwrap();
        after(round);
        let _ = world.run(&line(round)).success();
    }
}

/// How many moments there are.
fn rounds() -> u32 {
    std::env::var("ORAS_KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

fn moment(whole: Duration, round: u32, rounds: u32) -> Duration {
    whole * (2 * round + 1) / (2 * rounds)
}

/// The files below a folder with their content, without those that have no name of their own yet.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let own = |entry: &walkdir::DirEntry| !entry.file_name().to_string_lossy().starts_with(".oras-");
    let all = walkdir::WalkDir::new(folder).into_iter().filter_entry(own).map(Result::unwrap);
    let files = all.filter(|entry| entry.file_type().is_file()).map(|entry| {
        let name = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).unwrap())
    });
    files.collect()
}

/// Files and a folder, all of them made of one letter.
fn prepare(world: &World, letter: u8) {
    for number in 0..4 {
        world.write(&format!("content/{number}.bin"), vec![letter; 700_000]);
    }
    for number in 0..60 {
        world.write(&format!("content/folder/{number}"), vec![letter; 5000]);
    }
}

/// Two artifacts with the same names and other content.
fn push(world: &World, registry: &Registry) {
    for (tag, letter) in [("old", b'o'), ("new", b'n')] {
        prepare(world, letter);
        let names = "0.bin 1.bin 2.bin 3.bin folder";
        let mut command =
            world.command(&words(&format!("push {}/r:{tag} {names} {STEADY}", registry.address())));
        let pushed = command.current_dir(world.path("content")).output().unwrap();
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    }
}

#[test]
fn a_pull_leaves_whole_files_of_before_or_after() {
    let (world, registry) = World::with_registry(Setup::default());
    push(&world, &registry);
    let wanted = files(&world.path("content"));
    let old: BTreeMap<_, _> =
        wanted.iter().map(|(name, bytes)| (name.clone(), vec![b'o'; bytes.len()])).collect();
    let line = |_| format!("pull {}/r:new -o out", registry.address());
    let before = |round: u32| {
        fs::remove_dir_all(world.path("out")).unwrap_or_default();
        // Half of them begin with nothing.
        if round.is_multiple_of(2) {
            let _ = world.run(&format!("pull {}/r:old -o out", registry.address())).success();
        }
    };
    killed(&world, line, before, |round| {
        if !round.is_multiple_of(2) && !world.path("out").exists() {
            return;
        }
        for (name, bytes) in files(&world.path("out")) {
            let whole = bytes == wanted[&name] || (round.is_multiple_of(2) && bytes == old[&name]);
            assert!(whole, "round {round}: {name} has {} bytes", bytes.len());
        }
    });
    assert_eq!(files(&world.path("out")), wanted);
}

#[test]
fn a_copy_leaves_a_whole_graph_or_no_tag() {
    let (world, from) = World::with_registry(Setup::default());
    push(&world, &from);
    let source = format!("{}/r:new", from.address());
    world.write("note.txt", "note");
    let _ = world.run(&format!("attach {source} --artifact-type a/b note.txt {STEADY}")).success();
    let wanted = files(&world.path("content"));
    // A registry of its own for each round: what is in one already is not copied again.
    let rounds: Vec<Registry> = (0..=rounds()).map(|_| Registry::start(Setup::default())).collect();
    let target = |round: u32| format!("{}/copied:v1", rounds[round as usize].address());
    let line = |round| format!("cp -r {source} {}", target(round));
    let look = |round| {
        let folder = format!("seen{round}");
        let _ = world.run(&format!("pull {} -o {folder}", target(round))).success();
        assert_eq!(files(&world.path(folder)), wanted, "round {round}");
    };
    killed(
        &world,
        line,
        |_| {},
        |round| {
            if world.run(&format!("resolve {}", target(round))).code == Some(0) {
                look(round);
            }
        },
    );
    for round in 0..rounds.len() {
        let round = u32::try_from(round).unwrap();
        look(round);
        let found = world.run(&format!("discover {} --format json", target(round))).success().json();
        assert_eq!(found["referrers"].as_array().unwrap().len(), 1, "round {round}");
    }
}

#[test]
fn a_login_leaves_a_config_of_before_or_after() {
    let (world, registry) = World::with_registry(Setup::passwords());
    let file = world.docker_config().join("config.json");
    let other = r#"{"psFormat":"table","auths":{"other.example":{"auth":"YTpi"}}}"#;
    let line = |_| format!("login {} -u {USER} -p {PASSWORD}", registry.address());
    let before = |_| {
        fs::create_dir_all(world.docker_config()).unwrap();
        fs::write(&file, other).unwrap();
    };
    killed(&world, line, before, |round| {
        let config: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(config["psFormat"], "table", "{round}");
        assert_eq!(config["auths"]["other.example"]["auth"], "YTpi", "{round}");
    });
    let config: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert!(config["auths"][registry.address()]["auth"].is_string());
    assert_eq!(fs::read_dir(world.docker_config()).unwrap().count(), 1, "something secret is left");
}
