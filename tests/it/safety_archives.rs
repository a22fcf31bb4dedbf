//! Archives and titles that are meant badly, one trick a line: none writes, changes or removes anything outside of the
//! folder, none hangs, and none needs much memory.

#![cfg(unix)]

mod entries;

use std::os::unix::fs::MetadataExt;

use entries::{changed, entry, file, folder, gnu, gzip, hard, link, pax, sized};

use crate::support::hostile::{Artifact, Hostile};
use crate::support::{Run, World};

const UNPACK: &str = r#","io.deis.oras.content.unpack":"true""#;
/// The most that a pull may ask of memory for its data, with the stacks of all threads: 64 MiB, in KiB.
const DATA: usize = 64 * 1024;

/// What has to become of a trick.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It is an error, and nothing is left.
    Refused,
    /// It does nothing bad: it may be refused or lie within the folder.
    Harmless,
}
use Fate::{Harmless, Refused};

/// Tricks with the names of entries.
fn names() -> Vec<(&'static str, Fate, Vec<Vec<u8>>)> {
    let long = "n".repeat(300);
    let deep = "d/".repeat(3000);
    vec![
        ("a name that goes up", Refused, vec![file("dir/../victim")]),
        ("a name that goes up twice", Refused, vec![file("dir/../../victim")]),
        ("a name that goes up from below", Refused, vec![folder("dir/a"), file("dir/a/../../../victim")]),
        ("a name that is only up", Refused, vec![folder("..")]),
        ("an absolute name", Refused, vec![file("/tmp/oras-was-here")]),
        ("a name beside the title", Refused, vec![file("victim")]),
        ("a name that only begins as the title does", Refused, vec![file("dirt/victim")]),
        ("a file in place of the title", Refused, vec![file("dir")]),
        ("a device in place of the title", Harmless, vec![entry(b'3', "dir", "", b"")]),
        ("an empty name", Refused, vec![file("")]),
        ("a name of one point", Refused, vec![file(".")]),
        ("a name with points between", Harmless, vec![file("dir/./././a")]),
        ("a name with many slashes", Harmless, vec![file("dir////a")]),
        ("a name with a backslash", Harmless, vec![file("dir/..\\victim")]),
        ("a name that is no UTF-8", Harmless, vec![changed(file("dir/aa"), 4, &[0xff, 0xfe])]),
        ("a name with controls of a terminal", Harmless, vec![file("dir/\u{1b}[2J\r\n")]),
        ("a prefix that goes up", Refused, vec![changed(file("victim"), 345, b"dir/../..")]),
        ("a long name that goes up", Refused, vec![pax("path", "dir/../../victim"), file("dir/a")]),
        ("a long name of GNU that goes up", Refused, vec![gnu(b'L', "../victim"), file("dir/a")]),
        ("a long name with a zero byte", Refused, vec![pax("path", "dir/a\0/../../victim"), file("dir/a")]),
        ("a part too long for any disk", Refused, vec![pax("path", &format!("dir/{long}")), file("dir/a")]),
        ("a name of thousands of folders", Refused, vec![pax("path", &format!("dir/{deep}")), file("dir/a")]),
        (
            "a name that is set twice, badly last",
            Refused,
            vec![pax("path", "dir/good"), pax("path", "../victim"), file("dir/a")],
        ),
        (
            "a long name of GNU with a zero byte between",
            Harmless,
            vec![gnu(b'L', "dir/a\0/../../victim"), file("dir/b")],
        ),
        ("a long name that is absolute", Refused, vec![pax("path", "/tmp/oras-was-here"), file("dir/a")]),
        (
            "a long name for all entries",
            Harmless,
            vec![changed(pax("path", "../victim"), 156, b"g"), file("dir/a")],
        ),
        (
            "two names that differ in case",
            Harmless,
            vec![file("dir/mINE"), file("dir/MINE"), folder("dir/Mine")],
        ),
        ("an empty long name", Harmless, vec![pax("path", ""), file("dir/a")]),
    ]
}

