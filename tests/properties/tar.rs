//! Archives that others wrote: whatever stands in them, nothing outside of the folder is touched.

use std::fs;
use std::path::Path;

use oras::content::{Body, Target};
use oras::files::{Output, Rules};
use oras::oci::{Descriptor, annotations};
use proptest::prelude::*;

use super::cases;

/// What a header says, without any care.
#[derive(Debug, Clone)]
struct Entry {
    kind: u8,
    name: Vec<u8>,
    link: Vec<u8>,
    content: Vec<u8>,
    /// What the field of the size says instead.
    size: Option<[u8; 12]>,
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let parts: &[&str] = &[
        "a", "b", "c", "/", "//", "..", ".", "../", "./", "/..", "\0", "\\", "outside", "$", "\n", "ä", "C:",
        "con",
    ];
    let made = proptest::collection::vec(proptest::sample::select(parts), 0..6)
        .prop_map(|parts| parts.concat().into_bytes());
    prop_oneof![6 => made, 1 => proptest::collection::vec(any::<u8>(), 0..120), 1 => "[a-c/]{250,300}".prop_map(String::into_bytes)]
}

fn entry() -> impl Strategy<Value = Entry> {
    let kind = proptest::sample::select(b"000551122gxLK734S6\0".to_vec());
    let pax = (
        prop_oneof![Just("path"), Just("linkpath"), Just("size"), Just("mtime"), Just("GNU.sparse.name")],
        name(),
    )
        .prop_map(|(key, value)| {
            let rest = [b" ", key.as_bytes(), b"=", &value, b"\n"].concat();
            let digits = (1..9).find(|digits| (rest.len() + digits).to_string().len() == *digits);
            [(rest.len() + digits.unwrap_or(1)).to_string().into_bytes(), rest].concat()
        });
    let content = prop_oneof![proptest::collection::vec(any::<u8>(), 0..600), pax, name()];
    let size = proptest::option::weighted(0.1, any::<[u8; 12]>());
    (kind, name(), name(), content, size).prop_map(|(kind, name, link, content, size)| Entry {
        kind,
        name,
        link,
        content,
        size,
    })
}

fn field(block: &mut [u8], bytes: &[u8]) {
    let length = bytes.len().min(block.len());
    block[..length].copy_from_slice(&bytes[..length]);
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let mut block = [0; 512];
        field(&mut block[..100], &entry.name);
        field(&mut block[100..108], b"0000755\0");
        field(&mut block[124..136], format!("{:011o}\0", entry.content.len()).as_bytes());
        field(&mut block[136..148], b"00000000000\0");
        block[156] = entry.kind;
        field(&mut block[157..257], &entry.link);
        field(&mut block[257..265], b"ustar\x0000");
        if let Some(size) = &entry.size {
            field(&mut block[124..136], size);
        }
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        field(&mut block[148..156], format!("{sum:06o}\0 ").as_bytes());
        bytes.extend(block);
        bytes.extend(&entry.content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend([0; 1024]);
    bytes
}

/// Everything below a folder, with what is in it.
fn seen(folder: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let all = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    all.map(|found| (found.path().display().to_string(), fs::read(found.path()).ok())).collect()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn no_archive_touches_anything_outside(entries in proptest::collection::vec(entry(), 1..8), cut in any::<proptest::sample::Index>(), whole in proptest::bool::weighted(0.8)) {
        let root = tempfile::tempdir().unwrap();
        let outside = root.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("a"), "mine").unwrap();
        fs::write(root.path().join("a"), "mine").unwrap();
        let (home, before) = (root.path().join("home"), seen(&outside));
        fs::create_dir(&home).unwrap();
        let mut bytes = archive(&entries);
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut node = Descriptor::of("application/vnd.oci.image.layer.v1.tar", &bytes);
        node.annotations.insert(annotations::TITLE.to_owned(), "t".to_owned());
        node.annotations.insert(annotations::CONTENT_UNPACK.to_owned(), "true".to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let output = Output::new(&home, Rules::default());
        let put = runtime.block_on(output.put(&node, Body::bytes(bytes)));
        output.keep();
        drop(output);
        prop_assert_eq!(seen(&outside), before);
        prop_assert_eq!(fs::read(root.path().join("a")).unwrap(), b"mine");
        // Beside what was meant there is nothing, and nothing without its final name.
        let names: Vec<_> = fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        prop_assert!(names.iter().all(|name| name == "t"), "{names:?}");
        prop_assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3);
        prop_assert!(put.is_err() || home.join("t").is_dir());
    }
}
