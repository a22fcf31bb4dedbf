//! The same command lines for ours and for the real oras 1.3.6, compared in everything that a script can see.
//!
//! Runs where `ORAS_PEERS` names a folder filled by `tests/peers.sh`; then a missing peer is a failure. The lines are in
//! `tests/parity/*.txt`, in the small language that [`script`] explains. What belongs here is what both must do alike;
//! where ours is better on purpose, the line says so and why, and the test fails when that is true no longer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests stand outside of the house and make their own surroundings"
)]

#[path = "parity/help.rs"]
mod help;
#[path = "parity/observed.rs"]
mod observed;
#[path = "parity/player.rs"]
mod player;
#[path = "parity/script.rs"]
mod script;
#[path = "parity/stranger.rs"]
mod stranger;
#[path = "it/support/mod.rs"]
mod support;

use std::path::PathBuf;

use support::World;

/// The real oras, if the peers are switched on.
fn oras() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("ORAS_PEERS")?);
    let oras = folder.join(format!("oras{}", std::env::consts::EXE_SUFFIX));
    assert!(oras.is_file(), "ORAS_PEERS is set, but {} is missing: run tests/peers.sh", oras.display());
    Some(oras)
}

macro_rules! scripts {
    ($($name:ident),* $(,)?) => { $(
        #[test]
        fn $name() {
            if let Some(oras) = oras() {
                script::play(include_str!(concat!("parity/", stringify!($name), ".txt")), &oras);
            }
        }
    )* };
}

scripts!(
    attach,
    authored,
    backup,
    blob,
    cache,
    copy,
    debug,
    discover,
    flags,
    formats,
    graphs,
    indexes,
    layout,
    manifest,
    manifest_index,
    mistakes,
    odd,
    places,
    passwords,
    prompts,
    pull,
    push,
    repository,
    requests,
    schema,
    tag,
    template,
    tokens,
    unexpected,
    unusual,
);

/// A folder with everything that a tar can say: long names, links, odd modes and times.
fn odd_folder(world: &World) {
    let long = "a-name-that-is-rather-long-".repeat(6);
    for name in ["one.txt", "empty/.keep", "deep/er/two.txt", "ünïcode/файл.txt"] {
        world.write(&format!("folder/{name}"), name);
    }
    world.write(&format!("folder/{long}.txt"), "long");
    world.write(&format!("folder/{long}/{long}/three.txt"), "longer");
    world.write("folder/big.bin", vec![7_u8; 3 * 1024 * 1024]);
    #[cfg(unix)]
    odd_entries(world, &long);
}

#[cfg(unix)]
fn odd_entries(world: &World, long: &str) {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, SystemTime};

    world.link("folder/link", "one.txt");
    world.link("folder/longlink", &format!("{long}/{long}/three.txt"));
    fs::hard_link(world.path("folder/one.txt"), world.path("folder/hard.txt")).unwrap();
    fs::set_permissions(world.path("folder/one.txt"), Permissions::from_mode(0o4755)).unwrap();
    fs::set_permissions(world.path("folder/deep"), Permissions::from_mode(0o1777)).unwrap();
    for (name, milliseconds) in
        [("one.txt", 1_700_000_000_499), ("big.bin", 1_700_000_000_500), ("deep/er/two.txt", 1)]
    {
        let file = fs::File::options().append(true).open(world.path(format!("folder/{name}"))).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)).unwrap();
    }
}

#[test]
fn packed_folders_have_the_same_tar() {
    let Some(oras) = oras() else { return };
    // One world, so that both pack the same inodes with the same times.
    let ours = World::new();
    odd_folder(&ours);
    let tar_digest = |layout: &str| {
        let run = ours.run(&format!("manifest fetch --oci-layout {layout}:v1")).success();
        run.json()["layers"][0]["annotations"]["io.deis.oras.content.digest"].as_str().unwrap().to_owned()
    };
    let _ = ours.run("push --oci-layout ours:v1 folder").success();
    let theirs = std::process::Command::new(oras)
        .current_dir(ours.work())
        .args(["push", "--oci-layout", "theirs:v1", "folder"])
        .output()
        .unwrap();
    assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
    assert_eq!(tar_digest("ours"), tar_digest("theirs"));
}

/// The commands that oras does not have.
const OURS: &[&str] = &["doctor", "man", "serve", "whoami"];

#[test]
fn help_has_the_same_form() {
    let Some(oras) = oras() else { return };
    let world = World::new();
    let (mut paths, mut differences) = (vec![String::new()], String::new());
    while let Some(path) = paths.pop() {
        let ours = world.run(&format!("{path} --help")).success().stdout;
        let theirs = world.run_other(&oras, &format!("{path} --help")).success().stdout;
        if let Some(difference) = help::compare(&ours, &theirs) {
            differences.extend(["\n=== oras", &path, "\n", &difference, "\n"]);
        }
        let below = help::commands(&ours).into_iter().filter(|name| !OURS.contains(&name.as_str()));
        paths.extend(below.map(|name| format!("{path} {name}")));
    }
    assert!(differences.is_empty(), "not as oras does it:\n{differences}");
}
