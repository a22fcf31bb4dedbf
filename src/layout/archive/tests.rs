//! Tars of layouts, read back by the reader of the house and member by member.

use std::fs;

use super::*;
use crate::disk;
use crate::layout::Archive;
use crate::oci::{Index, Locator, Tag, json};

fn tag() -> Tag {
    Tag::any("v1")
}

fn index(node: &Descriptor, others: &[&Descriptor]) -> Index {
    Index::new([node].into_iter().chain(others.iter().copied()).cloned().collect())
}

/// Puts a blob and a tagged index of it and of others.
async fn fill(layout: &Directory, blob: &'static str, others: &[&Descriptor]) -> Descriptor {
    let node = Descriptor::of(media_type::LAYER, blob.as_bytes());
    layout.put(&node, Body::bytes(blob)).await.unwrap();
    let bytes = json::compact(&index(&node, others)).unwrap();
    let root = Descriptor::of(media_type::INDEX, &bytes);
    layout.put_tagged(&root, Body::bytes(bytes), &tag()).await.unwrap();
    node
}

#[tokio::test]
async fn a_layout_becomes_a_tar_that_reads_as_the_same_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.tar");
    let draft = ArchiveDraft::new(&path).unwrap();
    let node = fill(draft.layout(), "content", &[]).await;
    let size = draft.publish().await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), size);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.fetch(&node).read(100).await.unwrap(), "content");
    assert_eq!(archive.resolve(&Locator::Tag(tag())).await.unwrap().media_type, media_type::INDEX);
}

#[tokio::test]
async fn members_have_the_order_and_the_modes_of_oras() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.tar");
    let draft = ArchiveDraft::new(&path).unwrap();
    let sha512 = crate::oci::Algorithm::Sha512.digest(b"long");
    let long = Descriptor::new(media_type::LAYER, sha512.clone(), 4);
    draft.layout().put(&long, Body::bytes("long")).await.unwrap();
    let node = fill(draft.layout(), "content", &[&long]).await;
    let size = draft.publish().await.unwrap();
    assert_eq!(size % 512, 0);
    let mut tar = ::tar::Archive::new(fs::File::open(&path).unwrap());
    let seen: Vec<(String, u32)> = tar
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            (name, entry.header().mode().unwrap())
        })
        .collect();
    let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
    let root = Descriptor::of(media_type::INDEX, &json::compact(&index(&node, &[&long])).unwrap());
    let mut blobs = [node.digest.hex(), root.digest.hex()].map(|hex| format!("blobs/sha256/{hex}"));
    blobs.sort();
    let sha512 = format!("blobs/sha512/{}", sha512.hex());
    let expected = [
        "blobs/",
        "blobs/sha256/",
        &blobs[0],
        &blobs[1],
        "blobs/sha512/",
        &sha512,
        "index.json",
        "oci-layout",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        seen.iter().map(|(_, mode)| *mode).collect::<Vec<_>>(),
        [0o755, 0o755, 0o444, 0o444, 0o755, 0o444, 0o644, 0o644]
    );
}

#[tokio::test]
async fn an_older_tar_stays_until_the_new_one_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.tar");
    disk::write(&path, b"old", 0o600).unwrap();
    let draft = ArchiveDraft::new(&path).unwrap();
    let node = fill(draft.layout(), "content", &[]).await;
    // What is on the disk is not what was put.
    let blob = draft.scratch.path().join("blobs/sha256").join(node.digest.hex());
    disk::write(&blob, b"CONTENT", 0o444).unwrap();
    assert_eq!(draft.publish().await.unwrap_err().to_string(), "mismatched digest");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let draft = ArchiveDraft::new(&path).unwrap();
    fill(draft.layout(), "content", &[]).await;
    draft.publish().await.unwrap();
    assert!(Archive::open(&path).is_ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_draft_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let draft = ArchiveDraft::new(&folder.path().join("layout.tar")).unwrap();
    fill(draft.layout(), "content", &[]).await;
    drop(draft);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let error = ArchiveDraft::new(&folder.path().join("none/layout.tar")).unwrap_err();
    assert!(error.to_string().ends_with("none/layout.tar: no such file or directory"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_was_left_is_used_as_far_as_it_belongs_into_the_tar() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.tar");
    let draft = ArchiveDraft::new(&path).unwrap();
    assert!(!draft.leave());
    let draft = ArchiveDraft::new(&path).unwrap();
    let (old, other) = (fill(draft.layout(), "old", &[]).await, Descriptor::of(media_type::LAYER, b"other"));
    draft.layout().put(&other, Body::bytes("other")).await.unwrap();
    draft.layout().commit().await.unwrap();
    assert!(draft.leave());

    let draft = ArchiveDraft::new(&path).unwrap();
    assert!(draft.layout().exists(&other).await.unwrap());
    assert!(draft.layout().resolve(&Locator::Tag(tag())).await.is_err());
    fill(draft.layout(), "new", &[&other]).await;
    draft.publish().await.unwrap();
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.fetch(&other).read(100).await.unwrap(), "other");
    assert!(!archive.exists(&old).await.unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.tar"), folder.path().join("link.tar"));
    disk::write(&real, b"old", 0o644).unwrap();
    std::os::unix::fs::symlink("real.tar", &link).unwrap();
    let draft = ArchiveDraft::new(&link).unwrap();
    fill(draft.layout(), "content", &[]).await;
    draft.publish().await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(Archive::open(&real).is_ok());
}
