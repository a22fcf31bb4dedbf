//! What is copied, what gets a second name, and what of it others see.

#![expect(clippy::disallowed_methods, reason = "what stands on the disk before is made as users make it")]

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::content::{Put, Source, Target};
use crate::oci::Hasher;

fn large(last: u8) -> Vec<u8> {
    let mut content = vec![7; usize::try_from(LARGE).unwrap() + 12345];
    content.push(last);
    content
}

/// All names in a layout that are no folders.
fn files(layout: &Path) -> Vec<String> {
    let all = ["", "blobs/sha256"].map(|folder| fs::read_dir(layout.join(folder)));
    let all = all.into_iter().flatten().flatten().map(Result::unwrap);
    let mut files: Vec<_> = all.filter(|entry| entry.path().is_file()).collect();
    files.sort_by_key(fs::DirEntry::file_name);
    files.into_iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn node(content: &[u8]) -> Descriptor {
    Descriptor::of(media_type::OCTET_STREAM, content)
}

/// A body that cannot be read.
fn closed() -> Body {
    Body::reopening(None, |_| async { Err(Error::missing()) })
}

#[tokio::test]
async fn a_file_that_was_held_is_put_without_reading_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (folder.path().join("file"), folder.path().join("layout"));
    fs::write(&file, large(1)).unwrap();
    let layout = Directory::create(&path).unwrap();
    let held = layout.hold(&file).await.unwrap();
    assert_eq!(held, node(&large(1)));
    assert!(!layout.exists(&held).await.unwrap());
    assert_eq!(layout.put(&held, closed()).await.unwrap(), Put::Stored);
    assert_eq!(layout.fetch(&held).read(held.size).await.unwrap(), large(1));
    let blob = fs::metadata(layout.inner.folder.path(&held.digest)).unwrap();
    assert_eq!((blob.permissions().mode() & 0o777, blob.nlink()), (MODE, 1));
    // It is there, or could be: nothing is written to find out.
    assert_eq!(layout.hold(&file).await, None);
}

#[tokio::test]
async fn what_is_held_and_never_put_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (folder.path().join("file"), folder.path().join("layout"));
    fs::write(&file, large(1)).unwrap();
    let layout = Directory::create(&path).unwrap();
    layout.hold(&file).await.unwrap();
    assert_eq!(files(&path).len(), 3);
    drop(layout);
    assert_eq!(files(&path), ["index.json", "oci-layout"]);
}

#[tokio::test]
async fn what_is_small_or_cannot_be_read_is_not_held() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"small").unwrap();
    let layout = Directory::create(folder.path().join("layout")).unwrap();
    assert_eq!(layout.hold(&file).await, None);
    assert_eq!(layout.hold(&folder.path().join("none")).await, None);
    assert_eq!(layout.hold(Path::new("/dev/zero")).await, None);
    assert!(!folder.path().join("layout").exists());
}

async fn copied(content: &[u8], change: impl FnOnce(&Path)) -> (tempfile::TempDir, Result<Put>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let open = |name| Directory::create(folder.path().join(name)).unwrap();
    let (from, to, node) = (open("from"), open("to"), node(content));
    from.put(&node, Body::bytes(content.to_vec())).await.unwrap();
    let path = from.inner.folder.path(&node.digest);
    change(&path);
    let put = to.put(&node, from.fetch(&node)).await;
    let names = if put.is_ok() {
        assert_eq!(to.fetch(&node).read(node.size).await.unwrap(), content);
        fs::metadata(&path).unwrap().nlink()
    } else {
        assert_eq!(files(&folder.path().join("to")), ["index.json", "oci-layout"]);
        0
    };
    (folder, put, names)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_blob_that_nobody_changes_gets_a_second_name_in_another_layout() {
    for content in [large(2), b"small".to_vec()] {
        assert_eq!(copied(&content, |_| {}).await.2, 2);
        // This one can be changed in place.
        assert_eq!(copied(&content, |path| set_mode(path, 0o644)).await.2, 1);
    }
}

#[tokio::test]
async fn a_blob_that_is_not_what_it_says_is_neither_copied_nor_linked() {
    for (content, mode) in [(large(3), 0o444), (large(3), 0o644), (b"small".to_vec(), 0o444)] {
        let mut wrong = content.clone();
        *wrong.last_mut().unwrap() ^= 1;
        let (_, put, _) = copied(&content, |path| {
            set_mode(path, 0o644);
            fs::write(path, wrong).unwrap();
            set_mode(path, mode);
        })
        .await;
        assert_eq!(put.unwrap_err().to_string(), "mismatched digest");
    }
}

#[tokio::test]
async fn a_blob_that_is_a_link_is_copied_where_it_is_right() {
    let (_folder, put, names) = copied(&large(4), |path| {
        let other = path.with_extension("other");
        fs::rename(path, &other).unwrap();
        std::os::unix::fs::symlink(&other, path).unwrap();
    })
    .await;
    assert_eq!((put.unwrap(), names), (Put::Stored, 1));
}

#[tokio::test]
async fn who_watches_hears_that_all_was_taken() {
    struct Heard(Mutex<u64>);
    impl crate::content::Watch for Heard {
        fn passed(&self, bytes: u64) {
            *self.0.lock().unwrap() = bytes;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let open = |name| Directory::create(folder.path().join(name)).unwrap();
    let (from, to, node) = (open("from"), open("to"), node(&large(5)));
    from.put(&node, Body::bytes(large(5))).await.unwrap();
    let heard = Arc::new(Heard(Mutex::default()));
    to.put(&node, from.fetch(&node).watched(heard.clone())).await.unwrap();
    assert_eq!(*heard.0.lock().unwrap(), node.size);
}

#[test]
fn a_copy_has_the_digest_of_what_lies_there_and_a_file_that_ends_early_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (file, target) = (folder.path().join("file"), folder.path().join("copy"));
    fs::write(&file, large(6)).unwrap();
    let size = large(6).len() as u64;
    for algorithm in Algorithm::ALL {
        let draft = Draft::beside(&target).unwrap();
        let (draft, digest) = draft.duplicate(&file, size, algorithm, &Wanted::default()).unwrap();
        let mut hasher = Hasher::new(algorithm);
        hasher.update(&fs::read(draft.path()).unwrap());
        assert_eq!(digest, hasher.finish());
        assert_eq!(fs::read(draft.path()).unwrap(), large(6));
    }
    let draft = Draft::beside(&target).unwrap();
    assert!(draft.duplicate(&file, size + 1, Algorithm::Sha256, &Wanted::default()).is_err());
    assert_eq!(files(folder.path()), ["file"]);
}
