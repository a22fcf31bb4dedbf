//! What a folder shows to other programs and other processes; what all targets share is in `tests/contract.rs`.

use std::fs;

use bytes::Bytes;

use super::*;
use crate::content::landed;
use crate::oci::{Annotations, Manifest, json, media_type};
use crate::{disk, layout};

fn artifact(kind: &str, layers: &[&Descriptor], subject: Option<&Descriptor>) -> (Descriptor, Bytes) {
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: Some(kind.to_owned()),
        config: Descriptor::empty(),
        layers: layers.iter().map(|&layer| layer.clone()).collect(),
        subject: subject.map(Descriptor::bare),
        annotations: Annotations::from([("k".to_owned(), "v".to_owned())]),
    };
    let bytes = json::compact(&manifest).unwrap();
    let mut node = Descriptor::of(media_type::MANIFEST, &bytes);
    node.artifact_type = manifest.artifact_type;
    node.annotations = manifest.annotations;
    (node, bytes.into())
}

async fn push(target: &Directory, content: &'static str, tag: &str) -> Descriptor {
    let layer = Descriptor::of(media_type::LAYER, content.as_bytes());
    let empty = Descriptor::empty();
    let (node, bytes) = artifact("a/b", &[&layer], None);
    target.put(&layer, Body::bytes(content)).await.unwrap();
    target.put(&empty, Body::bytes("{}")).await.unwrap();
    target.put_tagged(&node, Body::bytes(bytes), &Tag::any(tag)).await.unwrap();
    node
}

/// All files below a folder, sorted.
fn files(root: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(Result::unwrap);
    let named = all.filter(|entry| entry.file_type().is_file());
    named.map(|entry| entry.path().strip_prefix(root).unwrap().to_string_lossy().into_owned()).collect()
}

fn index(root: &Path) -> String {
    fs::read_to_string(root.join("index.json")).unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn what_comes_before_its_turn_waits_in_the_file() {
    let temporary = tempfile::tempdir().unwrap();
    let layout = Directory::create(temporary.path()).unwrap();
    let node = Descriptor::of(media_type::LAYER, b"abc");
    let wrong = layout.put(&node, landed(b"abd")).await.unwrap_err();
    assert_eq!(wrong.to_string(), "mismatched digest");
    assert!(!layout.exists(&node).await.unwrap());
    layout.put(&node, landed(b"abc")).await.unwrap();
    assert_eq!(layout.fetch(&node).read(9).await.unwrap(), "abc");
}

#[tokio::test]
async fn the_index_is_written_as_oras_writes_it() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("new/layout");
    let layout = Directory::create(&root).unwrap();
    assert!(!root.exists());
    let node = push(&layout, "hi\n", "v1").await;
    layout.tag(&node.bare(), &Tag::any("v2")).await.unwrap();
    let (signature, bytes) = artifact("sig/x", &[], Some(&node));
    layout.put(&signature, Body::bytes(bytes)).await.unwrap();
    layout.commit().await.unwrap();
    let entry = |node: &Descriptor, rest: &str| {
        let (kind, digest, size) = (&node.media_type, &node.digest, node.size);
        format!(r#"{{"mediaType":"{kind}","digest":"{digest}","size":{size},{rest}}}"#)
    };
    let entries = [
        entry(
            &node,
            r#""annotations":{"k":"v","org.opencontainers.image.ref.name":"v1"},"artifactType":"a/b""#,
        ),
        entry(&node, r#""annotations":{"org.opencontainers.image.ref.name":"v2"}"#),
        entry(&signature, r#""annotations":{"k":"v"},"artifactType":"sig/x""#),
    ];
    assert_eq!(
        index(&root),
        format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}}"#,
            entries.join(",")
        )
    );
    assert_eq!(fs::read_to_string(root.join("oci-layout")).unwrap(), r#"{"imageLayoutVersion":"1.0.0"}"#);
    assert_eq!(files(&root).len(), 2 + 4, "{:?}", files(&root));
}

#[cfg(unix)]
#[tokio::test]
async fn blobs_are_read_only_files() {
    use std::os::unix::fs::PermissionsExt;
    let temporary = tempfile::tempdir().unwrap();
    let layout = Directory::create(temporary.path()).unwrap();
    let node = push(&layout, "x", "v1").await;
    let mode = fs::metadata(layout.inner.folder.path(&node.digest)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
}

#[tokio::test]
async fn what_is_there_is_not_read_again() {
    let temporary = tempfile::tempdir().unwrap();
    let layout = Directory::create(temporary.path()).unwrap();
    let node = push(&layout, "x", "v1").await;
    let unreadable = || Body::reopening(None, |_| async { Err(Error::invalid("read")) });
    for node in [&node, &Descriptor::of(media_type::LAYER, b"x")] {
        assert_eq!(layout.put(node, unreadable()).await.unwrap(), Put::AlreadyThere);
    }
}

#[tokio::test]
async fn what_is_not_committed_is_seen_by_its_writer_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let first = Directory::create(temporary.path()).unwrap();
    let node = push(&first, "x", "v1").await;
    let v1 = Locator::Tag(Tag::any("v1"));
    assert!(first.resolve(&v1).await.unwrap().same_content(&node));
    let second = Directory::open(temporary.path()).unwrap();
    assert!(second.resolve(&v1).await.unwrap_err().is_not_found());
    assert!(!second.exists(&node).await.unwrap());
    first.commit().await.unwrap();
    assert!(second.resolve(&v1).await.unwrap().same_content(&node));
}

#[tokio::test]
async fn writers_that_do_not_know_each_other_lose_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let writers: Vec<_> = (0..20).map(|_| Directory::create(temporary.path()).unwrap()).collect();
    let commits = writers.iter().enumerate().map(|(number, writer)| async move {
        push(writer, "x", &format!("v{number}")).await;
        writer.commit().await.unwrap();
    });
    futures_util::future::join_all(commits).await;
    let tags: Vec<_> = Directory::open(temporary.path()).unwrap().tags(None).collect().await;
    assert_eq!(tags.into_iter().next().unwrap().unwrap().len(), 20);
}

