//! Disks that are full, that may not be written, or that may not be read: what a command says, and what it leaves.
//!
//! Each script has a file system of its own that is as it is wanted, and runs where the system lets one make such; where
//! `ORAS_PEERS` says that everything is there, it has to.

use std::path::Path;
use std::process::Stdio;

use crate::support::{Run, Setup, World};

/// Runs a script with file systems of its own, where the system lets one make them. It leaves no temporary files.
pub(crate) fn alone(world: &World, script: &str) -> Option<Run> {
    let unshare = Path::new("unshare");
    let may = std::process::Command::new(unshare).args(["-Urm", "true"]).stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        assert!(
            std::env::var_os("ORAS_PEERS").is_none(),
            "ORAS_PEERS is set, but no file systems can be made"
        );
        return None;
    }
    let script = format!("oras={}; mkdir small; {script}", env!("CARGO_BIN_EXE_oras"));
    world.write("script", script);
    let run = world.run_other(unshare, "-Urm sh script");
    assert!(world.left_over().is_empty(), "{:?} after {run}", world.left_over());
    Some(run)
}

#[test]
fn a_full_disk_is_told_and_the_layout_stays_as_it_was() {
    let world = World::new();
    world.write("small.txt", "hello\n");
    world.write("large", vec![7; 8 << 20]);
    let script = "
        mount -t tmpfs -o size=4m none small || exit 99
        $oras push --oci-layout small/layout:v1 small.txt >/dev/null || exit 98
        before=$(cat small/layout/index.json; find small -type f | sort)
        $oras push --oci-layout small/layout:v2 large >/dev/null
        echo code $?
        [ \"$before\" = \"$(cat small/layout/index.json; find small -type f | sort)\" ] && echo same
        $oras pull --oci-layout small/layout:v1 -o out >/dev/null && cat out/small.txt";
    let Some(run) = alone(&world, script) else { return };
    assert_eq!(run.stdout, "code 1\nsame\nhello\n", "{run}");
    assert!(run.stderr.contains("no space left on device") && run.stderr.contains("Error: "), "{run}");
}

#[test]
fn a_folder_that_may_not_be_written_is_told_and_is_read_all_the_same() {
    let world = World::new();
    world.write("small.txt", "hello\n");
    let script = "
        mount -t tmpfs none small || exit 99
        $oras push --oci-layout small/layout:v1 small.txt >/dev/null || exit 98
        mount -o remount,ro none small || exit 97
        echo other > small.txt
        $oras push --oci-layout small/layout:v2 small.txt >/dev/null
        echo code $?
        $oras tag --oci-layout small/layout:v1 v3 >/dev/null
        echo code $?
        $oras backup --plain-http -o small/backup localhost:1/r:v1 >/dev/null
        echo code $?
        $oras repo tags --oci-layout small/layout
        $oras pull --oci-layout small/layout:v1 -o out >/dev/null && cat out/small.txt";
    let Some(run) = alone(&world, script) else { return };
    assert_eq!(run.stdout, "code 1\ncode 1\ncode 1\nv1\nhello\n", "{run}");
    assert_eq!(run.stderr.matches("read-only file system").count(), 2, "{run}");
}

/// The start of a script that makes a disk of 4 MiB with a folder `out` on it, and layouts beside it.
const SMALL: &str = "
    mount -t tmpfs -o size=4m none small || exit 99
    mkdir small/out
    told() { echo code $?; }
    state() { find small | sort; find small -type f -exec cksum {} + | sort; }
    same() { [ \"$before\" = \"$(state)\" ] && echo same || state; }
";

#[test]
fn a_disk_that_fills_up_keeps_the_files_that_a_pull_would_have_replaced() {
    let world = World::new();
    world.write("large", vec![7; 8 << 20]);
    world.write("folder/a", "small\n");
    world.write("folder/large", vec![7; 8 << 20]);
    world.write("old/large", "old\n");
    world.write("old/folder/a", "old\n");
    let script = format!(
        "{SMALL}
        $oras push --oci-layout file:v1 large >/dev/null && $oras push --oci-layout folder:v1 folder >/dev/null
        cp -r old/. small/out
        before=$(state)
        $oras pull --oci-layout file:v1 -o small/out >/dev/null; told; same
        $oras pull --oci-layout folder:v1 -o small/out >/dev/null; told; same
        $oras pull --oci-layout file:v1 -o small/new/deep >/dev/null; told
        rmdir small/new/deep small/new; same
        digest=sha256:$(sha256sum large | cut -d' ' -f1)
        $oras blob fetch --oci-layout file@$digest -o small/out/large >/dev/null; told; same"
    );
    let Some(run) = alone(&world, &script) else { return };
    assert_eq!(run.stdout, "code 1\nsame\n".repeat(4), "{run}");
    assert_eq!(run.stderr.matches("no space left on device").count(), 4, "{run}");
    for named in ["out/large: ", "out/folder/large: ", "new/deep/large: "] {
        assert!(run.stderr.contains(named), "{named}: {run}");
    }
}

#[test]
fn a_disk_that_fills_up_keeps_the_backup_of_before() {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("small.txt", "hello\n");
    world.write("half", vec![7; 5 << 19]);
    world.write("large", vec![7; 8 << 20]);
    let repository = format!("{}/r", registry.address());
    let script = format!(
        "{SMALL}
        $oras push {repository}:v1 small.txt >/dev/null
        $oras backup -o small/b.tar {repository}:v1 >/dev/null
        $oras backup -o small/folder {repository}:v1 >/dev/null
        $oras push {repository}:v2 large >/dev/null
        before=$(state)
        $oras backup -o small/b.tar {repository} >/dev/null; told; same
        $oras backup -o small/folder {repository} >/dev/null; told
        $oras repo tags --oci-layout small/folder
        $oras pull --oci-layout small/folder:v1 -o out >/dev/null && cat out/small.txt
        rm -r small/folder
        $oras push {repository}:v3 half >/dev/null
        before=$(state)
        $oras backup -o small/b.tar {repository}:v3 >/dev/null; told; same
        $oras backup -o small/new.tar {repository}:v1 >/dev/null && ls -A small"
    );
    let Some(run) = alone(&world, &script) else { return };
    assert_eq!(run.stdout, "code 1\nsame\ncode 1\nv1\nhello\ncode 1\nsame\nb.tar\nnew.tar\nout\n", "{run}");
    assert_eq!(run.stderr.matches("no space left on device").count(), 3, "{run}");
    // There was room for its layout, and not for the tar of it.
    assert!(run.stderr.contains("small/b.tar: no space left on device"), "{run}");
}

#[test]
fn a_folder_that_may_not_be_written_keeps_its_files() {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("a.txt", "new\n");
    world.write("folder/a", "new\n");
    world.write("old/a.txt", "old\n");
    world.write("old/folder/a", "old\n");
    let repository = format!("{}/r", registry.address());
    // Without the rights of an administrator, who may do anything; the second time the disk itself says no.
    let script = format!(
        "{SMALL}
        $oras push {repository}:v1 a.txt folder >/dev/null
        cp -r old/. small/out; echo old >small/out/b.tar
        before=$(state)
        tries() {{
            $may $oras pull {repository}:v1 -o small/out >/dev/null; told
            $may $oras pull {repository}:v1 --file folder -o small/out >/dev/null; told
            $may $oras pull {repository}:v1 -o small/out/new >/dev/null; told
            $may $oras backup -o small/out/b.tar {repository} >/dev/null; told
            $may $oras backup -o small/out/layout {repository} >/dev/null; told
            $may $oras manifest fetch {repository}:v1 -o small/out/a.txt >/dev/null; told
            same
        }}
        chmod 555 small/out/folder small/out
        may='setpriv --bounding-set=-all'; tries
        mount -o remount,ro none small || exit 97
        may=; tries"
    );
    let Some(run) = alone(&world, &script) else { return };
    let expected = format!("{}same\n", "code 1\n".repeat(6));
    assert_eq!(run.stdout, expected.repeat(2), "{run}");
    assert_eq!(run.stderr.matches("permission denied").count(), 6, "{run}");
    assert_eq!(run.stderr.matches("read-only file system").count(), 6, "{run}");
}

#[test]
fn what_may_not_be_read_is_named_and_nothing_is_pushed() {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("good.txt", "good\n");
    world.write("secret.txt", "secret\n");
    world.write("folder/good", "good\n");
    world.write("folder/secret", "secret\n");
    world.write("closed/in/good", "good\n");
    let repository = format!("{}/r", registry.address());
    let script = format!(
        "{SMALL}
        $oras push --oci-layout layout:good good.txt >/dev/null
        before=$(cat layout/index.json; find layout | sort)
        chmod 0 secret.txt folder/secret closed/in
        oras=\"setpriv --bounding-set=-all $oras\"
        for files in 'good.txt secret.txt' folder closed; do
            $oras push {repository}:v1 $files >/dev/null; told
            $oras push --oci-layout layout:v1 $files >/dev/null; told
            $oras attach --oci-layout layout:good --artifact-type a/b $files >/dev/null; told
        done
        $oras blob push {repository} secret.txt >/dev/null; told
        [ \"$before\" = \"$(cat layout/index.json; find layout | sort)\" ] && echo same
        chmod 700 closed/in"
    );
    let Some(run) = alone(&world, &script) else { return };
    assert_eq!(run.stdout, format!("{}same\n", "code 1\n".repeat(10)), "{run}");
    assert_eq!(run.stderr.matches("permission denied").count(), 10, "{run}");
    for named in
        ["secret.txt: permission denied", "folder/secret: permission denied", "closed/in: permission denied"]
    {
        assert!(run.stderr.contains(named), "{named}: {run}");
    }
    assert!(registry.log().iter().all(|line| !line.starts_with("PUT")), "{:?}", registry.log());
}

#[test]
fn a_folder_that_may_only_be_written_to_takes_files() {
    let world = World::new();
    world.write("a.txt", "new\n");
    let script = format!(
        "{SMALL}
        $oras push --oci-layout layout:v1 a.txt >/dev/null
        chmod 300 small/out
        setpriv --bounding-set=-all $oras pull --oci-layout layout:v1 -o small/out >/dev/null; told
        cat small/out/a.txt; ls -A small/out"
    );
    let Some(run) = alone(&world, &script) else { return };
    assert_eq!(run.stdout, "code 0\nnew\na.txt\n", "{run}");
}