/// Tricks with links.
fn links() -> Vec<(&'static str, Fate, Vec<Vec<u8>>)> {
    vec![
        ("a link out, and a file through it", Refused, vec![link("dir/l", "../.."), file("dir/l/victim")]),
        ("an absolute link, and a file through it", Refused, vec![link("dir/l", "/tmp"), file("dir/l/x")]),
        ("a link out and nothing else", Refused, vec![link("dir/l", "../../victim")]),
        ("a link to everything", Refused, vec![link("dir/l", "/")]),
        ("a link in place of the title", Refused, vec![link("dir", ".."), file("dir/victim")]),
        (
            "two links that lead out together",
            Refused,
            vec![folder("dir/a"), link("dir/a/up", ".."), link("dir/out", "a/up/../..")],
        ),
        (
            "a link through a link that comes later",
            Refused,
            vec![link("dir/out", "a/b/.."), folder("dir/a"), link("dir/a/b", "../c/../..")],
        ),
        ("a link that points to itself", Harmless, vec![link("dir/l", "l")]),
        ("two links that point to each other", Harmless, vec![link("dir/a", "b"), link("dir/b", "a")]),
        (
            "a file through a link that stays inside",
            Refused,
            vec![folder("dir/a"), link("dir/l", "a"), file("dir/l/x")],
        ),
        (
            "a folder that becomes a link",
            Refused,
            vec![folder("dir/a"), link("dir/a", "../.."), file("dir/a/x")],
        ),
        (
            "a link that becomes a folder",
            Harmless,
            vec![link("dir/a", "b"), folder("dir/a"), file("dir/a/x")],
        ),
        ("a link that becomes a file", Harmless, vec![link("dir/a", "b"), file("dir/a")]),
        ("a file that becomes a folder", Refused, vec![file("dir/a"), file("dir/a/b")]),
        (
            "a long link of PAX that leads out",
            Refused,
            vec![pax("linkpath", "../../victim"), link("dir/l", "a")],
        ),
        ("a long link of GNU that leads out", Refused, vec![gnu(b'K', "../../victim"), link("dir/l", "a")]),
        ("a link to nothing", Harmless, vec![link("dir/l", "")]),
    ]
}

/// Tricks with other names of files.
fn hard_links() -> Vec<(&'static str, Fate, Vec<Vec<u8>>)> {
    vec![
        ("a hard link out", Refused, vec![hard("dir/h", "../victim")]),
        ("a hard link to a file of the system", Refused, vec![hard("dir/h", "/etc/passwd")]),
        (
            "a hard link through a link",
            Refused,
            vec![folder("dir/a"), file("dir/a/x"), link("dir/l", "a"), hard("dir/h", "dir/l/x")],
        ),
        (
            "a hard link out through a link",
            Refused,
            vec![link("dir/l", "../.."), hard("dir/h", "dir/l/victim")],
        ),
        ("a long hard link out", Refused, vec![pax("linkpath", "../victim"), hard("dir/h", "dir/mine")]),
        ("a hard link to a link", Refused, vec![link("dir/l", "a"), hard("dir/h", "dir/l")]),
        ("a hard link to nothing", Refused, vec![hard("dir/h", "dir/none")]),
        ("a hard link to itself", Refused, vec![hard("dir/h", "dir/h")]),
        ("a hard link to a folder", Refused, vec![folder("dir/a"), hard("dir/h", "dir/a")]),
        (
            "a hard link to what is there, then a file over it",
            Harmless,
            vec![hard("dir/h", "dir/mine"), file("dir/h")],
        ),
    ]
}