#[tokio::test]
async fn tasks_that_share_a_layout_find_what_they_committed() {
    let temporary = tempfile::tempdir().unwrap();
    let layout = Directory::create(temporary.path()).unwrap();
    let tasks = (0..50).map(|number| {
        let layout = layout.clone();
        tokio::spawn(async move {
            let tag = format!("v{number}");
            let node = push(&layout, "x", &tag).await;
            layout.commit().await.unwrap();
            assert!(layout.resolve(&Locator::Tag(Tag::any(tag))).await.unwrap().same_content(&node));
        })
    });
    for task in futures_util::future::join_all(tasks).await {
        task.unwrap();
    }
    let written = layout::open(temporary.path()).unwrap().tags(None).next().await.unwrap().unwrap();
    assert_eq!(written.len(), 50);
    assert!(layout.inner.ledger.replaced() <= 50);
}

#[tokio::test]
async fn those_who_commit_together_share_one_write() {
    let temporary = tempfile::tempdir().unwrap();
    let layout = Directory::create(temporary.path()).unwrap();
    for number in 0..20 {
        push(&layout, "x", &format!("v{number}")).await;
    }
    let turn = Arc::clone(&layout.inner.writer).lock_owned().await;
    let mut commits: Vec<_> = (0..20).map(|_| layout.commit()).collect();
    for commit in &mut commits {
        assert!(futures_util::poll!(commit).is_pending());
    }
    drop(turn);
    futures_util::future::try_join_all(commits).await.unwrap();
    assert_eq!(layout.inner.ledger.replaced(), 1);
    let written = layout::open(temporary.path()).unwrap().tags(None).next().await.unwrap().unwrap();
    assert_eq!(written.len(), 20);
}

