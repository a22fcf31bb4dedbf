//! The expected digests are those of the headers in archives that oras 1.3.6 packed of real files.

use super::*;
use crate::oci::Digest;

const MODIFIED: i64 = 1_700_000_000;

fn entry(kind: EntryKind, name: &[u8]) -> Entry<'_> {
    let (mode, size) = match kind {
        EntryKind::File => (0o644, 1),
        EntryKind::Symlink => (0o777, 0),
        _ => (0o755, 0),
    };
    Entry { kind, name, link: b"", mode, size, modified: MODIFIED, device: (0, 0) }
}

#[track_caller]
fn check(entry: &Entry<'_>, expected: &str) {
    let digest = Digest::of(&entry.blocks());
    assert_eq!(&digest.hex()[..16], expected, "{}", String::from_utf8_lossy(entry.name));
}

fn repeated(start: &str, letter: &str, count: usize, end: &str) -> Vec<u8> {
    format!("{start}{}{end}", letter.repeat(count)).into_bytes()
}

#[test]
fn long_names_are_divided_or_extended_as_in_oras() {
    let d90 = "names/".to_owned() + &"d".repeat(90) + "/";
    let cases = [
        (repeated("names/", "f", 99, ""), "f83f1a165e23747d"),
        (repeated("names/", "g", 100, ""), "5295dc0a0f6be14a"),
        (repeated("names/", "h", 101, ""), "739561d82d303ddc"),
        (repeated("names/", "i", 250, ""), "5fc1736f7bf0926d"),
        (repeated("names/c/", "m", 92, ""), "798000afc140cfff"),
        (repeated("names/c/", "m", 93, ""), "52435cbdf0478279"),
        (repeated(&d90, "e", 99, ""), "47b00ddeb17bb882"),
        (repeated(&d90, "k", 100, ""), "87d8b9f52ff83203"),
        (repeated(&d90, "l", 101, ""), "4754594cc6a16e75"),
        (repeated("names/", "p", 149, "/q"), "bd0c26c7e3b09b5b"),
        (repeated("names/", "p", 150, "/q"), "b66b55ebba720306"),
        (repeated("names/z/", "r", 147, "/t"), "93fa3af9df587cf6"),
        (repeated("names/z/", "r", 148, "/t"), "ddb29eb440abf988"),
    ];
    for (name, expected) in &cases {
        check(&entry(EntryKind::File, name), expected);
    }
    check(&entry(EntryKind::Folder, &repeated("names/z/", "r", 150, "")), "0d3867b1c0a67847");
}

#[test]
fn names_beyond_ascii_are_extended_as_in_oras() {
    for (name, expected) in [
        ("uni/é.txt".as_bytes(), "96651c4fb670357e"),
        (b"uni/raw\xff\xfe", "b0b97d87bb2fc336"),
        (b"uni/nl\nx", "5fe2dd73d0dc0278"),
        (b"uni/del\x7f", "7aa44e2ebd8544d9"),
        (&repeated("uni/", "a", 95, "é"), "66d220c9806a7efe"),
        (format!("uni/{}/{}", "ä".repeat(60), "b".repeat(100)).as_bytes(), "ca706a5c5f66454e"),
    ] {
        check(&entry(EntryKind::File, name), expected);
    }
}

#[test]
fn links_devices_and_modes_are_those_of_oras() {
    let link = |name: &'static [u8], link: &[u8], expected| {
        check(&Entry { link, ..entry(EntryKind::Symlink, name) }, expected);
    };
    link(b"links/l", b"a", "5925460e13d1ab4d");
    link(b"links/l100", &repeated("", "x", 100, ""), "873e18fec890d22e");
    link(b"links/l101", &repeated("", "x", 101, ""), "7b606f8d98c41baf");
    link(b"links/lu", "é".as_bytes(), "c29f63dac45c7f4f");
    let device =
        Entry { device: (300, 70_000), mode: 0o600, ..entry(EntryKind::CharacterDevice, b"modes/chr") };
    check(&device, "51ffbc454621b73e");
    check(&Entry { mode: 0o644, ..entry(EntryKind::Fifo, b"modes/fifo") }, "2a215d49bc29e547");
    check(&Entry { mode: 0o7777, ..entry(EntryKind::File, b"modes/m7777") }, "14202fbe1f13b12c");
    check(&Entry { mode: 0o1777, ..entry(EntryKind::Folder, b"modes/d1777") }, "c8bd48fa40e0d99e");
}

#[test]
fn times_before_1970_are_extended_as_in_oras() {
    check(&Entry { modified: 0, ..entry(EntryKind::File, b"times/t00") }, "1b835485abef38a9");
    check(&Entry { modified: -10, ..entry(EntryKind::Folder, b"times") }, "0623b2182b84a5c2");
    let long = repeated("times/", "L", 120, "");
    check(&Entry { modified: -5, ..entry(EntryKind::File, &long) }, "71adc94a39ad034c");
    let name = format!("times/{}/{}", "d".repeat(90), "e".repeat(90));
    check(&Entry { modified: -7, ..entry(EntryKind::File, name.as_bytes()) }, "db0b7a9a2daa3eb4");
}

#[test]
fn the_size_of_a_huge_file_is_extended() {
    let fits = Entry { size: (1 << 33) - 1, ..entry(EntryKind::File, b"f") }.blocks();
    assert_eq!((fits.len(), &fits[124..136]), (BLOCK, &b"77777777777\0"[..]));
    check(&Entry { size: 1 << 33, ..entry(EntryKind::File, b"huge/f") }, "17bc4f51f8118ce1");
}
