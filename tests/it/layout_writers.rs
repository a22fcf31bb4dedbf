//! Writers of layouts that end in the middle because they are killed, and writers that are many.
//!
//! `ORAS_KILL_ROUNDS` is the number of kills of each command, 4 where it is not set.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use oras::oci::Digest;

use crate::support::world::words;
use crate::support::{STEADY, Setup, World};

/// As many kills as wanted of each command.
fn kills() -> u32 {
    std::env::var("ORAS_KILL_ROUNDS").ok().map_or(4, |number| number.parse().unwrap())
}

/// Kills the command that `line` makes of a layout and each number, each time a bit later than the time before, until it would have
/// ended; looks at the layout after each time, and lets the command end at last.
fn kill(world: &World, line: &dyn Fn(&str, u32) -> String) {
    let layout = "layout";
    let began = Instant::now();
    let _ = world.run(&line("whole", 0)).success();
    let (usual, kills) = (began.elapsed(), kills());
    for number in 1..=kills {
        let mut child = world.command(&words(&line(layout, number)));
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // When it is killed is what is tried here; nothing waits for this time.
        std::thread::sleep(usual * number / kills + Duration::from_micros(u64::from(number) * 37 % 1000));
        let _ = child.kill();
        child.wait().unwrap();
        valid(&world.path(layout));
        let drafts = drafts(&world.path(layout));
        assert!(drafts <= 8, "{drafts} drafts after {number} kills of {}", line(layout, number));
    }
    for number in 1..=kills {
        let _ = world.run(&line(layout, number)).success();
    }
    valid(&world.path(layout));
    assert_eq!(drafts(&world.path(layout)), 0);
}

/// Everything that is listed is there, and everything that is there is what its name says.
fn valid(layout: &Path) {
    if !layout.join("oci-layout").exists() {
        return;
    }
    let blob = |digest: &str| layout.join("blobs").join(digest.replace(':', "/"));
    let index = std::fs::read(layout.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    for entry in index["manifests"].as_array().unwrap() {
        let manifest = std::fs::read(blob(entry["digest"].as_str().unwrap())).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let layers = manifest["layers"].as_array().unwrap().iter();
        for part in layers.chain([&manifest["config"]]) {
            assert!(blob(part["digest"].as_str().unwrap()).exists(), "{part}");
        }
    }
    for entry in walkdir::WalkDir::new(layout.join("blobs")).min_depth(2).into_iter().filter_map(Result::ok) {
        let content = std::fs::read(entry.path()).unwrap();
        assert_eq!(Digest::of(&content).hex(), entry.file_name().to_str().unwrap());
    }
}

/// Files in the folder of a layout that are none of its own.
fn drafts(layout: &Path) -> usize {
    let entries = std::fs::read_dir(layout).into_iter().flatten().map(Result::unwrap);
    let foreign = entries.filter(|entry| {
        !["blobs", "index.json", "oci-layout"].contains(&entry.file_name().to_str().unwrap())
    });
    foreign.count()
}

/// A world with files, each of them worth some writes.
fn world(world: &World) {
    for number in 0..3_u8 {
        world.write(&format!("f{number}"), vec![number; 3 << 20]);
    }
}

#[test]
fn a_push_that_is_killed_leaves_a_valid_layout() {
    let own = World::new();
    world(&own);
    kill(&own, &|layout, number| {
        // Other content each time, so that there is always something to write.
        own.write("f0", vec![u8::try_from(number % 250).unwrap(); (3 << 20) + number as usize]);
        format!("push --oci-layout {layout}:v{number} f0 f1 f2 {STEADY}")
    });
}

#[test]
fn a_copy_that_is_killed_leaves_a_valid_layout() {
    let own = World::new();
    world(&own);
    for number in 0..=kills() {
        own.write("f0", vec![u8::try_from(number % 250).unwrap(); (3 << 20) + number as usize]);
        let _ = own.run(&format!("push --oci-layout source:v{number} f0 f1 f2 {STEADY}")).success();
    }
    kill(&own, &|layout, number| {
        format!("cp --from-oci-layout source:v{number} --to-oci-layout {layout}:v{number}")
    });
}

#[test]
fn a_backup_that_is_killed_leaves_a_valid_layout() {
    let (own, registry) = World::with_registry(Setup::default());
    world(&own);
    let repository = format!("{}/r", registry.address());
    for number in 0..=kills() {
        own.write("f0", vec![u8::try_from(number % 250).unwrap(); (3 << 20) + number as usize]);
        let _ = own.run(&format!("push {repository}:v{number} f0 f1 f2 {STEADY}")).success();
    }
    kill(&own, &|layout, _| format!("backup -o {layout} {repository}"));
}

#[test]
fn a_backup_to_a_tar_that_is_killed_leaves_the_older_one_and_the_next_leaves_nothing_else() {
    let (own, registry) = World::with_registry(Setup::default());
    world(&own);
    let repository = format!("{}/r", registry.address());
    let _ = own.run(&format!("push {repository}:v1 f0 f1 f2 {STEADY}")).success();
    let line = format!("backup -o out/b.tar {repository}");
    std::fs::create_dir(own.path("out")).unwrap();
    let began = Instant::now();
    let _ = own.run(&line).success();
    let (usual, whole) = (began.elapsed(), std::fs::read(own.path("out/b.tar")).unwrap().len());
    for number in 1..=kills() {
        own.write("out/b.tar", "older");
        let child = own.command(&words(&line)).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap();
        std::thread::sleep(usual * number / kills());
        let _ = child.kill();
        child.wait().unwrap();
        let length = std::fs::read(own.path("out/b.tar")).unwrap().len();
        assert!(length == "older".len() || length == whole, "{length} bytes after {number} kills");
        // However many were killed, one folder is left at most.
        assert!(std::fs::read_dir(own.path("out")).unwrap().count() <= 2);
    }
    let _ = own.run(&line).success();
    assert_eq!(std::fs::read_dir(own.path("out")).unwrap().count(), 1);
    let _ = own.run(&format!("restore --input out/b.tar {}/again", registry.address())).success();
}

#[test]
fn twenty_processes_that_write_at_once_lose_nothing() {
    let world = World::new();
    world.write("f", "hello\n");
    let start = |number: u32| {
        let line = format!("push --oci-layout layout:v{number} f -a number={number} {STEADY}");
        let mut command = world.command(&words(&line));
        command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap()
    };
    let mut children: Vec<_> = (0..20).map(start).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let tags = world.run("repo tags --oci-layout layout").success().stdout;
    assert_eq!(tags.lines().count(), 20, "{tags}");
    valid(&world.path("layout"));
    assert_eq!(drafts(&world.path("layout")), 0);
}