#[tokio::test]
async fn deleting_the_last_manifest_leaves_an_empty_list() {
    let temporary = tempfile::tempdir().unwrap();
    let layout = Directory::create(temporary.path()).unwrap();
    let node = push(&layout, "x", "v1").await;
    let (signature, bytes) = artifact("sig/x", &[], Some(&node));
    layout.put(&signature, Body::bytes(bytes)).await.unwrap();
    let alone = Descriptor::of(media_type::LAYER, b"alone");
    layout.put(&alone, Body::bytes("alone")).await.unwrap();
    layout.delete(&node).await.unwrap();
    assert!(index(temporary.path()).ends_with(r#""manifests":[]}"#));
    assert_eq!(files(temporary.path()).len(), 3, "{:?}", files(temporary.path()));
    assert!(layout.exists(&alone).await.unwrap());
    assert!(layout.delete(&node).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_registry_deletes_only_what_it_is_told() {
    let temporary = tempfile::tempdir().unwrap();
    let layout = Directory::create(temporary.path()).unwrap().deleting(Reach::Manifest);
    let node = push(&layout, "x", "v1").await;
    let (signature, bytes) = artifact("sig/x", &[], Some(&node));
    layout.put(&signature, Body::bytes(bytes)).await.unwrap();
    layout.delete(&node).await.unwrap();
    assert!(!layout.exists(&node).await.unwrap());
    assert!(layout.exists(&signature).await.unwrap());
    assert_eq!(layout.referrers(&node, None).await.unwrap().len(), 1);
    assert!(layout.exists(&Descriptor::of(media_type::LAYER, b"x")).await.unwrap());
}

#[tokio::test]
async fn a_manifest_that_only_an_index_names_is_found_by_its_digest() {
    let temporary = tempfile::tempdir().unwrap();
    let layout = Directory::create(temporary.path()).unwrap();
    push(&layout, "x", "v1").await;
    let (child, bytes) = artifact("a/c", &[], None);
    layout
        .put(&Descriptor { media_type: media_type::OCTET_STREAM.into(), ..child.clone() }, Body::bytes(bytes))
        .await
        .unwrap();
    let found = layout.resolve(&Locator::Digest(child.digest.clone())).await.unwrap();
    assert!(found.same_content(&child));
    let blob = Digest::of(b"x");
    assert!(layout.resolve(&Locator::Digest(blob)).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn what_is_no_layout_says_why() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    let says = |path: &Path| layout::open(path).err().unwrap().to_string();
    let missing = root.join("none");
    let name = missing.display();
    assert_eq!(
        says(&missing),
        format!("failed to find path \"{name}\": stat {name}: no such file or directory")
    );
    assert_eq!(
        says(root),
        "invalid OCI Image Layout: failed to open OCI layout file: open oci-layout: no such file or directory"
    );
    disk::write(&root.join("oci-layout"), br#"{"imageLayoutVersion":"2.0.0"}"#, 0o644).unwrap();
    assert_eq!(says(root), "invalid OCI Image Layout: unsupported version \"2.0.0\"");
    assert!(Directory::create(root).is_err());
    disk::write(&root.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#, 0o644).unwrap();
    assert_eq!(
        says(root),
        "invalid OCI Image Index: failed to open index file: open index.json: no such file or directory"
    );
    let file = root.join("file");
    disk::write(&file, b"hi", 0o644).unwrap();
    let name = file.display();
    assert_eq!(says(&file), format!("\"{name}\" does not look like a tar archive: unexpected EOF"));
    assert_eq!(Directory::create(&file).unwrap_err().to_string(), format!("mkdir {name}: not a directory"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_blob_that_is_a_link_shows_nothing_but_what_has_its_digest() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("layout");
    let target = Directory::create(&root).unwrap();
    push(&target, "content", "v1").await;
    let secret = temporary.path().join("secret");
    // More than is read at once, so that its beginning would be seen before its end is known to be wrong.
    disk::write(&secret, &vec![b's'; 1 << 20], 0o600).unwrap();
    let linked = Descriptor::new(media_type::LAYER, Digest::of(b"other"), 1 << 20);
    let path = |node: &Descriptor| root.join("blobs/sha256").join(node.digest.hex());
    std::os::unix::fs::symlink(&secret, path(&linked)).unwrap();
    let error = target.fetch(&linked).open(0).await.map(drop).unwrap_err();
    assert_eq!(error.to_string(), "mismatched digest");
    let right = Descriptor::of(media_type::LAYER, &vec![b's'; 1 << 20]);
    std::os::unix::fs::symlink(&secret, path(&right)).unwrap();
    assert_eq!(target.fetch(&right).read(1 << 20).await.unwrap().len(), 1 << 20);
    let endless = Descriptor::of(media_type::LAYER, b"endless");
    std::os::unix::fs::symlink("/dev/zero", path(&endless)).unwrap();
    assert!(target.fetch(&endless).open(0).await.map(drop).unwrap_err().is_not_found());
}

#[tokio::test]
async fn what_another_program_deleted_meanwhile_is_not_listed() {
    let temporary = tempfile::tempdir().unwrap();
    let target = Directory::create(temporary.path()).unwrap();
    let old = push(&target, "shared", "v1").await;
    target.commit().await.unwrap();
    let writer = Directory::create(temporary.path()).unwrap();
    let shared = Descriptor::of(media_type::LAYER, b"shared");
    assert_eq!(writer.put(&shared, Body::bytes("shared")).await.unwrap(), Put::AlreadyThere);
    let (node, bytes) = artifact("a/new", &[&shared], None);
    writer.put_tagged(&node, Body::bytes(bytes.clone()), &Tag::any("v2")).await.unwrap();
    // It knows nothing of the new manifest, and takes what nothing else names.
    target.delete(&old).await.unwrap();
    let error = writer.commit().await.unwrap_err().to_string();
    let gone = &shared.digest;
    assert_eq!(error, format!("{gone} was deleted by another program meanwhile; run the command again"));
    let listed = Directory::open(temporary.path()).unwrap();
    assert!(!listed.has_manifests().await.unwrap());
    // The next run brings it back.
    let again = Directory::create(temporary.path()).unwrap();
    again.put(&shared, Body::bytes("shared")).await.unwrap();
    again.put_tagged(&node, Body::bytes(bytes), &Tag::any("v2")).await.unwrap();
    again.commit().await.unwrap();
    assert!(listed.has_manifests().await.unwrap());
}

#[tokio::test]
async fn what_is_deleted_here_is_not_missed_here() {
    let temporary = tempfile::tempdir().unwrap();
    let target = Directory::create(temporary.path()).unwrap().deleting(Reach::Manifest);
    let node = push(&target, "x", "v1").await;
    target.commit().await.unwrap();
    assert!(target.exists(&node).await.unwrap());
    target.delete(&node).await.unwrap();
    push(&target, "y", "v2").await;
    target.commit().await.unwrap();
}

#[tokio::test]
async fn drafts_of_programs_that_were_killed_go_with_the_next_write() {
    let temporary = tempfile::tempdir().unwrap();
    let target = Directory::create(temporary.path()).unwrap();
    push(&target, "x", "v1").await;
    target.commit().await.unwrap();
    disk::write(&temporary.path().join(".oras-left"), b"half", 0o600).unwrap();
    let next = Directory::create(temporary.path()).unwrap();
    push(&next, "y", "v2").await;
    assert!(!temporary.path().join(".oras-left").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_not_waited_for() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    push(&Directory::create(root).unwrap(), "x", "v1").await;
    for name in ["index.json", "oci-layout"] {
        fs::remove_file(root.join(name)).unwrap();
        nix::unistd::mkfifo(&root.join(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let says = layout::open(root).err().unwrap().to_string();
        assert!(says.ends_with("not a regular file"), "{says}");
    }
    let pipe = root.join("index.json");
    let says = layout::open(&pipe).err().unwrap().to_string();
    assert_eq!(says, format!("{}: neither a file nor a folder", pipe.display()));
}