/// Tricks with kinds, sizes and the form.
fn forms() -> Vec<(&'static str, Fate, Vec<Vec<u8>>)> {
    let mut pipe_through = vec![entry(b'6', "dir/p", "", b"")];
    pipe_through.push(file("dir/p"));
    vec![
        ("a device", Harmless, vec![entry(b'3', "dir/null", "", b""), entry(b'4', "dir/disk", "", b"")]),
        ("a pipe, and a file of its name", Harmless, pipe_through),
        ("a program that runs as its owner", Harmless, vec![file("dir/setuid")]),
        ("a kind that nobody knows", Harmless, vec![entry(b'Z', "dir/z", "", b"zz")]),
        ("a link with content", Harmless, vec![sized(b'2', "dir/l", "a", 512, b""), file("dir/a")]),
        ("a folder with content", Harmless, vec![sized(b'5', "dir/a", "", 512, b""), file("dir/b")]),
        ("a size beyond all disks", Refused, vec![sized(b'0', "dir/a", "", 0o77_777_777_777, b"x")]),
        ("a size of 2^63", Refused, vec![changed(file("dir/a"), 124, b"\x80\0\0\0\x80\0\0\0\0\0\0\0")]),
        ("a negative size", Refused, vec![changed(file("dir/a"), 124, &[0xff; 12])]),
        ("a size that is no number", Refused, vec![changed(file("dir/a"), 124, b"99999999999\0")]),
        (
            "two sizes, of which the second hides an entry",
            Harmless,
            vec![pax("size", "1536"), entry(b'0', "dir/a", "", b""), file("../victim"), vec![0; 512]],
        ),
        ("a size in PAX that is no number", Refused, vec![pax("size", "-1"), file("dir/a")]),
        ("a time beyond all clocks", Harmless, vec![pax("mtime", "99999999999999999"), file("dir/a")]),
        (
            "a record that is longer than its header",
            Refused,
            vec![entry(b'x', "x", "", b"999 path=a\n"), file("dir/a")],
        ),
        ("a record of length nothing", Refused, vec![entry(b'x', "x", "", b"0 path=a\n"), file("dir/a")]),
        ("a long name of gigabytes", Refused, vec![sized(b'L', "x", "", 1 << 32, b"x")]),
        ("a PAX header of gigabytes", Refused, vec![sized(b'x', "x", "", 1 << 32, b"x")]),
        (
            "a sparse file of exabytes",
            Refused,
            vec![pax("GNU.sparse.realsize", "9223372036854775807"), file("dir/a")],
        ),
        ("an old sparse file", Refused, vec![entry(b'S', "dir/a", "", b"")]),
        (
            "a wrong sum",
            Refused,
            vec![{
                let mut wrong = file("dir/a");
                wrong[0] ^= 1;
                wrong
            }],
        ),
        ("a header that is cut", Refused, vec![file("dir/a")[..300].to_vec()]),
        ("an entry behind the end", Harmless, vec![file("dir/a"), vec![0; 1024], file("../victim")]),
        ("a header of a name and no entry", Harmless, vec![pax("path", "../victim")]),
    ]
}

/// Pulls such files with little memory into a world that has something to lose.
fn pull(world: &World, files: &[(&str, &[u8], &str)]) -> Run {
    world.write("victim", "old");
    world.write("out/dir/mine", "mine");
    let registry = Hostile::registry(Artifact::new(files).things());
    let limited = format!(
        "ulimit -d {DATA} && exec {} pull --plain-http {}/r:v1 -o out",
        env!("CARGO_BIN_EXE_oras"),
        registry.address()
    );
    world.run_other("/bin/sh".as_ref(), &format!("-c '{limited}'"))
}

/// Fails unless all that was there before is as it was.
#[track_caller]
fn unharmed(world: &World, trick: &str, fate: Fate, run: &Run) {
    let expected = if fate == Refused { &[Some(1)][..] } else { &[Some(0), Some(1)] };
    assert!(expected.contains(&run.code), "{trick}: {run}");
    let outside: Vec<String> = world.tree().into_iter().filter(|name| !name.starts_with("out/")).collect();
    assert_eq!(outside, ["victim 3"], "{trick}: {run}");
    assert_eq!((world.read("victim"), world.read("out/dir/mine")), ("old".into(), "mine".into()), "{trick}");
    assert!(!std::path::Path::new("/tmp/oras-was-here").exists(), "{trick}");
    if run.code == Some(1) {
        assert_eq!(world.tree(), ["out/", "out/dir/", "out/dir/mine 4", "victim 3"], "{trick}: {run}");
    }
    let all = walkdir::WalkDir::new(world.path("out")).into_iter().map(Result::unwrap);
    for found in all.filter(|found| !found.path_is_symlink()) {
        let about = found.metadata().unwrap();
        let kind = about.file_type();
        assert!(kind.is_file() || kind.is_dir(), "{trick}: {}", found.path().display());
        assert_eq!(about.mode() & 0o6000, 0, "{trick}: {}", found.path().display());
    }
    assert!(world.left_over().is_empty(), "{trick}: {:?}", world.left_over());
    let told = format!("{}{}", run.stdout, run.stderr);
    assert!(!told.contains(['\u{1b}', '\r']), "{trick}: {told:?}");
}

