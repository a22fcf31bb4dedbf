//! Folders on their way through an archive.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use oras::content::{Memory, Source, Target};
use oras::files::{Output, Rules, Staging};
use oras::oci::{Annotations, annotations};
use proptest::prelude::*;

use super::cases;

/// A small tree: what each path is.
#[derive(Debug, Clone, PartialEq)]
enum Thing {
    File(Vec<u8>, u32, i64),
    Folder(u32),
    Link(String),
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        4 => (proptest::collection::vec(any::<u8>(), 0..1500), 0_u32..0o200, -3_000_000_000_i64..20_000_000_000)
            .prop_map(|(bytes, mode, time)| Thing::File(bytes, mode | 0o400, time)),
        1 => (0_u32..0o100).prop_map(|mode| Thing::Folder(mode | 0o700)),
        1 => "[a-cä]{1,3}".prop_map(Thing::Link),
    ]
}

fn tree() -> impl Strategy<Value = BTreeMap<String, Thing>> {
    let name = prop_oneof![8 => "[a-cäß ~]{1,4}", 1 => "[a-z]{120,130}", 1 => "[語\n]{1,40}"];
    let path = proptest::collection::vec(name, 1..4).prop_map(|parts| parts.join("/"));
    proptest::collection::btree_map(path, thing(), 0..8)
}

fn build(root: &Path, tree: &BTreeMap<String, Thing>) {
    fs::create_dir(root).unwrap();
    for (name, thing) in tree {
        let path = root.join(name);
        // A name below a file or link cannot be, nor one that is a folder by now.
        if fs::create_dir_all(path.parent().unwrap()).is_err() || fs::symlink_metadata(&path).is_ok() {
            continue;
        }
        match thing {
            Thing::File(bytes, mode, time) => {
                fs::write(&path, bytes).unwrap();
                let span = Duration::from_secs(time.unsigned_abs());
                let time = if *time < 0 { UNIX_EPOCH - span } else { UNIX_EPOCH + span };
                fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
            }
            Thing::Folder(mode) => {
                fs::create_dir(&path).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
            }
            Thing::Link(target) => std::os::unix::fs::symlink(target, &path).unwrap(),
        }
    }
}

fn seen(root: &Path, mask: u32) -> BTreeMap<String, Thing> {
    let found = walkdir::WalkDir::new(root).min_depth(1).into_iter().map(Result::unwrap);
    let entries = found.map(|found| {
        let (path, about) = (found.path(), fs::symlink_metadata(found.path()).unwrap());
        let mode = about.mode() & 0o7777 & !mask;
        let thing = match about.file_type() {
            kind if kind.is_dir() => Thing::Folder(mode),
            kind if kind.is_symlink() => {
                Thing::Link(fs::read_link(path).unwrap().to_str().unwrap().to_owned())
            }
            _ => Thing::File(fs::read(path).unwrap(), mode, about.mtime()),
        };
        (path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), thing)
    });
    entries.collect()
}

/// Packs a folder and unpacks it again, under another title.
async fn there_and_back(root: &Path) {
    let staging = Staging::new(root.to_owned(), root.to_owned(), None);
    let named = Annotations::from([(annotations::TITLE.to_owned(), "t".to_owned())]);
    let node = staging.add("in", None, named, &Memory::new()).await.unwrap();
    let output = Output::new(root.join("out"), Rules::default());
    output.put(&node, staging.fetch(&node)).await.unwrap();
    output.keep();
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn any_tree_is_the_same_after_packing_and_unpacking(tree in tree()) {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("in");
        build(&source, &tree);
        let mask = !fs::metadata(&source).unwrap().mode() & 0o777;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(there_and_back(root.path()));
        prop_assert_eq!(seen(&source, mask), seen(&root.path().join("out/t"), 0));
    }
}
