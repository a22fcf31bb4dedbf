//! Titles and archives that are meant badly: what a pull leaves behind.

use std::io::Write;

use oras::oci::Digest;

use crate::support::World;
use crate::support::hostile::{Artifact, Hostile};

const UNPACK: &str = r#","io.deis.oras.content.unpack":"true""#;

/// Pulls such files into `out`, which is not there before unless the test made it.
fn pull(world: &World, files: &[(&str, &[u8], &str)]) -> crate::support::Run {
    let registry = Hostile::registry(Artifact::new(files).things());
    world.run(&format!("pull --plain-http {}/r:v1 -o out", registry.address()))
}

/// All that is there but the folder itself, which stays.
fn left(world: &World) -> Vec<String> {
    world.tree().into_iter().filter(|name| name != "out/").collect()
}

#[test]
fn titles_that_cannot_be_files_below_the_folder_are_refused() {
    let long = "n".repeat(300);
    let deep = "d/".repeat(3000) + "x";
    for title in ["..", "/", "a/../..", "../out2/x", "a\0b", &long, &deep] {
        let world = World::new();
        let run = pull(&world, &[("good.txt", b"good", ""), (title, b"bad", "")]).failure();
        assert!(left(&world).is_empty(), "{title:?}: {:?}\n{run}", left(&world));
    }
}

#[test]
fn names_that_mean_something_elsewhere_are_names() {
    let world = World::new();
    let titles = ["CON", "C:x", r"..\up", "%2e%2e", "a\nb", "-o", "~"];
    for title in titles {
        let _ = pull(&world, &[(title, b"x", "")]).success();
    }
    if cfg!(unix) {
        assert_eq!(left(&world).len(), titles.len(), "{:?}", left(&world));
    }
}

#[test]
fn titles_that_get_in_each_others_way_leave_nothing() {
    for titles in [["a", "a/b"], ["a/b", "a"], ["a", "./a"], ["a/../b", "b"], ["a", "a/b/../../a"]] {
        let world = World::new();
        let run = pull(&world, &[(titles[0], b"one", ""), (titles[1], b"two", "")]).failure();
        assert!(left(&world).is_empty(), "{titles:?}: {:?}\n{run}", left(&world));
    }
}

#[cfg(unix)]
#[test]
fn links_that_are_there_lead_nothing_out() {
    let world = World::new();
    world.write("outside/victim", "old");
    world.write("out/kept", "kept");
    world.link("out/folder", "../outside");
    world.link("out/dangling", "../outside/none");
    world.link("out/file", "../outside/victim");
    for title in ["folder/victim", "folder/new", "dangling/new", "folder/sub/new"] {
        let _ = pull(&world, &[(title, b"bad", "")]).failure();
    }
    // A link under the very name is replaced, not followed.
    let _ = pull(&world, &[("file", b"new", ""), ("dangling", b"new", "")]).success();
    assert_eq!((world.read("outside/victim").as_str(), world.read("out/file").as_str()), ("old", "new"));
    assert_eq!(std::fs::read_dir(world.path("outside")).unwrap().count(), 1);
    // The folder that the user names may be a link.
    world.link("linked", "out");
    let registry = Hostile::registry(Artifact::new(&[("new", b"n", "")]).things());
    let _ = world.run(&format!("pull --plain-http {}/r:v1 -o linked", registry.address())).success();
    assert_eq!(world.read("out/new"), "n");
}

fn archive(entries: &[(tar::EntryType, &str, &str)]) -> Vec<u8> {
    let mut builder =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (kind, name, link) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_mode(0o6777);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_size(0);
        header.set_cksum();
        builder.append(&header, std::io::empty()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[cfg(unix)]
#[test]
fn an_archive_that_leads_out_leaves_nothing_and_keeps_what_was_there() {
    use tar::EntryType::{Directory, Link, Regular, Symlink};
    for entries in [
        vec![(Regular, "dir/ok", ""), (Regular, "dir/../../victim", "")],
        vec![(Regular, "dir/ok", ""), (Symlink, "dir/l", "../../.."), (Regular, "dir/l/victim", "")],
        vec![(Directory, "dir/a", ""), (Symlink, "dir/a/up", ".."), (Symlink, "dir/out", "a/up/../..")],
        vec![(Link, "dir/h", "/etc/passwd")],
        vec![(Link, "dir/h", "../victim")],
        vec![(Symlink, "dir", "/etc"), (Regular, "dir/x", "")],
    ] {
        let world = World::new();
        world.write("victim", "old");
        world.write("out/dir/mine", "mine");
        let run = pull(&world, &[("dir", &archive(&entries), UNPACK)]).failure();
        assert_eq!(world.tree(), ["out/", "out/dir/", "out/dir/mine 4", "victim 3"], "{entries:?}\n{run}");
        assert!(world.left_over().is_empty());
    }
}

#[test]
fn an_archive_that_is_damaged_or_not_what_it_says_leaves_nothing() {
    let good = archive(&[(tar::EntryType::Regular, "dir/a", "")]);
    let mut cut = good.clone();
    cut.truncate(good.len() - 9);
    let garbage = [good.as_slice(), b"garbage after the end"].concat();
    let digest = format!(r#"{UNPACK},"io.deis.oras.content.digest":"{}""#, Digest::of(b"another"));
    for (bytes, more) in
        [(&cut, UNPACK), (&garbage, UNPACK), (&b"no archive".to_vec(), UNPACK), (&good, &digest)]
    {
        let world = World::new();
        let _ = pull(&world, &[("dir", bytes, more)]).failure();
        assert!(left(&world).is_empty(), "{:?}", left(&world));
    }
}

#[test]
fn what_is_much_larger_than_its_layer_is_unpacked_piece_by_piece() {
    // 64 MiB of zeros in 64 KiB, ending in the middle of a file: all of it is gone afterwards.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut header = tar::Header::new_ustar();
    header.set_path("dir/zeros").unwrap();
    header.set_size(1 << 30);
    header.set_cksum();
    bomb.write_all(header.as_bytes()).unwrap();
    for _ in 0..64 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let world = World::new();
    let run = pull(&world, &[("dir", &bomb.finish().unwrap(), UNPACK)]).failure();
    assert!(run.stderr.contains("unexpected end of the archive"), "{run}");
    assert!(left(&world).is_empty(), "{:?}", left(&world));
}

#[test]
fn what_failures_say_of_titles_is_fit_for_a_terminal() {
    let world = World::new();
    let run = pull(&world, &[("a\u{1b}[2J\u{9b}", b"one", ""), ("./a\u{1b}[2J\u{9b}", b"two", "")]).failure();
    assert!(run.stderr.contains(r"a\x1b[2J\x9b"), "{run}");
    assert!(
        !run.stderr.contains(['\u{1b}', '\u{9b}']) && !run.stdout.contains(['\u{1b}', '\u{9b}']),
        "{run}"
    );
}