fn play(tricks: Vec<(&'static str, Fate, Vec<Vec<u8>>)>) {
    for (trick, fate, parts) in tricks {
        let world = World::new();
        // What is said to be whole ends as archives end; what is cut does not.
        let whole = parts.last().is_some_and(|part| part.len() % 512 == 0);
        let end = if whole { vec![0; 1024] } else { Vec::new() };
        let archive = gzip(&[parts.concat(), end].concat());
        let run = pull(&world, &[("dir", &archive, UNPACK)]);
        unharmed(&world, trick, fate, &run);
    }
}

#[test]
fn names_of_entries() {
    play(names());
}

#[test]
fn links_of_entries() {
    play([links(), hard_links()].concat());
}

#[test]
fn forms_of_entries() {
    play(forms());
}

#[test]
fn there_are_many_tricks_each_with_a_sentence_of_its_own() {
    let all: Vec<&str> =
        [names(), links(), hard_links(), forms()].concat().into_iter().map(|(trick, ..)| trick).collect();
    let different: std::collections::HashSet<&&str> = all.iter().collect();
    assert!(all.len() >= 60 && different.len() == all.len(), "{}", all.len());
}

#[test]
fn bombs_are_unpacked_in_little_memory_or_refused() {
    // 256 MiB of zeros in 1 MiB, and an archive that ends in the middle of them.
    let mut bomb = sized(b'0', "dir/zeros", "", 1 << 30, b"");
    bomb.resize(256 * 1024 * 1024, 0);
    let far = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 20 << 3, 1, 0, 0][..], &[0; 64]].concat();
    // A frame of zstd whose block says to be one byte 2^17 times, over and over again, and of unknown size.
    let block = [&(((1 << 17) << 3 | 1 << 1) as u32).to_le_bytes()[..3], &[0]].concat();
    let zeros = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0x58][..], &block.repeat(2048)].concat();
    let nested = gzip(&gzip(&file("dir/a")));
    for (trick, archive) in [
        ("much more than was sent", gzip(&bomb)),
        ("a window of a GiB", far),
        ("zeros without end in zstd", zeros),
        (
            "a second shell with what the first has not",
            [gzip(&file("dir/a")), gzip(&file("../victim"))].concat(),
        ),
        ("a shell that is cut", gzip(&[file("dir/a"), vec![0; 1024]].concat())[..40].to_vec()),
        (
            "rubbish behind the shell",
            [gzip(&[file("dir/a"), vec![0; 1024]].concat()), b"rubbish".to_vec()].concat(),
        ),
        ("an archive in two shells", nested),
        ("nothing at all, compressed", gzip(b"")[..9].to_vec()),
    ] {
        let world = World::new();
        let run = pull(&world, &[("dir", &archive, UNPACK)]);
        unharmed(&world, trick, Refused, &run);
    }
}

#[test]
fn a_hundred_thousand_entries_are_unpacked_in_little_memory() {
    let world = World::new();
    let many: Vec<u8> = (0..100_000).flat_map(|_| entry(b'0', "dir/a", "", b"")).collect();
    let run = pull(&world, &[("dir", &gzip(&[many, vec![0; 1024]].concat()), UNPACK)]);
    unharmed(&world, "one name a hundred thousand times", Harmless, &run);
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn titles_of_files() {
    let long = "n".repeat(256);
    for (trick, title) in [
        ("the folder above", ".."),
        ("a file above", "../victim"),
        ("a file above by a way round", "dir/../../victim"),
        ("a folder that is there", "dir"),
        ("a file in place of the folder itself", "."),
        ("all of the disk", "/"),
        ("a file of the system", "/etc/oras-was-here"),
        ("a zero byte", "a\0b"),
        ("a name too long for any disk", &long),
        ("a file below a file", "dir/mine/x"),
    ] {
        let world = World::new();
        let run = pull(&world, &[("good", b"good", ""), (title, b"bad", "")]);
        unharmed(&world, trick, Refused, &run);
    }
}
