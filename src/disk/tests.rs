//! Drafts, and what is left when one fails.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::*;

#[cfg(unix)]
#[test]
fn saving_keeps_links_devices_and_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    write(&file, b"old", 0o640).unwrap();
    symlink(&file, &link).unwrap();
    save(&link, b"new").unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"new");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    save(Path::new("/dev/null"), b"x").unwrap();
    assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
    assert!(save(&folder.path().join("no/file"), b"x").is_err());
}

#[tokio::test]
async fn a_draft_appears_only_when_published() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a");
    let parts = [Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
    let (draft, written) = Draft::beside(&target).unwrap().pour(stream::iter(parts).map(Ok)).await.unwrap();
    assert_eq!(written, 3);
    assert!(!target.exists());
    draft.publish(0o644).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"abc");
}

#[tokio::test]
async fn a_failed_stream_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a");
    let parts = [Ok(Bytes::from_static(b"ab")), Err(Error::invalid("cut"))];
    let error = Draft::beside(&target).unwrap().pour(stream::iter(parts)).await.unwrap_err();
    assert_eq!(error.to_string(), "cut");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn reading_starts_where_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    write(&path, b"abcdef", 0o600).unwrap();
    let parts: Vec<Bytes> = read(&path, 4).await.unwrap().try_collect().await.unwrap();
    assert_eq!(parts.concat(), b"ef");
}

#[test]
fn a_missing_folder_is_named_by_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("none/a");
    let says = Draft::beside(&target).unwrap_err().to_string();
    assert_eq!(says, format!("open {}: no such file or directory", target.display()));
}

#[tokio::test]
async fn a_stream_that_fails_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a");
    let failing = || stream::iter([Ok(Bytes::from_static(b"ab")), Err(Error::invalid("cut"))]);
    assert_eq!(save_all(&target, failing()).await.unwrap_err().to_string(), "cut");
    assert!(!target.exists());
    save_all(&target, stream::iter([Ok(Bytes::from_static(b"whole"))])).await.unwrap();
    assert!(save_all(&target, failing()).await.is_err());
    assert_eq!(fs::read(&target).unwrap(), b"whole");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_nothing_makes_what_it_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("made", &link).unwrap();
    save_all(&link, stream::iter([Ok(Bytes::from_static(b"x"))])).await.unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read(folder.path().join("made")).unwrap(), b"x");
}
